/* SPDX-License-Identifier: MIT */
/*
 * play.c - the matches of one candidate, by the arena.
 *
 * Random play comes first, because it is cheap and a candidate that fails it needs no more games;
 * then the champion, for as long as the sequential test wants; then the first generation and the
 * baselines, which decide nothing but show how far the run has come.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rr/arena.h>
#include <rr/artifact.h>
#include <rr/net.h>
#include <rr/opponent.h>

#include "gauntlet.h"

/* One match while it is played. */
struct bout {
    struct gauntlet_job *job;
    uint32_t opponent;
    uint64_t games; /* at most */
    struct gauntlet_match *match;
    float first_of_pair;
    json_t *results;
};

static double
now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint64_t
limit_of(struct rr_ctx *ctx, uint32_t opponent)
{
    static const char *const key[] = {"random_games", "champion_games", "first_games",
                                      "baseline_games"};
    const uint32_t row = opponent < GAUNTLET_BASELINE ? opponent : GAUNTLET_BASELINE;
    const uint64_t games = (uint64_t)rr_opt_int(ctx, key[row]);

    return games + games % 2; /* whole pairs */
}

/* Equal for every attempt at this candidate. At most 63 bits, because JSON has signed numbers. */
static uint64_t
seed_of(const struct gauntlet_job *job, uint32_t opponent)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

    for (const char *p = job->done.model_sha256; *p != '\0'; p++) {
        hash = (hash ^ (uint8_t)*p) * 0x100000001b3u;
    }
    hash = (hash ^ opponent) * 0x100000001b3u;
    return (hash ^ (uint64_t)rr_opt_int(job->ctx, "seed")) >> 1;
}

static int
note_result(struct bout *bout, const struct rr_arena_game *game)
{
    char seats[RR_GAME_MAX_SEATS + 1] = {0};

    for (uint32_t i = 0; i < bout->job->variant->seats; i++) {
        seats[i] = game->seat_player[i] == 0 ? 'c' : 'o'; /* candidate or opponent */
    }
    return json_array_append_new(bout->results, json_pack("[s, f]", seats, (double)game->score[0]));
}

static int
on_game(void *user, const struct rr_arena_game *game, struct rr_err *err)
{
    struct bout *bout = user;
    struct gauntlet_match *match = bout->match;
    const double score = (double)game->score[0];
    const double drawn = fmin(score, 1 - score);

    if (note_result(bout, game) != 0) {
        return rr_err_set(err, -ENOMEM, "no memory for the results of a match");
    }
    /* a share of the win that is not all or nothing counts as so much of a draw */
    match->score.games++;
    match->score.wins += score - drawn;
    match->score.draws += 2 * drawn;
    match->score.losses += 1 - score - drawn;
    if (game->number % 2 == 0) {
        bout->first_of_pair = game->score[0];
        return 0;
    }

    const long half_points = lround(2 * ((double)bout->first_of_pair + score));
    match->pairs[half_points < 0 ? 0 : half_points > 4 ? 4 : half_points]++;
    return bout->opponent == GAUNTLET_CHAMPION &&
           rr_sprt_pairs(&bout->job->rule.sprt, match->pairs, NULL) != RR_SPRT_GOING;
}

static int
on_tick(void *user, const struct rr_arena_stats *stats)
{
    const struct bout *bout = user;
    const struct gauntlet_job *job = bout->job;
    const double seconds = stats->seconds > 0 ? stats->seconds : 1;
    char text[200];

    (void)snprintf(text, sizeof text,
                   "%s gen %" PRIu64 " vs %s: %" PRIu64 "/%" PRIu64
                   " games, %.0f %%, %.1fk evals/s",
                   job->done.config, job->done.generation,
                   gauntlet_opponent_name(bout->opponent, &bout->match->opponent),
                   bout->match->score.games, bout->games, 100 * rr_score_rate(&bout->match->score),
                   (double)stats->search.evaluations / seconds / 1000);
    rr_progress(job->ctx, bout->match->score.games, bout->games, text);
    return rr_should_stop(job->ctx);
}

static uint32_t
dtype_of(const char *text)
{
    if (strcmp(text, "f32") == 0) {
        return RR_DTYPE_F32;
    }
    return strcmp(text, "bf16") == 0 ? RR_DTYPE_BF16 : RR_DTYPE_AUTO;
}

static void
searcher(const struct gauntlet_job *job, const struct rr_net *net, struct rr_player *player)
{
    rr_player_search(player, net, (uint32_t)rr_opt_int(job->ctx, "simulations"));
    player->search.considered = (uint32_t)rr_opt_int(job->ctx, "considered");
    player->dtype = dtype_of(rr_opt_str(job->ctx, "dtype"));
}

/* Load a model whose file must have the hash that is known. */
static int
load(const struct gauntlet_job *job, const struct gauntlet_model *model, struct rr_net **net,
     struct rr_err *err)
{
    char path[RR_ARTIFACT_PATH_MAX];
    const int rc = rr_artifact_check(job->ctx, model->path, model->sha256, path, NULL, err);

