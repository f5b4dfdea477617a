/* SPDX-License-Identifier: MIT */
/*
 * graph.c - reads the JSON form of a graph and infers the shapes.
 *
 * Owns: the list of operations and what each accepts.
 * Does not: know weights (net.c) or how anything is computed (onednn/).
 */
#include "sdk/net/graph.h"

#include <jansson.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "rr-graph/1"
#define SIDE_MAX 64u
#define CHANNELS_MAX 4096u

/* What an operation takes. Which keys it accepts follows from that. */
struct op_info {
    const char *name;
    uint32_t in_min, in_max;
    bool has_out, has_kernel, has_relu;
};

static const struct op_info ops[] = {
    [OP_INPUT_PLANES] = {"input_planes", 0, 0, false, false, false},
    [OP_INPUT_SCALARS] = {"input_scalars", 0, 0, false, false, false},
    [OP_CONV2D] = {"conv2d", 1, 1, true, true, true},
    [OP_LINEAR] = {"linear", 1, 1, true, false, true},
    [OP_RELU] = {"relu", 1, 1, false, false, false},
    [OP_ADD] = {"add", 2, 2, false, false, true},
    [OP_ADD_CHANNELS] = {"add_channels", 2, 2, false, false, true},
    [OP_GLOBAL_POOL] = {"global_pool", 1, 1, false, false, false},
    [OP_POLICY] = {"policy", 1, 2, false, false, false},
    [OP_VALUE] = {"value", 1, 1, false, false, false},
};
#define N_OPS (sizeof ops / sizeof ops[0])

static int
bad(struct rr_err *err, const char *where, const char *what)
{
    return rr_err_set(err, RR_E_INPUT, "net graph: %s: %s", where, what);
}

/* Read an unsigned number of an object into *out; absent is an error. */
static int
get_number(const json_t *obj, const char *where, const char *key, uint32_t min, uint32_t max,
           uint32_t *out, struct rr_err *err)
{
    const json_t *v = json_object_get(obj, key);

    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max) {
        return rr_err_set(err, RR_E_INPUT, "net graph: %s: \"%s\" must be a number from %u to %u",
                          where, key, min, max);
    }
    *out = (uint32_t)json_integer_value(v);
    return 0;
}

static int
check_keys(const json_t *obj, const char *where, const char *const *known, struct rr_err *err)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)obj, key, value) {
        size_t i = 0;

        while (known[i] != NULL && strcmp(known[i], key) != 0) {
            i++;
        }
        if (known[i] == NULL) {
            return rr_err_set(err, RR_E_INPUT, "net graph: %s: key \"%.40s\" is not known", where,
                              key);
        }
    }
    return 0;
}

static int
parse_io(const json_t *root, struct rr_net_io *io, struct rr_err *err)
{
    static const char *const known[] = {"height",        "width",          "planes", "scalars",
                                        "policy_planes", "policy_scalars", "seats",  NULL};
    const json_t *obj = json_object_get(root, "io");
    int rc;

    if (!json_is_object(obj)) {
        return bad(err, "io", "must be an object");
    }
    rc = check_keys(obj, "io", known, err);
    rc = rc ? rc : get_number(obj, "io", "height", 1, SIDE_MAX, &io->height, err);
    rc = rc ? rc : get_number(obj, "io", "width", 1, SIDE_MAX, &io->width, err);
    rc = rc ? rc : get_number(obj, "io", "planes", 1, CHANNELS_MAX, &io->planes, err);
    rc = rc ? rc : get_number(obj, "io", "scalars", 0, CHANNELS_MAX, &io->scalars, err);
    rc = rc ? rc : get_number(obj, "io", "policy_planes", 1, CHANNELS_MAX, &io->policy_planes, err);
    rc = rc ? rc
            : get_number(obj, "io", "policy_scalars", 0, CHANNELS_MAX, &io->policy_scalars, err);
    rc = rc ? rc : get_number(obj, "io", "seats", 2, 16, &io->seats, err);
    return rc;
}

static int
parse_name(const struct graph *g, uint32_t at, const json_t *obj, struct graph_node *node,
           struct rr_err *err)
{
    const char *name = json_string_value(json_object_get(obj, "name"));
    char where[32];

    (void)snprintf(where, sizeof where, "node %u", at);
    if (name == NULL || name[0] == '\0' || strlen(name) > GRAPH_NAME_MAX ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.") != strlen(name)) {
        return bad(err, where, "\"name\" must be 1 to 47 of a-z 0-9 _ .");
    }
    for (uint32_t i = 0; i < at; i++) {
        if (strcmp(g->nodes[i].name, name) == 0) {
            return bad(err, name, "this name stands twice");
        }
    }
    memcpy(node->name, name, strlen(name) + 1);
    return 0;
}

static int
parse_inputs(struct graph *g, uint32_t at, const json_t *obj, struct graph_node *node,
             struct rr_err *err)
{
    const struct op_info *info = &ops[node->op];
    const json_t *list = json_object_get(obj, "in");
    const size_t n = json_array_size(list);

