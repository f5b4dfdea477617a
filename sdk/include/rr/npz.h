/* SPDX-License-Identifier: MIT */
/*
 * rr/npz.h - NPZ v3 files: training samples that numpy.load(..., allow_pickle=False) opens.
 *
 * Arrays (N samples, G games; doc/npz-format.md):
 *   features   u8  [N, height, width, planes]   255 = 1.0
 *   globals    f32 [N, scalars]
 *   value_rel  f32 [N, 4]      share of the win, seat 0 to act, unused seats 0
 *   policy_off i64 [N + 1], policy_idx i32, policy_val f32      CSR; an empty row has no target
 *   legal_off  i64 [N + 1], legal_idx i32                       CSR
 *   weight     f32 [N]
 *   game_id    u8  [N, 16], ply i32 [N], generation i64 [N]     where each sample comes from
 *   split      u8  [N]         0 train, 1 validation; by a hash of the game id, never by sample
 *   meta       u8  [*]         JSON: version, config, layout, counts, shards
 *   manifest   u8  [*]         JSON: sha256 of every other member
 */
#ifndef RR_NPZ_H
#define RR_NPZ_H

#include <rr/err.h>

#include <stddef.h>
#include <stdint.h>

#define RR_NPZ_VERSION 3

#define RR_NPY_U8 1u
#define RR_NPY_I32 2u
#define RR_NPY_I64 3u
#define RR_NPY_F32 4u

/* One array of a file. Row-major. */
struct rr_npy {
    uint32_t type; /* RR_NPY_* */
    uint32_t dims;
    uint64_t shape[4];
    const void *data;
    size_t bytes;
};

struct rr_npz_writer;
struct rr_npz;

#pragma GCC visibility push(default)

/* Memory is bounded by what is appended at a time: arrays are spooled to the file's directory. */
int rr_npz_create(const char *path, struct rr_npz_writer **writer, struct rr_err *err);
/* Declare an array: rows are appended later; row_shape excludes the first dimension. */
int rr_npz_array(struct rr_npz_writer *writer, const char *name, uint32_t type, uint32_t row_dims,
                 const uint64_t *row_shape, struct rr_err *err);
int rr_npz_append(struct rr_npz_writer *writer, const char *name, const void *rows, uint64_t count,
                  struct rr_err *err);
/* Add the manifest, compress, sync; the caller renames. Frees the writer, also on failure. */
int rr_npz_finish(struct rr_npz_writer *writer, struct rr_err *err);
void rr_npz_abandon(struct rr_npz_writer *writer);

/* Read a whole file into memory, with the bounds of every header checked before allocation, and the
 * manifest verified. */
int rr_npz_open(const char *path, struct rr_npz **npz, struct rr_err *err);
/* NULL when there is no such array. Borrowed from npz. */
const struct rr_npy *rr_npz_get(const struct rr_npz *npz, const char *name);
void rr_npz_close(struct rr_npz *npz);

#pragma GCC visibility pop

#endif
