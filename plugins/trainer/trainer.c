/* SPDX-License-Identifier: MIT */
/*
 * trainer.c - the stage that trains: TRAINING_REQUESTED -> a model file and TRAINING_COMPLETED.
 *
 * Owns: models/CONFIG/, checkpoints/CONFIG/ below the data directory.
 * Does not: choose what to train on or when (scheduler), or judge the model (gauntlet).
 *
 * A request is answered exactly once, by TRAINING_COMPLETED or TRAINING_FAILED. A handler that is
 * killed goes on from its newest checkpoint when the event comes again.
 */
#include <errno.h>
#include <inttypes.h>

#include <rr/gamekit.h>

#include "trainer.h"

/* Often enough for a bar that moves, too seldom to cost anything. */
#define PROGRESS_INTERVAL_MS 500

static const struct rr_opt options[] = {
    {"blocks", RR_OPT_INT, 0, "4", "1..64", "Residual blocks of a net that starts fresh."},
    {"channels", RR_OPT_INT, 0, "64", "8..1024", "Channels of its trunk."},
    {"head_channels", RR_OPT_INT, 0, "32", "4..1024", "Channels of its heads."},
    {"pool_every", RR_OPT_INT, 0, "2", "0..64",
     "Each so many blocks one sees the whole board (global pooling); 0 for none."},
    {"batch", RR_OPT_INT, 0, "256", "1..65536", "Samples a step."},
    {"max_steps", RR_OPT_INT, 0, "300", "1..", "Most optimiser steps of one training."},
    {"min_steps", RR_OPT_INT, 0, "50", "1..", "Fewest, however few samples are new."},
    {"max_reuse", RR_OPT_REAL, 0, "8", "0.01..1000",
     "Steps are bounded so that a sample is seen about so many times: new samples x max_reuse / "
     "batch."},
    {"learning_rate", RR_OPT_REAL, 0, "0.002", "0.0000001..1", "Highest of the schedule."},
    {"schedule", RR_OPT_CHOICE, 0, "cosine", "cosine|constant",
     "How it goes on after the warm-up."},
    {"final_fraction", RR_OPT_REAL, 0, "0.1", "0..1",
     "Share of learning_rate that a cosine ends at."},
    {"warmup_steps", RR_OPT_INT, 0, "20", "0..", "Steps in which it rises to its highest."},
    {"weight_decay", RR_OPT_REAL, 0, "0.0001", "0..1",
     "Decoupled decay of weights, not of biases."},
    {"clip", RR_OPT_REAL, 0, "1", "0..", "Greatest norm of a whole gradient; 0 for any."},
    {"policy_weight", RR_OPT_REAL, 0, "1", "0..1000", "Weight of the policy loss."},
    {"value_weight", RR_OPT_REAL, 0, "1", "0..1000", "Weight of the value loss."},
    {"patience", RR_OPT_INT, 0, "0", "0..",
     "Stop after so many passes without a lower validation loss; 0: never."},
    {"max_val_samples", RR_OPT_INT, 0, "2048", "0..",
     "Validation samples used after each pass; 0 for all."},
    {"threads", RR_OPT_INT, 0, "0", "0..1024", "Threads of the arithmetic; 0: one for each core."},
    {"dtype", RR_OPT_CHOICE, 0, "auto", "auto|bf16|f32",
     "Arithmetic; auto is bf16 where the processor has instructions for it, else f32."},
    {"checkpoint_interval", RR_OPT_DURATION, 0, "20s", "0s..",
     "Time between checkpoints; 0s: none."},
    {"checkpoint_steps", RR_OPT_INT, 0, "0", "0..", "Steps between checkpoints; 0: by time only."},
    {"checkpoint_keep", RR_OPT_INT, 0, "2", "1..100", "Checkpoints kept of the running training."},
    {"on_mismatch", RR_OPT_CHOICE, 0, "fail", "fail|fresh",
     "When the model to start from has another layout: fail, or start from fresh weights."},
    {"give_up_after", RR_OPT_INT, 0, "3", "1..100",
     "Attempts at one request before TRAINING_FAILED; keep it below the stage's attempts."},
    {"seed", RR_OPT_INT, 0, "1", "0..", "Changes first weights and the order of samples."},
    RR_OPT_END,
};

