/* SPDX-License-Identifier: MIT */
/*
 * tree.c - the search tree of one position, and what is done below its root.
 *
 * Owns: nodes, edges and states of one slot.
 * Does not: choose moves at the root (root.c), evaluate (search.c).
 */
#include "tree.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int
out_of_memory(const struct tree *tree, struct rr_err *err)
{
    return rr_err_set(err, -ENOMEM, "search of %s: out of memory: use fewer simulations or slots",
                      tree->variant->name);
}

/* Make room for one more legal list. */
static int
reserve_edges(struct tree *tree, struct rr_err *err)
{
    const uint64_t need = (uint64_t)tree->edge_count + tree->variant->max_moves;

    if (need <= tree->edge_cap) {
        return 0;
    }
    uint64_t cap = tree->edge_cap == 0 ? 1024 : tree->edge_cap;
    while (cap < need) {
        cap *= 2;
    }
    if (cap >= TREE_NO_CHILD) {
        return out_of_memory(tree, err);
    }
    const size_t count = (size_t)cap;
    /* Each array is replaced as soon as it has moved, so that a failure leaves all of them valid;
     * edge_cap goes up only when all have room. */
#define GROW(array)                                                                                \
    do {                                                                                           \
        void *grown = realloc(tree->array, count * sizeof *tree->array);                           \
        if (grown == NULL) {                                                                       \
            return out_of_memory(tree, err);                                                       \
        }                                                                                          \
        tree->array = grown;                                                                       \
    } while (0)
    GROW(move);
    GROW(logit);
    GROW(prior);
    GROW(value_sum);
    GROW(visits);
    GROW(child);
#undef GROW
    tree->edge_cap = (uint32_t)cap;
    return 0;
}

int
tree_init(struct tree *tree, const struct rr_game *game, const struct rr_variant *variant,
          uint32_t max_simulations, struct rr_err *err)
{
    *tree = (struct tree){.game = game, .variant = variant};
    tree->state_bytes = ((size_t)variant->state_bytes + 7) / 8 * 8;
    tree->node_cap = max_simulations + 1;
    tree->nodes = malloc((size_t)tree->node_cap * sizeof *tree->nodes);
    tree->states = malloc((size_t)tree->node_cap * tree->state_bytes);
    if (tree->nodes == NULL || tree->states == NULL) {
        return out_of_memory(tree, err);
    }
    return reserve_edges(tree, err);
}

void
tree_fini(struct tree *tree)
{
    free(tree->nodes);
    free(tree->states);
    free(tree->move);
    free(tree->logit);
    free(tree->prior);
    free(tree->value_sum);
    free(tree->visits);
    free(tree->child);
    *tree = (struct tree){0};
}

void
tree_clear(struct tree *tree)
{
    tree->node_count = 0;
    tree->edge_count = 0;
}

/* Finish the node whose state is in place and whose legal list, `count` moves, stands behind the
 * edges in use. */
static uint32_t
add_node(struct tree *tree, int32_t mover, uint32_t count)
{
    const uint32_t number = tree->node_count++;
    struct tree_node *node = &tree->nodes[number];

    *node = (struct tree_node){.first = tree->edge_count, .count = count, .mover = mover};
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t edge = node->first + i;
        tree->value_sum[edge] = 0.0f;
        tree->visits[edge] = 0;
        tree->child[edge] = TREE_NO_CHILD;
    }
    tree->edge_count += count;
    return number;
}

int
tree_add_root(struct tree *tree, const void *state, uint32_t *node, struct rr_err *err)
{
    const struct rr_variant *v = tree->variant;
    const int32_t mover = tree->game->mover(v, state);
    const int rc = reserve_edges(tree, err);

    if (rc != 0) {
        return rc;
    }
    memcpy(tree_state(tree, tree->node_count), state, v->state_bytes);
    const uint32_t count = mover < 0 ? 0 : tree->game->legal(v, state, tree->move);
    if (count == 0) {
        return rr_err_set(err, RR_E_INPUT, "search of %s: the position has no legal move", v->name);
    }
    *node = add_node(tree, mover, count);
    return 0;
}

int
tree_add_child(struct tree *tree, uint32_t parent, uint32_t edge, uint32_t *node,
               struct rr_err *err)
{
    const struct rr_game *game = tree->game;
    const struct rr_variant *v = tree->variant;
    rr_move move = tree->move[edge];
    uint32_t count = 0;
    int32_t mover;
    const int rc = reserve_edges(tree, err);

