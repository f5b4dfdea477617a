/* SPDX-License-Identifier: MIT */
/*
 * look.h - judging positions and choosing moves with the game alone: no net, no tree.
 */
#ifndef RR_SEARCH_LOOK_H
#define RR_SEARCH_LOOK_H

#include <rr/game.h>

/* What it works with; all borrowed. */
struct look {
    const struct rr_game *game;
    const struct rr_variant *variant;
    void *state;   /* scratch, state_bytes */
    rr_move *move; /* scratch, max_moves; for playouts */
    uint64_t *rng;
};

/* Play a move on a copy, and say what that is worth to the seat that made it, 0 .. 1. */
float look_ahead(const struct look *look, const void *state, rr_move move, uint32_t level);

/* Play at random to the end, and say who won. */
void look_playout(const struct look *look, const void *state, float *share);

/* Number of the move that a player of this level makes; see rr/opponent.h. */
uint32_t look_choose(const struct look *look, const void *state, const rr_move *legal,
                     uint32_t count, uint32_t level);

#endif
