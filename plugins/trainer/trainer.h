/* SPDX-License-Identifier: MIT */
/*
 * trainer.h - what the files of the trainer stage share.
 */
#ifndef RR_PLUGIN_TRAINER_H
#define RR_PLUGIN_TRAINER_H

#include <stdbool.h>

#include <rr/effect.h>
#include <rr/events.h>
#include <rr/game.h>
#include <rr/net.h>
#include <rr/plugin.h>
#include <rr/train.h>

/* Classes of TRAINING_FAILED. */
#define TRAINER_DATA "data"         /* the samples, or what the request names, are no good */
#define TRAINER_MISMATCH "mismatch" /* layouts or shapes differ */
#define TRAINER_NUMERIC "numeric"   /* a loss that is not finite */
#define TRAINER_RESOURCE "resource" /* memory or disk */
#define TRAINER_INTERNAL "internal" /* anything else */

/* One request while it is worked on. */
struct trainer_job {
    struct rr_ctx *ctx;
    const struct rr_event *event;
    struct ev_training_requested want;
    const struct rr_variant *variant;
    const char *data_dir;
    char checkpoint_dir[RR_EFFECT_PATH_MAX];
    char identity[160];
    struct rr_net *start;
    struct rr_samples *samples;
    struct rr_fit_conf conf;
    uint64_t began_ms;
    uint64_t told_ms;    /* last progress; 0: none yet */
    uint64_t first_step; /* that this attempt made, for the rate */
};

/* job.c: find the game, the start net and the samples, and work out the settings. */
int trainer_job_open(struct trainer_job *job, struct rr_err *err);
void trainer_job_close(struct trainer_job *job);
/* Class of an error code of opening or training. */
const char *trainer_job_class(int code);
/* Whether the same request may succeed later. */
bool trainer_is_retryable(const char *error_class);
/* Where the checkpoints of this request lie. */
int trainer_checkpoint_dir(const struct trainer_job *job, char dir[RR_EFFECT_PATH_MAX],
                           struct rr_err *err);

/* model.c: the model file and the event that tells of it. What the event says is kept in the file's
 * metadata, so that a handler that is run again after the file was made can say the same. */
int trainer_model_save(const struct trainer_job *job, const struct rr_net *net,
                       const struct rr_fit_result *result, const char *path, struct rr_err *err);
/* Fill *out from the file; its texts live in *net, which the caller frees, and in sha256. */
int trainer_model_event(const struct trainer_job *job, const struct rr_effect *file,
                        struct rr_net **net, char sha256[65], struct ev_training_completed *out,
                        struct rr_err *err);

uint64_t trainer_now_ms(void);

#endif
