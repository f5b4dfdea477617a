/* SPDX-License-Identifier: MIT */
/*
 * session_file.c - games in files: saved ones, recorded ones, shards.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/tools/game_reader.h"
#include "sdk/tools/session.h"

int
session_save(struct session *s, const char *path, struct rr_err *err)
{
    FILE *file = fopen(path, "wxe");
    bool good;

    if (file == NULL) {
        return rr_err_set(err, -errno, "%s: cannot save: %s%s", path, strerror(errno),
                          errno == EEXIST ? " (choose another name)" : "");
    }
    good = fprintf(file, "rr-game 1 %s options=%" PRIu64 "\n", s->variant->name, s->options) > 0;
    if (s->is_custom) {
        good = good && fprintf(file, "position %s\n", session_position(s, 0)) > 0;
    }
    for (uint32_t i = 0; i < s->plies; i++) {
        good = good && fprintf(file, "%s\n", session_move_text(s, i, s->moves[i])) > 0;
    }
    good = fclose(file) == 0 && good;
    if (!good) {
        (void)unlink(path);
    }
    return good ? 0 : rr_err_set(err, -EIO, "%s: cannot be written in full", path);
}

/* Put the place before a reason. */
static int
at_line(const struct reader *in, struct rr_err *err)
{
    return rr_err_wrap(err, "%s:%lu", in->file, in->number);
}

static int
open_variant(struct session *s, const char *dirs, const char *name, uint64_t options,
             struct rr_err *err)
{
    const struct rr_game *game;
    const struct rr_variant *variant;
    const int rc = rr_game_find(dirs, name, &game, &variant, err);

    return rc == 0 ? session_open(s, game, variant, options, err) : rc;
}

/* The first line has been read. */
static int
read_saved(struct session *s, const char *dirs, struct reader *in, struct rr_err *err)
{
    static const char position[] = "position ";
    char name[64];
    uint64_t options = 0;
    int rc;

    if (sscanf(in->line, "rr-game 1 %63s options=%" SCNu64, name, &options) != 2) {
        (void)rr_err_set(err, RR_E_INPUT, "expected \"rr-game 1 VARIANT options=BITS\"");
        return at_line(in, err);
    }
    rc = open_variant(s, dirs, name, options, err);
    while (rc == 0 && (rc = reader_next(in, err)) == 1) {
        const bool is_position = strncmp(in->line, position, sizeof position - 1) == 0;
        rc = is_position && s->plies == 0 ? session_reset(s, in->line + sizeof position - 1, err)
                                          : session_play_text(s, in->line, err);
        if (rc != 0) {
            return at_line(in, err);
        }
    }
    return rc;
}

/* Begin the game of a G line. */
static int
begin_recorded(struct session *s, const char *dirs, const char *name, const char *line,
               struct rr_err *err)
{
    int rc = open_variant(s, dirs, name, 0, err);

    if (rc == 0 && strstr(line, " swap=1") != NULL) {
        s->options = session_option(s->game, "swap");
        rc = session_reset(s, NULL, err);
    }
    return rc;
}

static int
read_recorded(struct session *s, const char *dirs, struct reader *in, uint64_t number,
              struct rr_err *err)
{
    char board[41];
    char name[64];
    unsigned players = 0;
    uint64_t games = 0;
    int rc = 0;

    if (sscanf(in->line, "RRG 1 %40s players=%u", board, &players) != 2) {
        (void)rr_err_set(err, RR_E_INPUT, "expected \"RRG 1 BOARD players=N\"");
        return at_line(in, err);
    }
    (void)snprintf(name, sizeof name, "%s_%up", board, players);
    while ((rc = reader_next(in, err)) == 1 && games <= number + 1) {
        if (in->line[0] == 'G' && games++ == number) {
            rc = begin_recorded(s, dirs, name, in->line, err);
        } else if (in->line[0] == 'M' && in->line[1] == ' ' && games == number + 1) {
            rc = session_play_text(s, in->line + 2, err);
        }
        if (rc < 0) {
            return at_line(in, err);
        }
    }
    if (rc >= 0 && games <= number) {
        return rr_err_set(err, RR_E_INPUT,
                          "%s: no game %" PRIu64 ": there are %" PRIu64 ", counted from 0",
                          in->file, number, games);
    }
    return rc < 0 ? rc : 0;
}

static int
read_shard(struct session *s, const char *dirs, uint64_t number, struct rr_shard_reader *reader,
           struct rr_record *record, struct rr_err *err)
{
    const struct rr_shard_info *info = rr_shard_info(reader);
    int rc;

    if (number >= info->games) {
        return rr_err_set(err, RR_E_INPUT,
                          "no game %" PRIu64 ": there are %" PRIu64 ", counted from 0", number,
                          info->games);
    }
    for (uint64_t i = 0; i <= number; i++) {
        rc = rr_shard_next(reader, record, err);
        if (rc != 0) {
            return rc;
        }
    }
    rc = open_variant(s, dirs, info->config, record->init_options, err);
    if (rc == 0) {
        rc = rr_record_verify(s->game, s->variant, record, err);
    }
    for (uint32_t i = 0; rc == 0 && i < record->plies; i++) {
        rc = session_play(s, record->ply[i].move, err);
    }
    return rc;
}

int
session_read(struct session *s, const char *dirs, const char *path, uint64_t number,
             struct rr_shard_reader **reader, struct rr_record *record, struct rr_err *err)
{
    struct reader in;
    int rc = reader_open(&in, path, err);

    *s = (struct session){0};
    *reader = NULL;
    if (rc != 0) {
        return rc;
    }
    rc = reader_next(&in, err);
    if (rc == 1 && strncmp(in.line, "rr-game ", 8) == 0) {
        rc = read_saved(s, dirs, &in, err);
    } else if (rc == 1 && strncmp(in.line, "RRG ", 4) == 0) {
        rc = read_recorded(s, dirs, &in, number, err);
    } else if (rc == 1 && strcmp(in.line, "RRSHARD") == 0) {
        rc = rr_shard_open(path, reader, err);
        if (rc == 0) {
            rc = read_shard(s, dirs, number, *reader, record, err);
        }
    } else if (rc >= 0) {
        rc = rr_err_set(err, RR_E_INPUT,
                        "%s: neither a saved game, nor recorded games, nor a shard", path);
    }
    reader_close(&in);
    if (rc != 0) {
        session_close(s);
    }
    return rc;
}
