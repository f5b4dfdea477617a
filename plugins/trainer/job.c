/* SPDX-License-Identifier: MIT */
/*
 * job.c - from a request to everything that a training needs.
 *
 * Owns: the opened samples and the start net. Files are used only with the hash that the request
 * names; nothing is replaced by something else when it is missing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include <rr/arena.h>
#include <rr/artifact.h>
#include <rr/gamekit.h>

#include "trainer.h"

uint64_t
trainer_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

const char *
trainer_job_class(int code)
{
    switch (code) {
    case RR_E_MISMATCH:
        return TRAINER_MISMATCH;
    case RR_E_CORRUPT:
    case RR_E_EMPTY:
    case RR_E_INPUT:
    case -ENOENT:
        return TRAINER_DATA;
    case -EDOM:
        return TRAINER_NUMERIC;
    case -ENOMEM:
    case -ENOSPC:
    case -EDQUOT:
    case -EIO:
    case -EMFILE:
    case -ENFILE:
        return TRAINER_RESOURCE;
    default:
        return TRAINER_INTERNAL;
    }
}

bool
trainer_is_retryable(const char *error_class)
{
    return strcmp(error_class, TRAINER_RESOURCE) == 0 || strcmp(error_class, TRAINER_INTERNAL) == 0;
}

/* Equal for every attempt at a request, different for each request. */
static uint64_t
seed_of(const struct trainer_job *job)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

    for (const char *p = job->want.job_id; *p != '\0'; p++) {
        hash = (hash ^ (uint8_t)*p) * 0x100000001b3u;
    }
    return hash ^ (uint64_t)rr_opt_int(job->ctx, "seed");
}

static int
fresh_net(struct trainer_job *job, struct rr_err *err)
{
    const struct rr_variant *v = job->variant;
    const struct rr_tower tower = {
        .io = {.height = v->height,
               .width = v->width,
               .planes = v->planes,
               .scalars = v->scalars,
               .policy_planes = v->policy_planes,
               .policy_scalars = v->policy_scalars,
               .seats = v->seats},
        .channels = (uint32_t)rr_opt_int(job->ctx, "channels"),
        .blocks = (uint32_t)rr_opt_int(job->ctx, "blocks"),
        .pool_every = (uint32_t)rr_opt_int(job->ctx, "pool_every"),
        .head_channels = (uint32_t)rr_opt_int(job->ctx, "head_channels"),
    };
    char *graph = NULL;
    int rc = rr_tower_graph(&tower, &graph, err);

    if (rc == 0) {
        rc = rr_net_new(graph, seed_of(job), &job->start, err);
    }
    free(graph);
    return rc;
}

static int
open_net(struct trainer_job *job, struct rr_err *err)
{
    char path[RR_ARTIFACT_PATH_MAX];
    int rc;

    if (job->want.init_model[0] == '\0') {
        return fresh_net(job, err);
    }
    rc = rr_artifact_check(job->ctx, job->want.init_model, job->want.init_sha256, path, NULL, err);
    if (rc == 0) {
        rc = rr_model_load(path, job->variant->layout, &job->start, err);
    }
    if (rc == RR_E_MISMATCH && strcmp(rr_opt_str(job->ctx, "on_mismatch"), "fresh") == 0) {
        rr_log(job->ctx, RR_LOG_WARN, "%s: %s: on_mismatch = fresh, starting from fresh weights",
               job->want.job_id, err->text);
        return fresh_net(job, err);
    }
    return rc;
}

static uint64_t
steps_of(const struct trainer_job *job)
{
    const uint64_t batch = (uint64_t)rr_opt_int(job->ctx, "batch");
    const uint64_t least = (uint64_t)rr_opt_int(job->ctx, "min_steps");
    const uint64_t most = (uint64_t)rr_opt_int(job->ctx, "max_steps");
    const double reuse = rr_opt_real(job->ctx, "max_reuse");
    const double wanted = (double)job->want.new_samples * reuse / (double)batch;
    const uint64_t steps = wanted < (double)most ? (uint64_t)wanted : most;

    return steps < least ? least : steps;
}

