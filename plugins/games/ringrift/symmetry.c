/* SPDX-License-Identifier: MIT */
/*
 * symmetry.c - images of states and moves under the symmetries of the board.
 *
 * Recovery slides scan the line directions in a fixed order, so their legality is not symmetric;
 * the image of such a move is looked up in the image's own list.
 */
#include <string.h>

#include "policy.h"

void
symmetry_state(const struct rr_variant *variant, uint32_t sym, const void *state, void *image)
{
    struct view v;
    struct pos p;
    uint16_t source[BOARD_MAX_CELLS];
    uint16_t at = 0;

    memset(image, 0, variant->state_bytes);
    view_of(&v, variant, state);
    pos_of(&p, variant, image);
    *p.h = *v.h;
    if (v.h->fx != BOARD_NO_CELL) {
        p.h->fx = v.b->image[sym][v.h->fx];
    }
    for (uint16_t c = 0; c < v.b->cells; c++) {
        source[v.b->image[sym][c]] = c;
    }
    for (uint16_t c = 0; c < v.b->cells; c++) {
        const uint16_t from = source[c];
        const uint16_t height = view_height(&v, from);
        p.cell[c] = v.cell[from];
        p.cap[c] = v.cap[from];
        memcpy(p.pool + at, v.pool + v.off[from], height);
        at = (uint16_t)(at + height);
        p.off[c + 1] = at;
    }
    p.cell[v.b->cells] = CELL_WALL;
}

struct span {
    uint16_t first;
    uint8_t axis;
};

/* Image of `length` cells along an axis: its first cell in cell order, and its axis. */
static struct span
image_span(const struct board *b, const uint16_t *image, struct span s, uint16_t length)
{
    const uint16_t one = image[s.first];
    const uint16_t two = image[line_step(b, s.axis, s.first, (uint16_t)(length - 1))];
    const uint16_t low = one < two ? one : two;
    const uint16_t high = one < two ? two : one;

    return (struct span){.first = low, .axis = board_ray(b, low, high).dir};
}

static rr_move
image_region(const struct view *v, const uint16_t *image, rr_move m)
{
    uint16_t cells[BOARD_MAX_CELLS];
    const uint16_t size = region_cells(v, move_a(m), move_k(m), cells);
    uint16_t min = BOARD_NO_CELL;

    for (uint16_t i = 0; i < size; i++) {
        min = image[cells[i]] < min ? image[cells[i]] : min;
    }
    return move_code(MT_T, min, 0, 0, move_k(m));
}

static bool
is_legal(const struct view *v, rr_move m)
{
    struct sink s = {.v = v, .want = m};

    turn_legal(v, &s);
    return s.found;
}

rr_move
symmetry_move(const struct view *v, uint32_t sym, rr_move m, const struct view *image_view)
{
    const struct board *b = v->b;
    const uint16_t *image = b->image[sym];
    const enum move_type type = move_type(m);
    const uint16_t need = v->r->line_need;
    struct span run;
    struct span part;
    rr_move out;

    switch (type) {
    case MT_P:
    case MT_EL:
    case MT_ET:
    case MT_ER:
    case MT_F:
        return move_code(type, image[move_a(m)], 0, 0, move_k(m));
    case MT_M:
        return move_code(type, image[move_a(m)], image[move_b(m)], 0, 0);
    case MT_C:
    case MT_K:
        return move_code(type, image[move_a(m)], image[move_b(m)], image[move_c(m)], 0);
    case MT_L:
    case MT_O_ALL:
    case MT_O_PART:
        run = (struct span){.first = move_a(m), .axis = move_k(m)};
        run = image_span(b, image, run, move_b(m));
        part = (struct span){.first = move_c(m), .axis = move_k(m)};
        part.first = type == MT_O_PART ? image_span(b, image, part, need).first : 0;
        return move_code(type, run.first, move_b(m), part.first, run.axis);
    case MT_T:
        return image_region(v, image, m);
    case MT_R_FREE:
    case MT_R_STRIKE:
    case MT_R_LINE:
        out = move_code(type, image[move_a(m)], image[move_b(m)], image[move_c(m)], 0);
        return is_legal(image_view, out) ? out : RR_MOVE_NONE;
    case MT_R_PART:
        part = (struct span){.first = move_c(m), .axis = move_k(m)};
        part = image_span(b, image, part, need);
        out = move_code(type, image[move_a(m)], image[move_b(m)], part.first, part.axis);
        return is_legal(image_view, out) ? out : RR_MOVE_NONE;
    default:
        return m;
    }
}
