/* SPDX-License-Identifier: MIT */
/*
 * victory.c - who has won: the test at the end of a turn, and last player standing by rounds.
 */
#include <string.h>

#include "moves/moves.h"

static bool
win(struct pos *p, uint8_t seat, enum end_kind kind)
{
    p->h->winner = (uint8_t)(seat + 1);
    p->h->end = (uint8_t)kind;
    return true;
}

static bool
by_threshold(struct pos *p)
{
    const struct rules *r = p->v.r;
    uint16_t all = 0;

    for (uint8_t s = 0; s < r->seats; s++) {
        all = (uint16_t)(all + p->h->terr[s]);
        if (p->h->elim[s] >= r->elim_win) {
            return win(p, s, END_ELIM);
        }
    }
    for (uint8_t s = 0; s < r->seats; s++) {
        if (p->h->terr[s] >= r->terr_win && 2 * p->h->terr[s] > all) {
            return win(p, s, END_TERR);
        }
    }
    return false;
}

/* One seat controls all stacks and nobody else owns a ring anywhere. */
static bool
by_only_rings(struct pos *p)
{
    const uint8_t material = view_material(&p->v);

    for (uint8_t s = 0; s < p->v.r->seats; s++) {
        if (material == (1U << s) && view_controls(&p->v, s)) {
            return win(p, s, END_LPS_EARLY);
        }
    }
    return false;
}

/* Seat with strictly more than all others, or -1. */
static int
unique_most(const uint16_t *value, uint8_t seats)
{
    int best = -1;
    uint16_t most = 0;

    for (uint8_t s = 0; s < seats; s++) {
        if (s == 0 || value[s] > most) {
            most = value[s];
            best = s;
        } else if (value[s] == most) {
            best = -1;
        }
    }
    return best;
}

/* The stalemate ladder. A rung that needs more than nothing has that by being the unique most. */
static bool
by_stalemate(struct pos *p)
{
    const struct head *h = p->h;
    const uint8_t seats = p->v.r->seats;
    uint16_t rings[RR_GAME_MAX_SEATS];
    uint16_t markers[RR_GAME_MAX_SEATS];

    for (uint8_t s = 0; s < seats; s++) {
        rings[s] = (uint16_t)(h->elim[s] + h->hand[s]);
        markers[s] = view_count(&p->v, own(CELL_MARKER, s));
    }
    int best = unique_most(h->terr, seats);
    if (best >= 0) {
        return win(p, (uint8_t)best, END_STALE_TERR);
    }
    best = unique_most(rings, seats);
    if (best >= 0) {
        return win(p, (uint8_t)best, END_STALE_ELIM);
    }
    best = unique_most(markers, seats);
    if (best >= 0) {
        return win(p, (uint8_t)best, END_STALE_MARKERS);
    }
    return win(p, h->cur, END_STALE_LAST_ACTOR);
}

bool
victory_test(struct pos *p)
{
    if (by_threshold(p) || by_only_rings(p)) {
        return true;
    }
    if (view_has_stacks(&p->v)) {
        return false;
    }
    for (uint8_t s = 0; s < p->v.r->seats; s++) {
        if (p->h->hand[s] > 0 && place_possible(&p->v, s)) {
            return false;
        }
    }
    return by_stalemate(p);
}

bool
real_action(const struct view *v, uint8_t seat)
{
    return seat_can_act(v, seat) || (v->h->hand[seat] > 0 && place_possible(v, seat));
}

static bool
mask_empty(const struct head *h)
{
    static const uint8_t unseen[4] = {0};

    return memcmp(h->lps_mask, unseen, sizeof unseen) == 0;
}

static void
set_streak(struct head *h, uint8_t player, uint16_t length)
{
    h->lps_player = player;
    h->lps_streak = length;
}

/* A round is over: whoever alone had real actions in it goes on with his streak. */
static void
close_round(struct head *h, uint8_t material)
{
    uint8_t active = 0;
    uint8_t only = 0;

    for (uint8_t s = 0; s < RR_GAME_MAX_SEATS; s++) {
        if ((material & (1U << s)) != 0 && h->lps_mask[s] == LPS_ACTIVE) {
            active++;
            only = (uint8_t)(s + 1);
        }
    }
    if (active != 1) {
        set_streak(h, 0, 0);
    } else {
        set_streak(h, only, only == h->lps_player ? (uint16_t)(h->lps_streak + 1) : 1);
    }
}

static bool
owns(uint8_t material, uint8_t player)
{
    return player > 0 && (material & (1U << (player - 1))) != 0;
}

static bool
others_act(const struct view *v, uint8_t material)
{
    for (uint8_t s = 0; s < v->r->seats; s++) {
        if (s != v->h->cur && (material & (1U << s)) != 0 && real_action(v, s)) {
            return true;
        }
    }
    return false;
}

void
lps_turn_start(struct pos *p)
{
    struct head *h = p->h;
    const uint8_t player = (uint8_t)(h->cur + 1);
    const uint8_t material = view_material(&p->v);

    if (!owns(material, h->lps_first)) {
        h->lps_first = player;
        memset(h->lps_mask, LPS_UNSEEN, sizeof h->lps_mask);
        if (!owns(material, h->lps_player)) {
            set_streak(h, 0, 0);
        }
    } else if (player == h->lps_first && !mask_empty(h)) {
        close_round(h, material);
        memset(h->lps_mask, LPS_UNSEEN, sizeof h->lps_mask);
    }
    const bool acts = real_action(&p->v, h->cur);
    h->lps_mask[h->cur] = acts ? LPS_ACTIVE : LPS_IDLE;
    if (h->lps_streak >= p->v.r->lps_rounds && player == h->lps_player && acts &&
        !others_act(&p->v, material)) {
        (void)win(p, h->cur, END_LPS_ROUNDS);
    }
}

enum end_kind
victory_again(struct pos *p)
{
    const uint8_t said = p->h->winner;
    uint8_t acting = 0;

    if (victory_test(p)) {
        p->h->winner = p->h->end == END_STALE_LAST_ACTOR ? said : p->h->winner;
        return p->h->end;
    }
    for (uint8_t s = 0; s < p->v.r->seats; s++) {
        if (real_action(&p->v, s)) {
            acting++;
            (void)win(p, s, END_LPS_ROUNDS);
        }
    }
    return acting == 1 ? END_LPS_ROUNDS : END_NONE;
}
