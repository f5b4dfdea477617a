/* SPDX-License-Identifier: MIT */
/*
 * steps.c - computes one step of a plan, forward or backward.
 *
 * On the way back a step finds the complete gradient by its result, and adds its terms to those by
 * its inputs. Plans of nets whose gradients end nowhere (inputs) leave those pointers NULL.
 */
#include "sdk/net/onednn/plan_impl.h"

#include <string.h>

static struct cells
cells_of(const struct plan *plan, const struct slot *slot, uint32_t channels)
{
    return (struct cells){.rows = plan->conf.batch,
                          .cells = (size_t)plan->graph->io.height * plan->graph->io.width,
                          .channels = channels,
                          .half = slot->half};
}

/* Row major product; see dnnl_sgemm. */
static int
product(char ta, char tb, size_t m, size_t n, size_t k, const float *a, const float *b, float beta,
        float *c, struct rr_err *err)
{
    const dnnl_dim_t dm = (dnnl_dim_t)m, dn = (dnnl_dim_t)n, dk = (dnnl_dim_t)k;
    const dnnl_status_t s = dnnl_sgemm(ta, tb, dm, dn, dk, 1.0f, a, ta == 'N' ? dk : dm, b,
                                       tb == 'N' ? dn : dk, beta, c, dn);

    return s == dnnl_success ? 0 : dn_error(s, "product", err);
}

#define LANES 32 /* results at a time, held in vector registers */

/* Some results of one position, at most LANES. The sums run over the inputs in their order whatever
 * the batch, which no library promises; then the answer to a position does not depend on what it is
 * asked together with. */
static inline void
linear_some(const struct step *s, const float *restrict in, size_t first, size_t width,
            const float *restrict bias, float *restrict out)
{
    const size_t n_in = s->node->in_channels, n_out = s->node->channels;
    const float *restrict w = s->by_input + first;
    float sum[LANES] = {0};

    for (size_t k = 0; k < n_in; k++) {
        for (size_t c = 0; c < width; c++) {
            sum[c] += in[k] * w[k * n_out + c];
        }
    }
    for (size_t c = 0; c < width; c++) {
        const float x = sum[c] + bias[first + c];

        out[first + c] = s->relu && x < 0.0f ? 0.0f : x;
    }
}

static void
linear_row(const struct step *s, const float *in, const float *bias, float *out)
{
    const size_t n = s->node->channels;
    size_t c = 0;

    for (; c + LANES <= n; c += LANES) {
        linear_some(s, in, c, LANES, bias, out);
    }
    if (c < n) {
        linear_some(s, in, c, n - c, bias, out);
    }
}

static void
linear_forward(struct plan *plan, const struct step *s)
{
    const float *in = plan->slots[s->in[0]].data;
    float *out = plan->slots[s->out].data;

    for (size_t i = 0; i < plan->conf.batch; i++) {
        linear_row(s, in + i * s->node->in_channels, plan->params + s->node->bias,
                   out + i * s->node->channels);
    }
}

static int
linear_backward(struct plan *plan, const struct step *s, struct rr_err *err)
{
    const struct graph_node *node = s->node;
    const struct slot *in = &plan->slots[s->in[0]];
    const float *grad = plan->slots[s->out].grad;
    float *bias = plan->grads + node->bias;
    int rc;

    memset(bias, 0, node->channels * sizeof *bias);
    for (size_t i = 0; i < plan->conf.batch; i++) {
        for (size_t c = 0; c < node->channels; c++) {
            bias[c] += grad[i * node->channels + c];
        }
    }
    rc = product('T', 'N', node->channels, node->in_channels, plan->conf.batch, grad, in->data,
                 0.0f, plan->grads + node->weight, err);
    if (rc == 0 && in->needs_grad) {
        rc = product('N', 'N', plan->conf.batch, node->in_channels, node->channels, grad,
                     plan->params + node->weight, s->add_grad[0] ? 1.0f : 0.0f, in->grad, err);
    }
    return rc;
}

