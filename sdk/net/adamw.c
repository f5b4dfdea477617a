/* SPDX-License-Identifier: MIT */
/*
 * adamw.c - the optimiser: Adam with decoupled weight decay (Loshchilov & Hutter 2019,
 * algorithm 2, where the schedule is the learning rate given with each step).
 */
#include "sdk/net/adamw.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int
adamw_init(struct adamw *opt, size_t parameters, struct rr_err *err)
{
    memset(opt, 0, sizeof *opt);
    opt->mean = calloc(parameters + 1, sizeof *opt->mean);
    opt->square = calloc(parameters + 1, sizeof *opt->square);
    if (opt->mean == NULL || opt->square == NULL) {
        return rr_err_set(err, -ENOMEM, "trainer: out of memory for %zu parameters", parameters);
    }
    return 0;
}

void
adamw_fini(struct adamw *opt)
{
    free(opt->mean);
    free(opt->square);
    memset(opt, 0, sizeof *opt);
}

double
adamw_norm(const float *grads, size_t n)
{
    double part[8] = {0}; /* eight sums, so that the loop is not one chain of additions */

    for (size_t i = 0; i < n; i++) {
        part[i % 8] += (double)grads[i] * (double)grads[i];
    }
    return sqrt(part[0] + part[1] + part[2] + part[3] + part[4] + part[5] + part[6] + part[7]);
}

/* What does not change during a step. */
struct factors {
    float scale, beta1, beta2, mean_fix, square_fix, epsilon, rate, decay;
};

static void
update(const struct factors *f, size_t n, const float *restrict grads, float *restrict mean,
       float *restrict square, float *restrict params)
{
    for (size_t i = 0; i < n; i++) {
        const float g = grads[i] * f->scale;

        mean[i] = f->beta1 * mean[i] + (1.0f - f->beta1) * g;
        square[i] = f->beta2 * square[i] + (1.0f - f->beta2) * g * g;
        params[i] -=
            f->rate * (mean[i] * f->mean_fix / (sqrtf(square[i] * f->square_fix) + f->epsilon) +
                       f->decay * params[i]);
    }
}

void
adamw_step(struct adamw *opt, const struct graph *graph, const struct rr_train_conf *conf,
           float learning_rate, float scale, const float *grads, float *params)
{
    const double t = (double)++opt->step;
    struct factors f = {
        .scale = scale,
        .beta1 = conf->beta1,
        .beta2 = conf->beta2,
        .mean_fix = (float)(1.0 / (1.0 - pow((double)conf->beta1, t))),
        .square_fix = (float)(1.0 / (1.0 - pow((double)conf->beta2, t))),
        .epsilon = conf->epsilon,
        .rate = learning_rate,
    };

    for (uint32_t i = 0; i < graph->n; i++) {
        const struct graph_node *node = &graph->nodes[i];

        if (graph_has_weights(node)) {
            const size_t w = node->weight, b = node->bias;

            f.decay = conf->weight_decay;
            update(&f, node->weight_count, grads + w, opt->mean + w, opt->square + w, params + w);
            f.decay = 0.0f;
            update(&f, node->channels, grads + b, opt->mean + b, opt->square + b, params + b);
        }
    }
}
