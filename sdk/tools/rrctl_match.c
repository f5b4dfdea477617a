/* SPDX-License-Identifier: MIT */
/*
 * rrctl_match.c - `rrctl match`: games between two players, with an honest interval.
 *
 * A player is the word random, the word uniform (search without a net), or a model file. Both
 * searchers get the same budget. Games come in pairs with the same opening and exchanged seats.
 */
#include <rr/arena.h>
#include <rr/gamekit.h>
#include <rr/rating.h>

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage_text[] =
    "Usage: rrctl match CONFIG A B [OPTION]...\n"
    "Play A against B. Each is random, uniform (search without a net) or a model file.\n"
    "\n"
    "  --games N        games, rounded up to pairs with exchanged seats (200)\n"
    "  --simulations N  search budget of each move; 0: the net's policy alone (32)\n"
    "  --opening N      random decisions at the start of each pair, the same in both (4)\n"
    "  --seed N         decides every random choice (1)\n"
    "  --threads N      threads; 0: as many as there are processors (0)\n"
    "  --slots N        games that each thread plays at a time (32)\n"
    "  --plugins DIRS   folders with games, separated by colons (RR_PLUGIN_PATH)\n"
    "  --json           print one line of JSON\n"
    "  --help           print this\n"
    "\n"
    "Prints wins, draws and losses of A, its share of the points and the 95 % Wilson interval.\n"
    "Exit status: 0 played, 1 failed, 2 usage.\n";

struct args {
    const char *config, *names[2], *plugins;
    uint64_t seed;
    uint32_t games, simulations, opening, threads, slots;
    bool json;
};

struct match {
    const struct args *args;
    double points, wins, draws, losses; /* of A */
    uint64_t games, plies;
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
    if (argc - optind != 3 || args->games == 0 || args->slots == 0) {
        (void)fputs(usage_text, stderr);
        return 2;
    }
    args->config = argv[optind];
    args->names[0] = argv[optind + 1];
    args->names[1] = argv[optind + 2];
    return 0;
}

/* Where games are: as told, else as the environment says, else beside the program or installed. */
static void
find_plugins(const struct args *args, char *dirs, size_t size)
{
    const char *from_env = getenv("RR_PLUGIN_PATH");
    char self[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (args->plugins != NULL || from_env != NULL) {
        (void)snprintf(dirs, size, "%s", args->plugins != NULL ? args->plugins : from_env);
        return;
    }
    if (n > 0) {
        self[n] = '\0';
        (void)snprintf(dirs, size, "%s/plugins", dirname(self));
        if (access(dirs, X_OK) == 0) {
            return;
        }
    }
    (void)snprintf(dirs, size, "%s", RR_PLUGINDIR);
}

static int
make_player(const struct args *args, int which, const struct rr_variant *variant,
            struct rr_net **net, struct rr_player *player, struct rr_err *err)
{
    const char *name = args->names[which];

    if (strcmp(name, "random") == 0) {
        rr_player_random(player);
        return 0;
    }
    if (strcmp(name, "uniform") != 0) {
        const int rc = rr_model_load(name, variant->layout, net, err);
        if (rc != 0) {
            return rc;
        }
    }
    rr_player_search(player, *net, args->simulations);
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

    if (match->has_tty) {
        const double games = (double)(match->games > 0 ? match->games : 1);
        (void)fprintf(stderr, "\r%" PRIu64 "/%u games, %.1f %%, %.1f games/s, %.1fk evals/s \033[K",
                      stats->games, match->args->games, 100.0 * match->points / games,
                      (double)stats->games / stats->seconds,
                      (double)stats->search.evaluations / stats->seconds / 1000.0);
    }
    return 0;
}

static int
print_json(const struct match *match, const struct rr_arena_stats *stats, double low, double high)
{
    const struct args *args = match->args;
    json_t *line = json_pack(
        "{ss ss ss sI si si sI sf sf sf sf sf sf sf sf sI}", "config", args->config, "a",
        args->names[0], "b", args->names[1], "games", (json_int_t)match->games, "simulations",
        (int)args->simulations, "opening", (int)args->opening, "seed", (json_int_t)args->seed,
        "wins", match->wins, "draws", match->draws, "losses", match->losses, "points",
        match->points, "rate", match->points / (double)match->games, "low", low, "high", high,
        "seconds", stats->seconds, "evaluations", (json_int_t)stats->search.evaluations);
    const int rc = line == NULL ? -1 : json_dumpf(line, stdout, JSON_COMPACT);

    json_decref(line);
    return rc == 0 && putchar('\n') != EOF ? 0 : -1;
}

/* Returns 0, or -1 when it cannot be printed. */
static int
print_result(const struct match *match, const struct rr_arena_stats *stats)
{
    const struct args *args = match->args;
    const double games = (double)match->games;
    double low;
    double high;

    /* A shared game counts as a part of a win: exact for the mean, and on the wide side for the
     * interval. */
    rr_wilson(match->points, games, 1.959964, &low, &high);
    if (args->json) {
        return print_json(match, stats, low, high);
    }
    printf("%s against %s, %s, %" PRIu64 " games, %u simulations a move, seats exchanged\n",
           args->names[0], args->names[1], args->config, match->games, args->simulations);
    printf(
        "won %.0f, drawn %.0f, lost %.0f: %.1f %% of the points, 95 %% interval %.1f .. %.1f %%\n",
        match->wins, match->draws, match->losses, 100.0 * match->points / games, 100.0 * low,
        100.0 * high);
    printf("%.1f s, %.1f games/s, %.0f plies a game, %.0f evaluations/s\n", stats->seconds,
           games / stats->seconds, (double)match->plies / games,
           (double)stats->search.evaluations / stats->seconds);
    return fflush(stdout) == 0 ? 0 : -1;
}

static int
play(const struct args *args, struct rr_err *err)
{
    const struct rr_game *game;
    const struct rr_variant *variant;
    struct match match = {.args = args, .has_tty = isatty(STDERR_FILENO) != 0};
    struct rr_player players[2];
    struct rr_net *nets[2] = {NULL, NULL};
    struct rr_arena_stats stats;
    char dirs[PATH_MAX * 2];

    find_plugins(args, dirs, sizeof dirs);
    int rc = rr_game_find(dirs, args->config, &game, &variant, err);
    for (int i = 0; rc == 0 && i < 2; i++) {
        rc = make_player(args, i, variant, &nets[i], &players[i], err);
    }
    if (rc == 0) {
        const struct rr_arena_conf conf = {.game = game,
                                           .variant = variant,
                                           .players = players,
                                           .player_count = 2,
                                           .games = args->games,
                                           .seed = args->seed,
                                           .slots = args->slots,
                                           .threads = args->threads,
                                           .opening_moves = args->opening,
                                           .game_done = on_game,
                                           .tick = on_tick,
                                           .user = &match};
        rc = rr_arena_run(&conf, &stats, err);
    }
    if (match.has_tty) {
        (void)fputs("\r\033[K", stderr);
    }
    if (rc == 0 && print_result(&match, &stats) != 0) {
        rc = rr_err_set(err, -EIO, "cannot print the result of the match");
    }
    rr_net_free(nets[0]);
    rr_net_free(nets[1]);
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
