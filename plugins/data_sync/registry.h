/* SPDX-License-Identifier: MIT */
/*
 * registry.h - which shards and games are known, in durable keys.
 *
 *   total/CONFIG      {next, shards, games, plies, samples, bytes}   all that was ever registered
 *   shard/CONFIG/N    {sha256, path, games, ids}    the newest shards, for finding repetitions
 *
 * Bounded: a shard that falls out of the window keeps its counts in the total and loses its key.
 */
#ifndef DATA_SYNC_REGISTRY_H
#define DATA_SYNC_REGISTRY_H

#include <rr/err.h>
#include <rr/host.h>

#include <stddef.h>
#include <stdint.h>

/* A key takes 32 KiB, a game 16 bytes of it. */
#define REGISTRY_GAMES_MAX 1900u

/* What a shard adds to the totals; ids are the first 64 bits of each game's id, in any order. */
struct registry_shard {
    const char *sha256, *path;
    uint64_t games, plies, samples, bytes;
    uint64_t *ids; /* sorted by registry_find */
};

struct registry_total {
    uint64_t next; /* number of the next shard */
    uint64_t shards, games, plies, samples, bytes;
};

int registry_load(struct rr_ctx *ctx, const char *config, struct registry_total *total,
                  struct rr_err *err);

/*
 * Look for the shard among the newest `window` ones. *known gets 1 when the same file is
 * registered; *repeated how many of its games are in other shards (also in itself, twice), and then
 * `where` (64 bytes) says in which.
 */
int registry_find(struct rr_ctx *ctx, const char *config, uint64_t window,
                  const struct registry_total *total, const struct registry_shard *shard,
                  int *known, uint64_t *repeated, char *where, struct rr_err *err);

/* Register a new shard: counts it in *total and stores both; forgets the one that leaves the
 * window. */
int registry_add(struct rr_ctx *ctx, const char *config, uint64_t window,
                 struct registry_total *total, const struct registry_shard *shard,
                 struct rr_err *err);

#endif
