/* SPDX-License-Identifier: MIT */
/*
 * trainer.c - optimiser steps: forward, losses, backward, clipping, AdamW; checkpoints.
 *
 * Owns: the master weights (f32) and the state of the optimiser.
 * Does not: choose learning rates, read data, or know when to stop.
 */
#include "sdk/net/adamw.h"
#include "sdk/net/loss.h"
#include "sdk/net/model.h"
#include "sdk/net/team.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rr_trainer {
    struct rr_net *net; /* its parameters are the master weights */
    struct team *team;
    struct rr_train_conf conf;
    struct loss_shape shape;
    struct adamw opt;
    float *policy, *policy_grad;
    float *value, *value_grad;
    uint32_t *marks;
};

static int
check_conf(const struct rr_train_conf *c, struct rr_err *err)
{
    const float weights[] = {c->weight_decay, c->clip_norm, c->policy_weight, c->value_weight};

    if (c->batch == 0 || c->batch > 65536 || c->dtype > RR_DTYPE_BF16 || c->threads > 1024) {
        return rr_err_set(err, RR_E_INPUT, "trainer: batch %u, type %u or threads %u is not valid",
                          c->batch, c->dtype, c->threads);
    }
    if (!(c->beta1 >= 0.0f && c->beta1 < 1.0f && c->beta2 >= 0.0f && c->beta2 < 1.0f &&
          c->epsilon > 0.0f)) {
        return rr_err_set(err, RR_E_INPUT,
                          "trainer: beta1 %g, beta2 %g must be in [0, 1), epsilon %g above 0",
                          (double)c->beta1, (double)c->beta2, (double)c->epsilon);
    }
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++) {
        if (!(weights[i] >= 0.0f && isfinite(weights[i]))) {
            return rr_err_set(err, RR_E_INPUT,
                              "trainer: decay, clip norm and loss weights must be 0 or more");
        }
    }
    return 0;
}

static int
copy_net(const struct rr_net *from, struct rr_net **to, struct rr_err *err)
{
    int rc = net_alloc(from->json, to, err);

    if (rc == 0) {
        memcpy((*to)->params, from->params, from->graph->parameters * sizeof(float));
        rc = net_set_meta(*to, (const char *const *)from->meta, NULL, err);
    }
    if (rc != 0) {
        rr_net_free(*to);
        *to = NULL;
    }
    return rc;
}

static int
init(struct rr_trainer *t, const struct rr_net *net, struct rr_err *err)
{
    const struct rr_train_conf *c = &t->conf;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const uint32_t threads = c->threads > 0 ? c->threads : cores > 0 ? (uint32_t)cores : 1;
    size_t rows;
    int rc = check_conf(c, err);

    rc = rc ? rc : copy_net(net, &t->net, err);
    rc = rc ? rc : adamw_init(&t->opt, net->graph->parameters, err);
    rc = rc ? rc
            : team_new(t->net->graph, t->net->params, c->batch, c->dtype, threads, &t->team, err);
    if (rc != 0) {
        return rc;
    }
    rows = team_rows(t->team);
    t->shape.policy = graph_policy_size(net->graph);
    t->shape.seats = net->graph->io.seats;
    t->policy = calloc(rows * t->shape.policy, sizeof *t->policy);
    t->policy_grad = calloc(rows * t->shape.policy, sizeof *t->policy_grad);
    t->value = calloc(rows * t->shape.seats, sizeof *t->value);
    t->value_grad = calloc(rows * t->shape.seats, sizeof *t->value_grad);
    t->marks = calloc(t->shape.policy, sizeof *t->marks);
    if (t->policy == NULL || t->policy_grad == NULL || t->value == NULL || t->value_grad == NULL ||
        t->marks == NULL) {
        return rr_err_set(err, -ENOMEM, "trainer: out of memory for a batch of %u", c->batch);
    }
    return 0;
}

int
rr_trainer_new(const struct rr_net *net, const struct rr_train_conf *conf,
               struct rr_trainer **trainer, struct rr_err *err)
{
    struct rr_trainer *t = calloc(1, sizeof *t);
    int rc;

