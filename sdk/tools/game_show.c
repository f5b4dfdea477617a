/* SPDX-License-Identifier: MIT */
/*
 * game_show.c - `rrctl game show`: a recorded game, for people or as JSON.
 */
#include "sdk/tools/game_cmd.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/tools/tool.h"

static const char help_text[] =
    "usage: rrctl game show FILE [--game N] [--ply P] [--json]\n"
    "Show a game of a file: saved by rrctl game play, recorded (.rrg, .rrg.gz), or a shard of\n"
    "self-play. Every move is checked on the way.\n"
    "\n"
    "  --game N        number of the game in the file, from 0 (default: 0)\n"
    "  --ply P         the board after P moves, and what was played there (default: all the moves\n"
    "                  and the last board)\n"
    "  --json          one line of JSON: the moves, with what the search of a shard said\n"
    "  --plugins DIRS  where games are looked for\n";

struct show {
    struct session s;
    struct rr_shard_reader *reader;
    struct rr_record record;
    const char *file;
    uint64_t number;
    long ply; /* -1: all of them */
    uint32_t plies;
    uint32_t flags;
    bool json;
};

static int32_t
seat_at(const struct show *show, uint32_t ply)
{
    return show->s.game->mover(show->s.variant, session_state(&show->s, ply));
}

/* What the search that made a move said of it, for games of a shard. */
static const struct rr_ply *
searched(const struct show *show, uint32_t ply)
{
    const struct rr_ply *p = show->reader == NULL ? NULL : &show->record.ply[ply];

    return p == NULL || p->flags == 0 ? NULL : p;
}

static json_t *
ply_json(struct show *show, uint32_t ply)
{
    const int32_t seat = seat_at(show, ply);
    const struct rr_ply *p = searched(show, ply);
    json_t *row = json_pack("{si si ss}", "ply", (int)ply, "player", seat + 1, "move",
                            session_move_text(&show->s, ply, show->s.moves[ply]));

    if (p != NULL) {
        (void)json_object_set_new(row, "simulations", json_integer(p->simulations));
        (void)json_object_set_new(row, "value", json_real((double)p->value[seat]));
    }
    return row;
}

static int
show_json(struct show *show)
{
    struct session *s = &show->s;
    json_t *moves = json_array();
    json_t *line;
    int rc;

    for (uint32_t i = 0; i < show->plies; i++) {
        (void)json_array_append_new(moves, ply_json(show, i));
    }
    line =
        json_pack("{ss sI ss so sb ss}", "file", show->file, "game", (json_int_t)show->number,
                  "variant", s->variant->name, "moves", moves, "over", (int)(s->mover < 0),
                  "position", session_position(s, show->ply < 0 ? s->plies : (uint32_t)show->ply));
    if (line != NULL && s->mover < 0) {
        (void)json_object_set_new(line, "result", json_string(session_result(s)));
    }
    rc = line == NULL ? -1 : json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(line);
    return rc == 0 && putchar('\n') != EOF ? 0 : -1;
}

static void
show_move(struct show *show, uint32_t ply)
{
    const int32_t seat = seat_at(show, ply);
    const struct rr_ply *p = searched(show, ply);

    printf("%5u  player %d  %-*s", ply, seat + 1, p != NULL ? 30 : 0,
           session_move_text(&show->s, ply, show->s.moves[ply]));
    if (p != NULL) {
        printf(" %5u simulations, %.1f %%", p->simulations, 100.0 * (double)p->value[seat]);
    }
    putchar('\n');
}

static void
show_text(struct show *show)
{
    struct session *s = &show->s;
    const uint32_t at = show->ply < 0 ? s->plies : (uint32_t)show->ply;

    printf("%s, game %llu: %s, %u moves\n", show->file, (unsigned long long)show->number,
           s->variant->name, show->plies);
    for (uint32_t i = 0; show->ply < 0 && i < s->plies; i++) {
        show_move(show, i);
    }
    printf("\n%s", session_board(s, at, show->flags));
    if (at < show->plies) {
        putchar('\n');
        show_move(show, at);
    } else if (s->mover < 0) {
        printf("\nthe game is over: %s\n", session_result(s));
    }
}

static int
run(struct show *show, const char *dirs, struct rr_err *err)
{
    int rc =
        session_read(&show->s, dirs, show->file, show->number, &show->reader, &show->record, err);

    show->plies = show->s.plies;
    if (rc == 0 && show->ply > (long)show->plies) {
        rc =
            rr_err_set(err, RR_E_INPUT, "--ply %ld: the game has %u moves", show->ply, show->plies);
    }
    if (rc == 0 && show->json && show_json(show) != 0) {
        rc = rr_err_set(err, -EIO, "cannot print the game");
    } else if (rc == 0 && !show->json) {
        show_text(show);
    }
    if (show->reader != NULL) {
        rr_shard_close(show->reader);
    }
    session_close(&show->s);
    return rc;
}

static int
read_args(int argc, char **argv, struct show *show, char *dirs, size_t size)
{
    static const struct option table[] = {
        {"game", required_argument, NULL, 'g'},    {"ply", required_argument, NULL, 'p'},
        {"plugins", required_argument, NULL, 'd'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {0}};

    for (int c; (c = getopt_long(argc, argv, "h", table, NULL)) != -1;) {
        char *end = NULL;
        if (c == '?') {
            return EXIT_USAGE;
        }
        if (c == 'h') {
            fputs(help_text, stdout);
            return -1;
        }
        if (c == 'd') {
            (void)snprintf(dirs, size, "%s", optarg);
        } else if (c == 'j') {
            show->json = true;
        } else {
            const unsigned long number = strtoul(optarg, &end, 10);
            if (*end != '\0' || optarg[0] < '0' || optarg[0] > '9' || number > INT32_MAX) {
                return game_usage(argv[0], "--game and --ply take whole numbers");
            }
            show->number = c == 'g' ? number : show->number;
            show->ply = c == 'p' ? (long)number : show->ply;
        }
    }
    if (argc - optind != 1) {
        return game_usage(argv[0], "name one file");
    }
    show->file = argv[optind];
    return 0;
}

int
game_show(int argc, char **argv)
{
    struct show show = {.ply = -1};
    struct rr_err err = RR_ERR_INIT;
    char dirs[4096];

    tool_plugins(NULL, dirs, sizeof dirs);
    const int status = read_args(argc, argv, &show, dirs, sizeof dirs);
    if (status != 0) {
        return status < 0 ? 0 : status;
    }
    show.flags = isatty(STDOUT_FILENO) != 0 && getenv("NO_COLOR") == NULL ? RR_BOARD_COLOUR : 0;
    return run(&show, dirs, &err) == 0 ? 0 : game_fail(argv[0], &err);
}
