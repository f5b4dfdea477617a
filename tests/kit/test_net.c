/* SPDX-License-Identifier: MIT */
/*
 * test_net.c - nets, inference and model files.
 */
#include "tests/kit/net_data.h"

#include <math.h>

static const struct rr_tower small = {.io = {9, 9, 30, 7, 5, 3, 3},
                                      .channels = 32,
                                      .blocks = 3,
                                      .pool_every = 2,
                                      .head_channels = 16};

/* A net whose layers all count: the ones that start at zero are started like the others. */
static struct rr_net *
lively_net(const struct rr_tower *tower, uint64_t seed)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *net = NULL;
    char *json = NULL;
    char *at;

    if (rr_tower_graph(tower, &json, &err) == 0) {
        while ((at = strstr(json, "\"gain\":0.0")) != NULL) {
            memcpy(at, "\"gain\":0.5", 10);
        }
        (void)rr_net_new(json, seed, &net, &err);
    }
    free(json);
    if (net == NULL) {
        diag("%s", err.text);
        exit(1);
    }
    return net;
}

struct answer {
    float *policy, *value;
    size_t logits, seats;
};

/* Evaluate n samples in calls of at most batch. */
static struct answer
evaluate(const struct rr_net *net, const struct net_data *d, uint32_t n, uint32_t batch,
         uint32_t dtype)
{
    const struct rr_net_io *io = rr_net_io(net);
    const size_t row = (size_t)io->height * io->width * io->planes;
    struct answer a = {.logits = net_logits(io), .seats = io->seats};
    struct rr_err err = RR_ERR_INIT;
    struct rr_infer *infer = NULL;
    int rc = rr_infer_new(net, batch, dtype, &infer, &err);

    a.policy = calloc(n * a.logits, sizeof(float));
    a.value = calloc(n * a.seats, sizeof(float));
    for (uint32_t i = 0; rc == 0 && i < n; i += batch) {
        rc = rr_infer_run(infer, n - i < batch ? n - i : batch, d->planes + i * row,
                          d->scalars + (size_t)i * io->scalars, a.policy + i * a.logits,
                          a.value + i * a.seats, &err);
    }
    if (rc != 0) {
        diag("%s", err.text);
        exit(1);
    }
    rr_infer_free(infer);
    return a;
}

static void
answer_free(struct answer *a)
{
    free(a->policy);
    free(a->value);
}

static bool
same(const struct answer *a, const struct answer *b, size_t n)
{
    return memcmp(a->policy, b->policy, n * a->logits * sizeof(float)) == 0 &&
           memcmp(a->value, b->value, n * a->seats * sizeof(float)) == 0;
}

static void
test_tower(void)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *a = NULL, *b = NULL, *c = NULL;
    struct rr_tower wrong = small;
    struct net_data d;
    struct answer x;
    char *json = NULL;
    bool uniform = true;

    is_int(rr_tower_graph(&small, &json, &err), 0, "a tower has a graph");
    is_int(rr_net_new(json, 5, &a, &err), 0, "and the graph makes a net");
    is_int(rr_net_new(json, 5, &b, &err), 0, "twice");
    is_int(rr_net_new(json, 6, &c, &err), 0, "and with another seed");
    is_str(rr_net_graph(a), json, "a net gives its graph back");
    ok(memcmp(rr_net_io(a), &small.io, sizeof small.io) == 0, "and its borders");
    ok(rr_net_parameters(a) > 60000, "it has %zu parameters", rr_net_parameters(a));
    net_data_init(&d, &small.io, 4, 1);
    x = evaluate(a, &d, 4, 4, RR_DTYPE_AUTO);
    for (size_t i = 0; i < 4 * x.logits; i++) {
        uniform &= x.policy[i] == 0.0f;
    }
    for (size_t i = 0; i < 4 * x.seats; i++) {
        uniform &= fabsf(x.value[i] - 1.0f / 3) < 1e-6f;
    }
    ok(uniform, "a fresh tower answers with equal chances");
    answer_free(&x);
    is_int(rr_model_save(a, NULL, net_file("a"), &err), 0, "saved");
    is_int(rr_model_save(b, NULL, net_file("b"), &err), 0, "saved");
    is_int(rr_model_save(c, NULL, net_file("c"), &err), 0, "saved");
    {
        size_t n, m, k;
        char *p = net_read(net_file("a"), &n);
        char *q = net_read(net_file("b"), &m);
        char *r = net_read(net_file("c"), &k);

        ok(n == m && memcmp(p, q, n) == 0, "equal seeds give equal bytes");
        ok(n == k && memcmp(p, r, n) != 0, "other seeds give others");
        free(p);
        free(q);
        free(r);
    }
    wrong.blocks = 0;
    free(json);
    is_int(rr_tower_graph(&wrong, &json, &err), RR_E_INPUT, "a tower without blocks is refused");
    net_data_fini(&d);
    rr_net_free(a);
    rr_net_free(b);
    rr_net_free(c);
}

