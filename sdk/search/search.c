/* SPDX-License-Identifier: MIT */
/*
 * search.c - searches of many positions at once, with leaves evaluated in batches.
 *
 * Owns: the slots, the batch buffers, the evaluation cache.
 * Does not: know what a move is good for (tree.c, root.c) or play games (arena.c).
 *
 * A slot goes from idle to busy in rr_search_begin() and to done in rr_search_step(). In a step
 * each busy slot descends until it stands at a position that needs the evaluator; then all those
 * are evaluated together.
 */
#include <rr/search.h>

#include "cache.h"
#include "look.h"
#include "rng.h"
#include "root.h"
#include "tree.h"

#include <rr/gamekit.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum slot_state { SLOT_IDLE, SLOT_BUSY, SLOT_DONE };

struct slot {
    enum slot_state state;
    struct tree tree;
    struct root root;
    uint32_t simulations, made; /* made counts finished ones; the root's evaluation is none */
    uint32_t *path;             /* edges from the root to the leaf */
    uint32_t *path_node;        /* node of each of these edges */
    uint32_t depth;
    uint32_t leaf;          /* node that is being evaluated */
    uint64_t rng;           /* of playouts */
    bool has_leaf;          /* it is in the batch */
    bool is_forced;         /* one legal move: nothing was searched */
    struct cache_key key;   /* of the leaf */
    uint32_t *policy_index; /* of the leaf's moves, under the symmetry it was encoded with */
    struct rr_search_move *moves;
};

struct rr_search {
    const struct rr_game *game;
    const struct rr_variant *variant;
    struct rr_search_conf conf;
    rr_eval_fn eval;
    void *eval_user;
    struct slot *slots;
    struct cache *cache;
    struct rr_search_stats stats;

    uint32_t *batch_slot; /* slot of each row */
    uint32_t batch;
    size_t planes_bytes;
    uint32_t policy_size;
    uint8_t *planes;
    float *scalars, *policy, *value;
    void *image;   /* a state under a symmetry, or one that is being tried out */
    rr_move *move; /* legal moves of that state */
};

void
rr_search_conf_init(struct rr_search_conf *conf)
{
    *conf = (struct rr_search_conf){
        .slots = 1, .max_simulations = 32, .considered = 16, .c_visit = 50.0f, .c_scale = 1.0f};
}

static int
check_conf(const struct rr_game *game, const struct rr_search_conf *conf, struct rr_err *err)
{
    if (conf->slots == 0 || conf->slots > 65536 || conf->max_simulations > 1000000) {
        return rr_err_set(err, RR_E_INPUT,
                          "search: %u slots and %u simulations are outside 1..65536 and 0..1000000",
                          conf->slots, conf->max_simulations);
    }
    if (conf->considered == 0 || !(conf->c_visit >= 0.0f) || !(conf->c_scale >= 0.0f) ||
        !(conf->gumbel_scale >= 0.0f)) {
        return rr_err_set(err, RR_E_INPUT,
                          "search: considered must be 1 or more, constants and noise not negative");
    }
    if (conf->leaf > RR_LEAF_PLAYOUT || (conf->leaf == RR_LEAF_RULES && game->evaluate == NULL)) {
        return rr_err_set(err, RR_E_INPUT, "search: game %s has no rules of thumb to search with",
                          game->name);
    }
    return 0;
}

static int
slot_init(struct rr_search *search, struct slot *slot, struct rr_err *err)
{
    const struct rr_variant *v = search->variant;
    const size_t sims = (size_t)search->conf.max_simulations + 1;
    const int rc = tree_init(&slot->tree, search->game, v, search->conf.max_simulations, err);

    if (rc != 0) {
        return rc;
    }
    slot->root.gumbel = malloc(v->max_moves * sizeof *slot->root.gumbel);
    slot->root.schedule = malloc(sims * sizeof *slot->root.schedule);
    slot->path = malloc(sims * sizeof *slot->path);
    slot->path_node = malloc(sims * sizeof *slot->path_node);
    slot->policy_index = malloc(v->max_moves * sizeof *slot->policy_index);
    slot->moves = malloc(v->max_moves * sizeof *slot->moves);
    if (slot->root.gumbel == NULL || slot->root.schedule == NULL || slot->path == NULL ||
        slot->path_node == NULL || slot->policy_index == NULL || slot->moves == NULL) {
        return rr_err_set(err, -ENOMEM, "search of %s: out of memory", v->name);
    }
    return 0;
}

