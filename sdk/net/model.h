/* SPDX-License-Identifier: MIT */
/*
 * model.h - parameter vectors of a graph as named tensors.
 */
#ifndef RR_NET_MODEL_H
#define RR_NET_MODEL_H

#include "sdk/net/net.h"
#include "sdk/net/safetensors.h"

/* The name of a tensor: prefix, name of the node, ".weight" or ".bias". */
#define MODEL_NAME_MAX 80

/* The tensors of a graph, so many as model_tensors() says; names and data are written by
 * model_describe(). */
size_t model_tensors(const struct graph *graph);

/* Describe a parameter vector: t and names have room for model_tensors(). */
void model_describe(const struct graph *graph, const char *prefix, const float *params,
                    struct st_tensor *t, char (*names)[MODEL_NAME_MAX]);

/* Copy a parameter vector out of a file; every tensor must be there with its shape, and finite. */
int model_extract(const struct st_file *file, const char *path, const struct graph *graph,
                  const char *prefix, float *params, struct rr_err *err);

/* The value of a name in a list name, value, ..., NULL; or NULL. */
const char *model_meta_find(const char *const *meta, const char *name);

#endif