static void
test_infer(uint32_t dtype, const char *what)
{
    struct rr_net *net = lively_net(&small, 3);
    struct net_data d;
    struct answer whole, again;
    bool good = true;

    net_data_init(&d, &small.io, 77, 2);
    whole = evaluate(net, &d, 77, 77, dtype);
    for (uint32_t i = 0; i < 77; i++) {
        float sum = 0;

        for (uint32_t r = 0; r < 3; r++) {
            sum += whole.value[i * 3 + r];
        }
        good &= fabsf(sum - 1.0f) < 1e-5f;
    }
    ok(good, "%s: values are probabilities", what);
    ok(memcmp(whole.policy, whole.policy + whole.logits, whole.logits * sizeof(float)) != 0,
       "%s: different positions have different answers", what);
    again = evaluate(net, &d, 77, 77, dtype);
    ok(same(&whole, &again, 77), "%s: the same call gives the same bits", what);
    answer_free(&again);
    for (uint32_t batch = 1; batch <= 64; batch = batch * 2 + (batch == 4)) {
        again = evaluate(net, &d, 77, batch, dtype);
        ok(same(&whole, &again, 77), "%s: calls of %u give the same bits as one of 77", what,
           batch);
        answer_free(&again);
    }
    answer_free(&whole);
    net_data_fini(&d);
    rr_net_free(net);
}

static void
test_precision(void)
{
    struct rr_net *net = lively_net(&small, 4);
    struct net_data d;
    struct answer full, half;
    double error = 0, size = 0, value = 0;

    net_data_init(&d, &small.io, 32, 3);
    full = evaluate(net, &d, 32, 32, RR_DTYPE_F32);
    half = evaluate(net, &d, 32, 32, RR_DTYPE_AUTO);
    for (size_t i = 0; i < 32 * full.logits; i++) {
        error += pow((double)(full.policy[i] - half.policy[i]), 2);
        size += pow((double)full.policy[i], 2);
    }
    for (size_t i = 0; i < 32 * full.seats; i++) {
        value = fmax(value, fabs((double)(full.value[i] - half.value[i])));
    }
    ok(sqrt(error / size) < 0.02, "logits of auto are near f32: %.2e", sqrt(error / size));
    ok(value < 0.02, "values of auto are near f32: %.2e", value);
    answer_free(&full);
    answer_free(&half);
    net_data_fini(&d);
    rr_net_free(net);
}

