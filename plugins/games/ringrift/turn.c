/* SPDX-License-Identifier: MIT */
/*
 * turn.c - the phases of a turn: what is offered in each, and which one follows a move.
 *
 *   RP -> MV -> CA -> CH -> LP -> TP -> FE -> end of turn
 *
 * Every phase is left by a move, even if the move says that there was nothing to do.
 */
#include <string.h>

#include "moves/moves.h"

/* Moves that leave the acted-this-turn flag alone. */
static const uint32_t passive = 1U << MT_SP | 1U << MT_NP | 1U << MT_SC | 1U << MT_SR |
                                1U << MT_NM | 1U << MT_NL | 1U << MT_ST | 1U << MT_NT;

static void
legal_rp(const struct view *v, struct sink *s)
{
    const uint8_t seat = v->h->cur;
    const uint32_t before = s->count;

    if (v->h->swap == SWAP_OFFERED) {
        sink_add(s, MT_SW);
    }
    place_legal(v, s);
    if (v->h->hand[seat] > 0 && (seat_can_act(v, seat) || recovery_eligible(v, seat))) {
        sink_add(s, MT_SP);
    }
    if (s->count == before) {
        sink_add(s, MT_NP);
    }
}

static void
legal_mv(const struct view *v, struct sink *s)
{
    const uint32_t before = s->count;

    for (uint16_t c = 0; c < v->b->cells; c++) {
        if (v->cell[c] == own(CELL_STACK, v->h->cur) &&
            (v->h->fx == BOARD_NO_CELL || v->h->fx == c)) {
            stack_legal(v, c, s);
        }
    }
    if (recovery_eligible(v, v->h->cur)) {
        sink_add(s, MT_SR);
        recovery_legal(v, s);
    }
    if (s->count == before) {
        sink_add(s, MT_NM);
    }
}

static void
legal_lp(const struct view *v, struct sink *s)
{
    const uint32_t before = s->count;

    if ((v->h->flags & FLAG_LINE_DEBT) != 0) {
        pay_legal(v, MT_EL, s);
        return;
    }
    lines_legal(v, s);
    if (s->count == before) {
        sink_add(s, MT_NL);
    }
}

static void
legal_tp(const struct view *v, struct sink *s)
{
    const uint32_t before = s->count;

    if ((v->h->flags & FLAG_REGION_DEBT) != 0) {
        pay_legal(v, (v->h->flags & FLAG_RECOVERED) != 0 ? MT_ER : MT_ET, s);
        return;
    }
    regions_legal(v, s);
    sink_add(s, s->count > before ? MT_ST : MT_NT);
}

void
turn_legal(const struct view *v, struct sink *s)
{
    switch ((enum phase)v->h->phase) {
    case PH_RP:
        legal_rp(v, s);
        break;
    case PH_MV:
        legal_mv(v, s);
        break;
    case PH_CA:
        capture_legal(v, v->h->fx, MT_C, s);
        sink_add(s, MT_SC);
        break;
    case PH_CH:
        capture_legal(v, v->h->fx, MT_K, s);
        break;
    case PH_LP:
        legal_lp(v, s);
        break;
    case PH_TP:
        legal_tp(v, s);
        break;
    case PH_FE:
        pay_legal(v, MT_F, s);
        break;
    case PH_OV:
    case PH_COUNT:
        break;
    }
}

static void
enter(struct pos *p, enum phase phase, uint16_t fx)
{
    p->h->phase = (uint8_t)phase;
    p->h->fx = fx;
}

/* Nothing of the turn survives the end of the game, so that equal ends are equal memory. */
static void
game_over(struct pos *p)
{
    struct head *h = p->h;

    enter(p, PH_OV, BOARD_NO_CELL);
    h->cur = 0;
    h->flags = 0;
    h->swap = SWAP_NONE;
    h->lps_first = 0;
    h->lps_player = 0;
    h->lps_streak = 0;
    memset(h->lps_mask, LPS_UNSEEN, sizeof h->lps_mask);
}

static void
end_turn(struct pos *p)
{
    struct head *h = p->h;
    const uint8_t before = h->cur;

    if (victory_test(p)) {
        game_over(p);
        return;
    }
    const uint8_t material = view_material(&p->v);
    do {
        h->cur = (uint8_t)((h->cur + 1) % p->v.r->seats);
    } while ((material & (1U << h->cur)) == 0);
    enter(p, PH_RP, BOARD_NO_CELL);
    /* The reference looks back to the last move of somebody else: a player who is to act twice in
     * a row takes the flags of his turn along. */
    if (h->cur != before) {
        h->flags = 0;
    }
    if (h->swap == SWAP_PENDING && h->cur == 1) {
        h->swap = SWAP_OFFERED;
    }
    lps_turn_start(p);
    if (h->winner != 0) {
        game_over(p);
    }
}

