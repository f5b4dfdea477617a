/* SPDX-License-Identifier: MIT */
/*
 * test_arena.c - games between players: seats, order, records, determinism, stop and errors.
 */
#include <rr/arena.h>
#include <rr/gamekit.h>

#include "tests/kit/toy_game.h"
#include "tests/tap.h"

/* What a run delivered. */
struct tally {
    uint64_t next_number;
    uint64_t games, plies, searched, fast, plain, draws;
    double score[2];
    uint64_t digest; /* of everything in the records but the times */
    uint64_t stop_after;
    int fail_with;
    bool in_order, sums_right, verified;
    const struct rr_game *game;
    const struct rr_variant *variant;
    uint64_t opening[2]; /* first two moves of even and odd games */
    bool same_openings;
};

static void
digest(struct tally *t, const void *data, size_t bytes)
{
    const unsigned char *p = data;

    for (size_t i = 0; i < bytes; i++) {
        t->digest = (t->digest ^ p[i]) * 1099511628211u;
    }
}

static void
tally_ply(struct tally *t, const struct rr_ply *ply)
{
    double total = 0.0;

    digest(t, &ply->move, sizeof ply->move);
    digest(t, ply->value, sizeof ply->value);
    digest(t, &ply->net_value, sizeof ply->net_value);
    digest(t, ply->target_moves, ply->targets * sizeof *ply->target_moves);
    digest(t, ply->target_probs, ply->targets * sizeof *ply->target_probs);
    for (uint32_t i = 0; i < ply->targets; i++) {
        total += (double)ply->target_probs[i];
    }
    if (ply->flags == RR_PLY_SEARCHED) {
        t->searched++;
        t->sums_right = t->sums_right && fabs(total - 1.0) < 1e-5;
    } else if (ply->flags == RR_PLY_FAST) {
        t->fast++;
        t->sums_right = t->sums_right && ply->targets == 0;
    } else {
        t->plain++;
        t->sums_right = t->sums_right && ply->targets == 0 && ply->simulations == 0;
    }
}

static int
on_game(void *user, const struct rr_arena_game *game, struct rr_err *err)
{
    struct tally *t = user;
    const struct rr_record *record = game->record;
    double sum = 0.0;

    t->in_order = t->in_order && game->number == t->next_number;
    t->next_number = game->number + 1;
    t->games++;
    t->plies += record->plies;
    for (uint32_t i = 0; i < record->plies; i++) {
        tally_ply(t, &record->ply[i]);
    }
    digest(t, record->id, sizeof record->id);
    digest(t, record->share, sizeof record->share);
    for (uint32_t s = 0; s < t->variant->seats; s++) {
        sum += (double)record->share[s];
    }
    t->draws += record->share[0] > 0.0f && record->share[0] < 1.0f;
    t->score[0] += (double)game->score[0];
    t->score[1] += (double)game->score[1];
    t->sums_right = t->sums_right && fabs(sum - 1.0) < 1e-6 &&
                    fabs((double)game->score[0] + (double)game->score[1] - 1.0) < 1e-6;
    t->verified = t->verified && rr_record_verify(t->game, t->variant, record, err) == 0;
    const uint64_t opening = record->ply[0].move * 100 + record->ply[1].move;
    if (game->number % 2 == 1) {
        t->same_openings = t->same_openings && opening == t->opening[0];
    }
    t->opening[game->number % 2] = opening;
    if (t->fail_with != 0) {
        return rr_err_set(err, t->fail_with, "the caller fails");
    }
    return t->stop_after != 0 && t->games == t->stop_after;
}

static int
stop_at_once(void *user, const struct rr_arena_stats *stats)
{
    (void)user;
    (void)stats;
    return 1;
}

static void
tally_init(struct tally *t, const struct rr_game *game, const struct rr_variant *variant)
{
    *t = (struct tally){.in_order = true,
                        .sums_right = true,
                        .verified = true,
                        .same_openings = true,
                        .digest = 1469598103934665603u,
                        .game = game,
                        .variant = variant};
}

static struct rr_arena_conf
conf_of(const struct rr_variant *variant, const struct rr_player *players, uint32_t count,
        uint32_t games, struct tally *t)
{
    tally_init(t, &toy_game, variant);
    return (struct rr_arena_conf){.game = &toy_game,
                                  .variant = variant,
                                  .players = players,
                                  .player_count = count,
                                  .games = games,
                                  .seed = 11,
                                  .slots = 8,
                                  .threads = 1,
                                  .game_done = on_game,
                                  .user = t};
}

