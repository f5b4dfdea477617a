/* SPDX-License-Identifier: MIT */
/*
 * rr/net.h - neural nets: a graph of layers, inference and training steps.
 *
 * A net is data: a graph of layers as JSON (doc/net-graph.md) plus named f32 tensors. A backend
 * compiles it; this header hides which. Shapes: activations are [batch][height][width][channel];
 * planes are uint8 where 255 stands for 1.0.
 *
 * struct rr_net is immutable once made, and may be shared by threads; struct rr_infer and struct
 * rr_trainer belong to one thread at a time. Nothing of this is used before a fork.
 */
#ifndef RR_NET_H
#define RR_NET_H

#include <rr/err.h>

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

struct rr_net;
struct rr_infer;
struct rr_trainer;

#define RR_DTYPE_AUTO 0u /* bf16 where the processor has instructions for it, else f32 */
#define RR_DTYPE_F32 1u
#define RR_DTYPE_BF16 2u

/* Shapes at the border of a net. */
struct rr_net_io {
    uint32_t height, width, planes, scalars;
    uint32_t policy_planes, policy_scalars, seats;
};

/* The default tower: stem, residual blocks with global pooling in some of them, 1x1 policy head,
 * value head over seats. */
struct rr_tower {
    struct rr_net_io io;
    uint32_t channels; /* of the trunk */
    uint32_t blocks;
    uint32_t pool_every; /* each so many blocks one has global pooling; 0 for none */
    uint32_t head_channels;
};

/* Write the graph of a tower as JSON; *json is released with free(). */
int rr_tower_graph(const struct rr_tower *tower, char **json, struct rr_err *err);

/* A net with freshly initialised weights; equal seeds give equal weights. */
int rr_net_new(const char *graph_json, uint64_t seed, struct rr_net **net, struct rr_err *err);
void rr_net_free(struct rr_net *net);

const struct rr_net_io *rr_net_io(const struct rr_net *net);
const char *rr_net_graph(const struct rr_net *net);
size_t rr_net_parameters(const struct rr_net *net);

/*
 * A model file is safetensors: tensors by name, and string metadata: "graph", "layout" (of the game
 * variant), "config", "generation", "parent", "created", "rrd_version" and training facts. Saving
 * writes path.tmp, syncs it and renames it. meta: name, value, name, value, ..., NULL; may be NULL.
 * "graph" and "rrd_version" are written by themselves, and what the net was loaded with stays where
 * meta does not say otherwise.
 */
int rr_model_save(const struct rr_net *net, const char *const *meta, const char *path,
                  struct rr_err *err);

/* layout: the variant's layout; another one in the file is RR_E_MISMATCH. NULL: do not compare. */
int rr_model_load(const char *path, const char *layout, struct rr_net **net, struct rr_err *err);

/* A metadata value of a loaded model, or NULL. Borrowed from the net. */
const char *rr_model_meta(const struct rr_net *net, const char *name);

/* Compile for inference with up to max_batch positions a call, computed by the calling thread
 * alone. The net must outlive it. RR_DTYPE_BF16 on a processor without it is an error, never f32.
 */
int rr_infer_new(const struct rr_net *net, uint32_t max_batch, uint32_t dtype,
                 struct rr_infer **infer, struct rr_err *err);
void rr_infer_free(struct rr_infer *infer);

/* Name of the arithmetic in use: "bf16 avx512_core_amx", "f32 avx2", ... */
const char *rr_infer_kind(const struct rr_infer *infer);

/*
 * Evaluate n positions. planes: uint8 [n][height][width][planes]; scalars: [n][scalars].
 * policy: logits [n][height * width * policy_planes + policy_scalars] (index order as in
 * rr/game.h); value: [n][seats], probabilities of winning, seat 0 to act, sum 1.
 * The result for a position does not depend on the others in the batch.
 */
int rr_infer_run(struct rr_infer *infer, uint32_t n, const uint8_t *planes, const float *scalars,
                 float *policy, float *value, struct rr_err *err);

/* n training samples. CSR: row i covers [off[i], off[i + 1]). */
struct rr_batch {
    uint32_t n;
    const uint8_t *planes;
    const float *scalars;
    const int64_t *policy_off; /* targets: probabilities, sum 1 a row; an empty row has no target */
    const int32_t *policy_idx;
    const float *policy_val;
    const int64_t *legal_off; /* softmax is taken over the legal indices only */
    const int32_t *legal_idx;
    const float *value;  /* [n][seats], shares of the win, seat 0 to act */
    const float *weight; /* [n], mean about 1; NULL: all 1 */
};

struct rr_loss {
    /* Cross-entropies in nats, weighted means: policy over the samples with a policy target, value
     * over all. total: with the weights of the conf. */
    double total, policy, value;
    double policy_entropy; /* of the targets: the floor of policy */
    double grad_norm;      /* before clipping; 0 in evaluation */
};

struct rr_train_conf {
    uint32_t batch; /* fixed: every step has exactly this many samples */
    uint32_t dtype;
    uint32_t threads; /* 0: as many as cores. Equal numbers give equal results */
    float weight_decay, beta1, beta2, epsilon; /* AdamW: Loshchilov & Hutter 2019, algorithm 2 */
    float clip_norm;                           /* global; 0 for none */
    float policy_weight, value_weight;
};

/* A trainer starts from the weights of net (copied), with f32 master weights. */
int rr_trainer_new(const struct rr_net *net, const struct rr_train_conf *conf,
                   struct rr_trainer **trainer, struct rr_err *err);
void rr_trainer_free(struct rr_trainer *trainer);

/* As rr_infer_kind(). */
const char *rr_trainer_kind(const struct rr_trainer *trainer);

/* Optimiser steps done, those before a checkpoint included. */
uint64_t rr_trainer_steps(const struct rr_trainer *trainer);

/* One optimiser step. A loss that is not finite is an error, and changes nothing. */
int rr_trainer_step(struct rr_trainer *trainer, const struct rr_batch *batch, float learning_rate,
                    struct rr_loss *loss, struct rr_err *err);

/* Losses without a step; batch->n may be smaller than the conf's. */
int rr_trainer_eval(struct rr_trainer *trainer, const struct rr_batch *batch, struct rr_loss *loss,
                    struct rr_err *err);

/* The trained weights as a net of their own (graph and metadata of the start net). */
int rr_trainer_net(const struct rr_trainer *trainer, struct rr_net **net, struct rr_err *err);

/* Whole state (weights, moments, step count) to and from one safetensors file; with it training
 * goes on bit for bit as if it had not been interrupted. */
int rr_trainer_save(const struct rr_trainer *trainer, const char *const *meta, const char *path,
                    struct rr_err *err);
int rr_trainer_restore(struct rr_trainer *trainer, const char *path, struct rr_err *err);

#pragma GCC visibility pop

#endif