static const struct rr_port consumes[] = {{.type = &rr_type_training_requested}, {0}};
static const struct rr_port produces[] = {
    {.type = &rr_type_training_started},
    {.type = &rr_type_training_progress},
    {.type = &rr_type_training_completed},
    {.type = &rr_type_training_failed},
    {0},
};

static int
check(struct rr_ctx *ctx, struct rr_err *err)
{
    if (rr_opt_int(ctx, "min_steps") > rr_opt_int(ctx, "max_steps")) {
        return rr_err_set(err, RR_E_CONFIG, "min_steps = %" PRId64 " is above max_steps = %" PRId64,
                          rr_opt_int(ctx, "min_steps"), rr_opt_int(ctx, "max_steps"));
    }
    if (rr_opt_real(ctx, "policy_weight") + rr_opt_real(ctx, "value_weight") <= 0) {
        return rr_err_set(err, RR_E_CONFIG,
                          "policy_weight and value_weight are both 0: there is "
                          "nothing to learn");
    }
    return 0;
}

static int
on_step(void *user, const struct rr_fit_report *at)
{
    struct trainer_job *job = user;
    const uint64_t now = trainer_now_ms();

    if (job->told_ms == 0) {
        job->first_step = at->step - 1;
    }
    if (now - job->told_ms >= PROGRESS_INTERVAL_MS || at->step == at->steps) {
        char text[160];
        const double seconds = (double)(now - job->began_ms + 1) / 1000;
        const double samples = (double)((at->step - job->first_step) * job->conf.train.batch);

        (void)snprintf(text, sizeof text,
                       "%s gen %" PRIu64 ": step %" PRIu64 "/%" PRIu64
                       ", loss %.3f, %.0f samples/s",
                       job->want.config, job->want.generation, at->step, at->steps, at->train.total,
                       samples / seconds);
        rr_progress(job->ctx, at->step, at->steps, text);
        job->told_ms = now;
    }
    return rr_should_stop(job->ctx);
}

static int
on_epoch(void *user, const struct rr_fit_report *at, struct rr_err *err)
{
    struct trainer_job *job = user;
    char key[160];
    const struct ev_training_progress out = {
        .config = job->want.config,
        .job_id = job->want.job_id,
        .epoch = at->epochs,
        .step = at->step,
        .train_loss = at->train.total,
        .val_loss = at->val.total,
        .learning_rate = at->learning_rate,
    };

    (void)snprintf(key, sizeof key, "%.100s/%" PRIu64, job->want.job_id, at->epochs);
    return rr_emit_now(job->ctx, &rr_type_training_progress, key, job->want.config, &out, err);
}

static void
on_say(void *user, const char *text)
{
    const struct trainer_job *job = user;

    rr_log(job->ctx, RR_LOG_WARN, "%s: %s", job->want.job_id, text);
}

static int
announce(struct trainer_job *job, struct rr_err *err)
{
    const struct ev_training_started out = {
        .config = job->want.config,
        .job_id = job->want.job_id,
        .npz_path = job->want.npz_path,
        .steps = job->conf.steps,
        .batch_size = job->conf.train.batch,
        .learning_rate = job->conf.learning_rate,
        .init_model = job->want.init_model,
    };

    return rr_emit_now(job->ctx, &rr_type_training_started, job->want.job_id, job->want.config,
                       &out, err);
}

/* Train and bring the model to disk. */
static int
train(struct trainer_job *job, struct rr_effect *file, struct rr_err *err)
{
    struct rr_fit_result result;
    struct rr_net *net = NULL;
    int rc = trainer_job_open(job, err);

    if (rc == 0) {
        rc = announce(job, err);
    }
    if (rc == 0) {
        job->conf.step_done = on_step;
        job->conf.epoch_done = on_epoch;
        job->conf.say = on_say;
        job->began_ms = trainer_now_ms();
        rc = rr_fit(job->start, job->samples, &job->conf, &net, &result, err);
    }
    if (rc == 0) {
        rc = trainer_model_save(job, net, &result, file->temp, err);
    }
    if (rc == 0) {
        rc = rr_effect_commit(file, err);
    }
    rr_net_free(net);
    trainer_job_close(job);
    return rc;
}

