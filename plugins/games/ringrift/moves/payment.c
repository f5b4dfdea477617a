/* SPDX-License-Identifier: MIT */
/*
 * payment.c - rings paid for lines and regions, and forced elimination.
 */
#include "moves/moves.h"

void
pay_legal(const struct view *v, enum move_type type, struct sink *s)
{
    const uint8_t seat = v->h->cur;

    for (uint16_t c = 0; c < v->b->cells; c++) {
        bool pays = v->cell[c] == own(CELL_STACK, seat);
        if (type == MT_ER) {
            const int ring = (v->cell[c] & CELL_STACK) != 0 ? view_lowest(v, c, seat) : -1;
            pays = ring >= 0 && ring < view_height(v, c) - 1;
        }
        if (pays) {
            sink_add(s, move_code(type, c, 0, 0, 0));
        }
    }
}

void
pay_apply(struct pos *p, rr_move m)
{
    const uint16_t c = move_a(m);
    const uint16_t cap = p->cap[c];

    switch (move_type(m)) {
    case MT_EL:
        (void)stack_pop(p, c);
        credit(p, 1);
        break;
    case MT_ER:
        stack_remove(p, c, (uint16_t)view_lowest(&p->v, c, p->h->cur), 1);
        credit(p, 1);
        break;
    default: /* ET and F */
        stack_remove(p, c, (uint16_t)(view_height(&p->v, c) - cap), cap);
        credit(p, cap);
        break;
    }
}
