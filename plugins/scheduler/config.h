/* SPDX-License-Identifier: MIT */
/*
 * config.h - what the scheduler knows of one configuration, kept in the durable key cfg/CONFIG.
 *
 *                 TRAINING_REQUESTED      TRAINING_COMPLETED          MODEL_PROMOTED
 *   export ready ------------------> training ------------> evaluating -----------> idle
 *        ^                              | TRAINING_FAILED      | PROMOTION_REJECTED    |
 *        |                              v                      v                       |
 *        +------ NPZ_EXPORT_COMPLETE -- idle <----------------------- self-play <------+
 */
#ifndef SCHEDULER_CONFIG_H
#define SCHEDULER_CONFIG_H

#include <rr/err.h>
#include <rr/host.h>

#include <stdint.h>

#include "plugins/scheduler/priority.h"

#define CONFIG_OUT_MAX 16u
#define CONFIG_NAME_MAX 64u
#define CONFIG_PATH_MAX 256u

struct config_model {
    char path[CONFIG_PATH_MAX]; /* "" when there is none */
    char sha256[65];
    uint64_t generation;
};

struct config_request {
    uint64_t number, games;
};

struct config {
    char name[CONFIG_NAME_MAX];
    int dirty; /* to be saved */

    /* self-play */
    uint64_t next_request; /* from 1 */
    uint32_t out_count;
    struct config_request out[CONFIG_OUT_MAX]; /* requested, not completed */
    uint64_t games_since;                      /* games completed since the newest export */
    uint64_t extra;                            /* games of a generation beyond those configured */
    uint64_t games_total, samples_total;
    double started, served; /* clock of fair shares, in games / weight: around the last request */
    double weight, budget_scale; /* from the curriculum */

    /* the newest export; ready: not trained on yet */
    int export_ready;
    char npz_path[CONFIG_PATH_MAX];
    char npz_sha256[65];
    uint64_t export_no, export_samples, export_new, export_game_ms, export_ready_ms;

    /* training and evaluation */
    char job_id[CONFIG_NAME_MAX + 32]; /* running; "" when there is none */
    uint64_t attempts;                 /* of the generation to come */
    uint64_t failures;                 /* in a row */
    uint64_t cooldown_until_ms, last_training_ms;
    uint64_t evaluating; /* generation that awaits its verdict, 0 for none */
    struct config_model latest, champion;
    uint32_t points_count;
    struct priority_point points[PRIORITY_POINTS_MAX];

    struct priority priority; /* as of the last change; for people */
};

/* Load, or begin with nothing known. */
int config_load(struct rr_ctx *ctx, const char *name, struct config *c, struct rr_err *err);
int config_save(struct rr_ctx *ctx, const struct config *c, struct rr_err *err);

uint64_t config_games_out(const struct config *c);
/* Take a request off the list. Returns 1 when it was there. */
int config_request_done(struct config *c, uint64_t number);
void config_add_point(struct config *c, uint64_t time_ms, double elo);

#endif
