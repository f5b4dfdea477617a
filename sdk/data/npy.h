/* SPDX-License-Identifier: MIT */
/*
 * npy.h - the header of numpy's array format, version 1.0: written exactly as numpy writes it, read
 * strictly.
 */
#ifndef RR_DATA_NPY_H
#define RR_DATA_NPY_H

#include <rr/npz.h>

/* What we write: always this long, so that a header can be put in front of rows that are there
 * already. numpy wants a multiple of 64. */
#define NPY_HEAD_BYTES 128u
#define NPY_DIMS_MAX 4u

/* No file of ours has more members, longer names or larger arrays. */
#define NPZ_MEMBERS_MAX 64u
#define NPZ_NAME_MAX 64u
#define NPZ_ARRAY_MAX (1ull << 36)

/* Bytes of one element, 0 for an unknown type. */
size_t npy_width(uint32_t type);

/* Bytes of an array of this shape; 0 on success, -EOVERFLOW when it exceeds NPZ_ARRAY_MAX. */
int npy_bytes(const struct rr_npy *array, uint64_t *bytes);

/* Write the header of array (type, dims, shape) into out[NPY_HEAD_BYTES]. */
int npy_head_write(const struct rr_npy *array, uint8_t *out, struct rr_err *err);

/*
 * Parse a header of length bytes (magic included). Fills type, dims and shape; refuses Fortran
 * order, other element types, other versions and anything that numpy would not write.
 */
int npy_head_parse(const uint8_t *head, size_t length, struct rr_npy *array, struct rr_err *err);

#endif
