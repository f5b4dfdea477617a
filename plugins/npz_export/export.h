/* SPDX-License-Identifier: MIT */
/*
 * export.h - make one NPZ file of the window of a configuration.
 */
#ifndef NPZ_EXPORT_EXPORT_H
#define NPZ_EXPORT_EXPORT_H

#include <rr/event.h>
#include <rr/gamekit.h>
#include <rr/host.h>

#include "plugins/npz_export/quality.h"
#include "plugins/npz_export/rows.h"
#include "plugins/npz_export/store.h"
#include "plugins/npz_export/window.h"

struct export_job {
    const struct rr_event *event;
    const char *config;
    const struct rr_game *game;
    const struct rr_variant *variant;
    struct window_conf window;
    struct rows_conf rows;
    double quality_threshold;
};

struct export_result {
    int blocked;    /* 1: quality was below the threshold; no file */
    char path[512]; /* relative to the data directory */
    char sha256[65];
    uint64_t window_first; /* number of the oldest shard taken */
    uint64_t new_samples, newest_generation;
    struct rows_counts counts;
    struct quality_score quality;
};

/* Make the file, or find it made by an earlier run of this event. Returns 0, RR_E_STOPPED or a
 * negative code. */
int export_run(struct rr_ctx *ctx, const struct export_job *job, const struct store_head *head,
               struct export_result *result, struct rr_err *err);

#endif
