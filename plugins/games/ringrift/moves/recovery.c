/* SPDX-License-Identifier: MIT */
/*
 * recovery.c - slides of a marker by a player who controls no stack.
 */
#include <string.h>

#include "moves/moves.h"

/* A run of markers through the destination of a slide. */
struct through {
    uint16_t first, length;
    uint8_t axis;
};

struct slide {
    uint16_t from, to;
};

bool
recovery_eligible(const struct view *v, uint8_t seat)
{
    return !view_controls(v, seat) &&
           memchr(v->cell, own(CELL_MARKER, seat), v->b->cells) != NULL &&
           (view_colours(v) & (1U << seat)) != 0;
}

/* The run along one axis through sl.to, as if the marker had moved there. */
static struct through
run_through(const struct view *v, struct slide sl, uint8_t axis)
{
    const struct board *b = v->b;
    const uint8_t mine = own(CELL_MARKER, v->h->cur);
    struct through t = {.first = sl.to, .length = 1, .axis = axis};

    for (uint16_t at = b->next[sl.to][axis + b->axes]; v->cell[at] == mine && at != sl.from;
         at = b->next[at][axis + b->axes]) {
        t.first = at;
        t.length++;
    }
    for (uint16_t at = b->next[sl.to][axis]; v->cell[at] == mine && at != sl.from;
         at = b->next[at][axis]) {
        t.length++;
    }
    return t;
}

/* The run that decides legality: the longest, the first axis among equals. */
static struct through
longest_run(const struct view *v, struct slide sl)
{
    struct through best = {0};

    for (uint8_t axis = 0; axis < v->b->axes; axis++) {
        const struct through t = run_through(v, sl, axis);
        if (t.length > best.length) {
            best = t;
        }
    }
    return best;
}

/* DEVIATION R112: applying searches again and takes the first axis that has the base length.
 * Returns length 0 when there is none, or when it is shorter than the need: a refused slide. */
static struct through
applied_run(const struct view *v, struct slide sl)
{
    for (uint8_t axis = 0; axis < v->b->axes; axis++) {
        const struct through t = run_through(v, sl, axis);
        if (t.length >= v->r->line_base) {
            return t.length >= v->r->line_need ? t : (struct through){0};
        }
    }
    return (struct through){0};
}

/* One move for each stack that can pay: every stack with a ring of the mover. */
static void
add_per_payer(const struct view *v, enum move_type type, struct slide sl, struct sink *s)
{
    for (uint16_t c = 0; c < v->b->cells; c++) {
        if ((v->cell[c] & CELL_BLOCKED) == CELL_STACK && view_lowest(v, c, v->h->cur) >= 0) {
            sink_add(s, move_code(type, sl.from, sl.to, c, 0));
        }
    }
}

/* R112 as written: a slide takes all lines through its destination, or any part of one of them that
 * is longer than needed. */
static void
add_written(const struct view *v, struct slide sl, struct sink *s)
{
    const uint16_t need = v->r->line_need;

    add_per_payer(v, MT_R_LINE, sl, s);
    for (uint8_t axis = 0; axis < v->b->axes; axis++) {
        const struct through t = run_through(v, sl, axis);
        uint16_t first = t.first;

        for (uint16_t i = 0; t.length > need && i + need <= t.length; i++) {
            sink_add(s, move_code(MT_R_PART, sl.from, sl.to, first, axis));
            /* the destination is empty yet, but a cell like the others */
            first = v->b->next[first][axis];
        }
    }
}

static void
add_line_slide(const struct view *v, struct slide sl, const struct through *run, struct sink *s)
{
    const struct board *b = v->b;
    const uint16_t need = v->r->line_need;

    if (!DEVIATES(v, R112)) {
        add_written(v, sl, s);
        return;
    }
    if (applied_run(v, sl).length == 0) {
        return;
    }
    add_per_payer(v, MT_R_LINE, sl, s);
    if (run->length == need) {
        return;
    }
    const uint16_t before = board_ray(b, run->first, sl.to).dist;
    for (uint16_t i = 0; i + need <= run->length; i++) {
        if (i <= before && before < i + need) { /* the part must include the destination */
            const uint16_t first = i == before ? sl.to : line_step(b, run->axis, run->first, i);
            sink_add(s, move_code(MT_R_PART, sl.from, sl.to, first, run->axis));
        }
    }
}

