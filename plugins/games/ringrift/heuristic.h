/* SPDX-License-Identifier: MIT */
/*
 * heuristic.h - what a position is worth by rules of thumb.
 */
#ifndef RINGRIFT_HEURISTIC_H
#define RINGRIFT_HEURISTIC_H

#include "state.h"

/* rr_game.evaluate. */
void heuristic_evaluate(const struct rr_variant *variant, const void *state, uint32_t level,
                        float *share);

#endif
