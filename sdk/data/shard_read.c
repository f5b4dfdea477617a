/* SPDX-License-Identifier: MIT */
/*
 * shard_read.c - reading shards: every byte is covered by a checksum, and every length is checked
 * against what is left of the file before memory is taken for it.
 *
 * Owns: the order of bytes on the way in. Does not: judge whether a game is legal (record.c).
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
#include <sys/stat.h>
#include <zlib.h>

struct rr_shard_reader {
    char *path;
    FILE *file;
    struct rr_shard_info info;
    char names[3][SHARD_BODY_MAX];
    uint64_t file_bytes, first_record, at; /* offsets in the file */
    uint64_t games_read;
    uint8_t *packed, *raw;
    size_t packed_cap, raw_cap;
    struct rr_ply *ply;
    rr_move *moves;
    float *probs;
    size_t ply_cap, target_cap;
};

static int
corrupt(const struct rr_shard_reader *r, const char *what, struct rr_err *err)
{
    return rr_err_set(err, RR_E_CORRUPT, "%s: %s at byte %llu; the file is damaged, remove it",
                      r->path, what, (unsigned long long)r->at);
}

static int
take(struct rr_shard_reader *r, void *out, size_t bytes, struct rr_err *err)
{
    errno = 0;
    if (fread(out, 1, bytes, r->file) != bytes) {
        if (ferror(r->file)) {
            const int code = errno == 0 ? -EIO : -errno;
            return rr_err_set(err, code, "%s: cannot read: %s", r->path, strerror(-code));
        }
        return corrupt(r, "the file ends too early", err);
    }
    r->at += bytes;
    return 0;
}

static int
grow(void **buffer, size_t *cap, size_t count, size_t width, struct rr_err *err)
{
    if (count > *cap) {
        void *grown = realloc(*buffer, count * width); /* count is bounded by SHARD_RAW_MAX */

        if (grown == NULL) {
            return rr_err_set(err, -ENOMEM, "out of memory for %zu x %zu bytes", count, width);
        }
        *buffer = grown;
        *cap = count;
    }
    return 0;
}

/* Take one length-prefixed name out of the header's body. */
static const uint8_t *
take_name(const uint8_t *at, const uint8_t *end, char *name)
{
    size_t length;

    if (at == NULL || end - at < 2) {
        return NULL;
    }
    length = (size_t)le_get(at, 2);
    if ((size_t)(end - at) - 2 < length || memchr(at + 2, 0, length) != NULL) {
        return NULL;
    }
    memcpy(name, at + 2, length);
    name[length] = '\0';
    return at + 2 + length;
}

static int
read_header(struct rr_shard_reader *r, struct rr_digest *digest, struct rr_err *err)
{
    uint8_t head[SHARD_HEAD_BYTES + SHARD_BODY_MAX + 4];
    const uint8_t *at = head + SHARD_HEAD_BYTES;
    const uint8_t *end;
    size_t body;
    int rc = take(r, head, SHARD_HEAD_BYTES, err);

    if (rc != 0) {
        return rc;
    }
    if (memcmp(head, SHARD_MAGIC, SHARD_MAGIC_BYTES) != 0) {
        return corrupt(r, "this is no shard: wrong magic", err);
    }
    if (le_get(head + 8, 4) != SHARD_VERSION) {
        return rr_err_set(err, RR_E_MISMATCH, "%s: shard format %llu, this program reads %u",
                          r->path, (unsigned long long)le_get(head + 8, 4), SHARD_VERSION);
    }
    body = (size_t)le_get(head + 12, 4);
    if (body > SHARD_BODY_MAX - 4) {
        return corrupt(r, "impossible header length", err);
    }
    rc = take(r, head + SHARD_HEAD_BYTES, body + 4, err);
    if (rc != 0) {
        return rc;
    }
    end = at + body;
    if (le_get(end, 4) != crc32(0, head, (uInt)(SHARD_HEAD_BYTES + body))) {
        return corrupt(r, "wrong checksum of the header", err);
    }
    for (int i = 0; i < 3; i++) {
        at = take_name(at, end, r->names[i]);
    }
    if (at == NULL || end - at != 16) {
        return corrupt(r, "malformed header", err);
    }
    r->info = (struct rr_shard_info){.config = r->names[0],
                                     .layout = r->names[1],
                                     .model_id = r->names[2],
                                     .generation = le_get(at, 8),
                                     .seed = le_get(at + 8, 8)};
    r->first_record = r->at;
    return rr_digest_add(digest, head, SHARD_HEAD_BYTES + body + 4, err);
}

