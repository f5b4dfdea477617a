/* SPDX-License-Identifier: MIT */
/*
 * cells.h - everything that is done to activations apart from convolutions and products.
 *
 * Activations are f32, or bf16 where `half` is true. rows: how many positions, row: values each.
 * Sums are in f32, in a fixed order.
 */
#ifndef RR_NET_ONEDNN_CELLS_H
#define RR_NET_ONEDNN_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cells {
    size_t rows, cells, channels;
    bool half;
};

/* Bytes of one value. */
static inline size_t
cells_width(bool half)
{
    return half ? sizeof(uint16_t) : sizeof(float);
}

/* n bytes, 255 standing for 1.0. */
void cells_from_u8(const uint8_t *in, size_t n, void *out, bool half);

/* Convert rows of n values from f32, rows stride apart, and to f32. */
void cells_from_f32(const float *in, size_t stride, size_t rows, size_t n, void *out, bool half,
                    bool accumulate);
void cells_to_f32(const void *in, size_t rows, size_t n, float *out, size_t stride, bool half);

/* out = a + b, or max(0, a + b); b may be NULL for 0. */
void cells_add(const void *a, const void *b, size_t rows, size_t row, void *out, bool relu,
               bool half);

/* grad = 0 where out is not above 0. */
void cells_mask(const void *out, size_t rows, size_t row, void *grad, bool half);

/* Add a vector [rows][channels] to every cell. */
void cells_add_channels(const struct cells *s, const void *in, const float *vector, void *out,
                        bool relu);

/* vector (+)= sum of grad over the cells. */
void cells_sum(const struct cells *s, const void *grad, float *vector, bool accumulate);

/* vector [rows][2 * channels]: mean, then maximum over the cells. where: the cell of each maximum,
 * [rows][channels], or NULL. */
void cells_pool(const struct cells *s, const void *in, float *vector, uint32_t *where);
void cells_pool_back(const struct cells *s, const float *vector, const uint32_t *where, void *grad,
                     bool accumulate);

#endif
