/* SPDX-License-Identifier: MIT */
/*
 * conv.c - one convolution of a plan, forward and backward, with its converted weights.
 *
 * Activations are [batch][height][width][channel]; the library chooses the layout of the weights.
 */
#include "sdk/net/onednn/conv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a convolution primitive is made of. */
struct shape {
    dnnl_memory_desc_t in, weights, bias, out;
    dnnl_dims_t pad;
    bool has_bias, sum, relu;
};

static dnnl_status_t
init_shape(struct shape *s, const struct conv_conf *k, uint32_t in, uint32_t out, bool wide_out)
{
    const dnnl_data_type_t type = k->half ? dnnl_bf16 : dnnl_f32;
    const dnnl_dim_t b = (dnnl_dim_t)k->batch;
    const dnnl_dim_t h = (dnnl_dim_t)k->height, w = (dnnl_dim_t)k->width;
    const dnnl_dims_t in_dims = {b, in, h, w};
    const dnnl_dims_t out_dims = {b, out, h, w};
    const dnnl_dims_t w_dims = {out, in, k->node->kernel, k->node->kernel};
    const dnnl_dims_t bias_dims = {out};
    dnnl_status_t rc;

    s->pad[0] = s->pad[1] = k->node->kernel / 2;
    rc = dnnl_memory_desc_init_by_tag(&s->in, 4, in_dims, type, dnnl_nhwc);
    rc = rc ? rc
            : dnnl_memory_desc_init_by_tag(&s->out, 4, out_dims, wide_out ? dnnl_f32 : type,
                                           dnnl_nhwc);
    rc = rc ? rc : dnnl_memory_desc_init_by_tag(&s->weights, 4, w_dims, type, dnnl_format_tag_any);
    rc = rc ? rc : dnnl_memory_desc_init_by_tag(&s->bias, 1, bias_dims, dnnl_f32, dnnl_a);
    return rc;
}

static dnnl_status_t
init_attr(const struct shape *s, dnnl_primitive_attr_t *attr)
{
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t rc = dnnl_primitive_attr_create(attr);

    rc = rc ? rc : dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
    rc = rc ? rc : dnnl_post_ops_create(&ops);
    if (rc == dnnl_success && s->sum) {
        rc = dnnl_post_ops_append_sum(ops, 1.0f);
    }
    if (rc == dnnl_success && s->relu) {
        rc = dnnl_post_ops_append_eltwise(ops, 1.0f, dnnl_eltwise_relu, 0.0f, 0.0f);
    }
    rc = rc ? rc : dnnl_primitive_attr_set_post_ops(*attr, ops);
    if (ops != NULL) {
        (void)dnnl_post_ops_destroy(ops);
    }
    return rc;
}

static int
forward_desc(const struct shape *s, struct dn *dn, const char *name, dnnl_primitive_desc_t *pd,
             struct rr_err *err)
{
    static const dnnl_dims_t strides = {1, 1};
    dnnl_convolution_desc_t desc;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_status_t rc = init_attr(s, &attr);

    rc = rc ? rc
            : dnnl_convolution_forward_desc_init(
                  &desc, dnnl_forward_training, dnnl_convolution_direct, &s->in, &s->weights,
                  s->has_bias ? &s->bias : NULL, &s->out, strides, s->pad, s->pad);
    rc = rc ? rc : dnnl_primitive_desc_create(pd, &desc, attr, dn->engine, NULL);
    if (attr != NULL) {
        (void)dnnl_primitive_attr_destroy(attr);
    }
    return rc == dnnl_success ? 0 : dn_error(rc, name, err);
}

/* f32 weights in the order of the parameters: [out][in][k][k]. */
static dnnl_status_t
plain_weights(dnnl_memory_desc_t *md, uint32_t out, uint32_t in, uint32_t kernel)
{
    const dnnl_dims_t dims = {out, in, kernel, kernel};

    return dnnl_memory_desc_init_by_tag(md, 4, dims, dnnl_f32, dnnl_oihw);
}

static int
no_memory(struct rr_err *err, const char *name)
{
    return rr_err_set(err, -ENOMEM, "net: out of memory for the weights of %s", name);
}

static int
init_forward(struct conv *c, struct dn *dn, const struct conv_conf *k, const struct conv *peer,
             struct rr_err *err)
{
    const struct graph_node *node = k->node;
    struct shape s = {.has_bias = true, .sum = k->sum, .relu = k->relu};
    dnnl_primitive_desc_t pd = NULL;
    dnnl_memory_desc_t plain;
    dnnl_status_t st = init_shape(&s, k, node->in_channels, node->channels, k->wide_out);
    int rc;

