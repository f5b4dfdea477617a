/* SPDX-License-Identifier: MIT */
/*
 * rrctl_game.c - `rrctl game`: lists, checks, measures and verifies games.
 *
 * Owns: arguments, folders, exit status. The work is done by game_verify.c, game_bench.c and the
 * kit.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rr/gamekit.h>

#include "sdk/tools/game_bench.h"
#include "sdk/tools/game_cmd.h"
#include "sdk/tools/game_verify.h"
#include "sdk/tools/tool.h"

struct options {
    char plugins[PATH_MAX];
    double seconds;
    uint32_t games;
    uint64_t seed;
    bool json;
};

static const char help_text[] =
    "usage: rrctl game COMMAND ...\n"
    "\n"
    "  list                    games and their variants\n"
    "  check GAME [--games N] [--seed N] [--json]\n"
    "                          play random games in all variants and hold the game to the\n"
    "                          promises of rr-game(3) (default: 20 games each, seed 1)\n"
    "  bench GAME [VARIANT] [--seconds N] [--json]\n"
    "                          speed of random play on one core, one line for each variant\n"
    "                          (default: 4 seconds each)\n"
    "  perft GAME [VARIANT] DEPTH [--json]\n"
    "                          count the lines of play of each length up to DEPTH, by which\n"
    "                          implementations of the rules are compared\n"
    "  verify GAME PATH...     replay recorded games (.rrg, .rrg.gz) and vectors (.rrv); a folder\n"
    "                          stands for all such files in it; VARIANT@RULES holds them\n"
    "                          against these rules\n"
    "  play [GAME] VARIANT     play a game in the terminal\n"
    "  show FILE               print a saved or recorded game, or one of a shard\n"
    "  engine [[GAME] VARIANT] play for other programs, by lines of JSON\n"
    "                          (the last three have a --help of their own)\n"
    "\n"
    "GAME is the name of a game, of a variant, or a file NAME.so.\n"
    "\n"
    "  --plugins DIRS  where games are looked for: folders separated by colons (default:\n"
    "                  $RR_PLUGIN_PATH, else the folder plugins beside this program, else the\n"
    "                  installed one)\n"
    "  --help          this text\n"
    "\n"
    "Exit status: 0 all is well, 1 mismatches or a broken promise, 2 wrong usage, 65 no such "
    "game,\n"
    "or unreadable or malformed data, 69 a game that cannot be loaded.\n";

static int
usage(const char *what)
{
    fprintf(stderr, "rrctl game: %s (rrctl game --help explains)\n", what);
    return EXIT_USAGE;
}

static int
report(const struct rr_err *err)
{
    fprintf(stderr, "rrctl game: %s\n", err->text);
    return err->code == RR_E_PLUGIN ? EXIT_PLUGIN : EXIT_DATA;
}

/* A JSON string after a prefix; texts of games are ASCII or UTF-8 without control characters, but
 * a broken game's may be anything. */
static void
print_quoted(const char *prefix, const char *text)
{
    printf("%s\"", prefix);
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') {
            printf("\\u%04x", c);
        } else {
            putchar(c);
        }
    }
    putchar('"');
}

struct by_name {
    const char *name;
    const struct rr_game *game;
};

static int
match_name(const char *file, const struct rr_game *game, void *user, struct rr_err *err)
{
    struct by_name *b = user;

    (void)file;
    (void)err;
    if (strcmp(game->name, b->name) == 0 || rr_game_variant(game, b->name) != NULL) {
        b->game = game;
    }
    return 0;
}

/* A game by file, by its name, or by one of its variants. */
static int
find_game(const struct options *o, const char *name, const struct rr_game **game,
          struct rr_err *err)
{
    struct by_name b = {.name = name};
    const size_t n = strlen(name);

    if (strchr(name, '/') != NULL || (n > 3 && strcmp(name + n - 3, ".so") == 0)) {
        return rr_game_open(name, game, err);
    }
    const int rc = rr_game_each(o->plugins, match_name, &b, err);
    if (rc == 0 && b.game == NULL) {
        return rr_err_set(err, RR_E_INPUT, "no game \"%.40s\" in %.160s (rrctl game list)", name,
                          o->plugins);
    }
    *game = b.game;
    return rc;
}

static int
list_one(const char *file, const struct rr_game *game, void *user, struct rr_err *err)
{
    (void)user;
    (void)err;
    printf("%s %s: %s\n  file %s\n", game->name, game->version, game->summary, file);
    for (size_t i = 0; game->variants[i] != NULL; i++) {
        const struct rr_variant *v = game->variants[i];
        printf("  %-22s %s; state %u bytes, %u x %u x %u planes, %u scalars, %u logits, "
               "%u symmetries\n",
               v->name, v->help, v->state_bytes, v->height, v->width, v->planes, v->scalars,
               rr_variant_policy_size(v), v->symmetries);
    }
    return 0;
}

