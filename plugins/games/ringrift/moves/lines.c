/* SPDX-License-Identifier: MIT */
/*
 * lines.c - lines of the mover's markers in the line phase.
 */
#include "moves/moves.h"

struct run {
    uint16_t first, length;
    uint8_t axis;
};

/* Next maximal run of the seat's markers after *run in (axis, cell) order; false at the end. */
static bool
next_run(const struct view *v, uint8_t seat, struct run *run, uint16_t *cursor)
{
    const struct board *b = v->b;
    const uint8_t mine = own(CELL_MARKER, seat);

    for (; run->axis < b->axes; run->axis++, *cursor = 0) {
        for (; *cursor < b->cells; (*cursor)++) {
            const uint16_t c = *cursor;
            if (v->cell[c] != mine || v->cell[b->next[c][run->axis + b->axes]] == mine) {
                continue;
            }
            run->first = c;
            run->length = 1;
            for (uint16_t at = b->next[c][run->axis]; v->cell[at] == mine;
                 at = b->next[at][run->axis]) {
                run->length++;
            }
            if (run->length >= v->r->line_min) {
                (*cursor)++;
                return true;
            }
        }
    }
    return false;
}

uint16_t
line_step(const struct board *b, uint8_t axis, uint16_t from, uint16_t steps)
{
    for (uint16_t i = 0; i < steps; i++) {
        from = b->next[from][axis];
    }
    return from;
}

bool
lines_any(const struct view *v, uint8_t seat)
{
    struct run run = {0};
    uint16_t cursor = 0;

    return next_run(v, seat, &run, &cursor);
}

void
lines_legal(const struct view *v, struct sink *s)
{
    const uint16_t need = v->r->line_need;
    struct run run = {0};
    uint16_t cursor = 0;

    while (next_run(v, v->h->cur, &run, &cursor)) {
        if (run.length == need) {
            sink_add(s, move_code(MT_L, run.first, run.length, 0, run.axis));
            continue;
        }
        sink_add(s, move_code(MT_O_ALL, run.first, run.length, 0, run.axis));
        uint16_t part = run.first;
        for (uint16_t i = 0; i + need <= run.length; i++) {
            sink_add(s, move_code(MT_O_PART, run.first, run.length, part, run.axis));
            part = v->b->next[part][run.axis];
        }
    }
}

void
lines_apply(struct pos *p, rr_move m)
{
    const bool part = move_type(m) == MT_O_PART;
    const uint16_t length = part ? p->v.r->line_need : move_b(m);
    uint16_t at = part ? move_c(m) : move_a(m);

    for (uint16_t i = 0; i < length; i++) {
        state_collapse(p, at, p->h->cur);
        at = p->v.b->next[at][move_k(m)];
    }
}
