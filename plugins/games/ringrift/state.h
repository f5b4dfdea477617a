/* SPDX-License-Identifier: MIT */
/*
 * state.h - a RingRift position in flat memory.
 *
 * Layout of a state: struct head, then off[cells + 1], cell[cells + 1], cap[cells], pool[], zeros
 * up to a multiple of 8. The rings of all stacks lie in the pool, in cell order and from bottom to
 * top; stack c is pool[off[c]] .. pool[off[c + 1] - 1]. Unused pool bytes are zero, so that equal
 * positions are equal memory.
 *
 * A struct view reads a state, a struct pos changes it. Both only point into it.
 */
#ifndef RINGRIFT_STATE_H
#define RINGRIFT_STATE_H

#include <stddef.h>

#include "rr/game.h"

#include "rules.h"

enum phase { PH_RP, PH_MV, PH_CA, PH_CH, PH_LP, PH_TP, PH_FE, PH_OV, PH_COUNT };

enum end_kind {
    END_NONE,
    END_ELIM,
    END_TERR,
    END_LPS_EARLY,
    END_LPS_ROUNDS,
    END_STALE_TERR,
    END_STALE_ELIM,
    END_STALE_MARKERS,
    END_STALE_LAST_ACTOR,
    END_COUNT
};

/* What a cell holds: one of these bits with the seat in the low bits, or CELL_EMPTY. */
enum {
    CELL_EMPTY = 0,
    CELL_SEAT = 0x0f,
    CELL_MARKER = 0x10,
    CELL_STACK = 0x20, /* the seat is the controller */
    CELL_COLLAPSED = 0x40,
    CELL_BLOCKED = CELL_STACK | CELL_COLLAPSED,
    CELL_WALL = CELL_COLLAPSED | CELL_SEAT,
    CELL_ALL = 0xff
};

enum {
    FLAG_LINE_DEBT = 1,   /* le: one ring must be paid for a line */
    FLAG_REGION_DEBT = 2, /* te: a region must be paid for */
    FLAG_RECOVERED = 4,   /* rc: a recovery slide was made this turn */
    FLAG_ACTED = 8        /* ac: something other than skips and no-ops was done this turn */
};

enum swap_state { SWAP_NONE, SWAP_PENDING, SWAP_OFFERED, SWAP_COUNT };
enum lps_seen { LPS_UNSEEN, LPS_IDLE, LPS_ACTIVE };

struct head {
    uint16_t hand[4], elim[4], terr[4];
    uint16_t fx;         /* must-move or attacker cell, or BOARD_NO_CELL */
    uint16_t lps_streak; /* rounds */
    uint8_t phase, cur, flags, swap;
    uint8_t lps_first, lps_player; /* seat + 1; 0 for none */
    uint8_t lps_mask[4];           /* enum lps_seen */
    uint8_t winner;                /* seat + 1; 0 while the game goes on */
    uint8_t end;                   /* enum end_kind */
};

#define STATE_BYTES(cells, pool)                                                                   \
    ((sizeof(struct head) + 2U * ((cells) + 1U) + ((cells) + 1U) + (cells) + (pool) + 7U) / 8U * 8U)

struct view {
    const struct rules *r;
    const struct board *b;
    const struct head *h;
    const uint16_t *off;
    const uint8_t *cell, *cap, *pool;
};

struct pos {
    struct view v;
    struct head *h;
    uint16_t *off;
    uint8_t *cell, *cap, *pool;
};

/* Inline because there is one for each move that gets a policy index. */
static inline void
view_of(struct view *v, const struct rr_variant *variant, const void *state)
{
    const uint8_t *bytes = state;
    const struct rules *r = variant->data;
    const size_t n = r->board->cells;

    v->r = r;
    v->b = r->board;
    v->h = state;
    v->off = (const uint16_t *)(const void *)(bytes + sizeof(struct head));
    v->cell = bytes + sizeof(struct head) + 2 * (n + 1);
    v->cap = v->cell + n + 1;
    v->pool = v->cap + n;
}

void pos_of(struct pos *p, const struct rr_variant *variant, void *state);

/* Empty board, full hands, seat 0 to place. */
void state_init(const struct rr_variant *variant, uint64_t options, void *state);

static inline uint16_t
view_height(const struct view *v, uint16_t c)
{
    return (uint16_t)(v->off[c + 1] - v->off[c]);
}

static inline uint8_t
own(int kind, uint8_t seat)
{
    return (uint8_t)(kind | seat);
}

/* Whether the seat controls a stack, or the bit mask of seats that have a ring in any stack. */
bool view_controls(const struct view *v, uint8_t seat);
uint8_t view_colours(const struct view *v);
bool view_has_stacks(const struct view *v);
uint16_t view_count(const struct view *v, uint8_t content);

/* Lowest ring of the seat in a stack, from the bottom, or -1. */
int view_lowest(const struct view *v, uint16_t c, uint8_t seat);

/* Seats that own a ring anywhere: hand, top or buried; a bit mask. */
uint8_t view_material(const struct view *v);

/* Changes of stacks. They keep cell, cap and pool in step. */
void stack_push(struct pos *p, uint16_t c, uint8_t seat, uint16_t count);
void stack_put_under(struct pos *p, uint16_t c, uint8_t seat);
void stack_remove(struct pos *p, uint16_t c, uint16_t from_bottom, uint16_t count);
void stack_clear(struct pos *p, uint16_t c);
void stack_move(struct pos *p, uint16_t from, uint16_t to);

/* Remove the top ring; returns its seat. */
uint8_t stack_pop(struct pos *p, uint16_t c);

/* Turn a cell without a stack into territory of the seat and count it. */
void state_collapse(struct pos *p, uint16_t c, uint8_t seat);

#endif