    return rc == 0 ? rr_model_load(path, job->variant->layout, net, err) : rc;
}

/* Play against one opponent. */
static int
play(struct bout *bout, const struct rr_net *candidate, const struct rr_player *opponent,
     struct rr_err *err)
{
    struct gauntlet_job *job = bout->job;
    const uint32_t threads = (uint32_t)rr_opt_int(job->ctx, "threads");
    const uint32_t cores = threads > 0 ? threads : rr_arena_cores();
    const uint32_t slots = (uint32_t)rr_opt_int(job->ctx, "parallel_games");
    const uint32_t share = (uint32_t)((bout->games + cores - 1) / cores);
    struct rr_player players[2] = {[1] = *opponent};
    struct rr_arena_conf conf = {
        .game = job->game,
        .variant = job->variant,
        .players = players,
        .player_count = 2,
        .games = (uint32_t)bout->games,
        .seed = seed_of(job, bout->opponent),
        .slots = slots < share ? slots : share,
        .threads = cores,
        .opening_moves = (uint32_t)rr_opt_int(job->ctx, "opening_moves"),
        .game_done = on_game,
        .tick = on_tick,
        .user = bout,
    };
    struct rr_arena_stats stats;

    searcher(job, candidate, &players[0]);
    return rr_arena_run(&conf, &stats, err);
}

static int
meet(struct gauntlet_job *job, uint32_t opponent, const struct rr_net *candidate, json_t *record,
     struct rr_err *err)
{
    const struct gauntlet_model *model = &job->opponent[opponent];
    struct bout bout = {.job = job,
                        .opponent = opponent,
                        .games = limit_of(job->ctx, opponent),
                        .match = &job->match[opponent],
                        .results = json_array()};
    struct rr_opponent other = {0};
    int rc = 0;

    *bout.match = (struct gauntlet_match){.played = true, .opponent = *model};
    if (opponent == GAUNTLET_CHAMPION || opponent == GAUNTLET_FIRST) {
        rc = load(job, model, &other.net, err);
        searcher(job, other.net, &other.player);
    } else {
        rc = rr_opponent_open(gauntlet_opponent_name(opponent, model), job->game, job->variant, 0,
                              &other, err);
    }
    if (rc == 0) {
        rc = play(&bout, candidate, &other.player, err);
    }
    if (rc == 0) {
        const bool also_first = opponent == GAUNTLET_CHAMPION &&
                                strcmp(model->sha256, job->opponent[GAUNTLET_FIRST].sha256) == 0;
        if (record_add(record, bout.match, opponent, also_first, seed_of(job, opponent),
                       json_incref(bout.results)) != 0) {
            rc = rr_err_set(err, -ENOMEM, "no memory for a match record");
        }
    }
    json_decref(bout.results);
    rr_opponent_close(&other);
    return rc;
}

static bool
is_wanted(const struct gauntlet_job *job, uint32_t opponent)
{
    const char *sha256 = job->opponent[opponent].sha256;

    if (opponent == GAUNTLET_RANDOM) {
        return true;
    }
    if (sha256[0] == '\0' || strcmp(sha256, job->done.model_sha256) == 0 ||
        limit_of(job->ctx, opponent) == 0) {
        return false;
    }
    if (opponent >= GAUNTLET_BASELINE) {
        return job->game->evaluate != NULL || strncmp(sha256, "heuristic", 9) != 0;
    }
    /* one match serves for both when the first generation is still champion */
    return opponent != GAUNTLET_FIRST ||
           strcmp(sha256, job->opponent[GAUNTLET_CHAMPION].sha256) != 0;
}

int
play_all(struct gauntlet_job *job, const struct rr_effect *file, struct rr_err *err)
{
    struct gauntlet_model model = {.generation = job->done.generation};
    struct rr_net *candidate = NULL;
    json_t *record = record_new(job);
    const double began = now_s();
    double low;
    int rc;

    (void)snprintf(model.sha256, sizeof model.sha256, "%s", job->done.model_sha256);
    (void)snprintf(model.path, sizeof model.path, "%s", job->done.model_path);
    if (record == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory for a match record");
    }
    rc = load(job, &model, &candidate, err);
    for (uint32_t i = 0; rc == 0 && i < GAUNTLET_OPPONENTS; i++) {
        if (rr_should_stop(job->ctx)) { /* a short match may be over before the arena asks */
            rc = rr_err_set(err, RR_E_STOPPED, "stopped before the match against %s",
                            gauntlet_opponent_name(i, &job->opponent[i]));
        } else if (is_wanted(job, i)) {
            rc = meet(job, i, candidate, record, err);
        }
        if (rc == 0 && i == GAUNTLET_RANDOM && !rule_beats_random(&job->match[i].score, &low)) {
            break;
        }
    }
    if (rc == 0) {
        rc = record_write(record, now_s() - began, file->temp, err);
    }
    rr_net_free(candidate);
    json_decref(record);
    return rc;
}