static int
cmd_list(const struct options *o)
{
    struct rr_err err = RR_ERR_INIT;

    return rr_game_each(o->plugins, list_one, NULL, &err) == 0 ? 0 : report(&err);
}

static int
check_variant(const struct options *o, const char *name, const struct rr_game *game,
              const struct rr_variant *v)
{
    static char position[RR_GAME_TEXT_MAX];
    struct rr_err err = RR_ERR_INIT;
    const int rc = rr_game_check(game, v, o->games, o->seed, position, &err);

    if (rc != 0 && rc != RR_E_PLUGIN) {
        return report(&err);
    }
    if (o->json) {
        printf("{\"variant\": \"%s\", \"games\": %u, \"seed\": %" PRIu64 ", \"ok\": %s", v->name,
               o->games, o->seed, rc == 0 ? "true}\n" : "false");
        if (rc != 0) {
            print_quoted(", \"broken\": ", err.text);
            print_quoted(", \"position\": ", position);
            puts("}");
        }
    } else if (rc == 0) {
        printf("%s: %u random games: ok\n", v->name, o->games);
    }
    if (rc != 0) {
        fprintf(stderr,
                "rrctl game: %s\nin the position\n  %s\nThe same again: rrctl game check %s --seed "
                "%" PRIu64 " --games %u\n",
                err.text, position, name, o->seed, o->games);
    }
    return rc == 0 ? 0 : EXIT_MISMATCH;
}