    if (info->in_max == 0 && list == NULL) {
        return 0;
    }
    if (!json_is_array(list) || n < info->in_min || n > info->in_max) {
        return bad(err, node->name, "\"in\" must be a list of as many nodes as the op takes");
    }
    for (size_t k = 0; k < n; k++) {
        const char *name = json_string_value(json_array_get(list, k));
        uint32_t i = 0;

        while (i < at && (name == NULL || strcmp(g->nodes[i].name, name) != 0)) {
            i++;
        }
        if (i == at) {
            return rr_err_set(err, RR_E_INPUT,
                              "net graph: %s: input \"%.40s\" is not the name of a node before it",
                              node->name, name == NULL ? "?" : name);
        }
        node->in[k] = i;
        g->nodes[i].users++;
    }
    node->n_in = (uint32_t)n;
    return 0;
}

static int
parse_attributes(const json_t *obj, struct graph_node *node, struct rr_err *err)
{
    const struct op_info *info = &ops[node->op];
    const char *known[9] = {"name", "op", "in"};
    size_t n = 3;
    const json_t *v;
    int rc;

    node->gain = 1.0;
    if (info->has_out) {
        known[n++] = "out";
        known[n++] = "gain";
    }
    if (info->has_kernel) {
        known[n++] = "kernel";
    }
    if (info->has_relu) {
        known[n++] = "relu";
    }
    rc = check_keys(obj, node->name, known, err);
    if (rc == 0 && info->has_out) {
        rc = get_number(obj, node->name, "out", 1, CHANNELS_MAX, &node->channels, err);
    }
    if (rc == 0 && info->has_kernel) {
        rc = get_number(obj, node->name, "kernel", 1, 3, &node->kernel, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (info->has_kernel && node->kernel == 2) {
        return bad(err, node->name, "\"kernel\" must be 1 or 3");
    }
    v = json_object_get(obj, "relu");
    if (v != NULL && !json_is_boolean(v)) {
        return bad(err, node->name, "\"relu\" must be true or false");
    }
    node->relu = json_is_true(v) || node->op == OP_RELU;
    v = json_object_get(obj, "gain");
    if (v != NULL) {
        node->gain = json_number_value(v);
        if (!json_is_number(v) || !(node->gain >= 0.0 && node->gain <= 100.0)) {
            return bad(err, node->name, "\"gain\" must be a number from 0 to 100");
        }
    }
    return 0;
}

/* Shape of a node from those of its inputs; the parameters it adds. */
static int
infer_shape(struct graph *g, struct graph_node *node, struct rr_err *err)
{
    const struct graph_node *a = node->n_in > 0 ? &g->nodes[node->in[0]] : NULL;
    const struct graph_node *b = node->n_in > 1 ? &g->nodes[node->in[1]] : NULL;
    const struct rr_net_io *io = &g->io;

    node->in_channels = a == NULL ? 0 : a->channels;
    switch (node->op) {
    case OP_INPUT_PLANES:
        node->is_map = true;
        node->channels = io->planes;
        break;
    case OP_INPUT_SCALARS:
        if (io->scalars == 0) {
            return bad(err, node->name, "the io has no scalars");
        }
        node->channels = io->scalars;
        break;
    case OP_CONV2D:
        if (!a->is_map) {
            return bad(err, node->name, "conv2d takes a map");
        }
        node->is_map = true;
        break;
    case OP_LINEAR:
        if (a->is_map) {
            return bad(err, node->name, "linear takes a vector, not a map");
        }
        break;
    case OP_RELU:
        node->is_map = a->is_map;
        node->channels = a->channels;
        break;
    case OP_ADD:
        if (a->is_map != b->is_map || a->channels != b->channels || a == b) {
            return bad(err, node->name, "add takes two different nodes of one shape");
        }
        node->is_map = a->is_map;
        node->channels = a->channels;
        break;
    case OP_ADD_CHANNELS:
        if (!a->is_map || b->is_map || a->channels != b->channels) {
            return bad(err, node->name, "add_channels takes a map and a vector of its channels");
        }
        node->is_map = true;
        node->channels = a->channels;
        break;
    case OP_GLOBAL_POOL:
        if (!a->is_map || a->channels > CHANNELS_MAX / 2) {
            return bad(err, node->name, "global_pool takes a map of at most 2048 channels");
        }
        node->channels = 2 * a->channels;
        break;
    case OP_POLICY:
        if (!a->is_map || a->channels != io->policy_planes ||
            (io->policy_scalars > 0) != (b != NULL) ||
            (b != NULL && (b->is_map || b->channels != io->policy_scalars))) {
            return bad(err, node->name,
                       "policy takes a map of policy_planes channels, and a vector of "
                       "policy_scalars when that is not 0");
        }
        break;
    case OP_VALUE:
        if (a->is_map || a->channels != io->seats) {
            return bad(err, node->name, "value takes a vector of as many logits as seats");
        }
        break;
    }
    if (graph_has_weights(node)) {
        const size_t area = node->op == OP_CONV2D ? (size_t)node->kernel * node->kernel : 1;

        node->weight_count = area * node->channels * node->in_channels;
        node->weight = g->parameters;
        node->bias = node->weight + node->weight_count;
        g->parameters = node->bias + node->channels;
        if (g->parameters > GRAPH_PARAMETERS_MAX) {
            return bad(err, node->name, "too many parameters");
        }
    }
    return 0;
}

static int
parse_node(struct graph *g, uint32_t at, const json_t *obj, struct rr_err *err)
{
    struct graph_node *node = &g->nodes[at];
    const char *op = json_string_value(json_object_get(obj, "op"));
    size_t k = 0;
    int rc;

    rc = parse_name(g, at, obj, node, err);
    if (rc != 0) {
        return rc;
    }
    while (k < N_OPS && (op == NULL || strcmp(ops[k].name, op) != 0)) {
        k++;
    }
    if (k == N_OPS) {
        return rr_err_set(err, RR_E_INPUT, "net graph: %s: op \"%.40s\" is not known", node->name,
                          op == NULL ? "?" : op);
    }
    node->op = (enum graph_op)k;
    rc = parse_inputs(g, at, obj, node, err);
    rc = rc ? rc : parse_attributes(obj, node, err);
    rc = rc ? rc : infer_shape(g, node, err);
    return rc;
}

/* Exactly one policy and one value, at most one of each input, and nothing that feeds nothing. */
static int
check_ends(struct graph *g, struct rr_err *err)
{
    uint32_t count[N_OPS] = {0};

    for (uint32_t i = 0; i < g->n; i++) {
        const struct graph_node *node = &g->nodes[i];
        const bool is_output = node->op == OP_POLICY || node->op == OP_VALUE;

        count[node->op]++;
        if (is_output && node->users > 0) {
            return bad(err, node->name, "an output cannot feed a node");
        }
        if (!is_output && node->users == 0) {
            return bad(err, node->name, "this node feeds nothing");
        }
        if (node->op == OP_POLICY) {
            g->policy = i;
        } else if (node->op == OP_VALUE) {
            g->value = i;
        }
    }
    if (count[OP_POLICY] != 1 || count[OP_VALUE] != 1 || count[OP_INPUT_PLANES] != 1 ||
        count[OP_INPUT_SCALARS] > 1) {
        return bad(err, "nodes",
                   "there must be one input_planes, one policy, one value and at most one "
                   "input_scalars");
    }
    return 0;
}

static int
parse_root(struct graph *g, const json_t *root, struct rr_err *err)
{
    static const char *const known[] = {"format", "io", "nodes", NULL};
    const json_t *nodes = json_object_get(root, "nodes");
    const char *format = json_string_value(json_object_get(root, "format"));
    int rc;

    if (format == NULL || strcmp(format, FORMAT) != 0) {
        return rr_err_set(err, RR_E_MISMATCH,
                          "net graph: format is \"%.40s\"; this program reads \"" FORMAT "\"",
                          format == NULL ? "?" : format);
    }
    rc = check_keys(root, "graph", known, err);
    rc = rc ? rc : parse_io(root, &g->io, err);
    if (rc != 0) {
        return rc;
    }
    if (!json_is_array(nodes) || json_array_size(nodes) == 0 ||
        json_array_size(nodes) > GRAPH_NODES_MAX) {
        return bad(err, "nodes", "must be a list of 1 to 1024 nodes");
    }
    g->nodes = calloc(json_array_size(nodes), sizeof *g->nodes);
    if (g->nodes == NULL) {
        return rr_err_set(err, -ENOMEM, "net graph: out of memory");
    }
    for (; g->n < json_array_size(nodes); g->n++) {
        rc = parse_node(g, g->n, json_array_get(nodes, g->n), err);
        if (rc != 0) {
            return rc;
        }
    }
    return check_ends(g, err);
}

int
graph_parse(const char *json, struct graph **graph, struct rr_err *err)
{
    json_error_t why;
    struct graph *g = NULL;
    json_t *root;
    int rc;

    *graph = NULL;
    root = json_loads(json, JSON_REJECT_DUPLICATES, &why);
    if (root == NULL) {
        return rr_err_set(err, RR_E_INPUT, "net graph: line %d: %s", why.line, why.text);
    }
    g = calloc(1, sizeof *g);
    rc =
        g == NULL ? rr_err_set(err, -ENOMEM, "net graph: out of memory") : parse_root(g, root, err);
    json_decref(root);
    if (rc != 0) {
        graph_free(g);
        return rc;
    }
    *graph = g;
    return 0;
}

void
graph_free(struct graph *graph)
{
    if (graph != NULL) {
        free(graph->nodes);
        free(graph);
    }
}

size_t
graph_policy_size(const struct graph *graph)
{
    const struct rr_net_io *io = &graph->io;

    return (size_t)io->height * io->width * io->policy_planes + io->policy_scalars;
}

double
graph_flops(const struct graph *graph)
{
    const double cells = (double)graph->io.height * graph->io.width;
    double sum = 0;

    for (uint32_t i = 0; i < graph->n; i++) {
        const struct graph_node *node = &graph->nodes[i];

        sum += 2.0 * (double)node->weight_count * (node->is_map ? cells : 1.0);
    }
    return sum;
}