static void
test_infer_errors(void)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *net = lively_net(&small, 3);
    struct rr_infer *infer = NULL;
    int rc;

    is_int(rr_infer_new(net, 0, RR_DTYPE_F32, &infer, &err), RR_E_INPUT, "a batch of 0 is refused");
    is_int(rr_infer_new(net, 4, RR_DTYPE_F32, &infer, &err), 0, "f32 runs everywhere");
    ok(strncmp(rr_infer_kind(infer), "f32 ", 4) == 0, "and says so: %s", rr_infer_kind(infer));
    is_int(rr_infer_run(infer, 5, NULL, NULL, NULL, NULL, &err), RR_E_INPUT,
           "more positions than made for are refused");
    is_int(rr_infer_run(infer, 0, NULL, NULL, NULL, NULL, &err), 0, "none are fine");
    rr_infer_free(infer);
    rc = rr_infer_new(net, 4, RR_DTYPE_BF16, &infer, &err);
    ok(rc == 0 ? strncmp(rr_infer_kind(infer), "bf16 ", 5) == 0 : strstr(err.text, "bf16") != NULL,
       "bf16 is what it says, or an error: %s", rc == 0 ? rr_infer_kind(infer) : err.text);
    rr_infer_free(infer);
    rr_net_free(net);
}

/* A small board and no scalars or single logits: the other branches of the tower. */
static void
test_small_board(void)
{
    const struct rr_tower t = {
        .io = {6, 7, 3, 0, 1, 0, 2}, .channels = 16, .blocks = 1, .head_channels = 8};
    struct rr_net *net = lively_net(&t, 1);
    struct net_data d;
    struct answer one, many;

    net_data_init(&d, &t.io, 9, 5);
    one = evaluate(net, &d, 9, 1, RR_DTYPE_AUTO);
    many = evaluate(net, &d, 9, 9, RR_DTYPE_AUTO);
    ok(same(&one, &many, 9), "6x7 without scalars: batches give the same bits");
    answer_free(&one);
    answer_free(&many);
    net_data_fini(&d);
    rr_net_free(net);
}

static void
test_model(void)
{
    static const char *const meta[] = {"layout", "toy/1/x", "generation", "3", NULL};
    static const char *const later[] = {"generation", "4", NULL};
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *net = lively_net(&small, 9), *got = NULL;
    struct net_data d;
    struct answer x, y;

    is_int(rr_model_save(net, meta, net_file("a"), &err), 0, "a model is saved");
    ok(access(net_file("a.tmp"), F_OK) != 0, "no temporary file stays");
    is_int(rr_model_load(net_file("a"), "toy/1/x", &got, &err), 0, "and loaded");
    is_str(rr_model_meta(got, "generation"), "3", "with its metadata");
    ok(rr_model_meta(got, "parent") == NULL, "and no more than that");
    ok(rr_model_meta(got, "rrd_version") != NULL, "the version is there by itself");
    is_str(rr_net_graph(got), rr_net_graph(net), "the graph is the same");
    net_data_init(&d, &small.io, 5, 2);
    x = evaluate(net, &d, 5, 5, RR_DTYPE_AUTO);
    y = evaluate(got, &d, 5, 5, RR_DTYPE_AUTO);
    ok(same(&x, &y, 5), "it answers with the same bits");
    is_int(rr_model_save(got, later, net_file("b"), &err), 0, "saved again with other metadata");
    rr_net_free(got);
    is_int(rr_model_load(net_file("b"), NULL, &got, &err), 0, "loaded without comparing layouts");
    is_str(rr_model_meta(got, "generation"), "4", "new metadata wins");
    is_str(rr_model_meta(got, "layout"), "toy/1/x", "old metadata stays");
    rr_net_free(got);
    is_int(rr_model_load(net_file("a"), "toy/2/x", &got, &err), RR_E_MISMATCH,
           "another layout is refused");
    ok(got == NULL && strstr(err.text, "toy/2/x") != NULL, "%s", err.text);
    is_int(rr_model_load(net_file("none"), NULL, &got, &err), -2, "a missing file is ENOENT");
    is_int(rr_model_load("/", NULL, &got, &err), RR_E_INPUT, "a folder is refused");
    ok(rr_model_save(net, NULL, "/nowhere/at/all", &err) < 0, "%s", err.text);
    answer_free(&x);
    answer_free(&y);
    net_data_fini(&d);
    rr_net_free(net);
}

