/* SPDX-License-Identifier: MIT */
/*
 * rr/arena.h - many games at once between players: self-play and matches.
 *
 * An arena runs games first_game .. first_game + games - 1 on its own threads and gives each one,
 * finished, to a callback: on the thread that called rr_arena_run() and in the order of their
 * numbers, so that a caller that stops early (a sequential test, say) is not swayed by which games
 * are short. A game depends on the seed and its number alone: not on threads, on slots, or on the
 * games beside it.
 *
 * Seats. One player takes all of them. Two players share them: games 2k and 2k + 1 are a pair with
 * the same opening and the seats exchanged; with three and four seats the division changes from
 * pair to pair. The shares of a player's seats add up to its score of the game, and equal players
 * score 0.5 a game over a pair, whatever the number of seats.
 */
#ifndef RR_ARENA_H
#define RR_ARENA_H

#include <rr/err.h>
#include <rr/game.h>
#include <rr/net.h>
#include <rr/search.h>
#include <rr/shard.h>

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(default)

#define RR_PLAYER_RANDOM 1u /* any legal move, all equally likely */
#define RR_PLAYER_SEARCH 2u
#define RR_PLAYER_RULES 3u /* the move that the game's evaluate likes best, one move ahead */

#define RR_ARENA_MAX_PLAYERS 2u

struct rr_player {
    uint32_t kind;                /* RR_PLAYER_* */
    uint32_t level;               /* of RR_PLAYER_RULES; the rest is for searchers */
    struct rr_search_conf search; /* slots and max_simulations are filled in by the arena */
    uint32_t simulations;         /* of a full search; 0: the net's policy alone */

    /* Playout cap randomisation (Wu 2019, section 3.1): a move is searched fully, and leaves a
     * policy target, with probability full_chance, else with fast_simulations and without noise,
     * to play well. 1: always fully. */
    float full_chance;
    uint32_t fast_simulations;

    /* The first temperature_moves decisions of a game are drawn from the improved policy to the
     * power 1 / temperature; afterwards the move that the search chose is played. */
    float temperature;
    uint32_t temperature_moves;

    /* Who evaluates: net (the arena makes an rr_infer of it for each thread; borrowed), or else
     * eval (called from several threads at once), or else search.leaf. */
    const struct rr_net *net;
    uint32_t dtype; /* RR_DTYPE_*, for net */
    rr_eval_fn eval;
    void *eval_user;
};

/* Everything zero but kind, with the defaults of a match: 32 simulations, no noise. */
void rr_player_random(struct rr_player *player);
void rr_player_search(struct rr_player *player, const struct rr_net *net, uint32_t simulations);

/* A finished game; borrowed until the callback returns. */
struct rr_arena_game {
    uint64_t number;
    uint32_t seat_player[RR_GAME_MAX_SEATS]; /* index in players */
    float score[RR_ARENA_MAX_PLAYERS];       /* sum of the shares of each player's seats */
    const struct rr_record *record;          /* ready for a shard */
};

struct rr_arena_stats {
    uint64_t games, plies;
    struct rr_search_stats search; /* of all players and threads together */
    double seconds;
};

/* Take a finished game. Returns 0 to go on, 1 to end the run early (rr_arena_run returns 0), or a
 * negative code with *err, which ends it with that error. */
typedef int (*rr_arena_game_fn)(void *user, const struct rr_arena_game *game, struct rr_err *err);

/* Called on the caller's thread several times a second. Returns 0, or 1 to stop: rr_arena_run
 * returns RR_E_STOPPED. */
typedef int (*rr_arena_tick_fn)(void *user, const struct rr_arena_stats *stats);

struct rr_arena_conf {
    const struct rr_game *game;
    const struct rr_variant *variant;
    uint64_t init_options;
    const struct rr_player *players;
    uint32_t player_count; /* 1 or 2 */
    uint32_t games;
    uint64_t first_game;
    uint64_t seed;
    uint32_t slots;             /* games at a time on each thread: the largest batch */
    uint32_t threads;           /* 0: as many as this process may run on */
    uint32_t opening_moves;     /* the first so many decisions of each game (pair) are random */
    rr_arena_game_fn game_done; /* may be NULL */
    rr_arena_tick_fn tick;      /* may be NULL */
    void *user;
};

/* Run all games. stats may be NULL. */
int rr_arena_run(const struct rr_arena_conf *conf, struct rr_arena_stats *stats,
                 struct rr_err *err);

/* How many threads `threads = 0` stands for. */
uint32_t rr_arena_cores(void);

#pragma GCC visibility pop

#endif
