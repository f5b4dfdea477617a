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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

static void
take_all(struct helper *h)
{
    uint64_t ignored = 0;

    take(&h->fd_out, &h->out, &h->n_out, OUT_MAX, &ignored);
    take(&h->fd_complaint, &h->complaint, &h->n_complaint, COMPLAINT_MAX, &h->complaint_bytes);
}

/* It has ended, or shall: read its status and the rest of what it wrote. */
static void
finish(struct helper *h)
{
    int status = 0;
    int *const fds[] = {&h->fd_end, &h->fd_out, &h->fd_complaint};

    /* With what a plugin's constructor may have left. Before it is reaped: until then nobody else
     * can have its number. */
    (void)kill(-h->pid, SIGKILL);
    while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR) {
    }
    take_all(h);
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (*fds[i] >= 0) {
            (void)close(*fds[i]);
            *fds[i] = -1;
        }
    }
    h->pid = 0;
    h->ran_ms = sys_mono_ms() - h->begin_ms;
    h->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    h->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    h->out = h->out == NULL ? mem_dup("") : h->out;
    h->complaint = h->complaint == NULL ? mem_dup("") : h->complaint;
}

static int
start(struct helper *h, char *const *env, struct rr_err *err)
{
    int out[2] = {-1, -1};
    int complaint[2] = {-1, -1};
    const int in = h->input == NULL ? -1 : input_fd(h->input);
    int rc = 0;

    h->begin_ms = sys_mono_ms();
    if ((in < 0 && h->input != NULL) || pipe2(out, O_CLOEXEC) != 0 ||
        pipe2(complaint, O_CLOEXEC) != 0) {
        rc = -errno;
    } else {
        rc = sys_spawn(h->argv, env, (const int[]){in, out[1], complaint[1]}, 3, false, &h->pid);
    }
    if (rc == 0) {
        h->fd_end = (int)syscall(SYS_pidfd_open, h->pid, 0);
        h->fd_out = out[0];
        h->fd_complaint = complaint[0];
        (void)fcntl(out[0], F_SETFL, O_NONBLOCK);
        (void)fcntl(complaint[0], F_SETFL, O_NONBLOCK);
        out[0] = -1;
        complaint[0] = -1;
        if (h->fd_end < 0) {
            rc = -errno;
            h->limit = HELPER_TIME;
            finish(h);
        }
    }
    if (rc != 0) {
        (void)rr_err_set(err, rc, "cannot run %s: %s", h->argv[0], strerror(-rc));
    }
    const int fds[] = {in, out[0], out[1], complaint[0], complaint[1]};

    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
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

/* Look once at every helper that runs. Its end counts, not that of its output: what a plugin has
 * started may hold that open. */
static size_t
watch(struct helper *helpers, size_t first, size_t begun, int limit_ms)
{
    size_t running = 0;

    for (size_t i = first; i < begun; i++) {
        struct helper *h = &helpers[i];
        struct pollfd end = {h->fd_end, POLLIN, 0};

        if (h->pid == 0) {
            continue;
        }
        take_all(h);
        h->limit = over_limit(h, limit_ms);
        if (h->limit != HELPER_WITHIN || poll(&end, 1, 0) != 0) {
            finish(h);
        } else {
            running++;
        }
    }
    return running;
}

static void
wait_a_little(const struct helper *helpers, size_t first, size_t begun)
{
    struct pollfd *fds = mem_zalloc(3 * (begun - first), sizeof *fds);

    for (size_t i = first; i < begun; i++) {
        const struct helper *h = &helpers[i];
        const int own[] = {h->fd_end, h->fd_out, h->fd_complaint};

        for (size_t k = 0; k < 3; k++) {
            fds[3 * (i - first) + k] = (struct pollfd){h->pid == 0 ? -1 : own[k], POLLIN, 0};
        }
    }
    (void)poll(fds, 3 * (begun - first), (int)LOOK_INTERVAL_MS);
    free(fds);
}

int
helper_run(struct helper *helpers, size_t n, size_t width, int limit_ms, char *const *env,
           struct rr_err *err)
{
    int rc = 0;
    size_t first = 0; /* all before it have ended */
    size_t begun = 0;

    while (first < begun || (rc == 0 && begun < n)) {
        size_t running = watch(helpers, first, begun, limit_ms);

        while (rc == 0 && begun < n && running < width) {
            rc = start(&helpers[begun], env, err);
            begun += rc == 0;
            running += rc == 0;
        }
        while (first < begun && helpers[first].pid == 0) {
            first++;
        }
        if (first < begun) {
            wait_a_little(helpers, first, begun);
        }
    }
    return rc;
}

void
helper_fini(struct helper *h)
{
    free(h->out);
    free(h->complaint);
    memset(h, 0, sizeof *h);
}