static int
cmd_check(const struct options *o, const char *name)
{
    struct rr_err err = RR_ERR_INIT;
    const struct rr_game *game = NULL;

    if (find_game(o, name, &game, &err) != 0) {
        return report(&err);
    }
    for (size_t i = 0; game->variants[i] != NULL; i++) {
        const struct rr_variant *v = game->variants[i];
        if (strcmp(name, v->name) != 0 && rr_game_variant(game, name) != NULL) {
            continue;
        }
        const int status = check_variant(o, name, game, v);
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

/* Measure the speed of one variant of a game, or of all; or count its lines of play to a depth. */
static int
cmd_bench(const struct options *o, const char *name, const char *variant, uint32_t depth)
{
    struct rr_err err = RR_ERR_INIT;
    const struct rr_game *game = NULL;
    int rc = find_game(o, name, &game, &err);

    if (rc == 0 && variant == NULL && rr_game_variant(game, name) != NULL) {
        variant = name;
    }
    if (rc == 0 && variant != NULL && rr_game_variant(game, variant) == NULL) {
        rc = rr_err_set(&err, RR_E_INPUT, "%s has no variant \"%.40s\" (rrctl game list)",
                        game->name, variant);
    }
    for (size_t i = 0; rc == 0 && game->variants[i] != NULL; i++) {
        const struct rr_variant *v = game->variants[i];
        if (variant == NULL || strcmp(variant, v->name) == 0) {
            rc = depth == 0 ? bench_run(game, v, o->seconds, o->json, &err)
                            : perft_run(game, v, depth, o->json, &err);
        }
    }
    return rc == 0 ? 0 : report(&err);
}

static int
is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool
is_recorded(const char *name)
{
    static const char *const ends[] = {".rrg", ".rrg.gz", ".rrv", ".rrv.gz"};
    const size_t n = strlen(name);

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const size_t k = strlen(ends[i]);
        if (n > k && strcmp(name + n - k, ends[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int
verify_one(const struct rr_game *game, const char *file, struct verify_count *total,
           struct rr_err *err)
{
    struct verify_count count = {.rules = total->rules,
                                 .mismatches = total->mismatches}; /* only the first is shown */
    const int rc = verify_file(game, file, &count, err);

    count.mismatches -= total->mismatches;
    printf("%s: games %llu plies %llu mismatches %llu\n", file, (unsigned long long)count.games,
           (unsigned long long)count.plies, (unsigned long long)count.mismatches);
    total->files += count.files;
    total->games += count.games;
    total->plies += count.plies;
    total->mismatches += count.mismatches;
    return rc;
}

/* All recorded games in a folder and the folders below it; links to folders are not followed. */
static int
verify_folder(const struct rr_game *game, const char *path, struct verify_count *total,
              struct rr_err *err)
{
    struct dirent **names = NULL;
    const int count = scandir(path, &names, is_visible, alphasort);
    int rc = 0;

    if (count < 0) {
        return rr_err_set(err, -errno, "%s: cannot list: %s", path, strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        char file[PATH_MAX];
        struct stat st;

        if (rc == 0 &&
            snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name) >= (int)sizeof file) {
            rc = rr_err_set(err, -ENAMETOOLONG, "%s: name too long", path);
        }
        if (rc == 0 && lstat(file, &st) == 0 && S_ISDIR(st.st_mode)) {
            rc = verify_folder(game, file, total, err);
        } else if (rc == 0 && is_recorded(names[i]->d_name)) {
            rc = verify_one(game, file, total, err);
        }
        free(names[i]);
    }
    free(names);
    return rc;
}

static int
verify_path(const struct rr_game *game, const char *path, struct verify_count *total,
            struct rr_err *err)
{
    const uint64_t before = total->files;
    struct stat st;
    int rc;

    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return verify_one(game, path, total, err);
    }
    rc = verify_folder(game, path, total, err);
    if (rc == 0 && total->files == before) {
        rc = rr_err_set(err, RR_E_INPUT, "%s: no recorded games (.rrg, .rrg.gz, .rrv)", path);
    }
    return rc;
}

static int
cmd_verify(const struct options *o, char **args)
{
    struct rr_err err = RR_ERR_INIT;
    const char *rules = strchr(args[0], '@');
    struct verify_count total = {.rules = rules != NULL ? rules : ""};
    const struct rr_game *game = NULL;
    int status = 0;

    if (find_game(o, args[0], &game, &err) != 0) {
        return report(&err);
    }
    for (size_t i = 1; args[i] != NULL; i++) {
        if (verify_path(game, args[i], &total, &err) != 0) {
            status = report(&err); /* go on: the other files may be good */
        }
    }
    printf("total: files %llu games %llu plies %llu mismatches %llu\n",
           (unsigned long long)total.files, (unsigned long long)total.games,
           (unsigned long long)total.plies, (unsigned long long)total.mismatches);
    return status == 0 && total.mismatches > 0 ? EXIT_MISMATCH : status;
}

static bool
read_number(const char *text, double min, double max, double *out)
{
    char *end = NULL;

    errno = 0;
    *out = strtod(text, &end);
    return errno == 0 && end != text && *end == '\0' && *out >= min && *out <= max;
}

/* Options may stand anywhere; *args is the first word that is none. Returns -1 to go on. */
static int
read_options(int argc, char **argv, struct options *o)
{
    static const struct option table[] = {{"plugins", required_argument, NULL, 'p'},
                                          {"seconds", required_argument, NULL, 's'},
                                          {"games", required_argument, NULL, 'g'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"seed", required_argument, NULL, 'e'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    double value = 0;
    int c;

    while ((c = getopt_long(argc, argv, "h", table, NULL)) != -1) {
        switch (c) {
        case 'p':
            (void)snprintf(o->plugins, sizeof o->plugins, "%s", optarg);
            break;
        case 's':
            if (!read_number(optarg, 0.01, 3600, &o->seconds)) {
                return usage("--seconds takes a number from 0.01 to 3600");
            }
            break;
        case 'g':
            if (!read_number(optarg, 1, 1e6, &value)) {
                return usage("--games takes a number from 1 to 1000000");
            }
            o->games = (uint32_t)value;
            break;
        case 'e':
            if (!read_number(optarg, 0, 9e15, &value)) {
                return usage("--seed takes a whole number");
            }
            o->seed = (uint64_t)value;
            break;
        case 'j':
            o->json = true;
            break;
        case 'h':
            fputs(help_text, stdout);
            return 0;
        default:
            return EXIT_USAGE; /* getopt has said what is wrong */
        }
    }
    return -1;
}

static int
dispatch(const struct options *o, int count, char **args)
{
    if (count == 0) {
        return usage("what to do? list, check, bench, perft, verify, play, show or engine");
    }
    if (strcmp(args[0], "list") == 0) {
        return count == 1 ? cmd_list(o) : usage("list takes no argument");
    }
    if (strcmp(args[0], "check") == 0) {
        return count == 2 ? cmd_check(o, args[1]) : usage("check takes one game");
    }
    if (strcmp(args[0], "bench") == 0) {
        return count == 2 || count == 3 ? cmd_bench(o, args[1], args[2], 0)
                                        : usage("bench takes a game, and a variant of it");
    }
    if (strcmp(args[0], "perft") == 0) {
        double depth = 0;
        return (count == 3 || count == 4) &&
                       read_number(args[count - 1], 1, PERFT_DEPTH_MAX, &depth)
                   ? cmd_bench(o, args[1], count == 4 ? args[2] : NULL, (uint32_t)depth)
                   : usage("perft takes a game, perhaps a variant of it, and a depth from 1 to 60");
    }
    if (strcmp(args[0], "verify") == 0) {
        return count >= 3 ? cmd_verify(o, args + 1)
                          : usage("verify takes a game and files or folders");
    }
    return usage(
        "no such command; there are list, check, bench, perft, verify, play, show and engine");
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int, char **);
    } programs[] = {{"play", game_play}, {"show", game_show}, {"engine", game_engine}};
    struct options o = {.seconds = 4, .games = 20, .seed = 1};

    for (size_t i = 0; argc > 1 && i < sizeof programs / sizeof *programs; i++) {
        if (strcmp(argv[1], programs[i].name) == 0) {
            return programs[i].run(argc - 1, argv + 1);
        }
    }

    tool_plugins(NULL, o.plugins, sizeof o.plugins);
    const int status = read_options(argc, argv, &o);
    return status >= 0 ? status : dispatch(&o, argc - optind, argv + optind);
}
