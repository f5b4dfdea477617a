/* SPDX-License-Identifier: MIT */
/*
 * helper.h - run short-lived child processes side by side, with a time limit.
 *
 * Used before the event loop runs: to ask rrd-worker what a plugin declares, and to let a plugin
 * judge its options.
 */
#ifndef RR_CORE_HELPER_H
#define RR_CORE_HELPER_H

#include <rr/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct helper {
    char *const *argv; /* argv[0] is the file to execute */
    const char *input; /* standard input, NULL for none */
    /* results */
    char *out;       /* standard output; freed by helper_fini */
    char *complaint; /* standard error */
    size_t n_out, n_complaint;
    int status;   /* exit status; -1 when it ended otherwise */
    int signal;   /* that ended it, 0 for none */
    bool is_late; /* was killed at the limit */
    /* running */
    pid_t pid;
    int fd_out, fd_complaint;
};

/* Run all of them; at most width at a time, each at most limit_ms. Returns 0, or a negative errno
 * when a process could not be started. */
int helper_run(struct helper *helpers, size_t n, size_t width, int limit_ms, char *const *env,
               struct rr_err *err);
void helper_fini(struct helper *h);

#endif
