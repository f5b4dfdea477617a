/* SPDX-License-Identifier: MIT */
/*
 * positions.h - sets of graded positions, made from a seed.
 *
 * A position belongs to a phase by its stones and is easy, medium or hard by how far the end is
 * under perfect play:
 *
 *                            end in 1 .. 13   14 .. 27   28 and more plies
 *     begin:   8 .. 14 stones    easy          medium      hard
 *     middle: 15 .. 28 stones    easy          medium
 *     end:    29 .. 40 stones    easy
 *
 * The borders are those of the sets that Pascal Pons published with his solver (2015), but for the
 * first: with fewer than eight stones solving a position takes seconds. Moves are drawn at random,
 * so neither side need have played well. Positions in which every move is best are left out: they
 * would be answered right by anybody.
 */
#ifndef CONNECT4_POSITIONS_H
#define CONNECT4_POSITIONS_H

#include "solver.h"

#include <stdio.h>

struct graded {
    char moves[C4_CELLS + 1];
    struct c4 at;
    int score[C4_WIDTH]; /* of each move, seat to act */
    int best;
};

enum { SET_NAMES_MAX = 128 };

/* Whether that is the name of a set: PHASE-DIFFICULTY, one of both, or all. */
bool positions_is_set(const char *set);
/* All names, for messages. */
const char *positions_sets(void);

/* Number i of a set; the same for the same seed. Returns false when the solver gave up. */
bool positions_draw(struct solver *s, const char *set, uint64_t seed, uint64_t i,
                    struct graded *out);

/* One line: the moves and seven scores, "-" for full columns. */
void positions_write(FILE *out, const struct graded *g);
/* Read such a line; the scores are taken as they are. Returns false when it is none. */
bool positions_read(const char *line, struct graded *g);

#endif