static void
test_match(void)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_player players[2];
    struct tally t;

    rr_player_search(&players[0], NULL, 100);
    rr_player_random(&players[1]);
    struct rr_arena_conf conf = conf_of(&toy_2p, players, 2, 100, &t);
    int rc = rr_arena_run(&conf, NULL, &err);
    diag("search against random, two seats: %.1f of 100", t.score[0]);
    ok(rc == 0 && t.games == 100 && t.in_order && t.sums_right && t.verified, "a match is played");
    ok(t.score[0] > 90.0, "search beats random play");
    conf = conf_of(&toy_3p, players, 2, 120, &t);
    rc = rr_arena_run(&conf, NULL, &err);
    diag("search against random, three seats: %.1f of 120", t.score[0]);
    ok(rc == 0 && t.sums_right && t.verified && t.score[0] > 72.0, "and with three seats");

    rr_player_random(&players[0]);
    conf = conf_of(&toy_3p, players, 2, 3000, &t);
    rc = rr_arena_run(&conf, NULL, &err);
    diag("random against random, three seats: %.1f of 3000", t.score[0]);
    ok(rc == 0 && fabs(t.score[0] - 1500.0) < 100.0,
       "equal players score the same with three seats");

    rr_player_search(&players[0], NULL, 20);
    conf = conf_of(&toy_2p, players, 2, 40, &t);
    conf.opening_moves = 2;
    rc = rr_arena_run(&conf, NULL, &err);
    ok(rc == 0 && t.same_openings, "both games of a pair have the same opening");
}

static struct rr_player
self_player(void)
{
    struct rr_player player;

    rr_player_search(&player, NULL, 30);
    player.eval = toy_eval_2p;
    player.search.gumbel_scale = 1.0f;
    player.search.symmetries = true;
    player.search.cache_entries = 500;
    player.full_chance = 0.5f;
    player.fast_simulations = 8;
    player.temperature = 1.0f;
    player.temperature_moves = 3;
    return player;
}

static void
test_self_play(void)
{
    static const struct {
        uint32_t slots, threads;
    } ways[] = {{1, 1}, {7, 1}, {64, 1}, {5, 3}};
    const struct rr_player player = self_player();
    struct rr_err err = RR_ERR_INIT;
    uint64_t first = 0;
    bool is_equal = true;
    struct tally t;

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct rr_arena_conf conf = conf_of(&toy_2p, &player, 1, 50, &t);
        struct rr_arena_stats stats;
        conf.slots = ways[i].slots;
        conf.threads = ways[i].threads;
        const int rc = rr_arena_run(&conf, &stats, &err);
        first = i == 0 ? t.digest : first;
        is_equal = is_equal && rc == 0 && t.digest == first && stats.games == 50 &&
                   stats.plies == t.plies && t.in_order && t.verified;
    }
    ok(is_equal, "the same games bit for bit with other numbers of slots and threads");
    diag("%" PRIu64 " full, %" PRIu64 " fast, %" PRIu64 " forced plies", t.searched, t.fast,
         t.plain);
    ok(t.sums_right && t.searched > 120 && t.fast > 120 && t.plain > 0,
       "full searches leave targets, fast ones and forced moves do not");

    struct rr_arena_conf conf = conf_of(&toy_2p, &player, 1, 50, &t);
    conf.seed = 12;
    ok(rr_arena_run(&conf, NULL, &err) == 0 && t.digest != first, "another seed: other games");
    conf = conf_of(&toy_2p, &player, 1, 20, &t);
    conf.first_game = 30;
    t.next_number = 30;
    ok(rr_arena_run(&conf, NULL, &err) == 0 && t.in_order && t.next_number == 50,
       "a run may begin at any game");
}

static int
eval_failing(void *user, uint32_t n, const uint8_t *planes, const float *scalars, float *policy,
             float *value, struct rr_err *err)
{
    (void)user;
    (void)n;
    (void)planes;
    (void)scalars;
    (void)policy;
    (void)value;
    return rr_err_set(err, RR_E_MISMATCH, "no answer");
}

