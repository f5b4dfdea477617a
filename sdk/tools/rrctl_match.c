/* SPDX-License-Identifier: MIT */
/*
 * rrctl_match.c - `rrctl match`: games between players, with honest intervals; with more than two
 * each against each, and ratings.
 *
 * Players are named as in rr/opponent.h. Games come in pairs with the same opening and exchanged
 * seats.
 */
#include <rr/gamekit.h>
#include <rr/opponent.h>
#include <rr/rating.h>

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/tools/tool.h"

#define RANDOM_ELO 400.0 /* what the gauntlet anchors random play at */

static const char usage_text[] =
    "Usage: rrctl match CONFIG PLAYER PLAYER... [OPTION]...\n"
    "Play players against each other; with more than two, each against each.\n"
    "\n"
    "PLAYER is a model file or one of\n"
    "  random             any legal move\n"
    "  heuristic:N        rules of thumb of the game, one move ahead; N from 1 to 7, the lower "
    "the\n"
    "                     more often at random. heuristic is level 5, heuristic_strong level 7\n"
    "  mcts_light         search without a net: 32 simulations a move; mcts_medium 128,\n"
    "                     mcts_strong 512, mcts_master 1024, mcts_grandmaster 2048\n"
    "  uniform            search with neither net nor rules of thumb\n"
    "\n"
    "  --games N        games of each pairing, rounded up to pairs with exchanged seats (200)\n"
    "  --simulations N  search budget of models and uniform; 0: the net's policy alone (32)\n"
    "  --opening N      random decisions at the start of each pair, the same in both (4)\n"
    "  --seed N         decides every random choice (1)\n"
    "  --threads N      threads; 0: as many as there are processors (0)\n"
    "  --slots N        games that each thread plays at a time (32)\n"
    "  --plugins DIRS   folders with games, separated by colons (RR_PLUGIN_PATH)\n"
    "  --json           print one line of JSON\n"
    "  --help           print this\n"
    "\n"
    "Prints wins, draws and losses of the first of two, its share of the points and the 95 %\n"
    "Wilson interval. With more than two: a table of Elo ratings with 95 % intervals, where "
    "random\n"
    "is 400 if it plays and else the first player is 0, and each pairing.\n"
    "Exit status: 0 played, 1 failed, 2 usage.\n";

enum { MAX_PLAYERS = 32 };

struct args {
    const char *config, *names[MAX_PLAYERS], *plugins;
    uint64_t seed;
    uint32_t players, games, simulations, opening, threads, slots;
    bool json;
};

/* One pairing. */
struct match {
    const struct args *args;
    uint32_t a, b, number, of;
    double points, wins, draws, losses; /* of a */
    double low, high;
    uint64_t games, plies;
    struct rr_arena_stats stats;
    bool has_tty;
};

static bool
parse_number(const char *option, const char *text, uint64_t most, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9' || *out > most) {
        (void)fprintf(stderr, "rrctl match: --%s %s: not a number from 0 to %" PRIu64 "\n", option,
                      text, most);
        return false;
    }
    return true;
}

