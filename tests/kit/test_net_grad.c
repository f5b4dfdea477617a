/* SPDX-License-Identifier: MIT */
/*
 * test_net_grad.c - gradients of every layer and of both losses against finite differences.
 *
 * A step with beta1 = 0 and learning rate 0 leaves the gradient itself as the first moment; a
 * checkpoint shows it. The other side comes from evaluations of checkpoints with one parameter
 * moved. All in f32.
 */
#include "tests/kit/net_data.h"

#include <math.h>

#define BATCH 6u

struct setup {
    struct rr_trainer *trainer;
    struct net_data data;
    char *bytes; /* a checkpoint */
    size_t n_bytes;
    float *params, *grads; /* inside of it */
    size_t n_params;
};

static const struct rr_train_conf conf = {.batch = BATCH,
                                          .dtype = RR_DTYPE_F32,
                                          .threads = 1,
                                          .beta1 = 0.0f,
                                          .beta2 = 0.9f,
                                          .epsilon = 1e-8f,
                                          .policy_weight = 1.5f,
                                          .value_weight = 0.7f};

static int
load_bytes(struct setup *s)
{
    uint64_t header;

    free(s->bytes);
    s->bytes = net_read(net_file("grad"), &s->n_bytes);
    if (s->bytes == NULL) {
        return -1;
    }
    memcpy(&header, s->bytes, sizeof header);
    s->params = (float *)(void *)(s->bytes + 8 + header);
    s->grads = s->params + s->n_params;
    return 0;
}

/* Biases start at 0, where an empty cell stands on the kink of a relu: move every parameter. */
static int
move_params(struct setup *s, uint64_t seed, struct rr_err *err)
{
    for (size_t i = 0; i < s->n_params; i++) {
        s->params[i] += (float)(net_random(&seed) % 1000) * 4e-4f - 0.2f;
    }
    return net_write(net_file("moved"), s->bytes, s->n_bytes)
               ? rr_trainer_restore(s->trainer, net_file("moved"), err)
               : -1;
}

static bool
setup_init(struct setup *s, const char *graph, uint64_t seed)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *net = NULL;
    struct rr_loss loss;
    int rc = rr_net_new(graph, seed, &net, &err);

    memset(s, 0, sizeof *s);
    rc = rc ? rc : rr_trainer_new(net, &conf, &s->trainer, &err);
    if (rc == 0) {
        s->n_params = rr_net_parameters(net);
        net_data_init(&s->data, rr_net_io(net), BATCH, seed);
        rc = rr_trainer_save(s->trainer, NULL, net_file("grad"), &err);
    }
    rc = rc ? rc : load_bytes(s);
    rc = rc ? rc : move_params(s, seed, &err);
    rc = rc ? rc : rr_trainer_step(s->trainer, &s->data.batch, 0.0f, &loss, &err);
    rc = rc ? rc : rr_trainer_save(s->trainer, NULL, net_file("grad"), &err);
    rc = rc ? rc : load_bytes(s);
    rr_net_free(net);
    if (rc != 0) {
        diag("%s", err.text);
    }
    return rc == 0;
}

static double
loss_at(struct setup *s, size_t i, float value)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_loss loss = {0};
    const float before = s->params[i];
    int rc = 0;

    s->params[i] = value;
    rc = net_write(net_file("moved"), s->bytes, s->n_bytes) ? 0 : -1;
    rc = rc ? rc : rr_trainer_restore(s->trainer, net_file("moved"), &err);
    rc = rc ? rc : rr_trainer_eval(s->trainer, &s->data.batch, &loss, &err);
    s->params[i] = before;
    return rc == 0 ? loss.total : NAN;
}

/*
 * Compare up to 400 parameters, spread over all. A kink (relu, maximum) between the two points
 * makes a difference quotient wrong, so each is taken at two widths and counts only where both
 * agree, which nearly all must. A kink right at the point escapes that: one in a hundred may be
 * off.
 */
