/* SPDX-License-Identifier: MIT */
/*
 * proc.h - run our other programs.
 */
#ifndef RR_CORE_RRCTL_PROC_H
#define RR_CORE_RRCTL_PROC_H

#include "core/rrctl/rrctl.h"

#include <stdio.h>
#include <sys/types.h>

/* Command lines are lists of words, of which the first is the path of the program. */

/* Begin one for rrd: its path, --dir and the daemon's directory. */
int proc_rrd(const struct rrctl *app, struct text_list *words, struct rr_err *err);

/* Add every --set of the command line. */
void proc_add_sets(const struct rrctl *app, struct text_list *words);

/* Become that program; returns only when that fails. */
int proc_become(const struct text_list *words, struct rr_err *err);

/* Become rrd with these options, which end with NULL, every --set of the command line, and --json
 * when that was given; returns only when that fails. */
int proc_become_rrd(const struct rrctl *app, const char *const *options, struct rr_err *err);

/* Run it and wait: its exit status (128 + signal when it was killed), or a negative code. */
int proc_run(const struct text_list *words, struct rr_err *err);

/* Start it and read what it prints. *out is closed by the caller, who then waits for *pid. */
int proc_open(const struct text_list *words, FILE **out, pid_t *pid, struct rr_err *err);

/* Wait for a child: its exit status, 128 + signal, or a negative errno value. */
int proc_wait(pid_t pid);

/* Start it in a session of its own, with nothing to read and what it says going to output_fd; it
 * gets SIGTERM when this process ends. Returns its pid or a negative code. */
pid_t proc_start(const struct text_list *words, int output_fd, struct rr_err *err);

/* Wait until process pid is gone, also when it is no child. Returns 0, RR_E_TIMEOUT or a negative
 * errno value. */
int proc_wait_gone(pid_t pid, int timeout_ms);

#endif
