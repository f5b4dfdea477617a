/* SPDX-License-Identifier: MIT */
/*
 * net.h - what struct rr_net holds, for the other files of this folder.
 */
#ifndef RR_NET_NET_H
#define RR_NET_NET_H

#include "sdk/net/graph.h"

/* Parameters lie in one vector: of each node its weights (conv2d: [out][in][k][k], linear:
 * [out][in]), then its biases, at the offsets that the graph says. */
struct rr_net {
    struct graph *graph;
    char *json;
    char **meta; /* name, value, ..., NULL */
    float *params;
};

/* A net with all parameters 0 and no metadata; freed with rr_net_free(). */
int net_alloc(const char *graph_json, struct rr_net **net, struct rr_err *err);

/* Replace the metadata of a net by what two lists say; the first wins where both name a key. Either
 * may be NULL; the key "graph" is left out, because the net has its own. */
int net_set_meta(struct rr_net *net, const char *const *first, const char *const *second,
                 struct rr_err *err);

#endif
