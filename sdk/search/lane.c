/* SPDX-License-Identifier: MIT */
/*
 * lane.c - one thread of an arena: its searches and the games that it has in flight.
 *
 * Game slot i uses slot i of the searches. In each round every game goes on until it needs a
 * search, and each player's search advances by one batch.
 */
#include "arena_int.h"

#include <errno.h>
#include <stdlib.h>

static int
eval_with_net(void *user, uint32_t n, const uint8_t *planes, const float *scalars, float *policy,
              float *value, struct rr_err *err)
{
    return rr_infer_run(user, n, planes, scalars, policy, value, err);
}

static int
searcher_init(struct lane *lane, uint32_t number, struct rr_err *err)
{
    const struct rr_arena_conf *conf = lane->arena->conf;
    const struct rr_player *player = &conf->players[number];
    struct rr_search_conf search = player->search;
    rr_eval_fn eval = player->eval;
    void *user = player->eval_user;

    search.slots = lane->arena->slots;
    search.max_simulations = player->simulations > player->fast_simulations
                                 ? player->simulations
                                 : player->fast_simulations;
    if (player->net != NULL) {
        const int rc =
            rr_infer_new(player->net, lane->arena->slots, player->dtype, &lane->infer[number], err);
        if (rc != 0) {
            return rc;
        }
        eval = eval_with_net;
        user = lane->infer[number];
    }
    return rr_search_new(conf->game, conf->variant, &search, eval, user, &lane->search[number],
                         err);
}

int
lane_init(struct lane *lane, struct arena *arena, struct rr_err *err)
{
    const struct rr_arena_conf *conf = arena->conf;
    int rc = 0;

    lane->arena = arena;
    lane->plays = calloc(arena->slots, sizeof *lane->plays);
    if (lane->plays == NULL) {
        return rr_err_set(err, -ENOMEM, "arena of %s: out of memory", conf->variant->name);
    }
    for (uint32_t i = 0; rc == 0 && i < arena->slots; i++) {
        rc = play_init(&lane->plays[i], conf, err);
    }
    for (uint32_t p = 0; rc == 0 && p < conf->player_count; p++) {
        if (conf->players[p].kind == RR_PLAYER_SEARCH) {
            rc = searcher_init(lane, p, err);
        }
    }
    return rc;
}

void
lane_fini(struct lane *lane)
{
    for (uint32_t p = 0; p < RR_ARENA_MAX_PLAYERS; p++) {
        rr_search_free(lane->search[p]);
        if (lane->infer[p] != NULL) {
            rr_infer_free(lane->infer[p]);
        }
    }
    for (uint32_t i = 0; lane->plays != NULL && i < lane->arena->slots; i++) {
        play_fini(&lane->plays[i]);
    }
    free(lane->plays);
    *lane = (struct lane){0};
}

/* Number of the next game to be started; false when there is none left. */
static bool
take_number(struct arena *arena, uint64_t *number)
{
    (void)pthread_mutex_lock(&arena->lock);
    const bool has = !arena->stop && arena->next < arena->conf->games;
    if (has) {
        *number = arena->conf->first_game + arena->next++;
    }
    (void)pthread_mutex_unlock(&arena->lock);
    return has;
}

static void
hand_over(struct arena *arena, struct recording *rec)
{
    (void)pthread_mutex_lock(&arena->lock);
    arena->done[rec->game.number - arena->conf->first_game] = rec;
    arena->stats.games++;
    arena->stats.plies += rec->record.plies;
    (void)pthread_cond_signal(&arena->news);
    (void)pthread_mutex_unlock(&arena->lock);
}

/* Give a slot's game what it needs until it waits for a search; start new games as games end. The
 * slot is empty afterwards when there are no more games. */
static int
run_slot(struct lane *lane, uint32_t i, struct rr_err *err)
{
    struct play *play = &lane->plays[i];
    int rc = 0;

    if (play->rec != NULL && play->waiting >= 0) {
        struct rr_search *search = lane->search[play->waiting];
        struct rr_search_result result;
        if (!rr_search_is_done(search, i)) {
            return 0;
        }
        rc = rr_search_result(search, i, &result, err);
        if (rc == 0) {
            rc = play_take_result(play, &result, err);
        }
    }
    while (rc == 0) {
        uint64_t number;
        if (play->rec == NULL) {
            if (!take_number(lane->arena, &number)) {
                return 0;
            }
            rc = play_start(play, number, err);
        }
        if (rc == 0) {
            rc = play_go_on(play, err);
        }
        if (rc == 0 && play->waiting >= 0) {
            return rr_search_begin(lane->search[play->waiting], i, play->state, play->simulations,
                                   play->is_full ? 0 : RR_SEARCH_QUIET, play_search_seed(play),
                                   err);
        }
        if (rc == 0 && play->is_over) {
            hand_over(lane->arena, play_finish(play));
        }
    }
    return rc;
}

/* Add what the searches did since the last call to the arena's figures. Returns false to stop. */
static bool
report(struct lane *lane)
{
    struct arena *arena = lane->arena;
    struct rr_search_stats now = {0};

    for (uint32_t p = 0; p < arena->conf->player_count; p++) {
        struct rr_search_stats one;
        if (lane->search[p] != NULL) {
            rr_search_stats(lane->search[p], &one);
            now.simulations += one.simulations;
            now.evaluations += one.evaluations;
            now.batches += one.batches;
            now.cache_hits += one.cache_hits;
            now.terminal_leaves += one.terminal_leaves;
        }
    }
    (void)pthread_mutex_lock(&arena->lock);
    struct rr_search_stats *all = &arena->stats.search;
    all->simulations += now.simulations - lane->reported.simulations;
    all->evaluations += now.evaluations - lane->reported.evaluations;
    all->batches += now.batches - lane->reported.batches;
    all->cache_hits += now.cache_hits - lane->reported.cache_hits;
    all->terminal_leaves += now.terminal_leaves - lane->reported.terminal_leaves;
    const bool go_on = !arena->stop;
    (void)pthread_mutex_unlock(&arena->lock);
    lane->reported = now;
    return go_on;
}

static int
run_rounds(struct lane *lane, struct rr_err *err)
{
    const struct rr_arena_conf *conf = lane->arena->conf;
    bool is_busy = true;

    while (is_busy) {
        bool has_waiting[RR_ARENA_MAX_PLAYERS] = {false};
        int rc = 0;
        is_busy = false;
        for (uint32_t i = 0; rc == 0 && i < lane->arena->slots; i++) {
            rc = run_slot(lane, i, err);
            if (lane->plays[i].rec != NULL && lane->plays[i].waiting >= 0) {
                has_waiting[lane->plays[i].waiting] = true;
                is_busy = true;
            }
        }
        for (uint32_t p = 0; rc == 0 && p < conf->player_count; p++) {
            if (has_waiting[p]) {
                rc = rr_search_step(lane->search[p], err);
            }
        }
        if (rc != 0) {
            return rc;
        }
        if (!report(lane)) {
            return 0;
        }
    }
    return 0;
}

void *
lane_run(void *user)
{
    struct lane *lane = user;
    struct arena *arena = lane->arena;
    struct rr_err error = RR_ERR_INIT;
    const int rc = run_rounds(lane, &error);

    (void)pthread_mutex_lock(&arena->lock);
    if (rc != 0 && arena->error.code == 0) {
        arena->error = error;
        arena->error.code = rc;
        arena->stop = true;
    }
    (void)pthread_cond_signal(&arena->news);
    (void)pthread_mutex_unlock(&arena->lock);
    return NULL;
}
