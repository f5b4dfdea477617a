/* SPDX-License-Identifier: MIT */
/*
 * test_opponent.c - opponents by name: which there are, that they play as promised, and that the
 * stronger ones win.
 */
#include <rr/gamekit.h>
#include <rr/opponent.h>

#include "tests/kit/toy_game.h"
#include "tests/tap.h"

static const struct rr_game *connect4;
static const struct rr_variant *variant;

static void
test_names(void)
{
    static const char *const good[] = {"random",      "heuristic",       "heuristic:1",
                                       "heuristic:7", "mcts_light",      "mcts_medium",
                                       "mcts_strong", "mcts_master",     "mcts_grandmaster",
                                       "uniform",     "heuristic_strong"};
    static const char *const bad[] = {
        "heuristic:0", "heuristic:8", "heuristic:", "heuristic:12", "heuristic:x", "mcts_lite", ""};
    struct rr_opponent o;
    struct rr_err err = RR_ERR_INIT;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const int rc = rr_opponent_open(good[i], connect4, variant, 8, &o, &err);
        ok(rc == 0 && rr_opponent_is_builtin(good[i]), "%s is an opponent", good[i]);
        rr_opponent_close(&o);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const int rc = rr_opponent_open(bad[i], connect4, variant, 8, &o, &err);
        ok(rc == RR_E_INPUT && err.text[0] != '\0', "\"%s\" is none: %s", bad[i], err.text);
    }
    ok(!rr_opponent_is_builtin("random.safetensors"), "a file is not built in");
    is_int(rr_opponent_open("mcts_strong", connect4, variant, 8, &o, &err), 0, "mcts_strong");
    is_int(o.player.simulations, 512, "has its own budget");
    is_int(rr_opponent_open("uniform", connect4, variant, 8, &o, &err), 0, "uniform");
    is_int(o.player.simulations, 8, "has the caller's");
}

/* A game without rules of thumb. */
static void
test_plain_game(void)
{
    struct rr_opponent o;
    struct rr_err err = RR_ERR_INIT;
    struct rr_search_conf conf;
    struct rr_search *search;

    is_int(rr_opponent_open("heuristic:3", &toy_game, &toy_2p, 8, &o, &err), RR_E_INPUT,
           "a game without evaluate has no heuristic player");
    ok(strstr(err.text, "no rules of thumb") != NULL, "which is said: %s", err.text);
    is_int(rr_opponent_open("mcts_light", &toy_game, &toy_2p, 8, &o, &err), 0,
           "but it has searchers");
    is_int(o.player.search.leaf, RR_LEAF_PLAYOUT, "which play out");
    rr_search_conf_init(&conf);
    conf.leaf = RR_LEAF_RULES;
    is_int(rr_search_new(&toy_game, &toy_2p, &conf, NULL, NULL, &search, &err), RR_E_INPUT,
           "a search with rules of thumb is refused");
}

struct sum {
    double points;
    uint64_t digest;
};

static int
on_game(void *user, const struct rr_arena_game *game, struct rr_err *err)
{
    struct sum *sum = user;

    (void)err;
    sum->points += (double)game->score[0];
    for (uint32_t i = 0; i < game->record->plies; i++) {
        sum->digest = (sum->digest ^ game->record->ply[i].move) * 1099511628211u;
    }
    return 0;
}

static struct sum
play(const struct rr_game *game, const struct rr_variant *v, const char *a, const char *b,
     uint32_t games, uint32_t threads)
{
    struct rr_opponent o[2];
    struct rr_err err = RR_ERR_INIT;
    struct sum sum = {0};

    if (rr_opponent_open(a, game, v, 8, &o[0], &err) == 0 &&
        rr_opponent_open(b, game, v, 8, &o[1], &err) == 0) {
        const struct rr_player players[2] = {o[0].player, o[1].player};
        const struct rr_arena_conf conf = {.game = game,
                                           .variant = v,
                                           .players = players,
                                           .player_count = 2,
                                           .games = games,
                                           .seed = 3,
                                           .slots = 4 * threads,
                                           .threads = threads,
                                           .opening_moves = 2,
                                           .game_done = on_game,
                                           .user = &sum};
        if (rr_arena_run(&conf, NULL, &err) != 0) {
            sum.points = -1;
        }
    }
    if (err.text[0] != '\0') {
        diag("%s", err.text);
    }
    return sum;
}

/* Every game here depends on the seed alone, so these figures are the same on every run. */
static void
test_strength(void)
{
    static const struct {
        const char *weak, *strong;
        double least; /* share of the points */
    } rows[] = {{"random", "heuristic:1", 0.6},
                {"heuristic:1", "heuristic:7", 0.6},
                {"heuristic:7", "mcts_light", 0.52},
                {"mcts_light", "mcts_medium", 0.55},
                {"random", "mcts_light", 0.9}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double rate = play(connect4, variant, rows[i].strong, rows[i].weak, 100, 2).points;
        ok(rate >= 100 * rows[i].least, "%s has %.1f of 100 points against %s", rows[i].strong,
           rate, rows[i].weak);
    }
    const double rate = play(&toy_game, &toy_2p, "mcts_light", "random", 100, 1).points;
    ok(rate >= 60, "playouts alone have %.1f of 100 against random play", rate);
}

static void
test_repeats(void)
{
    static const char *const names[] = {"heuristic:3", "mcts_light"};

    for (size_t i = 0; i < 2; i++) {
        const struct sum one = play(connect4, variant, names[i], "random", 20, 1);
        const struct sum two = play(connect4, variant, names[i], "random", 20, 3);
        ok(one.digest == two.digest && one.points >= 0,
           "games of %s do not depend on threads and slots", names[i]);
    }
    ok(play(&toy_game, &toy_2p, "mcts_light", "random", 20, 1).digest ==
           play(&toy_game, &toy_2p, "mcts_light", "random", 20, 3).digest,
       "nor do playouts");
}

int
main(void)
{
    const char *build = getenv("RR_BUILDDIR");
    char dirs[4096];
    struct rr_err err = RR_ERR_INIT;

    (void)snprintf(dirs, sizeof dirs, "%s/plugins", build != NULL ? build : ".");
    if (rr_game_find(dirs, "connect4_2p", &connect4, &variant, &err) != 0) {
        ok(false, "connect4 is there: %s", err.text);
        return tap_done();
    }
    test_names();
    test_plain_game();
    test_strength();
    test_repeats();
    return tap_done();
}
