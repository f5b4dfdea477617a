/* SPDX-License-Identifier: MIT */
/*
 * graph.h - the graph of a net: nodes in order of computation, with their shapes.
 *
 * The JSON form is described in doc/net-graph.md. A graph that was parsed is valid: every input
 * stands before its user, every shape fits, every node feeds something, and the sizes are small
 * enough that products of them cannot overflow.
 */
#ifndef RR_NET_GRAPH_H
#define RR_NET_GRAPH_H

#include <rr/net.h>

#include <stdbool.h>

#define GRAPH_NAME_MAX 47
#define GRAPH_NODES_MAX 1024u
#define GRAPH_PARAMETERS_MAX ((size_t)1 << 28) /* 1 GiB of f32 */

enum graph_op {
    OP_INPUT_PLANES,
    OP_INPUT_SCALARS,
    OP_CONV2D,
    OP_LINEAR,
    OP_RELU,
    OP_ADD,
    OP_ADD_CHANNELS,
    OP_GLOBAL_POOL,
    OP_POLICY,
    OP_VALUE
};

struct graph_node {
    char name[GRAPH_NAME_MAX + 1];
    enum graph_op op;
    uint32_t in[2];
    uint32_t n_in;
    uint32_t users;
    bool is_map;       /* a value per cell and channel; else one per channel */
    uint32_t channels; /* of the result */
    uint32_t in_channels;
    uint32_t kernel;
    bool relu;
    double gain;         /* of the initial weights, times He's; 0 starts at zero */
    size_t weight, bias; /* offsets into the parameters: conv2d and linear */
    size_t weight_count;
};

struct graph {
    struct rr_net_io io;
    uint32_t n;
    struct graph_node *nodes;
    uint32_t policy, value; /* indexes of the output nodes */
    size_t parameters;
};

/* Parse and validate; *graph is released with graph_free(). */
int graph_parse(const char *json, struct graph **graph, struct rr_err *err);
void graph_free(struct graph *graph);

/* Number of policy logits. */
size_t graph_policy_size(const struct graph *graph);

/* Multiplications and additions for one position, both counted. */
double graph_flops(const struct graph *graph);

static inline bool
graph_has_weights(const struct graph_node *node)
{
    return node->op == OP_CONV2D || node->op == OP_LINEAR;
}

#endif