static void
slot_fini(struct slot *slot)
{
    tree_fini(&slot->tree);
    free(slot->root.gumbel);
    free(slot->root.schedule);
    free(slot->path);
    free(slot->path_node);
    free(slot->policy_index);
    free(slot->moves);
}

static int
batch_init(struct rr_search *search, struct rr_err *err)
{
    const struct rr_variant *v = search->variant;
    const size_t n = search->conf.slots;

    search->planes_bytes = (size_t)v->height * v->width * v->planes;
    search->policy_size = rr_variant_policy_size(v);
    search->batch_slot = malloc(n * sizeof *search->batch_slot);
    search->planes = malloc(n * search->planes_bytes);
    search->scalars = malloc(n * (v->scalars + 1) * sizeof(float));
    search->policy = malloc(n * search->policy_size * sizeof(float));
    search->value = malloc(n * v->seats * sizeof(float));
    search->image = malloc(v->state_bytes + 8);
    search->move = malloc(v->max_moves * sizeof *search->move);
    if (search->batch_slot == NULL || search->planes == NULL || search->scalars == NULL ||
        search->policy == NULL || search->value == NULL || search->image == NULL ||
        search->move == NULL) {
        return rr_err_set(err, -ENOMEM, "search of %s: out of memory", v->name);
    }
    if (search->conf.cache_entries > 0) {
        search->cache = cache_new(search->conf.cache_entries, v->max_moves + RR_GAME_MAX_SEATS);
        if (search->cache == NULL) {
            return rr_err_set(err, -ENOMEM, "search of %s: no memory for %u cached evaluations",
                              v->name, search->conf.cache_entries);
        }
    }
    return 0;
}

int
rr_search_new(const struct rr_game *game, const struct rr_variant *variant,
              const struct rr_search_conf *conf, rr_eval_fn eval, void *eval_user,
              struct rr_search **out_search, struct rr_err *err)
{
    int rc = check_conf(game, conf, err);

    if (rc != 0) {
        return rc;
    }
    struct rr_search *search = calloc(1, sizeof *search);
    if (search == NULL) {
        return rr_err_set(err, -ENOMEM, "search of %s: out of memory", variant->name);
    }
    search->game = game;
    search->variant = variant;
    search->conf = *conf;
    search->eval = eval;
    search->eval_user = eval_user;
    search->slots = calloc(conf->slots, sizeof *search->slots);
    if (search->slots == NULL) {
        rc = rr_err_set(err, -ENOMEM, "search of %s: out of memory", variant->name);
        goto out;
    }
    for (uint32_t i = 0; i < conf->slots; i++) {
        rc = slot_init(search, &search->slots[i], err);
        if (rc != 0) {
            goto out;
        }
    }
    rc = batch_init(search, err);
out:
    if (rc != 0) {
        rr_search_free(search);
        return rc;
    }
    *out_search = search;
    return 0;
}

void
rr_search_free(struct rr_search *search)
{
    if (search == NULL) {
        return;
    }
    for (uint32_t i = 0; search->slots != NULL && i < search->conf.slots; i++) {
        slot_fini(&search->slots[i]);
    }
    free(search->slots);
    cache_free(search->cache);
    free(search->batch_slot);
    free(search->planes);
    free(search->scalars);
    free(search->policy);
    free(search->value);
    free(search->image);
    free(search->move);
    free(search);
}

