/* SPDX-License-Identifier: MIT */
/*
 * lock.c - the lock of the state directory and the id of the instance.
 *
 * The lock is what counts; the pid in the file is for people. It is never used to find or to
 * signal a process, because by then it may belong to somebody else; that it is nobody's tells that
 * its owner is dead.
 */
#include "core/rrd/lock.h"

#include "core/common/fail.h"
#include "core/common/log.h"
#include "core/common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HEIR_TRIES 300
/* Another start looks, too, for an instant. */
#define LOOKER_TRIES 30

/* The file holds "PID INSTANCE\n". */
static void
read_lock(int fd, struct lock_view *out)
{
    char text[128];
    const ssize_t n = pread(fd, text, sizeof text - 1, 0);

    out->pid = 0;
    text[n > 0 ? n : 0] = '\0';
    if (sscanf(text, "%ld %32[0-9a-f]", &out->pid, out->instance) < 2 ||
        strlen(out->instance) != 32) {
        out->instance[0] = '\0';
    }
}

/* A daemon that was killed while it started a process leaves the lock to that one, up to its exec:
 * a moment, unless the machine is busy. Whoever has it and lives is told of at once. Who only looks
 * (lock_look) shares it, and is waited for: its end is certain, and no other daemon runs. Returns 0
 * or a negative errno value; -EWOULDBLOCK: somebody has it. */
static int
lock_patiently(int fd, struct lock_view *holder)
{
    const struct timespec moment = {.tv_nsec = 10000000};
    int n_heir = 0;
    int n_looker = 0;

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return -errno;
        }
        if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
            (void)flock(fd, LOCK_UN);
            if (++n_looker == LOOKER_TRIES) {
                log_warn("lock", "rrctl doctor looks at the store: the start waits for its end");
            }
        } else {
            read_lock(fd, holder);
            if (n_heir++ >= HEIR_TRIES || holder->pid <= 0 || kill((pid_t)holder->pid, 0) == 0 ||
                errno != ESRCH) {
                return -EWOULDBLOCK;
            }
        }
        (void)nanosleep(&moment, NULL);
    }
    return 0;
}

/* Write who we are into the file that we have locked, and make the instance if there is none. Its
 * second half names the file: a copy of the directory is another instance, whose daemon must not
 * take the processes of the first one for its own. */
static int
sign(int fd, const char *path, struct lock_view *own, struct rr_err *err)
{
    char place[17] = "";
    struct stat st;
    uint64_t random;
    char text[128];
    int n;

    if (fstat(fd, &st) == 0) {
        (void)snprintf(place, sizeof place, "%016llx",
                       (unsigned long long)st.st_dev << 40 ^ (unsigned long long)st.st_ino);
    }
    read_lock(fd, own);
    if (own->instance[0] == '\0' || strcmp(own->instance + 16, place) != 0) {
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
            return rr_err_set(err, -EIO, "cannot get random bytes");
        }
        (void)snprintf(own->instance, sizeof own->instance, "%016llx%s", (unsigned long long)random,
                       place);
    }
    n = snprintf(text, sizeof text, "%ld %s\n", (long)getpid(), own->instance);
    errno = EIO; /* what a short write means */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
        return rr_err_set(err, -errno, "cannot write %s: %s", path, strerror(errno));
    }
    return 0;
}

int
lock_take(const char *state_dir, char *instance, size_t cap, struct rr_err *err)
{
    char *path = mem_printf("%s/lock", state_dir);
    struct lock_view view = {0};
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int rc;

    if (fd < 0) {
        rc = rr_err_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
    } else if ((rc = lock_patiently(fd, &view)) != 0) {
        rc = rr_err_set(err, rc == -EWOULDBLOCK ? RR_E_BUSY : rc,
                        "%s is in use by another rrd (pid %ld)", state_dir, view.pid);
    } else {
        FAIL("lock.taken");
        rc = sign(fd, path, &view, err);
        FAIL("lock.written");
        (void)snprintf(instance, cap, "%s", view.instance);
    }
    free(path);
    if (rc != 0 && fd >= 0) {
        (void)close(fd);
    }
    return rc == 0 ? fd : rc;
}

/* Who holds the lock of an open file, by the kernel's own list; 0 when that does not tell. */
static long
holder_of(int fd)
{
    FILE *list = fopen("/proc/locks", "re");
    char line[256];
    struct stat st;
    long pid = 0;

    while (list != NULL && pid == 0 && fstat(fd, &st) == 0 &&
           fgets(line, sizeof line, list) != NULL) {
        unsigned major;
        unsigned minor;
        unsigned long long inode;
        long its;

        if (sscanf(line, "%*s FLOCK %*s WRITE %ld %x:%x:%llu", &its, &major, &minor, &inode) == 4 &&
            inode == st.st_ino) {
            pid = its;
        }
    }
    if (list != NULL) {
        (void)fclose(list);
    }
    return pid;
}

int
lock_look(const char *state_dir, struct lock_view *out, struct rr_err *err)
{
    char *path = mem_printf("%s/lock", state_dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    memset(out, 0, sizeof *out);
    if (fd < 0) {
        fd = rr_err_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
    } else {
        out->is_held = flock(fd, LOCK_SH | LOCK_NB) != 0;
        read_lock(fd, out);
        const long holder = out->is_held ? holder_of(fd) : 0;

        out->pid = holder > 0 ? holder : out->pid;
    }
    free(path);
    return fd;
}

bool
lock_is_there(int lock_fd, const char *path)
{
    struct stat held;
    struct stat seen;

    return fstat(lock_fd, &held) == 0 && stat(path, &seen) == 0 && held.st_ino == seen.st_ino &&
           held.st_dev == seen.st_dev;
}