static uint32_t
dtype_of(const char *text)
{
    if (strcmp(text, "f32") == 0) {
        return RR_DTYPE_F32;
    }
    return strcmp(text, "bf16") == 0 ? RR_DTYPE_BF16 : RR_DTYPE_AUTO;
}

static void
settings(struct trainer_job *job)
{
    struct rr_ctx *ctx = job->ctx;
    struct rr_fit_conf *c = &job->conf;
    const int64_t threads = rr_opt_int(ctx, "threads");

    c->train.batch = (uint32_t)rr_opt_int(ctx, "batch");
    c->train.dtype = dtype_of(rr_opt_str(ctx, "dtype"));
    c->train.threads = threads > 0 ? (uint32_t)threads : rr_arena_cores();
    c->train.weight_decay = (float)rr_opt_real(ctx, "weight_decay");
    c->train.beta1 = 0.9f; /* the values of the paper; nobody had reason to move them */
    c->train.beta2 = 0.999f;
    c->train.epsilon = 1e-8f;
    c->train.clip_norm = (float)rr_opt_real(ctx, "clip");
    c->train.policy_weight = (float)rr_opt_real(ctx, "policy_weight");
    c->train.value_weight = (float)rr_opt_real(ctx, "value_weight");
    c->seed = seed_of(job);
    c->steps = steps_of(job);
    c->warmup_steps = (uint64_t)rr_opt_int(ctx, "warmup_steps");
    c->schedule =
        strcmp(rr_opt_str(ctx, "schedule"), "cosine") == 0 ? RR_FIT_COSINE : RR_FIT_CONSTANT;
    c->learning_rate = rr_opt_real(ctx, "learning_rate");
    c->final_fraction = rr_opt_real(ctx, "final_fraction");
    c->max_val_samples = (uint64_t)rr_opt_int(ctx, "max_val_samples");
    c->patience = (uint32_t)rr_opt_int(ctx, "patience");
    c->checkpoint_dir = job->checkpoint_dir;
    c->checkpoint_steps = (uint64_t)rr_opt_int(ctx, "checkpoint_steps");
    c->checkpoint_ms = (uint64_t)rr_opt_int(ctx, "checkpoint_interval");
    c->checkpoint_keep = (uint32_t)rr_opt_int(ctx, "checkpoint_keep");
    (void)snprintf(job->identity, sizeof job->identity, "%.64s %.64s", job->want.npz_sha256,
                   job->want.init_sha256);
    c->identity = job->identity;
    c->user = job;
}

int
trainer_checkpoint_dir(const struct trainer_job *job, char dir[RR_EFFECT_PATH_MAX],
                       struct rr_err *err)
{
    const int n = snprintf(dir, RR_EFFECT_PATH_MAX, "%s/checkpoints/%s/%016" PRIx64, job->data_dir,
                           job->want.config, job->event->id);

    if (n < 0 || n >= RR_EFFECT_PATH_MAX) {
        return rr_err_set(err, -ENAMETOOLONG, "%.120s/checkpoints: path too long", job->data_dir);
    }
    return 0;
}

int
trainer_job_open(struct trainer_job *job, struct rr_err *err)
{
    char path[RR_ARTIFACT_PATH_MAX];
    int rc = open_net(job, err);

    if (rc != 0) {
        return rc;
    }
    rr_progress(job->ctx, 0, 0, "reading samples");
    rc = rr_artifact_check(job->ctx, job->want.npz_path, job->want.npz_sha256, path, NULL, err);
    if (rc == 0) {
        rc = rr_samples_open(path, rr_net_io(job->start), job->variant->layout, &job->samples, err);
    }
    if (rc == 0) {
        rc = trainer_checkpoint_dir(job, job->checkpoint_dir, err);
    }
    if (rc == 0) {
        rc = rr_effect_make_dirs(job->checkpoint_dir, strlen(job->data_dir), err);
    }
    if (rc == 0) {
        settings(job);
    }
    return rc;
}

void
trainer_job_close(struct trainer_job *job)
{
    rr_samples_close(job->samples);
    rr_net_free(job->start);
    job->samples = NULL;
    job->start = NULL;
}
