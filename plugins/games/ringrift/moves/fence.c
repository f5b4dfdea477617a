/* SPDX-License-Identifier: MIT */
/*
 * fence.c - the markers around a region that collapse with it.
 */
#include "moves/moves.h"

/* What a cell is to the region. */
enum place { OTHER, INSIDE, BESIDE, BEYOND };

struct fence {
    const struct view *v;
    uint8_t barrier; /* content of the cells that fence the region off */
    uint8_t place[BOARD_MAX_CELLS + 1];
    uint16_t *out;
    uint16_t count;
};

static void
add(struct fence *f, uint16_t c)
{
    if ((f->v->cell[c] & CELL_MARKER) != 0 && f->place[c] == OTHER) {
        f->place[c] = BESIDE;
        f->out[f->count++] = c;
    }
}

/* DEVIATION R145: the fence goes on through every marker, of any colour, that touches it. */
static void
grow(struct fence *f)
{
    const struct board *b = f->v->b;

    for (uint16_t i = 0; i < f->count; i++) {
        for (uint8_t d = 0; d < b->fence_dirs; d++) {
            add(f, b->fence[f->out[i]][d]);
        }
    }
}

/* Go on from the cells of a list through barriers that are nothing else; they join it. */
static uint16_t
spread(struct fence *f, uint16_t *list, uint16_t count)
{
    const struct view *v = f->v;

    for (uint16_t i = 0; i < count; i++) {
        const uint16_t *near = v->b->near[list[i]];
        for (uint8_t d = 0; d < v->b->near_dirs; d++) {
            if (v->cell[near[d]] == f->barrier && f->place[near[d]] == OTHER) {
                f->place[near[d]] = f->place[list[i]];
                list[count++] = near[d];
            }
        }
    }
    return count;
}

/*
 * R145 and the judgment 12.2: of the border, only markers collapse that keep the region apart from
 * the rest: those beside it. Barriers behind these that have no way to the rest are enclosed, and
 * so a part of the inside.
 */
static void
close_in(struct fence *f)
{
    const struct view *v = f->v;
    uint16_t beyond[BOARD_MAX_CELLS];
    uint16_t count = 0;

    for (uint16_t c = 0; c < v->b->cells; c++) {
        if (f->place[c] == OTHER && v->cell[c] < CELL_COLLAPSED && v->cell[c] != f->barrier) {
            f->place[c] = BEYOND;
            beyond[count++] = c;
        }
    }
    (void)spread(f, beyond, count);
    f->count = spread(f, f->out, f->count);
}

uint16_t
fence_find(const struct view *v, const struct cells *region, uint8_t barrier, uint16_t *out)
{
    struct fence f = {.v = v, .barrier = barrier, .out = out};

    for (uint16_t i = 0; i < region->count; i++) {
        f.place[region->cell[i]] = INSIDE;
    }
    for (uint16_t i = 0; i < region->count; i++) {
        for (uint8_t d = 0; d < v->b->near_dirs; d++) {
            add(&f, v->b->near[region->cell[i]][d]);
        }
    }
    if (DEVIATES(v, R145)) {
        grow(&f);
    } else {
        close_in(&f);
    }
    return f.count;
}