    *trainer = NULL;
    if (t == NULL) {
        return rr_err_set(err, -ENOMEM, "trainer: out of memory");
    }
    t->conf = *conf;
    rc = init(t, net, err);
    if (rc != 0) {
        rr_trainer_free(t);
        return rc;
    }
    *trainer = t;
    return 0;
}

void
rr_trainer_free(struct rr_trainer *trainer)
{
    if (trainer != NULL) {
        team_free(trainer->team);
        adamw_fini(&trainer->opt);
        rr_net_free(trainer->net);
        free(trainer->policy);
        free(trainer->policy_grad);
        free(trainer->value);
        free(trainer->value_grad);
        free(trainer->marks);
        free(trainer);
    }
}

const char *
rr_trainer_kind(const struct rr_trainer *trainer)
{
    return team_kind(trainer->team);
}

/* Forward pass and losses; gradients by the logits when a step is to follow. */
static int
evaluate(struct rr_trainer *t, const struct rr_batch *batch, bool with_grad, struct rr_loss *loss,
         struct rr_err *err)
{
    const struct loss_conf conf = {.policy_weight = (double)t->conf.policy_weight,
                                   .value_weight = (double)t->conf.value_weight,
                                   .policy_grad = with_grad ? t->policy_grad : NULL,
                                   .value_grad = with_grad ? t->value_grad : NULL};
    int rc = loss_check(&t->shape, batch, t->marks, err);

    rc = rc ? rc
            : team_forward(t->team, batch->n, batch->planes, batch->scalars, t->policy, t->value,
                           err);
    if (rc != 0) {
        return rc;
    }
    loss_compute(&t->shape, &conf, batch, t->policy, t->value, loss);
    if (!isfinite(loss->total)) {
        return rr_err_set(err, RR_E_CORRUPT,
                          "trainer: after %" PRIu64 " steps the loss is not finite (policy %g, "
                          "value %g): lower the learning rate",
                          t->opt.step, loss->policy, loss->value);
    }
    return 0;
}

int
rr_trainer_step(struct rr_trainer *trainer, const struct rr_batch *batch, float learning_rate,
                struct rr_loss *loss, struct rr_err *err)
{
    struct rr_trainer *t = trainer;
    const size_t n = t->net->graph->parameters;
    const double clip = (double)t->conf.clip_norm;
    const float *grads = NULL;
    int rc;

    if (batch->n != t->conf.batch || !(learning_rate >= 0.0f && isfinite(learning_rate))) {
        return rr_err_set(err, RR_E_INPUT,
                          "trainer: a step takes %u samples (got %u) and a finite learning rate",
                          t->conf.batch, batch->n);
    }
    rc = evaluate(t, batch, true, loss, err);
    rc = rc ? rc : team_backward(t->team, t->policy_grad, t->value_grad, &grads, err);
    if (rc != 0) {
        return rc;
    }
    loss->grad_norm = adamw_norm(grads, n);
    if (!isfinite(loss->grad_norm)) {
        return rr_err_set(err, RR_E_CORRUPT,
                          "trainer: after %" PRIu64 " steps a gradient is not finite: lower the "
                          "learning rate",
                          t->opt.step);
    }
    adamw_step(&t->opt, t->net->graph, &t->conf, learning_rate,
               clip > 0 && loss->grad_norm > clip ? (float)(clip / loss->grad_norm) : 1.0f, grads,
               t->net->params);
    return team_refresh(t->team, err);
}

int
rr_trainer_eval(struct rr_trainer *trainer, const struct rr_batch *batch, struct rr_loss *loss,
                struct rr_err *err)
{
    if (batch->n == 0 || batch->n > trainer->conf.batch) {
        return rr_err_set(err, RR_E_INPUT, "trainer: %u samples, made for 1 to %u", batch->n,
                          trainer->conf.batch);
    }
    return evaluate(trainer, batch, false, loss, err);
}