static void
check_graph(const char *name, const char *graph, uint64_t seed)
{
    struct setup s;
    double size = 0;
    size_t compared = 0, seen = 0, off = 0;

    if (!setup_init(&s, graph, seed)) {
        ok(false, "%s: set up", name);
        return;
    }
    for (size_t i = 0; i < s.n_params; i++) {
        size = fmax(size, fabs((double)s.grads[i]));
    }
    for (size_t i = 0; i < s.n_params; i += s.n_params / 400 + 1) {
        const float p = s.params[i];
        const float wide = 2e-3f, slim = 1e-3f;
        const double a = (loss_at(&s, i, p + wide) - loss_at(&s, i, p - wide)) /
                         ((double)(p + wide) - (double)(p - wide));
        const double b = (loss_at(&s, i, p + slim) - loss_at(&s, i, p - slim)) /
                         ((double)(p + slim) - (double)(p - slim));

        seen++;
        if (fabs(a - b) < 1e-3 * size) {
            off += fabs(b - (double)s.grads[i]) > 1e-3 * size;
            compared++;
        }
    }
    ok(size > 1e-4 && compared * 10 >= seen * 9 && off * 33 <= compared,
       "%s: gradients agree (%zu of %zu compared, %zu off, largest %.3g)", name, compared, seen,
       off, size);
    rr_trainer_free(s.trainer);
    net_data_fini(&s.data);
    free(s.bytes);
}

/* One graph for each kind of layer, as small as it can be, and then the whole tower. */
#define HEAD_IO(scalars, singles, seats)                                                           \
    "{\"format\":\"rr-graph/"                                                                      \
    "1\",\"io\":{\"height\":4,\"width\":5,\"planes\":3,\"scalars\":" #scalars                      \
    ",\"policy_planes\":2,\"policy_scalars\":" #singles ",\"seats\":" #seats "},\"nodes\":["       \
    "{\"name\":\"x\",\"op\":\"input_planes\"},"
#define VALUE_FROM(node, seats)                                                                    \
    "{\"name\":\"v1\",\"op\":\"global_pool\",\"in\":[\"" node "\"]},"                              \
    "{\"name\":\"v2\",\"op\":\"linear\",\"in\":[\"v1\"],\"out\":" #seats "},"                      \
    "{\"name\":\"v\",\"op\":\"value\",\"in\":[\"v2\"]}]}"
#define CONV(name, in, out, kernel, relu)                                                          \
    "{\"name\":\"" name "\",\"op\":\"conv2d\",\"in\":[\"" in "\"],\"out\":" #out                   \
    ",\"kernel\":" #kernel ",\"relu\":" #relu "},"
#define POLICY "{\"name\":\"p\",\"op\":\"policy\",\"in\":[\"p1\"]},"

static const char conv_linear[] = HEAD_IO(0, 0, 2) CONV("a", "x", 4, 3, false)
    CONV("p1", "a", 2, 1, false) POLICY VALUE_FROM("a", 2);

static const char conv_relu[] = HEAD_IO(0, 0, 2) CONV("a", "x", 4, 3, true)
    CONV("b", "a", 6, 1, true) CONV("p1", "b", 2, 3, false) POLICY VALUE_FROM("a", 2);

static const char relu_alone[] = HEAD_IO(0, 0, 3)
    CONV("a", "x", 4, 3, false) "{\"name\":\"r\",\"op\":\"relu\",\"in\":[\"a\"]}," CONV(
        "p1", "r", 2, 1, false) POLICY VALUE_FROM("a", 3);

static const char residual[] = HEAD_IO(0, 0, 2) CONV("a", "x", 4, 3, true) CONV("b", "a", 4, 3,
                                                                                true)
    CONV("c", "b", 4, 3,
         false) "{\"name\":\"d\",\"op\":\"add\",\"in\":[\"a\",\"c\"],\"relu\":true}," CONV("p1",
                                                                                           "d", 2,
                                                                                           1, false)
        POLICY VALUE_FROM("d", 2);

