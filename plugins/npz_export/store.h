/* SPDX-License-Identifier: MIT */
/*
 * store.h - what npz_export remembers, in durable keys.
 *
 *   head/CONFIG      counters of the configuration, and the files that are kept
 *   shard/CONFIG/N   {path, sha256, generation, games, rows}, of the shards that a window may take
 */
#ifndef NPZ_EXPORT_STORE_H
#define NPZ_EXPORT_STORE_H

#include <rr/err.h>
#include <rr/host.h>

#include <jansson.h>
#include <stdint.h>

struct store_head {
    uint64_t first, next; /* shards [first, next) have keys */
    uint64_t exported;    /* shards below this were in an export before */
    uint64_t rows_total;  /* expected rows of all shards ever */
    uint64_t rows_new;    /* of them, since the last export */
    uint64_t retry_rows;  /* see window_due */
    uint64_t exports;
    double typical_length; /* of games, over earlier exports; 0 when there was none */
    json_t *files;         /* array of paths, oldest first; owned */
};

struct store_shard {
    const char *path, *sha256; /* borrowed from json */
    uint64_t generation, games, rows;
    json_t *json; /* owned; NULL when there is no such shard */
};

int store_load(struct rr_ctx *ctx, const char *config, struct store_head *head, struct rr_err *err);
int store_save(struct rr_ctx *ctx, const char *config, const struct store_head *head,
               struct rr_err *err);
void store_head_fini(struct store_head *head);

/* shard->json NULL and 0 when there is none of this number. */
int store_shard_load(struct rr_ctx *ctx, const char *config, uint64_t number,
                     struct store_shard *shard, struct rr_err *err);
int store_shard_save(struct rr_ctx *ctx, const char *config, uint64_t number,
                     const struct store_shard *shard, struct rr_err *err);
void store_shard_fini(struct store_shard *shard);

/* Forget shards from head->first up to before `until`; at most so many that they fit one handler's
 * transaction, the rest next time. Moves head->first. */
int store_forget(struct rr_ctx *ctx, const char *config, struct store_head *head, uint64_t until,
                 struct rr_err *err);

#endif
