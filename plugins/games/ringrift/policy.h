/* SPDX-License-Identifier: MIT */
/*
 * policy.h - from moves to policy logits, and the planes that the net sees.
 */
#ifndef RINGRIFT_POLICY_H
#define RINGRIFT_POLICY_H

#include "moves/moves.h"

/* Order of the single logits. */
enum {
    SCALAR_SP,
    SCALAR_NP,
    SCALAR_SW,
    SCALAR_SC,
    SCALAR_SR,
    SCALAR_NM,
    SCALAR_NL,
    SCALAR_NT,
    SCALAR_ST,
    POLICY_SCALARS
};

/* Of a stack: so many rings under the top and from the bottom have planes of their own; those
 * further down than the former are packed, several in a plane. */
enum { ENCODE_DEPTH = 5, ENCODE_BOTTOM = 2, ENCODE_PACKED = 4 };

/* Planes and scalars of encode.c for a number of seats. */
#define ENCODE_PLANES(seats) (8 + (3 + ENCODE_DEPTH + ENCODE_BOTTOM + 1) * (seats) + ENCODE_PACKED)
#define ENCODE_SCALARS(seats) (14 + 8 * (seats))

uint32_t policy_index(const struct rr_variant *variant, const struct view *v, rr_move m);

void encode_state(const struct rr_variant *variant, const struct view *v, uint8_t *planes,
                  float *scalars);

/* symmetry.c */
void symmetry_state(const struct rr_variant *variant, uint32_t sym, const void *state, void *image);
rr_move symmetry_move(const struct view *v, uint32_t sym, rr_move m, const struct view *image);

#endif
