/* SPDX-License-Identifier: MIT */
/*
 * test_opponent.c - opponents by name: which there are, that they play as promised, and that the
 * stronger ones win.
 */
#include <rr/gamekit.h>
#include <rr/opponent.h>

#include "tests/kit/toy_game.h"
#include "tests/tap.h"

static const struct rr_game *connect4, *ringrift;
static const struct rr_variant *variant, *hex8;

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
        bool is_hex8;
        const char *weak, *strong;
        double least; /* of 100 points */
    } rows[] = {{false, "random", "heuristic:1", 60},     {false, "heuristic:1", "heuristic:7", 60},
                {false, "heuristic:7", "mcts_light", 52}, {false, "mcts_light", "mcts_medium", 55},
                {false, "random", "mcts_light", 90},      {true, "random", "heuristic:1", 60},
                {true, "heuristic:1", "heuristic:5", 60}, {true, "heuristic:5", "heuristic:7", 70},
                {true, "heuristic:7", "mcts_light", 55}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const bool hex = rows[i].is_hex8;
        const double points = play(hex ? ringrift : connect4, hex ? hex8 : variant, rows[i].strong,
                                   rows[i].weak, 100, 2)
                                  .points;
        ok(points >= rows[i].least, "%s: %s has %.1f of 100 points against %s",
           hex ? "hex8_2p" : "connect4_2p", rows[i].strong, points, rows[i].weak);
    }
    const double rate = play(&toy_game, &toy_2p, "mcts_light", "random", 100, 1).points;
    ok(rate >= 60, "playouts alone have %.1f of 100 against random play", rate);
}

/* At the root a search without a net tries first what rules of thumb like. */
static void
test_prior(void)
{
    uint64_t state[1024];
    struct rr_opponent o[2];
    struct rr_thinker *thinker[2];
    struct rr_search_result result[2];
    const struct rr_budget own = {0, 0};
    struct rr_err err = RR_ERR_INIT;
    uint32_t likes[2] = {0, 0};

    ringrift->init(hex8, 0, state);
    for (int i = 0; i < 2; i++) {
        const char *name = i == 0 ? "heuristic:7" : "mcts_light";
        is_int(rr_opponent_open(name, ringrift, hex8, 0, &o[i], &err) ||
                   rr_thinker_new(&o[i], ringrift, hex8, &thinker[i], &err) ||
                   rr_thinker_go(thinker[i], state, &own, 1, &result[i], NULL, &err),
               0, name);
    }
    for (uint32_t i = 1; i < result[0].count; i++) {
        likes[0] = result[0].moves[i].q > result[0].moves[likes[0]].q ? i : likes[0];
        likes[1] = result[1].moves[i].prior > result[1].moves[likes[1]].prior ? i : likes[1];
    }
    ok(result[1].moves[likes[1]].prior > 2.0F / (float)result[1].count, "the prior is not even");
    is_int(likes[1], likes[0], "the move with the highest prior is that of heuristic:7");
    for (int i = 0; i < 2; i++) {
        rr_thinker_free(thinker[i]);
        rr_opponent_close(&o[i]);
    }
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
    if (rr_game_find(dirs, "connect4_2p", &connect4, &variant, &err) != 0 ||
        rr_game_find(dirs, "hex8_2p", &ringrift, &hex8, &err) != 0) {
        ok(false, "the games are there: %s", err.text);
        return tap_done();
    }
    test_names();
    test_plain_game();
    test_strength();
    test_prior();
    test_repeats();
    return tap_done();
}
