/* SPDX-License-Identifier: MIT */
/*
 * root.c - the root of a search: Gumbel top-m with sequential halving, and the improved policy.
 *
 * With noise g drawn once per search, moves compete by g + logit + sigma * completed value. The
 * first m simulations therefore go to the m moves highest in g + logit, which is a draw of m moves
 * without replacement from the prior policy; each later phase keeps the better half.
 */
#include "root.h"

#include "rng.h"

#include <assert.h>
#include <math.h>

static uint32_t
phases_of(uint32_t considered)
{
    uint32_t phases = 0;

    while ((UINT32_C(1) << phases) < considered) {
        phases++;
    }
    return phases;
}

/*
 * The schedule says for each simulation how many visits the move that it takes must have had. In a
 * phase, rounds give each competing move one visit; a move that falls out keeps its count, which no
 * later entry names. So halving needs no lists: root_select() takes the best among the moves that
 * have exactly that count. The last phase, of two moves, lasts until the budget is spent.
 */
void
root_plan(struct root *root, uint32_t count, uint32_t considered, uint32_t simulations)
{
    uint32_t m = considered < count ? considered : count;
    uint32_t t = 0;
    uint32_t visits = 0;

    m = m < simulations ? m : simulations;
    root->simulations = simulations;
    if (m < 2) {
        for (; t < simulations; t++) {
            root->schedule[t] = t;
        }
        return;
    }
    const uint32_t phases = phases_of(m);
    while (t < simulations) {
        uint32_t rounds = simulations / (phases * m);
        rounds = rounds > 0 ? rounds : 1;
        for (; rounds > 0 && t < simulations; rounds--, visits++) {
            for (uint32_t i = 0; i < m && t < simulations; i++) {
                root->schedule[t++] = visits;
            }
        }
        m = m / 2 > 2 ? m / 2 : 2;
    }
}

void
root_noise(struct root *root, uint32_t count, float scale, uint64_t *rng)
{
    for (uint32_t i = 0; i < count; i++) {
        root->gumbel[i] = scale > 0.0f ? scale * rng_gumbel(rng) : 0.0f;
    }
}

/* Highest g + logit + sigma * completed value among the moves with exactly `visits` visits. */
static uint32_t
best_of_count(const struct root *root, const struct tree *tree, uint32_t visits,
              const struct rr_search_conf *conf)
{
    const struct tree_node *n = &tree->nodes[0];
    uint32_t most;
    const float mixed = tree_mixed_value(tree, 0, &most);
    const float sigma = (conf->c_visit + (float)most) * conf->c_scale;
    uint32_t best = TREE_NO_CHILD;
    float best_score = 0.0f;

    for (uint32_t i = 0; i < n->count; i++) {
        const uint32_t edge = n->first + i;
        if (tree->visits[edge] != visits) {
            continue;
        }
        const float score =
            root->gumbel[i] + tree->logit[edge] + sigma * tree_edge_value(tree, edge, mixed);
        if (best == TREE_NO_CHILD || score > best_score) {
            best = edge;
            best_score = score;
        }
    }
    assert(best != TREE_NO_CHILD); /* by construction of the schedule */
    return best;
}

uint32_t
root_select(const struct root *root, const struct tree *tree, uint32_t t,
            const struct rr_search_conf *conf)
{
    return best_of_count(root, tree, root->schedule[t], conf);
}

uint32_t
root_best(const struct root *root, const struct tree *tree, const struct rr_search_conf *conf)
{
    uint32_t most;

    (void)tree_mixed_value(tree, 0, &most);
    return best_of_count(root, tree, most, conf);
}

void
root_report(const struct tree *tree, const struct rr_search_conf *conf,
            struct rr_search_move *moves, float *value)
{
    const struct tree_node *n = &tree->nodes[0];
    const uint32_t seats = tree->variant->seats;
    uint32_t most;
    const float mixed = tree_mixed_value(tree, 0, &most);
    const float sigma = (conf->c_visit + (float)most) * conf->c_scale;
    float highest = -INFINITY;
    float total = 0.0f;

    for (uint32_t i = 0; i < n->count; i++) {
        const uint32_t edge = n->first + i;
        moves[i] = (struct rr_search_move){
            .move = tree->move[edge],
            .prior = tree->prior[edge],
            .q = tree_edge_value(tree, edge, mixed),
            .visits = tree->visits[edge],
        };
        highest = fmaxf(highest, tree->logit[edge] + sigma * moves[i].q);
    }
    for (uint32_t i = 0; i < n->count; i++) {
        moves[i].target = expf(tree->logit[n->first + i] + sigma * moves[i].q - highest);
        total += moves[i].target;
    }
    for (uint32_t i = 0; i < n->count; i++) {
        moves[i].target /= total;
    }

    /* Value: what the improved policy makes of the visited moves. The plain mean over simulations
     * would count the moves that were tried and found bad. */
    float weight = 0.0f;
    float sum[RR_GAME_MAX_SEATS] = {0};
    for (uint32_t i = 0; i < n->count; i++) {
        const uint32_t child = tree->child[n->first + i];
        if (child != TREE_NO_CHILD) {
            const float share = fmaxf(moves[i].target, 1e-30f);
            const struct tree_node *c = &tree->nodes[child];
            weight += share;
            for (uint32_t s = 0; s < seats; s++) {
                sum[s] += share * (c->sum[s] / (float)c->visits);
            }
        }
    }
    for (uint32_t s = 0; s < seats; s++) {
        value[s] = weight > 0.0f ? sum[s] / weight : n->net[s];
    }
}
