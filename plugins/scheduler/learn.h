/* SPDX-License-Identifier: MIT */
/*
 * learn.h - what each event of the loop changes in the state of its configuration.
 */
#ifndef SCHEDULER_LEARN_H
#define SCHEDULER_LEARN_H

#include <rr/event.h>
#include <rr/host.h>

#include "plugins/scheduler/config.h"
#include "plugins/scheduler/plan.h"

/* Take over an event. Returns 0, or a negative code when it cannot be understood. */
int learn_event(struct rr_ctx *ctx, const struct rr_event *event, struct config *c,
                const struct plan_conf *plan, struct rr_err *err);

/* A training failed or got lost. The data stay for another try, but not for ever. */
void learn_training_failed(struct rr_ctx *ctx, struct config *c, const struct plan_conf *plan,
                           int retryable, uint64_t now_ms);

#endif
