/* SPDX-License-Identifier: MIT */
/*
 * shard_write.c - writing shards, one game at a time.
 *
 * Owns: the order of bytes on the way out, and refusing records that no reader would take.
 * Does not: judge whether a game is legal (record.c), nor give the file its final name.
 */
#include <rr/digest.h>
#include <rr/shard.h>

#include "sdk/data/le.h"
#include "sdk/data/shard_format.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

struct rr_shard_writer {
    char *path;
    FILE *file;
    struct rr_digest *digest;
    uint64_t games, plies, samples, bytes;
    uint8_t *raw, *packed; /* one game, before and after deflate */
    size_t raw_cap, packed_cap;
};

static void
writer_free(struct rr_shard_writer *w)
{
    if (w == NULL) {
        return;
    }
    if (w->file != NULL) {
        (void)fclose(w->file);
    }
    rr_digest_free(w->digest);
    free(w->raw);
    free(w->packed);
    free(w->path);
    free(w);
}

static int
fail_io(const struct rr_shard_writer *w, const char *what, struct rr_err *err)
{
    const int code = errno == 0 ? -EIO : -errno;

    return rr_err_set(err, code, "%s: cannot %s: %s", w->path, what, strerror(-code));
}

static int
put(struct rr_shard_writer *w, const void *data, size_t bytes, struct rr_err *err)
{
    errno = 0;
    if (fwrite(data, 1, bytes, w->file) != bytes) {
        return fail_io(w, "write", err);
    }
    w->bytes += bytes;
    return rr_digest_add(w->digest, data, bytes, err);
}

static uint8_t *
put_name(uint8_t *at, const char *name)
{
    const size_t length = strlen(name);

    le_put(at, length, 2);
    memcpy(at + 2, name, length);
    return at + 2 + length;
}

static int
put_header(struct rr_shard_writer *w, const struct rr_shard_info *info, struct rr_err *err)
{
    uint8_t head[SHARD_HEAD_BYTES + SHARD_BODY_MAX + 4];
    uint8_t *at = head + SHARD_HEAD_BYTES;
    size_t bytes;

    if (info->config == NULL || info->layout == NULL || info->model_id == NULL ||
        strlen(info->config) + strlen(info->layout) + strlen(info->model_id) >
            SHARD_BODY_MAX - 22) {
        return rr_err_set(err, -EINVAL,
                          "%s: config, layout and model_id are needed, together at "
                          "most %u bytes",
                          w->path, SHARD_BODY_MAX - 22);
    }
    at = put_name(at, info->config);
    at = put_name(at, info->layout);
    at = put_name(at, info->model_id);
    le_put(at, info->generation, 8);
    le_put(at + 8, info->seed, 8);
    at += 16;
    bytes = (size_t)(at - head);
    memcpy(head, SHARD_MAGIC, SHARD_MAGIC_BYTES);
    le_put(head + 8, SHARD_VERSION, 4);
    le_put(head + 12, bytes - SHARD_HEAD_BYTES, 4);
    le_put(at, crc32(0, head, (uInt)bytes), 4);
    return put(w, head, bytes + 4, err);
}

int
rr_shard_create(const char *path, const struct rr_shard_info *info, struct rr_shard_writer **writer,
                struct rr_err *err)
{
    struct rr_shard_writer *w = calloc(1, sizeof *w);
    int rc;

    if (w == NULL || (w->path = strdup(path)) == NULL) {
        free(w);
        return rr_err_set(err, -ENOMEM, "%s: out of memory", path);
    }
    w->file = fopen(path, "wbe");
    if (w->file == NULL) {
        rc = fail_io(w, "create", err);
        writer_free(w); /* nothing of ours is on disk */
        return rc;
    }
    rc = rr_digest_new(&w->digest, err);
    if (rc == 0) {
        rc = put_header(w, info, err);
    }
    if (rc != 0) {
        rr_shard_abandon(w);
        return rc;
    }
    *writer = w;
    return 0;
}

static int
is_share(float x)
{
    return x >= 0.0f && x <= 1.0f; /* false for NaN */
}