int
rr_trainer_net(const struct rr_trainer *trainer, struct rr_net **net, struct rr_err *err)
{
    return copy_net(trainer->net, net, err);
}

uint64_t
rr_trainer_steps(const struct rr_trainer *trainer)
{
    return trainer->opt.step;
}

/* --- checkpoints -------------------------------------------------------------------------------
 */

/* The three vectors of a checkpoint and the prefixes of their tensors. */
#define VECTORS 3
static const char *const prefixes[VECTORS] = {"", "adamw.mean.", "adamw.square."};

static void
vectors(const struct rr_trainer *t, float **v)
{
    v[0] = t->net->params;
    v[1] = t->opt.mean;
    v[2] = t->opt.square;
}

int
rr_trainer_save(const struct rr_trainer *trainer, const char *const *meta, const char *path,
                struct rr_err *err)
{
    const struct graph *g = trainer->net->graph;
    const size_t n = model_tensors(g);
    struct st_tensor *t = calloc(VECTORS * n, sizeof *t);
    char(*names)[MODEL_NAME_MAX] = calloc(VECTORS * n, sizeof *names);
    char step[24];
    const char *own[] = {"graph", trainer->net->json, "steps", step, NULL};
    const char **all = NULL;
    size_t count = 0;
    float *v[VECTORS];
    int rc = -ENOMEM;

    while (meta != NULL && meta[count] != NULL) {
        count++;
    }
    all = calloc(count + 5, sizeof *all);
    if (t == NULL || names == NULL || all == NULL) {
        rr_err_set(err, rc, "%s: out of memory", path);
        goto out;
    }
    (void)snprintf(step, sizeof step, "%" PRIu64, trainer->opt.step);
    for (size_t i = 0; i < count; i++) {
        all[i] = meta[i];
    }
    memcpy(all + count, own, sizeof own);
    vectors(trainer, v);
    for (size_t i = 0; i < VECTORS; i++) {
        model_describe(g, prefixes[i], v[i], t + i * n, names + i * n);
    }
    rc = st_write(path, all, t, VECTORS * n, err);
out:
    free(all);
    free(names);
    free(t);
    return rc;
}

/* Read all vectors into fresh memory first, so that a file with an error changes nothing. */
static int
restore(struct rr_trainer *t, const struct st_file *file, const char *path, struct rr_err *err)
{
    const size_t n = t->net->graph->parameters;
    const char *json = model_meta_find(st_meta(file), "graph");
    const char *steps = model_meta_find(st_meta(file), "steps");
    char *end = NULL;
    float *fresh;
    float *v[VECTORS];
    int rc = 0;

    if (json == NULL || strcmp(json, t->net->json) != 0) {
        return rr_err_set(err, RR_E_MISMATCH, "%s: checkpoint of another net", path);
    }
    if (steps == NULL || steps[0] < '0' || steps[0] > '9') {
        return rr_err_set(err, RR_E_MISMATCH, "%s: not a checkpoint: no number of steps", path);
    }
    fresh = calloc(VECTORS * n + 1, sizeof *fresh);
    if (fresh == NULL) {
        return rr_err_set(err, -ENOMEM, "%s: out of memory", path);
    }
    for (size_t i = 0; i < VECTORS && rc == 0; i++) {
        rc = model_extract(file, path, t->net->graph, prefixes[i], fresh + i * n, err);
    }
    if (rc == 0) {
        vectors(t, v);
        for (size_t i = 0; i < VECTORS; i++) {
            memcpy(v[i], fresh + i * n, n * sizeof *fresh);
        }
        t->opt.step = strtoull(steps, &end, 10);
        rc = team_refresh(t->team, err);
    }
    free(fresh);
    return rc;
}

int
rr_trainer_restore(struct rr_trainer *trainer, const char *path, struct rr_err *err)
{
    struct st_file *file = NULL;
    int rc = st_read(path, &file, err);

    if (rc == 0) {
        rc = restore(trainer, file, path, err);
        st_free(file);
    }
    return rc;
}
