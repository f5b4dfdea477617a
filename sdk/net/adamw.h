/* SPDX-License-Identifier: MIT */
/*
 * adamw.h - the optimiser: Adam with decoupled weight decay.
 */
#ifndef RR_NET_ADAMW_H
#define RR_NET_ADAMW_H

#include "sdk/net/graph.h"

struct adamw {
    uint64_t step; /* steps done */
    float *mean;   /* moments, one for each parameter */
    float *square;
};

int adamw_init(struct adamw *opt, size_t parameters, struct rr_err *err);
void adamw_fini(struct adamw *opt);

/* Euclidean norm of all gradients. */
double adamw_norm(const float *grads, size_t n);

/* One step with gradients times scale. Weights decay, biases do not. */
void adamw_step(struct adamw *opt, const struct graph *graph, const struct rr_train_conf *conf,
                float learning_rate, float scale, const float *grads, float *params);

#endif
