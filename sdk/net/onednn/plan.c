/* SPDX-License-Identifier: MIT */
/*
 * plan.c - the oneDNN backend: a graph compiled for one batch size.
 *
 * Owns: the choice of arithmetic, the making of all primitives, the order of the steps.
 * Does not: know losses, optimisers, or batches that are larger than its own.
 */
#include "sdk/net/onednn/plan_impl.h"

#include <omp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* OpenMP keeps the number of threads by calling thread: while we compute, the library gets one. */
static int
threads_enter(void)
{
    const int before = omp_get_max_threads();

    omp_set_num_threads(1);
    return before;
}

static void
threads_leave(int before)
{
    omp_set_num_threads(before);
}

static int
choose_type(struct plan *plan, struct rr_err *err)
{
    if (plan->conf.dtype == RR_DTYPE_BF16 && !dn_has_bf16()) {
        return rr_err_set(err, -ENOTSUP,
                          "net: bf16 was asked for, but this processor (%s) has no instructions "
                          "for it: use f32 or auto",
                          dn_isa());
    }
    plan->half = plan->conf.dtype != RR_DTYPE_F32 && dn_has_bf16();
    (void)snprintf(plan->kind, sizeof plan->kind, "%s %s", plan->half ? "bf16" : "f32", dn_isa());
    return 0;
}

static int
make_convs(struct plan *plan, struct rr_err *err)
{
    const bool train = plan->conf.train;
    int rc = 0;

    for (uint32_t i = 0; i < plan->n_steps && rc == 0; i++) {
        struct step *s = &plan->steps[i];
        const struct slot *out = &plan->slots[s->out];
        const struct slot *in = &plan->slots[s->in[0]];
        const struct conv_conf conf = {
            .node = s->node,
            .batch = plan->conf.batch,
            .height = plan->graph->io.height,
            .width = plan->graph->io.width,
            .half = plan->half,
            .wide_out = !out->half,
            .sum = s->sum,
            .relu = s->relu,
            .in = in->data,
            .out = out->data,
            .params = plan->params,
            .out_grad = train ? out->grad : NULL,
            .in_grad = train && in->needs_grad ? in->grad : NULL,
            .accumulate = s->add_grad[0],
            .grads = plan->grads,
        };

        if (s->op == OP_CONV2D) {
            rc = conv_init(&s->conv, &plan->dn, &conf,
                           plan->conf.peer == NULL ? NULL : &plan->conf.peer->steps[i].conv, err);
        }
    }
    return rc;
}

static int
build(struct plan *plan, struct rr_err *err)
{
    int rc = choose_type(plan, err);

    rc = rc ? rc : dn_init(&plan->dn, err);
    rc = rc ? rc : layout_steps(plan, err);
    rc = rc ? rc : layout_memory(plan, err);
    if (rc == 0 && plan->conf.train) {
        plan->grads = dn_alloc(plan->graph->parameters * sizeof *plan->grads);
        if (plan->grads == NULL) {
            rc = rr_err_set(err, -ENOMEM, "net: out of memory for gradients");
        }
    }
    rc = rc ? rc : make_convs(plan, err);
    rc = rc ? rc : dn_seal(&plan->dn, err);
    return rc;
}

int
plan_new(const struct graph *graph, float *params, const struct plan_conf *conf, struct plan **plan,
         struct rr_err *err)
{
    struct plan *p = calloc(1, sizeof *p);
    int before, rc;

    *plan = NULL;
    if (p == NULL) {
        return rr_err_set(err, -ENOMEM, "net: out of memory");
    }
    p->graph = graph;
    p->params = params;
    p->conf = *conf;
    before = threads_enter();
    rc = build(p, err);
    threads_leave(before);
    rc = rc ? rc : plan_refresh(p, err);
    if (rc != 0) {
        plan_free(p);
        return rc;
    }
    *plan = p;
    return 0;
}

