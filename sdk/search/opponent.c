/* SPDX-License-Identifier: MIT */
/*
 * opponent.c - opponents by name.
 */
#include <rr/opponent.h>

#include <string.h>
#include <unistd.h>

struct builtin {
    const char *name;
    uint32_t kind, level, simulations; /* simulations 0: the caller's */
};

static const struct builtin builtins[] = {
    {"random", RR_PLAYER_RANDOM, 0, 0},
    {"heuristic", RR_PLAYER_RULES, 5, 0},
    {"heuristic_strong", RR_PLAYER_RULES, RR_GAME_LEVELS, 0},
    {"mcts_light", RR_PLAYER_SEARCH, 0, 32},
    {"mcts_medium", RR_PLAYER_SEARCH, 0, 128},
    {"mcts_strong", RR_PLAYER_SEARCH, 0, 512},
    {"mcts_master", RR_PLAYER_SEARCH, 0, 1024},
    {"mcts_grandmaster", RR_PLAYER_SEARCH, 0, 2048},
    {"uniform", RR_PLAYER_SEARCH, 0, 0},
};

/* The built-in opponent of that name; level is that of "heuristic:LEVEL", 0 for one out of range.
 */
static const struct builtin *
find_builtin(const char *name, uint32_t *level)
{
    static const char prefix[] = "heuristic:";
    const size_t n = sizeof prefix - 1;

    if (strncmp(name, prefix, n) == 0) {
        const bool is_good = name[n] > '0' && name[n] <= '0' + RR_GAME_LEVELS && name[n + 1] == 0;
        *level = is_good ? (uint32_t)(name[n] - '0') : 0;
        return &builtins[1];
    }
    for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++) {
        if (strcmp(name, builtins[i].name) == 0) {
            *level = builtins[i].level;
            return &builtins[i];
        }
    }
    return NULL;
}

bool
rr_opponent_is_builtin(const char *name)
{
    uint32_t level;

    return find_builtin(name, &level) != NULL;
}

static int
open_model(const char *name, const struct rr_variant *variant, struct rr_net **net,
           struct rr_err *err)
{
    if (access(name, F_OK) != 0) {
        return rr_err_set(err, RR_E_INPUT, "no opponent and no model file \"%.60s\"; there are %s",
                          name, RR_OPPONENT_NAMES);
    }
    return rr_model_load(name, variant->layout, net, err);
}

int
rr_opponent_open(const char *name, const struct rr_game *game, const struct rr_variant *variant,
                 uint32_t simulations, struct rr_opponent *opponent, struct rr_err *err)
{
    uint32_t level = 0;
    const struct builtin *b = find_builtin(name, &level);
    struct rr_player *player = &opponent->player;

    *opponent = (struct rr_opponent){0};
    if (b == NULL) {
        const int rc = open_model(name, variant, &opponent->net, err);
        rr_player_search(player, opponent->net, simulations);
        return rc;
    }
    if (b->kind == RR_PLAYER_RANDOM) {
        rr_player_random(player);
        return 0;
    }
    rr_player_search(player, NULL, b->simulations > 0 ? b->simulations : simulations);
    if (b->kind == RR_PLAYER_SEARCH && b->simulations > 0) {
        /* An even prior: without noise ties would fall to the first moves of each list. */
        player->search.gumbel_scale = 1.0f;
        player->search.leaf = RR_LEAF_PLAYOUT;
        if (game->evaluate != NULL) {
            /* Rules of thumb tell good from bad in the right order, but call both nearly even;
             * with more weight on differences the search follows them (doc/opponents.md). */
            player->search.gumbel_scale = 0.3f;
            player->search.c_scale = 4.0f;
            player->search.leaf = RR_LEAF_RULES;
        }
    } else if (b->kind == RR_PLAYER_RULES) {
        player->kind = RR_PLAYER_RULES;
        player->level = level;
        if (level == 0) {
            return rr_err_set(err, RR_E_INPUT, "%.40s: levels are 1 to %d", name, RR_GAME_LEVELS);
        }
        if (game->evaluate == NULL) {
            return rr_err_set(err, RR_E_INPUT,
                              "%.40s: game %.40s has no rules of thumb (evaluate of rr-game(3)); "
                              "mcts_light and others play it",
                              name, game->name);
        }
    }
    return 0;
}

void
rr_opponent_close(struct rr_opponent *opponent)
{
    rr_net_free(opponent->net);
    opponent->net = NULL;
}
