/* SPDX-License-Identifier: MIT */
/*
 * store.c - durable keys of npz_export.
 */
#include "plugins/npz_export/store.h"

#include <rr/state.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEY_BYTES 256
#define FORGET_MAX 100u /* keys of one transaction: well below the 64 KiB that it may take */

static int
make_key(char *key, const char *kind, const char *config, const char *rest, struct rr_err *err)
{
    const int length = snprintf(key, KEY_BYTES, "%s/%s%s", kind, config, rest);

    return length > 0 && length < KEY_BYTES
               ? 0
               : rr_err_set(err, RR_E_INPUT, "configuration key %.60s... is too long", config);
}

static int
shard_key(char *key, const char *config, uint64_t number, struct rr_err *err)
{
    char rest[32];

    (void)snprintf(rest, sizeof rest, "/%" PRIu64, number);
    return make_key(key, "shard", config, rest, err);
}

int
store_load(struct rr_ctx *ctx, const char *config, struct store_head *head, struct rr_err *err)
{
    char key[KEY_BYTES];
    json_t *json = NULL;
    json_t *files;
    int rc = make_key(key, "head", config, "", err);

    *head = (struct store_head){0};
    if (rc == 0) {
        rc = rr_state_load(ctx, key, &json, err);
    }
    if (rc != 0) {
        return rc;
    }
    *head = (struct store_head){.first = rr_state_u64(json, "first"),
                                .next = rr_state_u64(json, "next"),
                                .exported = rr_state_u64(json, "exported"),
                                .rows_total = rr_state_u64(json, "rows_total"),
                                .rows_new = rr_state_u64(json, "rows_new"),
                                .retry_rows = rr_state_u64(json, "retry_rows"),
                                .exports = rr_state_u64(json, "exports"),
                                .typical_length = rr_state_f64(json, "typical_length")};
    files = json_object_get(json, "files");
    head->files = json_is_array(files) ? json_incref(files) : json_array();
    json_decref(json);
    return head->files == NULL ? rr_err_set(err, -ENOMEM, "out of memory") : 0;
}

int
store_save(struct rr_ctx *ctx, const char *config, const struct store_head *head,
           struct rr_err *err)
{
    char key[KEY_BYTES];
    json_t *json;
    int rc = make_key(key, "head", config, "", err);

    if (rc != 0) {
        return rc;
    }
    json = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:O}", "first",
                     (json_int_t)head->first, "next", (json_int_t)head->next, "exported",
                     (json_int_t)head->exported, "rows_total", (json_int_t)head->rows_total,
                     "rows_new", (json_int_t)head->rows_new, "retry_rows",
                     (json_int_t)head->retry_rows, "exports", (json_int_t)head->exports,
                     "typical_length", head->typical_length, "files", head->files);
    rc = json == NULL ? rr_err_set(err, -ENOMEM, "out of memory")
                      : rr_state_store(ctx, key, json, err);
    json_decref(json);
    return rc;
}

void
store_head_fini(struct store_head *head)
{
    json_decref(head->files);
    *head = (struct store_head){0};
}

int
store_shard_load(struct rr_ctx *ctx, const char *config, uint64_t number, struct store_shard *shard,
                 struct rr_err *err)
{
    char key[KEY_BYTES];
    int rc = shard_key(key, config, number, err);

    *shard = (struct store_shard){0};
    if (rc == 0) {
        rc = rr_state_load(ctx, key, &shard->json, err);
    }
    if (rc == 0 && shard->json != NULL) {
        shard->path = rr_state_str(shard->json, "path");
        shard->sha256 = rr_state_str(shard->json, "sha256");
        shard->generation = rr_state_u64(shard->json, "generation");
        shard->games = rr_state_u64(shard->json, "games");
        shard->rows = rr_state_u64(shard->json, "rows");
    }
    return rc;
}

int
store_shard_save(struct rr_ctx *ctx, const char *config, uint64_t number,
                 const struct store_shard *shard, struct rr_err *err)
{
    char key[KEY_BYTES];
    json_t *json;
    int rc = shard_key(key, config, number, err);

    if (rc != 0) {
        return rc;
    }
    json = json_pack("{s:s, s:s, s:I, s:I, s:I}", "path", shard->path, "sha256", shard->sha256,
                     "generation", (json_int_t)shard->generation, "games", (json_int_t)shard->games,
                     "rows", (json_int_t)shard->rows);
    rc = json == NULL ? rr_err_set(err, -ENOMEM, "out of memory")
                      : rr_state_store(ctx, key, json, err);
    json_decref(json);
    return rc;
}

void
store_shard_fini(struct store_shard *shard)
{
    json_decref(shard->json);
    *shard = (struct store_shard){0};
}

int
store_forget(struct rr_ctx *ctx, const char *config, struct store_head *head, uint64_t until,
             struct rr_err *err)
{
    char key[KEY_BYTES];

    for (uint32_t i = 0; i < FORGET_MAX && head->first < until; i++, head->first++) {
        int rc = shard_key(key, config, head->first, err);

        rc = rc != 0 ? rc : rr_put(ctx, key, NULL, err);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}
