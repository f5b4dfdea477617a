/* SPDX-License-Identifier: MIT */
/*
 * board_text.c - the board for people.
 *
 * Rows are those of the coordinate y; each begins with the cell that stands first in it, so that a
 * cell's name is found by counting. Rows of hexagonal boards are shifted by half a cell each, which
 * makes neighbours of the six cells around a cell.
 *
 *   .      empty              A3     stack of three, all A's
 *   a      marker of A        A2/5   stack of five, controlled by A, whose cap is two
 *   #A     territory of A
 *
 * On the large boards a cell has three columns: there A5' is a stack with other rings below its
 * cap, and what it is made of stands below the board.
 */
#include "text.h"

#include <string.h>

enum { WIDE = 6, NARROW = 3, LABEL = 6, LINE = 80 };

static const char *const seat_colour[] = {"\033[31m", "\033[36m", "\033[33m", "\033[35m"};

struct page {
    struct text t;
    const struct view *v;
    bool colour, narrow;
    int column;
};

static void
put(struct page *p, const char *s)
{
    text_str(&p->t, s);
    p->column += (int)strlen(s);
}

static void
put_int(struct page *p, int value)
{
    const size_t before = p->t.len;

    text_int(&p->t, value);
    p->column += (int)(p->t.len - before);
}

static void
put_cell(struct page *p, uint16_t c)
{
    const size_t before = p->t.len;

    text_cell(&p->t, p->v->b, c);
    p->column += (int)(p->t.len - before);
}

static void
end_line(struct page *p)
{
    text_char(&p->t, '\n');
    p->column = 0;
}

static void
pad_to(struct page *p, int column)
{
    while (p->column < column) {
        put(p, " ");
    }
}

/* Escape sequences take no column. */
static void
colour(struct page *p, const char *sequence)
{
    if (p->colour) {
        text_str(&p->t, sequence);
    }
}

static void
put_letter(struct page *p, uint8_t seat, char first)
{
    const char letter[2] = {(char)(first + seat), '\0'};

    put(p, letter);
}

static void
put_stack(struct page *p, uint16_t c)
{
    const int height = view_height(p->v, c);
    const bool mixed = p->v->cap[c] < height;

    colour(p, "\033[1m");
    put_letter(p, p->v->cell[c] & CELL_SEAT, 'A');
    if (mixed && !p->narrow) {
        put_int(p, p->v->cap[c]);
        put(p, "/");
    }
    put_int(p, height);
    if (mixed && p->narrow && height < 10 && p->column < LINE) { /* the last of 25 has no room */
        put(p, "'");
    }
}

static void
put_content(struct page *p, uint16_t c)
{
    const uint8_t content = p->v->cell[c];
    const uint8_t seat = content & CELL_SEAT;

    if (content == CELL_EMPTY) {
        put(p, ".");
        return;
    }
    colour(p, seat_colour[seat]);
    if ((content & CELL_STACK) != 0) {
        put_stack(p, c);
    } else if ((content & CELL_MARKER) != 0) {
        put_letter(p, seat, 'a');
    } else {
        colour(p, "\033[7m");
        put(p, "#");
        put_letter(p, seat, 'A');
    }
    colour(p, "\033[0m");
}

static void
put_row(struct page *p, uint8_t row)
{
    const struct board *b = p->v->b;
    const int width = p->narrow ? NARROW : WIDE;
    const int shift = b->radius > 0 ? (row > b->radius ? row - b->radius : b->radius - row) : 0;
    int column = LABEL + shift * width / 2;
    bool first = true;

    for (uint8_t x = 0; x < b->width; x++) {
        const uint16_t c = b->at[row * b->width + x];
        if (c == BOARD_NO_CELL) {
            continue;
        }
        if (first) { /* the label ends where the first cell begins */
            char name[16];
            struct text label = {.out = name, .cap = sizeof name};
            text_cell(&label, b, c);
            pad_to(p, column - 1 - (int)label.len);
            put_cell(p, c);
            first = false;
        }
        pad_to(p, column);
        put_content(p, c);
        column += width;
    }
    end_line(p);
}

