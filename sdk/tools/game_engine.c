/* SPDX-License-Identifier: MIT */
/*
 * game_engine.c - `rrctl game engine`: games for other programs, by lines of JSON on standard input
 * and output. rr-game(7) describes it.
 *
 * Whatever comes in, one line of it gets one line back; nothing but quit or the end of the input
 * ends the program.
 */
#include "sdk/tools/game_cmd.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL 1
#define LINE_MAX_BYTES (1u << 20)
#define TIME_MAX_MS 3600000

static const char help_text[] =
    "usage: rrctl game engine [[GAME] VARIANT] [OPTION]...\n"
    "Play for other programs: one JSON object a line in, one out. rr-game(7) says which.\n"
    "\n"
    "  --opponent NAME   who thinks, unless a request names another: a model file or\n"
    "                    " RR_OPPONENT_NAMES "\n"
    "                    (default: mcts_light)\n"
    "  --simulations N   size of searches, and\n"
    "  --time-ms N       what fits into so many milliseconds, unless a request says so\n"
    "  --options A,B     options of the game\n"
    "  --seed N          decides random choices (default: 1)\n"
    "  --plugins DIRS    where games are looked for\n"
    "\n"
    "Try: echo '{\"cmd\":\"hello\"}' | rrctl game engine\n";

struct engine {
    struct game_args args;
    struct session s; /* variant NULL: no game yet */
    struct rr_opponent opponent;
    struct rr_thinker *thinker;
    char who[512]; /* name of the opponent that thinker is of */
    uint64_t seed;
    bool is_left;
};

typedef int (*answer_fn)(struct engine *e, const json_t *in, json_t *out, struct rr_err *err);

/* A member that may be missing; RR_E_INPUT when it is of another type. */
static int
want_text(const json_t *in, const char *key, const char **text, struct rr_err *err)
{
    const json_t *value = json_object_get(in, key);

    *text = json_string_value(value);
    return value == NULL || *text != NULL ? 0 : rr_err_set(err, RR_E_INPUT, "%s is no string", key);
}

static int
want_number(const json_t *in, const char *key, json_int_t most, uint32_t *number,
            struct rr_err *err)
{
    const json_t *value = json_object_get(in, key);

    if (value == NULL) {
        return 0;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > most) {
        return rr_err_set(err, RR_E_INPUT, "%s is no whole number from 0 to %lld", key,
                          (long long)most);
    }
    *number = (uint32_t)json_integer_value(value);
    return 0;
}

/* Who is to act and what can be done: part of many answers. */
static int
add_turn(struct engine *e, json_t *out)
{
    const struct session *s = &e->s;

    return json_object_set_new(out, "ply", json_integer(s->plies)) +
           json_object_set_new(out, "player", json_integer(s->mover + 1)) +
           json_object_set_new(out, "over", json_boolean(s->mover < 0)) +
           json_object_set_new(out, "choices", json_integer(s->choice));
}

static json_t *
moves_json(struct engine *e, uint32_t from)
{
    json_t *list = json_array();

    for (uint32_t i = from; i < e->s.plies; i++) {
        (void)json_array_append_new(list, json_string(session_move_text(&e->s, i, e->s.moves[i])));
    }
    return list;
}

static int
list_game(const char *file, const struct rr_game *game, void *user, struct rr_err *err)
{
    (void)file;
    (void)err;
    for (size_t i = 0; game->variants[i] != NULL; i++) {
        const struct rr_variant *v = game->variants[i];
        (void)json_array_append_new(user,
                                    json_pack("{ss ss ss si}", "game", game->name, "variant",
                                              v->name, "help", v->help, "players", (int)v->seats));
    }
    return 0;
}

static int
on_hello(struct engine *e, const json_t *in, json_t *out, struct rr_err *err)
{
    json_t *list = json_array();
    const int rc = rr_game_each(e->args.plugins, list_game, list, err);

    (void)in;
    (void)json_object_set_new(out, "protocol", json_integer(PROTOCOL));
    (void)json_object_set_new(out, "variants", list);
    (void)json_object_set_new(out, "opponents", json_string(RR_OPPONENT_NAMES));
    return rc;
}

static void
forget_thinker(struct engine *e)
{
    rr_thinker_free(e->thinker);
    rr_opponent_close(&e->opponent);
    e->thinker = NULL;
    e->who[0] = '\0';
}

