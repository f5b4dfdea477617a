/* SPDX-License-Identifier: MIT */
/*
 * proc.c - run our other programs.
 */
#include "core/rrctl/proc.h"
#include "core/common/status.h"

#include "core/common/mem.h"
#include "core/rrctl/places.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int
proc_words_init(struct proc_words *words, const struct rrctl *app, struct rr_err *err)
{
    memset(words, 0, sizeof *words);
    words->v[0] = places_rrd_new(&app->paths, err);
    if (words->v[0] == NULL) {
        return err->code;
    }
    words->n = 1;
    const int rc = proc_words_add(words, "--dir", err);
    return rc < 0 ? rc : proc_words_add(words, app->dir, err);
}

void
proc_words_fini(struct proc_words *words)
{
    for (size_t i = 0; i < words->n; i++) {
        free(words->v[i]);
    }
    memset(words, 0, sizeof *words);
}

int
proc_words_add(struct proc_words *words, const char *word, struct rr_err *err)
{
    if (words->n == PROC_WORDS_MAX) {
        return rr_err_set(err, RR_E_INPUT, "too many options");
    }
    words->v[words->n++] = mem_dup(word);
    return 0;
}

int
proc_words_add_sets(struct proc_words *words, const struct rrctl *app, struct rr_err *err)
{
    size_t at = 0;
    const char *set;
    int rc = 0;

    while (rc == 0 && (set = args_each(&app->args, "set", &at)) != NULL) {
        rc = proc_words_add(words, "--set", err);
        rc = rc < 0 ? rc : proc_words_add(words, set, err);
    }
    return rc;
}

int
proc_become_rrd(const struct rrctl *app, const char *const *options, struct rr_err *err)
{
    struct proc_words words;
    int rc = proc_words_init(&words, app, err);

    for (; rc == 0 && *options != NULL; options++) {
        rc = proc_words_add(&words, *options, err);
    }
    if (rc == 0 && app->json) {
        rc = proc_words_add(&words, "--json", err);
    }
    if (rc == 0) {
        rc = proc_words_add_sets(&words, app, err);
    }
    if (rc == 0) {
        (void)fflush(stdout);
        (void)execv(words.v[0], words.v);
        rc = rr_err_set(err, -errno, "cannot run %s: %s", words.v[0], strerror(errno));
    }
    proc_words_fini(&words);
    return rc;
}

int
proc_wait(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int
proc_run(const struct proc_words *words, struct rr_err *err)
{
    pid_t pid;
    int rc = posix_spawn(&pid, words->v[0], NULL, NULL, words->v, environ);

    if (rc != 0) {
        return rr_err_set(err, -rc, "cannot run %s: %s", words->v[0], strerror(rc));
    }
    rc = proc_wait(pid);
    return rc < 0 ? rr_err_set(err, rc, "waiting for %s: %s", words->v[0], strerror(-rc)) : rc;
}

int
proc_open(const struct proc_words *words, FILE **out, pid_t *pid, struct rr_err *err)
{
    posix_spawn_file_actions_t actions;
    int fds[2];
    int rc;

    if (pipe2(fds, O_CLOEXEC) < 0) {
        return rr_err_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
    }
    rc = posix_spawn_file_actions_init(&actions);
    if (rc == 0) {
        rc = posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
        rc = rc != 0 ? rc : posix_spawn(pid, words->v[0], &actions, NULL, words->v, environ);
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    (void)close(fds[1]);
    *out = rc == 0 ? fdopen(fds[0], "r") : NULL;
    if (*out == NULL) {
        (void)close(fds[0]);
        rc = rc == 0 ? ENOMEM : rc;
        return rr_err_set(err, -rc, "cannot run %s: %s", words->v[0], strerror(rc));
    }
    return 0;
}

/* In the child: everything up to exec. Not posix_spawn, which cannot ask for the signal of a
 * parent's death; this process is small, so that fork costs nothing. */
static void
become_daemon(const struct proc_words *words, int output_fd, pid_t parent)
{
    const int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setsid();
    if (null_fd < 0 || dup2(null_fd, 0) < 0 || dup2(output_fd, 1) < 0 || dup2(output_fd, 2) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent) {
        _exit(STATUS_FAILED);
    }
    (void)execv(words->v[0], words->v);
    (void)dprintf(2, "cannot run %s: %s\n", words->v[0], strerror(errno));
    _exit(STATUS_FAILED);
}

pid_t
proc_start(const struct proc_words *words, int output_fd, struct rr_err *err)
{
    const pid_t parent = getpid();
    const pid_t pid = fork();

    if (pid == 0) {
        become_daemon(words, output_fd, parent);
    }
    if (pid < 0) {
        return rr_err_set(err, -errno, "cannot start %s: %s", words->v[0], strerror(errno));
    }
    return pid;
}

int
proc_wait_gone(pid_t pid, int timeout_ms)
{
    struct pollfd pfd = {.events = POLLIN};
    int rc = 0;

    pfd.fd = pidfd_open(pid, 0);
    if (pfd.fd < 0) {
        return errno == ESRCH ? 0 : -errno;
    }
    const int n = poll(&pfd, 1, timeout_ms);
    if (n <= 0) {
        rc = n == 0 ? RR_E_TIMEOUT : -errno;
    }
    (void)close(pfd.fd);
    return rc;
}
