/* SPDX-License-Identifier: MIT */
/*
 * layout.c - turns a graph into steps and gives every slot its memory.
 *
 * Owns: what is fused (an addition into the convolution before it), and the reuse of memory: for
 * inference by activations that are no longer read, for training by gradients that were passed on.
 */
#include "sdk/net/onednn/plan_impl.h"

#include <errno.h>
#include <stdlib.h>

#define NONE UINT32_MAX

/* The input of an addition (0 or 1) that is a convolution which can do the addition, or NONE. */
static uint32_t
absorbable(const struct graph *g, const struct graph_node *node)
{
    if (node->op != OP_ADD) {
        return NONE;
    }
    for (uint32_t k = 2; k-- > 0;) {
        const struct graph_node *conv = &g->nodes[node->in[k]];

        if (conv->op == OP_CONV2D && conv->users == 1 && !conv->relu) {
            return k;
        }
    }
    return NONE;
}

static void
init_slots(struct plan *plan)
{
    const struct graph *g = plan->graph;
    const size_t cells = (size_t)g->io.height * g->io.width;

    for (uint32_t i = 0; i < g->n; i++) {
        const struct graph_node *node = &g->nodes[i];
        struct slot *slot = &plan->slots[i];
        const uint32_t k = absorbable(g, node);

        slot->row = node->is_map ? cells * node->channels : node->channels;
        slot->half = slot->half_grad = plan->half && node->is_map;
        slot->needs_grad = graph_has_weights(node);
        for (uint32_t j = 0; j < node->n_in; j++) {
            slot->needs_grad |= plan->slots[node->in[j]].needs_grad;
        }
        if (k != NONE) {
            plan->slots[node->in[k]].absorbed = true;
        }
        /* The logits keep full precision: nothing but the result reads them. */
        if (node->op == OP_POLICY && g->nodes[node->in[0]].op == OP_CONV2D &&
            g->nodes[node->in[0]].users == 1 && !g->nodes[node->in[0]].relu) {
            plan->slots[node->in[0]].half = false;
        }
    }
}

int
layout_steps(struct plan *plan, struct rr_err *err)
{
    const struct graph *g = plan->graph;

    plan->slots = calloc(g->n, sizeof *plan->slots);
    plan->steps = calloc(g->n, sizeof *plan->steps);
    if (plan->slots == NULL || plan->steps == NULL) {
        return rr_err_set(err, -ENOMEM, "net: out of memory");
    }
    init_slots(plan);
    for (uint32_t i = 0; i < g->n; i++) {
        const struct graph_node *node = &g->nodes[i];
        const uint32_t k = absorbable(g, node);
        struct step *s;

        if (node->op == OP_INPUT_PLANES || node->op == OP_INPUT_SCALARS ||
            plan->slots[i].absorbed) {
            continue;
        }
        s = &plan->steps[plan->n_steps];
        *s = (struct step){.op = node->op,
                           .node = node,
                           .out = i,
                           .in = {node->in[0], node->in[1]},
                           .n_in = node->n_in,
                           .relu = node->relu};
        if (k != NONE) {
            s->op = OP_CONV2D;
            s->node = &g->nodes[node->in[k]];
            s->in[0] = s->node->in[0];
            s->in[1] = node->in[1 - k];
            s->sum = true;
        }
        for (uint32_t j = 0; j < s->n_in; j++) {
            plan->slots[s->in[j]].last_use = plan->n_steps;
        }
        plan->n_steps++;
    }
    return 0;
}

/* --- memory ------------------------------------------------------------------------------------
 */

/* A free piece of about the size wanted, or a new one; NULL without memory. */
static void *
take(struct plan *plan, size_t bytes)
{
    struct piece *best = NULL;
    struct piece *grown;

    for (size_t i = 0; i < plan->n_pieces; i++) {
        struct piece *p = &plan->pieces[i];

        if (!p->is_busy && p->bytes >= bytes && p->bytes / 2 <= bytes &&
            (best == NULL || p->bytes < best->bytes)) {
            best = p;
        }
    }
    if (best == NULL) {
        grown = realloc(plan->pieces, (plan->n_pieces + 1) * sizeof *plan->pieces);
        if (grown == NULL) {
            return NULL;
        }
        plan->pieces = grown;
        best = &plan->pieces[plan->n_pieces];
        *best = (struct piece){.data = dn_alloc(bytes), .bytes = bytes};
        if (best->data == NULL) {
            return NULL;
        }
        plan->n_pieces++;
    }
    best->is_busy = true;
    return best->data;
}