/* Visit the slides to empty cells; returns whether one of them makes a line. */
static bool
line_slides(const struct view *v, struct sink *s)
{
    bool any = false;

    for (uint16_t c = 0; c < v->b->cells; c++) {
        if (v->cell[c] != own(CELL_MARKER, v->h->cur)) {
            continue;
        }
        for (uint8_t d = 0; d < v->b->dirs; d++) {
            const struct slide sl = {.from = c, .to = v->b->next[c][d]};
            if (v->cell[sl.to] != CELL_EMPTY) {
                continue;
            }
            const struct through run = longest_run(v, sl);
            if (run.length >= v->r->line_need) {
                any = true;
                add_line_slide(v, sl, &run, s);
            }
        }
    }
    return any;
}

static void
plain_slides(const struct view *v, struct sink *s)
{
    for (uint16_t c = 0; c < v->b->cells; c++) {
        if (v->cell[c] != own(CELL_MARKER, v->h->cur)) {
            continue;
        }
        for (uint8_t d = 0; d < v->b->dirs; d++) {
            const struct slide sl = {.from = c, .to = v->b->next[c][d]};
            if (v->cell[sl.to] == CELL_EMPTY) {
                add_per_payer(v, MT_R_FREE, sl, s);
            } else if ((v->cell[sl.to] & CELL_BLOCKED) == CELL_STACK) {
                add_per_payer(v, MT_R_STRIKE, sl, s);
            }
        }
    }
}

void
recovery_legal(const struct view *v, struct sink *s)
{
    /* Refused line slides are not in the list, but they still suppress the others. */
    if (!line_slides(v, s)) {
        plain_slides(v, s);
    }
}

static void
collapse_run(struct pos *p, uint16_t first, uint8_t axis, uint16_t length)
{
    for (uint16_t i = 0; i < length; i++) {
        if ((p->cell[first] & CELL_COLLAPSED) == 0) { /* where two runs meet */
            state_collapse(p, first, p->h->cur);
        }
        first = p->v.b->next[first][axis];
    }
}

/* The runs that a slide collapses when all of its line goes; returns how many. */
static uint8_t
whole_runs(const struct view *v, struct slide sl, struct through *runs)
{
    uint8_t count = 0;

    if (DEVIATES(v, R112)) {
        runs[0] = applied_run(v, sl);
        return runs[0].length > 0;
    }
    for (uint8_t axis = 0; axis < v->b->axes; axis++) {
        runs[count] = run_through(v, sl, axis);
        count = (uint8_t)(count + (runs[count].length >= v->r->line_need));
    }
    return count;
}

static void
collapse_line(struct pos *p, rr_move m, const struct through *runs, uint8_t count)
{
    const uint16_t need = p->v.r->line_need;

    if (move_type(m) == MT_R_PART && !(DEVIATES(&p->v, R112) && runs[0].length == need)) {
        collapse_run(p, move_c(m), move_k(m), need);
        return;
    }
    for (uint8_t i = 0; i < count; i++) {
        collapse_run(p, runs[i].first, runs[i].axis, runs[i].length);
    }
}

void
recovery_apply(struct pos *p, rr_move m)
{
    const struct slide sl = {.from = move_a(m), .to = move_b(m)};
    const enum move_type type = move_type(m);
    struct through runs[BOARD_MAX_DIRS / 2];
    const uint8_t count = whole_runs(&p->v, sl, runs);

    p->cell[sl.from] = CELL_EMPTY;
    if (type == MT_R_STRIKE) {
        (void)stack_pop(p, sl.to);
        credit(p, 1);
    } else {
        p->cell[sl.to] = own(CELL_MARKER, p->h->cur);
    }
    if (type == MT_R_PART || type == MT_R_LINE) {
        collapse_line(p, m, runs, count);
    }
    if (type != MT_R_PART) {
        const int ring = view_lowest(&p->v, move_c(m), p->h->cur);
        stack_remove(p, move_c(m), (uint16_t)ring, 1);
        credit(p, 1);
    }
}
