/* SPDX-License-Identifier: MIT */
/*
 * proc.h - find and run our other programs.
 *
 * Run from a build tree everything comes from there; installed, from the directories that were
 * compiled in.
 */
#ifndef RR_CORE_RRCTL_PROC_H
#define RR_CORE_RRCTL_PROC_H

#include "core/rrctl/rrctl.h"

#include <stdio.h>
#include <sys/types.h>

/* Path of the program rrctl-NAME in a new string; NULL when there is none. */
char *proc_external_new(const struct rrctl *app, const char *name);

/* Add the NAME of every rrctl-NAME that can be run, in order of names. */
void proc_list_externals(const struct rrctl *app, struct text_list *names);

/*
 * Set RR_DIR, RR_CTL (this program), RR_PLUGIN_PATH and LD_LIBRARY_PATH of this process for one of
 * these that is about to be executed. core.plugin_path of the directory's configuration is searched
 * first.
 */
int proc_set_env(const struct rrctl *app, struct rr_err *err);

/* Command lines are lists of words, of which the first is the path of the program. */

/* Begin one for rrd: its path, --dir and the daemon's directory. */
int proc_rrd(const struct rrctl *app, struct text_list *words, struct rr_err *err);

/* Become that program; returns only when that fails. */
int proc_become(const struct text_list *words, struct rr_err *err);

/* Become rrd with that option, an operand unless it is NULL, and --strict, --json and every --set
 * of the command line; returns only when that fails. */
int proc_become_rrd(const struct rrctl *app, const char *option, const char *operand,
                    struct rr_err *err);

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
