/* SPDX-License-Identifier: MIT */
/*
 * mask.c - sets of cells as bits.
 */
#include "mask.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

/* Compile f for each board: is it hexagonal, and how many vectors are its lanes? */
#define BY_BOARD(b, f, ...)                                                                        \
    ((b)->radius == 0 ? ((b)->vecs == 1 ? f(false, 1, __VA_ARGS__) : f(false, 3, __VA_ARGS__))     \
                      : ((b)->vecs == 2 ? f(true, 2, __VA_ARGS__) : f(true, 4, __VA_ARGS__)))

/* Bit i: whether (cell[i] & bits) == value. Reads 32 bytes; what follows the cells in a state is
 * longer than that. */
static uint32_t
read_lane(const uint8_t *cell, uint8_t bits, uint8_t value)
{
#ifdef __SSE2__
    const __m128i want = _mm_set1_epi8((char)value);
    const __m128i care = _mm_set1_epi8((char)bits);
    const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)cell);
    const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(cell + 16));

    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_and_si128(low, care), want)) |
           (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_and_si128(high, care), want)) << 16;
#else
    uint32_t lane = 0;

    for (unsigned i = 0; i < 32; i++) {
        lane |= (uint32_t)((cell[i] & bits) == value) << i;
    }
    return lane;
#endif
}

void
mask_read(const struct view *v, uint8_t bits, uint8_t value, struct mask *out)
{
    const struct board *b = v->b;

    for (unsigned i = 0; i < b->vecs * (unsigned)MASK_LANES; i++) {
        const uint32_t lane = read_lane(v->cell + b->lane_first[i], bits, value);
        out->lane[i] = lane << b->lane_shift[i] & b->lane_bits[i];
    }
}

/* Lane i of out is lane i + dx of m, for dx = -1, 0, 1. */
INLINE void
step_lanes(int vecs, int dx, const struct mask *m, struct mask *out)
{
    const uint32_t __attribute__((vector_size(32))) none = {0};

#pragma GCC unroll 4
    for (int i = 0; i < vecs; i++) {
        if (dx == 0) {
            out->vec[i] = m->vec[i];
        } else if (dx < 0) {
            out->vec[i] = __builtin_shufflevector(i > 0 ? m->vec[i - 1] : none, m->vec[i], 7, 8, 9,
                                                  10, 11, 12, 13, 14);
        } else {
            out->vec[i] = __builtin_shufflevector(m->vec[i], i + 1 < vecs ? m->vec[i + 1] : none, 1,
                                                  2, 3, 4, 5, 6, 7, 8);
        }
    }
}

/* Add the territory neighbours within open. */
INLINE void
grow(bool hex, int vecs, const struct mask *open, struct mask *m)
{
    struct mask left; /* what a lane gives to the one before it, and to the one after it */
    struct mask right;
    struct mask from_left;
    struct mask from_right;

#pragma GCC unroll 4
    for (int i = 0; i < vecs; i++) {
        left.vec[i] = hex ? m->vec[i] | m->vec[i] << 1 : m->vec[i];
        right.vec[i] = hex ? m->vec[i] | m->vec[i] >> 1 : m->vec[i];
    }
    step_lanes(vecs, -1, &right, &from_left);
    step_lanes(vecs, 1, &left, &from_right);
#pragma GCC unroll 4
    for (int i = 0; i < vecs; i++) {
        m->vec[i] |=
            (m->vec[i] << 1 | m->vec[i] >> 1 | from_left.vec[i] | from_right.vec[i]) & open->vec[i];
    }
}

INLINE void
fill(bool hex, int vecs, const struct mask *open, struct mask *out)
{
    struct mask in;
    struct mask m;
    struct mask before;
    uint64_t __attribute__((vector_size(32))) more;

#pragma GCC unroll 4
    for (int i = 0; i < vecs; i++) {
        in.vec[i] = open->vec[i];
        m.vec[i] = out->vec[i];
    }
    do {
        before = m;
        for (int i = 0; i < 4; i++) { /* a step costs less than to ask whether it helped */
            grow(hex, vecs, &in, &m);
        }
        more = (uint64_t __attribute__((vector_size(32))))(m.vec[0] ^ before.vec[0]);
#pragma GCC unroll 4
        for (int i = 1; i < vecs; i++) {
            more |= (uint64_t __attribute__((vector_size(32))))(m.vec[i] ^ before.vec[i]);
        }
    } while ((more[0] | more[1] | more[2] | more[3]) != 0);
#pragma GCC unroll 4
    for (int i = 0; i < vecs; i++) {
        out->vec[i] = m.vec[i];
    }
}

bool
mask_component(const struct board *b, const struct mask *open, struct mask *left, struct mask *out)
{
    unsigned first = 0;

    while (first < b->width && left->lane[first] == 0) {
        first++;
    }
    if (first == b->width) {
        return false;
    }
    *out = (struct mask){0};
    const uint32_t lane = left->lane[first];
    out->lane[first] = lane & ~(lane + (lane & -lane)); /* the lowest bits in a row */
    BY_BOARD(b, fill, open, out);
    mask_remove(b, left, out);
    return true;
}

bool
mask_meets(const struct board *b, const struct mask *one, const struct mask *two)
{
    uint32_t both = 0;

    for (unsigned i = 0; i < b->width; i++) {
        both |= one->lane[i] & two->lane[i];
    }
    return both != 0;
}

bool
mask_within(const struct board *b, const struct mask *inner, const struct mask *outer)
{
    uint32_t rest = 0;

    for (unsigned i = 0; i < b->width; i++) {
        rest |= inner->lane[i] & ~outer->lane[i];
    }
    return rest == 0;
}

uint16_t
mask_first(const struct board *b, const struct mask *m)
{
    unsigned i = 0;

    while (m->lane[i] == 0) {
        i++;
    }
    return (uint16_t)(b->lane_first[i] + __builtin_ctz(m->lane[i] >> b->lane_shift[i]));
}

uint16_t
mask_cells(const struct board *b, const struct mask *m, uint16_t *out)
{
    uint16_t count = 0;

    for (unsigned i = 0; i < b->width; i++) {
        for (uint32_t lane = m->lane[i] >> b->lane_shift[i]; lane != 0; lane &= lane - 1) {
            out[count++] = (uint16_t)(b->lane_first[i] + __builtin_ctz(lane));
        }
    }
    return count;
}
