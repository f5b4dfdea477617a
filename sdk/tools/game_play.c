/* SPDX-License-Identifier: MIT */
/*
 * game_play.c - `rrctl game play`: a game against people, in the terminal.
 *
 * Moves with a single choice, bookkeeping of the rules most of them, are played at once and said.
 * Without a terminal it does the same with lines of a pipe, so scripts can play too.
 */
#include "sdk/tools/game_cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { COLUMNS = 80, HINTS = 8 };

static const char help_text[] =
    "usage: rrctl game play [GAME] VARIANT [OPTION]...\n"
    "Play a game in the terminal.\n"
    "\n"
    "  --opponent NAME   a model file or " RR_OPPONENT_NAMES "\n"
    "                    (default: mcts_light); human: people play all seats\n"
    "  --seat N          which player you are, from 1; 0: watch (default: 1)\n"
    "  --simulations N   size of the opponent's searches (default: its own; models 200)\n"
    "  --time-ms N       ... or as much as fits into so many milliseconds\n"
    "  --seed N          decides the opponent's random choices (default: the time)\n"
    "  --options A,B     options of the game that are off by default (ringrift: swap)\n"
    "  --load FILE       go on with a saved game\n"
    "  --plugins DIRS    where games are looked for\n"
    "\n"
    "Type help in the game for what you can say there.\n";

static const char in_game_text[] =
    "  MOVE           play it, in the notation of the game; #N plays number N of the list\n"
    "  moves [TEXT]   list the legal moves, or those that contain TEXT\n"
    "  hint [N]       what a search of N simulations would play, with visit counts\n"
    "  undo           take back your last decision, and what followed\n"
    "  board          show the board again\n"
    "  position       the position as text\n"
    "  save FILE      save the game; --load FILE, or load FILE here, goes on with it\n"
    "  quit           leave\n";

struct table {
    struct session s;
    const struct game_args *args;
    struct rr_opponent opponent;
    struct rr_thinker *thinker, *adviser; /* thinker NULL: people play all seats */
    struct rr_opponent advice;            /* what adviser is made of */
    uint64_t seed;
    uint32_t flags; /* of board_text */
    bool is_shown;  /* the board, since the last decision */
    bool is_left;
};

static bool
is_person(const struct table *t)
{
    return t->thinker == NULL || (uint32_t)t->s.mover + 1 == t->args->seat;
}

static void
show_board(struct table *t)
{
    printf("\n%s", session_board(&t->s, t->s.plies, t->flags));
    t->is_shown = true;
}

static int
play_and_say(struct table *t, rr_move move, const char *note, struct rr_err *err)
{
    printf("player %d: %s%s\n", t->s.mover + 1, session_move_text(&t->s, t->s.plies, move), note);
    t->is_shown = false;
    return session_play(&t->s, move, err);
}

static int
let_opponent_play(struct table *t, struct rr_err *err)
{
    const struct rr_budget budget = {t->args->simulations, t->args->time_ms};
    struct rr_search_result result;
    uint32_t simulations = 0;
    char note[80] = "";
    const int rc = rr_thinker_go(t->thinker, session_state(&t->s, t->s.plies), &budget,
                                 rr_game_random(&t->seed), &result, &simulations, err);

    if (rc != 0) {
        return rc;
    }
    if (simulations > 0) {
        (void)snprintf(note, sizeof note, "   (%u simulations, gives itself %.0f %%)", simulations,
                       100.0 * (double)result.value[t->s.mover]);
    }
    return play_and_say(t, result.best, note, err);
}

static void
list_moves(struct table *t, const char *filter)
{
    uint32_t shown = 0;
    int column = 0;
    int pad = 0;

    for (uint32_t i = 0; i < t->s.choice; i++) {
        const char *text = session_move_text(&t->s, t->s.plies, t->s.legal[i]);
        char item[128];
        if (strstr(text, filter) == NULL) {
            continue;
        }
        (void)snprintf(item, sizeof item, "#%u %s", i + 1, text);
        const int width = ((int)strlen(item) + 2 + 15) / 16 * 16;
        if (column > 0 && column + width > COLUMNS) {
            putchar('\n');
            column = pad = 0;
        }
        printf("%*s%s", pad, "", item);
        pad = width - (int)strlen(item);
        column += width;
        shown++;
    }
    printf("%s%u of %u moves\n", column > 0 ? "\n" : "", shown, t->s.choice);
}

static int
by_visits(const void *a, const void *b)
{
    const struct rr_search_move *x = a;
    const struct rr_search_move *y = b;

    if (x->visits != y->visits) {
        return x->visits < y->visits ? 1 : -1;
    }
    return (x->q < y->q) - (x->q > y->q);
}

