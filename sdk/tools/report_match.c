/* SPDX-License-Identifier: MIT */
/*
 * report_match.c - the final measurement: the last promoted net against random play and against the
 * first trained generation, seats alternating, with the search that the gauntlet used.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include <rr/arena.h>
#include <rr/digest.h>
#include <rr/gamekit.h>

#include "sdk/tools/report.h"

#define SLOTS 32 /* games at a time on a thread; full batches, and memory stays small */

struct match {
    struct report_final *final;
    const char *title;
    uint32_t games;
    bool is_terminal;
};

static int
on_game(void *user, const struct rr_arena_game *game, struct rr_err *err)
{
    struct rr_score *score = &((struct match *)user)->final->score;
    const double points = (double)game->score[0];
    const double drawn = fmin(points, 1 - points);

    (void)err;
    score->games++;
    score->wins += points - drawn;
    score->draws += 2 * drawn;
    score->losses += 1 - points - drawn;
    return 0;
}

static int
on_tick(void *user, const struct rr_arena_stats *stats)
{
    const struct match *match = user;
    const struct rr_score *score = &match->final->score;

    (void)stats;
    if (match->is_terminal) {
        fprintf(stderr, "\r%s: %" PRIu64 "/%u games, %.1f %%   ", match->title, score->games,
                match->games, 100 * rr_score_rate(score));
    }
    return 0;
}

static int
load(const struct report *report, const struct report_model *model, const char *layout,
     struct rr_net **net, struct rr_err *err)
{
    char path[REPORT_PATH_BYTES + 600];
    char found[RR_SHA256_HEX];
    int rc;

    (void)snprintf(path, sizeof path, "%s/data/%s", report->dir, model->path);
    rc = rr_sha256_file(path, found, NULL, err);
    if (rc == 0 && strcmp(found, model->sha256) != 0) {
        rc = rr_err_set(err, RR_E_CORRUPT, "%.160s: is not the file that was trained", path);
    }
    return rc == 0 ? rr_model_load(path, layout, net, err) : rc;
}

/* How the gauntlet searched when it promoted this model. */
static int
read_search(const struct report *report, const struct report_model *model,
            struct report_config *config, struct rr_err *err)
{
    char path[REPORT_PATH_BYTES + 600];
    json_error_t why;
    json_t *record;
    json_t *search;
    json_int_t simulations = 0;
    json_int_t considered = 0;
    json_int_t opening_moves = 0;
    int rc = 0;

    (void)snprintf(path, sizeof path, "%s/data/%s", report->dir, model->match);
    record = json_load_file(path, 0, &why);
    search = json_object_get(record, "search");
    if (search == NULL ||
        json_unpack(search, "{s:I, s:I, s:I}", "simulations", &simulations, "considered",
                    &considered, "opening_moves", &opening_moves) != 0) {
        rc = rr_err_set(err, RR_E_CORRUPT, "%.160s: no match record: %.60s", path, why.text);
    }
    json_decref(record);
    config->simulations = (uint64_t)simulations;
    config->considered = (uint64_t)considered;
    config->opening_moves = (uint64_t)opening_moves;
    return rc;
}

static int
play(const struct report_config *config, const struct rr_game *game, const struct rr_variant *v,
     const struct rr_net *net, const struct rr_net *other, struct match *match, struct rr_err *err)
{
    struct rr_player players[2];
    struct rr_arena_stats stats = {0};
    const struct rr_arena_conf conf = {
        .game = game,
        .variant = v,
        .players = players,
        .player_count = 2,
        .games = match->games,
        .seed = 20000 + match->final->generation, /* openings that the gauntlet did not use */
        .slots = SLOTS,
        .opening_moves = (uint32_t)config->opening_moves,
        .game_done = on_game,
        .tick = on_tick,
        .user = match,
    };
    int rc;

    rr_player_search(&players[0], net, (uint32_t)config->simulations);
    players[0].search.considered = (uint32_t)config->considered;
    rr_player_random(&players[1]);
    if (other != NULL) {
        players[1] = players[0];
        players[1].net = other;
    }
    rc = rr_arena_run(&conf, &stats, err);
    (void)on_tick(match, &stats);
    if (match->is_terminal) {
        fputc('\n', stderr);
    }
    match->final->is_done = rc == 0;
    match->final->seconds = stats.seconds;
    rr_wilson(match->final->score.wins + 0.5 * match->final->score.draws,
              (double)match->final->score.games, RR_Z95, &match->final->low, &match->final->high);
    return rc;
}

static int
against(const struct report *report, struct report_config *config, const char *plugins,
        const struct report_model *champion, const struct report_model *first, uint32_t games,
        struct rr_err *err)
{
    const struct rr_game *game;
    const struct rr_variant *v;
    struct rr_net *net = NULL;
    struct rr_net *other = NULL;
    char title[200];
    struct match match = {.final = &config->final[first == NULL ? 0 : 1],
                          .title = title,
                          .games = games,
                          .is_terminal = isatty(STDERR_FILENO) != 0};
    int rc = rr_game_find(plugins, config->name, &game, &v, err);

    *match.final = (struct report_final){.generation = first == NULL ? 0 : first->generation,
                                         .wanted = first == NULL ? 0.95 : 0.65};
    (void)snprintf(title, sizeof title, "%s gen %" PRIu64 " against %s", config->name,
                   champion->generation, first == NULL ? "random play" : "the first generation");
    rc = rc != 0 ? rc : load(report, champion, v->layout, &net, err);
    if (rc == 0 && first != NULL) {
        rc = load(report, first, v->layout, &other, err);
    }
    rc = rc != 0 ? rc : play(config, game, v, net, other, &match, err);
    rr_net_free(net);
    rr_net_free(other);
    return rc;
}

int
report_measure(const struct report *report, struct report_config *config, const char *plugins,
               uint32_t games, struct rr_err *err)
{
    const struct report_model *champion = report_champion(config);
    const struct report_model *first = report_first(config);
    int rc;

    if (champion == NULL) {
        (void)snprintf(config->final_note, sizeof config->final_note, "no model was promoted");
        return 0;
    }
    rc = read_search(report, champion, config, err);
    if (rc == 0) {
        rc = against(report, config, plugins, champion, NULL, games, err);
    }
    if (rc == 0 && champion == first) {
        (void)snprintf(config->final_note, sizeof config->final_note,
                       "the last promoted net is the first generation");
        return 0;
    }
    return rc == 0 ? against(report, config, plugins, champion, first, games, err) : rc;
}
