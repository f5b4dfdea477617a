/* SPDX-License-Identifier: MIT */
/*
 * helper.c - run child processes side by side and collect what they print.
 */
#include "core/rrd/helper.h"

#include "core/common/mem.h"
#include "core/rrd/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is watched of each: its end, standard output, standard error. */
enum { END, OUT, COMPLAINT, FDS };

#define OUT_MAX (1u << 20) /* a manifest with every text at full length is far below */
#define COMPLAINT_MAX (8u << 10)
/* A process takes some ten MiB in so long. */
#define LOOK_INTERVAL_MS 20u

/* The input goes into an unnamed file: no second direction that could block. */
static int
input_fd(const char *input)
{
    const size_t n = strlen(input);
    const int fd = memfd_create("input", MFD_CLOEXEC);

    if (fd >= 0 && (write(fd, input, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)) {
        (void)close(fd);
        errno = EIO;
        return -1;
    }
    return fd;
}

static void
drop(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

/* Take what is there; closes the descriptor at its end. What is over max is read and dropped. */
static void
take(int *fd, char **text, size_t *n, size_t max, uint64_t *all)
{
    char buf[65536];
    ssize_t got;

    while (*fd >= 0 && (got = read(*fd, buf, sizeof buf)) != 0) {
        const size_t room = max - *n;

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return; /* nothing there for now */
        }
        *all += (uint64_t)got;
        if (room > 0) {
            const size_t more = (size_t)got < room ? (size_t)got : room;

            *text = mem_resize(*text, *n + more + 1, 1);
            memcpy(*text + *n, buf, more);
            *n += more;
            (*text)[*n] = '\0';
        }
        if (*all > max) {
            return; /* one that never ends must not keep us from the others and the clock */
        }
    }
    drop(fd);
}

static void
take_all(struct helper *h)
{
    uint64_t ignored = 0;

    take(&h->fds[OUT].fd, &h->out, &h->n_out, OUT_MAX, &ignored);
    take(&h->fds[COMPLAINT].fd, &h->complaint, &h->n_complaint, COMPLAINT_MAX, &h->complaint_bytes);
}

/* It has ended, or shall: read its status and the rest of what it wrote. */
static void
finish(struct helper *h)
{
    int status;

    /* With what a plugin's constructor may have left. Before it is reaped: until then nobody else
     * can have its number. */
    sys_kill(-h->pid, SIGKILL);
    status = sys_reap(h->pid);
    take_all(h);
    for (size_t i = 0; i < FDS; i++) {
        drop(&h->fds[i].fd);
        h->fds[i].revents = 0;
    }
    h->ran_ms = sys_mono_ms() - h->begin_ms;
    h->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    h->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    h->out = h->out == NULL ? mem_dup("") : h->out;
    h->complaint = h->complaint == NULL ? mem_dup("") : h->complaint;
}

static int
start(struct helper *h, char *const *env, struct rr_err *err)
{
    /* as the helper numbers them; OUT and COMPLAINT are 1 and 2 there, too */
    int its[] = {h->input == NULL ? -1 : input_fd(h->input), -1, -1};
    int rc = its[0] < 0 && h->input != NULL ? -errno : 0;

    h->begin_ms = sys_mono_ms();
    for (size_t i = OUT; i < FDS && rc == 0; i++) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) != 0) {
            rc = -errno;
        } else {
            (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
            h->fds[i].fd = ends[0];
            its[i] = ends[1];
        }
    }
    rc = rc == 0 ? sys_spawn(h->argv, env, its, FDS, false, &h->pid) : rc;
    if (rc == 0 && (h->fds[END].fd = pidfd_open(h->pid, 0)) < 0) {
        rc = -errno;
        finish(h);
    }
    if (rc != 0) {
        (void)rr_err_set(err, rc, "cannot run %s: %s", h->argv[0], strerror(-rc));
    }
    for (size_t i = 0; i < FDS; i++) {
        drop(&its[i]);
        if (rc != 0) {
            drop(&h->fds[i].fd);
        }
    }
    return rc;
}

static enum helper_limit
over_limit(const struct helper *h, int limit_ms)
{
    const uint64_t ran_ms = sys_mono_ms() - h->begin_ms;
    struct sys_usage use = {0};

    if (ran_ms >= LOOK_INTERVAL_MS) { /* most have ended by then */
        sys_usage(h->pid, &use);
    }
    return use.processes > HELPER_PROCESSES_MAX       ? HELPER_PROCESSES
           : use.resident_bytes > HELPER_MEMORY_BYTES ? HELPER_MEMORY
           : ran_ms > (uint64_t)limit_ms              ? HELPER_TIME
                                                      : HELPER_WITHIN;
}

int
helper_run(struct helper *helpers, size_t n, size_t width, int limit_ms, char *const *env,
           struct rr_err *err)
{
    width = n < width ? n : width;
    /* as many as run at a time: poll() refuses more than the process may have open */
    struct pollfd *fds = mem_zalloc(mem_mul(width, FDS), sizeof *fds);
    size_t begun = 0;
    size_t running = 0;
    int rc = 0;

    for (size_t i = 0; i < width * FDS; i++) {
        fds[i] = (struct pollfd){-1, POLLIN, 0};
    }
    while (running > 0 || (rc == 0 && begun < n)) {
        while (rc == 0 && begun < n && running < width) {
            helpers[begun].fds = fds;
            while (helpers[begun].fds[END].fd >= 0) {
                helpers[begun].fds += FDS;
            }
            rc = start(&helpers[begun], env, err);
            begun += rc == 0;
            running += rc == 0;
        }
        (void)poll(fds, width * FDS, (int)LOOK_INTERVAL_MS);
        for (size_t i = 0; i < begun; i++) {
            struct helper *h = &helpers[i];

            if (h->fds == NULL) {
                continue;
            }
            /* Its end counts, not that of its output: what a plugin has started may hold that. */
            take_all(h);
            h->limit = over_limit(h, limit_ms);
            if (h->limit != HELPER_WITHIN || h->fds[END].revents != 0) {
                finish(h);
                h->fds = NULL; /* for the next one */
                running--;
            }
        }
    }
    free(fds);
    return rc;
}

void
helper_fini(struct helper *h)
{
    free(h->out);
    free(h->complaint);
    memset(h, 0, sizeof *h);
}
