/* SPDX-License-Identifier: MIT */
/*
 * plan.h - a graph compiled for one batch size: the border between this folder and a backend.
 *
 * A plan is used by one thread at a time, which does all of its work. It reads the parameters where
 * they are: they must outlive it, and plan_refresh() must follow every change of them.
 */
#ifndef RR_NET_PLAN_H
#define RR_NET_PLAN_H

#include "sdk/net/graph.h"

struct plan;

struct plan_conf {
    uint32_t batch;
    uint32_t dtype; /* RR_DTYPE_* */
    bool train;     /* keep what the way back needs */
    /* A plan of the same graph, parameters and dtype whose converted weights serve here as well
     * where their form is the same; it must outlive this one. NULL: none. */
    const struct plan *peer;
};

int plan_new(const struct graph *graph, float *params, const struct plan_conf *conf,
             struct plan **plan, struct rr_err *err);
void plan_free(struct plan *plan);

/* Name of the arithmetic in use: "bf16 avx512_core_amx", "f32 avx2". */
const char *plan_kind(const struct plan *plan);

/* Bytes of activations, gradients and scratch memory. */
size_t plan_bytes(const struct plan *plan);

int plan_refresh(struct plan *plan, struct rr_err *err);

/* Compute n <= batch positions, and copy the results out: policy [n][policy size] and value
 * [n][seats], both logits. */
int plan_forward(struct plan *plan, uint32_t n, const uint8_t *planes, const float *scalars,
                 struct rr_err *err);
void plan_output(const struct plan *plan, uint32_t n, float *policy, float *value);

/* After plan_forward() of a whole batch: derivatives by all parameters from those by the logits. */
int plan_backward(struct plan *plan, const float *policy, const float *value, struct rr_err *err);

/* What plan_backward() computed last, in the order of the parameters. */
const float *plan_gradient(const struct plan *plan);

#endif
