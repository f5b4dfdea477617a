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
#include <sys/wait.h>
#include <unistd.h>

/* A process that forks while we look may be missed; looking again finds its child. */
#define PASSES 10

#define TEXT_MAX (256u * 1024u)

/* Descendants that are counted at most: far above every process_limit that makes sense. */
#define TREE_MAX 16384u

struct process {
    char state;
    int parent, session;
};

static ssize_t
read_file(const char *path, char *buf, size_t cap)
{
    ssize_t n = 0;
    ssize_t got;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    buf[0] = '\0';
    if (fd < 0) {
        return -1;
    }
    while ((size_t)n < cap - 1 && (got = read(fd, buf + n, cap - 1 - (size_t)n)) > 0) {
        n += got;
    }
    (void)close(fd);
    buf[n] = '\0';
    return n;
}

static ssize_t
read_proc(pid_t pid, const char *file, char *buf, size_t cap)
{
    char path[64];

    (void)snprintf(path, sizeof path, "/proc/%ld/%.20s", (long)pid, file);
    return read_file(path, buf, cap);
}

/* What stands behind RR_WORKER= in the environment that a process began with; NULL for none. */
static const char *
mark_of(pid_t pid, char *buf)
{
    static const char name[] = "RR_WORKER=";
    const ssize_t n = read_proc(pid, "environ", buf, TEXT_MAX);

    for (const char *p = buf; n > 0 && p < buf + n; p += strlen(p) + 1) {
        if (strncmp(p, name, sizeof name - 1) == 0) {
            return p + sizeof name - 1;
        }
    }
    return NULL;
}

/* False when it is gone, or a zombie, which waits for its parent only. */
static bool
look_at(pid_t pid, struct process *out, char *buf)
{
    const char *rest;

    if (read_proc(pid, "stat", buf, TEXT_MAX) <= 0) {
        return false;
    }
    rest = strrchr(buf, ')'); /* the name may hold anything */
    return rest != NULL &&
           sscanf(rest + 1, " %c %d %*d %d", &out->state, &out->parent, &out->session) == 3 &&
           out->state != 'Z' && out->state != 'X';
}

/* Add the children of a process, of whichever thread, to a list of at most cap. */
static size_t
add_children(pid_t pid, pid_t *list, size_t n, size_t cap, char *buf)
{
    char path[64];
    const struct dirent *entry;
    DIR *d;

    (void)snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    d = opendir(path);
    while (d != NULL && (entry = readdir(d)) != NULL) {
        char *at = buf;

        if (!isdigit((unsigned char)entry->d_name[0])) {
            continue;
        }
        (void)snprintf(path, sizeof path, "/proc/%ld/task/%.20s/children", (long)pid,
                       entry->d_name);
        if (read_file(path, buf, TEXT_MAX) <= 0) {
            continue;
        }
        while (n < cap && (list[n] = (pid_t)strtol(at, &at, 10)) > 0) {
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
    static pid_t tree[TREE_MAX]; /* the loop's thread only; too large for a stack */
    static char buf[TEXT_MAX];
    const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    size_t n = 1;

    tree[0] = pid;
    for (size_t i = 0; i < n; i++) {
        unsigned long long pages = 0;

        if (read_proc(tree[i], "statm", buf, sizeof buf) <= 0) {
            continue;
        }
        (void)sscanf(buf, "%*u %llu", &pages);
        sum->resident_bytes += pages * page_bytes;
        sum->processes++;
        n = add_children(tree[i], tree, n, TREE_MAX, buf);
    }
}

/* One look over all processes for a mark. */
static uint64_t
pass_marked(const char *mark, char *buf)
{
    DIR *d = opendir("/proc");
    const struct dirent *entry;
    struct process p;
    uint64_t found = 0;

    while (d != NULL && (entry = readdir(d)) != NULL) {
        const pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atol(entry->d_name) : 0;
        const char *its = pid <= 1 || pid == getpid() ? NULL : mark_of(pid, buf);

        if (its != NULL && strncmp(its, mark, strlen(mark)) == 0 && look_at(pid, &p, buf)) {
            (void)kill(pid, SIGKILL);
            found++;
        }
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    return found;
}

uint64_t
sys_sweep_marked(const char *mark)
{
    char *buf = malloc(TEXT_MAX);
    uint64_t total = 0;
    uint64_t found = 1;

    for (int i = 0; buf != NULL && i < PASSES && found > 0; i++) {
        found = pass_marked(mark, buf);
        total += found;
    }
    free(buf);
    return total;
}

/* One look at our own children. Without lives all are killed. */
static uint64_t
pass_children(sys_lives_fn lives, void *arg)
{
    pid_t *list = malloc(TREE_MAX * sizeof *list);
    char *buf = malloc(TEXT_MAX);
    const pid_t session = getsid(0);
    struct process p;
    uint64_t found = 0;
    size_t n = 0;

    if (list != NULL && buf != NULL) {
        n = add_children(getpid(), list, 0, TREE_MAX, buf);
    }
    for (size_t i = 0; i < n; i++) {
        /* A worker, and so whatever comes of it, has left our session; helpers have not. */
        if (look_at(list[i], &p, buf) && (lives == NULL || p.session != session)) {
            const char *mark = lives == NULL ? NULL : mark_of(list[i], buf);

            if (mark == NULL || !lives(arg, list[i], mark)) {
                (void)kill(list[i], SIGKILL);
                found++;
            }
        }
    }
    free(buf);
    free(list);
    return found;
}

uint64_t
sys_sweep_orphans(sys_lives_fn lives, void *arg)
{
    return pass_children(lives, arg);
}

uint64_t
sys_sweep_children(void)
{
    uint64_t total = 0;
    uint64_t found = 1;

    for (int i = 0; i < PASSES && found > 0; i++) {
        found = pass_children(NULL, NULL);
        total += found;
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
    }
    return total;
}

/* A number behind a word in a file of lines "word number". */
static uint64_t
number_in(const char *path, const char *word, char *buf, size_t cap)
{
    unsigned long long value = 0;
    const char *at = read_file(path, buf, cap) > 0 ? strstr(buf, word) : NULL;

    return at != NULL && sscanf(at + strlen(word), " %llu", &value) == 1 ? value : 0;
}

uint64_t
sys_oom_kills(void)
{
    static char buf[64u * 1024u];

    return number_in("/proc/vmstat", "\noom_kill ", buf, sizeof buf);
}