/* On square boards all cells of a column have the same x. */
static void
put_header(struct page *p)
{
    for (uint8_t x = 0; x < p->v->b->width; x++) {
        pad_to(p, LABEL + x * (p->narrow ? NARROW : WIDE));
        put_int(p, x);
    }
    end_line(p);
}

/* The stacks whose cap is not all of them, with their rings from the bottom. */
static void
put_mixed(struct page *p)
{
    const struct view *v = p->v;

    for (uint16_t c = 0; c < v->b->cells; c++) {
        const uint16_t height = view_height(v, c);
        if (v->cap[c] == height) {
            continue;
        }
        if (p->column + 9 + height > LINE) {
            end_line(p);
        }
        put(p, p->column == 0 ? "  " : " ");
        put_cell(p, c);
        put(p, ":");
        for (uint16_t i = v->off[c]; i < v->off[c + 1]; i++) {
            put_letter(p, v->pool[i], 'A');
        }
    }
    if (p->column > 0) {
        end_line(p);
    }
}

static void
put_count(struct page *p, int column, const char *what, int value, int of)
{
    pad_to(p, column);
    put(p, what);
    put_int(p, value);
    if (of > 0) {
        put(p, "/");
        put_int(p, of);
    }
}

static void
put_seat(struct page *p, uint8_t seat)
{
    const struct head *h = p->v->h;
    const bool acts = h->phase != PH_OV && h->cur == seat;
    const bool won = h->winner == seat + 1;

    colour(p, seat_colour[seat]);
    put_letter(p, seat, 'A');
    colour(p, "\033[0m");
    put(p, " player ");
    put_int(p, seat + 1);
    put(p, acts ? " *" : won ? " won" : "");
    put_count(p, 16, "hand ", h->hand[seat], 0);
    put_count(p, 26, "eliminated ", h->elim[seat], p->v->r->elim_win);
    put_count(p, 46, "territory ", h->terr[seat], p->v->r->terr_win);
    put_count(p, 66, "markers ", view_count(p->v, own(CELL_MARKER, seat)), 0);
    end_line(p);
}

static void
put_turn(struct page *p)
{
    static const char *const phases[PH_COUNT] = {
        "to place rings", "to move",          "may capture",        "must capture on",
        "to take lines",  "to take a region", "must give up a cap", "over"};
    const struct head *h = p->v->h;

    if (h->phase == PH_OV) {
        put(p, "over: ");
        put(p, text_end_kind(h->end));
    } else {
        put_letter(p, h->cur, 'A');
        put(p, " ");
        put(p, (h->flags & (FLAG_LINE_DEBT | FLAG_REGION_DEBT)) != 0 ? "has to pay"
                                                                     : phases[h->phase]);
        if (h->fx != BOARD_NO_CELL) {
            put(p, " with ");
            put_cell(p, h->fx);
        }
    }
    end_line(p);
}

int32_t
board_text(const struct rr_variant *variant, const void *state, uint32_t flags, char *out,
           size_t cap)
{
    struct view v;
    struct page p = {
        .t = {.out = out, .cap = cap}, .v = &v, .colour = (flags & RR_BOARD_COLOUR) != 0};

    view_of(&v, variant, state);
    p.narrow = v.b->width * WIDE > LINE;
    if (v.b->radius == 0) {
        put_header(&p);
    }
    for (uint8_t row = 0; row < v.b->width; row++) {
        put_row(&p, row);
    }
    if (p.narrow) {
        put_mixed(&p);
    }
    for (uint8_t seat = 0; seat < v.r->seats; seat++) {
        put_seat(&p, seat);
    }
    put_turn(&p);
    return text_end(&p.t);
}
