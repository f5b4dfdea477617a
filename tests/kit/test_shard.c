/* SPDX-License-Identifier: MIT */
/*
 * test_shard.c - what is written is read, damage is always found, replay proves a game.
 */
#include <rr/shard.h>

#include "tests/kit/nim.h"
#include "tests/tap.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static char dir[256];
static char path[300];
static char bad[300];

/* 3, 1, 3, 2: seat 1 takes the last stone. */
static const rr_move all[3] = {101, 102, 103};
static const float probs[3] = {0.0f, 0.25f, 0.75f};
static const float probs_equal[3] = {1.0f / 3, 1.0f / 3, 1.0f / 3};
static struct rr_ply plies[4] = {
    {.move = 103,
     .flags = RR_PLY_SEARCHED,
     .targets = 3,
     .target_moves = all,
     .target_probs = probs,
     .value = {0.625f, 0.375f},
     .net_value = 0.5f,
     .simulations = 32},
    {.move = 101, .flags = RR_PLY_FAST, .value = {0.25f, 0.75f}, .simulations = 8},
    {.move = 103,
     .flags = RR_PLY_SEARCHED,
     .targets = 3,
     .target_moves = all,
     .target_probs = probs_equal,
     .value = {0.0f, 1.0f},
     .net_value = 1.0f,
     .simulations = 32},
    {.move = 102},
};

static struct rr_record
game(uint8_t number)
{
    return (struct rr_record){.id = {number, 7},
                              .seed = 1000u + number,
                              .init_options = 0,
                              .finished_ms = 1700000000000u,
                              .share = {0.0f, 1.0f},
                              .plies = 4,
                              .ply = plies};
}

static int
write_shard(const char *to, uint8_t games)
{
    const struct rr_shard_info info = {.config = "nim_2p",
                                       .layout = "nim/1/nim_2p",
                                       .model_id = "none",
                                       .generation = 3,
                                       .seed = 99};
    struct rr_shard_writer *writer = NULL;
    struct rr_err err = RR_ERR_INIT;
    int rc = rr_shard_create(to, &info, &writer, &err);

    for (uint8_t i = 0; rc == 0 && i < games; i++) {
        const struct rr_record record = game(i);

        rc = rr_shard_add(writer, &record, &err);
    }
    return rc == 0 ? rr_shard_finish(writer, &err) : rc;
}

/* Open and read all games; 0 when all is well, else the first error. */
static int
read_shard(const char *from, uint64_t *games)
{
    struct rr_shard_reader *reader = NULL;
    struct rr_record record;
    struct rr_err err = RR_ERR_INIT;
    int rc = rr_shard_open(from, &reader, &err);

    *games = 0;
    if (rc != 0) {
        return rc;
    }
    while ((rc = rr_shard_next(reader, &record, &err)) == 0) {
        ++*games;
    }
    rr_shard_close(reader);
    return rc == RR_E_EMPTY ? 0 : rc;
}

static void
test_round_trip(void)
{
    struct rr_shard_reader *reader = NULL;
    struct rr_record record;
    struct rr_err err = RR_ERR_INIT;
    const struct rr_shard_info *info;

    is_int(write_shard(path, 3), 0, "a shard is written");
    is_int(rr_shard_open(path, &reader, &err), 0, "and opened");
    info = rr_shard_info(reader);
    ok(strcmp(info->config, "nim_2p") == 0 && strcmp(info->layout, "nim/1/nim_2p") == 0 &&
           strcmp(info->model_id, "none") == 0 && info->generation == 3 && info->seed == 99,
       "its header says what it is");
    ok(info->games == 3 && info->plies == 12 && info->samples == 6, "counts are right");
    is_int(rr_shard_next(reader, &record, &err), 0, "first game");
    ok(record.id[0] == 0 && record.id[1] == 7 && record.seed == 1000 &&
           record.finished_ms == 1700000000000u && record.plies == 4 && record.share[1] == 1.0f,
       "its facts are right");
    ok(record.ply[0].move == 103 && record.ply[0].targets == 3 &&
           record.ply[0].target_moves[2] == 103 && record.ply[0].simulations == 32 &&
           record.ply[0].value[0] == 0.625f && record.ply[0].net_value == 0.5f,
       "a searched ply is right");
    is_near((double)record.ply[0].target_probs[1], 0.25, 1e-4, "a target keeps its probability");
    is_near((double)(record.ply[0].target_probs[0] + record.ply[0].target_probs[1] +
                     record.ply[0].target_probs[2]),
            1.0, 1e-6, "targets sum to 1");
    ok(record.ply[1].flags == RR_PLY_FAST && record.ply[1].targets == 0 &&
           record.ply[1].value[1] == 0.75f,
       "a fast ply has a value and no target");
    ok(record.ply[3].flags == 0 && record.ply[3].value[0] == 0.0f, "an unsearched ply is bare");
    ok(rr_shard_next(reader, &record, &err) == 0 && record.id[0] == 1, "second game");
    ok(rr_shard_next(reader, &record, &err) == 0 && record.id[0] == 2, "third game");
    is_int(rr_shard_next(reader, &record, &err), RR_E_EMPTY, "no fourth");
    rr_shard_close(reader);
}

