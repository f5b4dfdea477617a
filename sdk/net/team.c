/* SPDX-License-Identifier: MIT */
/*
 * team.c - plans that share the samples of a training batch, one for each thread.
 *
 * Member i always has the same rows, and gradients are added up in the order of the members: equal
 * numbers of threads give equal results.
 */
#include "sdk/net/team.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct member {
    struct plan *plan;
    struct rr_err err;
    int rc;
};

struct team {
    const struct graph *graph;
    struct member *members;
    int n;
    uint32_t rows; /* of each member */
    float *sum;
};

/* The first error of the members, if there is one. */
static int
result(const struct team *team, struct rr_err *err)
{
    for (int i = 0; i < team->n; i++) {
        if (team->members[i].rc != 0) {
            return rr_err_set(err, team->members[i].rc, "%s", team->members[i].err.text);
        }
    }
    return 0;
}

static int
init(struct team *t, float *params, uint32_t batch, uint32_t dtype, struct rr_err *err)
{
    const struct plan_conf conf = {.batch = t->rows, .dtype = dtype, .train = true};
    int rc = 0;

    t->members = calloc((size_t)t->n, sizeof *t->members);
    t->sum = calloc(t->graph->parameters + 1, sizeof *t->sum);
    if (t->members == NULL || t->sum == NULL) {
        return rr_err_set(err, -ENOMEM, "trainer: out of memory for a batch of %u", batch);
    }
    for (int i = 0; i < t->n && rc == 0; i++) {
        rc = plan_new(t->graph, params, &conf, &t->members[i].plan, err);
    }
    return rc;
}

int
team_new(const struct graph *graph, float *params, uint32_t batch, uint32_t dtype, uint32_t threads,
         struct team **team, struct rr_err *err)
{
    struct team *t = calloc(1, sizeof *t);
    int rc;

    *team = NULL;
    if (t == NULL) {
        return rr_err_set(err, -ENOMEM, "trainer: out of memory");
    }
    t->graph = graph;
    t->n = (int)(threads < batch ? threads : batch);
    t->rows = (batch + (uint32_t)t->n - 1) / (uint32_t)t->n;
    rc = init(t, params, batch, dtype, err);
    if (rc != 0) {
        team_free(t);
        return rc;
    }
    *team = t;
    return 0;
}

void
team_free(struct team *team)
{
    if (team != NULL) {
        for (int i = 0; i < team->n && team->members != NULL; i++) {
            plan_free(team->members[i].plan);
        }
        free(team->members);
        free(team->sum);
        free(team);
    }
}

const char *
team_kind(const struct team *team)
{
    return plan_kind(team->members[0].plan);
}

uint32_t
team_rows(const struct team *team)
{
    return team->rows * (uint32_t)team->n;
}

int
team_refresh(struct team *team, struct rr_err *err)
{
#pragma omp parallel for num_threads(team->n) schedule(static, 1)
    for (int i = 0; i < team->n; i++) {
        struct member *m = &team->members[i];

        m->rc = plan_refresh(m->plan, &m->err);
    }
    return result(team, err);
}

int
team_forward(struct team *team, uint32_t n, const uint8_t *planes, const float *scalars,
             float *policy, float *value, struct rr_err *err)
{
    const struct rr_net_io *io = &team->graph->io;
    const size_t row = (size_t)io->height * io->width * io->planes;
    const size_t logits = graph_policy_size(team->graph);

#pragma omp parallel for num_threads(team->n) schedule(static, 1)
    for (int i = 0; i < team->n; i++) {
        struct member *m = &team->members[i];
        const size_t first = (size_t)i * team->rows;
        const uint32_t count = first >= n               ? 0
                               : n - first < team->rows ? (uint32_t)(n - first)
                                                        : team->rows;

        m->rc = 0;
        if (count > 0) {
            m->rc = plan_forward(m->plan, count, planes + first * row,
                                 io->scalars == 0 ? NULL : scalars + first * io->scalars, &m->err);
            plan_output(m->plan, count, policy + first * logits, value + first * io->seats);
        }
    }
    return result(team, err);
}

int
team_backward(struct team *team, const float *policy, const float *value, const float **grads,
              struct rr_err *err)
{
    const size_t logits = graph_policy_size(team->graph);
    const size_t n = team->graph->parameters;

#pragma omp parallel for num_threads(team->n) schedule(static, 1)
    for (int i = 0; i < team->n; i++) {
        struct member *m = &team->members[i];
        const size_t first = (size_t)i * team->rows;

        m->rc = plan_backward(m->plan, policy + first * logits,
                              value + first * team->graph->io.seats, &m->err);
    }
    memcpy(team->sum, plan_gradient(team->members[0].plan), n * sizeof *team->sum);
    for (int i = 1; i < team->n; i++) {
        const float *restrict more = plan_gradient(team->members[i].plan);

        for (size_t k = 0; k < n; k++) {
            team->sum[k] += more[k];
        }
    }
    *grads = team->sum;
    return result(team, err);
}
