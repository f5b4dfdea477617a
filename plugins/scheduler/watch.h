/* SPDX-License-Identifier: MIT */
/*
 * watch.h - ages of what is awaited. Counted in memory, while this process runs: a night without a
 * daemon makes nothing late.
 */
#ifndef SCHEDULER_WATCH_H
#define SCHEDULER_WATCH_H

#include <rr/host.h>

#include "plugins/scheduler/config.h"
#include "plugins/scheduler/plan.h"

#define WATCH_NOTE_BYTES 256u

struct watch {
    uint64_t number[CONFIG_OUT_MAX];
    double since[CONFIG_OUT_MAX];
    uint32_t count;
    char job_id[CONFIG_NAME_MAX + 32];
    double job_since;
    uint64_t evaluating;
    double evaluating_since;
    double quiet_since; /* last event of the configuration */
    char note[WATCH_NOTE_BYTES];
};

/* Give up requests, trainings, verdicts and exports that are over their limits, and say so. now is
 * monotonic, in seconds. */
void watch_drop_lost(struct rr_ctx *ctx, const struct plan_conf *plan, struct watch *w,
                     struct config *c, double now, uint64_t now_ms);

/* All games of the generation are there, and for a while no export came: some were rejected, or
 * gave fewer samples than expected. Raise the target. */
void watch_go_on(struct rr_ctx *ctx, const struct plan_conf *plan, struct watch *w,
                 struct config *c, double now);

#endif
