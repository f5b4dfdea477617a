/* SPDX-License-Identifier: MIT */
/*
 * arena.c - the run of an arena: threads, order of delivery, stop and error.
 *
 * Owns: the lanes and what has finished.
 * Threads: lanes run on threads of their own; callbacks on the caller's thread.
 */
#include <rr/arena.h>

#include "arena_int.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK_NS 200000000 /* five times a second: smooth for people, nothing for the machine */

void
rr_player_random(struct rr_player *player)
{
    *player = (struct rr_player){.kind = RR_PLAYER_RANDOM, .full_chance = 1.0f};
    rr_search_conf_init(&player->search);
}

void
rr_player_search(struct rr_player *player, const struct rr_net *net, uint32_t simulations)
{
    *player = (struct rr_player){.kind = RR_PLAYER_SEARCH,
                                 .simulations = simulations,
                                 .full_chance = 1.0f,
                                 .net = net,
                                 .dtype = RR_DTYPE_AUTO};
    rr_search_conf_init(&player->search);
}

uint32_t
rr_arena_cores(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return 1; /* more processors than the set has room for: the caller names a number */
    }
    const int count = CPU_COUNT(&set);
    return count > 0 ? (uint32_t)count : 1;
}

static int
check_conf(const struct rr_arena_conf *conf, struct rr_err *err)
{
    if (conf->player_count == 0 || conf->player_count > RR_ARENA_MAX_PLAYERS || conf->slots == 0 ||
        conf->slots > 65536) {
        return rr_err_set(
            err, RR_E_INPUT, "arena of %s: %u players and %u slots are outside 1..%u and 1..65536",
            conf->variant->name, conf->player_count, conf->slots, RR_ARENA_MAX_PLAYERS);
    }
    for (uint32_t i = 0; i < conf->player_count; i++) {
        const struct rr_player *player = &conf->players[i];
        const bool is_level = player->level >= 1 && player->level <= RR_GAME_LEVELS;
        if (player->kind < RR_PLAYER_RANDOM || player->kind > RR_PLAYER_RULES ||
            !(player->full_chance >= 0.0f && player->full_chance <= 1.0f) ||
            (player->kind == RR_PLAYER_RULES && (!is_level || conf->game->evaluate == NULL))) {
            return rr_err_set(
                err, RR_E_INPUT, "arena of %s: player %u has kind %u, level %u and full_chance %g",
                conf->variant->name, i, player->kind, player->level, (double)player->full_chance);
        }
    }
    return 0;
}

static double
seconds_since(const struct timespec *start)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

/* Wait for news, but not longer than one tick. Called with the lock held. */
static void
wait_for_news(struct arena *arena)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += TICK_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    (void)pthread_cond_timedwait(&arena->news, &arena->lock, &until);
}

/* The caller's side of a run: deliver in order, tick, until all is done or something ends it.
 * Called with the lock held; gives it up around callbacks and while waiting. */
static int
deliver(struct arena *arena, const struct timespec *start, struct rr_err *err)
{
    const struct rr_arena_conf *conf = arena->conf;
    uint32_t next = 0;
    double ticked = 0.0;

    while (next < conf->games) {
        struct recording *rec = arena->done[next];
        int rc = 0;
        if (arena->error.code != 0) {
            const int code = arena->error.code;
            return rr_err_set(err, code, "%s", arena->error.text);
        }
        if (rec == NULL) {
            wait_for_news(arena);
        } else {
            arena->done[next++] = NULL;
            (void)pthread_mutex_unlock(&arena->lock);
            if (conf->game_done != NULL) {
                rc = conf->game_done(conf->user, &rec->game, err);
            }
            recording_free(rec);
            (void)pthread_mutex_lock(&arena->lock);
        }
        if (rc != 0) {
            return rc < 0 ? rc : 0;
        }
        const double now = seconds_since(start);
        if (conf->tick != NULL && now - ticked >= 1e-9 * TICK_NS) {
            struct rr_arena_stats stats = arena->stats;
            stats.seconds = ticked = now;
            (void)pthread_mutex_unlock(&arena->lock);
            rc = conf->tick(conf->user, &stats);
            (void)pthread_mutex_lock(&arena->lock);
        }
        if (rc != 0) {
            return rr_err_set(err, RR_E_STOPPED, "arena of %s: stopped after %u of %u games",
                              conf->variant->name, next, conf->games);
        }
    }
    return 0;
}

