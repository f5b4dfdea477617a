/* SPDX-License-Identifier: MIT */
/*
 * model.c - the trained model's file, with its lineage and the facts of its training.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include <jansson.h>

#include <rr/digest.h>

#include "trainer.h"

static json_t *
facts(const struct trainer_job *job, const struct rr_fit_result *result)
{
    const struct rr_fit_report *last = &result->last;
    /* seconds of this run; what runs before a kill took is not known */
    const double seconds = (double)(trainer_now_ms() - job->began_ms) / 1000;

    return json_pack("{s:s, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:b, s:I}",
                     "npz", job->want.npz_sha256, "epochs", (json_int_t)last->epochs, "steps",
                     (json_int_t)last->step, "samples", (json_int_t)result->samples, "loss",
                     last->train.total, "policy_loss", last->train.policy, "value_loss",
                     last->train.value, "target_entropy", last->train.policy_entropy,
                     "best_val_loss", last->best_val, "val_policy_loss", last->val.policy,
                     "val_value_loss", last->val.value, "seconds", seconds, "early_stopped",
                     (int)result->early_stopped, "resumed_step", (json_int_t)result->resumed_step);
}

int
trainer_model_save(const struct trainer_job *job, const struct rr_net *net,
                   const struct rr_fit_result *result, const char *path, struct rr_err *err)
{
    char generation[24];
    char created[40];
    char architecture[80];
    const time_t now = time(NULL);
    struct tm utc;
    json_t *object = facts(job, result);
    char *training = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9));
    const char *version = rr_fact(job->ctx, "version");
    int rc;

    json_decref(object);
    if (training == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory to save %s", path);
    }
    (void)snprintf(generation, sizeof generation, "%" PRIu64, job->want.generation);
    (void)strftime(created, sizeof created, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));

    const char *inherited = rr_model_meta(job->start, "architecture");
    if (inherited != NULL) {
        (void)snprintf(architecture, sizeof architecture, "%s", inherited);
    } else {
        (void)snprintf(architecture, sizeof architecture, "tower %" PRId64 "x%" PRId64,
                       rr_opt_int(job->ctx, "blocks"), rr_opt_int(job->ctx, "channels"));
    }

    const char *const meta[] = {
        "layout",       job->variant->layout,
        "config",       job->want.config,
        "generation",   generation,
        "parent",       job->want.init_sha256,
        "created",      created,
        "rrd_version",  version == NULL ? "" : version,
        "job",          job->want.job_id,
        "architecture", architecture,
        "training",     training,
        NULL,
    };
    rc = rr_model_save(net, meta, path, err);
    free(training);
    return rc;
}

static double
real(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static uint64_t
count(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

int
trainer_model_event(const struct trainer_job *job, const struct rr_effect *file,
                    struct rr_net **net, char sha256[65], struct ev_training_completed *out,
                    struct rr_err *err)
{
    int rc = rr_model_load(file->path, job->variant->layout, net, err);

    if (rc == 0) {
        rc = rr_sha256_file(file->path, sha256, NULL, err);
    }
    if (rc != 0) {
        return rc;
    }

    const char *text = rr_model_meta(*net, "training");
    const char *architecture = rr_model_meta(*net, "architecture");
    json_t *object = text == NULL ? NULL : json_loads(text, 0, NULL);
    if (object == NULL || architecture == NULL) {
        json_decref(object);
        return rr_err_set(err, RR_E_CORRUPT, "%s: facts of the training are missing", file->name);
    }
    *out = (struct ev_training_completed){
        .config = job->want.config,
        .job_id = job->want.job_id,
        .generation = job->want.generation,
        .model_path = file->name,
        .model_sha256 = sha256,
        .npz_path = job->want.npz_path,
        .epochs = count(object, "epochs"),
        .steps = count(object, "steps"),
        .samples_trained = count(object, "samples"),
        .final_loss = real(object, "loss"),
        .policy_loss = real(object, "policy_loss"),
        .value_loss = real(object, "value_loss"),
        .best_val_loss = real(object, "best_val_loss"),
        .val_policy_loss = real(object, "val_policy_loss"),
        .val_value_loss = real(object, "val_value_loss"),
        .duration_seconds = real(object, "seconds"),
        .early_stopped = json_is_true(json_object_get(object, "early_stopped")) ? 1 : 0,
        .architecture = architecture,
    };
    json_decref(object);
    return 0;
}
