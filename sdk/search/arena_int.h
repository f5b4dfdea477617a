/* SPDX-License-Identifier: MIT */
/*
 * arena_int.h - what the parts of the arena share.
 *
 *   arena.c    the run: threads, order of delivery, stop and error
 *   lane.c     one thread: its searches and the games that it has in flight
 *   play.c     one game: whose turn it is, what is recorded
 */
#ifndef RR_SEARCH_ARENA_INT_H
#define RR_SEARCH_ARENA_INT_H

#include <rr/arena.h>

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A game's record while it is made, and then until it is delivered. */
struct recording {
    struct rr_arena_game game;
    struct rr_record record;
    struct rr_ply *plies;
    rr_move *target_moves; /* of all plies, one after the other */
    float *target_probs;
    size_t targets;
    uint32_t ply_cap;
    size_t target_cap;
};

void recording_free(struct recording *rec);

/* A game in progress. */
struct play {
    const struct rr_arena_conf *conf;
    struct recording *rec; /* NULL: no game here */
    void *state, *scratch;
    rr_move *legal;
    uint64_t rng, opening_rng;
    uint32_t decisions;   /* plies with a choice, so far */
    int32_t waiting;      /* player whose search the game waits for, or -1 */
    uint32_t simulations; /* of that search */
    bool is_full;
    bool is_over;
};

int play_init(struct play *play, const struct rr_arena_conf *conf, struct rr_err *err);
void play_fini(struct play *play);

/* Start game `number`. */
int play_start(struct play *play, uint64_t number, struct rr_err *err);

/* Go on until a search is needed (waiting >= 0; its seed comes from play_search_seed()) or the game
 * is over (is_over). */
int play_go_on(struct play *play, struct rr_err *err);
uint64_t play_search_seed(struct play *play);

/* Play and record the move of the search that the game waited for. */
int play_take_result(struct play *play, const struct rr_search_result *result, struct rr_err *err);

/* Complete the record of a game that is over and give it away. */
struct recording *play_finish(struct play *play);

struct arena {
    const struct rr_arena_conf *conf;
    uint32_t threads;
    uint32_t slots; /* of each lane: the conf's, but no more than its share of the games */

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t news;
    uint32_t next; /* game to be started, counted from 0 */
    bool stop;
    struct recording **done; /* [games]: finished and not yet delivered */
    struct rr_err error;     /* of the first lane that failed; code 0 when none */
    struct rr_arena_stats stats;
};

/* One thread of an arena. */
struct lane {
    struct arena *arena;
    struct play *plays; /* [slots] */
    struct rr_search *search[RR_ARENA_MAX_PLAYERS];
    struct rr_infer *infer[RR_ARENA_MAX_PLAYERS];
    struct rr_search_stats reported; /* what arena->stats has of this lane already */
    pthread_t thread;
};

int lane_init(struct lane *lane, struct arena *arena, struct rr_err *err);
void lane_fini(struct lane *lane);
void *lane_run(void *lane);

#endif