static int
start_lanes(struct arena *arena, struct lane *lanes, uint32_t *started, struct rr_err *err)
{
    for (; *started < arena->threads; (*started)++) {
        struct lane *lane = &lanes[*started];
        const int rc = pthread_create(&lane->thread, NULL, lane_run, lane);
        if (rc != 0) {
            return rr_err_set(err, -rc, "arena of %s: cannot start thread %u: %s",
                              arena->conf->variant->name, *started, strerror(rc));
        }
    }
    return 0;
}

static int
run(struct arena *arena, struct lane *lanes, struct rr_err *err)
{
    struct timespec start;
    uint32_t started = 0;
    int rc;

    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    (void)pthread_mutex_lock(&arena->lock);
    rc = start_lanes(arena, lanes, &started, err);
    if (rc == 0) {
        rc = deliver(arena, &start, err);
    }
    arena->stop = true;
    (void)pthread_mutex_unlock(&arena->lock);
    for (uint32_t i = 0; i < started; i++) {
        (void)pthread_join(lanes[i].thread, NULL);
    }
    arena->stats.seconds = seconds_since(&start);
    return rc;
}

static int
arena_init(struct arena *arena, const struct rr_arena_conf *conf, struct rr_err *err)
{
    pthread_condattr_t attr;

    *arena = (struct arena){.conf = conf};
    arena->threads = conf->threads > 0 ? conf->threads : rr_arena_cores();
    if (arena->threads > conf->games) {
        arena->threads = conf->games;
    }
    /* With more slots than games the first lane would take them all. */
    const uint32_t share =
        arena->threads > 0 ? (conf->games + arena->threads - 1) / arena->threads : 1;
    arena->slots = conf->slots < share ? conf->slots : share;
    arena->error = (struct rr_err)RR_ERR_INIT;
    arena->done = calloc((size_t)conf->games + 1, sizeof(struct recording *));
    if (arena->done == NULL) {
        return rr_err_set(err, -ENOMEM, "arena of %s: out of memory", conf->variant->name);
    }
    (void)pthread_mutex_init(&arena->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&arena->news, &attr);
    (void)pthread_condattr_destroy(&attr);
    return 0;
}

static void
arena_fini(struct arena *arena)
{
    for (uint32_t i = 0; i < arena->conf->games; i++) {
        recording_free(arena->done[i]);
    }
    free(arena->done);
    (void)pthread_cond_destroy(&arena->news);
    (void)pthread_mutex_destroy(&arena->lock);
}

int
rr_arena_run(const struct rr_arena_conf *conf, struct rr_arena_stats *stats, struct rr_err *err)
{
    struct arena arena;
    struct lane *lanes = NULL;
    int rc = check_conf(conf, err);

    if (rc != 0) {
        return rc;
    }
    rc = arena_init(&arena, conf, err);
    if (rc != 0) {
        return rc;
    }
    lanes = calloc((size_t)arena.threads + 1, sizeof *lanes);
    if (lanes == NULL) {
        rc = rr_err_set(err, -ENOMEM, "arena of %s: out of memory", conf->variant->name);
        goto out;
    }
    for (uint32_t i = 0; i < arena.threads; i++) {
        rc = lane_init(&lanes[i], &arena, err);
        if (rc != 0) {
            goto out;
        }
    }
    rc = run(&arena, lanes, err);
    if (stats != NULL) {
        *stats = arena.stats;
    }
out:
    for (uint32_t i = 0; lanes != NULL && i < arena.threads; i++) {
        lane_fini(&lanes[i]);
    }
    free(lanes);
    arena_fini(&arena);
    return rc;
}
