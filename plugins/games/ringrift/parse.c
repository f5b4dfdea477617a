/* SPDX-License-Identifier: MIT */
/*
 * parse.c - reads the text of a position.
 *
 * The fields come in the order in which text.c writes them. Totals of rings need not add up, so
 * that hand-made positions can be read, but no seat may have more rings on the board than a game
 * gives it, and the seat to act must have a legal move. `lp=*` stands for "no bookkeeping yet".
 * `swap=1` after the last field: player 2 will be offered the swap.
 * Who has won a finished game follows from the position, but for ends by the last rung of the
 * stalemate ladder, whose text has `w=` after the last field.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

struct parser {
    const char *at;
    struct pos pos;
    char *why;
    size_t why_cap;
    bool failed;
};

__attribute__((format(printf, 2, 3))) static void
fail(struct parser *ps, const char *fmt, ...)
{
    va_list ap;

    if (ps->failed) {
        return;
    }
    ps->failed = true;
    va_start(ap, fmt);
    (void)vsnprintf(ps->why, ps->why_cap, fmt, ap);
    va_end(ap);
}

static bool
accept(struct parser *ps, const char *word)
{
    const size_t n = strlen(word);

    if (ps->failed || strncmp(ps->at, word, n) != 0) {
        return false;
    }
    ps->at += n;
    return true;
}

static void
expect(struct parser *ps, const char *word)
{
    if (!accept(ps, word)) {
        fail(ps, "expected \"%s\" at \"%.20s\"", word, ps->at);
    }
}

static int
number(struct parser *ps, int min, int max)
{
    const bool negative = accept(ps, "-");
    const bool is_zero = *ps->at == '0';
    int value = 0;
    int digits = 0;

    while (!ps->failed && *ps->at >= '0' && *ps->at <= '9' && digits < 6) {
        value = value * 10 + (*ps->at++ - '0');
        digits++;
    }
    value = negative ? -value : value;
    /* one way to write a number: neither -0 nor 07 */
    if (digits == 0 || (is_zero && (negative || digits > 1)) || value < min || value > max) {
        fail(ps, "expected a number from %d to %d before \"%.20s\"", min, max, ps->at);
        return min;
    }
    return value;
}

static uint16_t
cell(struct parser *ps)
{
    const int x = number(ps, -BOARD_MAX_WIDTH, BOARD_MAX_WIDTH);
    expect(ps, ",");
    const int y = number(ps, -BOARD_MAX_WIDTH, BOARD_MAX_WIDTH);
    const uint16_t c = board_cell(ps->pos.v.b, x, y);

    if (c == BOARD_NO_CELL) {
        fail(ps, "%s has no cell %d,%d", ps->pos.v.b->name, x, y);
        return 0;
    }
    return c;
}

static uint8_t
seat(struct parser *ps)
{
    return (uint8_t)(number(ps, 1, ps->pos.v.r->seats) - 1);
}

static void
phase(struct parser *ps)
{
    expect(ps, "ph=");
    for (uint8_t i = 0; i < PH_COUNT; i++) {
        if (accept(ps, text_phase(i))) {
            ps->pos.h->phase = i;
            return;
        }
    }
    fail(ps, "no phase: \"%.2s\" (RP MV CA CH LP TP FE OV)", ps->at);
}

static void
per_seat(struct parser *ps, const char *key, uint16_t *values, int max)
{
    expect(ps, key);
    for (uint8_t s = 0; s < ps->pos.v.r->seats; s++) {
        if (s > 0) {
            expect(ps, ",");
        }
        values[s] = (uint16_t)number(ps, 0, max);
    }
}

