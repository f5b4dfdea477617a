/* SPDX-License-Identifier: MIT */
/*
 * conv.h - one convolution of a plan, forward and backward, with its converted weights.
 *
 * The way back by the input is a forward convolution with mirrored, transposed weights: the
 * library's forward kernels are the faster ones, and they can add to what is there.
 */
#ifndef RR_NET_ONEDNN_CONV_H
#define RR_NET_ONEDNN_CONV_H

#include "sdk/net/graph.h"
#include "sdk/net/onednn/dn.h"

struct conv_conf {
    const struct graph_node *node;
    size_t batch, height, width;
    bool half;     /* bf16 activations and weights; else f32 */
    bool wide_out; /* f32 result all the same */
    bool sum;      /* add to what is in out */
    bool relu;
    void *in, *out;
    float *params;
    /* Training only, else NULL: gradients by the result, the input (NULL when nobody wants it) and
     * the parameters. */
    void *out_grad, *in_grad;
    bool accumulate; /* add to what is in in_grad */
    float *grads;
};

struct conv {
    struct prim forward, load;        /* load: converts the weights */
    struct prim back_in, load_mirror; /* with mirrored weights */
    struct prim back_weights, store;  /* store: gradient to its place */
    dnnl_memory_desc_t weights_md;
    void *weights;
    bool borrowed; /* weights are those of a peer */
    void *mirror;
    float *mirror_full; /* mirrored weights as f32, [in][out][k][k] */
    float *back_full;   /* gradient by the weights, in the library's layout */
    const float *params;
    uint32_t in_channels, out_channels, area;
};

/* peer: a convolution of the same parameters whose weights may serve here too, or NULL. */
int conv_init(struct conv *conv, struct dn *dn, const struct conv_conf *conf,
              const struct conv *peer, struct rr_err *err);
void conv_fini(struct conv *conv);

/* Convert the weights again after the parameters changed. */
int conv_refresh(struct conv *conv, struct dn *dn, struct rr_err *err);

int conv_forward(const struct conv *conv, struct dn *dn, struct rr_err *err);
int conv_backward(const struct conv *conv, struct dn *dn, struct rr_err *err);

#endif
