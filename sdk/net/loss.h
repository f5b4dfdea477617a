/* SPDX-License-Identifier: MIT */
/*
 * loss.h - the losses of a policy and a value head, and their derivatives by the logits.
 */
#ifndef RR_NET_LOSS_H
#define RR_NET_LOSS_H

#include <rr/net.h>

#include <stdbool.h>

struct loss_shape {
    size_t policy, seats; /* logits a sample */
};

/*
 * Check what a batch refers to: increasing offsets, indices in range, targets among the legal ones
 * and finite. marks: one number for each policy logit, all 0 at first, kept by the caller.
 */
int loss_check(const struct loss_shape *shape, const struct rr_batch *batch, uint32_t *marks,
               struct rr_err *err);

/*
 * Means over the batch, weighted with the weights of the samples: of the policy over the samples
 * that have a policy target, of the value over all. The derivatives of
 * policy_weight * policy + value_weight * value are written where the pointers are not NULL;
 * rows beyond the batch are not touched.
 */
struct loss_conf {
    double policy_weight, value_weight;
    float *policy_grad; /* [n][policy] */
    float *value_grad;  /* [n][seats] */
};
void loss_compute(const struct loss_shape *shape, const struct loss_conf *conf,
                  const struct rr_batch *batch, const float *policy, const float *value,
                  struct rr_loss *loss);

#endif
