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
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUT_MAX (1u << 20) /* a manifest with every text at full length is far below */
#define COMPLAINT_MAX (8u << 10)

/* The input goes into an unnamed file: no second direction that could block. */
static int
input_fd(const char *input)
{
    const size_t n = input == NULL ? 0 : strlen(input);
    int fd;

    if (input == NULL) {
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    fd = memfd_create("input", MFD_CLOEXEC);
    if (fd >= 0 && (write(fd, input, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)) {
        (void)close(fd);
        errno = EIO;
        return -1;
    }
    return fd;
}

static int
spawn_helper(struct helper *h, int in, const int *out, const int *complaint, char *const *env)
{
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    sigset_t none;
    int rc = posix_spawn_file_actions_init(&fa);

    if (rc != 0) {
        return -rc;
    }
    (void)posix_spawnattr_init(&attr);
    (void)sigemptyset(&none);
    (void)posix_spawnattr_setsigmask(&attr, &none);
    (void)posix_spawnattr_setpgroup(&attr, 0);
    (void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    rc = posix_spawn_file_actions_adddup2(&fa, in, 0);
    rc = rc == 0 ? posix_spawn_file_actions_adddup2(&fa, out[1], 1) : rc;
    rc = rc == 0 ? posix_spawn_file_actions_adddup2(&fa, complaint[1], 2) : rc;
    rc = rc == 0 ? posix_spawn(&h->pid, h->argv[0], &fa, &attr, h->argv, env) : rc;
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&fa);
    return -rc;
}

static int
start(struct helper *h, char *const *env, struct rr_err *err)
{
    int out[2] = {-1, -1};
    int complaint[2] = {-1, -1};
    int in = input_fd(h->input);
    int rc = 0;

    h->fd_out = -1;
    h->fd_complaint = -1;
    if (in < 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(complaint, O_CLOEXEC) != 0) {
        rc = -errno;
    } else {
        rc = spawn_helper(h, in, out, complaint, env);
    }
    if (rc == 0) {
        h->fd_out = out[0];
        h->fd_complaint = complaint[0];
        out[0] = -1;
        complaint[0] = -1;
    } else {
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

/* Take what is there; closes the descriptor at its end. What is over max is read and dropped. */
static void
take(int *fd, char **text, size_t *n, size_t max)
{
    char buf[4096];
    const ssize_t got = read(*fd, buf, sizeof buf);
    size_t room;

    if (got < 0 && errno == EINTR) {
        return;
    }
    if (got <= 0) {
        (void)close(*fd);
        *fd = -1;
        return;
    }
    room = max - *n;
    room = (size_t)got < room ? (size_t)got : room;
    *text = mem_resize(*text, *n + room + 1, 1);
    memcpy(*text + *n, buf, room);
    *n += room;
    (*text)[*n] = '\0';
}

/* A process may close its output and go on: wait for its end as well. */
static void
await_end(struct helper *h, uint64_t deadline_ms)
{
    const int fd = (int)syscall(SYS_pidfd_open, h->pid, 0);
    struct pollfd end = {fd, POLLIN, 0};
    int n = 0;

    while (fd >= 0 && n <= 0 && !h->is_late) {
        const uint64_t now = sys_mono_ms();

        n = now >= deadline_ms ? 0 : poll(&end, 1, (int)(deadline_ms - now));
        h->is_late = n == 0;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* The end is reached, or the time is over: end it and read its status. */
static void
finish(struct helper *h)
{
    int status = 0;

    if (h->is_late) {
        (void)kill(-h->pid, SIGKILL);
    }
    while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR) {
    }
    (void)kill(-h->pid, SIGKILL); /* what a plugin's constructor may have left */
    if (h->fd_out >= 0) {
        (void)close(h->fd_out);
    }
    if (h->fd_complaint >= 0) {
        (void)close(h->fd_complaint);
    }
    h->fd_out = -1;
    h->fd_complaint = -1;
    h->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    h->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (h->out == NULL) {
        h->out = mem_dup("");
    }
    if (h->complaint == NULL) {
        h->complaint = mem_dup("");
    }
}

/* Read from one process until it has ended or the limit is reached. */
static void
watch(struct helper *h, uint64_t deadline_ms)
{
    while (h->fd_out >= 0 || h->fd_complaint >= 0) {
        struct pollfd fds[2] = {{h->fd_out, POLLIN, 0}, {h->fd_complaint, POLLIN, 0}};
        const uint64_t now = sys_mono_ms();
        const int n = now >= deadline_ms ? 0 : poll(fds, 2, (int)(deadline_ms - now));

        if (n == 0) {
            h->is_late = true;
            return;
        }
        if (n > 0 && fds[0].revents != 0) {
            take(&h->fd_out, &h->out, &h->n_out, OUT_MAX);
        }
        if (n > 0 && fds[1].revents != 0) {
            take(&h->fd_complaint, &h->complaint, &h->n_complaint, COMPLAINT_MAX);
        }
    }
}

int
helper_run(struct helper *helpers, size_t n, size_t width, int limit_ms, char *const *env,
           struct rr_err *err)
{
    int rc = 0;

    /* In groups: the members of one run side by side while the first is watched. Their pipes hold
     * what they print meanwhile; one that fills its pipe waits, and the limit is for the group. */
    for (size_t first = 0; rc == 0 && first < n; first += width) {
        const size_t last = first + width < n ? first + width : n;
        size_t begun = first;
        uint64_t deadline_ms;

        while (rc == 0 && begun < last) {
            rc = start(&helpers[begun], env, err);
            begun += rc == 0;
        }
        deadline_ms = sys_mono_ms() + (uint64_t)limit_ms;
        for (size_t i = first; i < begun; i++) {
            watch(&helpers[i], deadline_ms);
            await_end(&helpers[i], deadline_ms);
            finish(&helpers[i]);
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
