/* SPDX-License-Identifier: MIT */
/*
 * look.c - judging positions and choosing moves with the game alone: no net, no tree.
 */
#include "look.h"

#include "rng.h"

#include <string.h>

float
look_ahead(const struct look *look, const void *state, rr_move move, uint32_t level)
{
    const struct rr_game *game = look->game;
    const struct rr_variant *v = look->variant;
    const int32_t seat = game->mover(v, state);
    float share[RR_GAME_MAX_SEATS];

    memcpy(look->state, state, v->state_bytes);
    game->apply(v, look->state, move);
    if (game->mover(v, look->state) < 0) {
        game->result(v, look->state, share);
    } else {
        game->evaluate(v, look->state, level, share);
    }
    return share[seat];
}

void
look_playout(const struct look *look, const void *state, float *share)
{
    const struct rr_game *game = look->game;
    const struct rr_variant *v = look->variant;

    memcpy(look->state, state, v->state_bytes);
    while (game->mover(v, look->state) >= 0) {
        const uint32_t count = game->legal(v, look->state, look->move);
        game->apply(v, look->state, look->move[rng_below(look->rng, count)]);
    }
    game->result(v, look->state, share);
}

uint32_t
look_choose(const struct look *look, const void *state, const rr_move *legal, uint32_t count,
            uint32_t level)
{
    /* How often a level plays at random: the ladder of the original RingRift project. */
    static const double at_random[RR_GAME_LEVELS] = {0.5, 0.3, 0.15, 0.08, 0.05, 0.02, 0.0};
    uint32_t best = 0;
    uint32_t equals = 0;
    float most = -1.0f;

    if (rng_unit(look->rng) < at_random[level - 1]) {
        return rng_below(look->rng, count);
    }
    for (uint32_t i = 0; i < count; i++) {
        const float value = look_ahead(look, state, legal[i], level);
        if (value > most) {
            most = value;
            equals = 0;
        }
        /* Among equals each is the one with the same chance. */
        if (value >= most && rng_below(look->rng, ++equals) == 0) {
            best = i;
        }
    }
    return best;
}
