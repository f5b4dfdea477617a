/* SPDX-License-Identifier: MIT */
/*
 * text.c - writes moves, states, constants and results in the notation of recorded games.
 */
#include "text.h"

#include <string.h>

void
text_char(struct text *t, char c)
{
    if (t->len < t->cap) {
        t->out[t->len] = c;
    }
    t->len++;
}

void
text_str(struct text *t, const char *s)
{
    while (*s != '\0') {
        text_char(t, *s++);
    }
}

void
text_int(struct text *t, int value)
{
    char digits[12];
    int n = 0;
    unsigned rest = value < 0 ? 0U - (unsigned)value : (unsigned)value;

    if (value < 0) {
        text_char(t, '-');
    }
    do {
        digits[n++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    while (n > 0) {
        text_char(t, digits[--n]);
    }
}

void
text_cell(struct text *t, const struct board *b, uint16_t c)
{
    text_int(t, b->x[c]);
    text_char(t, ',');
    text_int(t, b->y[c]);
}

int32_t
text_end(struct text *t)
{
    if (t->len >= t->cap) {
        return -1;
    }
    t->out[t->len] = '\0';
    return (int32_t)t->len;
}

/* `length` cells along an axis, joined by slashes; an axis ascends in cell order. */
static void
text_line(struct text *t, const struct board *b, uint16_t first, uint8_t axis, uint16_t length)
{
    for (uint16_t i = 0; i < length; i++) {
        if (i > 0) {
            text_char(t, '/');
        }
        text_cell(t, b, first);
        first = b->next[first][axis];
    }
}

/* 64-bit FNV-1a of the cell list. */
static uint64_t
hash_cells(const struct board *b, const uint16_t *cells, uint16_t count)
{
    uint64_t hash = 0xcbf29ce484222325U;
    char buf[16];

    for (uint16_t i = 0; i < count; i++) {
        struct text t = {.out = buf, .cap = sizeof buf};
        if (i > 0) {
            text_char(&t, '/');
        }
        text_cell(&t, b, cells[i]);
        for (size_t k = 0; k < t.len; k++) {
            hash = (hash ^ (uint8_t)buf[k]) * 0x100000001b3U;
        }
    }
    return hash;
}

static void
text_region(struct text *t, const struct view *v, rr_move m)
{
    static const char hex[] = "0123456789abcdef";
    uint16_t cells[BOARD_MAX_CELLS];
    const uint16_t size = region_cells(v, move_a(m), move_k(m), cells);
    const uint64_t hash = hash_cells(v->b, cells, size);

    text_cell(t, v->b, move_a(m));
    text_char(t, '#');
    text_int(t, size);
    text_char(t, '#');
    for (int shift = 60; shift >= 0; shift -= 4) {
        text_char(t, hex[hash >> shift & 0xf]);
    }
}

static const char *const move_names[MT_COUNT] = {
    [MT_P] = "P",      [MT_SP] = "SP",    [MT_NP] = "NP", [MT_SW] = "SW",    [MT_M] = "M",
    [MT_C] = "C",      [MT_K] = "K",      [MT_SC] = "SC", [MT_R_FREE] = "R", [MT_R_STRIKE] = "R",
    [MT_R_LINE] = "R", [MT_R_PART] = "R", [MT_SR] = "SR", [MT_NM] = "NM",    [MT_L] = "L",
    [MT_O_ALL] = "O",  [MT_O_PART] = "O", [MT_EL] = "EL", [MT_NL] = "NL",    [MT_T] = "T",
    [MT_ET] = "ET",    [MT_ER] = "ER",    [MT_ST] = "ST", [MT_NT] = "NT",    [MT_F] = "F",
};

static void
text_recovery(struct text *t, const struct view *v, rr_move m)
{
    const enum move_type type = move_type(m);

    text_char(t, '>');
    text_cell(t, v->b, move_b(m));
    if (type == MT_R_PART) {
        text_str(t, ":L2[");
        text_line(t, v->b, move_c(m), move_k(m), v->r->line_need);
        text_char(t, ']');
        return;
    }
    text_str(t, type == MT_R_FREE ? ":F@" : type == MT_R_STRIKE ? ":S@" : ":L1@");
    text_cell(t, v->b, move_c(m));
}

void
text_move(struct text *t, const struct view *v, rr_move m)
{
    const enum move_type type = move_type(m);
    const struct board *b = v->b;

    text_str(t, move_names[type]);
    switch (type) {
    case MT_P:
        text_cell(t, b, move_a(m));
        text_char(t, '*');
        text_int(t, move_k(m));
        break;
    case MT_M:
        text_cell(t, b, move_a(m));
        text_char(t, '>');
        text_cell(t, b, move_b(m));
        break;
    case MT_C:
    case MT_K:
        text_cell(t, b, move_a(m));
        text_char(t, 'x');
        text_cell(t, b, move_c(m));
        text_char(t, '>');
        text_cell(t, b, move_b(m));
        break;
    case MT_R_FREE:
    case MT_R_STRIKE:
    case MT_R_LINE:
    case MT_R_PART:
        text_cell(t, b, move_a(m));
        text_recovery(t, v, m);
        break;
    case MT_L:
    case MT_O_ALL:
    case MT_O_PART:
        text_line(t, b, move_a(m), move_k(m), move_b(m));
        if (type == MT_O_ALL) {
            text_str(t, ":A");
        } else if (type == MT_O_PART) {
            text_char(t, ':');
            text_line(t, b, move_c(m), move_k(m), v->r->line_need);
        }
        break;
    case MT_T:
        text_region(t, v, m);
        break;
    case MT_EL:
    case MT_ET:
    case MT_ER:
    case MT_F:
        text_cell(t, b, move_a(m));
        break;
    default: /* the name says it all */
        break;
    }
}

const char *
text_phase(uint8_t phase)
{
    static const char *const names[PH_COUNT] = {"RP", "MV", "CA", "CH", "LP", "TP", "FE", "OV"};

    return names[phase];
}

const char *
text_end_kind(uint8_t end)
{
    static const char *const names[END_COUNT] = {"none",       "elim",          "terr",
                                                 "lps_early",  "lps_rounds",    "stale_terr",
                                                 "stale_elim", "stale_markers", "stale_lastactor"};

    return names[end];
}

static void
text_seats(struct text *t, const char *key, const uint16_t *values, uint8_t seats)
{
    text_str(t, key);
    for (uint8_t s = 0; s < seats; s++) {
        if (s > 0) {
            text_char(t, ',');
        }
        text_int(t, values[s]);
    }
}

/* `key` and all cells of one kind with their seat, or with their rings for stacks. */
static void
text_cells(struct text *t, const struct view *v, const char *key, uint8_t kind)
{
    bool any = false;

    text_str(t, key);
    for (uint16_t c = 0; c < v->b->cells; c++) {
        if ((v->cell[c] & kind) == 0) {
            continue;
        }
        if (any) {
            text_char(t, ';');
        }
        any = true;
        text_cell(t, v->b, c);
        text_char(t, ':');
        if (kind != CELL_STACK) {
            text_int(t, (v->cell[c] & CELL_SEAT) + 1);
            continue;
        }
        for (uint16_t i = v->off[c]; i < v->off[c + 1]; i++) {
            text_int(t, v->pool[i] + 1);
        }
    }
    if (!any) {
        text_char(t, '-');
    }
}

static void
text_hidden(struct text *t, const struct view *v)
{
    static const char *const flags[] = {" le=", " te=", " rc=", " ac="};
    static const char seen[] = ".01";
    const struct head *h = v->h;

    text_str(t, " fx=");
    if (h->fx == BOARD_NO_CELL) {
        text_char(t, '-');
    } else {
        text_cell(t, v->b, h->fx);
    }
    for (unsigned i = 0; i < 4; i++) {
        text_str(t, flags[i]);
        text_int(t, h->flags >> i & 1);
    }
    text_str(t, " sw=");
    text_int(t, h->swap == SWAP_OFFERED);
    text_str(t, " lp=");
    if (h->phase == PH_OV) {
        text_char(t, '-');
        if (h->end == END_STALE_LAST_ACTOR) { /* all else follows from the position */
            text_str(t, " w=");
            text_int(t, h->winner);
        }
        return;
    }
    text_int(t, h->lps_first);
    text_char(t, ':');
    for (uint8_t s = 0; s < v->r->seats; s++) {
        text_char(t, seen[h->lps_mask[s]]);
    }
    text_char(t, ':');
    text_int(t, h->lps_player);
    text_char(t, ':');
    text_int(t, h->lps_streak);
    if (h->swap == SWAP_PENDING) { /* recorded games have it in the options of the game */
        text_str(t, " swap=1");
    }
}

int32_t
text_state(const struct view *v, char *out, size_t cap)
{
    struct text t = {.out = out, .cap = cap};
    const struct head *h = v->h;
    const uint8_t seats = v->r->seats;

    text_str(&t, "ph=");
    text_str(&t, text_phase(h->phase));
    text_str(&t, " cur=");
    text_int(&t, h->phase == PH_OV ? 0 : h->cur + 1);
    text_seats(&t, " hand=", h->hand, seats);
    text_seats(&t, " elim=", h->elim, seats);
    text_seats(&t, " terr=", h->terr, seats);
    text_cells(&t, v, " st=", CELL_STACK);
    text_cells(&t, v, " mk=", CELL_MARKER);
    text_cells(&t, v, " co=", CELL_COLLAPSED);
    text_hidden(&t, v);
    return text_end(&t);
}

static void
text_pair(struct text *t, const char *key, int value)
{
    text_str(t, key);
    text_int(t, value);
}

/* The recorded games know the reference only, and do not say it. */
static void
text_deviations(struct text *t, const struct rules *r)
{
#define NAME(rule, what) #rule,
    static const char *const names[] = {RULES_DEVIATIONS(NAME)};
    bool any = false;

    if (r->deviations == RULES_REFERENCE) {
        return;
    }
    text_str(t, " deviations=");
    for (unsigned i = 0; i < RULES_BITS; i++) {
        if ((r->deviations >> i & 1) != 0) {
            text_str(t, any ? "," : "");
            text_str(t, names[i]);
            any = true;
        }
    }
    text_str(t, any ? "" : "-");
}

int32_t
text_variant(const struct rules *r, char *out, size_t cap)
{
    struct text t = {.out = out, .cap = cap};

    text_pair(&t, "players=", r->seats);
    text_pair(&t, " size=", r->board->width);
    text_pair(&t, " cells=", r->board->cells);
    text_pair(&t, " rings=", r->rings);
    text_pair(&t, " linebase=", r->line_base);
    text_pair(&t, " lineneed=", r->line_need);
    text_pair(&t, " elimwin=", r->elim_win);
    text_pair(&t, " terrwin=", r->terr_win);
    text_pair(&t, " lpsrounds=", r->lps_rounds);
    text_deviations(&t, r);
    return text_end(&t);
}

/* The reference's own, coarser label of an end. */
static const char *
reason_of(uint8_t end)
{
    switch (end) {
    case END_ELIM:
    case END_STALE_ELIM:
        return "ring_elimination";
    case END_TERR:
    case END_STALE_TERR:
        return "territory_control";
    default:
        return "last_player_standing";
    }
}

/* Seats by territory, eliminated rings, markers, then seat; the winner is not put first. */
static void
text_order(struct text *t, const struct view *v, const uint16_t *markers)
{
    uint8_t order[RR_GAME_MAX_SEATS];
    uint64_t key[RR_GAME_MAX_SEATS];

    for (uint8_t s = 0; s < v->r->seats; s++) {
        uint8_t at = s;
        key[s] =
            (uint64_t)v->h->terr[s] << 32 | (uint64_t)v->h->elim[s] << 16 | (uint64_t)markers[s];
        while (at > 0 && key[order[at - 1]] < key[s]) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = s;
    }
    for (uint8_t s = 0; s < v->r->seats; s++) {
        text_str(t, s > 0 ? "," : " order=");
        text_int(t, order[s] + 1);
    }
}

int32_t
text_result(const struct view *v, char *out, size_t cap)
{
    struct text t = {.out = out, .cap = cap};
    const struct head *h = v->h;
    uint16_t markers[RR_GAME_MAX_SEATS];

    for (uint8_t s = 0; s < v->r->seats; s++) {
        markers[s] = view_count(v, own(CELL_MARKER, s));
    }
    text_pair(&t, "w=", h->winner);
    text_str(&t, " reason=");
    text_str(&t, reason_of(h->end));
    text_str(&t, " kind=");
    text_str(&t, text_end_kind(h->end));
    text_order(&t, v, markers);
    text_seats(&t, " terr=", h->terr, v->r->seats);
    text_seats(&t, " elim=", h->elim, v->r->seats);
    text_seats(&t, " mark=", markers, v->r->seats);
    text_seats(&t, " hand=", h->hand, v->r->seats);
    return text_end(&t);
}