int
rr_search_begin(struct rr_search *search, uint32_t slot_number, const void *state,
                uint32_t simulations, uint32_t flags, uint64_t seed, struct rr_err *err)
{
    if (slot_number >= search->conf.slots || simulations > search->conf.max_simulations) {
        return rr_err_set(err, RR_E_INPUT,
                          "search: slot %u of %u with %u of at most %u simulations", slot_number,
                          search->conf.slots, simulations, search->conf.max_simulations);
    }
    struct slot *slot = &search->slots[slot_number];
    uint32_t root;

    slot->state = SLOT_IDLE;
    tree_clear(&slot->tree);
    const int rc = tree_add_root(&slot->tree, state, &root, err);
    if (rc != 0) {
        return rc;
    }
    const uint32_t count = slot->tree.nodes[root].count;
    slot->is_forced = count == 1;
    slot->simulations = simulations;
    slot->made = 0;
    slot->state = slot->is_forced ? SLOT_DONE : SLOT_BUSY;
    root_plan(&slot->root, count, search->conf.considered, simulations);
    root_noise(&slot->root, count,
               (flags & RR_SEARCH_QUIET) != 0 ? 0.0f : search->conf.gumbel_scale, &seed);
    slot->rng = seed;
    return 0;
}

/* Encode a leaf as the next row of the batch, under the symmetry that its hash draws. */
static void
encode_leaf(struct rr_search *search, struct slot *slot)
{
    const struct rr_game *game = search->game;
    const struct rr_variant *v = search->variant;
    const struct tree_node *node = &slot->tree.nodes[slot->leaf];
    const void *original = tree_state(&slot->tree, slot->leaf);
    const rr_move *moves = slot->tree.move + node->first;
    const void *shown = original;
    const uint32_t sym = search->conf.symmetries && v->symmetries > 1
                             ? (uint32_t)((slot->key.hi >> 32) * v->symmetries >> 32)
                             : 0;

    if (sym != 0 && rr_game_image(game, v, sym, original, moves, node->count, search->image,
                                  slot->policy_index) == 0) {
        shown = search->image;
    } else {
        for (uint32_t i = 0; i < node->count; i++) {
            slot->policy_index[i] = game->policy_index(v, original, moves[i]);
        }
    }
    game->encode(v, shown, search->planes + search->batch * search->planes_bytes,
                 search->scalars + (size_t)search->batch * v->scalars);
}

/* Give a value to the leaf and to every node and edge on the way to it. */
static void
back_up(struct slot *slot, uint32_t seats)
{
    struct tree *tree = &slot->tree;
    struct tree_node *leaf = &tree->nodes[slot->leaf];
    const float *value = leaf->net;

    leaf->visits++;
    for (uint32_t s = 0; s < seats; s++) {
        leaf->sum[s] += value[s];
    }
    for (uint32_t i = slot->depth; i-- > 0;) {
        struct tree_node *node = &tree->nodes[slot->path_node[i]];
        const uint32_t edge = slot->path[i];
        node->visits++;
        for (uint32_t s = 0; s < seats; s++) {
            node->sum[s] += value[s];
        }
        tree->visits[edge]++;
        tree->value_sum[edge] += value[node->mover];
    }
}

/* Take over an evaluation: logits of the legal moves, then the value in absolute seats. */
static void
finish_leaf(struct rr_search *search, struct slot *slot, const float *logits, const float *value)
{
    struct tree_node *leaf = &slot->tree.nodes[slot->leaf];

    memcpy(slot->tree.logit + leaf->first, logits, leaf->count * sizeof *logits);
    memcpy(leaf->net, value, search->variant->seats * sizeof *value);
    tree_set_priors(&slot->tree, slot->leaf);
    back_up(slot, search->variant->seats);
}

/* Without a net all moves look alike, and only `considered` of them are tried: at the root, rules
 * of thumb say which. A look one move ahead weighs as much as the value of a move tried once. */
static void
prior_of_rules(struct rr_search *search, struct slot *slot)
{
    const struct look look = {search->game, search->variant, search->image, search->move, NULL};
    const struct tree_node *root = &slot->tree.nodes[0];
    const float sigma = search->conf.c_visit * search->conf.c_scale;

    for (uint32_t edge = root->first; edge < root->first + root->count; edge++) {
        slot->tree.logit[edge] = sigma * look_ahead(&look, tree_state(&slot->tree, 0),
                                                    slot->tree.move[edge], RR_GAME_LEVELS);
    }
}