int
step_refresh(struct plan *plan, struct step *s, struct rr_err *err)
{
    const struct graph_node *node = s->node;
    const float *w = plan->params + node->weight;

    if (s->op == OP_CONV2D) {
        return conv_refresh(&s->conv, &plan->dn, err);
    }
    for (size_t c = 0; s->op == OP_LINEAR && c < node->channels; c++) {
        for (size_t k = 0; k < node->in_channels; k++) {
            s->by_input[k * node->channels + c] = w[c * node->in_channels + k];
        }
    }
    return 0;
}

int
step_forward(struct plan *plan, struct step *s, struct rr_err *err)
{
    struct slot *out = &plan->slots[s->out];
    const struct slot *a = &plan->slots[s->in[0]];
    const struct slot *b = s->n_in > 1 ? &plan->slots[s->in[1]] : NULL;
    const size_t rows = plan->conf.batch;
    struct cells shape;

    switch (s->op) {
    case OP_CONV2D:
        if (s->sum && !s->in_place) {
            memcpy(out->data, b->data, rows * out->row * cells_width(out->half));
        }
        return conv_forward(&s->conv, &plan->dn, err);
    case OP_LINEAR:
        linear_forward(plan, s);
        return 0;
    case OP_RELU:
    case OP_ADD:
        cells_add(a->data, b == NULL ? NULL : b->data, rows, out->row, out->data, s->relu,
                  out->half);
        return 0;
    case OP_ADD_CHANNELS:
        shape = cells_of(plan, a, s->node->channels);
        cells_add_channels(&shape, a->data, b->data, out->data, s->relu);
        return 0;
    case OP_GLOBAL_POOL:
        shape = cells_of(plan, a, s->node->in_channels);
        cells_pool(&shape, a->data, out->data, s->where);
        return 0;
    default:
        return 0; /* inputs and outputs are copied by plan_forward() and plan_output() */
    }
}

/* Pass the gradient by the result on to input k as it is. */
static void
pass_grad(struct plan *plan, const struct step *s, uint32_t k)
{
    const struct slot *out = &plan->slots[s->out];
    const struct slot *in = &plan->slots[s->in[k]];

    if (in->needs_grad && !s->share_grad[k]) {
        cells_add(out->grad, s->add_grad[k] ? in->grad : NULL, plan->conf.batch, in->row, in->grad,
                  false, in->half_grad);
    }
}

int
step_backward(struct plan *plan, struct step *s, struct rr_err *err)
{
    const struct slot *out = &plan->slots[s->out];
    const struct slot *a = &plan->slots[s->in[0]];
    const struct slot *b = s->n_in > 1 ? &plan->slots[s->in[1]] : NULL;
    struct cells shape;
    int rc = 0;

    if (!out->needs_grad) {
        return 0;
    }
    if (s->relu) {
        cells_mask(out->data, plan->conf.batch, out->row, out->grad, out->half);
    }
    switch (s->op) {
    case OP_CONV2D:
        rc = conv_backward(&s->conv, &plan->dn, err);
        if (s->sum) {
            pass_grad(plan, s, 1);
        }
        return rc;
    case OP_LINEAR:
        return linear_backward(plan, s, err);
    case OP_RELU:
        pass_grad(plan, s, 0);
        return 0;
    case OP_ADD:
        /* The second first: the first may have taken over the memory of out, and whoever comes
         * later adds to it. */
        pass_grad(plan, s, 1);
        pass_grad(plan, s, 0);
        return 0;
    case OP_ADD_CHANNELS:
        if (b->needs_grad) {
            shape = cells_of(plan, a, s->node->channels);
            cells_sum(&shape, out->grad, b->grad, s->add_grad[1]);
        }
        pass_grad(plan, s, 0);
        return 0;
    case OP_GLOBAL_POOL:
        if (a->needs_grad) {
            shape = cells_of(plan, a, s->node->in_channels);
            cells_pool_back(&shape, out->grad, s->where, a->grad, s->add_grad[0]);
        }
        return 0;
    default:
        return 0;
    }
}
