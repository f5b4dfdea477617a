/* SPDX-License-Identifier: MIT */
/*
 * moves.h - move codes, and what each kind of decision offers and does.
 *
 * A code is type | a << 8 | b << 24 | c << 40 | k << 56. What a, b, c, k hold:
 *
 *   P            a cell, k count                  L        a first cell, b length, k axis
 *   M            a from, b to                     O..:A    as L
 *   C K          a from, b landing, c target      O..:part as L, and c first cell of the part
 *   R..F S L1    a from, b to, c paying stack     EL ET ER F  a stack
 *   R..L2        a from, b to, c first cell of    T        a smallest cell, k kind (see regions)
 *                the collapsing part, k axis      others   nothing
 */
#ifndef RINGRIFT_MOVES_H
#define RINGRIFT_MOVES_H

#include "state.h"

enum move_type {
    MT_P,
    MT_SP,
    MT_NP,
    MT_SW,
    MT_M,
    MT_C,
    MT_K,
    MT_SC,
    MT_R_FREE,
    MT_R_STRIKE,
    MT_R_LINE,
    MT_R_PART,
    MT_SR,
    MT_NM,
    MT_L,
    MT_O_ALL,
    MT_O_PART,
    MT_EL,
    MT_NL,
    MT_T,
    MT_ET,
    MT_ER,
    MT_ST,
    MT_NT,
    MT_F,
    MT_COUNT
};

static inline rr_move
move_code(enum move_type type, uint16_t a, uint16_t b, uint16_t c, uint8_t k)
{
    return (uint64_t)type | (uint64_t)a << 8 | (uint64_t)b << 24 | (uint64_t)c << 40 |
           (uint64_t)k << 56;
}

static inline enum move_type
move_type(rr_move m)
{
    return (enum move_type)(m & 0xff);
}

static inline uint16_t
move_a(rr_move m)
{
    return (uint16_t)(m >> 8);
}

static inline uint16_t
move_b(rr_move m)
{
    return (uint16_t)(m >> 24);
}

static inline uint16_t
move_c(rr_move m)
{
    return (uint16_t)(m >> 40);
}

static inline uint8_t
move_k(rr_move m)
{
    return (uint8_t)(m >> 56);
}

/* Where legal moves go. With out NULL they are only compared with want (a code) or want_text. */
struct sink {
    const struct view *v;
    rr_move *out;
    uint32_t count;
    rr_move want;
    const char *want_text;
    bool found;
};

void sink_compare(struct sink *s, rr_move m);

static inline void
sink_add(struct sink *s, rr_move m)
{
    if (s->out != NULL) {
        s->out[s->count] = m;
    } else {
        sink_compare(s, m);
    }
    s->count++;
}

/* Whether a stack of this height and cap, owned by the mover, standing on c, could move or
 * capture. The board need not really hold it. */
bool stack_can_act(const struct view *v, uint16_t c, uint16_t height, uint16_t cap);

/* Whether a stack that the mover controls anywhere can. */
bool seat_can_act(const struct view *v, uint8_t seat);

/* Ring placement. */
bool place_possible(const struct view *v, uint8_t seat); /* with rings in hand */
void place_legal(const struct view *v, struct sink *s);
void place_apply(struct pos *p, rr_move m);

/* Moves of a stack and then, for they begin on the same ways, its captures. */
void stack_legal(const struct view *v, uint16_t from, struct sink *s);

/* Movement; ride_path() also serves captures. */
void ride_path(struct pos *p, uint16_t from, uint16_t to);
void ride_apply(struct pos *p, rr_move m); /* M */

/* Capture. */
bool capture_possible(const struct view *v, uint16_t from);
void capture_legal(const struct view *v, uint16_t from, enum move_type type, struct sink *s);
void capture_apply(struct pos *p, rr_move m);

/* Recovery. */
bool recovery_eligible(const struct view *v, uint8_t seat);
void recovery_legal(const struct view *v, struct sink *s);
void recovery_apply(struct pos *p, rr_move m);

/* Lines. */
uint16_t line_step(const struct board *b, uint8_t axis, uint16_t from, uint16_t steps);
bool lines_any(const struct view *v, uint8_t seat);
void lines_legal(const struct view *v, struct sink *s);
void lines_apply(struct pos *p, rr_move m); /* collapses; the debt is the turn's business */

/*
 * Regions. The kind of a region is the seat, relative to the mover, whose markers produce it first
 * in seat order, or REGION_PLAIN when only collapsed cells close it. Smallest cell and kind name a
 * region: the components of one colour are disjoint, and equal cell sets are merged.
 */
enum { REGION_PLAIN = 4 };

/* Regions that the mover may take now. */
void regions_legal(const struct view *v, struct sink *s);
bool regions_any(const struct view *v);

/* Cells of a region, ascending; returns how many. */
uint16_t region_cells(const struct view *v, uint16_t min, uint8_t kind, uint16_t *out);
void region_apply(struct pos *p, rr_move m); /* T */

/* Markers that collapse with a region fenced off by markers of this content; returns how many. */
struct cells {
    const uint16_t *cell;
    uint16_t count;
};
uint16_t fence_find(const struct view *v, const struct cells *region, uint8_t barrier,
                    uint16_t *out);

/* Payments: EL pops one ring, ET and F the cap, ER the lowest buried ring of the mover. */
void pay_legal(const struct view *v, enum move_type type, struct sink *s);
void pay_apply(struct pos *p, rr_move m);

/* All legal moves, and playing one. */
void turn_legal(const struct view *v, struct sink *s);
void turn_apply(struct pos *p, rr_move m);

/* Victory test at the end of a turn; sets winner and end when somebody has won. */
bool victory_test(struct pos *p);

/* In a position where the game is over: find winner and end again; END_NONE when nobody has won.
 * The last to act cannot be seen: with END_STALE_LAST_ACTOR head.winner stays what it was. */
enum end_kind victory_again(struct pos *p);

/* Last-player-standing bookkeeping at a turn start; may end the game. */
void lps_turn_start(struct pos *p);

/* Whether the seat can place, move or capture on this board. */
bool real_action(const struct view *v, uint8_t seat);

/* Take the rings off the board and credit them to the mover. */
static inline void
credit(struct pos *p, uint16_t rings)
{
    p->h->elim[p->h->cur] = (uint16_t)(p->h->elim[p->h->cur] + rings);
}

#endif
