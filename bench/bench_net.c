/* SPDX-License-Identifier: MIT */
/*
 * bench_net.c - speed of inference and training of the default net.
 *
 *     bench_net [--blocks B] [--channels C] [--batch N] [--size HxW] [--planes N] [--policy N]
 *               [--threads N] [--dtype auto|f32|bf16] [--seconds S] [--infer] [--train] [--json]
 *
 * The defaults have the shapes of hex8_2p. Rates are of wall time over whole calls, the processor
 * time of one position stands beside them: on a busy machine only that says something. Set
 * OMP_WAIT_POLICY=passive when other programs run beside it.
 */
#include <rr/net.h>

#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define LEGAL 40 /* moves a position */

struct args {
    struct rr_tower tower;
    uint32_t batch, threads, dtype;
    double seconds;
    bool infer, train, json;
};

static double
clock_s(clockid_t id)
{
    struct timespec t;

    (void)clock_gettime(id, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* How long a run took, in wall and in processor time. */
struct span {
    double begin, cpu_begin, wall, cpu;
};

static void
span_begin(struct span *s)
{
    *s = (struct span){.begin = clock_s(CLOCK_MONOTONIC),
                       .cpu_begin = clock_s(CLOCK_PROCESS_CPUTIME_ID)};
}

static void
span_end(struct span *s)
{
    s->wall = clock_s(CLOCK_MONOTONIC) - s->begin;
    s->cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID) - s->cpu_begin;
}

static int
usage(void)
{
    (void)fputs("usage: bench_net [--blocks B] [--channels C] [--batch N] [--size HxW]\n"
                "                 [--planes N] [--policy N] [--threads N] [--seconds S]\n"
                "                 [--dtype auto|f32|bf16] [--infer] [--train] [--json]\n",
                stderr);
    return 2;
}

static int
parse(int argc, char **argv, struct args *a)
{
    static const struct option options[] = {
        {"blocks", 1, NULL, 'b'},  {"channels", 1, NULL, 'c'}, {"batch", 1, NULL, 'n'},
        {"size", 1, NULL, 's'},    {"planes", 1, NULL, 'p'},   {"policy", 1, NULL, 'o'},
        {"threads", 1, NULL, 't'}, {"dtype", 1, NULL, 'd'},    {"seconds", 1, NULL, 'l'},
        {"infer", 0, NULL, 'i'},   {"train", 0, NULL, 'r'},    {"json", 0, NULL, 'j'},
        {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        const uint32_t number = optarg == NULL ? 0 : (uint32_t)strtoul(optarg, NULL, 10);

        switch (c) {
        case 'b':
            a->tower.blocks = number;
            break;
        case 'c':
            a->tower.channels = number;
            break;
        case 'n':
            a->batch = number;
            break;
        case 's':
            if (sscanf(optarg, "%ux%u", &a->tower.io.height, &a->tower.io.width) != 2) {
                return usage();
            }
            break;
        case 'p':
            a->tower.io.planes = number;
            break;
        case 'o':
            a->tower.io.policy_planes = number;
            break;
        case 't':
            a->threads = number;
            break;
        case 'd':
            a->dtype = optarg[0] == 'a'   ? RR_DTYPE_AUTO
                       : optarg[0] == 'f' ? RR_DTYPE_F32
                                          : RR_DTYPE_BF16;
            break;
        case 'l':
            a->seconds = strtod(optarg, NULL);
            break;
        case 'i':
            a->infer = true;
            break;
        case 'r':
            a->train = true;
            break;
        case 'j':
            a->json = true;
            break;
        default:
            return usage();
        }
    }
    a->infer |= !a->train && !a->infer;
    return a->batch == 0 || optind != argc ? usage() : 0;
}

/* Multiplications and additions of one evaluation: those of the convolutions, which are nearly
 * all. */
static double
flops(const struct rr_tower *t)
{
    const double cells = (double)t->io.height * t->io.width;
    const double c = t->channels, h = t->head_channels;

    return 2.0 * cells *
           (9.0 * t->io.planes * c + 18.0 * c * c * t->blocks + 2.0 * c * h +
            h * t->io.policy_planes);
}

static void
report(const struct args *a, const char *what, const char *kind, uint64_t count,
       const struct span *span, double work)
{
    const double rate = (double)count / span->wall;
    const double cpu_us = 1e6 * span->cpu / (double)count;

    if (a->json) {
        printf("{\"bench\":\"net_%s\",\"kind\":\"%s\",\"blocks\":%u,\"channels\":%u,\"batch\":%u,"
               "\"height\":%u,\"width\":%u,\"threads\":%u,\"per_s\":%.0f,\"cpu_us\":%.1f,"
               "\"gflops\":%.1f}\n",
               what, kind, a->tower.blocks, a->tower.channels, a->batch, a->tower.io.height,
               a->tower.io.width, a->threads, rate, cpu_us, rate * work * 1e-9);
    } else {
        printf("%s %s %ux%u %ux%u batch %u threads %u: %.0f/s, %.1f us of processor each, "
               "%.0f GFLOP/s\n",
               what, kind, a->tower.blocks, a->tower.channels, a->tower.io.height,
               a->tower.io.width, a->batch, a->threads, rate, cpu_us, rate * work * 1e-9);
    }
    (void)fflush(stdout);
}

struct data {
    uint8_t *planes;
    float *scalars, *policy, *value, *val;
    int64_t *off;
    int32_t *idx;
};

static int
data_init(struct data *d, const struct args *a)
{
    const struct rr_net_io *io = &a->tower.io;
    const size_t cells = (size_t)io->height * io->width;
    const size_t n = a->batch;
    const size_t logits = cells * io->policy_planes + io->policy_scalars;

    d->planes = malloc(n * cells * io->planes);
    d->scalars = calloc(n * io->scalars + 1, sizeof *d->scalars);
    d->policy = calloc(n * logits, sizeof *d->policy);
    d->value = calloc(n * io->seats, sizeof *d->value);
    d->val = calloc(n * LEGAL, sizeof *d->val);
    d->off = calloc(n + 1, sizeof *d->off);
    d->idx = calloc(n * LEGAL, sizeof *d->idx);
    if (d->planes == NULL || d->scalars == NULL || d->policy == NULL || d->value == NULL ||
        d->val == NULL || d->off == NULL || d->idx == NULL) {
        return -1;
    }
    for (size_t i = 0; i < n * cells * io->planes; i++) {
        d->planes[i] = rand() % 4 == 0 ? 255 : 0;
    }
    for (size_t i = 0; i < n; i++) {
        d->off[i + 1] = d->off[i] + LEGAL;
        for (size_t k = 0; k < LEGAL; k++) {
            d->idx[i * LEGAL + k] = (int32_t)((k * logits / LEGAL + i) % logits);
            d->val[i * LEGAL + k] = 1.0f / LEGAL;
        }
        d->value[i * io->seats + (size_t)rand() % io->seats] = 1.0f;
    }
    return 0;
}

static void
data_fini(struct data *d)
{
    free(d->planes);
    free(d->scalars);
    free(d->policy);
    free(d->value);
    free(d->val);
    free(d->off);
    free(d->idx);
}

static int
bench_infer(const struct args *a, const struct rr_net *net, struct data *d, struct rr_err *err)
{
    struct rr_infer *infer = NULL;
    struct span span = {0};
    uint64_t count = 0;
    int rc = rr_infer_new(net, a->batch, a->dtype, &infer, err);

    for (int warm = 1; warm >= 0 && rc == 0; warm--) {
        span_begin(&span);
        for (count = 0; rc == 0 && span.wall < (warm ? 0.2 : 1.0) * a->seconds; span_end(&span)) {
            rc = rr_infer_run(infer, a->batch, d->planes, d->scalars, d->policy, d->value, err);
            count += a->batch;
        }
    }
    if (rc == 0) {
        report(a, "infer", rr_infer_kind(infer), count, &span, flops(&a->tower));
    }
    rr_infer_free(infer);
    return rc;
}

static int
bench_train(const struct args *a, const struct rr_net *net, struct data *d, struct rr_err *err)
{
    const struct rr_train_conf conf = {.batch = a->batch,
                                       .dtype = a->dtype,
                                       .threads = a->threads,
                                       .weight_decay = 1e-4f,
                                       .beta1 = 0.9f,
                                       .beta2 = 0.999f,
                                       .epsilon = 1e-8f,
                                       .policy_weight = 1.0f,
                                       .value_weight = 1.0f};
    const struct rr_batch batch = {.n = a->batch,
                                   .planes = d->planes,
                                   .scalars = d->scalars,
                                   .policy_off = d->off,
                                   .policy_idx = d->idx,
                                   .policy_val = d->val,
                                   .legal_off = d->off,
                                   .legal_idx = d->idx,
                                   .value = d->value};
    struct rr_trainer *trainer = NULL;
    struct rr_loss loss;
    struct span span = {0};
    uint64_t count = 0;
    int rc = rr_trainer_new(net, &conf, &trainer, err);

    for (int warm = 1; warm >= 0 && rc == 0; warm--) {
        span_begin(&span);
        for (count = 0; rc == 0 && span.wall < (warm ? 0.2 : 1.0) * a->seconds; span_end(&span)) {
            rc = rr_trainer_step(trainer, &batch, 1e-4f, &loss, err);
            count += a->batch;
        }
    }
    if (rc == 0) { /* forward, back by the input, back by the weights: three times the work */
        report(a, "train", rr_trainer_kind(trainer), count, &span, 3.0 * flops(&a->tower));
    }
    rr_trainer_free(trainer);
    return rc;
}

int
main(int argc, char **argv)
{
    struct args a = {.tower = {.io = {.height = 9,
                                      .width = 9,
                                      .planes = 30,
                                      .scalars = 30,
                                      .policy_planes = 132,
                                      .policy_scalars = 9,
                                      .seats = 2},
                               .channels = 64,
                               .blocks = 4,
                               .pool_every = 2,
                               .head_channels = 32},
                     .batch = 256,
                     .threads = 1,
                     .seconds = 1.0};
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *net = NULL;
    struct data data = {0};
    char *json = NULL;
    int rc = parse(argc, argv, &a);

    if (rc != 0) {
        return rc;
    }
    rc = rr_tower_graph(&a.tower, &json, &err);
    rc = rc ? rc : rr_net_new(json, 1, &net, &err);
    if (rc == 0 && data_init(&data, &a) != 0) {
        rc = rr_err_set(&err, RR_E_INPUT, "out of memory");
    }
    if (rc == 0 && a.infer) {
        rc = bench_infer(&a, net, &data, &err);
    }
    if (rc == 0 && a.train) {
        rc = bench_train(&a, net, &data, &err);
    }
    if (rc != 0) {
        (void)fprintf(stderr, "bench_net: %s\n", err.text);
    }
    data_fini(&data);
    rr_net_free(net);
    free(json);
    return rc == 0 ? 0 : 1;
}
