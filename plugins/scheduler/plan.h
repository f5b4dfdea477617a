/* SPDX-License-Identifier: MIT */
/*
 * plan.h - what to ask for next, given what is known. Pure: decides, does not emit.
 */
#ifndef SCHEDULER_PLAN_H
#define SCHEDULER_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "plugins/scheduler/config.h"

struct plan_conf {
    uint64_t outstanding; /* self-play requests at work or queued, all configurations */
    uint64_t ahead;       /* of them, per configuration, while a model is in the making */
    uint64_t games_per_request;
    uint64_t games_per_generation; /* between two exports */
    uint64_t first_games;          /* the same while there is no model: random games */
    uint64_t max_trainings;
    uint64_t cooldown_ms;
    uint64_t max_data_age_ms;
    uint64_t sample_threshold; /* new samples at which freshness is full */
};

/* Games that a configuration plays between two exports: as configured, and what was needed beyond.
 */
uint64_t plan_target(const struct plan_conf *conf, const struct config *c);

/* A model is in the making: an export waits, a training runs, or a verdict is awaited. */
int plan_busy(const struct config *c);

/* Why the configuration does not train now, in words; NULL when nothing is in the way. Does not
 * look at what others do. */
const char *plan_gate(const struct plan_conf *conf, const struct config *c, uint64_t now_ms);

/* The factors of the formula for a configuration. */
struct priority plan_priority(const struct plan_conf *conf, const struct config *c,
                              uint64_t now_ms);

/* Index of the configuration to train next, -1 for none: the highest priority; ties go to the older
 * last training, then to the name. */
int plan_training(const struct plan_conf *conf, const struct config *configs, size_t count,
                  uint64_t now_ms);

/*
 * Index of the configuration to play next, -1 for none; *games gets how many. Shares follow the
 * curriculum weights: the configuration that got least for its weight comes first, and one that was
 * held back does not claim the time that it missed.
 */
int plan_selfplay(const struct plan_conf *conf, const struct config *configs, size_t count,
                  uint64_t *games);

/* Account for a request of plan_selfplay. */
void plan_serve(struct config *configs, size_t count, size_t chosen, uint64_t games);

#endif