    st = st ? st : plain_weights(&plain, node->channels, node->in_channels, node->kernel);
    rc = st ? dn_error(st, node->name, err) : forward_desc(&s, dn, node->name, &pd, err);
    if (rc != 0) {
        return rc;
    }
    c->weights_md = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    rc = prim_init(&c->forward, dn, pd, node->name, err);
    if (rc != 0) {
        return rc;
    }
    if (peer != NULL && dnnl_memory_desc_equal(&peer->weights_md, &c->weights_md)) {
        c->weights = peer->weights;
        c->borrowed = true;
    } else {
        c->weights = dn_alloc(dnnl_memory_desc_get_size(&c->weights_md));
        if (c->weights == NULL) {
            return no_memory(err, node->name);
        }
        rc = prim_init_reorder(&c->load, dn, &plain, k->params + node->weight, &c->weights_md,
                               c->weights, err);
    }
    rc = rc ? rc : prim_bind(&c->forward, dn, DNNL_ARG_SRC, &s.in, k->in, err);
    rc = rc ? rc : prim_bind(&c->forward, dn, DNNL_ARG_WEIGHTS, &c->weights_md, c->weights, err);
    rc = rc ? rc : prim_bind(&c->forward, dn, DNNL_ARG_BIAS, &s.bias, k->params + node->bias, err);
    rc = rc ? rc : prim_bind(&c->forward, dn, DNNL_ARG_DST, &s.out, k->out, err);
    return rc;
}

static int
init_back_in(struct conv *c, struct dn *dn, const struct conv_conf *k, struct rr_err *err)
{
    const struct graph_node *node = k->node;
    struct shape s = {.sum = k->accumulate};
    dnnl_primitive_desc_t pd = NULL;
    dnnl_memory_desc_t plain, md;
    dnnl_status_t st = init_shape(&s, k, node->channels, node->in_channels, false);
    int rc;

    st = st ? st : plain_weights(&plain, node->in_channels, node->channels, node->kernel);
    rc = st ? dn_error(st, node->name, err) : forward_desc(&s, dn, node->name, &pd, err);
    if (rc != 0) {
        return rc;
    }
    md = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    rc = prim_init(&c->back_in, dn, pd, node->name, err);
    c->mirror = dn_alloc(dnnl_memory_desc_get_size(&md));
    c->mirror_full = dn_alloc(node->weight_count * sizeof(float));
    if (rc == 0 && (c->mirror == NULL || c->mirror_full == NULL)) {
        rc = no_memory(err, node->name);
    }
    rc = rc ? rc
            : prim_init_reorder(&c->load_mirror, dn, &plain, c->mirror_full, &md, c->mirror, err);
    rc = rc ? rc : prim_bind(&c->back_in, dn, DNNL_ARG_SRC, &s.in, k->out_grad, err);
    rc = rc ? rc : prim_bind(&c->back_in, dn, DNNL_ARG_WEIGHTS, &md, c->mirror, err);
    rc = rc ? rc : prim_bind(&c->back_in, dn, DNNL_ARG_DST, &s.out, k->in_grad, err);
    return rc;
}

static int
back_weights_desc(const struct shape *s, struct dn *dn, const char *name, dnnl_primitive_desc_t *pd,
                  struct rr_err *err)
{
    static const dnnl_dims_t strides = {1, 1};
    struct shape plain = *s;
    dnnl_convolution_desc_t desc;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t hint = NULL;
    dnnl_status_t rc;
    int bad = forward_desc(s, dn, name, &hint, err);

    if (bad != 0) {
        return bad;
    }
    rc = init_attr(s, &attr);
    plain.weights.data_type = dnnl_f32; /* a sum over the whole batch needs the precision */
    rc = rc ? rc
            : dnnl_convolution_backward_weights_desc_init(&desc, dnnl_convolution_direct, &s->in,
                                                          &plain.weights, &s->bias, &s->out,
                                                          strides, s->pad, s->pad);
    rc = rc ? rc : dnnl_primitive_desc_create(pd, &desc, attr, dn->engine, hint);
    if (attr != NULL) {
        (void)dnnl_primitive_attr_destroy(attr);
    }
    (void)dnnl_primitive_desc_destroy(hint);
    return rc == dnnl_success ? 0 : dn_error(rc, name, err);
}

