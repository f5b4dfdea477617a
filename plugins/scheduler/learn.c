/* SPDX-License-Identifier: MIT */
/*
 * learn.c - what each event of the loop changes in the state of its configuration.
 */
#include "plugins/scheduler/learn.h"

#include <rr/events.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FAILURES_MAX 5u /* in a row; then the data are given up and new ones awaited */

static void
set_model(struct config_model *model, const char *path, const char *sha256, uint64_t generation)
{
    (void)snprintf(model->path, sizeof model->path, "%s", path);
    (void)snprintf(model->sha256, sizeof model->sha256, "%s", sha256);
    model->generation = generation;
}

static void
training_over(struct config *c, uint64_t now_ms)
{
    c->job_id[0] = '\0';
    c->last_training_ms = now_ms;
}

void
learn_training_failed(struct rr_ctx *ctx, struct config *c, const struct plan_conf *plan,
                      int retryable, uint64_t now_ms)
{
    const uint64_t hour = 3600000u;
    uint64_t wait = plan->cooldown_ms;

    training_over(c, now_ms);
    for (uint64_t i = 0; i < c->failures && wait < hour; i++) {
        wait *= 2;
    }
    c->failures++;
    c->cooldown_until_ms = now_ms + (wait < hour ? wait : hour);
    /* An export that came meanwhile waits in any case. */
    c->export_ready = c->export_ready || (retryable && c->failures < FAILURES_MAX);
    rr_log(ctx, RR_LOG_WARN, "scheduler: training failed config=%s failures=%" PRIu64 " data=%s",
           c->name, c->failures, c->export_ready ? "kept" : "given up");
}

static void
on_export(struct config *c, const struct plan_conf *plan, const struct ev_npz_export_complete *ev,
          uint64_t now_ms)
{
    /* What an export before this had and no training saw is in this window too. */
    const uint64_t untrained = c->export_ready ? c->export_new : 0;

    (void)snprintf(c->npz_path, sizeof c->npz_path, "%s", ev->npz_path);
    (void)snprintf(c->npz_sha256, sizeof c->npz_sha256, "%s", ev->npz_sha256);
    c->export_no = ev->export_no;
    c->export_samples = ev->sample_count;
    c->export_new = untrained + ev->new_samples;
    c->export_new = c->export_new < ev->sample_count ? c->export_new : ev->sample_count;
    c->export_game_ms = ev->newest_game_ms;
    c->export_ready_ms = now_ms;
    c->export_ready = 1;
    /* Fewer games sufficed: ask for fewer the next time. */
    if (c->games_since + plan->games_per_request <= plan_target(plan, c)) {
        c->extra -= c->extra < plan->games_per_request ? c->extra : plan->games_per_request;
    }
    c->games_since = 0;
}

static void
on_verdict(struct config *c, uint64_t generation)
{
    if (c->evaluating != 0 && generation >= c->evaluating) {
        c->evaluating = 0;
    }
}

/* Take over a training event. */
static int
note_training(struct rr_ctx *ctx, const struct rr_event *event, struct config *c,
              const struct plan_conf *plan, struct rr_err *err)
{
    const uint64_t now_ms = event->time_ms;
    struct ev_training_completed done;
    struct ev_training_failed failed;
    int rc;

    if (strcmp(event->type, "TRAINING_FAILED") == 0) {
        rc = rr_decode(ctx, event, &rr_type_training_failed, &failed, err);
        if (rc == 0 && strcmp(failed.job_id, c->job_id) == 0) {
            learn_training_failed(ctx, c, plan, failed.retryable != 0, now_ms);
        }
        return rc;
    }
    rc = rr_decode(ctx, event, &rr_type_training_completed, &done, err);
    if (rc != 0 || done.generation <= c->latest.generation) {
        return rc; /* known already */
    }
    training_over(c, now_ms);
    set_model(&c->latest, done.model_path, done.model_sha256, done.generation);
    c->evaluating = done.generation;
    c->failures = 0;
    c->attempts = 0;
    c->cooldown_until_ms = 0;
    return 0;
}

