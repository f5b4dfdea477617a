/* SPDX-License-Identifier: MIT */
/*
 * helper.h - run short-lived child processes side by side, each within limits.
 *
 * Used to ask rrd-worker what a plugin declares, and to let a plugin judge its options. A plugin
 * may do anything meanwhile, so what a helper takes is looked at often; resident memory, not
 * addresses, for the reasons of decision 0016.
 */
#ifndef RR_CORE_HELPER_H
#define RR_CORE_HELPER_H

#include <rr/err.h>

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Why a helper was killed. */
enum helper_limit { HELPER_WITHIN, HELPER_TIME, HELPER_MEMORY, HELPER_PROCESSES };

#define HELPER_MEMORY_BYTES (256u << 20)
#define HELPER_PROCESSES_MAX 32u

struct helper {
    char *const *argv; /* argv[0] is the file to execute */
    const char *input; /* standard input, NULL for none */
    /* results */
    char *out;       /* standard output; freed by helper_fini */
    char *complaint; /* standard error */
    size_t n_out, n_complaint;
    uint64_t complaint_bytes; /* all that it wrote there; complaint has the beginning */
    int status;               /* exit status; -1 when it ended otherwise */
    int signal;               /* that ended it, 0 for none */
    enum helper_limit limit;
    uint64_t ran_ms;
    /* running */
    pid_t pid;
    struct pollfd *fds;
    uint64_t begin_ms;
};

/* Run all of them; at most width at a time, each at most limit_ms. Returns 0, or a negative errno
 * when a process could not be started; those that were are ended then. */
int helper_run(struct helper *helpers, size_t n, size_t width, int limit_ms, char *const *env,
               struct rr_err *err);
void helper_fini(struct helper *h);

#endif
