/* SPDX-License-Identifier: MIT */
/*
 * test_net_train.c - optimiser steps, their errors, and checkpoints.
 */
#include "tests/kit/net_data.h"

#include <math.h>

static const struct rr_tower small = {.io = {5, 5, 12, 4, 4, 3, 2},
                                      .channels = 32,
                                      .blocks = 2,
                                      .pool_every = 2,
                                      .head_channels = 16};

static struct rr_net *
small_net(uint64_t seed)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *net = NULL;
    char *json = NULL;

    if (rr_tower_graph(&small, &json, &err) != 0 || rr_net_new(json, seed, &net, &err) != 0) {
        diag("%s", err.text);
        exit(1);
    }
    free(json);
    return net;
}

static struct rr_train_conf
conf_of(uint32_t batch, uint32_t dtype, uint32_t threads)
{
    return (struct rr_train_conf){.batch = batch,
                                  .dtype = dtype,
                                  .threads = threads,
                                  .weight_decay = 1e-4f,
                                  .beta1 = 0.9f,
                                  .beta2 = 0.99f,
                                  .epsilon = 1e-8f,
                                  .clip_norm = 5.0f,
                                  .policy_weight = 1.0f,
                                  .value_weight = 1.0f};
}

static struct rr_trainer *
trainer_of(const struct rr_net *net, const struct rr_train_conf *conf)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_trainer *trainer = NULL;

    if (rr_trainer_new(net, conf, &trainer, &err) != 0) {
        diag("%s", err.text);
        exit(1);
    }
    return trainer;
}

/* Steps on one batch; returns the loss of the last, or NaN after an error. */
static struct rr_loss
steps(struct rr_trainer *t, const struct rr_batch *batch, int n, float rate)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_loss loss = {.total = NAN};

    for (int i = 0; i < n; i++) {
        if (rr_trainer_step(t, batch, rate, &loss, &err) != 0) {
            diag("%s", err.text);
            loss.total = NAN;
            break;
        }
    }
    return loss;
}

/* Whether two trainers hold the same bits. */
static bool
same(const struct rr_trainer *a, const struct rr_trainer *b)
{
    struct rr_err err = RR_ERR_INIT;
    size_t n = 0, m = 0;
    char *p = NULL, *q = NULL;
    bool equal;

    (void)rr_trainer_save(a, NULL, net_file("same"), &err);
    p = net_read(net_file("same"), &n);
    (void)rr_trainer_save(b, NULL, net_file("same"), &err);
    q = net_read(net_file("same"), &m);
    equal = p != NULL && q != NULL && n == m && memcmp(p, q, n) == 0;
    free(p);
    free(q);
    return equal;
}

/* A net that is large enough learns 64 random positions by heart. */
static void
test_overfit(uint32_t dtype, const char *what)
{
    const struct rr_train_conf conf = conf_of(64, dtype, 1);
    struct rr_net *net = small_net(1);
    struct rr_trainer *t = trainer_of(net, &conf);
    struct net_data d;
    struct rr_loss first, last = {0};
    int n = 0;

    net_data_init(&d, &small.io, 64, 4);
    first = steps(t, &d.batch, 1, 0.0f);
    ok(fabs(first.value - log(2)) < 1e-5, "%s: a fresh net knows nothing: %.4f", what, first.value);
    ok(first.grad_norm > 0 && first.policy > first.policy_entropy, "%s: and can learn", what);
    for (n = 0; n < 20 && (n == 0 || last.policy - last.policy_entropy > 0.02); n++) {
        last = steps(t, &d.batch, 25, 3e-3f);
    }
    ok(last.policy - last.policy_entropy < 0.02,
       "%s: policy learnt by heart: %.4f above %.4f in %d "
       "steps (from %.4f)",
       what, last.policy - last.policy_entropy, last.policy_entropy, 25 * n,
       first.policy - first.policy_entropy);
    net_data_fini(&d);
    rr_trainer_free(t);
    rr_net_free(net);
}

static void
test_determinism(uint32_t threads)
{
    const struct rr_train_conf conf = conf_of(16, RR_DTYPE_AUTO, threads);
    struct rr_net *net = small_net(2);
    struct rr_trainer *a = trainer_of(net, &conf);
    struct rr_trainer *b = trainer_of(net, &conf);
    struct net_data d;

    net_data_init(&d, &small.io, 16, 5);
    (void)steps(a, &d.batch, 5, 1e-3f);
    ok(!same(a, b), "%u threads: steps change something", threads);
    (void)steps(b, &d.batch, 5, 1e-3f);
    ok(same(a, b), "%u threads: equal steps give equal bits", threads);
    net_data_fini(&d);
    rr_trainer_free(a);
    rr_trainer_free(b);
    rr_net_free(net);
}