/* A player who has only skipped and controls a stack must give up a cap. */
static bool
owes_forced(const struct view *v)
{
    return (v->h->flags & FLAG_ACTED) == 0 && view_controls(v, v->h->cur);
}

static void
after_regions(struct pos *p)
{
    if (owes_forced(&p->v)) {
        enter(p, PH_FE, BOARD_NO_CELL);
    } else {
        end_turn(p);
    }
}

/* DEVIATION R075: a blocked player with nothing to take goes to forced elimination at once, and not
 * by way of the territory phase and its NT. */
static void
after_line_noop(struct pos *p)
{
    const bool skips = DEVIATES(&p->v, R075) && owes_forced(&p->v) && !regions_any(&p->v);

    enter(p, skips ? PH_FE : PH_TP, BOARD_NO_CELL);
}

static void
after_ride(struct pos *p, uint16_t landing, bool was_capture)
{
    if (p->cell[landing] == own(CELL_STACK, p->h->cur) && capture_possible(&p->v, landing)) {
        enter(p, was_capture ? PH_CH : PH_CA, landing);
    } else {
        enter(p, PH_LP, BOARD_NO_CELL);
    }
}

static void
after_line(struct pos *p, bool free)
{
    if (!free && view_controls(&p->v, p->h->cur)) {
        p->h->flags |= FLAG_LINE_DEBT;
    } else if (!lines_any(&p->v, p->h->cur)) {
        enter(p, PH_TP, BOARD_NO_CELL);
    }
}

static void
apply_rp(struct pos *p, rr_move m)
{
    if (p->h->swap == SWAP_OFFERED) {
        p->h->swap = SWAP_NONE;
    }
    if (move_type(m) == MT_P) {
        place_apply(p, m);
        enter(p, PH_MV, move_a(m));
    } else if (move_type(m) != MT_SW) { /* only the people behind the seats change places */
        enter(p, PH_MV, BOARD_NO_CELL);
    }
}

/* MV, CA and CH. */
static void
apply_mv(struct pos *p, rr_move m)
{
    switch (move_type(m)) {
    case MT_M:
        ride_apply(p, m);
        after_ride(p, move_b(m), false);
        break;
    case MT_C:
    case MT_K:
        capture_apply(p, m);
        after_ride(p, move_b(m), true);
        break;
    case MT_R_FREE:
    case MT_R_STRIKE:
    case MT_R_LINE:
    case MT_R_PART:
        recovery_apply(p, m);
        p->h->flags |= FLAG_RECOVERED;
        enter(p, PH_LP, BOARD_NO_CELL);
        break;
    default: /* SR NM SC */
        enter(p, PH_LP, BOARD_NO_CELL);
        break;
    }
}

static void
apply_lp(struct pos *p, rr_move m)
{
    switch (move_type(m)) {
    case MT_EL:
        pay_apply(p, m);
        p->h->flags &= (uint8_t)~FLAG_LINE_DEBT;
        break;
    case MT_NL:
        after_line_noop(p);
        break;
    default: /* L and both kinds of O */
        lines_apply(p, m);
        after_line(p, move_type(m) == MT_O_PART);
        break;
    }
}

static void
apply_tp(struct pos *p, rr_move m)
{
    switch (move_type(m)) {
    case MT_T:
        region_apply(p, m);
        p->h->flags |= FLAG_REGION_DEBT;
        break;
    case MT_ET:
    case MT_ER:
        pay_apply(p, m);
        p->h->flags &= (uint8_t)~FLAG_REGION_DEBT;
        if (!regions_any(&p->v)) {
            end_turn(p);
        }
        break;
    default: /* ST and NT */
        after_regions(p);
        break;
    }
}

void
turn_apply(struct pos *p, rr_move m)
{
    if ((passive & (1U << move_type(m))) == 0) {
        p->h->flags |= FLAG_ACTED;
    }
    switch ((enum phase)p->h->phase) {
    case PH_RP:
        apply_rp(p, m);
        break;
    case PH_MV:
    case PH_CA:
    case PH_CH:
        apply_mv(p, m);
        break;
    case PH_LP:
        apply_lp(p, m);
        break;
    case PH_TP:
        apply_tp(p, m);
        break;
    case PH_FE:
        pay_apply(p, m);
        end_turn(p);
        break;
    case PH_OV:
    case PH_COUNT:
        break;
    }
}
