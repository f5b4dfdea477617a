/* SPDX-License-Identifier: MIT */
/*
 * plan.c - decisions of the scheduler.
 */
#include "plugins/scheduler/plan.h"

#include <math.h>
#include <string.h>

#define HOUR_MS 3600000.0
#define SHARD_GAMES_MAX 1900u /* data_sync registers no more in one shard */

uint64_t
plan_target(const struct plan_conf *conf, const struct config *c)
{
    return c->extra +
           (c->champion.path[0] == '\0' ? conf->first_games : conf->games_per_generation);
}

int
plan_busy(const struct config *c)
{
    return c->export_ready || c->job_id[0] != '\0' || c->evaluating != 0;
}

static double
hours_since(uint64_t then_ms, uint64_t now_ms)
{
    return now_ms > then_ms ? (double)(now_ms - then_ms) / HOUR_MS : 0.0;
}

const char *
plan_gate(const struct plan_conf *conf, const struct config *c, uint64_t now_ms)
{
    if (c->job_id[0] != '\0') {
        return "a training is under way";
    }
    if (!c->export_ready) {
        return "no export that was not trained on";
    }
    if (now_ms < c->cooldown_until_ms) {
        return "cooling down";
    }
    if (now_ms > c->export_game_ms && now_ms - c->export_game_ms > conf->max_data_age_ms) {
        return "its games are too old";
    }
    return NULL;
}

struct priority
plan_priority(const struct plan_conf *conf, const struct config *c, uint64_t now_ms)
{
    const struct priority_input in = {
        .weight = c->weight,
        .ever_trained = c->last_training_ms != 0,
        .hours_since_training = hours_since(c->last_training_ms, now_ms),
        .hours_waiting = c->export_ready ? hours_since(c->export_ready_ms, now_ms) : 0.0,
        .data_age_hours = hours_since(c->export_game_ms, now_ms),
        .new_samples = c->export_ready ? (double)c->export_new : 0.0,
        .threshold = (double)conf->sample_threshold,
        .points = c->points,
        .points_count = c->points_count,
        .open = plan_gate(conf, c, now_ms) == NULL,
    };

    return priority_of(&in);
}

int
plan_training(const struct plan_conf *conf, const struct config *configs, size_t count,
              uint64_t now_ms)
{
    double best_p = 0.0;
    uint64_t running = 0;
    int best = -1;

    for (size_t i = 0; i < count; i++) {
        running += configs[i].job_id[0] != '\0';
    }
    for (size_t i = 0; i < count && running < conf->max_trainings; i++) {
        const struct config *c = &configs[i];
        const struct config *b = best < 0 ? NULL : &configs[best];
        const double p = plan_priority(conf, c, now_ms).p;
        const int tie = b != NULL && p == best_p;

        if (p > best_p || (tie && c->last_training_ms < b->last_training_ms) ||
            (tie && c->last_training_ms == b->last_training_ms && strcmp(c->name, b->name) < 0)) {
            best = (int)i;
            best_p = p;
        }
    }
    return best;
}

/* Games that a configuration may ask for now; 0: none. */
static uint64_t
wanted(const struct plan_conf *conf, const struct config *c)
{
    const uint64_t target = plan_target(conf, c);
    const uint64_t had = c->games_since + config_games_out(c);
    uint64_t games = conf->games_per_request;

    if (had >= target || c->out_count == CONFIG_OUT_MAX ||
        (plan_busy(c) && c->out_count >= conf->ahead)) {
        return 0;
    }
    if (c->champion.path[0] == '\0' && conf->first_games / conf->outstanding > games) {
        games = conf->first_games / conf->outstanding; /* random games cost next to nothing */
    }
    games = games < target - had ? games : target - had;
    return games < SHARD_GAMES_MAX ? games : SHARD_GAMES_MAX;
}

/*
 * The clock of the shares (start-time fair queueing, Goyal, Vin and Cheng 1996): where the last one
 * that was served began. Whoever was held back goes on from here.
 */
static double
clock_of(const struct config *configs, size_t count)
{
    double latest = 0.0;

    for (size_t i = 0; i < count; i++) {
        latest = fmax(latest, configs[i].started);
    }
    return latest;
}

int
plan_selfplay(const struct plan_conf *conf, const struct config *configs, size_t count,
              uint64_t *games)
{
    const double now = clock_of(configs, count);
    double best_start = INFINITY;
    uint64_t out = 0;
    int best = -1;

    for (size_t i = 0; i < count; i++) {
        out += configs[i].out_count;
    }
    for (size_t i = 0; i < count && out < conf->outstanding; i++) {
        const double start = fmax(now, configs[i].served);
        const uint64_t may = wanted(conf, &configs[i]);

        if (may > 0 && (start < best_start ||
                        (start == best_start && configs[i].served < configs[best].served))) {
            best = (int)i;
            best_start = start;
            *games = may;
        }
    }
    return best;
}

void
plan_serve(struct config *configs, size_t count, size_t chosen, uint64_t games)
{
    struct config *c = &configs[chosen];

    c->started = fmax(clock_of(configs, count), c->served);
    c->served = c->started + (double)games / c->weight;
    c->dirty = 1;
}
