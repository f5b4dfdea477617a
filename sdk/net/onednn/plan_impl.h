/* SPDX-License-Identifier: MIT */
/*
 * plan_impl.h - what a plan of the oneDNN backend consists of.
 *
 * A slot holds the values of a node, a step computes one slot from others. Maps are in the type of
 * the plan (bf16 or f32), vectors are always f32.
 */
#ifndef RR_NET_ONEDNN_PLAN_IMPL_H
#define RR_NET_ONEDNN_PLAN_IMPL_H

#include "sdk/net/onednn/cells.h"
#include "sdk/net/onednn/conv.h"
#include "sdk/net/plan.h"

struct slot {
    void *data, *grad;
    size_t row;     /* values of one position */
    bool half;      /* data is bf16 */
    bool half_grad; /* grad is bf16 */
    bool absorbed;  /* computed as part of the step of its only user */
    bool needs_grad;
    uint32_t last_use; /* step of the last reader */
};

struct step {
    enum graph_op op;
    const struct graph_node *node; /* whose weights are used */
    uint32_t out;                  /* slot */
    uint32_t in[2], n_in;
    bool relu;
    bool sum;           /* a convolution that adds slot in[1] */
    bool in_place;      /* ... which lies in the memory of out already */
    bool add_grad[2];   /* the gradient of the input gets a further term */
    bool share_grad[2]; /* the gradient of the input is that of the output, same memory */
    uint32_t *where;    /* cells of the maxima, of a global pool in training */
    float *by_input;    /* weights of a linear layer as [in][out] */
    struct conv conv;
};

/* Memory that slots use one after the other. */
struct piece {
    void *data;
    size_t bytes;
    bool is_busy;
};

struct plan {
    const struct graph *graph;
    struct plan_conf conf;
    bool half;
    float *params;
    float *grads;
    struct dn dn;
    struct slot *slots; /* by node */
    struct step *steps; /* in order */
    uint32_t n_steps;
    struct piece *pieces;
    size_t n_pieces;
    char kind[48];
};

/* layout.c: decide the steps, what is fused, and where everything lies. */
int layout_steps(struct plan *plan, struct rr_err *err);
int layout_memory(struct plan *plan, struct rr_err *err);

/* steps.c: compute one step; refresh it after the parameters changed. */
int step_refresh(struct plan *plan, struct step *step, struct rr_err *err);
int step_forward(struct plan *plan, struct step *step, struct rr_err *err);
int step_backward(struct plan *plan, struct step *step, struct rr_err *err);

#endif