static int
on_newgame(struct engine *e, const json_t *in, json_t *out, struct rr_err *err)
{
    struct game_args args = e->args;
    struct session fresh;
    const char *name = NULL;
    const char *options = NULL;
    int rc = want_text(in, "variant", &name, err);

    rc = rc == 0 ? want_text(in, "options", &options, err) : rc;
    if (rc == 0 && name == NULL && e->s.variant == NULL) {
        rc = rr_err_set(err, RR_E_INPUT, "name a variant (hello lists them)");
    }
    if (rc != 0) {
        return rc;
    }
    char *words[] = {(char *)(uintptr_t)(name != NULL ? name : e->s.variant->name)};
    args.options = options != NULL ? options : args.options;
    rc = game_open(&args, 1, words, &fresh, err);
    if (rc == 0) {
        forget_thinker(e);
        session_close(&e->s);
        e->s = fresh;
        (void)json_object_set_new(out, "variant", json_string(e->s.variant->name));
        (void)add_turn(e, out);
    }
    return rc;
}

/* Set a position and play moves from there; all or nothing. */
static int
set_position(struct engine *e, const char *text, const json_t *moves, struct rr_err *err)
{
    struct session fresh;
    const json_t *move;
    size_t i;
    int rc = session_open(&fresh, e->s.game, e->s.variant, e->s.options, err);

    if (rc != 0) {
        return rc;
    }
    if (text != NULL) {
        rc = session_reset(&fresh, text, err);
    }
    json_array_foreach(moves, i, move) {
        const char *word = json_string_value(move);
        if (rc == 0 && word == NULL) {
            rc = rr_err_set(err, RR_E_INPUT, "move %zu is no string", i);
        } else if (rc == 0 && session_play_text(&fresh, word, err) != 0) {
            rc = rr_err_wrap(err, "move %zu", i);
        }
    }
    if (rc != 0) {
        session_close(&fresh);
        return rc;
    }
    session_close(&e->s);
    e->s = fresh;
    return 0;
}

static int
on_position(struct engine *e, const json_t *in, json_t *out, struct rr_err *err)
{
    const json_t *moves = json_object_get(in, "moves");
    const char *text = NULL;
    int rc = want_text(in, "position", &text, err);

    if (rc == 0 && moves != NULL && !json_is_array(moves)) {
        rc = rr_err_set(err, RR_E_INPUT, "moves is no list");
    }
    if (rc == 0 && (text != NULL || moves != NULL)) {
        rc = set_position(e, text, moves, err);
    }
    if (rc == 0) {
        (void)json_object_set_new(out, "variant", json_string(e->s.variant->name));
        (void)json_object_set_new(out, "position",
                                  json_string(session_position(&e->s, e->s.plies)));
        (void)json_object_set_new(out, "board", json_string(session_board(&e->s, e->s.plies, 0)));
        (void)json_object_set_new(out, "moves", moves_json(e, 0));
        (void)add_turn(e, out);
    }
    return rc;
}

static int
on_legal(struct engine *e, const json_t *in, json_t *out, struct rr_err *err)
{
    const char *filter = NULL;
    json_t *list;
    const int rc = want_text(in, "filter", &filter, err);

    if (rc != 0) {
        return rc;
    }
    list = json_array();
    for (uint32_t i = 0; i < e->s.choice; i++) {
        const char *text = session_move_text(&e->s, e->s.plies, e->s.legal[i]);
        if (filter == NULL || strstr(text, filter) != NULL) {
            (void)json_array_append_new(list, json_string(text));
        }
    }
    (void)json_object_set_new(out, "moves", list);
    return add_turn(e, out);
}

/* After a move, those that are no choice, when the request wants that; then what was played. */
static int
finish_play(struct engine *e, const json_t *in, uint32_t from, json_t *out, struct rr_err *err)
{
    int rc = 0;

    while (rc == 0 && json_is_true(json_object_get(in, "forced")) && e->s.choice == 1) {
        rc = session_play(&e->s, e->s.legal[0], err);
    }
    (void)json_object_set_new(out, "played", moves_json(e, from));
    (void)add_turn(e, out);
    return rc;
}

static int
on_play(struct engine *e, const json_t *in, json_t *out, struct rr_err *err)
{
    const uint32_t from = e->s.plies;
    const char *text = NULL;
    int rc = want_text(in, "move", &text, err);

    if (rc == 0 && text == NULL) {
        rc = rr_err_set(err, RR_E_INPUT, "name a move");
    }
    rc = rc == 0 ? session_play_text(&e->s, text, err) : rc;
    return rc == 0 ? finish_play(e, in, from, out, err) : rc;
}

