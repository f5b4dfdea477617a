/* SPDX-License-Identifier: MIT */
/*
 * thinker.c - an opponent that looks at one position at a time.
 */
#include <rr/opponent.h>

#include "look.h"
#include "rng.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define FIRST_SIMULATIONS 32u /* of a search that is limited by time */

struct rr_thinker {
    const struct rr_player *player;
    const struct rr_game *game;
    const struct rr_variant *variant;
    struct rr_infer *infer;   /* of a model */
    struct rr_search *search; /* the last one, as its result is borrowed */
    uint32_t room;            /* simulations that it has memory for */
    void *scratch;
    rr_move *legal;
    struct rr_search_move *moves; /* results of opponents that do not search */
};

int
rr_thinker_new(const struct rr_opponent *opponent, const struct rr_game *game,
               const struct rr_variant *variant, struct rr_thinker **thinker, struct rr_err *err)
{
    struct rr_thinker *t = calloc(1, sizeof *t);
    int rc = 0;

    if (t == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory for an opponent");
    }
    t->player = &opponent->player;
    t->game = game;
    t->variant = variant;
    t->scratch = calloc(1, (size_t)variant->state_bytes + 8);
    t->legal = calloc(variant->max_moves, sizeof *t->legal);
    t->moves = calloc(variant->max_moves, sizeof *t->moves);
    if (t->scratch == NULL || t->legal == NULL || t->moves == NULL) {
        rc = rr_err_set(err, -ENOMEM, "no memory for an opponent");
    } else if (opponent->net != NULL) {
        rc = rr_infer_new(opponent->net, 1, t->player->dtype, &t->infer, err);
    }
    if (rc != 0) {
        rr_thinker_free(t);
        return rc;
    }
    *thinker = t;
    return 0;
}

void
rr_thinker_free(struct rr_thinker *t)
{
    if (t == NULL) {
        return;
    }
    rr_search_free(t->search);
    if (t->infer != NULL) {
        rr_infer_free(t->infer);
    }
    free(t->scratch);
    free(t->legal);
    free(t->moves);
    free(t);
}

/* Random play and rules of thumb. */
static void
choose(struct rr_thinker *t, const void *state, uint64_t seed, struct rr_search_result *result)
{
    const struct look look = {t->game, t->variant, t->scratch, NULL, &seed};
    const uint32_t count = t->game->legal(t->variant, state, t->legal);
    const uint32_t level = t->player->level;
    const bool has_rules = t->player->kind == RR_PLAYER_RULES;
    const float even = 1.0f / (float)t->variant->seats;
    uint32_t pick;

    for (uint32_t i = 0; i < count; i++) {
        t->moves[i] = (struct rr_search_move){
            .move = t->legal[i],
            .prior = 1.0f / (float)count,
            .q = has_rules ? look_ahead(&look, state, t->legal[i], level) : even};
    }
    pick = has_rules ? look_choose(&look, state, t->legal, count, level) : rng_below(&seed, count);
    t->moves[pick].target = 1.0f;
    *result = (struct rr_search_result){.best = t->legal[pick], .count = count, .moves = t->moves};
    for (uint32_t s = 0; s < t->variant->seats; s++) {
        result->value[s] = result->net_value[s] = even;
    }
    if (has_rules) {
        t->game->evaluate(t->variant, state, level, result->net_value);
        t->game->evaluate(t->variant, state, level, result->value);
    }
}

static int
eval_with_net(void *user, uint32_t n, const uint8_t *planes, const float *scalars, float *policy,
              float *value, struct rr_err *err)
{
    return rr_infer_run(user, n, planes, scalars, policy, value, err);
}

static int
search(struct rr_thinker *t, const void *state, uint32_t simulations, uint64_t seed,
       struct rr_search_result *result, struct rr_err *err)
{
    const struct rr_player *player = t->player;
    int rc = 0;

    if (t->search == NULL || simulations > t->room) {
        struct rr_search_conf conf = player->search;
        conf.slots = 1;
        conf.max_simulations = simulations;
        rr_search_free(t->search);
        t->search = NULL;
        t->room = simulations;
        rc = rr_search_new(
            t->game, t->variant, &conf, t->infer != NULL ? eval_with_net : player->eval,
            t->infer != NULL ? (void *)t->infer : player->eval_user, &t->search, err);
    }
    if (rc == 0) {
        rc = rr_search_begin(t->search, 0, state, simulations, 0, seed, err);
    }
    while (rc == 0 && !rr_search_is_done(t->search, 0)) {
        rc = rr_search_step(t->search, err);
    }
    return rc == 0 ? rr_search_result(t->search, 0, result, err) : rc;
}

static double
now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

int
rr_thinker_go(struct rr_thinker *t, const void *state, const struct rr_budget *budget,
              uint64_t seed, struct rr_search_result *result, uint32_t *simulations,
              struct rr_err *err)
{
    const double began = now_ms();
    uint32_t most = budget->simulations > 0 ? budget->simulations
                    : budget->time_ms > 0   ? RR_THINKER_MOST
                                            : t->player->simulations;
    uint32_t size = budget->time_ms > 0 && FIRST_SIMULATIONS < most ? FIRST_SIMULATIONS : most;
    int rc;

    if (simulations != NULL) {
        *simulations = 0;
    }
    if (t->game->mover(t->variant, state) < 0) {
        return rr_err_set(err, RR_E_INPUT, "the game is over");
    }
    if (t->player->kind != RR_PLAYER_SEARCH) {
        choose(t, state, seed, result);
        return 0;
    }
    for (;;) {
        const double start = now_ms();
        rc = search(t, state, size, seed, result, err);
        const double end = now_ms();
        /* Twice the size takes twice the time, and a little for memory that is new. */
        const double next = 2.5 * (end - start);
        if (rc != 0 || size >= most || end - began + next > (double)budget->time_ms) {
            break;
        }
        size = size * 2 < most ? size * 2 : most;
    }
    if (rc == 0 && simulations != NULL) {
        *simulations = size;
    }
    return rc;
}