/* However a batch is split, also unevenly, it is the same batch. */
static void
test_threads(uint32_t threads)
{
    const struct rr_train_conf one = conf_of(16, RR_DTYPE_F32, 1);
    const struct rr_train_conf more = conf_of(16, RR_DTYPE_F32, threads);
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *net = small_net(3);
    struct rr_trainer *a = trainer_of(net, &one);
    struct rr_trainer *b = trainer_of(net, &more);
    struct net_data d;
    struct rr_batch part;
    struct rr_loss x, y;

    net_data_init(&d, &small.io, 16, 6);
    x = steps(a, &d.batch, 10, 1e-3f);
    y = steps(b, &d.batch, 10, 1e-3f);
    ok(fabs(x.total - y.total) < 1e-3 && fabs(x.grad_norm - y.grad_norm) < 1e-2 * x.grad_norm,
       "%u threads train like one: %.5f and %.5f, gradients %.5f and %.5f", threads, y.total,
       x.total, y.grad_norm, x.grad_norm);
    part = d.batch;
    part.n = 3;
    ok(rr_trainer_eval(a, &part, &x, &err) == 0 && rr_trainer_eval(b, &part, &y, &err) == 0 &&
           fabs(x.total - y.total) < 1e-3,
       "%u threads evaluate a part like one", threads);
    net_data_fini(&d);
    rr_trainer_free(a);
    rr_trainer_free(b);
    rr_net_free(net);
}

static void
test_precision(void)
{
    const struct rr_train_conf full = conf_of(32, RR_DTYPE_F32, 1);
    const struct rr_train_conf half = conf_of(32, RR_DTYPE_AUTO, 1);
    struct rr_net *net = small_net(3);
    struct rr_trainer *a = trainer_of(net, &full);
    struct rr_trainer *b = trainer_of(net, &half);
    struct net_data d;
    struct rr_loss x, y;

    net_data_init(&d, &small.io, 32, 6);
    x = steps(a, &d.batch, 30, 1e-3f);
    y = steps(b, &d.batch, 30, 1e-3f);
    ok(fabs(x.total - y.total) < 0.05 * x.total, "%s trains like f32: %.4f and %.4f",
       rr_trainer_kind(b), y.total, x.total);
    net_data_fini(&d);
    rr_trainer_free(a);
    rr_trainer_free(b);
    rr_net_free(net);
}

static void
test_resume(void)
{
    static const char *const meta[] = {"cursor", "17", NULL};
    const struct rr_train_conf conf = conf_of(16, RR_DTYPE_AUTO, 1);
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *net = small_net(7), *other = NULL;
    struct rr_trainer *a = trainer_of(net, &conf);
    struct rr_trainer *b = trainer_of(net, &conf);
    struct net_data d, e;
    struct rr_loss x, y;
    size_t n = 0;
    char *bytes;

    net_data_init(&d, &small.io, 16, 8);
    net_data_init(&e, &small.io, 16, 9);
    (void)steps(a, &d.batch, 3, 1e-3f);
    is_int(rr_trainer_save(a, meta, net_file("point"), &err), 0, "a checkpoint is saved");
    is_int(rr_trainer_restore(b, net_file("point"), &err), 0, "and restored");
    is_int((int64_t)rr_trainer_steps(b), 3, "with its steps");
    ok(same(a, b), "it is the same state");
    x = steps(a, &e.batch, 4, 1e-3f);
    y = steps(b, &e.batch, 4, 1e-3f);
    ok(same(a, b) && x.total == y.total, "training goes on bit for bit");

    bytes = net_read(net_file("point"), &n);
    (void)net_write(net_file("point"), bytes, n - 4);
    is_int(rr_trainer_restore(b, net_file("point"), &err), RR_E_CORRUPT,
           "half a checkpoint is refused");
    ok(same(a, b), "and changes nothing");
    is_int(rr_trainer_net(a, &other, &err), 0, "the trained net comes out");
    is_int(rr_model_save(other, NULL, net_file("point"), &err), 0, "and is saved as a model");
    is_int(rr_trainer_restore(b, net_file("point"), &err), RR_E_MISMATCH,
           "a model is no checkpoint");
    free(bytes);
    rr_net_free(other);
    net_data_fini(&d);
    net_data_fini(&e);
    rr_trainer_free(a);
    rr_trainer_free(b);
    rr_net_free(net);
}

