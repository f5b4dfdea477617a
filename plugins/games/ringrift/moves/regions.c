/* SPDX-License-Identifier: MIT */
/*
 * regions.c - disconnected regions: finding them and taking one.
 */
#include <string.h>

#include "moves/moves.h"

/* One connected component of the cells that do not hold `barrier` and are not collapsed. */
struct component {
    uint16_t min, size;
    uint16_t payers; /* stacks inside that could pay for a region */
    uint8_t marks;   /* seats that have markers inside */
    uint8_t rulers;  /* seats that control a stack inside */
    uint8_t kind;
};

struct search {
    const struct view *v;
    bool seen[BOARD_MAX_CELLS + 1]; /* or closed; the wall is */
    uint16_t queue[BOARD_MAX_CELLS + 1];
    uint16_t payers; /* on the whole board */
    bool payer[BOARD_MAX_CELLS];
    struct component found[REGION_MAX];
    uint16_t count;
};

/* Content that fences a kind off. REGION_PLAIN has none; the wall's value stands for it. */
static uint8_t
barrier_of(const struct view *v, uint8_t kind)
{
    const uint8_t seat = (uint8_t)((v->h->cur + kind) % v->r->seats);

    return kind == REGION_PLAIN ? (uint8_t)CELL_WALL : own(CELL_MARKER, seat);
}

/* Start a pass over all components: collapsed cells and the barrier count as seen. */
static void
close_cells(struct search *se, uint8_t barrier)
{
    const uint8_t *cell = se->v->cell;

    for (uint16_t c = 0; c <= se->v->b->cells; c++) {
        se->seen[c] = cell[c] >= CELL_COLLAPSED || cell[c] == barrier;
    }
}

/* Collect the component of start in se->queue. */
static void
flood(struct search *se, uint16_t start, struct component *out)
{
    const struct view *v = se->v;
    const uint8_t near_dirs = v->b->near_dirs;
    uint16_t tail = 1;

    *out = (struct component){.min = start};
    se->queue[0] = start;
    se->seen[start] = true;
    for (uint16_t head = 0; head < tail; head++) {
        const uint16_t *near = v->b->near[se->queue[head]];
        for (uint8_t d = 0; d < near_dirs; d++) {
            /* without a branch, which would be mispredicted half of the time */
            se->queue[tail] = near[d];
            tail = (uint16_t)(tail + !se->seen[near[d]]);
            se->seen[near[d]] = true;
        }
    }
    for (uint16_t i = 0; i < tail; i++) {
        const uint8_t content = v->cell[se->queue[i]];
        const uint8_t bit = (uint8_t)(1U << (content & CELL_SEAT));
        out->marks |= (content & CELL_MARKER) != 0 ? bit : 0;
        out->rulers |= (content & CELL_STACK) != 0 ? bit : 0;
        out->payers = (uint16_t)(out->payers + se->payer[se->queue[i]]);
    }
    out->size = tail;
}

/* The seat whose markers fence a kind off, as a bit; none for REGION_PLAIN. */
static uint8_t
barrier_bit(const struct view *v, uint8_t kind)
{
    const unsigned seat = (unsigned)(v->h->cur + kind) % v->r->seats;

    return (uint8_t)(kind == REGION_PLAIN ? 0U : 1U << seat);
}

/* Whether an earlier kind has produced the same cells. Both start at the same cell; they are equal
 * when neither holds a marker that is a barrier of the other. */
static bool
is_known(const struct search *se, const struct component *c)
{
    const uint8_t bar = barrier_bit(se->v, c->kind);

    for (uint16_t i = 0; i < se->count; i++) {
        const struct component *o = &se->found[i];
        if (o->min == c->min && (o->marks & bar) == 0 &&
            (c->marks & barrier_bit(se->v, o->kind)) == 0) {
            return true;
        }
    }
    return false;
}

static uint8_t
bits(uint8_t mask)
{
    return (uint8_t)__builtin_popcount(mask);
}

