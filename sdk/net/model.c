/* SPDX-License-Identifier: MIT */
/*
 * model.c - model files: a net as safetensors with its graph and its story in the metadata.
 *
 * Owns: the names of tensors and of the metadata that this folder writes itself.
 */
#include "sdk/net/model.h"

#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t
model_tensors(const struct graph *graph)
{
    size_t n = 0;

    for (uint32_t i = 0; i < graph->n; i++) {
        n += graph_has_weights(&graph->nodes[i]) ? 2 : 0;
    }
    return n;
}

void
model_describe(const struct graph *graph, const char *prefix, const float *params,
               struct st_tensor *t, char (*names)[MODEL_NAME_MAX])
{
    size_t k = 0;

    for (uint32_t i = 0; i < graph->n; i++) {
        const struct graph_node *node = &graph->nodes[i];

        if (!graph_has_weights(node)) {
            continue;
        }
        (void)snprintf(names[k], MODEL_NAME_MAX, "%s%s.weight", prefix, node->name);
        t[k] = (struct st_tensor){
            .name = names[k],
            .data = params + node->weight,
            .count = node->weight_count,
            .n_dims = node->op == OP_CONV2D ? 4 : 2,
            .dims = {node->channels, node->in_channels, node->kernel, node->kernel}};
        k++;
        (void)snprintf(names[k], MODEL_NAME_MAX, "%s%s.bias", prefix, node->name);
        t[k] = (struct st_tensor){.name = names[k],
                                  .data = params + node->bias,
                                  .count = node->channels,
                                  .n_dims = 1,
                                  .dims = {node->channels}};
        k++;
    }
}

static int
extract_one(const struct st_file *file, const char *path, const struct st_tensor *want, float *out,
            struct rr_err *err)
{
    const struct st_tensor *got = st_find(file, want->name);

    if (got == NULL) {
        return rr_err_set(err, RR_E_MISMATCH, "%s: tensor %s of the graph is not in the file", path,
                          want->name);
    }
    if (got->n_dims != want->n_dims ||
        memcmp(got->dims, want->dims, want->n_dims * sizeof want->dims[0]) != 0) {
        return rr_err_set(err, RR_E_MISMATCH, "%s: tensor %s has another shape than the graph says",
                          path, want->name);
    }
    for (size_t i = 0; i < got->count; i++) {
        if (!isfinite(got->data[i])) {
            return rr_err_set(err, RR_E_CORRUPT, "%s: tensor %s has a value that is not finite",
                              path, want->name);
        }
    }
    memcpy(out, got->data, got->count * sizeof *out);
    return 0;
}

int
model_extract(const struct st_file *file, const char *path, const struct graph *graph,
              const char *prefix, float *params, struct rr_err *err)
{
    const size_t n = model_tensors(graph);
    struct st_tensor *t = calloc(n + 1, sizeof *t);
    char(*names)[MODEL_NAME_MAX] = calloc(n + 1, sizeof *names);
    int rc = 0;

    if (t == NULL || names == NULL) {
        rc = rr_err_set(err, -ENOMEM, "%s: out of memory", path);
    } else {
        model_describe(graph, prefix, params, t, names);
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = extract_one(file, path, &t[i], params + (t[i].data - params), err);
    }
    free(names);
    free(t);
    return rc;
}

const char *
model_meta_find(const char *const *meta, const char *name)
{
    for (size_t i = 0; meta != NULL && meta[i] != NULL; i += 2) {
        if (strcmp(meta[i], name) == 0) {
            return meta[i + 1];
        }
    }
    return NULL;
}

int
rr_model_save(const struct rr_net *net, const char *const *meta, const char *path,
              struct rr_err *err)
{
    const char *const own[] = {"graph", net->json, "rrd_version", PACKAGE_VERSION, NULL};
    const size_t n = model_tensors(net->graph);
    struct st_tensor *t = calloc(n + 1, sizeof *t);
    char(*names)[MODEL_NAME_MAX] = calloc(n + 1, sizeof *names);
    const char **all = NULL;
    size_t count = 0, at = 0;
    const char *const *lists[3] = {own, meta, (const char *const *)net->meta};
    int rc = -ENOMEM;

    for (int l = 0; l < 3; l++) {
        for (size_t i = 0; lists[l] != NULL && lists[l][i] != NULL; i++) {
            count++;
        }
    }
    all = calloc(count + 1, sizeof *all);
    if (t == NULL || names == NULL || all == NULL) {
        rr_err_set(err, rc, "%s: out of memory", path);
        goto out;
    }
    for (int l = 0; l < 3; l++) {
        for (size_t i = 0; lists[l] != NULL && lists[l][i] != NULL; i += 2) {
            if (model_meta_find((const char *const *)all, lists[l][i]) == NULL) {
                all[at++] = lists[l][i];
                all[at++] = lists[l][i + 1];
            }
        }
    }
    model_describe(net->graph, "", net->params, t, names);
    rc = st_write(path, (const char *const *)all, t, n, err);
out:
    free(all);
    free(names);
    free(t);
    return rc;
}

static int
load(const struct st_file *file, const char *path, const char *layout, struct rr_net **net,
     struct rr_err *err)
{
    const char *json = model_meta_find(st_meta(file), "graph");
    const char *has = model_meta_find(st_meta(file), "layout");
    int rc;

    if (json == NULL) {
        return rr_err_set(err, RR_E_MISMATCH,
                          "%s: no \"graph\" in the metadata: this is not a model of ours", path);
    }
    if (layout != NULL && (has == NULL || strcmp(has, layout) != 0)) {
        return rr_err_set(err, RR_E_MISMATCH, "%s: made for layout \"%.60s\", needed is \"%.60s\"",
                          path, has == NULL ? "(none)" : has, layout);
    }
    rc = net_alloc(json, net, err);
    if (rc != 0) {
        return rr_err_wrap(err, "%s", path);
    }
    if (st_count(file) != model_tensors((*net)->graph)) {
        rc = rr_err_set(err, RR_E_MISMATCH, "%s: has tensors that the graph does not name", path);
    }
    rc = rc ? rc : model_extract(file, path, (*net)->graph, "", (*net)->params, err);
    rc = rc ? rc : net_set_meta(*net, st_meta(file), NULL, err);
    if (rc != 0) {
        rr_net_free(*net);
        *net = NULL;
    }
    return rc;
}

int
rr_model_load(const char *path, const char *layout, struct rr_net **net, struct rr_err *err)
{
    struct st_file *file = NULL;
    int rc;

    *net = NULL;
    rc = st_read(path, &file, err);
    if (rc == 0) {
        rc = load(file, path, layout, net, err);
        st_free(file);
    }
    return rc;
}
