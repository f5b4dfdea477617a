/* SPDX-License-Identifier: MIT */
/*
 * rr/opponent.h - opponents by name, for every place where somebody names one.
 *
 *   random          any legal move, all equally likely
 *   heuristic:N     level N of RR_GAME_LEVELS: the move that the game's rules of thumb like best,
 *                   one move ahead, and a random one with probability 0.5, 0.3, 0.15, 0.08, 0.05,
 *                   0.02, 0 at levels 1 to 7
 *   heuristic       heuristic:5;  heuristic_strong is heuristic:7
 *   mcts_light      search without a net, 32 simulations a move; mcts_medium 128, mcts_strong 512,
 *                   mcts_master 1024, mcts_grandmaster 2048. Positions are worth what the game's
 *                   rules of thumb say, and the moves that they like best are tried first; in games
 *                   without them positions are worth who wins at random.
 *   uniform         search without a net and without rules of thumb
 *   FILE            a model, with search
 */
#ifndef RR_OPPONENT_H
#define RR_OPPONENT_H

#include <rr/arena.h>

#pragma GCC visibility push(default)

struct rr_opponent {
    struct rr_player player;
    struct rr_net *net; /* owned; NULL for all but models */
};

/* What rr_opponent_open() takes beside models, in words, for help and messages. */
#define RR_OPPONENT_NAMES                                                                          \
    "random, heuristic[:1-7], heuristic_strong, mcts_light, mcts_medium, mcts_strong, "            \
    "mcts_master, mcts_grandmaster, uniform"

/* Whether the name is one of these, and not that of a file. */
bool rr_opponent_is_builtin(const char *name);

/*
 * Make an opponent of a name. simulations is the budget of uniform and of models; the others have
 * their own. Returns 0; RR_E_INPUT when the game has no rules of thumb, or the file is no model of
 * this variant.
 */
int rr_opponent_open(const char *name, const struct rr_game *game, const struct rr_variant *variant,
                     uint32_t simulations, struct rr_opponent *opponent, struct rr_err *err);
void rr_opponent_close(struct rr_opponent *opponent);

/*
 * An opponent that looks at one position at a time: for play with people and with other programs.
 */
struct rr_thinker;

/* What a thought may cost. Of searchers only; the others take no time to speak of. */
struct rr_budget {
    uint32_t simulations; /* 0: what the opponent has of its own */
    uint32_t time_ms;     /* 0: not limited by time. Searches that double in size are made while the
                           * next one is likely to end in time, at most to RR_THINKER_MOST */
};
#define RR_THINKER_MOST 16384u

/* The opponent is borrowed until rr_thinker_free(). */
int rr_thinker_new(const struct rr_opponent *opponent, const struct rr_game *game,
                   const struct rr_variant *variant, struct rr_thinker **thinker,
                   struct rr_err *err);
void rr_thinker_free(struct rr_thinker *thinker);

/*
 * Think about a position that is not over. result->moves is borrowed until the next call; visits
 * are 0 of opponents that do not search, and q is even of random ones. seed decides all choices.
 * *simulations (may be NULL) is the size of the search.
 */
int rr_thinker_go(struct rr_thinker *thinker, const void *state, const struct rr_budget *budget,
                  uint64_t seed, struct rr_search_result *result, uint32_t *simulations,
                  struct rr_err *err);

#pragma GCC visibility pop

#endif
