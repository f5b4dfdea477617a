/* SPDX-License-Identifier: MIT */
/*
 * quality.h - how good a window of games is for training: five parts, all measured. Pure.
 *
 *   outcome    how decisive: 1 for a win, 0.3 for an even split, mean over games
 *   length     1 when a game is as long as typical, 0 at a quarter or four times that, mean
 *   phase      rows of the poorest third of the games' course, as a share of an even third
 *   diversity  distinct positions among the rows
 *   source     1 for searched games, 0.5 for random ones, mean
 *   score      0.25 outcome + 0.25 length + 0.20 phase + 0.15 diversity + 0.15 source
 */
#ifndef NPZ_EXPORT_QUALITY_H
#define NPZ_EXPORT_QUALITY_H

#include <rr/err.h>

#include <stddef.h>
#include <stdint.h>

struct quality {
    double outcome_sum, source_sum;
    uint64_t games;
    uint32_t *lengths; /* of each game, in plies */
    size_t lengths_cap;
    uint64_t thirds[3]; /* rows by third of their game */
    uint64_t *seen;     /* hashes of positions, open addressing; 0 is free */
    size_t seen_cap;    /* a power of two */
    uint64_t positions, distinct;
};

struct quality_score {
    double outcome, length, phase, diversity, source, score;
    double mean_length;
};

int quality_init(struct quality *q, struct rr_err *err);
void quality_fini(struct quality *q);

/* Count a game: its shares of the win, length, and whether a net searched it. */
int quality_game(struct quality *q, const float *share, uint32_t seats, uint32_t plies,
                 int searched, struct rr_err *err);

/* Count a row taken at ply `at` of a game of `plies`; the state's bytes tell positions apart. */
void quality_row(struct quality *q, uint32_t at, uint32_t plies, const void *state, size_t bytes);

/* typical_length: of earlier exports; 0 takes the mean of these games. */
void quality_finish(const struct quality *q, double typical_length, struct quality_score *out);

/* Name of the lowest part, for the reason of a refusal, and its figure. */
const char *quality_lowest(const struct quality_score *score, double *figure);

#endif