/* Have the thinker of that name ready. */
static int
use_opponent(struct engine *e, const char *name, struct rr_err *err)
{
    int rc;

    if (e->thinker != NULL && strcmp(e->who, name) == 0) {
        return 0;
    }
    forget_thinker(e);
    rc = rr_opponent_open(name, e->s.game, e->s.variant, 200, &e->opponent, err);
    rc = rc == 0 ? rr_thinker_new(&e->opponent, e->s.game, e->s.variant, &e->thinker, err) : rc;
    if (rc == 0) {
        (void)snprintf(e->who, sizeof e->who, "%s", name);
    } else {
        forget_thinker(e);
    }
    return rc;
}

static void
add_thought(struct engine *e, const struct rr_search_result *result, uint32_t simulations,
            json_t *out)
{
    json_t *list = json_array();
    json_t *value = json_array();

    for (uint32_t i = 0; i < result->count; i++) {
        const struct rr_search_move *m = &result->moves[i];
        if (m->visits > 0 || m->target > 0.001f || m->move == result->best) {
            (void)json_array_append_new(
                list,
                json_pack("{ss si sf sf sf}", "move", session_move_text(&e->s, e->s.plies, m->move),
                          "visits", (int)m->visits, "value", (double)m->q, "prior",
                          (double)m->prior, "target", (double)m->target));
        }
    }
    for (uint32_t seat = 0; seat < e->s.variant->seats; seat++) {
        (void)json_array_append_new(value, json_real((double)result->value[seat]));
    }
    (void)json_object_set_new(out, "best",
                              json_string(session_move_text(&e->s, e->s.plies, result->best)));
    (void)json_object_set_new(out, "value", value);
    (void)json_object_set_new(out, "simulations", json_integer(simulations));
    (void)json_object_set_new(out, "moves", list);
}

static int
on_go(struct engine *e, const json_t *in, json_t *out, struct rr_err *err)
{
    const uint32_t from = e->s.plies;
    struct rr_budget budget = {e->args.simulations, e->args.time_ms};
    struct rr_search_result result;
    const char *name = NULL;
    uint32_t simulations = 0;
    int rc = want_number(in, "simulations", RR_THINKER_MOST, &budget.simulations, err);

    rc = rc == 0 ? want_number(in, "time_ms", TIME_MAX_MS, &budget.time_ms, err) : rc;
    rc = rc == 0 ? want_text(in, "opponent", &name, err) : rc;
    rc = rc == 0 ? use_opponent(e, name != NULL ? name : e->args.opponent, err) : rc;
    if (rc == 0) {
        rc = rr_thinker_go(e->thinker, session_state(&e->s, e->s.plies), &budget,
                           rr_game_random(&e->seed), &result, &simulations, err);
    }
    if (rc != 0) {
        return rc;
    }
    add_thought(e, &result, simulations, out);
    if (!json_is_true(json_object_get(in, "play"))) {
        return add_turn(e, out);
    }
    rc = session_play(&e->s, result.best, err);
    return rc == 0 ? finish_play(e, in, from, out, err) : rc;
}

static int
on_undo(struct engine *e, const json_t *in, json_t *out, struct rr_err *err)
{
    uint32_t plies = 1;
    const int rc = want_number(in, "plies", UINT32_MAX, &plies, err);

    if (rc != 0) {
        return rc;
    }
    if (plies > e->s.plies) {
        return rr_err_set(err, RR_E_INPUT, "cannot take back %u of %u moves", plies, e->s.plies);
    }
    session_seek(&e->s, e->s.plies - plies);
    return add_turn(e, out);
}

static int
on_result(struct engine *e, const json_t *in, json_t *out, struct rr_err *err)
{
    float share[RR_GAME_MAX_SEATS];
    json_t *list;

    (void)in;
    (void)err;
    (void)json_object_set_new(out, "over", json_boolean(e->s.mover < 0));
    if (e->s.mover >= 0) {
        return 0;
    }
    e->s.game->result(e->s.variant, session_state(&e->s, e->s.plies), share);
    list = json_array();
    for (uint32_t seat = 0; seat < e->s.variant->seats; seat++) {
        (void)json_array_append_new(list, json_real((double)share[seat]));
    }
    (void)json_object_set_new(out, "shares", list);
    (void)json_object_set_new(out, "result", json_string(session_result(&e->s)));
    return 0;
}

static int
on_quit(struct engine *e, const json_t *in, json_t *out, struct rr_err *err)
{
    (void)in;
    (void)out;
    (void)err;
    e->is_left = true;
    return 0;
}