/* Additions that are not absorbed by a convolution, one of them with itself on both ways. */
static const char additions[] = HEAD_IO(0, 0, 2) CONV("a", "x", 4, 3, true)
    CONV("b", "x", 4, 1,
         true) "{\"name\":\"c\",\"op\":\"add\",\"in\":[\"a\",\"b\"]},"
               "{\"name\":\"d\",\"op\":\"add\",\"in\":[\"c\",\"a\"],\"relu\":true}," CONV(
                   "e", "d", 4, 1,
                   false) "{\"name\":\"f\",\"op\":\"add\",\"in\":[\"e\",\"d\"]}," CONV("p1", "f", 2,
                                                                                       1, false)
                   POLICY VALUE_FROM("f", 2);

/* The policy is a map that is no convolution, the value comes from vectors alone. */
static const char vectors[] =
    HEAD_IO(5, 0, 4) "{\"name\":\"s\",\"op\":\"input_scalars\"},"
                     "{\"name\":\"l\",\"op\":\"linear\",\"in\":[\"s\"],\"out\":6,\"relu\":true},"
                     "{\"name\":\"m\",\"op\":\"linear\",\"in\":[\"l\"],\"out\":6},"
                     "{\"name\":\"n\",\"op\":\"add\",\"in\":[\"l\",\"m\"],\"relu\":true},"
                     "{\"name\":\"k\",\"op\":\"linear\",\"in\":[\"n\"],\"out\":2},"
                     "{\"name\":\"v2\",\"op\":\"linear\",\"in\":[\"n\"],\"out\":4},"
                     "{\"name\":\"v\",\"op\":\"value\",\"in\":[\"v2\"]}," CONV(
                         "a", "x", 2, 3,
                         true) "{\"name\":\"p1\",\"op\":\"add_channels\",\"in\":[\"a\",\"k\"]},"
                               "{\"name\":\"p\",\"op\":\"policy\",\"in\":[\"p1\"]}]}";

static const char pooling[] = HEAD_IO(0, 3, 2) CONV(
    "a", "x", 4, 3,
    true) "{\"name\":\"g\",\"op\":\"global_pool\",\"in\":[\"a\"]},"
          "{\"name\":\"l\",\"op\":\"linear\",\"in\":[\"g\"],\"out\":4},"
          "{\"name\":\"b\",\"op\":\"add_channels\",\"in\":[\"a\",\"l\"],\"relu\":true},"
          "{\"name\":\"q\",\"op\":\"linear\",\"in\":[\"g\"],\"out\":3}," CONV(
              "p1", "b", 2, 1,
              false) "{\"name\":\"p\",\"op\":\"policy\",\"in\":[\"p1\",\"q\"]}," VALUE_FROM("b", 2);

/* The default tower, with layers that start at zero started like the others. */
static void
check_tower(void)
{
    const struct rr_tower tower = {.io = {5, 4, 3, 2, 3, 2, 3},
                                   .channels = 6,
                                   .blocks = 2,
                                   .pool_every = 2,
                                   .head_channels = 4};
    struct rr_err err = RR_ERR_INIT;
    char *json = NULL;
    char *at;

    if (rr_tower_graph(&tower, &json, &err) != 0) {
        ok(false, "tower: %s", err.text);
        return;
    }
    while ((at = strstr(json, "\"gain\":0.0")) != NULL) {
        at[7] = '1';
    }
    check_graph("default tower", json, 8);
    free(json);
}

int
main(void)
{
    static const char *const files[] = {"grad", "moved", NULL};

    check_graph("conv2d", conv_linear, 1);
    check_graph("conv2d with relu, 1x1 and 3x3", conv_relu, 2);
    check_graph("relu", relu_alone, 3);
    check_graph("add absorbed by conv2d", residual, 4);
    check_graph("add", additions, 5);
    check_graph("linear, vectors", vectors, 6);
    check_graph("global_pool, add_channels, policy scalars", pooling, 7);
    check_tower();
    net_folder_remove(files);
    return tap_done();
}
