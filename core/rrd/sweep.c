/* SPDX-License-Identifier: MIT */
/*
 * sweep.c - look through /proc: what workers take, and what they left behind.
 */
#include "core/rrd/sys.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that forks while we look may be missed; looking again finds its child. */
#define PASSES 10

#define TEXT_MAX (256u * 1024u)

/* Descendants that are counted at most: far above every process_limit that makes sense. */
#define TREE_MAX 16384u

/* Of the loop's thread only. What a mark points to is in text: whoever is told one may not look
 * further before he has read it. */
static char text[TEXT_MAX];

struct process {
    char state;
    int parent, session;
};

static ssize_t
read_file(const char *path)
{
    ssize_t n = 0;
    ssize_t got;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    text[0] = '\0';
    if (fd < 0) {
        return -1;
    }
    while ((size_t)n < TEXT_MAX - 1 && (got = read(fd, text + n, TEXT_MAX - 1 - (size_t)n)) > 0) {
        n += got;
    }
    (void)close(fd);
    text[n] = '\0';
    return n;
}

static ssize_t
read_proc(pid_t pid, const char *file)
{
    char path[64];

    (void)snprintf(path, sizeof path, "/proc/%ld/%.20s", (long)pid, file);
    return read_file(path);
}

/* What stands behind RR_WORKER= in the environment that a process began with; NULL for none. */
static const char *
mark_of(pid_t pid)
{
    static const char name[] = "RR_WORKER=";
    const ssize_t n = read_proc(pid, "environ");

    for (const char *p = text; n > 0 && p < text + n; p += strlen(p) + 1) {
        if (strncmp(p, name, sizeof name - 1) == 0) {
            return p + sizeof name - 1;
        }
    }
    return NULL;
}

/* False when it is gone, or a zombie, which waits for its parent only. */
static bool
look_at(pid_t pid, struct process *out)
{
    const char *rest;

    if (read_proc(pid, "stat") <= 0) {
        return false;
    }
    rest = strrchr(text, ')'); /* the name may hold anything */
    return rest != NULL &&
           sscanf(rest + 1, " %c %d %*d %d", &out->state, &out->parent, &out->session) == 3 &&
           out->state != 'Z' && out->state != 'X';
}

/* Add the children of a process, of whichever thread, to a list of n out of TREE_MAX. */
static size_t
add_children(pid_t pid, pid_t *list, size_t n)
{
    char path[64];
    const struct dirent *entry;
    DIR *d;

    (void)snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    d = opendir(path);
    while (d != NULL && (entry = readdir(d)) != NULL) {
        char *at = text;

        if (!isdigit((unsigned char)entry->d_name[0])) {
            continue;
        }
        (void)snprintf(path, sizeof path, "/proc/%ld/task/%.20s/children", (long)pid,
                       entry->d_name);
        if (read_file(path) <= 0) {
            continue;
        }
        while (n < TREE_MAX && (list[n] = (pid_t)strtol(at, &at, 10)) > 0) {
            n++;
        }
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    return n;
}

void
sys_usage(pid_t pid, struct sys_usage *sum)
{
    static pid_t tree[TREE_MAX];
    const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    size_t n = 1;

    tree[0] = pid;
    for (size_t i = 0; i < n; i++) {
        unsigned long long pages = 0;

        if (read_proc(tree[i], "statm") <= 0) {
            continue;
        }
        (void)sscanf(text, "%*u %llu", &pages);
        sum->resident_bytes += pages * page_bytes;
        sum->processes++;
        n = add_children(tree[i], tree, n);
    }
}

/* Whether a process bears a mark; signo is for it then, 0 for none. It is nobody's we know of and
 * may end at any moment, so it is held by a descriptor: its number could be another's by the time
 * the signal is sent. */
static bool
signal_marked(pid_t pid, const char *mark, int signo)
{
    const int fd = pidfd_open(pid, 0);
    const char *its = fd < 0 ? NULL : mark_of(pid);
    struct process p;
    bool is_it = its != NULL && strncmp(its, mark, strlen(mark)) == 0;

    is_it = is_it && look_at(pid, &p) && pidfd_send_signal(fd, signo, NULL, 0) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_it;
}

/* One look over all processes for a mark. */
static uint64_t
pass_marked(const char *mark, int signo)
{
    DIR *d = opendir("/proc");
    const struct dirent *entry;
    uint64_t found = 0;

    while (d != NULL && (entry = readdir(d)) != NULL) {
        const pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atol(entry->d_name) : 0;

        found += pid > 1 && pid != getpid() && signal_marked(pid, mark, signo);
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    return found;
}

uint64_t
sys_sweep_marked(const char *mark, bool is_dry)
{
    uint64_t total = 0;
    uint64_t found = 1;

    for (int i = 0; i < (is_dry ? 1 : PASSES) && found > 0; i++) {
        found = pass_marked(mark, is_dry ? 0 : SIGKILL);
        total += found;
    }
    return total;
}

uint64_t
sys_sweep_orphans(sys_lives_fn lives, void *arg)
{
    static pid_t list[TREE_MAX];
    const pid_t session = getsid(0);
    const size_t n = add_children(getpid(), list, 0);
    struct process p;
    uint64_t found = 0;

    for (size_t i = 0; i < n; i++) {
        /* A worker, and so whatever comes of it, has left our session; helpers have not. */
        if (look_at(list[i], &p) && (lives == NULL || p.session != session)) {
            const char *mark = lives == NULL ? NULL : mark_of(list[i]);

            if (lives == NULL || !lives(arg, list[i], p.session, mark)) {
                (void)kill(list[i], SIGKILL);
                found++;
            }
        }
    }
    return found;
}

void
sys_sweep_children(void)
{
    for (int i = 0; i < PASSES && sys_sweep_orphans(NULL, NULL) > 0; i++) {
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
    }
}

uint64_t
sys_oom_kills(void)
{
    static const char word[] = "\noom_kill ";
    const char *at = read_file("/proc/vmstat") > 0 ? strstr(text, word) : NULL;

    return at == NULL ? 0 : strtoull(at + sizeof word - 1, NULL, 10);
}
