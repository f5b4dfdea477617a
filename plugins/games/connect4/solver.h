/* SPDX-License-Identifier: MIT */
/*
 * solver.h - the truth about Connect Four: what a position is worth when both sides play perfectly.
 *
 * A position is two sets of cells: cell (x, y), with y counted from the bottom, is bit x * 7 + y,
 * and the seventh bit of each column stays clear, as in connect4.c.
 *
 * The score is seen from the seat to act: 0 is a draw; s > 0 says that it wins, and that it would
 * have s of its 21 stones left, the winning one counted; -s that the other seat does. So a higher
 * score is a faster win or a slower loss, and 1 on the empty board is a win with the 41st stone.
 *
 * The method is the field's: alpha-beta in negamax form (Knuth, Moore 1975) on bitboards with a
 * transposition table, moves that lose at once left out, the others tried in the order of the
 * threats they make, and the score closed in on by searches with null windows (Plaat 1996, MTD).
 */
#ifndef CONNECT4_SOLVER_H
#define CONNECT4_SOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { C4_WIDTH = 7, C4_HEIGHT = 6, C4_CELLS = C4_WIDTH * C4_HEIGHT };

/* Not a score: the column is full. */
#define C4_NO_SCORE (-100)

struct c4 {
    uint64_t own; /* stones of the seat to act */
    uint64_t all; /* of both */
};

static inline int
c4_stones(const struct c4 *p)
{
    return __builtin_popcountll(p->all);
}

bool c4_can_play(const struct c4 *p, int column);
void c4_play(struct c4 *p, int column);

/* Whether playing that column makes four in a row. */
bool c4_is_win(const struct c4 *p, int column);

/* Play columns 0 to 6, one digit each, from the empty board. Returns how many characters were
 * played: fewer than there are when one is no column, or full, or comes after the end. */
size_t c4_read(struct c4 *p, const char *moves);

/* Plies until the end of the game under perfect play, for a position of that score. */
int c4_plies_left(const struct c4 *p, int score);

struct solver;

/* Called now and then during a long search; returning true makes it give up. */
typedef bool (*solver_tick_fn)(void *user, uint64_t nodes);

/* The table takes that much memory. Returns NULL when there is not so much. */
struct solver *solver_new(size_t table_bytes);
void solver_free(struct solver *s);
void solver_on_tick(struct solver *s, solver_tick_fn tick, void *user);

/* Positions searched so far. */
uint64_t solver_nodes(const struct solver *s);

/* The score of a position that is not over. C4_NO_SCORE when the tick gave up. */
int solver_score(struct solver *s, const struct c4 *p);

/* The score of each move, seen from the seat to act; C4_NO_SCORE for full columns. Returns the
 * best, or C4_NO_SCORE when the tick gave up. */
int solver_moves(struct solver *s, const struct c4 *p, int score[C4_WIDTH]);

#endif