/* Evaluation, weights, and a whole batch against its parts. */
static void
test_eval(void)
{
    const struct rr_train_conf conf = conf_of(16, RR_DTYPE_F32, 1);
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *net = small_net(7);
    struct rr_trainer *t = trainer_of(net, &conf);
    struct net_data d;
    struct rr_batch part;
    struct rr_loss all, one, two;

    net_data_init(&d, &small.io, 16, 8);
    (void)steps(t, &d.batch, 3, 1e-2f);
    is_int(rr_trainer_eval(t, &d.batch, &all, &err), 0, "a whole batch is evaluated");
    ok(all.grad_norm == 0.0 && (int64_t)rr_trainer_steps(t) == 3, "without a step");
    part = d.batch;
    part.n = 6;
    is_int(rr_trainer_eval(t, &part, &one, &err), 0, "a part as well");
    for (uint32_t i = 6; i < 16; i++) {
        d.weight[i] = 0.0f;
    }
    is_int(rr_trainer_eval(t, &d.batch, &two, &err), 0, "weights of 0");
    ok(fabs(one.total - two.total) < 1e-6, "count as not there: %.6f %.6f", one.total, two.total);
    part.n = 17;
    is_int(rr_trainer_eval(t, &part, &one, &err), RR_E_INPUT, "more than the batch is refused");
    part.n = 15;
    is_int(rr_trainer_step(t, &part, 1e-3f, &one, &err), RR_E_INPUT, "a step takes all");
    net_data_fini(&d);
    rr_trainer_free(t);
    rr_net_free(net);
}

static void
test_bad_input(void)
{
    const struct rr_train_conf conf = conf_of(16, RR_DTYPE_AUTO, 1);
    struct rr_train_conf wrong = conf;
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *net = small_net(7);
    struct rr_trainer *t = trainer_of(net, &conf);
    struct rr_trainer *fresh = trainer_of(net, &conf);
    struct rr_trainer *none = NULL;
    struct net_data d;
    struct rr_loss loss;
    int32_t idx;
    float keep;

    net_data_init(&d, &small.io, 16, 8);
    wrong.batch = 0;
    is_int(rr_trainer_new(net, &wrong, &none, &err), RR_E_INPUT, "a batch of 0 is refused");
    wrong = conf;
    wrong.beta2 = 1.0f;
    is_int(rr_trainer_new(net, &wrong, &none, &err), RR_E_INPUT, "beta2 = 1 is refused");

    idx = d.legal_idx[1];
    d.legal_idx[1] = d.legal_idx[0];
    is_int(rr_trainer_step(t, &d.batch, 1e-3f, &loss, &err), RR_E_INPUT, "a legal move twice");
    d.legal_idx[1] = 103;
    is_int(rr_trainer_step(t, &d.batch, 1e-3f, &loss, &err), RR_E_INPUT, "an index out of range");
    d.legal_idx[1] = idx;
    idx = d.policy_idx[0];
    d.policy_idx[0] = d.legal_idx[1];
    d.legal_idx[1] = idx;
    d.policy_idx[0] = (idx + 1) % 103;
    is_int(rr_trainer_step(t, &d.batch, 1e-3f, &loss, &err), RR_E_INPUT, "an illegal target");
    net_data_fini(&d);

    net_data_init(&d, &small.io, 16, 8);
    d.val[0] = NAN;
    is_int(rr_trainer_step(t, &d.batch, 1e-3f, &loss, &err), RR_E_INPUT,
           "a target that is no number");
    d.val[0] = 1.0f;
    d.value[3] = -1.0f;
    is_int(rr_trainer_step(t, &d.batch, 1e-3f, &loss, &err), RR_E_INPUT, "a negative share");
    d.value[3] = 0.0f;
    is_int(rr_trainer_step(t, &d.batch, NAN, &loss, &err), RR_E_INPUT, "a rate that is no number");
    keep = d.scalars[0];
    d.scalars[0] = NAN;
    is_int(rr_trainer_step(t, &d.batch, 1e-3f, &loss, &err), RR_E_CORRUPT,
           "a loss that is not finite");
    ok(strstr(err.text, "not finite") != NULL, "%s", err.text);
    d.scalars[0] = keep;
    ok(same(t, fresh), "none of this changed anything");
    ok(isfinite(steps(t, &d.batch, 1, 1e-3f).total), "and the next good batch is fine");
    net_data_fini(&d);
    rr_trainer_free(t);
    rr_trainer_free(fresh);
    rr_net_free(net);
}

int
main(void)
{
    static const char *const files[] = {"same", "point", NULL};

    test_overfit(RR_DTYPE_AUTO, "auto");
    test_overfit(RR_DTYPE_F32, "f32");
    test_determinism(1);
    test_determinism(2);
    test_threads(3);
    test_threads(99);
    test_precision();
    test_resume();
    test_eval();
    test_bad_input();
    net_folder_remove(files);
    return tap_done();
}
