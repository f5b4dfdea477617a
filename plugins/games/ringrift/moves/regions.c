/* SPDX-License-Identifier: MIT */
/*
 * regions.c - disconnected regions: finding them and taking one.
 */
#include "mask.h"
#include "moves/moves.h"

/* One connected component of the cells that do not hold the barrier and are not collapsed. */
struct component {
    uint16_t min;
    uint8_t marks; /* seats that have markers inside */
    uint8_t kind;
};

enum { KNOWN_MAX = (REGION_PLAIN + 1) * BOARD_MAX_CELLS };

struct search {
    const struct view *v;
    struct mask inside; /* not collapsed */
    struct mask markers[RR_GAME_MAX_SEATS], stacks[RR_GAME_MAX_SEATS];
    struct mask payers;
    uint8_t active; /* how many seats have a ring in a stack */
    uint16_t count;
    struct component known[KNOWN_MAX];
};

/* The seat whose markers fence a kind off; not for REGION_PLAIN. */
static uint8_t
barrier_seat(const struct view *v, uint8_t kind)
{
    return (uint8_t)((v->h->cur + kind) % v->r->seats);
}

/* Content that fences a kind off. REGION_PLAIN has none; the wall's value stands for it. */
static uint8_t
barrier_of(const struct view *v, uint8_t kind)
{
    return kind == REGION_PLAIN ? (uint8_t)CELL_WALL : own(CELL_MARKER, barrier_seat(v, kind));
}

static uint8_t
barrier_bit(const struct view *v, uint8_t kind)
{
    return (uint8_t)(kind == REGION_PLAIN ? 0U : 1U << barrier_seat(v, kind));
}

/* Seats whose set meets a component, as bits. */
static uint8_t
seats_in(const struct view *v, const struct mask *sets, const struct mask *cells)
{
    uint8_t seats = 0;

    for (uint8_t s = 0; s < v->r->seats; s++) {
        seats |= (uint8_t)(mask_meets(v->b, &sets[s], cells) << s);
    }
    return seats;
}

/* Whether an earlier kind has produced the same cells. Both start at the same cell; they are equal
 * when neither holds a marker that is a barrier of the other. */
static bool
is_known(const struct search *se, const struct component *c)
{
    const uint8_t bar = barrier_bit(se->v, c->kind);

    for (uint16_t i = 0; i < se->count; i++) {
        const struct component *o = &se->known[i];
        if (o->min == c->min && (o->marks & bar) == 0 &&
            (c->marks & barrier_bit(se->v, o->kind)) == 0) {
            return true;
        }
    }
    return false;
}

/* Offer the regions of a kind that can be paid from outside. */
static void
regions_of_kind(struct search *se, uint8_t kind, struct sink *s)
{
    const struct view *v = se->v;
    struct mask open = se->inside;
    struct mask left;
    struct mask cells;

    if (kind != REGION_PLAIN) {
        mask_remove(v->b, &open, &se->markers[barrier_seat(v, kind)]);
    }
    left = open;
    while (mask_component(v->b, &open, &left, &cells)) {
        const int rulers = __builtin_popcount(seats_in(v, se->stacks, &cells));
        /* DEVIATION R142: behind collapsed cells alone exactly one player must rule */
        const bool fits = kind != REGION_PLAIN || rulers == 1 || !DEVIATES(v, R142);
        if (!fits || rulers >= se->active) {
            continue;
        }
        const struct component comp = {.min = mask_first(v->b, &cells),
                                       .marks = seats_in(v, se->markers, &cells),
                                       .kind = kind};
        if (!is_known(se, &comp)) {
            se->known[se->count++] = comp;
            if (!mask_within(v->b, &se->payers, &cells)) {
                sink_add(s, move_code(MT_T, comp.min, 0, 0, kind));
            }
        }
    }
}

/* A payer is a stack of the mover; after a recovery slide, any stack with a buried ring of his. */
static void
read_payers(const struct view *v, struct mask *out)
{
    mask_read(v, CELL_ALL, own(CELL_STACK, v->h->cur), out);
    if ((v->h->flags & FLAG_RECOVERED) == 0) {
        return;
    }
    *out = (struct mask){0};
    for (uint16_t c = 0; c < v->b->cells; c++) {
        const int ring = (v->cell[c] & CELL_STACK) != 0 ? view_lowest(v, c, v->h->cur) : -1;
        if (ring >= 0 && ring < view_height(v, c) - 1) {
            mask_add(v->b, out, c);
        }
    }
}

void
regions_legal(const struct view *v, struct sink *s)
{
    struct search se;

    se.v = v;
    se.count = 0;
    se.active = (uint8_t)__builtin_popcount(view_colours(v));
    read_payers(v, &se.payers);
    if (mask_empty(v->b, &se.payers)) {
        return;
    }
    mask_read(v, CELL_COLLAPSED, 0, &se.inside);
    for (uint8_t seat = 0; seat < v->r->seats; seat++) {
        mask_read(v, CELL_ALL, own(CELL_MARKER, seat), &se.markers[seat]);
        mask_read(v, CELL_ALL, own(CELL_STACK, seat), &se.stacks[seat]);
    }
    for (uint8_t kind = 0; kind < v->r->seats; kind++) {
        if (!mask_empty(v->b, &se.markers[barrier_seat(v, kind)])) {
            regions_of_kind(&se, kind, s);
        }
    }
    regions_of_kind(&se, REGION_PLAIN, s);
}

bool
regions_any(const struct view *v)
{
    struct sink s = {.v = v, .want = RR_MOVE_NONE};

    regions_legal(v, &s);
    return s.count > 0;
}

uint16_t
region_cells(const struct view *v, uint16_t min, uint8_t kind, uint16_t *out)
{
    struct mask open;
    struct mask fence;
    struct mask left = {0};
    struct mask cells;

    mask_read(v, CELL_COLLAPSED, 0, &open);
    mask_read(v, CELL_ALL, barrier_of(v, kind), &fence);
    mask_remove(v->b, &open, &fence);
    mask_add(v->b, &left, min);
    (void)mask_component(v->b, &open, &left, &cells);
    return mask_cells(v->b, &cells, out);
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