static int
note_evaluation(struct rr_ctx *ctx, const struct rr_event *event, struct config *c,
                struct rr_err *err)
{
    struct ev_evaluation_completed evaluated;
    struct ev_model_promoted promoted;
    struct ev_promotion_rejected rejected;
    int rc;

    if (strcmp(event->type, "EVALUATION_COMPLETED") == 0) {
        rc = rr_decode(ctx, event, &rr_type_evaluation_completed, &evaluated, err);
        if (rc == 0) {
            config_add_point(c, event->time_ms, evaluated.elo);
        }
        return rc;
    }
    if (strcmp(event->type, "MODEL_PROMOTED") == 0) {
        rc = rr_decode(ctx, event, &rr_type_model_promoted, &promoted, err);
        if (rc == 0) {
            c->extra = c->champion.path[0] == '\0' ? 0 : c->extra; /* random games are others */
            set_model(&c->champion, promoted.model_path, promoted.model_sha256,
                      promoted.generation);
            on_verdict(c, promoted.generation);
        }
        return rc;
    }
    rc = rr_decode(ctx, event, &rr_type_promotion_rejected, &rejected, err);
    if (rc == 0) {
        on_verdict(c, rejected.generation);
    }
    return rc;
}

static int
note_data(struct rr_ctx *ctx, const struct rr_event *event, struct config *c,
          const struct plan_conf *plan, struct rr_err *err)
{
    struct ev_selfplay_complete played;
    struct ev_npz_export_complete exported;
    struct ev_training_blocked_by_quality blocked;
    int rc;

    if (strcmp(event->type, "SELFPLAY_COMPLETE") == 0) {
        rc = rr_decode(ctx, event, &rr_type_selfplay_complete, &played, err);
        if (rc == 0) {
            if (!config_request_done(c, played.request)) {
                rr_log(ctx, RR_LOG_INFO,
                       "scheduler: games of a request not waited for config=%s request=%" PRIu64,
                       c->name, played.request);
            }
            c->games_since += played.games_completed;
            c->games_total += played.games_completed;
            c->samples_total += played.samples;
        }
        return rc;
    }
    if (strcmp(event->type, "NPZ_EXPORT_COMPLETE") == 0) {
        rc = rr_decode(ctx, event, &rr_type_npz_export_complete, &exported, err);
        if (rc == 0) {
            on_export(c, plan, &exported, event->time_ms);
        }
        return rc;
    }
    rc = rr_decode(ctx, event, &rr_type_training_blocked_by_quality, &blocked, err);
    if (rc == 0) {
        c->games_since = plan_target(plan, c) / 2; /* play half as much again */
    }
    return rc;
}

static int
note_curriculum(struct rr_ctx *ctx, const struct rr_event *event, struct config *c,
                struct rr_err *err)
{
    struct ev_curriculum_updated updated;
    const int rc = rr_decode(ctx, event, &rr_type_curriculum_updated, &updated, err);

    if (rc == 0) {
        c->weight = updated.weight < 0.5 ? 0.5 : updated.weight > 2.0 ? 2.0 : updated.weight;
        c->budget_scale = updated.budget_scale > 0.0 ? updated.budget_scale : 1.0;
    }
    return rc;
}

int
learn_event(struct rr_ctx *ctx, const struct rr_event *event, struct config *c,
            const struct plan_conf *plan, struct rr_err *err)
{
    c->dirty = 1;
    if (strncmp(event->type, "TRAINING_COMPLETE", 17) == 0 ||
        strcmp(event->type, "TRAINING_FAILED") == 0) {
        return note_training(ctx, event, c, plan, err);
    }
    if (strcmp(event->type, "EVALUATION_COMPLETED") == 0 ||
        strcmp(event->type, "MODEL_PROMOTED") == 0 ||
        strcmp(event->type, "PROMOTION_REJECTED") == 0) {
        return note_evaluation(ctx, event, c, err);
    }
    if (strcmp(event->type, "CURRICULUM_UPDATED") == 0) {
        return note_curriculum(ctx, event, c, err);
    }
    return note_data(ctx, event, c, plan, err);
}