/*
 * Read the record at r->at into packed, with head and checksum, and check it. *raw_bytes gets its
 * length before deflate. digest may be NULL. RR_E_EMPTY when the trailer is there instead.
 */
static int
read_record(struct rr_shard_reader *r, struct rr_digest *digest, size_t *packed_bytes,
            size_t *raw_bytes, struct rr_err *err)
{
    const uint64_t room = r->file_bytes - SHARD_TRAILER_BYTES - r->at;
    uint8_t head[SHARD_RECORD_HEAD_BYTES];
    size_t total;
    int rc;

    if (room == 0) {
        return RR_E_EMPTY;
    }
    if (room < SHARD_RECORD_HEAD_BYTES + 4) {
        return corrupt(r, "a record is cut", err);
    }
    rc = take(r, head, sizeof head, err);
    if (rc != 0) {
        return rc;
    }
    *packed_bytes = (size_t)le_get(head + 4, 4);
    *raw_bytes = (size_t)le_get(head + 8, 4);
    if (le_get(head, 4) != SHARD_TAG_GAME || *packed_bytes > room - sizeof head - 4 ||
        *raw_bytes < SHARD_GAME_BYTES || *raw_bytes > SHARD_RAW_MAX ||
        *raw_bytes > *packed_bytes * SHARD_DEFLATE_RATIO) {
        return corrupt(r, "impossible record", err);
    }
    total = sizeof head + *packed_bytes + 4;
    rc = grow((void **)&r->packed, &r->packed_cap, total, 1, err);
    if (rc != 0) {
        return rc;
    }
    memcpy(r->packed, head, sizeof head);
    rc = take(r, r->packed + sizeof head, *packed_bytes + 4, err);
    if (rc != 0) {
        return rc;
    }
    if (le_get(r->packed + total - 4, 4) != crc32(0, r->packed, (uInt)(total - 4))) {
        return corrupt(r, "wrong checksum of a game", err);
    }
    return digest == NULL ? 0 : rr_digest_add(digest, r->packed, total, err);
}

static int
read_trailer(struct rr_shard_reader *r, struct rr_digest *digest, uint64_t games,
             struct rr_err *err)
{
    uint8_t trailer[SHARD_TRAILER_BYTES];
    uint8_t hash[RR_SHA256_BYTES];
    int rc = rr_digest_end(digest, hash, err);

