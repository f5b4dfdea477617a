/* SPDX-License-Identifier: MIT */
/*
 * grade.c - asks a net and compares with the solver.
 */
#include "grade.h"

#include <rr/search.h>

#include <stdlib.h>

enum { BATCH = 64, STATE_MAX = 64 };

/* One batch of positions on its way. */
struct asker {
    const struct rr_game *game;
    const struct rr_variant *variant;
    struct rr_infer *infer;
    struct rr_search *search;
    uint64_t state[BATCH][STATE_MAX / sizeof(uint64_t)];
};

static int
evaluate(void *user, uint32_t n, const uint8_t *planes, const float *scalars, float *policy,
         float *value, struct rr_err *err)
{
    return rr_infer_run(user, n, planes, scalars, policy, value, err);
}

static void
count(const struct graded *g, rr_move move, uint32_t *right, uint32_t *sound)
{
    const int score = g->score[move];

    *right += score == g->best;
    *sound += (score > 0) == (g->best > 0) && (score < 0) == (g->best < 0);
}

/* Play the moves of a position with the game plugin itself, so that both agree on the rules. */
static int
set_up(struct asker *a, uint32_t slot, const struct graded *g, struct rr_err *err)
{
    char why[160];

    a->game->init(a->variant, 0, a->state[slot]);
    for (const char *c = g->moves; *c != '\0'; c++) {
        const char text[2] = {*c, '\0'};
        rr_move move;

        if (a->game->move_parse(a->variant, a->state[slot], text, &move, why, sizeof why) != 0) {
            return rr_err_set(err, RR_E_INPUT, "position %s: move %s: %s", g->moves, text, why);
        }
        a->game->apply(a->variant, a->state[slot], move);
    }
    return 0;
}

static int
ask_policy(struct asker *a, const struct graded *g, uint32_t n, struct grade *out,
           struct rr_err *err)
{
    const struct rr_variant *v = a->variant;
    const size_t plane_bytes = (size_t)v->height * v->width * v->planes;
    const uint32_t logits = rr_variant_policy_size(v);
    uint8_t *planes = malloc(n * plane_bytes);
    float *scalars = calloc(n * v->scalars + 1, sizeof *scalars);
    float *policy = malloc(n * logits * sizeof *policy);
    float *value = malloc(n * v->seats * sizeof *value);
    int rc = planes == NULL || scalars == NULL || policy == NULL || value == NULL
                 ? rr_err_set(err, -12, "out of memory for a batch")
                 : 0;

    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        a->game->encode(v, a->state[i], planes + i * plane_bytes, scalars + i * v->scalars);
    }
    if (rc == 0) {
        rc = rr_infer_run(a->infer, n, planes, scalars, policy, value, err);
    }
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        rr_move list[C4_WIDTH];
        const uint32_t legal = a->game->legal(v, a->state[i], list);
        rr_move best = list[0];
        float highest = -1e30F;

        for (uint32_t m = 0; m < legal; m++) {
            const float logit = policy[i * logits + a->game->policy_index(v, a->state[i], list[m])];
            if (logit > highest) {
                highest = logit;
                best = list[m];
            }
        }
        count(&g[i], best, &out->policy_right, &out->policy_sound);
    }
    free(planes);
    free(scalars);
    free(policy);
    free(value);
    return rc;
}

static int
ask_search(struct asker *a, const struct graded *g, uint32_t n, uint32_t simulations,
           struct grade *out, struct rr_err *err)
{
    bool is_busy = true;
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        rc = rr_search_begin(a->search, i, a->state[i], simulations, RR_SEARCH_QUIET, i, err);
    }
    while (rc == 0 && is_busy) {
        rc = rr_search_step(a->search, err);
        is_busy = false;
        for (uint32_t i = 0; i < n; i++) {
            is_busy = is_busy || !rr_search_is_done(a->search, i);
        }
    }
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        struct rr_search_result result;

        rc = rr_search_result(a->search, i, &result, err);
        if (rc == 0) {
            count(&g[i], result.best, &out->search_right, &out->search_sound);
        }
    }
    return rc;
}

static int
asker_init(struct asker *a, const struct rr_net *net, uint32_t simulations, struct rr_err *err)
{
    struct rr_search_conf conf;
    int rc = 0;

    if (a->variant->state_bytes > STATE_MAX) {
        return rr_err_set(err, RR_E_INPUT, "%s is not Connect Four as it is known here",
                          a->variant->name);
    }
    if (net != NULL) {
        rc = rr_infer_new(net, BATCH, RR_DTYPE_AUTO, &a->infer, err);
    }
    if (rc == 0 && simulations > 0) {
        rr_search_conf_init(&conf);
        conf.slots = BATCH;
        conf.max_simulations = simulations;
        rc = rr_search_new(a->game, a->variant, &conf, net == NULL ? NULL : evaluate, a->infer,
                           &a->search, err);
    }
    return rc;
}

int
grade_net(const struct rr_game *game, const struct rr_variant *variant, const struct rr_net *net,
          uint32_t simulations, const struct graded *positions, uint32_t n, struct grade *out,
          struct rr_err *err)
{
    struct asker *a = calloc(1, sizeof *a);
    int rc = a == NULL ? rr_err_set(err, -12, "out of memory") : 0;

    *out = (struct grade){.positions = n};
    if (rc == 0) {
        a->game = game;
        a->variant = variant;
        rc = asker_init(a, net, simulations, err);
    }
    for (uint32_t first = 0; rc == 0 && first < n; first += BATCH) {
        const uint32_t some = n - first < BATCH ? n - first : BATCH;

        for (uint32_t i = 0; rc == 0 && i < some; i++) {
            rc = set_up(a, i, &positions[first + i], err);
        }
        if (rc == 0 && net != NULL) {
            rc = ask_policy(a, positions + first, some, out, err);
        }
        if (rc == 0 && simulations > 0) {
            rc = ask_search(a, positions + first, some, simulations, out, err);
        }
    }
    if (a != NULL) {
        rr_search_free(a->search);
        if (a->infer != NULL) {
            rr_infer_free(a->infer);
        }
        free(a);
    }
    return rc;
}
