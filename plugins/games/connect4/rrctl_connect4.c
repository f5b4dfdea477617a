/* SPDX-License-Identifier: MIT */
/*
 * rrctl_connect4.c - `rrctl connect4`: perfect play, and how near to it a model comes.
 */
#include "grade.h"
#include "positions.h"
#include "solver.h"

#include <rr/gamekit.h>
#include <rr/rating.h>

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, EXIT_DATA = 65 };

static const char help_text[] =
    "usage: rrctl connect4 COMMAND ...\n"
    "\n"
    "  solve [MOVES]     what each move of a position is worth under perfect play. MOVES are the\n"
    "                    columns played so far, 0 to 6, one digit each; none: the empty board\n"
    "                    (minutes)\n"
    "  positions         print a set of positions with the score of each move, one a line\n"
    "  grade [--model FILE]...\n"
    "                    how often a model finds the best move in such a set: by its policy\n"
    "                    alone and by search; the word uniform is the search without a net\n"
    "\n"
    "  --set SET         all, easy, medium, hard (how far the end is under perfect play: less\n"
    "                    than 14, 28, or more plies), begin, middle, end (up to 14, 28, or more\n"
    "                    stones), or both, as in begin-hard (default: all)\n"
    "  --positions N     how many (default: 120)\n"
    "  --seed N          which (default: 1)\n"
    "  --file FILE       grade: take the positions of that file instead, written by positions\n"
    "  --model FILE      grade: a model; may be given again and again\n"
    "  --simulations N   grade: search budget of each move; 0: no search (default: 32)\n"
    "  --memory MIB      size of the solver's table (default: 256)\n"
    "  --plugins DIRS    grade: folders with games, separated by colons (default:\n"
    "                    $RR_PLUGIN_PATH, else beside this program, else the installed one)\n"
    "  --json            print JSON, one line for each position or model\n"
    "  --help            this text\n"
    "\n"
    "A score is seen from the seat to act: 0 a draw, s > 0 a win with s of its 21 stones left,\n"
    "s < 0 a loss. \"right\" counts moves of the best score, \"sound\" those that keep a win a "
    "win\n"
    "and a draw a draw. Intervals are Wilson's, 95 %.\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage, 65 bad position or file.\n";

struct options {
    const char *set, *file, *plugins;
    const char *models[64];
    size_t n_models;
    uint64_t seed;
    uint32_t positions, simulations, memory_mib;
    bool json;
};

static volatile sig_atomic_t is_interrupted;

static void
on_interrupt(int signo)
{
    (void)signo;
    is_interrupted = 1;
}

static int
usage(const char *what)
{
    fprintf(stderr, "rrctl connect4: %s (rrctl connect4 --help explains)\n", what);
    return EXIT_USAGE;
}

static double
now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct progress {
    double begin_s, shown_s;
    uint32_t done, all;
    bool has_tty;
};

static bool
on_tick(void *user, uint64_t nodes)
{
    struct progress *p = user;
    const double now = now_s();

    if (p->has_tty && now - p->shown_s > 0.5) {
        p->shown_s = now;
        fprintf(stderr, "\rsolving %u of %u, %.0f M positions, %.0f s\033[K", p->done + 1, p->all,
                (double)nodes / 1e6, now - p->begin_s);
    }
    return is_interrupted != 0;
}

static void
progress_end(const struct progress *p)
{
    if (p->has_tty) {
        fputs("\r\033[K", stderr);
    }
}

static struct solver *
solver_start(const struct options *o, struct progress *p, uint32_t all)
{
    struct solver *s = solver_new((size_t)o->memory_mib << 20);

    if (s == NULL) {
        fprintf(stderr, "rrctl connect4: no %u MiB of memory for the table (--memory)\n",
                o->memory_mib);
        return NULL;
    }
    *p = (struct progress){now_s(), 0, 0, all, isatty(STDERR_FILENO) == 1};
    solver_on_tick(s, on_tick, p);
    return s;
}

static json_t *
scores_json(const int score[C4_WIDTH])
{
    json_t *list = json_array();

    for (int x = 0; x < C4_WIDTH; x++) {
        (void)json_array_append_new(list,
                                    score[x] == C4_NO_SCORE ? json_null() : json_integer(score[x]));
    }
    return list;
}