/* Evaluate a leaf without a net: the value is that which the conf's leaf names. */
static void
finish_without_net(struct rr_search *search, struct slot *slot)
{
    const struct rr_variant *v = search->variant;
    const struct tree_node *leaf = &slot->tree.nodes[slot->leaf];
    const void *state = tree_state(&slot->tree, slot->leaf);
    float *logit = slot->tree.logit + leaf->first;
    float value[RR_GAME_MAX_SEATS];

    memset(logit, 0, leaf->count * sizeof *logit);
    if (search->conf.leaf == RR_LEAF_RULES) {
        search->game->evaluate(v, state, RR_GAME_LEVELS, value);
        if (slot->leaf == 0) {
            prior_of_rules(search, slot);
        }
    } else if (search->conf.leaf == RR_LEAF_PLAYOUT) {
        const struct look look = {search->game, v, search->image, search->move, &slot->rng};
        look_playout(&look, state, value);
    } else {
        for (uint32_t s = 0; s < v->seats; s++) {
            value[s] = 1.0f / (float)v->seats;
        }
    }
    finish_leaf(search, slot, logit, value);
    search->stats.evaluations++;
}

/* A leaf that needs no row of the batch: from the cache, or without a net. Returns false when the
 * evaluator has to be asked. */
static bool
try_without_net(struct rr_search *search, struct slot *slot)
{
    const struct rr_variant *v = search->variant;
    const struct tree_node *leaf = &slot->tree.nodes[slot->leaf];
    const void *state = tree_state(&slot->tree, slot->leaf);

    if (search->eval == NULL) {
        finish_without_net(search, slot);
        return true;
    }
    if (search->cache != NULL || search->conf.symmetries) {
        slot->key = cache_hash(state, v->state_bytes);
    }
    if (search->cache != NULL) {
        const float *known = cache_find(search->cache, slot->key, leaf->count + v->seats);
        if (known != NULL) {
            finish_leaf(search, slot, known, known + leaf->count);
            search->stats.cache_hits++;
            return true;
        }
    }
    return false;
}

/* Follow one simulation from the root to a leaf; *is_new says that it has just become a node. */
static int
descend(struct rr_search *search, struct slot *slot, bool *is_new, struct rr_err *err)
{
    struct tree *tree = &slot->tree;
    uint32_t node = 0;
    uint32_t edge = root_select(&slot->root, tree, slot->made, &search->conf);

    slot->depth = 0;
    *is_new = false;
    for (;;) {
        slot->path_node[slot->depth] = node;
        slot->path[slot->depth++] = edge;
        if (tree->child[edge] == TREE_NO_CHILD) {
            *is_new = true;
            return tree_add_child(tree, node, edge, &slot->leaf, err);
        }
        node = tree->child[edge];
        if (tree->nodes[node].count == 0) {
            slot->leaf = node;
            return 0;
        }
        edge = tree_select(tree, node, search->conf.c_visit, search->conf.c_scale);
    }
}

/* Run a busy slot until it is done or has a leaf in the batch. */
static int
advance(struct rr_search *search, struct slot *slot, struct rr_err *err)
{
    slot->has_leaf = false;
    for (;;) {
        bool is_new = true;
        if (slot->tree.nodes[0].visits == 0) {
            slot->leaf = 0;
            slot->depth = 0;
        } else if (slot->made == slot->simulations) {
            slot->state = SLOT_DONE;
            return 0;
        } else {
            const int rc = descend(search, slot, &is_new, err);
            if (rc != 0) {
                return rc;
            }
        }
        const bool is_simulation = slot->depth > 0;
        if (slot->tree.nodes[slot->leaf].count == 0) {
            back_up(slot, search->variant->seats);
            search->stats.terminal_leaves++;
        } else if (!try_without_net(search, slot)) {
            slot->has_leaf = true;
            return 0;
        }
        slot->made += is_simulation;
        search->stats.simulations += is_simulation;
    }
}