/* Returns 0, 2 for wrong usage, or -1 when help was printed. */
static int
parse_args(int argc, char **argv, struct args *args)
{
    static const struct option options[] = {
        {"games", required_argument, NULL, 'g'},   {"simulations", required_argument, NULL, 's'},
        {"opening", required_argument, NULL, 'o'}, {"seed", required_argument, NULL, 'e'},
        {"threads", required_argument, NULL, 't'}, {"slots", required_argument, NULL, 'l'},
        {"plugins", required_argument, NULL, 'p'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {0},
    };
    int at = 0;

    *args = (struct args){.seed = 1, .games = 200, .simulations = 32, .opening = 4, .slots = 32};
    for (int c; (c = getopt_long(argc, argv, "h", options, &at)) != -1;) {
        uint64_t number = 0;
        const uint64_t most = c == 'e' ? UINT64_MAX : 1000000;
        if (c == 'h') {
            (void)fputs(usage_text, stdout);
            return -1;
        }
        if (c == '?' || (strchr("gsoetl", c) != NULL &&
                         !parse_number(options[at].name, optarg, most, &number))) {
            return 2;
        }
        switch (c) {
        case 'g':
            args->games = ((uint32_t)number + 1) / 2 * 2;
            break;
        case 's':
            args->simulations = (uint32_t)number;
            break;
        case 'o':
            args->opening = (uint32_t)number;
            break;
        case 'e':
            args->seed = number;
            break;
        case 't':
            args->threads = (uint32_t)number;
            break;
        case 'l':
            args->slots = (uint32_t)number;
            break;
        case 'p':
            args->plugins = optarg;
            break;
        default:
            args->json = true;
            break;
        }
    }
    args->players = (uint32_t)(argc > optind ? argc - optind - 1 : 0);
    if (args->players < 2 || args->players > MAX_PLAYERS || args->games == 0 || args->slots == 0) {
        (void)fputs(usage_text, stderr);
        return 2;
    }
    args->config = argv[optind];
    for (uint32_t i = 0; i < args->players; i++) {
        args->names[i] = argv[optind + 1 + (int)i];
    }
    return 0;
}

static int
on_game(void *user, const struct rr_arena_game *game, struct rr_err *err)
{
    struct match *match = user;
    const double score = (double)game->score[0];

    (void)err;
    match->games++;
    match->plies += game->record->plies;
    match->points += score;
    match->wins += score > 0.5 + 1e-6;
    match->losses += score < 0.5 - 1e-6;
    match->draws += score <= 0.5 + 1e-6 && score >= 0.5 - 1e-6;
    return 0;
}

static int
on_tick(void *user, const struct rr_arena_stats *stats)
{
    const struct match *match = user;
    const struct args *args = match->args;

    if (match->has_tty) {
        const double games = (double)(match->games > 0 ? match->games : 1);
        (void)fprintf(stderr, "\r%u/%u %s - %s: %" PRIu64 "/%u games, %.1f %%, %.1f games/s \033[K",
                      match->number, match->of, args->names[match->a], args->names[match->b],
                      stats->games, args->games, 100.0 * match->points / games,
                      (double)stats->games / stats->seconds);
    }
    return 0;
}

static json_t *
match_json(const struct match *m)
{
    return json_pack("{ss ss sI sf sf sf sf sf sf sf sf sI}", "a", m->args->names[m->a], "b",
                     m->args->names[m->b], "games", (json_int_t)m->games, "wins", m->wins, "draws",
                     m->draws, "losses", m->losses, "points", m->points, "rate",
                     m->points / (double)m->games, "low", m->low, "high", m->high, "seconds",
                     m->stats.seconds, "evaluations", (json_int_t)m->stats.search.evaluations);
}

/* Takes the object; adds how everything was played. */
static int
print_json(const struct args *args, json_t *line_take)
{
    json_t *conf = json_pack("{ss si si sI si}", "config", args->config, "simulations",
                             (int)args->simulations, "opening", (int)args->opening, "seed",
                             (json_int_t)args->seed, "games_per_pairing", (int)args->games);
    const int rc = line_take == NULL || conf == NULL || json_object_update(line_take, conf) != 0
                       ? -1
                       : json_dumpf(line_take, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));

    json_decref(conf);
    json_decref(line_take);
    return rc == 0 && putchar('\n') != EOF ? 0 : -1;
}

static void
print_match(const struct match *m)
{
    const double games = (double)m->games;

    printf("%s against %s, %s, %" PRIu64 " games, seats exchanged\n", m->args->names[m->a],
           m->args->names[m->b], m->args->config, m->games);
    printf(
        "won %.0f, drawn %.0f, lost %.0f: %.1f %% of the points, 95 %% interval %.1f .. %.1f %%\n",
        m->wins, m->draws, m->losses, 100.0 * m->points / games, 100.0 * m->low, 100.0 * m->high);
    printf("%.1f s, %.1f games/s, %.0f plies a game, %.0f evaluations/s\n", m->stats.seconds,
           games / m->stats.seconds, (double)m->plies / games,
           (double)m->stats.search.evaluations / m->stats.seconds);
}

static int
rate(const struct args *args, const struct match *matches, uint32_t count, struct rr_elo *elo,
     struct rr_err *err)
{
    struct rr_pairing pairings[MAX_PLAYERS * (MAX_PLAYERS - 1) / 2];
    double anchor[MAX_PLAYERS];
    uint32_t fixed = 0;

    for (uint32_t i = 0; i < args->players; i++) {
        anchor[i] = NAN;
        fixed = strcmp(args->names[i], "random") == 0 ? i : fixed;
    }
    anchor[fixed] = strcmp(args->names[fixed], "random") == 0 ? RANDOM_ELO : 0.0;
    for (uint32_t i = 0; i < count; i++) {
        pairings[i] = (struct rr_pairing){.a = matches[i].a,
                                          .b = matches[i].b,
                                          .score_a = matches[i].points,
                                          .games = (double)matches[i].games};
    }
    return rr_elo_fit(pairings, count, anchor, args->players, elo, err);
}

/* Points of a player over all its pairings. */
static double
points_of(const struct match *matches, uint32_t count, uint32_t player)
{
    double points = 0;

    for (uint32_t i = 0; i < count; i++) {
        points += matches[i].a == player   ? matches[i].points
                  : matches[i].b == player ? (double)matches[i].games - matches[i].points
                                           : 0.0;
    }
    return points;
}

static int
print_table_json(const struct args *args, const struct match *matches, uint32_t count,
                 const struct rr_elo *elo, const uint32_t *order)
{
    json_t *players = json_array();
    json_t *pairings = json_array();

    for (uint32_t k = 0; k < args->players; k++) {
        const uint32_t i = order[k];
        (void)json_array_append_new(
            players, json_pack("{ss sf sf sf sI}", "name", args->names[i], "elo", elo[i].elo, "ci",
                               elo[i].ci, "points", points_of(matches, count, i), "games",
                               (json_int_t)args->games * (args->players - 1)));
    }
    for (uint32_t i = 0; i < count; i++) {
        (void)json_array_append_new(pairings, match_json(&matches[i]));
    }
    return print_json(args, json_pack("{so so}", "players", players, "pairings", pairings));
}

