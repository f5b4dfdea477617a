/* SPDX-License-Identifier: MIT */
/*
 * play.c - one game of an arena: whose turn it is, and what is recorded.
 *
 * Owns: the game's state, its random streams and its record.
 * Does not: search (lane.c).
 */
#include "arena_int.h"

#include "look.h"
#include "rng.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Targets below this are left out of a record: shards keep probabilities in steps of 1/65535. */
#define TARGET_FLOOR 8e-6f

#define STREAM_OPENING UINT64_C(0x6f70656e696e6773)
#define STREAM_ID UINT64_C(0x67616d65206e616d)

static int
out_of_memory(const struct play *play, struct rr_err *err)
{
    return rr_err_set(err, -ENOMEM, "arena of %s: out of memory: use fewer slots",
                      play->conf->variant->name);
}

int
play_init(struct play *play, const struct rr_arena_conf *conf, struct rr_err *err)
{
    *play = (struct play){.conf = conf, .waiting = -1};
    play->state = calloc(1, (size_t)conf->variant->state_bytes + 8);
    play->scratch = malloc((size_t)conf->variant->state_bytes + 8);
    play->legal = malloc(conf->variant->max_moves * sizeof *play->legal);
    if (play->state == NULL || play->scratch == NULL || play->legal == NULL) {
        return out_of_memory(play, err);
    }
    return 0;
}

void
play_fini(struct play *play)
{
    recording_free(play->rec);
    free(play->state);
    free(play->scratch);
    free(play->legal);
    *play = (struct play){0};
}

void
recording_free(struct recording *rec)
{
    if (rec != NULL) {
        free(rec->plies);
        free(rec->target_moves);
        free(rec->target_probs);
        free(rec);
    }
}

/* Which player has a seat; see rr/arena.h. */
static uint32_t
player_of_seat(const struct rr_arena_conf *conf, uint64_t number, uint32_t seat)
{
    const uint32_t pair = (uint32_t)(number / 2 % 3);
    bool is_second;

    if (conf->player_count == 1) {
        return 0;
    }
    switch (conf->variant->seats) {
    case 2:
        is_second = seat != 0;
        break;
    case 3:
        is_second = seat != pair;
        break;
    default:
        is_second = seat != 0 && seat != pair + 1;
        break;
    }
    return (uint32_t)is_second ^ (uint32_t)(number & 1);
}

int
play_start(struct play *play, uint64_t number, struct rr_err *err)
{
    const struct rr_arena_conf *conf = play->conf;
    struct recording *rec = calloc(1, sizeof *rec);

    if (rec == NULL) {
        return out_of_memory(play, err);
    }
    play->rec = rec;
    play->rng = rng_stream(conf->seed, number);
    play->opening_rng = rng_stream(conf->seed ^ STREAM_OPENING, number / conf->player_count);
    play->decisions = 0;
    play->waiting = -1;
    play->is_over = false;
    rec->game.number = number;
    for (uint32_t s = 0; s < conf->variant->seats; s++) {
        rec->game.seat_player[s] = player_of_seat(conf, number, s);
    }
    const uint64_t id[2] = {rng_stream(conf->seed ^ STREAM_ID, number),
                            rng_stream(rng_scramble(conf->seed) ^ STREAM_ID, number)};
    memcpy(rec->record.id, id, sizeof rec->record.id);
    rec->record.seed = play->rng;
    rec->record.init_options = conf->init_options;
    conf->game->init(conf->variant, conf->init_options, play->state);
    return 0;
}

/* Play a move and add it to the record; *ply is valid until the next one. */
static int
make_move(struct play *play, rr_move move, struct rr_ply **out_ply, struct rr_err *err)
{
    struct recording *rec = play->rec;
    const struct rr_variant *v = play->conf->variant;

    if (rec->record.plies >= v->max_plies) {
        return rr_err_set(err, RR_E_PLUGIN, "game %s: not over after %u plies, its max_plies",
                          v->name, v->max_plies);
    }
    if (rec->record.plies == rec->ply_cap) {
        const uint32_t cap = rec->ply_cap == 0 ? 256 : rec->ply_cap * 2;
        struct rr_ply *grown = realloc(rec->plies, cap * sizeof *grown);
        if (grown == NULL) {
            return out_of_memory(play, err);
        }
        rec->plies = grown;
        rec->ply_cap = cap;
    }
    *out_ply = &rec->plies[rec->record.plies++];
    **out_ply = (struct rr_ply){.move = move};
    play->conf->game->apply(v, play->state, move);
    return 0;
}

/* Decide what kind of search the player makes of this move. */
static void
ask_search(struct play *play, uint32_t number)
{
    const struct rr_player *player = &play->conf->players[number];

    play->waiting = (int32_t)number;
    play->is_full =
        player->full_chance >= 1.0f || rng_unit(&play->rng) < (double)player->full_chance;
    play->simulations = play->is_full ? player->simulations : player->fast_simulations;
}

