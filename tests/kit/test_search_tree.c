/* SPDX-License-Identifier: MIT */
/*
 * test_search_tree.c - the selection below the root against its formulas, written out plainly.
 */
#include "sdk/search/rng.h"
#include "sdk/search/tree.h"

#include "tests/kit/toy_game.h"
#include "tests/tap.h"

/* pi' - N / (1 + sum N) by the book, in double precision; *margin is the lead of the best edge. */
static uint32_t
select_plainly(const struct tree *tree, double c_visit, double c_scale, double *margin)
{
    const struct tree_node *n = &tree->nodes[0];
    double own = (double)n->net[n->mover];
    double visited_prior = 0.0;
    double weighted = 0.0;
    double sum = 0.0;
    double most = 0.0;
    double score[16];
    double total = 0.0;

    for (uint32_t i = 0; i < n->count; i++) {
        const double visits = (double)tree->visits[i];
        if (visits > 0.0) {
            sum += visits;
            most = visits > most ? visits : most;
            visited_prior += (double)tree->prior[i];
            weighted += (double)tree->prior[i] * (double)tree->value_sum[i] / visits;
        }
    }
    const double mixed = sum > 0.0 ? (own + sum * weighted / visited_prior) / (1.0 + sum) : own;
    for (uint32_t i = 0; i < n->count; i++) {
        const double visits = (double)tree->visits[i];
        const double q = visits > 0.0 ? (double)tree->value_sum[i] / visits : mixed;
        score[i] = exp((double)tree->logit[i] + (c_visit + most) * c_scale * q);
        total += score[i];
    }
    uint32_t best = 0;
    double second = -INFINITY;
    for (uint32_t i = 0; i < n->count; i++) {
        score[i] = score[i] / total - (double)tree->visits[i] / (1.0 + sum);
        if (i > 0 && score[i] > score[best]) {
            second = score[best];
            best = i;
        } else if (i > 0 && score[i] > second) {
            second = score[i];
        }
    }
    *margin = score[best] - second;
    return best;
}

int
main(void)
{
    struct rr_err err = RR_ERR_INIT;
    struct tree tree;
    struct toy_state start;
    uint64_t rng = 7;
    uint32_t root;
    uint32_t compared = 0;
    uint32_t equal = 0;
    uint32_t unvisited = 0;

    toy_init(&toy_2p, 0, &start);
    ok(tree_init(&tree, &toy_game, &toy_2p, 10, &err) == 0 &&
           tree_add_root(&tree, &start, &root, &err) == 0 && tree.nodes[root].count == 9,
       "a root with nine moves");
    for (int round = 0; round < 20000; round++) {
        struct tree_node *n = &tree.nodes[root];
        double margin;
        n->visits = 1;
        n->net[0] = (float)rng_unit(&rng);
        for (uint32_t i = 0; i < 9; i++) {
            tree.logit[i] = (float)(6.0 * rng_unit(&rng));
            tree.visits[i] = rng_below(&rng, 3) == 0 ? rng_below(&rng, 20) : 0;
            tree.value_sum[i] = (float)rng_unit(&rng) * (float)tree.visits[i];
            n->visits += tree.visits[i];
        }
        tree_set_priors(&tree, root);
        const float c_scale = round % 2 == 0 ? 1.0f : 0.1f;
        const uint32_t want = select_plainly(&tree, 50.0, (double)c_scale, &margin);
        if (margin > 1e-4) { /* closer ones are decided by rounding */
            compared++;
            equal += tree_select(&tree, root, 50.0f, c_scale) == want;
            unvisited += tree.visits[want] == 0;
        }
    }
    diag("%u compared, %u of them choose an unvisited move", compared, unvisited);
    ok(compared > 15000 && equal == compared, "selection follows the formula");
    tree_fini(&tree);
    return tap_done();
}