static uint8_t *
slurp(const char *from, size_t *bytes)
{
    FILE *file = fopen(from, "rb");
    uint8_t *data = malloc(1u << 20);

    *bytes = fread(data, 1, 1u << 20, file);
    (void)fclose(file);
    return data;
}

static void
spill(const char *to, const uint8_t *data, size_t bytes)
{
    FILE *file = fopen(to, "wb");

    (void)fwrite(data, 1, bytes, file);
    (void)fclose(file);
}

static void
test_damage(void)
{
    size_t bytes;
    uint8_t *data = slurp(path, &bytes);
    uint64_t games;
    size_t missed = 0;

    for (size_t cut = 0; cut < bytes; cut++) {
        spill(bad, data, cut);
        missed += read_shard(bad, &games) == 0;
    }
    is_int((int64_t)missed, 0, "a shard cut anywhere is refused");
    missed = 0;
    for (size_t at = 0; at < bytes; at++) {
        data[at] ^= (uint8_t)(1u << (at % 8));
        spill(bad, data, bytes);
        missed += read_shard(bad, &games) == 0;
        data[at] ^= (uint8_t)(1u << (at % 8));
    }
    is_int((int64_t)missed, 0, "a flipped bit anywhere is found");
    data[bytes] = 0;
    spill(bad, data, bytes + 1);
    ok(read_shard(bad, &games) == RR_E_CORRUPT, "a byte too many is found");
    data[8] = 2; /* the version, with a checksum that is right */
    {
        const uint32_t body = (uint32_t)(data[12] | data[13] << 8);
        const uLong crc = crc32(0, data, 16 + body);

        for (unsigned i = 0; i < 4; i++) {
            data[16 + body + i] = (uint8_t)(crc >> (8 * i));
        }
    }
    spill(bad, data, bytes);
    is_int(read_shard(bad, &games), RR_E_MISMATCH, "a later format is a mismatch, not damage");
    free(data);
    ok(read_shard("/nonexistent/x", &games) == -ENOENT, "a missing file is named as such");
    ok(read_shard(dir, &games) != 0, "a folder is refused");
}

static void
test_writer_refuses(void)
{
    const struct rr_shard_info info = {.config = "nim_2p", .layout = "l", .model_id = "none"};
    struct rr_shard_writer *writer = NULL;
    struct rr_err err = RR_ERR_INIT;
    struct rr_record record = game(1);
    const float nan_probs[3] = {0.5f, NAN, 0.5f};
    struct stat st;

    is_int(rr_shard_create(bad, &info, &writer, &err), 0, "a second shard is begun");
    record.share[0] = 0.5f;
    ok(rr_shard_add(writer, &record, &err) == -EINVAL, "shares that do not sum to 1 are refused");
    record.share[0] = NAN;
    ok(rr_shard_add(writer, &record, &err) == -EINVAL, "a share that is no number is refused");
    record.share[0] = 0.0f;
    plies[0].target_probs = nan_probs;
    ok(rr_shard_add(writer, &record, &err) == -EINVAL, "a target that is no number is refused");
    plies[0].target_probs = probs;
    rr_shard_abandon(writer);
    ok(stat(bad, &st) != 0, "an abandoned shard leaves nothing");
    is_int(write_shard(bad, 0), 0, "a shard without games can be written");
    {
        uint64_t games = 1;

        ok(read_shard(bad, &games) == 0 && games == 0, "and read");
    }
}

static void
test_verify(void)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_record record = game(1);
    const rr_move twice[3] = {101, 101, 103};
    const rr_move illegal[3] = {101, 102, 104};

    is_int(rr_record_verify(&nim_game, &nim_variant, &record, &err), 0, "a true game is proved");
    plies[1].move = 104;
    ok(rr_record_verify(&nim_game, &nim_variant, &record, &err) == RR_E_CORRUPT,
       "an illegal move is found");
    is_str(err.text, "ply 1: the move is not legal", "and its ply named");
    plies[1].move = 101;
    record.plies = 3;
    ok(rr_record_verify(&nim_game, &nim_variant, &record, &err) == RR_E_CORRUPT,
       "a game without its end is found");
    record.plies = 4;
    record.share[0] = 1.0f;
    record.share[1] = 0.0f;
    ok(rr_record_verify(&nim_game, &nim_variant, &record, &err) == RR_E_CORRUPT,
       "a wrong winner is found");
    record = game(1);
    plies[0].target_moves = twice;
    ok(rr_record_verify(&nim_game, &nim_variant, &record, &err) == RR_E_CORRUPT,
       "a doubled target is found");
    plies[0].target_moves = illegal;
    ok(rr_record_verify(&nim_game, &nim_variant, &record, &err) == RR_E_CORRUPT,
       "an illegal target is found");
    plies[0].target_moves = all;
}

int
main(void)
{
    const char *tmp = getenv("TMPDIR");

    (void)snprintf(dir, sizeof dir, "%s/rr-shard-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(dir) == NULL) {
        return 99;
    }
    (void)snprintf(path, sizeof path, "%s/a.shard", dir);
    (void)snprintf(bad, sizeof bad, "%s/b.shard", dir);
    test_round_trip();
    test_damage();
    test_writer_refuses();
    test_verify();
    (void)unlink(path);
    (void)unlink(bad);
    (void)rmdir(dir);
    return tap_done();
}
