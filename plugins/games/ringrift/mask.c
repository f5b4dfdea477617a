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

/* Bit i: whether (cell[i] & bits) == value, for 16 cells. */
INLINE uint32_t
read_half(const uint8_t *cell, uint8_t bits, uint8_t value)
{
#ifdef __SSE2__
    const __m128i got = _mm_and_si128(_mm_loadu_si128((const __m128i *)(const void *)cell),
                                      _mm_set1_epi8((char)bits));

    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(got, _mm_set1_epi8((char)value)));
#else
    uint32_t half = 0;

    for (unsigned i = 0; i < 16; i++) {
        half |= (uint32_t)((cell[i] & bits) == value) << i;
    }
    return half;
#endif
}

void
mask_read(const struct view *v, uint8_t bits, uint8_t value, struct mask *out)
{
    const struct board *b = v->b;
    const bool wide = b->width > 16;

    /* Reads beyond the last cell, by less than what follows the cells in a state. */
    for (unsigned i = 0; i < b->width; i++) {
        const uint8_t *cell = v->cell + b->lane_first[i];
        uint32_t lane = read_half(cell, bits, value);
        if (wide) {
            lane |= read_half(cell + 16, bits, value) << 16;
        }
        out->lane[i] = lane << b->lane_shift[i] & b->lane_bits[i];
    }
    for (unsigned i = b->width; i < b->vecs * (unsigned)MASK_LANES; i++) {
        out->lane[i] = 0;
    }
}

INLINE bool
is_empty(int vecs, const struct mask *m)
{
    uint32_t __attribute__((vector_size(32))) all = m->vec[0];

#pragma GCC unroll 4
    for (int i = 1; i < vecs; i++) {
        all |= m->vec[i];
    }
    const uint64_t __attribute__((vector_size(32))) wide =
        (uint64_t __attribute__((vector_size(32))))all;
    return (wide[0] | wide[1] | wide[2] | wide[3]) == 0;
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

/* The cells whose neighbour at (dx, dy) is in m; bits that are no cells may come to be set. */
INLINE void
step(int vecs, const int8_t dir[2], const struct mask *m, struct mask *out)
{
    step_lanes(vecs, dir[0], m, out);
    for (int i = 0; i < vecs; i++) {
        out->vec[i] = dir[1] < 0 ? out->vec[i] << 1 : dir[1] > 0 ? out->vec[i] >> 1 : out->vec[i];
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
#pragma GCC unroll 4
        for (int i = 0; i < vecs; i++) {
            before.vec[i] ^= m.vec[i];
        }
    } while (!is_empty(vecs, &before));
#pragma GCC unroll 4
    for (int i = 0; i < vecs; i++) {
        out->vec[i] = m.vec[i];
    }
}

INLINE void
rays(bool hex, int vecs, const struct mask *open, struct mask *out)
{
    const int dirs = hex ? 6 : 8;
    struct mask all[MASK_RAYS] = {0};

#pragma GCC unroll 8
    for (int d = 0; d < dirs; d++) {
        struct mask ray[MASK_RAYS];
        step(vecs, board_steps[hex][d], open, &ray[0]);
        step(vecs, board_steps[hex][d], &ray[0], &ray[1]);
        step(vecs, board_steps[hex][d], &ray[1], &ray[2]);
        for (int i = 0; i < vecs; i++) {
            all[0].vec[i] |= ray[0].vec[i];
            ray[1].vec[i] &= ray[0].vec[i];
            all[1].vec[i] |= ray[1].vec[i];
            all[2].vec[i] |= ray[2].vec[i] & ray[1].vec[i];
        }
    }
    for (int k = 0; k < MASK_RAYS; k++) {
        out[k] = all[k];
    }
}

void
mask_rays(const struct board *b, const struct mask *open, struct mask out[MASK_RAYS])
{
    BY_BOARD(b, rays, open, out);
}

INLINE bool
runs(bool hex, int vecs, const struct mask *m, uint8_t length, struct mask *out)
{
    const int axes = hex ? 3 : 4;
    struct mask any = {0};

#pragma GCC unroll 4
    for (int a = 0; a < axes; a++) {
        const int8_t back[2] = {(int8_t)-board_steps[hex][a][0], (int8_t)-board_steps[hex][a][1]};
        struct mask next = *m;
        struct mask run;
        step(vecs, back, m, &run);
        for (int i = 0; i < vecs; i++) {
            run.vec[i] = m->vec[i] & ~run.vec[i];
        }
        for (int k = 1; k < length; k++) {
            struct mask from = next;
            step(vecs, board_steps[hex][a], &from, &next);
            for (int i = 0; i < vecs; i++) {
                run.vec[i] &= next.vec[i];
            }
        }
        for (int i = 0; i < vecs; i++) {
            any.vec[i] |= run.vec[i];
            out[a].vec[i] = run.vec[i];
        }
    }
    return !is_empty(vecs, &any);
}

bool
mask_runs(const struct board *b, const struct mask *m, uint8_t length,
          struct mask out[BOARD_MAX_AXES])
{
    return BY_BOARD(b, runs, m, length, out);
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