static void
test_graphs(void)
{
#define IO                                                                                         \
    "{\"format\":\"rr-graph/1\",\"io\":{\"height\":3,\"width\":3,\"planes\":2,\"scalars\":0,"      \
    "\"policy_planes\":2,\"policy_scalars\":0,\"seats\":2},\"nodes\":["
#define REST                                                                                       \
    "{\"name\":\"p\",\"op\":\"policy\",\"in\":[\"x\"]},"                                           \
    "{\"name\":\"g\",\"op\":\"global_pool\",\"in\":[\"x\"]},"                                      \
    "{\"name\":\"l\",\"op\":\"linear\",\"in\":[\"g\"],\"out\":2},"                                 \
    "{\"name\":\"v\",\"op\":\"value\",\"in\":[\"l\"]}]}"
    static const struct {
        const char *json;
        int rc;
        const char *says;
    } bad[] = {
        {"", RR_E_INPUT, "line"},
        {"{\"format\":\"rr-graph/2\"}", RR_E_MISMATCH, "rr-graph/2"},
        {"{\"format\":\"rr-graph/1\"}", RR_E_INPUT, "io"},
        {IO "]}", RR_E_INPUT, "nodes"},
        {IO "{\"name\":\"x\",\"op\":\"input_planes\"}]}", RR_E_INPUT, "feeds nothing"},
        {IO "{\"name\":\"x\",\"op\":\"input_plans\"}," REST, RR_E_INPUT, "input_plans"},
        {IO "{\"name\":\"X\",\"op\":\"input_planes\"}," REST, RR_E_INPUT, "name"},
        {IO "{\"name\":\"x\",\"op\":\"input_planes\",\"out\":3}," REST, RR_E_INPUT, "out"},
        {IO "{\"name\":\"y\",\"op\":\"input_planes\"}," REST, RR_E_INPUT, "\"x\""},
        {IO
         "{\"name\":\"x\",\"op\":\"input_planes\"},{\"name\":\"x\",\"op\":\"input_planes\"}," REST,
         RR_E_INPUT, "twice"},
        {IO "{\"name\":\"y\",\"op\":\"input_planes\"},{\"name\":\"x\",\"op\":\"conv2d\",\"in\":["
            "\"y\"],"
            "\"out\":2,\"kernel\":2}," REST,
         RR_E_INPUT, "kernel"},
        {IO "{\"name\":\"y\",\"op\":\"input_planes\"},{\"name\":\"x\",\"op\":\"conv2d\",\"in\":["
            "\"y\"],"
            "\"out\":5,\"kernel\":3}," REST,
         RR_E_INPUT, "policy"},
        {IO "{\"name\":\"y\",\"op\":\"input_planes\"},{\"name\":\"x\",\"op\":\"conv2d\",\"in\":["
            "\"y\"],"
            "\"out\":99999,\"kernel\":3}," REST,
         RR_E_INPUT, "out"},
        {IO "{\"name\":\"y\",\"op\":\"input_planes\"},{\"name\":\"x\",\"op\":\"linear\",\"in\":["
            "\"y\"],"
            "\"out\":2}," REST,
         RR_E_INPUT, "linear"},
        {IO "{\"name\":\"y\",\"op\":\"input_planes\"},{\"name\":\"x\",\"op\":\"add\",\"in\":[\"y\","
            "\"y\"]}," REST,
         RR_E_INPUT, "different"},
    };
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *net = NULL;

    is_int(rr_net_new(IO "{\"name\":\"x\",\"op\":\"input_planes\"}," REST, 1, &net, &err), 0,
           "the smallest graph is a net");
    rr_net_free(net);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const int rc = rr_net_new(bad[i].json, 1, &net, &err);

        ok(rc == bad[i].rc && net == NULL && strstr(err.text, bad[i].says) != NULL, "%s", err.text);
    }
}

int
main(void)
{
    static const char *const files[] = {"a", "b", "c", NULL};

    test_tower();
    test_infer(RR_DTYPE_AUTO, "auto");
    test_infer(RR_DTYPE_F32, "f32");
    test_precision();
    test_infer_errors();
    test_small_board();
    test_model();
    test_graphs();
    net_folder_remove(files);
    return tap_done();
}