static int
answer(struct engine *e, const json_t *in, json_t *out, struct rr_err *err)
{
    static const struct {
        const char *name;
        answer_fn answer;
        bool needs_game;
    } rows[] = {
        {"hello", on_hello, false}, {"newgame", on_newgame, false}, {"position", on_position, true},
        {"legal", on_legal, true},  {"play", on_play, true},        {"go", on_go, true},
        {"undo", on_undo, true},    {"result", on_result, true},    {"quit", on_quit, false},
    };
    const char *name = json_string_value(json_object_get(in, "cmd"));

    for (size_t i = 0; name != NULL && i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(name, rows[i].name) == 0) {
            return rows[i].needs_game && e->s.variant == NULL
                       ? rr_err_set(err, RR_E_INPUT, "there is no game yet: newgame begins one")
                       : rows[i].answer(e, in, out, err);
        }
    }
    return rr_err_set(
        err, RR_E_INPUT,
        "cmd must be hello, newgame, position, legal, play, go, undo, result or quit");
}

/* What a message quotes may be cut within a character, or be no text at all. */
static json_t *
error_json(struct rr_err *err)
{
    json_t *text = json_string(err->text);

    if (text != NULL) {
        return text;
    }
    for (char *p = err->text; *p != '\0'; p++) {
        *p = (unsigned char)*p < 0x80 ? *p : '?';
    }
    return json_string(err->text);
}

/* Answer one line. Returns 0, or -1 when the answer cannot be written. */
static int
serve(struct engine *e, const char *line, size_t length)
{
    struct rr_err err = RR_ERR_INIT;
    json_error_t why;
    json_t *in = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    json_t *out = json_object();
    json_t *id = json_object_get(in, "id");
    int rc;

    if (in == NULL) {
        rc = rr_err_set(&err, RR_E_INPUT, "no JSON: %.160s", why.text);
    } else if (!json_is_object(in)) {
        rc = rr_err_set(&err, RR_E_INPUT, "a request is a JSON object");
    } else {
        rc = answer(e, in, out, &err);
    }
    if (rc != 0) {
        json_object_clear(out);
        (void)json_object_set_new(out, "error", error_json(&err));
    }
    if (id != NULL) {
        (void)json_object_set(out, "id", id);
    }
    (void)json_object_set_new(out, "ok", json_boolean(rc == 0));
    rc = json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(in);
    json_decref(out);
    return rc == 0 && putchar('\n') != EOF && fflush(stdout) == 0 ? 0 : -1;
}

/* Read a line into a buffer of LINE_MAX_BYTES; longer ones are read to their end, and *length is
 * LINE_MAX_BYTES. Returns false at the end of the input. */
static bool
read_line(char *line, size_t *length)
{
    int c;

    *length = 0;
    while ((c = getchar()) != EOF && c != '\n') {
        if (*length < LINE_MAX_BYTES) {
            line[(*length)++] = (char)c;
        }
    }
    return c != EOF || *length > 0;
}

static int
run(struct engine *e, struct rr_err *err)
{
    char *line = malloc(LINE_MAX_BYTES);
    size_t length;
    int rc = line == NULL ? rr_err_set(err, -ENOMEM, "no memory for requests") : 0;

    while (rc == 0 && !e->is_left && read_line(line, &length)) {
        if (length == LINE_MAX_BYTES) {
            rc = printf("{\"error\":\"a request has less than %u bytes\",\"ok\":false}\n",
                        LINE_MAX_BYTES) < 0 ||
                 fflush(stdout) != 0;
        } else if (strspn(line, " \t\r") < length) {
            rc = serve(e, line, length);
        }
        if (rc != 0) {
            rc = rr_err_set(err, -EPIPE, "the answer cannot be written");
        }
    }
    free(line);
    return rc;
}

int
game_engine(int argc, char **argv)
{
    struct engine e = {0};
    struct rr_err err = RR_ERR_INIT;
    const int status = game_read_args(argc, argv, "sl", &e.args);
    const int count = argc - optind;
    int rc = 0;

    if (status != 0) {
        return status;
    }
    if (e.args.is_help) {
        fputs(help_text, stdout);
        return 0;
    }
    if (count > 2) {
        return game_usage(argv[0], "name one variant, or none");
    }
    e.seed = e.args.seed != 0 ? e.args.seed : 1;
    if (count > 0) {
        rc = game_open(&e.args, count, argv + optind, &e.s, &err);
    }
    if (rc == 0) {
        rc = run(&e, &err);
    }
    forget_thinker(&e);
    session_close(&e.s);
    return rc == 0 ? 0 : game_fail(argv[0], &err);
}