static int
give_hint(struct table *t, const char *word, struct rr_err *err)
{
    char *end = NULL;
    const unsigned long wanted = strtoul(word, &end, 10);
    const struct rr_budget budget = {(uint32_t)wanted, 0};
    struct rr_search_result result;
    uint32_t simulations = 0;

    if (*end != '\0' || wanted > RR_THINKER_MOST) {
        printf("a hint takes a number of simulations, at most %u\n", RR_THINKER_MOST);
        return 0;
    }
    if (t->s.mover < 0) {
        puts("the game is over: undo a move first");
        return 0;
    }
    const int rc = rr_thinker_go(t->adviser, session_state(&t->s, t->s.plies), &budget,
                                 rr_game_random(&t->seed), &result, &simulations, err);
    if (rc != 0) {
        return rc;
    }
    struct rr_search_move *moves = malloc(result.count * sizeof *moves);
    if (moves == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory for a hint");
    }
    memcpy(moves, result.moves, result.count * sizeof *moves);
    qsort(moves, result.count, sizeof *moves, by_visits);
    printf("%6u simulations %38s %7s %7s\n", simulations, "visits", "value", "prior");
    for (uint32_t i = 0; i < result.count && i < HINTS && moves[i].visits > 0; i++) {
        printf("%c %-46s %7u %6.1f%% %6.1f%%\n", i == 0 ? '*' : ' ',
               session_move_text(&t->s, t->s.plies, moves[i].move), moves[i].visits,
               100.0 * (double)moves[i].q, 100.0 * (double)moves[i].prior);
    }
    free(moves);
    return 0;
}

/* Back to the last position in which a person had a choice. */
static void
undo(struct table *t)
{
    const uint32_t now = t->s.plies;

    for (uint32_t to = now; to-- > 0;) {
        session_seek(&t->s, to);
        if (t->s.choice > 1 && is_person(t)) {
            printf("took back %u moves\n", now - to);
            t->is_shown = false;
            return;
        }
    }
    session_seek(&t->s, now);
    printf("there is no decision of yours to take back\n");
}

static int
load(struct table *t, const char *path, struct rr_err *err)
{
    struct rr_shard_reader *reader = NULL;
    struct rr_record record;
    struct session s;
    int rc = session_read(&s, t->args->plugins, path, 0, &reader, &record, err);

    if (reader != NULL) {
        rr_shard_close(reader);
    }
    if (rc == 0 && s.variant != t->s.variant) {
        rc = rr_err_set(err, RR_E_INPUT, "%s: a game of %s, this is one of %s", path,
                        s.variant->name, t->s.variant->name);
        session_close(&s);
    }
    if (rc == 0) {
        session_close(&t->s);
        t->s = s;
        t->is_shown = false;
        printf("loaded %s: %u moves\n", path, s.plies);
    }
    return rc;
}

/* A move as text, or as its number in the list. */
static void
try_move(struct table *t, const char *word)
{
    struct rr_err err = RR_ERR_INIT;
    char *end = NULL;
    const unsigned long number = word[0] == '#' ? strtoul(word + 1, &end, 10) : 0;
    int rc;

    if (word[0] == '#' && (*end != '\0' || number == 0 || number > t->s.choice)) {
        printf("%s: moves are numbered from #1 to #%u\n", word, t->s.choice);
        return;
    }
    rc = word[0] == '#' ? session_play(&t->s, t->s.legal[number - 1], &err)
                        : session_play_text(&t->s, word, &err);
    if (rc != 0) {
        printf("%s\n(type moves for a list, help for commands)\n", err.text);
    } else {
        t->is_shown = false;
    }
}

/* One line of a person. Returns a negative code only when the game cannot go on. */
static int
obey(struct table *t, char *line, struct rr_err *err)
{
    char *rest = NULL;
    char *word = strtok_r(line, " \t\r\n", &rest);
    char *more = word == NULL ? NULL : strtok_r(NULL, " \t\r\n", &rest);
    const char *argument = more == NULL ? "" : more;
    struct rr_err why = RR_ERR_INIT;

    if (word == NULL || strcmp(word, "board") == 0) {
        show_board(t);
    } else if (strcmp(word, "help") == 0 || strcmp(word, "?") == 0) {
        fputs(in_game_text, stdout);
    } else if (strcmp(word, "moves") == 0) {
        list_moves(t, argument);
    } else if (strcmp(word, "hint") == 0) {
        return give_hint(t, argument, err);
    } else if (strcmp(word, "undo") == 0) {
        undo(t);
    } else if (strcmp(word, "position") == 0) {
        printf("%s\n", session_position(&t->s, t->s.plies));
    } else if ((strcmp(word, "save") == 0 || strcmp(word, "load") == 0) && argument[0] == '\0') {
        printf("%s what? Name a file\n", word);
    } else if (strcmp(word, "save") == 0) {
        puts(session_save(&t->s, argument, &why) == 0 ? "saved" : why.text);
    } else if (strcmp(word, "load") == 0) {
        if (load(t, argument, &why) != 0) {
            puts(why.text);
        }
    } else if (strcmp(word, "quit") == 0 || strcmp(word, "exit") == 0) {
        t->is_left = true;
    } else {
        try_move(t, word);
    }
    return 0;
}

