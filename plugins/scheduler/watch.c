/* SPDX-License-Identifier: MIT */
/*
 * watch.c - what does not come back, and what does not suffice.
 */
#include "plugins/scheduler/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plugins/scheduler/learn.h"

/* Age of a request in seconds, since this process first saw it. */
static double
age_of(struct watch *w, const struct config *c, uint64_t number, double now)
{
    uint32_t kept = 0;

    /* Forget what is no longer out, so that the table has room. */
    for (uint32_t i = 0; i < w->count; i++) {
        for (uint32_t k = 0; k < c->out_count; k++) {
            if (w->number[i] == c->out[k].number) {
                w->number[kept] = w->number[i];
                w->since[kept++] = w->since[i];
                break;
            }
        }
    }
    w->count = kept;
    for (uint32_t i = 0; i < w->count; i++) {
        if (w->number[i] == number) {
            return now - w->since[i];
        }
    }
    w->number[w->count] = number;
    w->since[w->count++] = now;
    return 0.0;
}

static void
drop_lost_requests(struct rr_ctx *ctx, struct watch *w, struct config *c, double now)
{
    const double limit = (double)rr_opt_int(ctx, "request_timeout") / 1000.0;

    for (uint32_t i = c->out_count; i-- > 0;) {
        const uint64_t number = c->out[i].number;

        if (age_of(w, c, number, now) > limit) {
            rr_log(ctx, RR_LOG_WARN,
                   "scheduler: self-play request counts as lost config=%s request=%" PRIu64
                   "; see rrctl queue list selfplay",
                   c->name, number);
            (void)config_request_done(c, number);
        }
    }
}

void
watch_drop_lost(struct rr_ctx *ctx, const struct plan_conf *plan, struct watch *w, struct config *c,
                double now, uint64_t now_ms)
{
    drop_lost_requests(ctx, w, c, now);
    if (strcmp(w->job_id, c->job_id) != 0) {
        (void)snprintf(w->job_id, sizeof w->job_id, "%s", c->job_id);
        w->job_since = now;
    }
    if (c->job_id[0] != '\0' &&
        now - w->job_since > (double)rr_opt_int(ctx, "training_timeout") / 1000.0) {
        rr_log(ctx, RR_LOG_WARN, "scheduler: training counts as lost job=%s", c->job_id);
        learn_training_failed(ctx, c, plan, 1, now_ms);
        c->dirty = 1;
    }
    if (w->evaluating != c->evaluating) {
        w->evaluating = c->evaluating;
        w->evaluating_since = now;
    }
    if (c->evaluating != 0 &&
        now - w->evaluating_since > (double)rr_opt_int(ctx, "evaluation_timeout") / 1000.0) {
        rr_log(ctx, RR_LOG_WARN,
               "scheduler: no verdict on config=%s generation=%" PRIu64
               ", no longer waited for; see rrctl queue list gauntlet",
               c->name, c->evaluating);
        c->evaluating = 0;
        c->dirty = 1;
    }
    if (c->export_ready && c->job_id[0] == '\0' && now_ms > c->export_game_ms &&
        now_ms - c->export_game_ms > plan->max_data_age_ms) {
        rr_log(ctx, RR_LOG_WARN, "scheduler: export is too old to train on config=%s file=%s",
               c->name, c->npz_path);
        c->export_ready = 0;
        c->dirty = 1;
    }
}

void
watch_go_on(struct rr_ctx *ctx, const struct plan_conf *plan, struct watch *w, struct config *c,
            double now)
{
    const uint64_t target = plan_target(plan, c);

    if (plan_busy(c) || c->out_count > 0 || c->games_since < target ||
        now - w->quiet_since < (double)rr_opt_int(ctx, "settle") / 1000.0) {
        return;
    }
    /* By half: a few rounds bridge any wrong guess of what a game yields. Random games are cheap,
     * and those of a small board yield little. */
    const uint64_t more = c->champion.path[0] == '\0' ? target : target / 2;
    c->extra += more > plan->games_per_request ? more : plan->games_per_request;
    c->dirty = 1;
    w->quiet_since = now;
    rr_log(ctx, RR_LOG_INFO,
           "scheduler: the games of a generation gave no export config=%s games=%" PRIu64
           " target=%" PRIu64,
           c->name, c->games_since, plan_target(plan, c));
}
