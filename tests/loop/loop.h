/* SPDX-License-Identifier: MIT */
/*
 * loop.h - what tests of the stages share: a data directory of their own, and shards of random
 * Connect Four games to feed them.
 */
#ifndef TESTS_LOOP_LOOP_H
#define TESTS_LOOP_LOOP_H

#include <rr/digest.h>
#include <rr/gamekit.h>
#include <rr/shard.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOP_CONFIG "connect4_2p"
#define LOOP_PLIES 64

static char loop_dir[256];
static char loop_plugins[512];

/* Make a data directory with a folder for games; its name is in loop_dir. */
static inline int
loop_begin(void)
{
    char path[300];
    const char *tmp = getenv("TMPDIR");
    const char *build = getenv("RR_BUILDDIR");

    (void)snprintf(loop_dir, sizeof loop_dir, "%s/rr-loop-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    (void)snprintf(loop_plugins, sizeof loop_plugins, "%s/plugins", build == NULL ? "." : build);
    if (mkdtemp(loop_dir) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/games", loop_dir);
    return mkdir(path, 0700);
}

/* Remove the directory and all in it. */
static inline int
loop_end(void)
{
    char command[300];

    (void)snprintf(command, sizeof command, "rm -rf '%s'", loop_dir);
    return system(command);
}

struct loop_shard {
    char path[64]; /* relative to loop_dir */
    char sha256[RR_SHA256_HEX];
    uint64_t bytes, games, plies, samples;
};

/* Play one random game. searched: each ply gets a target over its legal moves. */
static inline void
loop_game(const struct rr_game *game, const struct rr_variant *v, uint64_t *seed, int searched,
          struct rr_ply *plies, rr_move *moves, float *probs, struct rr_record *record)
{
    uint64_t state[64];
    int32_t mover;

    *record = (struct rr_record){.seed = *seed, .finished_ms = 1700000000000u, .ply = plies};
    for (size_t i = 0; i < sizeof record->id; i++) {
        record->id[i] = (uint8_t)rr_game_random(seed);
    }
    game->init(v, 0, state);
    while ((mover = game->mover(v, state)) >= 0) {
        struct rr_ply *ply = &plies[record->plies];
        rr_move *legal = moves + (size_t)record->plies * v->max_moves;
        float *prob = probs + (size_t)record->plies * v->max_moves;
        const uint32_t count = game->legal(v, state, legal);

        *ply = (struct rr_ply){.move = legal[rr_game_random(seed) % count]};
        if (searched) {
            ply->flags = RR_PLY_SEARCHED;
            ply->targets = count;
            ply->target_moves = legal;
            ply->target_probs = prob;
            ply->value[mover] = 1.0f;
            for (uint32_t i = 0; i < count; i++) {
                prob[i] = 1.0f / (float)count;
            }
        }
        record->plies++;
        game->apply(v, state, ply->move);
    }
    game->result(v, state, record->share);
}

/* Layout id that loop_shard() writes, when it is not the variant's. */
static const char *loop_layout;

/* Write a shard of random games to games/NAME. Returns 0 on success. */
static inline int
loop_shard(const char *name, uint64_t seed, uint32_t games, uint64_t generation,
           struct loop_shard *shard)
{
    static struct rr_ply plies[LOOP_PLIES];
    static rr_move moves[LOOP_PLIES * 16];
    static float probs[LOOP_PLIES * 16];
    const struct rr_game *game = NULL;
    const struct rr_variant *v = NULL;
    struct rr_shard_writer *writer = NULL;
    struct rr_err err = RR_ERR_INIT;
    char path[400];
    int rc = rr_game_find(loop_plugins, LOOP_CONFIG, &game, &v, &err);

    if (rc == 0) {
        const struct rr_shard_info info = {.config = LOOP_CONFIG,
                                           .layout = loop_layout != NULL ? loop_layout : v->layout,
                                           .model_id = generation > 0 ? "m" : "none",
                                           .generation = generation,
                                           .seed = seed};

        (void)snprintf(shard->path, sizeof shard->path, "games/%s", name);
        (void)snprintf(path, sizeof path, "%s/%s", loop_dir, shard->path);
        rc = rr_shard_create(path, &info, &writer, &err);
    }
    shard->games = games;
    shard->plies = shard->samples = 0;
    for (uint32_t i = 0; rc == 0 && i < games; i++) {
        struct rr_record record;

        loop_game(game, v, &seed, generation > 0, plies, moves, probs, &record);
        shard->plies += record.plies;
        shard->samples += generation > 0 ? record.plies : 0;
        rc = rr_shard_add(writer, &record, &err);
    }
    rc = rc == 0 ? rr_shard_finish(writer, &err) : rc;
    rc = rc == 0 ? rr_sha256_file(path, shard->sha256, &shard->bytes, &err) : rc;
    if (rc != 0) {
        printf("# %s\n", err.text);
    }
    return rc;
}

#endif
