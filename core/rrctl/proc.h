/* SPDX-License-Identifier: MIT */
/*
 * proc.h - run our other programs.
 */
#ifndef RR_CORE_RRCTL_PROC_H
#define RR_CORE_RRCTL_PROC_H

#include "core/rrctl/rrctl.h"

#include <stdio.h>
#include <sys/types.h>

#define PROC_WORDS_MAX 128

/* A command line for rrd, NULL terminated; the words are owned. */
struct proc_words {
    char *v[PROC_WORDS_MAX + 1];
    size_t n;
};

/* Begin with the daemon's executable and --dir. */
int proc_words_init(struct proc_words *words, const struct rrctl *app, struct rr_err *err);
void proc_words_fini(struct proc_words *words);
int proc_words_add(struct proc_words *words, const char *word, struct rr_err *err);

/* Add every --set of the command line. */
int proc_words_add_sets(struct proc_words *words, const struct rrctl *app, struct rr_err *err);

/* Become rrd with these options, which end with NULL, every --set of the command line, and --json
 * when that was given; returns only when that fails. */
int proc_become_rrd(const struct rrctl *app, const char *const *options, struct rr_err *err);

/* Run it and wait: its exit status (128 + signal when it was killed), or a negative code. */
int proc_run(const struct proc_words *words, struct rr_err *err);

/* Start it and read what it prints. *out is closed by the caller, who then waits for *pid. */
int proc_open(const struct proc_words *words, FILE **out, pid_t *pid, struct rr_err *err);

/* Wait for a child: its exit status, 128 + signal, or a negative errno value. */
int proc_wait(pid_t pid);

/* Start it in a session of its own, with nothing to read and what it says going to output_fd; it
 * gets SIGTERM when this process ends. Returns its pid or a negative code. */
pid_t proc_start(const struct proc_words *words, int output_fd, struct rr_err *err);

/* Wait until process pid is gone, also when it is no child. Returns 0, RR_E_TIMEOUT or a negative
 * errno value. */
int proc_wait_gone(pid_t pid, int timeout_ms);

#endif
