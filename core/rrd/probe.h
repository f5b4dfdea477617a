/* SPDX-License-Identifier: MIT */
/*
 * probe.h - what plugin files declare, and what plugins think of options.
 *
 * The daemon opens no plugin: rrd-worker does, in child processes within limits (helper.h).
 */
#ifndef RR_CORE_PROBE_H
#define RR_CORE_PROBE_H

#include "core/common/paths.h"
#include "core/common/text.h"
#include "core/rrd/manifest.h"

#include <rr/err.h>

#include <stddef.h>
#include <stdint.h>

/* A plugin that loads a GPU library takes a second; one that takes five is stuck. */
#define PROBE_LIMIT_MS 5000

/* One file. */
struct probe {
    char *file;       /* in; owned */
    const char *user; /* in; whose rights it gets, NULL or "" for ours */
    /* results */
    char hash[65];            /* of its content; empty when it cannot be read */
    char *why;                /* why it cannot be loaded; NULL when it can */
    struct manifest manifest; /* when it can */
    char *printed;            /* what it wrote while it was loaded, its beginning */
    uint64_t printed_bytes;
    uint64_t ran_ms;
};

/* Load every file in a process of its own. Returns 0, or a negative code when no process could be
 * started. */
int probe_run(struct probe *probes, size_t n, const struct paths *paths, int limit_ms,
              char *const *env, struct rr_err *err);
void probe_fini(struct probe *p);

/* The options of one stage. */
struct probe_opts {
    const char *file; /* in */
    const char *user; /* in; as above */
    char *input;      /* in; what rrd-worker --check-options reads; owned */
    /* results */
    char *why;                 /* why there is no verdict; NULL when there is one */
    struct text_list problems; /* what the plugin says is wrong */
};

/* Let each plugin judge, as above. */
int probe_options(struct probe_opts *all, size_t n, const struct paths *paths, int limit_ms,
                  char *const *env, struct rr_err *err);
void probe_opts_fini(struct probe_opts *p);

#endif