static void
components_of_kind(struct search *se, uint8_t kind, uint8_t active)
{
    const struct view *v = se->v;

    close_cells(se, barrier_of(v, kind));
    for (uint16_t c = 0; c < v->b->cells; c++) {
        if (se->seen[c]) {
            continue;
        }
        struct component comp;
        flood(se, c, &comp);
        comp.kind = kind;
        /* DEVIATION R142: behind collapsed cells alone exactly one player must rule */
        const bool fits = kind != REGION_PLAIN || bits(comp.rulers) == 1 || !DEVIATES(v, R142);
        if (fits && bits(comp.rulers) < bits(active) && !is_known(se, &comp)) {
            se->found[se->count++] = comp;
        }
    }
}

/* A payer is a stack of the mover; after a recovery slide, any stack with a buried ring of his. */
static void
mark_payers(struct search *se)
{
    const struct view *v = se->v;
    const bool recovered = (v->h->flags & FLAG_RECOVERED) != 0;

    se->payers = 0;
    for (uint16_t c = 0; c < v->b->cells; c++) {
        bool pays = v->cell[c] == own(CELL_STACK, v->h->cur);
        if (recovered && (v->cell[c] & CELL_BLOCKED) == CELL_STACK) {
            const int ring = view_lowest(v, c, v->h->cur);
            pays = ring >= 0 && ring < view_height(v, c) - 1;
        }
        se->payer[c] = pays;
        se->payers = (uint16_t)(se->payers + pays);
    }
}

uint16_t
regions_find(const struct view *v, struct region *out)
{
    const uint8_t active = view_colours(v);
    struct search se;
    uint16_t count = 0;

    se.v = v;
    se.count = 0;
    if (active == 0) {
        return 0;
    }
    mark_payers(&se);
    if (se.payers == 0) {
        return 0;
    }
    for (uint8_t kind = 0; kind < v->r->seats; kind++) {
        if (memchr(v->cell, barrier_of(v, kind), v->b->cells) != NULL) {
            components_of_kind(&se, kind, active);
        }
    }
    components_of_kind(&se, REGION_PLAIN, active);
    for (uint16_t i = 0; i < se.count; i++) {
        if (se.found[i].payers < se.payers) {
            out[count++] = (struct region){
                .min = se.found[i].min, .size = se.found[i].size, .kind = se.found[i].kind};
        }
    }
    return count;
}

bool
regions_any(const struct view *v)
{
    struct region regions[REGION_MAX];

    return regions_find(v, regions) > 0;
}

uint16_t
region_cells(const struct view *v, uint16_t min, uint8_t kind, uint16_t *out)
{
    struct search se;
    struct component comp;
    bool in[BOARD_MAX_CELLS] = {false};
    uint16_t count = 0;

    se.v = v;
    memset(se.payer, 0, sizeof se.payer);
    close_cells(&se, barrier_of(v, kind));
    flood(&se, min, &comp);
    for (uint16_t i = 0; i < comp.size; i++) {
        in[se.queue[i]] = true;
    }
    for (uint16_t c = 0; c < v->b->cells; c++) {
        if (in[c]) {
            out[count++] = c;
        }
    }
    return count;
}

void
region_apply(struct pos *p, rr_move m)
{
    uint16_t cells[BOARD_MAX_CELLS];
    uint16_t fence[BOARD_MAX_CELLS];
    const uint16_t size = region_cells(&p->v, move_a(m), move_k(m), cells);
    const uint16_t fence_size =
        fence_find(&p->v, &(struct cells){cells, size}, barrier_of(&p->v, move_k(m)), fence);
    for (uint16_t i = 0; i < size; i++) {
        if ((p->cell[cells[i]] & CELL_STACK) != 0) {
            credit(p, view_height(&p->v, cells[i]));
            stack_clear(p, cells[i]);
        }
        state_collapse(p, cells[i], p->h->cur);
    }
    for (uint16_t i = 0; i < fence_size; i++) {
        state_collapse(p, fence[i], p->h->cur);
    }
}
