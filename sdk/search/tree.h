/* SPDX-License-Identifier: MIT */
/*
 * tree.h - the search tree of one position, and what is done below its root.
 *
 * A node is a position with at least two legal moves, or a finished game; positions with one legal
 * move are played through and have no node. Nodes own their state: on RingRift copying one is
 * several times cheaper than replaying the way from the root. Edges of a node are adjacent, one
 * array per attribute, in the order of the game's legal list.
 *
 * Memory is kept from search to search; edges grow up to the bound that max_simulations gives.
 */
#ifndef RR_SEARCH_TREE_H
#define RR_SEARCH_TREE_H

#include <rr/err.h>
#include <rr/game.h>

#include <stdbool.h>
#include <stdint.h>

#define TREE_NO_CHILD UINT32_MAX

struct tree_node {
    uint32_t first, count;        /* edges; count 0: the game is over here */
    int32_t mover;                /* -1 when it is over */
    uint32_t visits;              /* its own evaluation included */
    float net[RR_GAME_MAX_SEATS]; /* evaluation or result, absolute seats */
    float sum[RR_GAME_MAX_SEATS]; /* of all values backed up through it, its own included */
};

struct tree {
    const struct rr_game *game;
    const struct rr_variant *variant;
    struct tree_node *nodes;
    unsigned char *states; /* state of node i at i * state_bytes */
    size_t state_bytes;    /* rounded up to 8 */
    uint32_t node_count, node_cap;

    rr_move *move;
    float *logit, *prior;
    float *value_sum; /* of the seat to act at the edge's node */
    uint32_t *visits, *child;
    uint32_t edge_count, edge_cap;
};

int tree_init(struct tree *tree, const struct rr_game *game, const struct rr_variant *variant,
              uint32_t max_simulations, struct rr_err *err);
void tree_fini(struct tree *tree);
void tree_clear(struct tree *tree);

static inline void *
tree_state(const struct tree *tree, uint32_t node)
{
    return tree->states + (size_t)node * tree->state_bytes;
}

/* Make a node of `state`, as it is. *node is its number; its edges have no priors yet. */
int tree_add_root(struct tree *tree, const void *state, uint32_t *node, struct rr_err *err);

/* Make the node behind an edge: play its move, then the forced ones. When the game is over there,
 * the node has its result already (net, but neither visits nor sum). */
int tree_add_child(struct tree *tree, uint32_t parent, uint32_t edge, uint32_t *node,
                   struct rr_err *err);

/* Priors of a node from its logits. */
void tree_set_priors(struct tree *tree, uint32_t node);

/*
 * Value that stands for the moves of a node that were not visited (v_mix; appendix D of the paper):
 * the evaluator's value of the node mixed with the prior-weighted mean of the visited moves.
 * *most is the number of visits of its most visited move.
 */
float tree_mixed_value(const struct tree *tree, uint32_t node, uint32_t *most);

/* Completed value of an edge for the seat to act. */
static inline float
tree_edge_value(const struct tree *tree, uint32_t edge, float mixed)
{
    return tree->visits[edge] > 0 ? tree->value_sum[edge] / (float)tree->visits[edge] : mixed;
}

/* The edge that a simulation takes below the root: argmax of improved policy - N / (1 + sum N).
 * sigma = (c_visit + most) * c_scale. */
uint32_t tree_select(const struct tree *tree, uint32_t node, float c_visit, float c_scale);

#endif
