/* SPDX-License-Identifier: MIT */
/*
 * root.h - the root of a search: Gumbel top-m with sequential halving, and the improved policy.
 */
#ifndef RR_SEARCH_ROOT_H
#define RR_SEARCH_ROOT_H

#include "tree.h"

#include <rr/search.h>

#include <stdint.h>

struct root {
    float *gumbel;      /* noise of each edge of the root, in edge order */
    uint32_t *schedule; /* visits that the move of simulation t must have before it */
    uint32_t simulations;
};

/* Plan `simulations` over the root's `count` moves of which `considered` compete. */
void root_plan(struct root *root, uint32_t count, uint32_t considered, uint32_t simulations);

/* Draw the noise. */
void root_noise(struct root *root, uint32_t count, float scale, uint64_t *rng);

/* The edge of simulation number t. The root is node 0. */
uint32_t root_select(const struct root *root, const struct tree *tree, uint32_t t,
                     const struct rr_search_conf *conf);

/* The edge that the search recommends: the best of the most visited ones. */
uint32_t root_best(const struct root *root, const struct tree *tree,
                   const struct rr_search_conf *conf);

/* Fill one entry for each edge, improved policy included, and the value of the improved policy. */
void root_report(const struct tree *tree, const struct rr_search_conf *conf,
                 struct rr_search_move *moves, float *value);

#endif
