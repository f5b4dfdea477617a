/* SPDX-License-Identifier: MIT */
/*
 * encode.c - what the net sees of a position; doc/ringrift-encoding.md lists planes and scalars.
 *
 * Seats are relative to the one to act: relative seat r is absolute seat (mover + r) mod seats.
 */
#include <string.h>

#include "policy.h"

enum { ON = 255, FINE = 16 };

static uint8_t
relative(const struct view *v, uint8_t seat)
{
    const int distance = seat - v->h->cur; /* no remainder: this is asked for every ring */

    return (uint8_t)(distance < 0 ? distance + v->r->seats : distance);
}

static uint8_t
saturate(unsigned value)
{
    return (uint8_t)(value > ON ? ON : value);
}

/* A ring far down in a stack: its relative seat as one bit of a byte, or two with more than two
 * seats, the upper rings in the higher bits, so that the byte says most about the nearest. */
static void
pack(uint8_t *packed, uint8_t seats, uint16_t depth, uint8_t r)
{
    const unsigned bits = seats > 2 ? 2 : 1;
    const unsigned in_a_byte = 8 / bits;
    const unsigned i = depth - ENCODE_DEPTH - 1U;

    if (i / in_a_byte < ENCODE_PACKED) {
        packed[i / in_a_byte] |= (uint8_t)(r << (8 - bits - bits * (i % in_a_byte)));
    }
}

/* Rings of a stack: the ENCODE_DEPTH rings under the top, the lowest ones, counts, and the packed
 * ones. */
static void
encode_stack(const struct view *v, uint16_t c, uint8_t *out)
{
    const uint8_t seats = v->r->seats;
    const uint16_t height = view_height(v, c);
    const uint8_t *rings = v->pool + v->off[c];
    uint8_t *counts = out + (ENCODE_DEPTH + ENCODE_BOTTOM) * seats;

    for (uint16_t i = 0; i < height; i++) {
        const uint8_t r = relative(v, rings[i]);
        const uint16_t depth = (uint16_t)(height - 1 - i);
        counts[r] = saturate(counts[r] + (unsigned)FINE);
        if (depth > ENCODE_DEPTH) {
            pack(counts + seats, seats, depth, r);
        } else if (depth > 0) {
            out[(depth - 1) * seats + r] = ON;
        }
        if (i < ENCODE_BOTTOM) {
            out[(ENCODE_DEPTH + i) * seats + r] = ON;
        }
    }
}

/* A cell that is not empty. */
static void
encode_cell(const struct view *v, uint16_t c, uint8_t *out)
{
    const uint8_t seats = v->r->seats;
    const uint8_t content = v->cell[c];
    const uint8_t r = relative(v, content & CELL_SEAT);
    uint8_t *owners = out + 8;

    if ((content & CELL_STACK) != 0) {
        const uint16_t height = view_height(v, c);
        out[4] = saturate((unsigned)height * FINE);
        out[5] = saturate(height);
        out[6] = saturate((unsigned)v->cap[c] * FINE);
        out[7] = v->cap[c];
        owners[r] = ON;
        encode_stack(v, c, owners + 3 * seats);
    } else if ((content & CELL_MARKER) != 0) {
        owners[seats + r] = ON;
    } else if ((content & CELL_COLLAPSED) != 0) {
        owners[2 * seats + r] = ON;
    }
}

static float
share(uint16_t value, uint16_t whole)
{
    return (float)value / (float)whole;
}

static void
encode_seat(const struct view *v, uint8_t r, float *out)
{
    const struct head *h = v->h;
    const uint8_t seat = (uint8_t)((h->cur + r) % v->r->seats);

    out[0] = share(h->hand[seat], v->r->rings);
    out[1] = share(h->elim[seat], v->r->elim_win);
    out[2] = share(h->terr[seat], v->r->terr_win);
    out[3] = h->cur == r ? 1.0F : 0.0F; /* absolute seat of the mover, one-hot over r */
    out[4] = h->lps_first == seat + 1 ? 1.0F : 0.0F;
    out[5] = h->lps_mask[seat] == LPS_IDLE ? 1.0F : 0.0F;
    out[6] = h->lps_mask[seat] == LPS_ACTIVE ? 1.0F : 0.0F;
    out[7] = h->lps_player == seat + 1 ? 1.0F : 0.0F;
}

void
encode_state(const struct rr_variant *variant, const struct view *v, uint8_t *planes,
             float *scalars)
{
    const struct head *h = v->h;
    const struct board *b = v->b; /* copies, because planes are bytes, which may alias anything */
    const uint16_t cells = b->cells;
    const uint8_t *cell = v->cell;
    const size_t depth = variant->planes;

    memset(planes, 0, (size_t)variant->height * variant->width * depth);
    for (uint16_t c = 0; c < cells; c++) {
        uint8_t *out = planes + b->plane[c] * depth;
        out[0] = ON;
        if (cell[c] == CELL_EMPTY) {
            out[1] = ON;
        } else {
            encode_cell(v, c, out);
        }
    }
    if (h->fx != BOARD_NO_CELL) {
        planes[b->plane[h->fx] * depth + (h->phase == PH_MV ? 2 : 3)] = ON;
    }
    for (uint8_t i = 0; i < PH_OV; i++) {
        *scalars++ = h->phase == i ? 1.0F : 0.0F;
    }
    for (unsigned i = 0; i < 4; i++) {
        *scalars++ = (float)(h->flags >> i & 1);
    }
    *scalars++ = h->swap == SWAP_OFFERED ? 1.0F : 0.0F;
    *scalars++ = h->swap == SWAP_PENDING ? 1.0F : 0.0F;
    *scalars++ = share(h->lps_streak, v->r->lps_rounds);
    for (uint8_t r = 0; r < v->r->seats; r++) {
        encode_seat(v, r, scalars);
        scalars += 8;
    }
}
