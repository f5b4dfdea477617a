/* SPDX-License-Identifier: MIT */
/*
 * main.c - rrd: arguments, configuration, background, exit status.
 */
#include "core/common/fail.h"
#include "core/common/mem.h"
#include "core/common/status.h"
#include "core/rrd/doctor.h"
#include "core/rrd/offline.h"
#include "core/rrd/options.h"
#include "core/rrd/plugins.h"
#include "core/rrd/rrd.h"
#include "core/rrd/sys.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The parent of --daemon: wait for one byte, which says that everything has started, or for the
 * end of the child, whose exit status then tells why. */
static int
wait_for_child(pid_t child, int fd)
{
    char byte;
    int status;
    ssize_t n;

    do {
        n = read(fd, &byte, 1);
    } while (n < 0 && errno == EINTR);
    (void)close(fd);
    if (n == 1) {
        return byte;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status)) {
        return WEXITSTATUS(status) == 0 ? STATUS_FAILED : WEXITSTATUS(status);
    }
    fprintf(stderr, "rrd: ended by signal %s while it started\n", sigabbrev_np(WTERMSIG(status)));
    return STATUS_FAILED;
}

/* Returns -1 in the daemon with *tell_fd set, else the exit status of the parent. Nothing is open
 * yet that must not cross a fork. */
static int
detach(int *tell_fd)
{
    int fds[2];
    pid_t child;

    if (pipe2(fds, O_CLOEXEC) != 0) {
        fprintf(stderr, "rrd: cannot make a pipe: %s\n", strerror(errno));
        return STATUS_FAILED;
    }
    child = fork();
    if (child < 0) {
        fprintf(stderr, "rrd: cannot fork: %s\n", strerror(errno));
        (void)close(fds[0]);
        (void)close(fds[1]);
        return STATUS_FAILED;
    }
    if (child > 0) {
        (void)close(fds[1]);
        return wait_for_child(child, fds[0]);
    }
    (void)close(fds[0]);
    (void)setsid();
    *tell_fd = fds[1];
    return -1;
}

static int
act(struct rrd *rrd, const struct options *opt)
{
    switch (opt->mode) {
    case MODE_HELP_STAGE:
        return offline_help(&rrd->conf, opt);
    case MODE_CHECK:
        return offline_check(&rrd->conf, opt);
    case MODE_PLUGIN_LIST:
        return plugins_list(&rrd->conf, opt->wants_json);
    case MODE_DOCTOR:
        return doctor(&rrd->conf, opt);
    default:
        offline_complain(&rrd->conf);
        return rrd->conf.problems.n == 0 ? daemon_run(rrd, opt) : conf_status(&rrd->conf);
    }
}

/* Three descriptors are taken for granted everywhere. */
static void
open_standard_fds(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= 2);
    if (fd > 2) {
        (void)close(fd);
    }
}

/* Whoever starts us may ignore or block signals, which a program inherits: we would not hear of the
 * ends of our children, or of the word to stop. */
static void
reset_signals(void)
{
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGCHLD, SIG_DFL);
}

int
main(int argc, char **argv)
{
    struct options opt;
    struct rrd rrd = {.tell_fd = -1};
    struct rr_err err = RR_ERR_INIT;
    char *dir = NULL;
    int status;

#ifdef RR_FAIL_POINTS
    if (argc == 2 && strcmp(argv[1], "--list-fail-points") == 0) {
        fail_list();
        return STATUS_OK;
    }
#endif
    open_standard_fds();
    reset_signals();
    status = options_parse(&opt, argc, argv);
    if (status < 0 && opt.mode == MODE_RUN) {
        daemon_hold_signals(SIG_BLOCK);
    }
    if (status < 0 && opt.detach && opt.mode == MODE_RUN) {
        status = detach(&rrd.tell_fd);
    }
    /* What a plugin starts while it is looked at, and what workers leave, comes to us. */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (status < 0 && opt.mode == MODE_PLUGIN_CHECK && paths_init(&rrd.paths, &err) == 0) {
        status = plugins_check(&rrd.paths, &opt);
    }
    if (status < 0) {
        dir = paths_real_new(opt.dir, &err);
        if (dir == NULL || paths_init(&rrd.paths, &err) != 0) {
            fprintf(stderr, "rrd: %s\n", err.text);
            status = STATUS_FAILED;
        }
    }
    if (status < 0 && opt.mode == MODE_DUMP_EVENTS) {
        status = offline_dump(dir, opt.type);
    }
    if (status < 0) {
        (void)conf_load(&rrd.conf, dir, &rrd.paths, &opt.sets);
        status = act(&rrd, &opt);
        conf_free(&rrd.conf);
    }
    if (opt.mode != MODE_RUN) {
        sys_sweep_children();
    }
    if (rrd.tell_fd >= 0) {
        (void)close(rrd.tell_fd);
    }
    paths_fini(&rrd.paths);
    free(dir);
    options_fini(&opt);
    libevent_global_shutdown();
    return status;
}