static int
print_json(json_t *doc)
{
    const int rc = doc == NULL ? -1 : json_dumpf(doc, stdout, JSON_COMPACT);

    json_decref(doc);
    return rc == 0 && putchar('\n') != EOF ? 0 : 1;
}

static int
print_solved(const struct options *o, const char *moves, const struct c4 *p, const int *score,
             int best, uint64_t nodes, double seconds)
{
    char columns[C4_WIDTH + 1];
    size_t n = 0;

    for (int x = 0; x < C4_WIDTH; x++) {
        if (score[x] == best) {
            columns[n++] = (char)('0' + x);
        }
    }
    columns[n] = '\0';
    const int left = c4_plies_left(p, best);

    if (o->json) {
        return print_json(json_pack("{ss si si so ss sI sf}", "moves", moves, "score", best,
                                    "plies_left", left, "scores", scores_json(score), "best",
                                    columns, "nodes", (json_int_t)nodes, "seconds", seconds));
    }
    printf("column ");
    for (int x = 0; x < C4_WIDTH; x++) {
        printf("%5d", x);
    }
    printf("\nscore  ");
    for (int x = 0; x < C4_WIDTH; x++) {
        if (score[x] == C4_NO_SCORE) {
            printf("    -");
        } else {
            printf("%5d", score[x]);
        }
    }
    printf("\n%s is to act and %s in %d plies; best: %s\n", c4_stones(p) % 2 == 0 ? "x" : "o",
           best > 0   ? "wins"
           : best < 0 ? "loses"
                      : "draws",
           left, columns);
    printf("%" PRIu64 " positions in %.2f s\n", nodes, seconds);
    return 0;
}

static int
cmd_solve(const struct options *o, const char *moves)
{
    struct progress progress;
    struct c4 p;
    int score[C4_WIDTH];
    const size_t n = c4_read(&p, moves);

    if (moves[n] != '\0') {
        fprintf(stderr,
                "rrctl connect4: \"%.60s\": character %zu is no column from 0 to 6 that can be "
                "played, or the game is over with it\n",
                moves, n + 1);
        return EXIT_DATA;
    }
    struct solver *s = solver_start(o, &progress, 1);
    if (s == NULL) {
        return 1;
    }
    const int best = solver_moves(s, &p, score);
    int status = 1;

    progress_end(&progress);
    if (best == C4_NO_SCORE) {
        fprintf(stderr, "rrctl connect4: interrupted\n");
    } else {
        status =
            print_solved(o, moves, &p, score, best, solver_nodes(s), now_s() - progress.begin_s);
    }
    solver_free(s);
    return status;
}

static struct graded *
draw_all(const struct options *o)
{
    struct progress progress;
    struct graded *list = calloc(o->positions, sizeof *list);
    struct solver *s = solver_start(o, &progress, o->positions);
    bool ok = list != NULL && s != NULL;

    for (uint32_t i = 0; ok && i < o->positions; i++) {
        progress.done = i;
        ok = positions_draw(s, o->set, o->seed, i, &list[i]);
    }
    if (s != NULL) {
        progress_end(&progress);
    }
    solver_free(s);
    if (!ok) {
        fprintf(stderr, "rrctl connect4: %s\n",
                is_interrupted != 0 ? "interrupted" : "out of memory for the positions");
        free(list);
        return NULL;
    }
    return list;
}

static int
cmd_positions(const struct options *o)
{
    struct graded *list = draw_all(o);

    for (uint32_t i = 0; list != NULL && i < o->positions; i++) {
        if (o->json) {
            (void)print_json(json_pack("{ss si so}", "moves", list[i].moves, "score", list[i].best,
                                       "scores", scores_json(list[i].score)));
        } else {
            positions_write(stdout, &list[i]);
        }
    }
    const int status = list == NULL || fflush(stdout) != 0 ? 1 : 0;

    free(list);
    return status;
}

