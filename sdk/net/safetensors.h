/* SPDX-License-Identifier: MIT */
/*
 * safetensors.h - tensor files: 8 bytes of header length, a JSON header, the data.
 *
 * Only f32 tensors are read and written. A file that was read is whole: every tensor lies in the
 * data, has the size its shape says, and together they cover the data without gap or overlap.
 */
#ifndef RR_NET_SAFETENSORS_H
#define RR_NET_SAFETENSORS_H

#include <rr/err.h>

#include <stddef.h>
#include <stdint.h>

#define ST_DIMS_MAX 4u

struct st_tensor {
    const char *name;
    const float *data;
    size_t count;
    uint32_t n_dims;
    uint64_t dims[ST_DIMS_MAX];
};

struct st_file;

/* Write path.tmp, sync it and rename it to path. meta: name, value, ..., NULL; may be NULL. */
int st_write(const char *path, const char *const *meta, const struct st_tensor *tensors, size_t n,
             struct rr_err *err);

/* RR_E_CORRUPT when the bytes are wrong, RR_E_MISMATCH when a tensor is of another type. */
int st_read(const char *path, struct st_file **file, struct rr_err *err);
void st_free(struct st_file *file);

/* Metadata as name, value, ..., NULL, and the tensor of a name or NULL. Borrowed from the file. */
const char *const *st_meta(const struct st_file *file);
const struct st_tensor *st_find(const struct st_file *file, const char *name);
size_t st_count(const struct st_file *file);

#endif
