/* SPDX-License-Identifier: MIT */
/*
 * net.c - nets in memory: allocation, first weights, metadata.
 *
 * Does not: read or write files (model.c), compute anything (infer.c, trainer.c).
 */
#include "sdk/net/net.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* splitmix64 (Steele, Lea & Flood 2014): 64 well mixed bits a call from any seed. */
static uint64_t
next_bits(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Normal variate by Box and Muller. */
static double
next_normal(uint64_t *state)
{
    const double u = ((double)(next_bits(state) >> 11) + 1.0) * 0x1p-53; /* in (0, 1] */
    const double v = (double)(next_bits(state) >> 11) * 0x1p-53;

    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

/* He et al. 2015, times the gain of the node. Every node has its own stream, so that a change to
 * one node leaves the others as they were. */
static void
init_weights(struct rr_net *net, uint64_t seed)
{
    for (uint32_t i = 0; i < net->graph->n; i++) {
        const struct graph_node *node = &net->graph->nodes[i];
        uint64_t state = seed ^ ((uint64_t)i << 32);
        double scale;

        if (!graph_has_weights(node) || node->gain <= 0.0) {
            continue;
        }
        (void)next_bits(&state);
        state ^= next_bits(&state);
        scale = node->gain * sqrt(2.0 * (double)node->channels / (double)node->weight_count);
        for (size_t k = 0; k < node->weight_count; k++) {
            net->params[node->weight + k] = (float)(scale * next_normal(&state));
        }
    }
}

int
net_alloc(const char *graph_json, struct rr_net **net, struct rr_err *err)
{
    struct rr_net *n = calloc(1, sizeof *n);
    int rc = -ENOMEM;

    *net = NULL;
    if (n == NULL) {
        return rr_err_set(err, -ENOMEM, "net: out of memory");
    }
    rc = graph_parse(graph_json, &n->graph, err);
    if (rc == 0) {
        n->json = strdup(graph_json);
        n->params = calloc(n->graph->parameters + 1, sizeof *n->params);
        n->meta = calloc(1, sizeof *n->meta);
        if (n->json == NULL || n->params == NULL || n->meta == NULL) {
            rc = rr_err_set(err, -ENOMEM, "net: out of memory for %zu parameters",
                            n->graph->parameters);
        }
    }
    if (rc != 0) {
        rr_net_free(n);
        return rc;
    }
    *net = n;
    return 0;
}

int
rr_net_new(const char *graph_json, uint64_t seed, struct rr_net **net, struct rr_err *err)
{
    const int rc = net_alloc(graph_json, net, err);

    if (rc == 0) {
        init_weights(*net, seed);
    }
    return rc;
}

static void
free_meta(char **meta)
{
    for (size_t i = 0; meta != NULL && meta[i] != NULL; i++) {
        free(meta[i]);
    }
    free(meta);
}

void
rr_net_free(struct rr_net *net)
{
    if (net != NULL) {
        graph_free(net->graph);
        free_meta(net->meta);
        free(net->json);
        free(net->params);
        free(net);
    }
}

static const char *
find_meta(char *const *meta, const char *name)
{
    for (size_t i = 0; meta != NULL && meta[i] != NULL; i += 2) {
        if (strcmp(meta[i], name) == 0) {
            return meta[i + 1];
        }
    }
    return NULL;
}

static size_t
meta_length(const char *const *meta)
{
    size_t n = 0;

    while (meta != NULL && meta[n] != NULL) {
        n += 2;
    }
    return n;
}

int
net_set_meta(struct rr_net *net, const char *const *first, const char *const *second,
             struct rr_err *err)
{
    const char *const *lists[2] = {first, second};
    char **meta = calloc(meta_length(first) + meta_length(second) + 1, sizeof *meta);
    size_t n = 0;

    for (int l = 0; meta != NULL && l < 2; l++) {
        for (size_t i = 0; lists[l] != NULL && lists[l][i] != NULL; i += 2) {
            if (strcmp(lists[l][i], "graph") == 0 || find_meta(meta, lists[l][i]) != NULL) {
                continue;
            }
            meta[n] = strdup(lists[l][i]);
            meta[n + 1] = meta[n] == NULL ? NULL : strdup(lists[l][i + 1]);
            if (meta[n] == NULL || meta[n + 1] == NULL) {
                free_meta(meta);
                return rr_err_set(err, -ENOMEM, "net: out of memory for metadata");
            }
            n += 2;
        }
    }
    if (meta == NULL) {
        return rr_err_set(err, -ENOMEM, "net: out of memory for metadata");
    }
    free_meta(net->meta);
    net->meta = meta;
    return 0;
}

const char *
rr_model_meta(const struct rr_net *net, const char *name)
{
    return strcmp(name, "graph") == 0 ? net->json : find_meta(net->meta, name);
}

const struct rr_net_io *
rr_net_io(const struct rr_net *net)
{
    return &net->graph->io;
}

const char *
rr_net_graph(const struct rr_net *net)
{
    return net->json;
}

size_t
rr_net_parameters(const struct rr_net *net)
{
    return net->graph->parameters;
}