static void
rings(struct parser *ps, uint16_t c)
{
    const uint16_t room = ps->pos.v.r->pool;

    do {
        const uint8_t s = (uint8_t)(*ps->at - '1');
        if (s >= ps->pos.v.r->seats) {
            fail(ps, "a ring of player \"%.1s\"", ps->at);
        } else if (ps->pos.off[ps->pos.v.b->cells] >= room) {
            fail(ps, "more than %u rings on the board", room);
        } else {
            stack_push(&ps->pos, c, s, 1);
            ps->at++;
        }
    } while (!ps->failed && *ps->at >= '0' && *ps->at <= '9');
}

static void
cells(struct parser *ps, const char *key, int kind)
{
    expect(ps, key);
    if (accept(ps, "- ")) { /* none; with a digit behind it, it is the sign of a coordinate */
        ps->at--;
        return;
    }
    do {
        const uint16_t c = cell(ps);
        expect(ps, ":");
        if (ps->failed) {
            return;
        }
        if (ps->pos.cell[c] != CELL_EMPTY) {
            fail(ps, "cell %d,%d is named twice", ps->pos.v.b->x[c], ps->pos.v.b->y[c]);
        } else if (kind == CELL_STACK) {
            rings(ps, c);
        } else {
            ps->pos.cell[c] = own(kind, seat(ps));
        }
    } while (accept(ps, ";"));
}

static void
bookkeeping(struct parser *ps)
{
    struct head *h = ps->pos.h;
    const uint8_t seats = ps->pos.v.r->seats;

    expect(ps, " lp=");
    if (h->phase == PH_OV) {
        expect(ps, "-");
        return;
    }
    if (accept(ps, "*")) {
        return;
    }
    h->lps_first = (uint8_t)number(ps, 0, seats);
    expect(ps, ":");
    for (uint8_t s = 0; s < seats && !ps->failed; s++) {
        const char *seen = *ps->at != '\0' ? strchr(".01", *ps->at) : NULL;
        if (seen == NULL) {
            fail(ps, "expected '.', '0' or '1' for each player at \"%.10s\"", ps->at);
            return;
        }
        h->lps_mask[s] = *seen == '.' ? LPS_UNSEEN : *seen == '0' ? LPS_IDLE : LPS_ACTIVE;
        ps->at++;
    }
    expect(ps, ":");
    h->lps_player = (uint8_t)number(ps, 0, seats);
    expect(ps, ":");
    h->lps_streak = (uint16_t)number(ps, 0, 9999);
}

static void
hidden(struct parser *ps)
{
    static const char *const flags[] = {" le=", " te=", " rc=", " ac="};
    struct head *h = ps->pos.h;

    expect(ps, " fx=");
    if (accept(ps, "- ")) {
        ps->at--;
        h->fx = BOARD_NO_CELL;
    } else {
        h->fx = cell(ps);
    }
    for (unsigned i = 0; i < 4; i++) {
        expect(ps, flags[i]);
        h->flags |= (uint8_t)(number(ps, 0, 1) << i);
    }
    expect(ps, " sw=");
    h->swap = number(ps, 0, 1) == 1 ? SWAP_OFFERED : SWAP_NONE;
    bookkeeping(ps);
    if (h->phase == PH_OV && accept(ps, " w=")) {
        h->winner = (uint8_t)(seat(ps) + 1);
    } else if (accept(ps, " swap=1")) {
        h->swap = h->swap == SWAP_OFFERED ? SWAP_COUNT : SWAP_PENDING;
    }
    if (!ps->failed && *ps->at != '\0') {
        fail(ps, "more text after the last field: \"%.20s\"", ps->at);
    }
}

