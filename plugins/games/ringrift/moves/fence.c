/* SPDX-License-Identifier: MIT */
/*
 * fence.c - the markers around a region that collapse with it.
 */
#include "moves/moves.h"

/* What a cell is to the region. */
enum place { OTHER, INSIDE, BESIDE, BEYOND };

struct fence {
    const struct view *v;
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

static bool
touches(const struct fence *f, uint16_t c, enum place place)
{
    const struct board *b = f->v->b;

    for (uint8_t d = 0; d < b->near_dirs; d++) {
        if (f->place[b->near[c][d]] == place) {
            return true;
        }
    }
    return false;
}

/*
 * R145 and the judgment 12.2: only markers on some shortest way around the region collapse, which
 * are those that something on the other side touches: a cell that is no barrier, or a barrier
 * behind which such a cell lies and that does not touch the region itself.
 */
static void
thin(struct fence *f, uint8_t barrier)
{
    const struct view *v = f->v;
    uint16_t queue[BOARD_MAX_CELLS];
    uint16_t tail = 0;
    uint16_t kept = 0;

    for (uint16_t c = 0; c < v->b->cells; c++) {
        if (f->place[c] == OTHER && v->cell[c] < CELL_COLLAPSED && v->cell[c] != barrier) {
            f->place[c] = BEYOND;
            queue[tail++] = c;
        }
    }
    for (uint16_t head = 0; head < tail; head++) {
        const uint16_t *near = v->b->near[queue[head]];
        for (uint8_t d = 0; d < v->b->near_dirs; d++) {
            if (v->cell[near[d]] == barrier && f->place[near[d]] == OTHER) {
                f->place[near[d]] = BEYOND;
                queue[tail++] = near[d];
            }
        }
    }
    for (uint16_t i = 0; i < f->count; i++) {
        if (touches(f, f->out[i], BEYOND)) {
            f->out[kept++] = f->out[i];
        }
    }
    f->count = kept;
}

uint16_t
fence_find(const struct view *v, const struct cells *region, uint8_t barrier, uint16_t *out)
{
    struct fence f = {.v = v, .out = out};

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
        thin(&f, barrier);
    }
    return f.count;
}
