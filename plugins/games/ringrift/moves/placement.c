/* SPDX-License-Identifier: MIT */
/*
 * placement.c - ring placement: which cells take how many rings, and putting them down.
 */
#include "mask.h"
#include "moves/moves.h"

enum { PLACE_MAX = 3 }; /* rings that may be placed on an empty cell at once */

/* Whether `count` rings of the seat on cell c make a stack that can act. */
static bool
alive(const struct view *v, uint16_t c, uint8_t seat, uint16_t count)
{
    const uint8_t content = v->cell[c];

    if (content == CELL_EMPTY) {
        return stack_can_act(v, c, count, count);
    }
    return stack_can_act(v, c, (uint16_t)(view_height(v, c) + 1),
                         content == own(CELL_STACK, seat) ? (uint16_t)(v->cap[c] + 1) : 1);
}

static bool
open_cell(uint8_t content)
{
    return content == CELL_EMPTY || (content & CELL_STACK) != 0;
}

/* Most rings that one placement may put on this cell. */
static uint16_t
most(const struct view *v, uint16_t c, uint16_t hand)
{
    const uint16_t limit = v->cell[c] == CELL_EMPTY ? PLACE_MAX : 1;

    return hand < limit ? hand : limit;
}

bool
place_possible(const struct view *v, uint8_t seat)
{
    /* DEVIATION R081: judged with one ring */
    const uint16_t rings = DEVIATES(v, R081) ? 1 : v->h->hand[seat];

    for (uint16_t c = 0; c < v->b->cells; c++) {
        for (uint16_t k = 1; open_cell(v->cell[c]) && k <= most(v, c, rings); k++) {
            if (alive(v, c, seat, k)) {
                return true;
            }
        }
    }
    return false;
}

/* Rings that the mover may still put on the board. The supply cap never binds in a real game, but
 * it keeps hand-made positions within the bounds that other parts count on. */
static uint16_t
supply(const struct view *v)
{
    uint16_t on_board = 0;

    for (uint16_t i = 0; i < v->off[v->b->cells]; i++) {
        on_board = (uint16_t)(on_board + (v->pool[i] == v->h->cur));
    }
    const uint16_t room = on_board < v->r->rings ? (uint16_t)(v->r->rings - on_board) : 0;
    return v->h->hand[v->h->cur] < room ? v->h->hand[v->h->cur] : room;
}

void
place_legal(const struct view *v, struct sink *s)
{
    const struct board *b = v->b;
    const uint8_t seat = v->h->cur;
    const uint16_t limit = supply(v);
    struct mask free;
    struct mask rays[MASK_RAYS];

    if (limit == 0) {
        return;
    }
    mask_read(v, CELL_BLOCKED, 0, &free);
    mask_rays(b, &free, rays);
    for (uint16_t c = 0; c < b->cells; c++) {
        const uint16_t count = open_cell(v->cell[c]) ? most(v, c, limit) : 0;
        for (uint8_t k = 1; k <= count; k++) {
            /* where the way is free the rings can ride, and nobody need look for captures */
            const bool rides = v->cell[c] == CELL_EMPTY && mask_has(b, &rays[k - 1], c);
            if (rides || alive(v, c, seat, k)) {
                sink_add(s, move_code(MT_P, c, 0, 0, k));
            } else if (DEVIATES(v, R081) && k == 1) {
                break; /* DEVIATION R081: dead for one ring means closed for two and three */
            }
        }
    }
}

void
place_apply(struct pos *p, rr_move m)
{
    p->h->hand[p->h->cur] = (uint16_t)(p->h->hand[p->h->cur] - move_k(m));
    stack_push(p, move_a(m), p->h->cur, move_k(m));
}
