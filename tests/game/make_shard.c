/* SPDX-License-Identifier: MIT */
/*
 * make_shard.c - write a shard of three games of Connect Four, for tests of tools that read shards.
 */
#include <rr/gamekit.h>
#include <rr/opponent.h>

#include <stdio.h>

static int
on_game(void *user, const struct rr_arena_game *game, struct rr_err *err)
{
    return rr_shard_add(user, game->record, err);
}

int
main(int argc, char **argv)
{
    const struct rr_game *game;
    const struct rr_variant *v;
    struct rr_opponent o;
    struct rr_shard_writer *writer = NULL;
    struct rr_err err = RR_ERR_INIT;
    int rc = argc == 3 ? rr_game_find(argv[1], "connect4_2p", &game, &v, &err) : -1;

    if (rc == 0) {
        const struct rr_shard_info info = {
            .config = v->name, .layout = v->layout, .model_id = "none", .seed = 1};
        rc = rr_opponent_open("mcts_light", game, v, 0, &o, &err);
        rc = rc == 0 ? rr_shard_create(argv[2], &info, &writer, &err) : rc;
    }
    if (rc == 0) {
        const struct rr_arena_conf conf = {.game = game,
                                           .variant = v,
                                           .players = &o.player,
                                           .player_count = 1,
                                           .games = 3,
                                           .seed = 1,
                                           .slots = 1,
                                           .threads = 1,
                                           .game_done = on_game,
                                           .user = writer};
        rc = rr_arena_run(&conf, NULL, &err);
        rc = rc == 0 ? rr_shard_finish(writer, &err) : rc;
    }
    if (rc != 0) {
        (void)fprintf(stderr, "make_shard DIRS FILE: %s\n", err.text);
    }
    return rc != 0;
}