/* Whether the hidden items fit the phase; what is irrelevant must be absent, as text.c has it. */
static void
check_hidden(struct parser *ps)
{
    const struct head *h = ps->pos.h;
    const bool may = h->phase == PH_MV || h->phase == PH_CA || h->phase == PH_CH;
    const bool must = h->phase == PH_CA || h->phase == PH_CH;

    if (h->fx == BOARD_NO_CELL ? must : !may) {
        fail(ps, "fx= does not fit the phase %s", text_phase(h->phase));
    } else if (h->fx != BOARD_NO_CELL && ps->pos.cell[h->fx] != own(CELL_STACK, h->cur)) {
        fail(ps, "fx= is not a stack of the player to act");
    } else if (h->phase == PH_OV && h->flags != 0) {
        fail(ps, "le=, te=, rc= or ac= is 1 though the game is over");
    } else if ((h->flags & FLAG_LINE_DEBT) != 0 && h->phase != PH_LP) {
        fail(ps, "le=1 outside of phase LP");
    } else if ((h->flags & FLAG_REGION_DEBT) != 0 && h->phase != PH_TP) {
        fail(ps, "te=1 outside of phase TP");
    } else if (h->swap == SWAP_OFFERED &&
               (h->phase != PH_RP || h->cur != 1 || ps->pos.v.r->seats != 2)) {
        fail(ps, "sw=1, but only player 2 of two may swap, before placing");
    } else if (h->swap == SWAP_COUNT ||
               (h->swap == SWAP_PENDING &&
                (h->phase == PH_OV || h->cur != 0 || ps->pos.v.r->seats != 2))) {
        fail(ps, "swap=1 is for the first turn of player 1 of two, before sw=1");
    }
}

/* A finished game: find out again who has won. */
static void
check_end(struct parser *ps)
{
    const uint8_t said = ps->pos.h->winner;
    const enum end_kind end = victory_again(&ps->pos);

    if (end == END_NONE) {
        fail(ps, "ph=OV, but nobody has won here");
    } else if (said != 0 && end != END_STALE_LAST_ACTOR) {
        fail(ps, "w=%u, but the position tells who has won", said);
    } else if (said == 0 && end == END_STALE_LAST_ACTOR) {
        fail(ps, "all are equal, so the last to act has won: w= must say who that was");
    }
}

static void
check(struct parser *ps)
{
    const struct view *v = &ps->pos.v;
    struct sink s = {.v = v, .want = RR_MOVE_NONE};

    for (uint8_t p = 0; p < v->r->seats && !ps->failed; p++) {
        uint16_t on_board = 0;
        for (uint16_t i = 0; i < v->off[v->b->cells]; i++) {
            on_board = (uint16_t)(on_board + (v->pool[i] == p));
        }
        if (on_board > v->r->rings) {
            fail(ps, "player %d has %u rings on the board, of %u", p + 1, on_board, v->r->rings);
        }
        if (v->h->terr[p] != view_count(v, own(CELL_COLLAPSED, p))) {
            fail(ps, "terr= and co= differ for player %d", p + 1);
        }
    }
    check_hidden(ps);
    if (!ps->failed && v->h->phase == PH_OV) {
        check_end(ps);
    } else if (!ps->failed) {
        turn_legal(v, &s);
        if (s.count == 0) {
            fail(ps, "the player to act has no legal move");
        }
    }
}

int32_t
parse_state(const struct rr_variant *variant, const char *text, void *state, char *why,
            size_t why_cap)
{
    struct parser ps = {.at = text, .why = why, .why_cap = why_cap};
    struct head *h;

    state_init(variant, 0, state);
    pos_of(&ps.pos, variant, state);
    h = ps.pos.h;
    phase(&ps);
    expect(&ps, " cur=");
    if (h->phase == PH_OV) {
        expect(&ps, "0");
    } else {
        h->cur = seat(&ps);
    }
    per_seat(&ps, " hand=", h->hand, ps.pos.v.r->rings);
    per_seat(&ps, " elim=", h->elim, 9999);
    per_seat(&ps, " terr=", h->terr, ps.pos.v.b->cells);
    cells(&ps, " st=", CELL_STACK);
    cells(&ps, " mk=", CELL_MARKER);
    cells(&ps, " co=", CELL_COLLAPSED);
    if (!ps.failed) {
        hidden(&ps);
    }
    check(&ps);
    return ps.failed ? -1 : 0;
}