void
plan_free(struct plan *plan)
{
    if (plan == NULL) {
        return;
    }
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        conv_fini(&plan->steps[i].conv);
        free(plan->steps[i].where);
        free(plan->steps[i].by_input);
    }
    for (size_t i = 0; i < plan->n_pieces; i++) {
        free(plan->pieces[i].data);
    }
    dn_fini(&plan->dn);
    free(plan->pieces);
    free(plan->steps);
    free(plan->slots);
    free(plan->grads);
    free(plan);
}

const char *
plan_kind(const struct plan *plan)
{
    return plan->kind;
}

size_t
plan_bytes(const struct plan *plan)
{
    size_t sum = plan->dn.scratch_bytes;

    for (size_t i = 0; i < plan->n_pieces; i++) {
        sum += plan->pieces[i].bytes;
    }
    return sum;
}

int
plan_refresh(struct plan *plan, struct rr_err *err)
{
    const int before = threads_enter();
    int rc = 0;

    for (uint32_t i = 0; i < plan->n_steps && rc == 0; i++) {
        rc = step_refresh(plan, &plan->steps[i], err);
    }
    threads_leave(before);
    return rc;
}

int
plan_forward(struct plan *plan, uint32_t n, const uint8_t *planes, const float *scalars,
             struct rr_err *err)
{
    const int before = threads_enter();
    int rc = 0;

    for (uint32_t i = 0; i < plan->graph->n; i++) {
        const struct slot *slot = &plan->slots[i];

        if (plan->graph->nodes[i].op == OP_INPUT_PLANES) {
            cells_from_u8(planes, n * slot->row, slot->data, slot->half);
        } else if (plan->graph->nodes[i].op == OP_INPUT_SCALARS) {
            memcpy(slot->data, scalars, n * slot->row * sizeof *scalars);
        }
    }
    for (uint32_t i = 0; i < plan->n_steps && rc == 0; i++) {
        rc = step_forward(plan, &plan->steps[i], err);
    }
    threads_leave(before);
    return rc;
}

void
plan_output(const struct plan *plan, uint32_t n, float *policy, float *value)
{
    const struct graph *g = plan->graph;
    const struct graph_node *end = &g->nodes[g->policy];
    const struct slot *map = &plan->slots[end->in[0]];
    const struct slot *logits = &plan->slots[g->nodes[g->value].in[0]];
    const size_t stride = graph_policy_size(g);

    cells_to_f32(map->data, n, map->row, policy, stride, map->half);
    if (end->n_in > 1) {
        const struct slot *single = &plan->slots[end->in[1]];

        cells_to_f32(single->data, n, single->row, policy + map->row, stride, false);
    }
    memcpy(value, logits->data, n * logits->row * sizeof *value);
}

/* Hand the gradients by the logits to an input of an output node. */
static void
seed_grad(struct plan *plan, const struct step *s, uint32_t k, const float *from, size_t stride)
{
    const struct slot *in = &plan->slots[s->in[k]];

    if (in->needs_grad) {
        cells_from_f32(from, stride, plan->conf.batch, in->row, in->grad, in->half_grad,
                       s->add_grad[k]);
    }
}

int
plan_backward(struct plan *plan, const float *policy, const float *value, struct rr_err *err)
{
    const size_t stride = graph_policy_size(plan->graph);
    const int before = threads_enter();
    int rc = 0;

    for (uint32_t i = plan->n_steps; i-- > 0 && rc == 0;) {
        struct step *s = &plan->steps[i];

        if (s->op == OP_POLICY) {
            seed_grad(plan, s, 0, policy, stride);
            if (s->n_in > 1) {
                seed_grad(plan, s, 1, policy + plan->slots[s->in[0]].row, stride);
            }
        } else if (s->op == OP_VALUE) {
            seed_grad(plan, s, 0, value, plan->graph->io.seats);
        } else {
            rc = step_backward(plan, s, err);
        }
    }
    threads_leave(before);
    return rc;
}

const float *
plan_gradient(const struct plan *plan)
{
    return plan->grads;
}
