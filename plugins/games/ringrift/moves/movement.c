/* SPDX-License-Identifier: MIT */
/*
 * movement.c - moves of a stack along a ray without capture.
 */
#include "moves/moves.h"

bool
stack_can_act(const struct view *v, uint16_t c, uint16_t height, uint16_t cap)
{
    for (uint8_t d = 0; d < v->b->dirs; d++) {
        bool jumped = false;
        uint16_t dist = 1;
        for (uint16_t at = v->b->next[c][d];; at = v->b->next[at][d], dist++) {
            const uint8_t content = v->cell[at];
            if ((content & CELL_BLOCKED) == 0) {
                if (dist >= height) {
                    return true;
                }
            } else if (jumped || (content & CELL_STACK) == 0 || v->cap[at] > cap) {
                break;
            } else {
                jumped = true;
            }
        }
    }
    return false;
}

bool
seat_can_act(const struct view *v, uint8_t seat)
{
    for (uint16_t c = 0; c < v->b->cells; c++) {
        if (v->cell[c] == own(CELL_STACK, seat) &&
            stack_can_act(v, c, view_height(v, c), v->cap[c])) {
            return true;
        }
    }
    return false;
}

void
stack_legal(const struct view *v, uint16_t from, struct sink *s)
{
    const uint16_t height = view_height(v, from);
    rr_move capture[BOARD_MAX_DIRS * BOARD_MAX_WIDTH]; /* kept back: moves come first */
    uint32_t captures = 0;

    for (uint8_t d = 0; d < v->b->dirs; d++) {
        uint16_t dist = 1;
        uint16_t at = v->b->next[from][d];
        for (; (v->cell[at] & CELL_BLOCKED) == 0; at = v->b->next[at][d], dist++) {
            if (dist >= height) {
                sink_add(s, move_code(MT_M, from, at, 0, 0));
            }
        }
        if ((v->cell[at] & CELL_STACK) == 0 || v->cap[at] > v->cap[from]) {
            continue;
        }
        const uint16_t target = at;
        for (at = v->b->next[at][d], dist++; (v->cell[at] & CELL_BLOCKED) == 0;
             at = v->b->next[at][d], dist++) {
            if (dist >= height) {
                capture[captures++] = move_code(MT_C, from, at, target, 0);
            }
        }
    }
    for (uint32_t i = 0; i < captures; i++) {
        sink_add(s, capture[i]);
    }
}

/* Treat the markers strictly between two cells of a ray: own ones collapse, others turn. */
void
ride_path(struct pos *p, uint16_t from, uint16_t to)
{
    const struct board *b = p->v.b;
    const uint8_t seat = p->h->cur;
    const uint8_t d = board_ray(b, from, to).dir;

    for (uint16_t at = b->next[from][d]; at != to; at = b->next[at][d]) {
        if (p->cell[at] == own(CELL_MARKER, seat)) {
            state_collapse(p, at, seat);
        } else if ((p->cell[at] & CELL_MARKER) != 0) {
            p->cell[at] = own(CELL_MARKER, seat);
        }
    }
}

void
ride_apply(struct pos *p, rr_move m)
{
    const uint16_t from = move_a(m);
    const uint16_t to = move_b(m);
    const uint8_t seat = p->h->cur;

    ride_path(p, from, to);
    if ((p->cell[to] & CELL_MARKER) != 0) {
        p->cell[to] = CELL_EMPTY;
        (void)stack_pop(p, from);
        credit(p, 1);
    }
    if (view_height(&p->v, from) > 0) {
        stack_move(p, from, to);
    }
    p->cell[from] = own(CELL_MARKER, seat);
}
