/* SPDX-License-Identifier: MIT */
/*
 * rows.h - from recorded games to rows of an NPZ file.
 *
 * Positions come from replaying the moves, so nothing of an old encoding survives in the data.
 * Every choice (which plies, which symmetry, which split) follows from the game's id, the ply and
 * the salt: the same games and the same salt give the same file.
 */
#ifndef NPZ_EXPORT_ROWS_H
#define NPZ_EXPORT_ROWS_H

#include <rr/game.h>
#include <rr/npz.h>
#include <rr/shard.h>

#include "plugins/npz_export/quality.h"

struct rows_conf {
    double value_chance; /* of a ply without policy target to become a row */
    double q_blend;      /* part of the search's value in the value target */
    double validation;   /* part of the games that is kept for validation */
    float random_weight; /* weight of rows of games without a net */
    int symmetries;      /* 1: each row under a random symmetry */
    uint64_t salt;
};

struct rows_counts {
    uint64_t games, rows, policy_rows, validation_rows;
    uint64_t newest_ms;
};

struct rows;

/* Begin a file; rows_finish or rows_abandon ends it. */
int rows_create(const char *path, const struct rr_game *game, const struct rr_variant *variant,
                const struct rows_conf *conf, struct rows **rows, struct rr_err *err);

/* Add the rows of one game. RR_E_CORRUPT when it does not replay. */
int rows_game(struct rows *rows, const struct rr_record *record, uint64_t generation,
              struct rr_err *err);

const struct rows_counts *rows_counts(const struct rows *rows);
const struct quality *rows_quality(const struct rows *rows);

/* Add meta (JSON text) and complete the file. Frees rows, also on failure. */
int rows_finish(struct rows *rows, const char *meta, struct rr_err *err);
void rows_abandon(struct rows *rows); /* NULL is allowed */

#endif
