/* SPDX-License-Identifier: MIT */
/*
 * lines.c - lines of the mover's markers in the line phase.
 */
#include "mask.h"
#include "moves/moves.h"

/* For each axis, the first cells of the lines that the seat may take. */
static bool
find_lines(const struct view *v, uint8_t seat, struct mask out[BOARD_MAX_AXES])
{
    struct mask markers;

    mask_read(v, CELL_ALL, own(CELL_MARKER, seat), &markers);
    return mask_runs(v->b, &markers, v->r->line_min, out);
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
    struct mask lines[BOARD_MAX_AXES];

    return find_lines(v, seat, lines);
}

static void
add_line(const struct view *v, uint16_t first, uint8_t axis, struct sink *s)
{
    const uint16_t need = v->r->line_need;
    uint16_t length = 1;

    for (uint16_t at = v->b->next[first][axis]; v->cell[at] == v->cell[first];
         at = v->b->next[at][axis]) {
        length++;
    }
    if (length == need) {
        sink_add(s, move_code(MT_L, first, length, 0, axis));
        return;
    }
    sink_add(s, move_code(MT_O_ALL, first, length, 0, axis));
    uint16_t part = first;
    for (uint16_t i = 0; i + need <= length; i++) {
        sink_add(s, move_code(MT_O_PART, first, length, part, axis));
        part = v->b->next[part][axis];
    }
}

void
lines_legal(const struct view *v, struct sink *s)
{
    struct mask lines[BOARD_MAX_AXES];

    if (!find_lines(v, v->h->cur, lines)) {
        return;
    }
    for (uint8_t axis = 0; axis < v->b->axes; axis++) {
        uint16_t first[BOARD_MAX_CELLS];
        const uint16_t count = mask_cells(v->b, &lines[axis], first);
        for (uint16_t i = 0; i < count; i++) {
            add_line(v, first[i], axis, s);
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