static int
init_back_weights(struct conv *c, struct dn *dn, const struct conv_conf *k, struct rr_err *err)
{
    const struct graph_node *node = k->node;
    struct shape s = {.has_bias = true};
    dnnl_primitive_desc_t pd = NULL;
    dnnl_memory_desc_t plain, md;
    struct prim *p = &c->back_weights;
    dnnl_status_t st = init_shape(&s, k, node->in_channels, node->channels, false);
    int rc;

    st = st ? st : plain_weights(&plain, node->channels, node->in_channels, node->kernel);
    rc = st ? dn_error(st, node->name, err) : back_weights_desc(&s, dn, node->name, &pd, err);
    if (rc != 0) {
        return rc;
    }
    md = *dnnl_primitive_desc_query_md(pd, dnnl_query_diff_weights_md, 0);
    rc = prim_init(p, dn, pd, node->name, err);
    c->back_full = dn_alloc(dnnl_memory_desc_get_size(&md));
    if (rc == 0 && c->back_full == NULL) {
        rc = no_memory(err, node->name);
    }
    rc = rc ? rc
            : prim_init_reorder(&c->store, dn, &md, c->back_full, &plain, k->grads + node->weight,
                                err);
    rc = rc ? rc : prim_bind(p, dn, DNNL_ARG_SRC, &s.in, k->in, err);
    rc = rc ? rc : prim_bind(p, dn, DNNL_ARG_DIFF_DST, &s.out, k->out_grad, err);
    rc = rc ? rc : prim_bind(p, dn, DNNL_ARG_DIFF_WEIGHTS, &md, c->back_full, err);
    rc = rc ? rc : prim_bind(p, dn, DNNL_ARG_DIFF_BIAS, &s.bias, k->grads + node->bias, err);
    return rc;
}

int
conv_init(struct conv *conv, struct dn *dn, const struct conv_conf *conf, const struct conv *peer,
          struct rr_err *err)
{
    int rc;

    conv->params = conf->params + conf->node->weight;
    conv->in_channels = conf->node->in_channels;
    conv->out_channels = conf->node->channels;
    conv->area = conf->node->kernel * conf->node->kernel;
    rc = init_forward(conv, dn, conf, peer, err);
    if (rc == 0 && conf->in_grad != NULL) {
        rc = init_back_in(conv, dn, conf, err);
    }
    if (rc == 0 && conf->out_grad != NULL) {
        rc = init_back_weights(conv, dn, conf, err);
    }
    return rc;
}

void
conv_fini(struct conv *conv)
{
    prim_fini(&conv->forward);
    prim_fini(&conv->load);
    prim_fini(&conv->back_in);
    prim_fini(&conv->load_mirror);
    prim_fini(&conv->back_weights);
    prim_fini(&conv->store);
    if (!conv->borrowed) {
        free(conv->weights);
    }
    free(conv->mirror);
    free(conv->mirror_full);
    free(conv->back_full);
    memset(conv, 0, sizeof *conv);
}

/* Turn [out][in][area] into [in][out][area] with the area read backwards. */
static void
mirror(const struct conv *c)
{
    for (size_t o = 0; o < c->out_channels; o++) {
        for (size_t i = 0; i < c->in_channels; i++) {
            const float *from = c->params + (o * c->in_channels + i) * c->area;
            float *to = c->mirror_full + (i * c->out_channels + o) * c->area;

            for (size_t k = 0; k < c->area; k++) {
                to[k] = from[c->area - 1 - k];
            }
        }
    }
}

int
conv_refresh(struct conv *conv, struct dn *dn, struct rr_err *err)
{
    int rc = conv->borrowed ? 0 : prim_run(&conv->load, dn, err);

    if (rc == 0 && conv->mirror != NULL) {
        mirror(conv);
        rc = prim_run(&conv->load_mirror, dn, err);
    }
    return rc;
}

int
conv_forward(const struct conv *conv, struct dn *dn, struct rr_err *err)
{
    return prim_run(&conv->forward, dn, err);
}

int
conv_backward(const struct conv *conv, struct dn *dn, struct rr_err *err)
{
    int rc = prim_run(&conv->back_weights, dn, err);

    rc = rc ? rc : prim_run(&conv->store, dn, err);
    if (rc == 0 && conv->mirror != NULL) {
        rc = prim_run(&conv->back_in, dn, err);
    }
    return rc;
}
