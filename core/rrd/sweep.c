/* SPDX-License-Identifier: MIT */
/*
 * sweep.c - look through /proc for what workers left behind.
 */
#include "core/rrd/sweep.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that forks while we look may be missed; looking again finds its child. */
#define PASSES 10

#define ENV_MAX (256u * 1024u)

static ssize_t
read_proc(const char *pid, const char *file, char *buf, size_t cap)
{
    char path[64];
    ssize_t n = 0;
    ssize_t got;
    int fd;

    (void)snprintf(path, sizeof path, "/proc/%.20s/%.20s", pid, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
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

static bool
has_mark(const char *pid, const char *mark, char *buf)
{
    static const char name[] = "RR_WORKER=";
    const ssize_t n = read_proc(pid, "environ", buf, ENV_MAX);

    for (const char *p = buf; n > 0 && p < buf + n; p += strlen(p) + 1) {
        if (strncmp(p, name, sizeof name - 1) == 0) {
            return strncmp(p + sizeof name - 1, mark, strlen(mark)) == 0;
        }
    }
    return false;
}

/* A zombie of ours waits for its parent only; 0 when the process is gone. */
static pid_t
parent_of(const char *pid, char *buf)
{
    int parent = 0;
    char state = 'Z';
    const char *rest;

    if (read_proc(pid, "stat", buf, ENV_MAX) <= 0) {
        return 0;
    }
    rest = strrchr(buf, ')'); /* the name may hold anything */
    if (rest == NULL || sscanf(rest + 1, " %c %d", &state, &parent) != 2 || state == 'Z') {
        return 0;
    }
    return parent;
}

/* One look over all processes; mark NULL means children of ours. */
static size_t
pass(const char *mark, char *buf)
{
    DIR *d = opendir("/proc");
    const struct dirent *entry;
    size_t found = 0;

    while (d != NULL && (entry = readdir(d)) != NULL) {
        const long pid = isdigit((unsigned char)entry->d_name[0]) ? atol(entry->d_name) : 0;

        if (pid <= 1 || pid == getpid()) {
            continue;
        }
        if (mark != NULL ? has_mark(entry->d_name, mark, buf) && parent_of(entry->d_name, buf) != 0
                         : parent_of(entry->d_name, buf) == getpid()) {
            (void)kill((pid_t)pid, SIGKILL);
            found++;
        }
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    return found;
}

size_t
sweep_marked(const char *mark)
{
    char *buf = malloc(ENV_MAX);
    size_t total = 0;
    size_t found = 1;

    for (int i = 0; buf != NULL && i < PASSES && found > 0; i++) {
        found = pass(mark, buf);
        total += found;
    }
    free(buf);
    return total;
}

size_t
sweep_children(void)
{
    char *buf = malloc(ENV_MAX);
    size_t total = 0;
    size_t found = 1;

    for (int i = 0; buf != NULL && i < PASSES && found > 0; i++) {
        found = pass(NULL, buf);
        total += found;
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
    }
    free(buf);
    return total;
}