/* Refuse what a reader would refuse, while the producer that did it is still there to be blamed. */
static int
check_game(const struct rr_record *game, uint64_t *raw_bytes, struct rr_err *err)
{
    uint64_t bytes = SHARD_GAME_BYTES;
    float sum = 0.0f;

    for (int s = 0; s < RR_GAME_MAX_SEATS; s++) {
        sum += game->share[s];
        if (!is_share(game->share[s])) {
            return rr_err_set(err, -EINVAL, "share of seat %d is %g, not in 0 .. 1", s,
                              (double)game->share[s]);
        }
    }
    if (fabsf(sum - 1.0f) > 1e-3f || game->plies == 0) {
        return rr_err_set(err, -EINVAL,
                          "a finished game needs shares of sum 1 (is %g) and plies "
                          "(has %u)",
                          (double)sum, game->plies);
    }
    for (uint32_t i = 0; i < game->plies; i++) {
        const struct rr_ply *ply = &game->ply[i];
        bool sane = (ply->flags & ~(RR_PLY_SEARCHED | RR_PLY_FAST)) == 0 &&
                    (ply->flags != 0 || ply->targets == 0) && is_share(ply->net_value);

        for (int s = 0; s < RR_GAME_MAX_SEATS; s++) {
            sane = sane && is_share(ply->value[s]);
        }
        for (uint32_t t = 0; t < ply->targets; t++) {
            sane = sane && is_share(ply->target_probs[t]);
        }
        if (!sane) {
            return rr_err_set(err, -EINVAL,
                              "ply %u: flags %u, targets %u, or a value or "
                              "probability outside 0 .. 1",
                              i, ply->flags, ply->targets);
        }
        bytes += SHARD_PLY_BYTES + (ply->flags != 0 ? SHARD_SEARCH_BYTES : 0) +
                 (uint64_t)ply->targets * SHARD_TARGET_BYTES;
        if (bytes > SHARD_RAW_MAX) {
            return rr_err_set(err, -EFBIG, "a game may take %u bytes, ply %u is beyond",
                              SHARD_RAW_MAX, i);
        }
    }
    *raw_bytes = bytes;
    return 0;
}

static uint8_t *
put_targets(uint8_t *at, const struct rr_ply *ply)
{
    float largest = 0.0f;

    for (uint32_t t = 0; t < ply->targets; t++) {
        largest = fmaxf(largest, ply->target_probs[t]);
    }
    for (uint32_t t = 0; t < ply->targets; t++, at += SHARD_TARGET_BYTES) {
        const float part = largest > 0.0f ? ply->target_probs[t] / largest : 0.0f;

        le_put(at, ply->target_moves[t], 8);
        le_put(at + 8, (uint64_t)lrintf(part * SHARD_PROB_ONE), 2);
    }
    return at;
}

static uint8_t *
put_ply(uint8_t *at, const struct rr_ply *ply)
{
    le_put(at, ply->move, 8);
    at[8] = (uint8_t)ply->flags;
    le_put(at + 9, ply->targets, 4);
    at += SHARD_PLY_BYTES;
    if (ply->flags != 0) {
        for (int s = 0; s < RR_GAME_MAX_SEATS; s++) {
            le_put_f32(at + 4 * s, ply->value[s]);
        }
        le_put_f32(at + 16, ply->net_value);
        le_put(at + 20, ply->simulations, 4);
        at += SHARD_SEARCH_BYTES;
    }
    return put_targets(at, ply);
}

static void
pack_game(uint8_t *at, const struct rr_record *game)
{
    memcpy(at, game->id, 16);
    le_put(at + 16, game->seed, 8);
    le_put(at + 24, game->init_options, 8);
    le_put(at + 32, game->finished_ms, 8);
    for (int s = 0; s < RR_GAME_MAX_SEATS; s++) {
        le_put_f32(at + 40 + 4 * s, game->share[s]);
    }
    le_put(at + 56, game->plies, 4);
    at += SHARD_GAME_BYTES;
    for (uint32_t i = 0; i < game->plies; i++) {
        at = put_ply(at, &game->ply[i]);
    }
}