/* Take row `row` of the evaluated batch into its slot, and into the cache. */
static int
take_row(struct rr_search *search, uint32_t row, struct rr_err *err)
{
    const struct rr_variant *v = search->variant;
    struct slot *slot = &search->slots[search->batch_slot[row]];
    const struct tree_node *leaf = &slot->tree.nodes[slot->leaf];
    const float *policy = search->policy + (size_t)row * search->policy_size;
    const float *relative = search->value + (size_t)row * v->seats;
    float *logit = slot->tree.logit + leaf->first;
    float value[RR_GAME_MAX_SEATS] = {0};
    float check = 0.0f;

    for (uint32_t i = 0; i < leaf->count; i++) {
        logit[i] = policy[slot->policy_index[i]];
        check += logit[i];
    }
    for (uint32_t s = 0; s < v->seats; s++) {
        value[((uint32_t)leaf->mover + s) % v->seats] = relative[s];
        check += relative[s];
    }
    if (!isfinite(check)) {
        return rr_err_set(err, RR_E_MISMATCH,
                          "search of %s: the evaluator gave a number that is not finite: "
                          "the model is damaged or its training diverged",
                          v->name);
    }
    if (search->cache != NULL) {
        float *keep = cache_put(search->cache, slot->key, leaf->count + v->seats);
        memcpy(keep, logit, leaf->count * sizeof *keep);
        memcpy(keep + leaf->count, value, v->seats * sizeof *keep);
    }
    finish_leaf(search, slot, logit, value);
    if (slot->depth > 0) {
        slot->made++;
        search->stats.simulations++;
    }
    if (slot->made == slot->simulations) {
        slot->state = SLOT_DONE;
    }
    return 0;
}

static int
fail(struct rr_search *search, int rc)
{
    for (uint32_t i = 0; i < search->conf.slots; i++) {
        search->slots[i].state = SLOT_IDLE;
    }
    return rc;
}

int
rr_search_step(struct rr_search *search, struct rr_err *err)
{
    search->batch = 0;
    for (uint32_t i = 0; i < search->conf.slots; i++) {
        struct slot *slot = &search->slots[i];
        if (slot->state != SLOT_BUSY) {
            continue;
        }
        const int rc = advance(search, slot, err);
        if (rc != 0) {
            return fail(search, rc);
        }
        if (slot->has_leaf) {
            encode_leaf(search, slot);
            search->batch_slot[search->batch++] = i;
        }
    }
    if (search->batch == 0) {
        return 0;
    }
    int rc = search->eval(search->eval_user, search->batch, search->planes, search->scalars,
                          search->policy, search->value, err);
    for (uint32_t row = 0; rc == 0 && row < search->batch; row++) {
        rc = take_row(search, row, err);
    }
    if (rc != 0) {
        return fail(search, rc);
    }
    search->stats.evaluations += search->batch;
    search->stats.batches++;
    return 0;
}

bool
rr_search_is_done(const struct rr_search *search, uint32_t slot)
{
    return search->slots[slot].state == SLOT_DONE;
}

int
rr_search_result(struct rr_search *search, uint32_t slot_number, struct rr_search_result *result,
                 struct rr_err *err)
{
    if (slot_number >= search->conf.slots || search->slots[slot_number].state != SLOT_DONE) {
        return rr_err_set(err, RR_E_INPUT, "search: slot %u has no result", slot_number);
    }
    struct slot *slot = &search->slots[slot_number];
    const struct tree_node *root = &slot->tree.nodes[0];

    *result = (struct rr_search_result){.count = root->count, .moves = slot->moves};
    if (slot->is_forced) {
        const float even = 1.0f / (float)search->variant->seats;
        for (uint32_t s = 0; s < search->variant->seats; s++) {
            result->value[s] = result->net_value[s] = even;
        }
        slot->moves[0] = (struct rr_search_move){
            .move = slot->tree.move[0], .prior = 1.0f, .target = 1.0f, .q = even};
        result->best = slot->moves[0].move;
        return 0;
    }
    root_report(&slot->tree, &search->conf, slot->moves, result->value);
    memcpy(result->net_value, root->net, sizeof result->net_value);
    result->best = slot->tree.move[root_best(&slot->root, &slot->tree, &search->conf)];
    return 0;
}

void
rr_search_stats(const struct rr_search *search, struct rr_search_stats *stats)
{
    *stats = search->stats;
}
