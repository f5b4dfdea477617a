/* SPDX-License-Identifier: MIT */
/*
 * mask.h - sets of cells as bits: reading them off a state, moving, growing and filling them.
 *
 * Column x of the board is lane x + radius of a mask and cell (x, y) its bit y + radius, so the
 * lanes, and the bits in each, come in cell order. Bits that are no cells are always clear. Lanes
 * lie in vectors; a board uses only the first board.vecs of them, and each function is compiled
 * for each number and for both kinds of neighbourhood.
 */
#ifndef RINGRIFT_MASK_H
#define RINGRIFT_MASK_H

#include "state.h"

enum { MASK_LANES = 8, MASK_VECS = 4 };

struct mask {
    union {
        uint32_t __attribute__((vector_size(32))) vec[MASK_VECS];
        uint32_t lane[MASK_VECS * MASK_LANES];
    };
};

/* The cells with (content & bits) == value; only the first board.vecs vectors are written, by all
 * functions here. */
void mask_read(const struct view *v, uint8_t bits, uint8_t value, struct mask *out);

/* The cells of open that are connected, over territory neighbours within open, with the first cell
 * of left; they are taken out of left. Returns false when left is empty. */
bool mask_component(const struct board *b, const struct mask *open, struct mask *left,
                    struct mask *out);

/* The cells from which 1, 2 and 3 steps in some direction all lie in open. */
enum { MASK_RAYS = 3 };
void mask_rays(const struct board *b, const struct mask *open, struct mask out[MASK_RAYS]);

/* For each axis, where `length` cells of m or more lie in a row: the first cells of the rows.
 * Returns whether there is any. */
bool mask_runs(const struct board *b, const struct mask *m, uint8_t length,
               struct mask out[BOARD_MAX_AXES]);

bool mask_meets(const struct board *b, const struct mask *one, const struct mask *two);
bool mask_within(const struct board *b, const struct mask *inner, const struct mask *outer);

static inline bool
mask_empty(const struct board *b, const struct mask *m)
{
    return !mask_meets(b, m, m);
}

static inline void
mask_add(const struct board *b, struct mask *m, uint16_t c)
{
    m->lane[b->x[c] + b->radius] |= 1U << (b->y[c] + b->radius);
}

static inline void
mask_remove(const struct board *b, struct mask *m, const struct mask *what)
{
    for (unsigned i = 0; i < b->vecs; i++) {
        m->vec[i] &= ~what->vec[i];
    }
}

static inline bool
mask_has(const struct board *b, const struct mask *m, uint16_t c)
{
    return (m->lane[b->x[c] + b->radius] >> (b->y[c] + b->radius) & 1U) != 0;
}

/* The first cell of a mask that is not empty. */
uint16_t mask_first(const struct board *b, const struct mask *m);

/* The cells of a mask, ascending; returns how many. */
uint16_t mask_cells(const struct board *b, const struct mask *m, uint16_t *out);

#endif
