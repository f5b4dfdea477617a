/* SPDX-License-Identifier: MIT */
/*
 * train_int.h - what the files of the training engine share.
 */
#ifndef RR_TRAIN_INT_H
#define RR_TRAIN_INT_H

#include <rr/train.h>

/* samples.c: buffers of one batch, grown as needed. */
struct samples_batch {
    struct rr_batch batch; /* points into the buffers below */
    uint32_t capacity;
    uint8_t *planes;
    float *scalars;
    float *value;
    float *weight;
    int64_t *policy_off;
    int64_t *legal_off;
    int32_t *policy_idx;
    float *policy_val;
    int32_t *legal_idx;
    size_t policy_capacity;
    size_t legal_capacity;
};

int samples_batch_init(struct samples_batch *batch, const struct rr_samples *samples,
                       uint32_t capacity, struct rr_err *err);
void samples_batch_fini(struct samples_batch *batch);
/* Fill with the samples picked[0 .. n - 1], which number the samples of a split from 0. */
int samples_gather(const struct rr_samples *samples, uint32_t split, const uint64_t *picked,
                   uint32_t n, struct samples_batch *batch, struct rr_err *err);

/* Sum of the weights of a batch, and of its samples that have a policy target. */
void samples_mass(const struct rr_batch *batch, double *policy, double *value);

/* order.c: an endless stream of sample numbers, a new permutation of 0 .. count - 1 each pass. */
struct order {
    uint64_t seed;
    uint64_t count;
    uint64_t pass; /* whose permutation is in perm; UINT64_MAX: none yet */
    uint64_t *perm;
};

int order_init(struct order *order, uint64_t seed, uint64_t count, struct rr_err *err);
void order_fini(struct order *order);
/* Sample number at a position of the stream. */
uint64_t order_at(struct order *order, uint64_t position);

/* checkpoint.c: what a job must know besides the trainer's own state. */
struct progress {
    uint64_t step;
    uint64_t epochs;
    uint64_t epoch_steps; /* steps of the running pass, whose losses are summed in sum */
    uint32_t stale;       /* passes since the best validation loss */
    struct rr_loss sum;
    struct rr_loss train; /* of the last finished pass */
    struct rr_loss val;
    double best_val;
};

int checkpoint_save(const char *dir, uint32_t keep, const char *identity,
                    const struct rr_trainer *trainer, const struct progress *progress,
                    struct rr_err *err);
/*
 * Bring trainer and progress to the newest usable checkpoint of this identity.
 *
 * Returns 1 when there was one, 0 when there is none, or a negative code. Restoring into a trainer
 * may fail half way, so that the caller makes a new one for each try: *damaged is then set, the
 * file is removed, and the call is to be repeated.
 */
int checkpoint_restore(const char *dir, const char *identity, struct rr_trainer *trainer,
                       struct progress *progress, bool *damaged, rr_fit_say_fn say, void *user,
                       struct rr_err *err);

#endif
