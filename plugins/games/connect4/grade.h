/* SPDX-License-Identifier: MIT */
/*
 * grade.h - how often a model's moves are the best ones.
 */
#ifndef CONNECT4_GRADE_H
#define CONNECT4_GRADE_H

#include "positions.h"

#include <rr/err.h>
#include <rr/game.h>
#include <rr/net.h>

/* Answers counted. right: the move wins fastest, loses slowest, or draws. sound: the game is
 * worth the same after it (a win stays a win, however slow). */
struct grade {
    uint32_t positions;
    uint32_t policy_right, policy_sound; /* the move of highest probability */
    uint32_t search_right, search_sound; /* the move that the search chose */
};

/*
 * Ask a net for its move in n positions: its policy alone, and a search without noise of so many
 * simulations (0: no search). A net of NULL is the search with uniform priors and even values; its
 * policy is not counted then.
 */
int grade_net(const struct rr_game *game, const struct rr_variant *variant,
              const struct rr_net *net, uint32_t simulations, const struct graded *positions,
              uint32_t n, struct grade *out, struct rr_err *err);

#endif
