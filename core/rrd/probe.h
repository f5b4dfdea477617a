/* SPDX-License-Identifier: MIT */
/*
 * probe.h - what plugin files declare, and what plugins think of options.
 *
 * The daemon opens no plugin: rrd-worker does, in child processes within limits (helper.h).
 */
#ifndef RR_CORE_PROBE_H
#define RR_CORE_PROBE_H

#include "core/rrd/conf.h"

/* A plugin that loads a GPU library takes a second; one that takes five is stuck. */
#define PROBE_LIMIT_MS 5000

/* One question to the plugin of one file. */
struct probe {
    char *file;  /* in; owned */
    char *user;  /* in; whose rights it gets, NULL for ours; borrowed */
    char *input; /* in; NULL asks what it declares, a text as of conf_stage_json() has it judge
                  * those options; owned */
    /* results */
    char hash[65];             /* of the file; empty when it cannot be read */
    char *why;                 /* why there is no answer; NULL when there is one */
    bool is_passing;           /* that was short of time, or killed by somebody else: for memory */
    struct manifest manifest;  /* what it declares */
    struct text_list problems; /* what it says is wrong with the options */
    char *printed;             /* what it wrote meanwhile, its beginning */
    uint64_t printed_bytes;
    uint64_t ran_ms;
};

/* Ask each in a process of its own. Returns 0, or a negative code when no process could be started.
 */
int probe_run(const struct conf *conf, struct probe *probes, size_t n, int limit_ms,
              struct rr_err *err);
void probe_fini(struct probe *p);

#endif