static int
complete(struct trainer_job *job, const struct rr_effect *file, struct rr_err *err)
{
    struct ev_training_completed out;
    struct rr_net *net = NULL;
    char sha256[65];
    int rc = trainer_model_event(job, file, &net, sha256, &out, err);

    if (rc == 0) {
        rr_note(job->ctx, out.config,
                "gen %" PRIu64 ": %" PRIu64
                " steps in %.0f s, loss %.3f (policy %.3f, value %.3f), "
                "validation %.3f, best %.3f",
                out.generation, out.steps, out.duration_seconds, out.final_loss, out.policy_loss,
                out.value_loss, out.val_policy_loss + out.val_value_loss, out.best_val_loss);
        rc = rr_emit(job->ctx, &rr_type_training_completed, NULL, out.config, &out, err);
    }
    rr_net_free(net);
    return rc;
}

/* The request cannot be met: say so in an event, which answers it. */
static int
fail(struct trainer_job *job, const char *error_class, const struct rr_err *why, struct rr_err *err)
{
    const struct ev_training_failed out = {
        .config = job->want.config,
        .job_id = job->want.job_id,
        .generation = job->want.generation,
        .error_class = error_class,
        .error = why->text,
        .retryable = trainer_is_retryable(error_class),
    };

    rr_log(job->ctx, RR_LOG_ERROR, "%s failed (%s): %s", job->want.job_id, error_class, why->text);
    rr_note(job->ctx, job->want.config, "gen %" PRIu64 " failed (%s): %.160s", job->want.generation,
            error_class, why->text);
    return rr_emit(job->ctx, &rr_type_training_failed, NULL, job->want.config, &out, err);
}

/* Make the model unless it is there, and emit TRAINING_COMPLETED. */
static int
answer(struct trainer_job *job, struct rr_err *err)
{
    const int64_t limit = rr_opt_int(job->ctx, "give_up_after");
    const struct rr_game *game;
    struct rr_effect file;
    char dir[160];
    char prefix[40];
    int rc =
        rr_game_find(rr_fact(job->ctx, "plugin_path"), job->want.config, &game, &job->variant, err);

    if (rc != 0) {
        return rc;
    }
    (void)snprintf(dir, sizeof dir, "models/%.100s", job->want.config);
    (void)snprintf(prefix, sizeof prefix, "g%04" PRIu64 "-", job->want.generation);
    rc = rr_effect_begin(&file, job->ctx, job->event, dir, prefix, ".safetensors", err);
    if (rc == 0 && !file.done) {
        if (job->event->attempt > limit) {
            return rr_err_set(err, -ECANCELED, "given up: %u attempts died; see the stage's log",
                              job->event->attempt - 1);
        }
        rc = train(job, &file, err);
        if (rc != 0) {
            rr_effect_abort(&file);
        }
    }
    if (rc == 0) {
        rc = complete(job, &file, err);
    }
    return rc;
}

/* The checkpoints of a request that has its answer. Files that stay behind only cost space. */
static void
forget(const struct trainer_job *job)
{
    char dir[RR_EFFECT_PATH_MAX];
    struct rr_err why = RR_ERR_INIT;

    if (trainer_checkpoint_dir(job, dir, &why) != 0 || rr_fit_forget(dir, &why) != 0) {
        rr_log(job->ctx, RR_LOG_WARN, "%s: %s", job->want.job_id, why.text);
    }
}

static int
on_event(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err)
{
    struct trainer_job job = {.ctx = ctx, .event = event, .data_dir = rr_fact(ctx, "data_dir")};
    const char *error_class;
    int rc;

    if (rr_decode(ctx, event, &rr_type_training_requested, &job.want, err) != 0) {
        return RR_REJECT;
    }
    rc = answer(&job, err);
    if (rc == RR_E_STOPPED) {
        return RR_RETRY;
    }
    if (rc != 0) {
        const struct rr_err why = *err;

        error_class = trainer_job_class(rc);
        if (trainer_is_retryable(error_class) &&
            event->attempt < rr_opt_int(ctx, "give_up_after")) {
            return RR_RETRY;
        }
        if (fail(&job, error_class, &why, err) != 0) {
            return RR_RETRY;
        }
    }
    forget(&job);
    return RR_DONE;
}

RR_PLUGIN(.name = "trainer_cpu", .version = "1.0",
          .summary = "trains nets on the processor, with checkpoints", .options = options,
          .consumes = consumes, .produces = produces, .check = check, .event = on_event)