int
play_go_on(struct play *play, struct rr_err *err)
{
    const struct rr_arena_conf *conf = play->conf;
    const struct rr_variant *v = conf->variant;

    for (;;) {
        const int32_t mover = conf->game->mover(v, play->state);
        struct rr_ply *ply;
        if (mover < 0) {
            play->is_over = true;
            return 0;
        }
        const uint32_t count = conf->game->legal(v, play->state, play->legal);
        if (count == 0) {
            return rr_err_set(err, RR_E_PLUGIN, "game %s: no legal move, while it is not over",
                              v->name);
        }
        uint32_t pick = 0;
        if (count > 1) {
            const uint32_t number = play->rec->game.seat_player[mover];
            const struct rr_player *player = &conf->players[number];
            if (play->decisions < conf->opening_moves) {
                pick = rng_below(&play->opening_rng, count);
            } else if (player->kind == RR_PLAYER_SEARCH) {
                ask_search(play, number);
                return 0;
            } else if (player->kind == RR_PLAYER_RULES) {
                const struct look look = {conf->game, v, play->scratch, NULL, &play->rng};
                pick = look_choose(&look, play->state, play->legal, count, player->level);
            } else {
                pick = rng_below(&play->rng, count);
            }
            play->decisions++;
        }
        const int rc = make_move(play, play->legal[pick], &ply, err);
        if (rc != 0) {
            return rc;
        }
    }
}

uint64_t
play_search_seed(struct play *play)
{
    return rng_next(&play->rng);
}

/* Draw from the improved policy to the power 1 / temperature. */
static rr_move
draw_move(struct play *play, const struct rr_search_result *result, float temperature)
{
    const double power = 1.0 / (double)temperature;
    double total = 0.0;

    for (uint32_t i = 0; i < result->count; i++) {
        total += pow((double)result->moves[i].target, power);
    }
    double left = rng_unit(&play->rng) * total;
    for (uint32_t i = 0; i < result->count; i++) {
        left -= pow((double)result->moves[i].target, power);
        if (left < 0.0) {
            return result->moves[i].move;
        }
    }
    return result->best; /* rounding ate the last step */
}

/* Add the targets of a ply; the record's pointers to them are set when the game is over. */
static int
keep_targets(struct play *play, const struct rr_search_result *result, uint32_t *kept,
             struct rr_err *err)
{
    struct recording *rec = play->rec;

    if (rec->target_cap - rec->targets < result->count) {
        const size_t cap = rec->target_cap * 2 + result->count + 1024;
        rr_move *moves = realloc(rec->target_moves, cap * sizeof *moves);
        if (moves == NULL) {
            return out_of_memory(play, err);
        }
        rec->target_moves = moves;
        float *probs = realloc(rec->target_probs, cap * sizeof *probs);
        if (probs == NULL) {
            return out_of_memory(play, err);
        }
        rec->target_probs = probs;
        rec->target_cap = cap;
    }
    float total = 0.0f;
    for (uint32_t i = 0; i < result->count; i++) {
        total += result->moves[i].target >= TARGET_FLOOR ? result->moves[i].target : 0.0f;
    }
    *kept = 0;
    for (uint32_t i = 0; i < result->count; i++) {
        if (result->moves[i].target >= TARGET_FLOOR) {
            rec->target_moves[rec->targets] = result->moves[i].move;
            rec->target_probs[rec->targets] = result->moves[i].target / total;
            rec->targets++;
            (*kept)++;
        }
    }
    return 0;
}

int
play_take_result(struct play *play, const struct rr_search_result *result, struct rr_err *err)
{
    const struct rr_arena_conf *conf = play->conf;
    const struct rr_player *player = &conf->players[play->waiting];
    const int32_t mover = conf->game->mover(conf->variant, play->state);
    rr_move move = result->best;
    struct rr_ply *ply;
    uint32_t kept = 0;
    int rc;

    if (play->decisions < player->temperature_moves && player->temperature > 0.0f) {
        move = draw_move(play, result, player->temperature);
    }
    if (play->is_full) {
        rc = keep_targets(play, result, &kept, err);
        if (rc != 0) {
            return rc;
        }
    }
    rc = make_move(play, move, &ply, err);
    if (rc != 0) {
        return rc;
    }
    ply->flags = play->is_full ? RR_PLY_SEARCHED : RR_PLY_FAST;
    ply->targets = kept;
    ply->simulations = play->simulations;
    ply->net_value = result->net_value[mover];
    memcpy(ply->value, result->value, conf->variant->seats * sizeof *ply->value);
    play->decisions++;
    play->waiting = -1;
    return 0;
}

static uint64_t
utc_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct recording *
play_finish(struct play *play)
{
    const struct rr_arena_conf *conf = play->conf;
    struct recording *rec = play->rec;
    size_t at = 0;

    conf->game->result(conf->variant, play->state, rec->record.share);
    for (uint32_t s = 0; s < conf->variant->seats; s++) {
        rec->game.score[rec->game.seat_player[s]] += rec->record.share[s];
    }
    for (uint32_t i = 0; i < rec->record.plies; i++) {
        struct rr_ply *ply = &rec->plies[i];
        if (ply->targets > 0) {
            ply->target_moves = rec->target_moves + at;
            ply->target_probs = rec->target_probs + at;
            at += ply->targets;
        }
    }
    rec->record.ply = rec->plies;
    rec->record.finished_ms = utc_ms();
    rec->game.record = &rec->record;
    play->rec = NULL;
    play->is_over = false;
    return rec;
}
