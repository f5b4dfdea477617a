/* SPDX-License-Identifier: MIT */
/*
 * state.c - positions in flat memory: views, counts, and changes of stacks.
 *
 * Owns: the pool of rings and everything derived from it (cell, cap).
 * Does not: know when a change is allowed.
 */
#include "state.h"

#include <string.h>

void
pos_of(struct pos *p, const struct rr_variant *variant, void *state)
{
    uint8_t *bytes = state;

    view_of(&p->v, variant, state);
    p->h = state;
    p->off = (uint16_t *)(void *)(bytes + sizeof(struct head));
    p->cell = bytes + (p->v.cell - bytes);
    p->cap = bytes + (p->v.cap - bytes);
    p->pool = bytes + (p->v.pool - bytes);
}

void
state_init(const struct rr_variant *variant, uint64_t options, void *state)
{
    struct pos p;

    memset(state, 0, variant->state_bytes);
    pos_of(&p, variant, state);
    for (uint8_t s = 0; s < p.v.r->seats; s++) {
        p.h->hand[s] = p.v.r->rings;
    }
    p.h->fx = BOARD_NO_CELL;
    p.h->swap = (options & 1U) != 0 && p.v.r->seats == 2 ? SWAP_PENDING : SWAP_NONE;
    p.cell[p.v.b->cells] = CELL_WALL;
}

bool
view_controls(const struct view *v, uint8_t seat)
{
    return memchr(v->cell, own(CELL_STACK, seat), v->b->cells) != NULL;
}

uint16_t
view_count(const struct view *v, uint8_t content)
{
    uint16_t count = 0;

    for (uint16_t c = 0; c < v->b->cells; c++) {
        count = (uint16_t)(count + (v->cell[c] == content));
    }
    return count;
}

bool
view_has_stacks(const struct view *v)
{
    return v->off[v->b->cells] > 0;
}

uint8_t
view_colours(const struct view *v)
{
    uint8_t mask = 0;

    for (uint16_t i = 0; i < v->off[v->b->cells]; i++) {
        mask |= (uint8_t)(1U << v->pool[i]);
    }
    return mask;
}

uint8_t
view_material(const struct view *v)
{
    uint8_t mask = view_colours(v);

    for (uint8_t s = 0; s < v->r->seats; s++) {
        if (v->h->hand[s] > 0) {
            mask |= (uint8_t)(1U << s);
        }
    }
    return mask;
}

int
view_lowest(const struct view *v, uint16_t c, uint8_t seat)
{
    const uint16_t height = view_height(v, c);
    const uint8_t *rings = v->pool + v->off[c];

    for (uint16_t i = 0; i < height; i++) {
        if (rings[i] == seat) {
            return i;
        }
    }
    return -1;
}

/* Bring cell and cap of a stack cell in step with its rings. */
static void
refresh(struct pos *p, uint16_t c)
{
    const uint16_t height = view_height(&p->v, c);
    const uint8_t *rings = p->pool + p->off[c];
    uint16_t cap = 1;

    if (height == 0) {
        p->cell[c] = CELL_EMPTY;
        p->cap[c] = 0;
        return;
    }
    while (cap < height && rings[height - 1 - cap] == rings[height - 1]) {
        cap++;
    }
    p->cell[c] = own(CELL_STACK, rings[height - 1]);
    p->cap[c] = (uint8_t)cap;
}

static void
shift_offsets(struct pos *p, uint16_t first, uint16_t last, int by)
{
    for (uint16_t i = first; i <= last; i++) {
        p->off[i] = (uint16_t)(p->off[i] + by);
    }
}

/* Make room for count rings at pool position at, which belongs to stack c. */
static void
open_gap(struct pos *p, uint16_t c, uint16_t at, uint16_t count)
{
    const uint16_t end = p->off[p->v.b->cells];

    memmove(p->pool + at + count, p->pool + at, (size_t)(end - at));
    shift_offsets(p, (uint16_t)(c + 1), p->v.b->cells, count);
}

void
stack_push(struct pos *p, uint16_t c, uint8_t seat, uint16_t count)
{
    const uint16_t at = p->off[c + 1];

    open_gap(p, c, at, count);
    memset(p->pool + at, seat, count);
    refresh(p, c);
}

void
stack_put_under(struct pos *p, uint16_t c, uint8_t seat)
{
    const uint16_t at = p->off[c];

    open_gap(p, c, at, 1);
    p->pool[at] = seat;
    refresh(p, c);
}

void
stack_remove(struct pos *p, uint16_t c, uint16_t from_bottom, uint16_t count)
{
    const uint16_t end = p->off[p->v.b->cells];
    const uint16_t at = (uint16_t)(p->off[c] + from_bottom);

    memmove(p->pool + at, p->pool + at + count, (size_t)(end - at - count));
    memset(p->pool + end - count, 0, count);
    shift_offsets(p, (uint16_t)(c + 1), p->v.b->cells, -(int)count);
    refresh(p, c);
}

uint8_t
stack_pop(struct pos *p, uint16_t c)
{
    const uint8_t seat = p->cell[c] & CELL_SEAT;

    stack_remove(p, c, (uint16_t)(view_height(&p->v, c) - 1), 1);
    return seat;
}

void
stack_clear(struct pos *p, uint16_t c)
{
    stack_remove(p, c, 0, view_height(&p->v, c));
}

void
stack_move(struct pos *p, uint16_t from, uint16_t to)
{
    uint8_t rings[BOARD_MAX_CELLS];
    const uint16_t height = view_height(&p->v, from);
    const uint16_t at = p->off[from];

    memcpy(rings, p->pool + at, height);
    if (from < to) {
        const uint16_t dest = (uint16_t)(p->off[to] - height);
        memmove(p->pool + at, p->pool + at + height, (size_t)(dest - at));
        memcpy(p->pool + dest, rings, height);
        shift_offsets(p, (uint16_t)(from + 1), to, -(int)height);
    } else {
        const uint16_t dest = p->off[to];
        memmove(p->pool + dest + height, p->pool + dest, (size_t)(at - dest));
        memcpy(p->pool + dest, rings, height);
        shift_offsets(p, (uint16_t)(to + 1), from, height);
    }
    p->cell[to] = p->cell[from];
    p->cap[to] = p->cap[from];
    p->cell[from] = CELL_EMPTY;
    p->cap[from] = 0;
}

void
state_collapse(struct pos *p, uint16_t c, uint8_t seat)
{
    p->cell[c] = own(CELL_COLLAPSED, seat);
    p->h->terr[seat]++;
}
