/* SPDX-License-Identifier: MIT */
/*
 * capture.c - overtaking captures, single and in chains.
 */
#include "moves/moves.h"

/* First stack along a ray, or the wall when a collapsed cell or the edge comes first. */
static uint16_t
first_stack(const struct view *v, uint16_t from, uint8_t d, uint16_t *dist)
{
    uint16_t at = v->b->next[from][d];

    for (*dist = 1; (v->cell[at] & CELL_BLOCKED) == 0; (*dist)++) {
        at = v->b->next[at][d];
    }
    return (v->cell[at] & CELL_STACK) != 0 ? at : v->b->cells;
}

/* Call sink_add() for each landing, or with s NULL only say whether there is one. */
static bool
scan(const struct view *v, uint16_t from, enum move_type type, struct sink *s)
{
    const uint16_t height = view_height(v, from);
    bool any = false;

    for (uint8_t d = 0; d < v->b->dirs; d++) {
        uint16_t dist;
        const uint16_t target = first_stack(v, from, d, &dist);
        if (target == v->b->cells || v->cap[target] > v->cap[from]) {
            continue;
        }
        dist++;
        for (uint16_t at = v->b->next[target][d]; (v->cell[at] & CELL_BLOCKED) == 0;
             at = v->b->next[at][d], dist++) {
            if (dist < height) {
                continue;
            }
            if (s == NULL) {
                return true;
            }
            any = true;
            sink_add(s, move_code(type, from, at, target, 0));
        }
    }
    return any;
}

bool
capture_possible(const struct view *v, uint16_t from)
{
    return scan(v, from, MT_C, NULL);
}

void
capture_legal(const struct view *v, uint16_t from, enum move_type type, struct sink *s)
{
    (void)scan(v, from, type, s);
}

void
capture_apply(struct pos *p, rr_move m)
{
    const uint16_t from = move_a(m);
    const uint16_t to = move_b(m);
    const uint16_t target = move_c(m);
    const uint8_t seat = p->h->cur;

    ride_path(p, from, target);
    ride_path(p, target, to);
    stack_put_under(p, from, stack_pop(p, target));
    if ((p->cell[to] & CELL_MARKER) != 0) {
        p->cell[to] = CELL_EMPTY;
        (void)stack_pop(p, from);
        credit(p, 1);
    }
    stack_move(p, from, to);
    p->cell[from] = own(CELL_MARKER, seat);
}
