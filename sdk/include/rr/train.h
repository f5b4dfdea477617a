/* SPDX-License-Identifier: MIT */
/*
 * rr/train.h - the training engine: from a file of samples to a trained net.
 *
 * One call of rr_fit() is one job: shuffled passes over the training split, a learning-rate
 * schedule, losses on the validation split after each pass, and checkpoints from which a job that
 * was killed goes on. With equal input, settings and number of threads the weights are equal bit
 * for bit, however often the job was interrupted.
 */
#ifndef RR_TRAIN_H
#define RR_TRAIN_H

#include <rr/err.h>
#include <rr/net.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

#define RR_SPLIT_TRAIN 0u
#define RR_SPLIT_VALIDATION 1u

/* Samples of one NPZ file (rr/npz.h), in memory. */
struct rr_samples;

/*
 * Read a file and check every sample: shapes against io, indices against the policy, targets that
 * are distributions over legal moves, finite numbers. layout is the game variant's; a file of
 * another layout or shape is RR_E_MISMATCH, a file that breaks a rule RR_E_CORRUPT with the number
 * of the sample, one without training samples RR_E_EMPTY.
 */
int rr_samples_open(const char *path, const struct rr_net_io *io, const char *layout,
                    struct rr_samples **samples, struct rr_err *err);
void rr_samples_close(struct rr_samples *samples);
uint64_t rr_samples_count(const struct rr_samples *samples, uint32_t split);

/* Learning rate over the steps, after a linear warm-up. */
#define RR_FIT_CONSTANT 0u
#define RR_FIT_COSINE 1u /* falls to learning_rate * final_fraction at the last step */

struct rr_fit_report {
    uint64_t step, steps;
    uint64_t epochs; /* passes finished; the last one may be a part of a pass */
    double learning_rate;
    struct rr_loss train; /* means of the pass that just ended, or of the running one */
    struct rr_loss val;   /* zeros when there is no validation split */
    double best_val;      /* lowest val.total so far */
    bool has_val;
};

/* Told after each pass. Returns 0, or a negative code with *err, which ends the job. */
typedef int (*rr_fit_epoch_fn)(void *user, const struct rr_fit_report *report, struct rr_err *err);
/* Told after each step. Returns 0, or 1 to stop: a checkpoint is written, RR_E_STOPPED returned. */
typedef int (*rr_fit_step_fn)(void *user, const struct rr_fit_report *report);
/* Takes a line for the log: a checkpoint that could not be used, and why. */
typedef void (*rr_fit_say_fn)(void *user, const char *text);

struct rr_fit_conf {
    struct rr_train_conf train;
    uint64_t seed; /* of the order of samples */
    uint64_t steps;
    uint64_t warmup_steps;
    uint32_t schedule; /* RR_FIT_* */
    double learning_rate;
    double final_fraction;
    uint64_t max_val_samples; /* 0: all */
    uint32_t patience;        /* stop after so many passes without a lower val loss; 0: never */

    const char *checkpoint_dir; /* of this job alone, made when missing; NULL: no checkpoints */
    uint64_t checkpoint_steps;  /* 0: not by steps */
    uint64_t checkpoint_ms;     /* 0: not by time */
    uint32_t checkpoint_keep;   /* newest so many */
    /* What else decides the result (hashes of the data and of the start net). A checkpoint that was
     * made with another identity or other settings is not used. */
    const char *identity;

    rr_fit_epoch_fn epoch_done; /* the callbacks may be NULL */
    rr_fit_step_fn step_done;
    rr_fit_say_fn say;
    void *user;
};

struct rr_fit_result {
    struct rr_fit_report last; /* as after the last pass */
    uint64_t samples;          /* seen, repetitions counted */
    uint64_t resumed_step;     /* step of the checkpoint that the job went on from, or 0 */
    bool early_stopped;
};

/* Train. *net is the caller's, with the graph and the metadata of start. A loss or a gradient that
 * is not finite is -EDOM. */
int rr_fit(const struct rr_net *start, const struct rr_samples *samples,
           const struct rr_fit_conf *conf, struct rr_net **net, struct rr_fit_result *result,
           struct rr_err *err);

/* Learning rate of step `step` (0 .. steps - 1). */
double rr_fit_rate(const struct rr_fit_conf *conf, uint64_t step);

/* Remove the checkpoints of a job and its directory; a directory that is not there is fine. */
int rr_fit_forget(const char *checkpoint_dir, struct rr_err *err);

#pragma GCC visibility pop

#endif