    if (rc == 0) {
        rc = take(r, trailer, sizeof trailer, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (le_get(trailer, 4) != SHARD_TAG_END || le_get(trailer + 4, 4) != 0 ||
        le_get(trailer + 72, 4) != crc32(0, trailer, 72) ||
        le_get(trailer + 32, 8) != r->file_bytes) {
        return corrupt(r, "no valid trailer: the file was cut or is not finished", err);
    }
    if (memcmp(hash, trailer + 40, sizeof hash) != 0 || le_get(trailer + 8, 8) != games) {
        return corrupt(r, "the trailer does not fit the games", err);
    }
    r->info.games = games;
    r->info.plies = le_get(trailer + 16, 8);
    r->info.samples = le_get(trailer + 24, 8);
    return 0;
}

/* One pass over the whole file: header, every record, trailer. */
static int
verify(struct rr_shard_reader *r, struct rr_err *err)
{
    struct rr_digest *digest = NULL;
    struct stat st;
    uint64_t games = 0;
    int rc;

    if (fstat(fileno(r->file), &st) != 0 || !S_ISREG(st.st_mode)) {
        return rr_err_set(err, RR_E_INPUT, "%s: not a regular file", r->path);
    }
    r->file_bytes = (uint64_t)st.st_size;
    if (r->file_bytes < SHARD_HEAD_BYTES + 4 + SHARD_TRAILER_BYTES) {
        return corrupt(r, "too short for a shard", err);
    }
    rc = rr_digest_new(&digest, err);
    if (rc == 0) {
        rc = read_header(r, digest, err);
    }
    if (rc == 0 && r->at > r->file_bytes - SHARD_TRAILER_BYTES) {
        rc = corrupt(r, "no room for the trailer", err);
    }
    while (rc == 0) {
        size_t packed_bytes;
        size_t raw_bytes;

        rc = read_record(r, digest, &packed_bytes, &raw_bytes, err);
        games += rc == 0;
    }
    if (rc == RR_E_EMPTY) {
        rc = read_trailer(r, digest, games, err);
    }
    rr_digest_free(digest);
    return rc;
}

int
rr_shard_open(const char *path, struct rr_shard_reader **reader, struct rr_err *err)
{
    struct rr_shard_reader *r = calloc(1, sizeof *r);
    int rc;

    if (r == NULL || (r->path = strdup(path)) == NULL) {
        free(r);
        return rr_err_set(err, -ENOMEM, "%s: out of memory", path);
    }
    r->file = fopen(path, "rbe");
    if (r->file == NULL) {
        const int code = -errno;
        rc = rr_err_set(err, code, "%s: cannot open: %s", path, strerror(-code));
    } else {
        rc = verify(r, err);
    }
    if (rc == 0 && fseeko(r->file, (off_t)r->first_record, SEEK_SET) != 0) {
        const int code = -errno;
        rc = rr_err_set(err, code, "%s: cannot seek: %s", path, strerror(-code));
    }
    if (rc != 0) {
        rr_shard_close(r);
        return rc;
    }
    r->at = r->first_record;
    *reader = r;
    return 0;
}

const struct rr_shard_info *
rr_shard_info(const struct rr_shard_reader *r)
{
    return &r->info;
}

static int
is_share(float x)
{
    return x >= 0.0f && x <= 1.0f; /* false for NaN */
}

/* Take the targets of a ply; their probabilities are made to sum to 1. */
static int
take_targets(const uint8_t *at, uint32_t count, rr_move *moves, float *probs)
{
    double sum = 0.0;

    for (uint32_t t = 0; t < count; t++) {
        moves[t] = le_get(at + (size_t)t * SHARD_TARGET_BYTES, 8);
        probs[t] = (float)le_get(at + (size_t)t * SHARD_TARGET_BYTES + 8, 2);
        sum += (double)probs[t];
    }
    if (count > 0 && sum <= 0.0) {
        return -1;
    }
    for (uint32_t t = 0; t < count; t++) {
        probs[t] = (float)((double)probs[t] / sum);
    }
    return 0;
}

/* Take one ply; returns the next byte, or NULL when the bytes make no sense. */
static const uint8_t *
take_ply(const uint8_t *at, const uint8_t *end, struct rr_ply *ply, rr_move *moves, float *probs)
{
    size_t need = SHARD_PLY_BYTES;

    if ((size_t)(end - at) < need) {
        return NULL;
    }
    *ply = (struct rr_ply){.move = le_get(at, 8), .flags = at[8]};
    ply->targets = (uint32_t)le_get(at + 9, 4);
    at += need;
    need = (ply->flags != 0 ? SHARD_SEARCH_BYTES : 0) + (size_t)ply->targets * SHARD_TARGET_BYTES;
    if ((ply->flags & ~(RR_PLY_SEARCHED | RR_PLY_FAST)) != 0 ||
        (ply->flags == 0 && ply->targets > 0) || (size_t)(end - at) < need) {
        return NULL;
    }
    if (ply->flags != 0) {
        bool sane = true;

        for (int s = 0; s < RR_GAME_MAX_SEATS; s++) {
            ply->value[s] = le_get_f32(at + 4 * s);
            sane = sane && is_share(ply->value[s]);
        }
        ply->net_value = le_get_f32(at + 16);
        ply->simulations = (uint32_t)le_get(at + 20, 4);
        if (!sane || !is_share(ply->net_value)) {
            return NULL;
        }
        at += SHARD_SEARCH_BYTES;
    }
    ply->target_moves = moves;
    ply->target_probs = probs;
    if (take_targets(at, ply->targets, moves, probs) != 0) {
        return NULL;
    }
    return at + (size_t)ply->targets * SHARD_TARGET_BYTES;
}

/* Make a record of raw[0 .. bytes), checking every count against the bytes that are there. */
static int
unpack_game(struct rr_shard_reader *r, size_t bytes, struct rr_record *game, struct rr_err *err)
{
    const uint8_t *at = r->raw + SHARD_GAME_BYTES;
    const uint8_t *end = r->raw + bytes;
    size_t used = 0;
    float sum = 0.0f;
    int rc;

    *game = (struct rr_record){.seed = le_get(r->raw + 16, 8),
                               .init_options = le_get(r->raw + 24, 8),
                               .finished_ms = le_get(r->raw + 32, 8),
                               .plies = (uint32_t)le_get(r->raw + 56, 4)};
    memcpy(game->id, r->raw, sizeof game->id);
    for (int s = 0; s < RR_GAME_MAX_SEATS; s++) {
        game->share[s] = le_get_f32(r->raw + 40 + 4 * s);
        sum += is_share(game->share[s]) ? game->share[s] : 99.0f;
    }
    if (fabsf(sum - 1.0f) > 1e-3f || game->plies == 0 ||
        game->plies > (bytes - SHARD_GAME_BYTES) / SHARD_PLY_BYTES) {
        return corrupt(r, "impossible shares or number of plies", err);
    }
    rc = grow((void **)&r->ply, &r->ply_cap, game->plies, sizeof *r->ply, err);
    if (rc != 0) {
        return rc;
    }
    for (uint32_t i = 0; i < game->plies; i++) {
        at = take_ply(at, end, &r->ply[i], r->moves + used, r->probs + used);
        if (at == NULL) {
            return corrupt(r, "impossible ply", err);
        }
        used += r->ply[i].targets;
    }
    if (at != end) {
        return corrupt(r, "bytes left over after the last ply", err);
    }
    game->ply = r->ply;
    return 0;
}

int
rr_shard_next(struct rr_shard_reader *r, struct rr_record *game, struct rr_err *err)
{
    size_t packed_bytes;
    size_t raw_bytes;
    size_t target_cap = r->target_cap;
    uLongf got;
    int rc = read_record(r, NULL, &packed_bytes, &raw_bytes, err);

    if (rc != 0) {
        return rc;
    }
    /* No game has more targets than fit its bytes; both arrays grow together. */
    rc = grow((void **)&r->raw, &r->raw_cap, raw_bytes, 1, err);
    if (rc == 0) {
        rc = grow((void **)&r->moves, &target_cap, raw_bytes / SHARD_TARGET_BYTES + 1,
                  sizeof *r->moves, err);
    }
    if (rc == 0) {
        rc = grow((void **)&r->probs, &r->target_cap, raw_bytes / SHARD_TARGET_BYTES + 1,
                  sizeof *r->probs, err);
    }
    if (rc != 0) {
        return rc;
    }
    got = (uLongf)raw_bytes;
    if (uncompress(r->raw, &got, r->packed + SHARD_RECORD_HEAD_BYTES, (uLong)packed_bytes) !=
            Z_OK ||
        got != raw_bytes) {
        return corrupt(r, "a game does not inflate", err);
    }
    rc = unpack_game(r, raw_bytes, game, err);
    r->games_read += rc == 0;
    return rc;
}

void
rr_shard_close(struct rr_shard_reader *r)
{
    if (r == NULL) {
        return;
    }
    if (r->file != NULL) {
        (void)fclose(r->file);
    }
    free(r->packed);
    free(r->raw);
    free(r->ply);
    free(r->moves);
    free(r->probs);
    free(r->path);
    free(r);
}
