/* SPDX-License-Identifier: MIT */
/*
 * rr/search.h - Gumbel AlphaZero search over any game, many games at a time.
 *
 * Danihelka, Guez, Schrittwieser, Silver: "Policy improvement by planning with Gumbel" (ICLR 2022):
 * root by Gumbel top-m and sequential halving (sections 3, 3.4 and algorithm 2), completed-Q policy
 * targets (section 4, equations 7 and 10), deterministic selection below the root (section 5, eq.
 * 14). Values are vectors over seats and are backed up max-n; positions with one legal move are
 * played through: they cost no node and no evaluation.
 *
 * A search holds a fixed number of slots, one game position each. rr_search_step() takes one leaf
 * of every busy slot, evaluates them as one batch, and backs them up. What a slot finds depends on
 * its position, simulations and seed alone, not on the other slots, as long as the evaluator's
 * answer for a position does not depend on its batch.
 */
#ifndef RR_SEARCH_H
#define RR_SEARCH_H

#include <rr/err.h>
#include <rr/game.h>
#include <rr/net.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

struct rr_search;

/* Evaluates n encoded positions, as rr_infer_run() does. */
typedef int (*rr_eval_fn)(void *user, uint32_t n, const uint8_t *planes, const float *scalars,
                          float *policy, float *value, struct rr_err *err);

/* What a position is worth when there is no evaluator. The prior is even, but for the root of
 * RR_LEAF_RULES: there each move has what evaluate says of the position after it. */
#define RR_LEAF_EVEN 0u    /* the same for every seat: only finished games count */
#define RR_LEAF_RULES 1u   /* what the game's evaluate says, at its highest level */
#define RR_LEAF_PLAYOUT 2u /* who wins when everybody plays at random to the end */

struct rr_search_conf {
    uint32_t slots;           /* games at a time = largest batch */
    uint32_t max_simulations; /* of any one search; bounds the memory of a slot */
    uint32_t considered;      /* m: root moves considered, 16 in the paper */
    float c_visit, c_scale;   /* 50 and 1.0 in the paper */
    float gumbel_scale;       /* 1 in self-play; 0: no noise, for evaluation */
    bool symmetries;          /* evaluate each leaf under a symmetry drawn by its own hash */
    uint32_t cache_entries;   /* evaluations kept, over all slots; 0 for none */
    uint32_t leaf;            /* RR_LEAF_*, for searches without an evaluator */
};

/* The paper's constants, 1 slot, noise off, no symmetries, no cache, 32 simulations at most. */
void rr_search_conf_init(struct rr_search_conf *conf);

struct rr_search_move {
    rr_move move;
    float prior;  /* from the net, over legal moves */
    float target; /* improved policy; sums to 1 */
    float q;      /* completed value for the seat to act, 0 .. 1 */
    uint32_t visits;
};

struct rr_search_result {
    rr_move best;                       /* the move that the search chose */
    float value[RR_GAME_MAX_SEATS];     /* root value, absolute seats, shares of the win */
    float net_value[RR_GAME_MAX_SEATS]; /* what the evaluator alone said */
    uint32_t count;                     /* entries of moves: every legal move */
    const struct rr_search_move *moves; /* borrowed until the slot begins again */
};

/* eval NULL: no net; the conf's leaf says what positions are worth. RR_LEAF_RULES wants a
 * game that has rr_game.evaluate. */
int rr_search_new(const struct rr_game *game, const struct rr_variant *variant,
                  const struct rr_search_conf *conf, rr_eval_fn eval, void *eval_user,
                  struct rr_search **search, struct rr_err *err);
void rr_search_free(struct rr_search *search);

#define RR_SEARCH_QUIET 1u /* without the conf's noise: to play the best move, not to explore */

/*
 * Start to search a position with at least one legal move; seed decides all its random choices.
 * With exactly one legal move there is nothing to search: the slot is done at once, without an
 * evaluation, and its values are even. simulations 0 evaluates the root alone. flags: RR_SEARCH_*
 * or 0.
 */
int rr_search_begin(struct rr_search *search, uint32_t slot, const void *state,
                    uint32_t simulations, uint32_t flags, uint64_t seed, struct rr_err *err);

/* Advance every busy slot by one evaluation; simulations that need none (finished games, cached
 * positions) are made on the way. Returns 0, or an error, after which every slot is idle. */
int rr_search_step(struct rr_search *search, struct rr_err *err);

bool rr_search_is_done(const struct rr_search *search, uint32_t slot);
int rr_search_result(struct rr_search *search, uint32_t slot, struct rr_search_result *result,
                     struct rr_err *err);

struct rr_search_stats {
    uint64_t simulations, evaluations, batches, cache_hits, terminal_leaves;
};
void rr_search_stats(const struct rr_search *search, struct rr_search_stats *stats);

#pragma GCC visibility pop

#endif