static void
give_back(struct plan *plan, const void *data)
{
    for (size_t i = 0; i < plan->n_pieces; i++) {
        if (plan->pieces[i].data == data) {
            plan->pieces[i].is_busy = false;
        }
    }
}

static size_t
slot_bytes(const struct plan *plan, const struct slot *slot, bool half)
{
    return plan->conf.batch * slot->row * cells_width(half);
}

static int
no_memory(const struct plan *plan, struct rr_err *err)
{
    return rr_err_set(err, -ENOMEM, "net: out of memory for a batch of %u", plan->conf.batch);
}

/* Memory of the values of a step, and that of its inputs back when nobody reads them again. */
static int
place_data(struct plan *plan, uint32_t at)
{
    struct step *s = &plan->steps[at];
    struct slot *out = &plan->slots[s->out];

    if (s->op == OP_POLICY || s->op == OP_VALUE) {
        return 0; /* read by plan_output(), so the inputs stay as well */
    }
    /* The sum may overwrite what it adds when that is read here for the last time. */
    s->in_place = s->sum && !plan->conf.train && plan->slots[s->in[1]].last_use == at &&
                  s->in[0] != s->in[1] && plan->slots[s->in[1]].half == out->half;
    out->data =
        s->in_place ? plan->slots[s->in[1]].data : take(plan, slot_bytes(plan, out, out->half));
    if (out->data == NULL) {
        return -ENOMEM;
    }
    for (uint32_t k = 0; k < s->n_in && !plan->conf.train; k++) {
        const struct slot *in = &plan->slots[s->in[k]];

        if (in->last_use == at && in->data != out->data) {
            give_back(plan, in->data);
        }
    }
    return 0;
}

/* Memory of the gradients by the inputs of a step. The first term that reaches a gradient writes
 * it, further ones add; a term that is the gradient of the output as it is takes over its memory,
 * which nobody else reads any more at that point of the way back. */
static int
place_grad(struct plan *plan, struct step *s)
{
    struct slot *out = &plan->slots[s->out];
    bool passed_on = false;

    for (uint32_t k = 0; k < s->n_in; k++) {
        struct slot *in = &plan->slots[s->in[k]];
        const bool is_same = s->op == OP_ADD || s->op == OP_RELU ||
                             ((s->sum || s->op == OP_ADD_CHANNELS) && k == (s->sum ? 1u : 0u));

        if (!in->needs_grad) {
            continue;
        }
        s->add_grad[k] = in->grad != NULL;
        if (in->grad == NULL && is_same && !passed_on) {
            in->grad = out->grad;
            s->share_grad[k] = passed_on = true;
        } else if (in->grad == NULL) {
            in->grad = take(plan, slot_bytes(plan, in, in->half_grad));
            if (in->grad == NULL) {
                return -ENOMEM;
            }
        }
    }
    if (!passed_on && out->grad != NULL) {
        give_back(plan, out->grad);
    }
    return 0;
}

int
layout_memory(struct plan *plan, struct rr_err *err)
{
    const struct graph *g = plan->graph;

    for (uint32_t i = 0; i < g->n; i++) {
        const enum graph_op op = g->nodes[i].op;
        struct slot *slot = &plan->slots[i];

        if (op == OP_INPUT_PLANES || op == OP_INPUT_SCALARS) {
            slot->data = take(plan, slot_bytes(plan, slot, slot->half));
            if (slot->data == NULL) {
                return no_memory(plan, err);
            }
        }
    }
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        struct step *s = &plan->steps[i];

        if (place_data(plan, i) != 0) {
            return no_memory(plan, err);
        }
        if (s->op == OP_LINEAR) {
            s->by_input = dn_alloc(s->node->weight_count * sizeof *s->by_input);
            if (s->by_input == NULL) {
                return no_memory(plan, err);
            }
        }
        if (plan->conf.train && s->op == OP_GLOBAL_POOL) {
            s->where = dn_alloc(plan->conf.batch * s->node->in_channels * sizeof *s->where);
            if (s->where == NULL) {
                return no_memory(plan, err);
            }
        }
    }
    for (uint32_t i = plan->n_steps; plan->conf.train && i-- > 0;) {
        if (place_grad(plan, &plan->steps[i]) != 0) {
            return no_memory(plan, err);
        }
    }
    return 0;
}