    if (rc != 0) {
        return rc;
    }
    void *state = tree_state(tree, tree->node_count);
    rr_move *legal = tree->move + tree->edge_count;
    memcpy(state, tree_state(tree, parent), tree->state_bytes);
    for (uint32_t forced = 0;; forced++) {
        game->apply(v, state, move);
        mover = game->mover(v, state);
        count = mover < 0 ? 0 : game->legal(v, state, legal);
        if (mover < 0 || count > 1) {
            break;
        }
        if (count == 0 || forced > v->max_plies) {
            return rr_err_set(err, RR_E_PLUGIN, "game %s: %s, while the game is not over", v->name,
                              count == 0 ? "no legal move" : "more plies than its max_plies");
        }
        move = legal[0];
    }
    *node = add_node(tree, mover, count);
    if (mover < 0) {
        game->result(v, state, tree->nodes[*node].net);
    }
    tree->child[edge] = *node;
    return 0;
}

void
tree_set_priors(struct tree *tree, uint32_t node)
{
    const uint32_t count = tree->nodes[node].count;
    const float *logit = tree->logit + tree->nodes[node].first;
    float *prior = tree->prior + tree->nodes[node].first;
    float highest = logit[0];
    float total = 0.0f;

    for (uint32_t i = 1; i < count; i++) {
        highest = logit[i] > highest ? logit[i] : highest;
    }
    for (uint32_t i = 0; i < count; i++) {
        prior[i] = expf(logit[i] - highest);
        total += prior[i];
    }
    for (uint32_t i = 0; i < count; i++) {
        prior[i] /= total;
    }
}

float
tree_mixed_value(const struct tree *tree, uint32_t node, uint32_t *most)
{
    const struct tree_node *n = &tree->nodes[node];
    float visited_prior = 0.0f;
    float weighted = 0.0f;
    uint32_t sum = 0;

    *most = 0;
    for (uint32_t edge = n->first; edge < n->first + n->count; edge++) {
        const uint32_t visits = tree->visits[edge];
        if (visits > 0) {
            /* A prior may have underflowed to zero; a visited move has some weight all the same. */
            const float prior = fmaxf(tree->prior[edge], 1e-30f);
            sum += visits;
            visited_prior += prior;
            weighted += prior * (tree->value_sum[edge] / (float)visits);
            *most = visits > *most ? visits : *most;
        }
    }
    const float own = n->net[n->mover];
    if (sum == 0) {
        return own;
    }
    return (own + (float)sum * (weighted / visited_prior)) / (1.0f + (float)sum);
}

uint32_t
tree_select(const struct tree *tree, uint32_t node, float c_visit, float c_scale)
{
    const struct tree_node *n = &tree->nodes[node];
    const uint32_t end = n->first + n->count;
    uint32_t most;
    const float mixed = tree_mixed_value(tree, node, &most);
    const float sigma = (c_visit + (float)most) * c_scale;
    float unvisited_prior = -1.0f;
    uint32_t unvisited = end;

    /* The improved policy is prior * exp(sigma * completed value), normalised. Moves without visits
     * share one value, hence one factor: only the visited ones need an exponential each, and among
     * the others the highest prior wins. Exponents are taken relative to the largest. */
    float highest = mixed;
    for (uint32_t edge = n->first; edge < end; edge++) {
        if (tree->visits[edge] == 0) {
            if (tree->prior[edge] > unvisited_prior) {
                unvisited_prior = tree->prior[edge];
                unvisited = edge;
            }
        } else {
            highest = fmaxf(highest, tree_edge_value(tree, edge, mixed));
        }
    }
    const float factor = expf(sigma * (mixed - highest));
    float total = 0.0f;
    for (uint32_t edge = n->first; edge < end; edge++) {
        const float value = tree_edge_value(tree, edge, mixed);
        total +=
            tree->prior[edge] * (tree->visits[edge] > 0 ? expf(sigma * (value - highest)) : factor);
    }
    /* All weight underflowed: only moves of prior zero have the high values. */
    total = fmaxf(total, 1e-37f);

    const float visits = (float)(n->visits); /* 1 + sum N */
    uint32_t best = unvisited;
    float best_score = unvisited < end ? unvisited_prior * factor / total : -INFINITY;
    for (uint32_t edge = n->first; edge < end; edge++) {
        if (tree->visits[edge] == 0) {
            continue;
        }
        const float value = tree_edge_value(tree, edge, mixed);
        const float policy = tree->prior[edge] * expf(sigma * (value - highest)) / total;
        const float score = policy - (float)tree->visits[edge] / visits;
        if (score > best_score) {
            best_score = score;
            best = edge;
        }
    }
    return best;
}