/* Returns NULL after having said why. */
static struct graded *
read_all(const char *file, uint32_t *n)
{
    FILE *in = fopen(file, "re");
    struct graded *list = NULL;
    size_t cap = 0;
    char line[160];

    *n = 0;
    if (in == NULL) {
        fprintf(stderr, "rrctl connect4: %s: %s\n", file, strerror(errno));
        return NULL;
    }
    while (fgets(line, sizeof line, in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (*n == cap) {
            cap = cap == 0 ? 256 : 2 * cap;
            struct graded *more = realloc(list, cap * sizeof *list);
            if (more == NULL) {
                break;
            }
            list = more;
        }
        if (!positions_read(line, &list[*n])) {
            fprintf(stderr,
                    "rrctl connect4: %s:%u: expected the columns of a position and seven scores, "
                    "as `rrctl connect4 positions` writes them\n",
                    file, *n + 1);
            break;
        }
        (*n)++;
    }
    const bool ok = feof(in) && !ferror(in);

    (void)fclose(in);
    if (ok && *n > 0) {
        return list;
    }
    if (ok || ferror(in)) {
        fprintf(stderr, "rrctl connect4: %s: no positions\n", file);
    }
    free(list);
    return NULL;
}

static void
find_plugins(const struct options *o, char *dirs, size_t size)
{
    const char *from_env = getenv("RR_PLUGIN_PATH");
    char self[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (o->plugins != NULL || from_env != NULL) {
        (void)snprintf(dirs, size, "%s", o->plugins != NULL ? o->plugins : from_env);
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

static json_t *
share_json(uint32_t hits, uint32_t n)
{
    double low;
    double high;

    rr_wilson(hits, n, RR_Z95, &low, &high);
    return json_pack("{si sf sf sf}", "hits", (int)hits, "rate", (double)hits / n, "low", low,
                     "high", high);
}

static void
print_share(const char *what, uint32_t hits, uint32_t n)
{
    double low;
    double high;

    rr_wilson(hits, n, RR_Z95, &low, &high);
    printf("  %-16s %5.1f %% (%.1f .. %.1f)\n", what, 100.0 * hits / n, 100 * low, 100 * high);
}

static int
print_grade(const struct options *o, const char *model, const struct grade *g)
{
    const uint32_t n = g->positions;
    const bool has_policy = strcmp(model, "uniform") != 0;

    if (o->json) {
        json_t *doc =
            json_pack("{ss ss si si}", "model", model, "set", o->file != NULL ? o->file : o->set,
                      "positions", (int)n, "simulations", (int)o->simulations);

        if (has_policy) {
            (void)json_object_set_new(doc, "policy_right", share_json(g->policy_right, n));
            (void)json_object_set_new(doc, "policy_sound", share_json(g->policy_sound, n));
        }
        if (o->simulations > 0) {
            (void)json_object_set_new(doc, "search_right", share_json(g->search_right, n));
            (void)json_object_set_new(doc, "search_sound", share_json(g->search_sound, n));
        }
        return print_json(doc);
    }
    printf("%s: %u positions of %s, %u simulations\n", model, n, o->file != NULL ? o->file : o->set,
           o->simulations);
    if (has_policy) {
        print_share("policy right", g->policy_right, n);
        print_share("policy sound", g->policy_sound, n);
    }
    if (o->simulations > 0) {
        print_share("search right", g->search_right, n);
        print_share("search sound", g->search_sound, n);
    }
    return 0;
}

static int
grade_model(const struct options *o, const char *model, const struct graded *list, uint32_t n,
            struct rr_err *err)
{
    const struct rr_game *game;
    const struct rr_variant *variant;
    struct rr_net *net = NULL;
    struct grade grade;
    char dirs[2 * PATH_MAX];

    find_plugins(o, dirs, sizeof dirs);
    int rc = rr_game_find(dirs, "connect4_2p", &game, &variant, err);
    if (rc == 0 && strcmp(model, "uniform") != 0) {
        rc = rr_model_load(model, variant->layout, &net, err);
    }
    if (rc == 0) {
        rc = grade_net(game, variant, net, o->simulations, list, n, &grade, err);
    }
    rr_net_free(net);
    if (rc == 0 && print_grade(o, model, &grade) != 0) {
        rc = rr_err_set(err, -EIO, "cannot print the grade");
    }
    return rc;
}

static int
cmd_grade(const struct options *o)
{
    struct rr_err err = RR_ERR_INIT;
    uint32_t n = o->positions;
    int status = 0;

    if (o->n_models == 0) {
        return usage("grade needs --model FILE, or --model uniform");
    }
    for (size_t i = 0; i < o->n_models; i++) {
        if (o->simulations == 0 && strcmp(o->models[i], "uniform") == 0) {
            return usage("uniform is a search: it needs --simulations");
        }
    }
    struct graded *list = o->file != NULL ? read_all(o->file, &n) : draw_all(o);
    if (list == NULL) {
        return o->file != NULL ? EXIT_DATA : 1;
    }
    for (size_t i = 0; i < o->n_models; i++) {
        if (grade_model(o, o->models[i], list, n, &err) != 0) {
            fprintf(stderr, "rrctl connect4: %s\n", err.text);
            status = 1;
        }
    }
    free(list);
    return status;
}

/* Returns false after having said what is wrong. */
static bool
read_number(const char *option, const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9' || *out < least ||
        *out > most) {
        fprintf(stderr, "rrctl connect4: --%s %s: not a number from %" PRIu64 " to %" PRIu64 "\n",
                option, text, least, most);
        return false;
    }
    return true;
}

/* Returns -1 to go on. */
static int
read_options(int argc, char **argv, struct options *o)
{
    static const struct option table[] = {
        {"set", required_argument, NULL, 's'},
        {"positions", required_argument, NULL, 'n'},
        {"seed", required_argument, NULL, 'e'},
        {"file", required_argument, NULL, 'f'},
        {"model", required_argument, NULL, 'm'},
        {"simulations", required_argument, NULL, 'S'},
        {"memory", required_argument, NULL, 'M'},
        {"plugins", required_argument, NULL, 'p'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    uint64_t number = 0;
    bool ok = true;

    for (int c; ok && (c = getopt_long(argc, argv, "h", table, NULL)) != -1;) {
        switch (c) {
        case 's':
            o->set = optarg;
            break;
        case 'n':
            ok = read_number("positions", optarg, 1, 1000000, &number);
            o->positions = (uint32_t)number;
            break;
        case 'e':
            ok = read_number("seed", optarg, 0, UINT64_MAX, &o->seed);
            break;
        case 'f':
            o->file = optarg;
            break;
        case 'm':
            if (o->n_models == sizeof o->models / sizeof *o->models) {
                return usage("too many models, 64 at most");
            }
            o->models[o->n_models++] = optarg;
            break;
        case 'S':
            ok = read_number("simulations", optarg, 0, 1000000, &number);
            o->simulations = (uint32_t)number;
            break;
        case 'M':
            ok = read_number("memory", optarg, 1, 1 << 20, &number);
            o->memory_mib = (uint32_t)number;
            break;
        case 'p':
            o->plugins = optarg;
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
    if (ok && !positions_is_set(o->set)) {
        fprintf(stderr, "rrctl connect4: --set %.40s: there are %s\n", o->set, positions_sets());
        ok = false;
    }
    return ok ? -1 : EXIT_USAGE;
}

int
main(int argc, char **argv)
{
    struct options o = {
        .set = "all", .seed = 1, .positions = 120, .simulations = 32, .memory_mib = 256};
    const int status = read_options(argc, argv, &o);

    if (status >= 0) {
        return status;
    }
    const int n = argc - optind;
    const char *command = n > 0 ? argv[optind] : "";

    (void)signal(SIGINT, on_interrupt);
    (void)signal(SIGTERM, on_interrupt);
    if (strcmp(command, "solve") == 0 && n <= 2) {
        return cmd_solve(&o, n == 2 ? argv[optind + 1] : "");
    }
    if (strcmp(command, "positions") == 0 && n == 1) {
        return cmd_positions(&o);
    }
    if (strcmp(command, "grade") == 0 && n == 1) {
        return cmd_grade(&o);
    }
    return usage(n == 0 ? "what to do? solve, positions or grade"
                        : "no such command, or the wrong number of arguments");
}
