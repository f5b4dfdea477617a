/* SPDX-License-Identifier: MIT */
/*
 * cells.c - everything that is done to activations apart from convolutions and products.
 *
 * Owns: the bf16 form. The loops over one position are in kernels.inc, once for all types.
 */
#include "sdk/net/onednn/cells.h"

#include <math.h>
#include <string.h>

/* bf16 is the upper half of an f32. */
static inline float
half_get(uint16_t h)
{
    const uint32_t bits = (uint32_t)h << 16;
    float f;

    memcpy(&f, &bits, sizeof f);
    return f;
}

/* To the nearest, ties to even; a NaN stays one. In integers: a comparison of floats would keep the
 * compiler from making vector code. */
static inline uint16_t
half_put(float f)
{
    uint32_t bits;
    uint32_t rounded;

    memcpy(&bits, &f, sizeof bits);
    rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : rounded);
}

/* Channels that are summed at a time: the sums fit the vector registers of any processor. */
#define LANES 32

#define T uint16_t
#define K(name) name##_half
#define GET(x) half_get(x)
#define PUT(f) half_put(f)
#define KEEP(x, g) ((uint16_t)((g) & (0u - ((int16_t)(x) > 0))))
#include "sdk/net/onednn/kernels.inc"
#undef T
#undef K
#undef GET
#undef PUT
#undef KEEP

#define T float
#define K(name) name##_full
#define GET(x) (x)
#define PUT(f) (f)
#define KEEP(x, g) ((x) > 0.0f ? (g) : 0.0f)
#include "sdk/net/onednn/kernels.inc"
#undef T
#undef K
#undef GET
#undef PUT
#undef KEEP

/* Where row i begins, for data of either type. */
static const void *
row_of(const void *data, size_t i, size_t row, bool half)
{
    return (const char *)data + i * row * cells_width(half);
}

static void *
row_in(void *data, size_t i, size_t row, bool half)
{
    return (char *)data + i * row * cells_width(half);
}

static inline float
floor_of(bool relu)
{
    return relu ? 0.0f : -INFINITY;
}

void
cells_from_u8(const uint8_t *in, size_t n, void *out, bool half)
{
    if (half) {
        from_u8_half(in, n, out);
    } else {
        from_u8_full(in, n, out);
    }
}

void
cells_from_f32(const float *in, size_t stride, size_t rows, size_t n, void *out, bool half,
               bool accumulate)
{
    for (size_t i = 0; i < rows; i++) {
        void *to = row_in(out, i, n, half);

        if (half) {
            from_f32_half(in + i * stride, n, to, accumulate);
        } else {
            from_f32_full(in + i * stride, n, to, accumulate);
        }
    }
}

void
cells_to_f32(const void *in, size_t rows, size_t n, float *out, size_t stride, bool half)
{
    for (size_t i = 0; i < rows; i++) {
        const void *from = row_of(in, i, n, half);

        if (half) {
            to_f32_half(from, n, out + i * stride);
        } else {
            to_f32_full(from, n, out + i * stride);
        }
    }
}

void
cells_add(const void *a, const void *b, size_t rows, size_t row, void *out, bool relu, bool half)
{
    for (size_t i = 0; i < rows; i++) {
        const void *x = row_of(a, i, row, half);
        const void *y = b == NULL ? NULL : row_of(b, i, row, half);
        void *z = row_in(out, i, row, half);

        if (y == NULL && half) {
            copy_half(x, row, z, floor_of(relu));
        } else if (y == NULL) {
            copy_full(x, row, z, floor_of(relu));
        } else if (half) {
            add_half(x, y, row, z, floor_of(relu));
        } else {
            add_full(x, y, row, z, floor_of(relu));
        }
    }
}

void
cells_mask(const void *out, size_t rows, size_t row, void *grad, bool half)
{
    for (size_t i = 0; i < rows; i++) {
        const void *x = row_of(out, i, row, half);
        void *g = row_in(grad, i, row, half);

        if (half) {
            mask_half(x, row, g);
        } else {
            mask_full(x, row, g);
        }
    }
}

void
cells_add_channels(const struct cells *s, const void *in, const float *vector, void *out, bool relu)
{
    const size_t row = s->cells * s->channels;

    for (size_t i = 0; i < s->rows; i++) {
        const void *x = row_of(in, i, row, s->half);
        const float *v = vector + i * s->channels;
        void *z = row_in(out, i, row, s->half);

        if (s->half) {
            add_channels_half(x, v, s->cells, s->channels, z, floor_of(relu));
        } else {
            add_channels_full(x, v, s->cells, s->channels, z, floor_of(relu));
        }
    }
}

void
cells_sum(const struct cells *s, const void *grad, float *vector, bool accumulate)
{
    const size_t row = s->cells * s->channels;

    for (size_t i = 0; i < s->rows; i++) {
        const void *g = row_of(grad, i, row, s->half);
        float *v = vector + i * s->channels;

        if (!accumulate) {
            memset(v, 0, s->channels * sizeof *v);
        }
        if (s->half) {
            sum_half(g, s->cells, s->channels, v);
        } else {
            sum_full(g, s->cells, s->channels, v);
        }
    }
}

void
cells_pool(const struct cells *s, const void *in, float *vector, uint32_t *where)
{
    const size_t row = s->cells * s->channels;

    for (size_t i = 0; i < s->rows; i++) {
        const void *x = row_of(in, i, row, s->half);
        float *mean = vector + i * 2 * s->channels;
        float *top = mean + s->channels;
        uint32_t *w = where == NULL ? NULL : where + i * s->channels;

        if (s->half) {
            pool_half(x, s->cells, s->channels, mean, top);
        } else {
            pool_full(x, s->cells, s->channels, mean, top);
        }
        if (w != NULL && s->half) {
            where_half(x, s->cells, s->channels, top, w);
        } else if (w != NULL) {
            where_full(x, s->cells, s->channels, top, w);
        }
    }
}

void
cells_pool_back(const struct cells *s, const float *vector, const uint32_t *where, void *grad,
                bool accumulate)
{
    const size_t row = s->cells * s->channels;

    for (size_t i = 0; i < s->rows; i++) {
        const float *mean = vector + i * 2 * s->channels;
        const float *top = mean + s->channels;
        const uint32_t *w = where + i * s->channels;
        void *g = row_in(grad, i, row, s->half);

        if (s->half) {
            pool_back_half(mean, top, w, s->cells, s->channels, g, accumulate);
        } else {
            pool_back_full(mean, top, w, s->cells, s->channels, g, accumulate);
        }
    }
}
