/* SPDX-License-Identifier: MIT */
/*
 * registry.c - known shards and games.
 *
 * The window is read anew for each shard: some hundred small keys cost milliseconds, and nothing in
 * memory can then differ from what is committed.
 */
#include "plugins/data_sync/registry.h"

#include <rr/state.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES 256
#define ID_DIGITS 16u

static int
shard_key(char *key, const char *config, uint64_t number, struct rr_err *err)
{
    const int length = snprintf(key, KEY_BYTES, "shard/%s/%" PRIu64, config, number);

    return length > 0 && length < KEY_BYTES
               ? 0
               : rr_err_set(err, RR_E_INPUT, "configuration key %.60s... is too long", config);
}

static int
total_key(char *key, const char *config, struct rr_err *err)
{
    const int length = snprintf(key, KEY_BYTES, "total/%s", config);

    return length > 0 && length < KEY_BYTES
               ? 0
               : rr_err_set(err, RR_E_INPUT, "configuration key %.60s... is too long", config);
}

int
registry_load(struct rr_ctx *ctx, const char *config, struct registry_total *total,
              struct rr_err *err)
{
    char key[KEY_BYTES];
    json_t *value = NULL;
    int rc = total_key(key, config, err);

    if (rc == 0) {
        rc = rr_state_load(ctx, key, &value, err);
    }
    if (rc != 0) {
        return rc;
    }
    *total = (struct registry_total){.next = rr_state_u64(value, "next"),
                                     .shards = rr_state_u64(value, "shards"),
                                     .games = rr_state_u64(value, "games"),
                                     .plies = rr_state_u64(value, "plies"),
                                     .samples = rr_state_u64(value, "samples"),
                                     .bytes = rr_state_u64(value, "bytes")};
    json_decref(value);
    return 0;
}

static int
by_id(const void *a, const void *b)
{
    uint64_t x;
    uint64_t y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

/* Count how many of the ids in text are among the sorted ids of a shard. */
static uint64_t
count_common(const struct registry_shard *shard, const char *text)
{
    char digits[ID_DIGITS + 1];
    uint64_t common = 0;

    for (size_t left = strlen(text); left >= ID_DIGITS; left -= ID_DIGITS, text += ID_DIGITS) {
        uint64_t id;

        memcpy(digits, text, ID_DIGITS);
        digits[ID_DIGITS] = '\0';
        id = strtoull(digits, NULL, 16);
        common += bsearch(&id, shard->ids, shard->games, sizeof id, by_id) != NULL;
    }
    return common;
}

int
registry_find(struct rr_ctx *ctx, const char *config, uint64_t window,
              const struct registry_total *total, const struct registry_shard *shard, int *known,
              uint64_t *repeated, char *where, struct rr_err *err)
{
    const uint64_t first = total->next > window ? total->next - window : 0;
    char key[KEY_BYTES];

    *known = 0;
    *repeated = 0;
    qsort(shard->ids, shard->games, sizeof *shard->ids, by_id);
    for (uint64_t i = 1; i < shard->games; i++) {
        *repeated += shard->ids[i] == shard->ids[i - 1];
    }
    if (*repeated > 0) {
        (void)snprintf(where, 64, "the shard itself");
        return 0;
    }
    for (uint64_t n = total->next; n-- > first && *repeated == 0 && !*known;) {
        json_t *value = NULL;
        int rc = shard_key(key, config, n, err);

        if (rc == 0) {
            rc = rr_state_load(ctx, key, &value, err);
        }
        if (rc != 0) {
            return rc;
        }
        *known = strcmp(rr_state_str(value, "sha256"), shard->sha256) == 0;
        *repeated = *known ? 0 : count_common(shard, rr_state_str(value, "ids"));
        if (*repeated > 0) {
            (void)snprintf(where, 64, "%s", rr_state_str(value, "path"));
        }
        json_decref(value);
    }
    return 0;
}

static int
store_total(struct rr_ctx *ctx, const char *config, const struct registry_total *total,
            struct rr_err *err)
{
    char key[KEY_BYTES];
    json_t *value;
    int rc = total_key(key, config, err);

    if (rc != 0) {
        return rc;
    }
    value = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "next", (json_int_t)total->next, "shards",
                      (json_int_t)total->shards, "games", (json_int_t)total->games, "plies",
                      (json_int_t)total->plies, "samples", (json_int_t)total->samples, "bytes",
                      (json_int_t)total->bytes);
    rc = value == NULL ? rr_err_set(err, -ENOMEM, "out of memory")
                       : rr_state_store(ctx, key, value, err);
    json_decref(value);
    return rc;
}

static int
store_shard(struct rr_ctx *ctx, const char *config, uint64_t number,
            const struct registry_shard *shard, struct rr_err *err)
{
    char key[KEY_BYTES];
    char *ids = malloc(shard->games * ID_DIGITS + 1);
    json_t *value = NULL;
    int rc = shard_key(key, config, number, err);

    if (rc == 0 && ids != NULL) {
        ids[0] = '\0';
        for (uint64_t i = 0; i < shard->games; i++) {
            (void)snprintf(ids + i * ID_DIGITS, ID_DIGITS + 1, "%016" PRIx64, shard->ids[i]);
        }
        value = json_pack("{s:s, s:s, s:I, s:s}", "sha256", shard->sha256, "path", shard->path,
                          "games", (json_int_t)shard->games, "ids", ids);
    }
    if (rc == 0) {
        rc = value == NULL ? rr_err_set(err, -ENOMEM, "out of memory")
                           : rr_state_store(ctx, key, value, err);
    }
    json_decref(value);
    free(ids);
    return rc;
}

int
registry_add(struct rr_ctx *ctx, const char *config, uint64_t window, struct registry_total *total,
             const struct registry_shard *shard, struct rr_err *err)
{
    const uint64_t number = total->next;
    char key[KEY_BYTES];
    int rc = store_shard(ctx, config, number, shard, err);

    /* One new key in, at most one old key out: the window stays as it is. */
    if (rc == 0 && number >= window) {
        rc = shard_key(key, config, number - window, err);
        rc = rc != 0 ? rc : rr_put(ctx, key, NULL, err);
    }
    if (rc != 0) {
        return rc;
    }
    total->next++;
    total->shards++;
    total->games += shard->games;
    total->plies += shard->plies;
    total->samples += shard->samples;
    total->bytes += shard->bytes;
    return store_total(ctx, config, total, err);
}