static int
print_table(const struct args *args, const struct match *matches, uint32_t count,
            struct rr_err *err)
{
    struct rr_elo elo[MAX_PLAYERS];
    uint32_t order[MAX_PLAYERS];
    const int rc = rate(args, matches, count, elo, err);

    if (rc != 0) {
        return rc;
    }
    for (uint32_t i = 0; i < args->players; i++) { /* the strongest first */
        uint32_t at = i;
        for (; at > 0 && elo[order[at - 1]].elo < elo[i].elo; at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    if (args->json) {
        return print_table_json(args, matches, count, elo, order);
    }
    printf("\n%s, %u games a pairing, %u random moves first, seats exchanged\n\n", args->config,
           args->games, args->opening);
    printf("%-28s %6s %6s %8s\n", "player", "Elo", "95 %", "points");
    for (uint32_t k = 0; k < args->players; k++) {
        const uint32_t i = order[k];
        printf("%-28s %6.0f %6.0f %7.1f%%\n", args->names[i], elo[i].elo, elo[i].ci,
               100.0 * points_of(matches, count, i) / ((double)args->games * (args->players - 1)));
    }
    return 0;
}

static int
play_match(const struct rr_arena_conf *base, const struct rr_opponent *opponents,
           struct match *match, struct rr_err *err)
{
    const struct rr_player players[2] = {opponents[match->a].player, opponents[match->b].player};
    struct rr_arena_conf conf = *base;

    conf.players = players;
    conf.player_count = 2;
    conf.game_done = on_game;
    conf.tick = on_tick;
    conf.user = match;
    const int rc = rr_arena_run(&conf, &match->stats, err);
    if (match->has_tty) {
        (void)fputs("\r\033[K", stderr);
    }
    /* A shared game counts as a part of a win: exact for the mean, and on the wide side for the
     * interval. */
    rr_wilson(match->points, (double)match->games, RR_Z95, &match->low, &match->high);
    return rc;
}

static int
play_all(const struct args *args, const struct rr_arena_conf *conf,
         const struct rr_opponent *opponents, struct rr_err *err)
{
    struct match matches[MAX_PLAYERS * (MAX_PLAYERS - 1) / 2];
    const uint32_t of = args->players * (args->players - 1) / 2;
    uint32_t count = 0;
    int rc = 0;

    for (uint32_t b = 1; rc == 0 && b < args->players; b++) {
        for (uint32_t a = 0; rc == 0 && a < b; a++) {
            struct match *m = &matches[count++];
            *m = (struct match){.args = args,
                                .a = a,
                                .b = b,
                                .number = count,
                                .of = of,
                                .has_tty = isatty(STDERR_FILENO) != 0};
            rc = play_match(conf, opponents, m, err);
            if (rc == 0 && of > 1 && !args->json) { /* long: say each as it comes */
                printf("%-28s %-28s %5.1f %% (%.1f .. %.1f), %.1f s\n", args->names[a],
                       args->names[b], 100.0 * m->points / (double)m->games, 100.0 * m->low,
                       100.0 * m->high, m->stats.seconds);
                (void)fflush(stdout);
            }
        }
    }
    if (rc == 0 && of > 1) {
        rc = print_table(args, matches, count, err);
    } else if (rc == 0 && args->json) {
        rc = print_json(args, match_json(&matches[0]));
    } else if (rc == 0) {
        print_match(&matches[0]);
    }
    return rc == 0 && (fflush(stdout) != 0 || ferror(stdout))
               ? rr_err_set(err, -EIO, "cannot print the result")
               : rc;
}

static int
play(const struct args *args, struct rr_err *err)
{
    const struct rr_game *game;
    const struct rr_variant *variant;
    struct rr_opponent opponents[MAX_PLAYERS] = {0};
    char dirs[PATH_MAX];

    tool_plugins(args->plugins, dirs, sizeof dirs);
    int rc = rr_game_find(dirs, args->config, &game, &variant, err);
    for (uint32_t i = 0; rc == 0 && i < args->players; i++) {
        rc = rr_opponent_open(args->names[i], game, variant, args->simulations, &opponents[i], err);
    }
    if (rc == 0) {
        const struct rr_arena_conf conf = {.game = game,
                                           .variant = variant,
                                           .games = args->games,
                                           .seed = args->seed,
                                           .slots = args->slots,
                                           .threads = args->threads,
                                           .opening_moves = args->opening};
        rc = play_all(args, &conf, opponents, err);
    }
    for (uint32_t i = 0; i < args->players; i++) {
        rr_opponent_close(&opponents[i]);
    }
    return rc;
}

int
main(int argc, char **argv)
{
    struct rr_err err = RR_ERR_INIT;
    struct args args;
    const int rc = parse_args(argc, argv, &args);

    if (rc != 0) {
        return rc < 0 ? 0 : rc;
    }
    if (play(&args, &err) != 0) {
        (void)fprintf(stderr, "rrctl match: %s\n", err.text);
        return 1;
    }
    return 0;
}
