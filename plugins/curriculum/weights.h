/* SPDX-License-Identifier: MIT */
/*
 * weights.h - the weight of a configuration, as a sum of reactions that fade. Pure.
 *
 *   weight = clamp(1 + sum of delta * 0.5 ^ (age / half-life), 0.5, 2)
 *
 * One store: every reaction is a typed delta in one list, and nothing else moves a weight.
 */
#ifndef CURRICULUM_WEIGHTS_H
#define CURRICULUM_WEIGHTS_H

#include <stdint.h>

#define WEIGHTS_DELTAS_MAX 64u
#define WEIGHTS_SOURCE_MAX 24u

struct weights_delta {
    char source[WEIGHTS_SOURCE_MAX];
    double delta;
    uint64_t time_ms;
};

struct weights {
    uint32_t count;
    struct weights_delta deltas[WEIGHTS_DELTAS_MAX]; /* oldest first */
};

double weights_now(const struct weights *w, uint64_t half_life_ms, uint64_t now_ms);

/* Add a reaction. When the list is full, the oldest ones are the weakest and go. */
void weights_add(struct weights *w, const char *source, double delta, uint64_t now_ms);

/* Drop what has faded to nothing. */
void weights_prune(struct weights *w, uint64_t half_life_ms, uint64_t now_ms);

/* Whether a reaction of this source is younger than cooldown_ms. */
int weights_cooling(const struct weights *w, const char *source, uint64_t cooldown_ms,
                    uint64_t now_ms);

/*
 * Search budget after so many rejections in a row: 1 below `first` of them, then a step more with
 * each, up to the limit. A plateau asks for better targets before anything else.
 */
double weights_budget(uint64_t rejections, uint64_t first, double step, double limit);

#endif
