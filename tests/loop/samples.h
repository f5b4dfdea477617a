/* SPDX-License-Identifier: MIT */
/*
 * samples.h - NPZ files of random Connect Four games, as npz_export writes them, for tests of the
 * stages behind it. The policy target is the move that was played, the value how the game ended.
 */
#ifndef TESTS_LOOP_SAMPLES_H
#define TESTS_LOOP_SAMPLES_H

#include "tests/loop/loop.h"

#include <rr/npz.h>

#include <stdint.h>

#define SAMPLES_CELLS 42

struct samples_file {
    const struct rr_game *game;
    const struct rr_variant *v;
    struct rr_npz_writer *writer;
    uint64_t samples;
    int64_t legal; /* entries so far */
};

static inline int
samples_declare(struct samples_file *f, struct rr_err *err)
{
    static const struct {
        const char *name;
        uint32_t type;
        uint32_t dims;
    } arrays[] = {{"policy_off", RR_NPY_I64, 0}, {"policy_idx", RR_NPY_I32, 0},
                  {"policy_val", RR_NPY_F32, 0}, {"legal_off", RR_NPY_I64, 0},
                  {"legal_idx", RR_NPY_I32, 0},  {"weight", RR_NPY_F32, 0},
                  {"split", RR_NPY_U8, 0},       {"meta", RR_NPY_U8, 0}};
    const uint64_t cells[] = {f->v->height, f->v->width, f->v->planes};
    const uint64_t scalars[] = {f->v->scalars};
    const uint64_t values[] = {4};
    int rc = rr_npz_array(f->writer, "features", RR_NPY_U8, 3, cells, err);

    rc = rc != 0 ? rc : rr_npz_array(f->writer, "globals", RR_NPY_F32, 1, scalars, err);
    rc = rc != 0 ? rc : rr_npz_array(f->writer, "value_rel", RR_NPY_F32, 1, values, err);
    for (size_t i = 0; rc == 0 && i < sizeof arrays / sizeof arrays[0]; i++) {
        rc = rr_npz_array(f->writer, arrays[i].name, arrays[i].type, arrays[i].dims, NULL, err);
    }
    return rc;
}

static inline int
samples_add(struct samples_file *f, const void *state, rr_move move, const float *share,
            uint8_t split, struct rr_err *err)
{
    uint8_t planes[SAMPLES_CELLS * 2];
    float scalars[1];
    rr_move legal[16];
    int32_t index[16];
    const int32_t mover = f->game->mover(f->v, state);
    const uint32_t count = f->game->legal(f->v, state, legal);
    const int32_t played = (int32_t)f->game->policy_index(f->v, state, move);
    const float value[4] = {share[mover], share[1 - mover]};
    const float one = 1;
    const int64_t policy_off = (int64_t)f->samples;
    const int64_t legal_off = f->legal;
    int rc;

    for (uint32_t i = 0; i < count; i++) {
        index[i] = (int32_t)f->game->policy_index(f->v, state, legal[i]);
    }
    f->game->encode(f->v, state, planes, scalars);
    rc = rr_npz_append(f->writer, "features", planes, 1, err);
    rc |= rr_npz_append(f->writer, "globals", scalars, 1, err);
    rc |= rr_npz_append(f->writer, "value_rel", value, 1, err);
    rc |= rr_npz_append(f->writer, "policy_off", &policy_off, 1, err);
    rc |= rr_npz_append(f->writer, "policy_idx", &played, 1, err);
    rc |= rr_npz_append(f->writer, "policy_val", &one, 1, err);
    rc |= rr_npz_append(f->writer, "legal_off", &legal_off, 1, err);
    rc |= rr_npz_append(f->writer, "legal_idx", index, count, err);
    rc |= rr_npz_append(f->writer, "weight", &one, 1, err);
    rc |= rr_npz_append(f->writer, "split", &split, 1, err);
    f->samples++;
    f->legal += count;
    return rc;
}

static inline int
samples_game(struct samples_file *f, uint64_t *seed, uint8_t split, struct rr_err *err)
{
    static struct rr_ply plies[LOOP_PLIES];
    static rr_move moves[LOOP_PLIES * 16];
    static float probs[LOOP_PLIES * 16];
    uint64_t state[64];
    struct rr_record record;
    int rc = 0;

    loop_game(f->game, f->v, seed, 0, plies, moves, probs, &record);
    f->game->init(f->v, 0, state);
    for (uint32_t i = 0; rc == 0 && i < record.plies; i++) {
        rc = samples_add(f, state, plies[i].move, record.share, split, err);
        f->game->apply(f->v, state, plies[i].move);
    }
    return rc;
}

/* Write loop_dir/NAME from so many games, the first of which is for validation. */
static inline int
samples_write(const char *name, uint32_t games, char sha256[RR_SHA256_HEX], uint64_t *samples,
              struct rr_err *err)
{
    struct samples_file f = {0};
    char path[400];
    char meta[128];
    uint64_t seed = 9;
    int64_t end;
    int rc = rr_game_find(loop_plugins, LOOP_CONFIG, &f.game, &f.v, err);

    (void)snprintf(path, sizeof path, "%s/%s", loop_dir, name);
    rc = rc != 0 ? rc : rr_npz_create(path, &f.writer, err);
    rc = rc != 0 ? rc : samples_declare(&f, err);
    for (uint32_t i = 0; rc == 0 && i < games; i++) {
        rc = samples_game(&f, &seed, i == 0, err);
    }
    if (rc != 0) {
        return rc;
    }
    end = (int64_t)f.samples;
    (void)snprintf(meta, sizeof meta, "{\"version\":3,\"layout\":\"%s\"}", f.v->layout);
    rc = rr_npz_append(f.writer, "policy_off", &end, 1, err);
    rc |= rr_npz_append(f.writer, "legal_off", &f.legal, 1, err);
    rc |= rr_npz_append(f.writer, "meta", meta, strlen(meta), err);
    rc |= rr_npz_finish(f.writer, err);
    *samples = f.samples;
    return rc != 0 ? rc : rr_sha256_file(path, sha256, NULL, err);
}

#endif