static void
test_ends(void)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_player player = self_player();
    struct tally t;
    struct rr_arena_conf conf = conf_of(&toy_2p, &player, 1, 5000, &t);

    conf.threads = 2;
    t.stop_after = 9;
    ok(rr_arena_run(&conf, NULL, &err) == 0 && t.games == 9, "a caller may end a run early");
    conf = conf_of(&toy_2p, &player, 1, 500, &t);
    t.fail_with = RR_E_CORRUPT;
    is_int(rr_arena_run(&conf, NULL, &err), RR_E_CORRUPT, "a caller's error ends it");
    is_str(err.text, "the caller fails", "with its words");
    player.simulations = 2000;
    player.full_chance = 1.0f;
    conf = conf_of(&toy_2p, &player, 1, 1000000, &t);
    conf.tick = stop_at_once;
    is_int(rr_arena_run(&conf, NULL, &err), RR_E_STOPPED, "a stop that was asked for is told");
    player.eval = eval_failing;
    conf = conf_of(&toy_2p, &player, 1, 100, &t);
    conf.threads = 2;
    is_int(rr_arena_run(&conf, NULL, &err), RR_E_MISMATCH, "an evaluator's error ends the run");
    is_str(err.text, "no answer", "with its words");
    conf.player_count = 3;
    is_int(rr_arena_run(&conf, NULL, &err), RR_E_INPUT, "three players are refused");
}

/* The real game, all numbers of seats, without a net. */
static void
test_ringrift(void)
{
    static const char *const names[] = {"hex8_2p", "square8_3p", "hex8_4p"};
    const char *build = getenv("RR_BUILDDIR");
    char dirs[4096];

    (void)snprintf(dirs, sizeof dirs, "%s/plugins", build != NULL ? build : ".");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct rr_err err = RR_ERR_INIT;
        const struct rr_game *game;
        const struct rr_variant *variant;
        struct rr_player players[2];
        struct tally t;
        struct rr_arena_stats stats;
        int rc = rr_game_find(dirs, names[i], &game, &variant, &err);
        if (rc == 0) {
            rr_player_search(&players[0], NULL, 16);
            rr_player_random(&players[1]);
            struct rr_arena_conf conf = conf_of(variant, players, 2, 6, &t);
            tally_init(&t, game, variant);
            conf.game = game;
            rc = rr_arena_run(&conf, &stats, &err);
            diag("%s: %.2f of 6 against random, %" PRIu64 " plies", names[i], t.score[0], t.plies);
        }
        if (!ok(rc == 0 && t.games == 6 && t.sums_right && t.verified, "%s is played to the end",
                names[i])) {
            diag("%s", err.text);
        }
    }
}

/* With a net: what the evaluator promises about batches holds as it is used here. */
static void
test_net(void)
{
    const char *build = getenv("RR_BUILDDIR");
    struct rr_err err = RR_ERR_INIT;
    const struct rr_game *game;
    const struct rr_variant *v;
    struct rr_net *net = NULL;
    char *graph = NULL;
    char dirs[4096];
    uint64_t digests[2] = {0, 1};
    uint64_t evaluations = 0;

    (void)snprintf(dirs, sizeof dirs, "%s/plugins", build != NULL ? build : ".");
    int rc = rr_game_find(dirs, "hex8_2p", &game, &v, &err);
    if (rc == 0) {
        const struct rr_tower tower = {.io = {v->height, v->width, v->planes, v->scalars,
                                              v->policy_planes, v->policy_scalars, v->seats},
                                       .channels = 16,
                                       .blocks = 2,
                                       .pool_every = 2,
                                       .head_channels = 16};
        rc = rr_tower_graph(&tower, &graph, &err);
    }
    if (rc == 0) {
        rc = rr_net_new(graph, 3, &net, &err);
    }
    for (uint32_t i = 0; rc == 0 && i < 2; i++) {
        struct rr_player player;
        struct rr_arena_stats stats;
        struct tally t;
        rr_player_search(&player, net, 8);
        player.search.symmetries = true;
        player.search.cache_entries = i * 1000;
        struct rr_arena_conf conf = conf_of(v, &player, 1, 3, &t);
        tally_init(&t, game, v);
        conf.game = game;
        conf.slots = i == 0 ? 1 : 3;
        rc = rr_arena_run(&conf, &stats, &err);
        digests[i] = t.digest;
        evaluations = stats.search.evaluations;
    }
    if (!ok(rc == 0 && digests[0] == digests[1] && evaluations > 500,
            "with a net too, games do not depend on slots, batches or the cache")) {
        diag("%s", err.text);
    }
    free(graph);
    rr_net_free(net);
}

int
main(void)
{
    test_match();
    test_self_play();
    test_ends();
    test_ringrift();
    test_net();
    return tap_done();
}