static int
run(struct table *t, struct rr_err *err)
{
    char *line = NULL;
    size_t cap = 0;
    int rc = 0;

    while (rc == 0 && !t->is_left) {
        if (t->s.mover >= 0 && t->s.choice == 1) {
            rc = play_and_say(t, t->s.legal[0], "   (the only move)", err);
            continue;
        }
        if (t->s.mover >= 0 && !is_person(t)) {
            rc = let_opponent_play(t, err);
            continue;
        }
        if (!t->is_shown) {
            show_board(t);
        }
        if (t->s.mover < 0) {
            printf("the game is over: %s\n", session_result(&t->s));
            if (t->args->seat == 0 && t->thinker != NULL) {
                break;
            }
            printf("undo, save or quit> ");
        } else {
            printf("player %d, %u moves> ", t->s.mover + 1, t->s.choice);
        }
        (void)fflush(stdout);
        if (getline(&line, &cap, stdin) < 0) {
            putchar('\n');
            break;
        }
        if (isatty(STDIN_FILENO) == 0) { /* what a terminal would have shown */
            fputs(line, stdout);
        }
        rc = obey(t, line, err);
    }
    free(line);
    return rc;
}

/* The opponent, and who gives hints: the same if it searches. */
static int
seat_opponent(struct table *t, struct rr_err *err)
{
    const struct rr_game *game = t->s.game;
    const struct rr_variant *v = t->s.variant;
    const bool is_alone = strcmp(t->args->opponent, "human") == 0;
    int rc = 0;

    if (!is_alone) {
        rc = rr_opponent_open(t->args->opponent, game, v, 200, &t->opponent, err);
        rc = rc == 0 ? rr_thinker_new(&t->opponent, game, v, &t->thinker, err) : rc;
    }
    if (rc != 0) {
        return rc;
    }
    if (!is_alone && t->opponent.player.kind == RR_PLAYER_SEARCH) {
        return rr_thinker_new(&t->opponent, game, v, &t->adviser, err);
    }
    rc = rr_opponent_open("mcts_strong", game, v, 0, &t->advice, err);
    return rc == 0 ? rr_thinker_new(&t->advice, game, v, &t->adviser, err) : rc;
}

static int
open_table(struct table *t, int count, char **words, struct rr_err *err)
{
    int rc = game_open(t->args, count, words, &t->s, err);

    if (rc == 0 && t->args->seat > t->s.variant->seats) {
        rc = rr_err_set(err, RR_E_INPUT, "--seat %u: %s has %u players", t->args->seat,
                        t->s.variant->name, t->s.variant->seats);
    }
    return rc == 0 ? seat_opponent(t, err) : rc;
}

int
game_play(int argc, char **argv)
{
    struct game_args args;
    struct table t = {.args = &args};
    struct rr_err err = RR_ERR_INIT;
    const int status = game_read_args(argc, argv, "", &args);
    const int count = argc - optind;

    if (status != 0) {
        return status;
    }
    if (args.is_help) {
        fputs(help_text, stdout);
        return 0;
    }
    if (count < 1 || count > 2) {
        return game_usage(argv[0], "name one variant (rrctl game list)");
    }
    t.seed = args.seed != 0 ? args.seed : (uint64_t)time(NULL);
    t.flags = isatty(STDOUT_FILENO) != 0 && getenv("NO_COLOR") == NULL ? RR_BOARD_COLOUR : 0;
    int rc = open_table(&t, count, argv + optind, &err);
    if (rc == 0 && args.load != NULL) {
        rc = load(&t, args.load, &err);
    }
    if (rc == 0) {
        rc = run(&t, &err);
    }
    rr_thinker_free(t.thinker);
    rr_thinker_free(t.adviser);
    rr_opponent_close(&t.opponent);
    rr_opponent_close(&t.advice);
    session_close(&t.s);
    return rc == 0 ? 0 : game_fail(argv[0], &err);
}