static int
reserve(uint8_t **buffer, size_t *cap, size_t bytes, struct rr_err *err)
{
    if (bytes > *cap) {
        uint8_t *grown = realloc(*buffer, bytes);

        if (grown == NULL) {
            return rr_err_set(err, -ENOMEM, "out of memory for a game of %zu bytes", bytes);
        }
        *buffer = grown;
        *cap = bytes;
    }
    return 0;
}

int
rr_shard_add(struct rr_shard_writer *w, const struct rr_record *game, struct rr_err *err)
{
    uint64_t raw_bytes = 0;
    uLongf packed_bytes;
    uint8_t crc[4];
    int rc = check_game(game, &raw_bytes, err);

    if (rc != 0) {
        (void)rr_err_wrap(err, "game %llu of %s", (unsigned long long)w->games, w->path);
        return rc;
    }
    packed_bytes = compressBound((uLong)raw_bytes);
    rc = reserve(&w->raw, &w->raw_cap, raw_bytes, err);
    if (rc == 0) {
        rc = reserve(&w->packed, &w->packed_cap, SHARD_RECORD_HEAD_BYTES + packed_bytes, err);
    }
    if (rc != 0) {
        return rc;
    }
    pack_game(w->raw, game);
    if (compress2(w->packed + SHARD_RECORD_HEAD_BYTES, &packed_bytes, w->raw, (uLong)raw_bytes,
                  Z_DEFAULT_COMPRESSION) != Z_OK) {
        return rr_err_set(err, -ENOMEM, "%s: zlib cannot deflate %llu bytes", w->path,
                          (unsigned long long)raw_bytes);
    }
    le_put(w->packed, SHARD_TAG_GAME, 4);
    le_put(w->packed + 4, packed_bytes, 4);
    le_put(w->packed + 8, raw_bytes, 4);
    packed_bytes += SHARD_RECORD_HEAD_BYTES;
    le_put(crc, crc32(0, w->packed, (uInt)packed_bytes), 4);
    rc = put(w, w->packed, packed_bytes, err);
    if (rc == 0) {
        rc = put(w, crc, sizeof crc, err);
    }
    if (rc == 0) {
        w->games++;
        w->plies += game->plies;
        for (uint32_t i = 0; i < game->plies; i++) {
            w->samples += (uint64_t)rr_ply_is_sample(&game->ply[i]);
        }
    }
    return rc;
}

static int
put_trailer(struct rr_shard_writer *w, struct rr_err *err)
{
    uint8_t trailer[SHARD_TRAILER_BYTES] = {0};
    const int rc = rr_digest_end(w->digest, trailer + 40, err);

    if (rc != 0) {
        return rc;
    }
    le_put(trailer, SHARD_TAG_END, 4);
    le_put(trailer + 8, w->games, 8);
    le_put(trailer + 16, w->plies, 8);
    le_put(trailer + 24, w->samples, 8);
    le_put(trailer + 32, w->bytes + SHARD_TRAILER_BYTES, 8);
    le_put(trailer + 72, crc32(0, trailer, 72), 4);
    errno = 0;
    if (fwrite(trailer, 1, sizeof trailer, w->file) != sizeof trailer) {
        return fail_io(w, "write", err);
    }
    return 0;
}

int
rr_shard_finish(struct rr_shard_writer *w, struct rr_err *err)
{
    int rc = put_trailer(w, err);

    errno = 0;
    if (rc == 0 && (fflush(w->file) != 0 || fsync(fileno(w->file)) != 0)) {
        rc = fail_io(w, "sync", err);
    }
    if (rc != 0) {
        rr_shard_abandon(w);
        return rc;
    }
    errno = 0;
    if (fclose(w->file) != 0) {
        rc = fail_io(w, "close", err);
    }
    w->file = NULL;
    if (rc != 0) {
        (void)unlink(w->path);
    }
    writer_free(w);
    return rc;
}

void
rr_shard_abandon(struct rr_shard_writer *w)
{
    if (w != NULL) {
        (void)unlink(w->path);
        writer_free(w);
    }
}
