/* SPDX-License-Identifier: MIT */
/*
 * infer.c - evaluation of any number of positions by plans of a few sizes.
 *
 * Each batch size is compiled once, when it is first needed. Calls are cut into chunks: beyond
 * CHUNK_MAX positions a larger batch is not faster, while its activations no longer fit the cache
 * of a core. The rest of a call goes to the smallest plan that holds it; unused rows are ignored.
 */
#include "sdk/net/net.h"
#include "sdk/net/plan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MAX 16u  /* 8 to 32 are equally fast; the least that is lost to unused rows */
#define LADDER_STEPS 5 /* 1, 2, 4, 8, 16 */

struct rr_infer {
    const struct rr_net *net;
    struct plan *plans[LADDER_STEPS]; /* for 1 << index positions */
    uint32_t max_batch;
    uint32_t top; /* index of the largest plan; it is the peer of the others */
    uint32_t dtype;
};

static int
ensure_plan(struct rr_infer *infer, uint32_t at, struct rr_err *err)
{
    const struct plan_conf conf = {.batch = 1u << at,
                                   .dtype = infer->dtype,
                                   .peer = at == infer->top ? NULL : infer->plans[infer->top]};

    if (infer->plans[at] != NULL) {
        return 0;
    }
    return plan_new(infer->net->graph, infer->net->params, &conf, &infer->plans[at], err);
}

int
rr_infer_new(const struct rr_net *net, uint32_t max_batch, uint32_t dtype, struct rr_infer **infer,
             struct rr_err *err)
{
    struct rr_infer *f;
    int rc;

    *infer = NULL;
    if (max_batch == 0 || dtype > RR_DTYPE_BF16) {
        return rr_err_set(err, RR_E_INPUT, "inference: batch %u or type %u is not valid", max_batch,
                          dtype);
    }
    f = calloc(1, sizeof *f);
    if (f == NULL) {
        return rr_err_set(err, -ENOMEM, "inference: out of memory");
    }
    f->net = net;
    f->max_batch = max_batch;
    f->dtype = dtype;
    while ((1u << f->top) < max_batch && (1u << f->top) < CHUNK_MAX) {
        f->top++;
    }
    rc = ensure_plan(f, f->top, err);
    if (rc != 0) {
        rr_infer_free(f);
        return rc;
    }
    *infer = f;
    return 0;
}

void
rr_infer_free(struct rr_infer *infer)
{
    if (infer != NULL) {
        for (int i = 0; i < LADDER_STEPS; i++) {
            plan_free(infer->plans[i]);
        }
        free(infer);
    }
}

const char *
rr_infer_kind(const struct rr_infer *infer)
{
    return plan_kind(infer->plans[infer->top]);
}

/* Turn logits into probabilities, in place. */
static void
softmax(float *z, size_t n)
{
    float top = z[0], sum = 0.0f;

    for (size_t i = 1; i < n; i++) {
        top = z[i] > top ? z[i] : top;
    }
    for (size_t i = 0; i < n; i++) {
        z[i] = expf(z[i] - top);
        sum += z[i];
    }
    for (size_t i = 0; i < n; i++) {
        z[i] /= sum;
    }
}

static int
run_chunk(struct rr_infer *infer, uint32_t n, const uint8_t *planes, const float *scalars,
          float *policy, float *value, struct rr_err *err)
{
    const size_t seats = infer->net->graph->io.seats;
    uint32_t at = 0;
    int rc;

    while ((1u << at) < n) {
        at++;
    }
    rc = ensure_plan(infer, at, err);
    rc = rc ? rc : plan_forward(infer->plans[at], n, planes, scalars, err);
    if (rc != 0) {
        return rc;
    }
    plan_output(infer->plans[at], n, policy, value);
    for (uint32_t i = 0; i < n; i++) {
        softmax(value + i * seats, seats);
    }
    return 0;
}

int
rr_infer_run(struct rr_infer *infer, uint32_t n, const uint8_t *planes, const float *scalars,
             float *policy, float *value, struct rr_err *err)
{
    const struct rr_net_io *io = &infer->net->graph->io;
    const size_t planes_row = (size_t)io->height * io->width * io->planes;
    const size_t policy_row = graph_policy_size(infer->net->graph);
    uint32_t done = 0;

    if (n > infer->max_batch) {
        return rr_err_set(err, RR_E_INPUT, "inference: %u positions, made for at most %u", n,
                          infer->max_batch);
    }
    while (done < n) {
        const uint32_t most = 1u << infer->top;
        const uint32_t k = n - done < most ? n - done : most;
        const int rc = run_chunk(infer, k, planes + done * planes_row,
                                 io->scalars == 0 ? NULL : scalars + (size_t)done * io->scalars,
                                 policy + done * policy_row, value + (size_t)done * io->seats, err);

        if (rc != 0) {
            return rc;
        }
        done += k;
    }
    return 0;
}
