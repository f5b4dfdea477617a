/* SPDX-License-Identifier: MIT */
/*
 * test_ringrift_mask.c - sets of cells as bits, against the same asked cell by cell.
 *
 * Boards hold cells made by chance, from nearly empty to nearly full.
 */
#include <stdlib.h>
#include <string.h>

#include "mask.h"
#include "tests/tap.h"

enum { ROUNDS = 300, MAX_STATE = 4096 };

struct t {
    const struct board *b;
    struct view v;
    uint64_t seed;
    bool in[BOARD_MAX_CELLS + 1]; /* the cells that `m` should hold; the wall is never in */
    struct mask m;
};

static uint32_t
below(struct t *t, uint32_t n)
{
    t->seed = t->seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (uint32_t)((t->seed >> 32) * n >> 32);
}

/* Contents by chance, and the set of cells of one kind, read both ways. */
static bool
make(struct t *t, uint8_t *cells)
{
    static const uint8_t contents[] = {CELL_MARKER, CELL_MARKER | 1, CELL_STACK, CELL_STACK | 3,
                                       CELL_COLLAPSED | 1};
    static const uint8_t asked[][2] = {{CELL_ALL, CELL_MARKER | 1},
                                       {CELL_ALL, CELL_STACK},
                                       {CELL_BLOCKED, 0},
                                       {CELL_COLLAPSED, 0},
                                       {CELL_ALL, CELL_EMPTY}};
    const uint32_t full = below(t, 101);
    const uint8_t *ask = asked[below(t, 5)];
    bool same = true;

    for (uint16_t c = 0; c < t->b->cells; c++) {
        cells[c] = below(t, 100) < full ? contents[below(t, 5)] : (uint8_t)CELL_EMPTY;
    }
    mask_read(&t->v, ask[0], ask[1], &t->m);
    for (uint16_t c = 0; c < t->b->cells; c++) {
        t->in[c] = (cells[c] & ask[0]) == ask[1];
        same &= mask_has(t->b, &t->m, c) == t->in[c];
    }
    return same;
}

/* Steps in a direction that stay in the set, at most `most`. */
static unsigned
steps(const struct t *t, uint16_t c, unsigned d, unsigned most)
{
    unsigned n = 0;

    while (n < most && t->in[t->b->next[c][d]]) {
        c = t->b->next[c][d];
        n++;
    }
    return n;
}

static bool
rays_agree(const struct t *t)
{
    struct mask out[MASK_RAYS];
    bool same = true;

    mask_rays(t->b, &t->m, out);
    for (uint16_t c = 0; c < t->b->cells; c++) {
        unsigned best = 0;
        for (unsigned d = 0; d < t->b->dirs; d++) {
            const unsigned n = steps(t, c, d, MASK_RAYS);
            best = n > best ? n : best;
        }
        for (unsigned k = 0; k < MASK_RAYS; k++) {
            same &= mask_has(t->b, &out[k], c) == (best > k);
        }
    }
    return same;
}

static bool
runs_agree(const struct t *t, uint8_t length)
{
    struct mask out[BOARD_MAX_AXES];
    const bool any = mask_runs(t->b, &t->m, length, out);
    bool some = false;
    bool same = true;

    for (unsigned a = 0; a < t->b->axes; a++) {
        for (uint16_t c = 0; c < t->b->cells; c++) {
            const bool first = t->in[c] && !t->in[t->b->next[c][a + t->b->axes]] &&
                               steps(t, c, a, BOARD_MAX_WIDTH) + 1 >= length;
            same &= mask_has(t->b, &out[a], c) == first;
            some |= first;
        }
    }
    return same && any == some;
}

/* Number the component of a cell; returns its size. */
static uint16_t
number(const struct t *t, uint16_t start, uint16_t *of, uint16_t what)
{
    uint16_t queue[BOARD_MAX_CELLS];
    uint16_t tail = 1;

    queue[0] = start;
    of[start] = what;
    for (uint16_t head = 0; head < tail; head++) {
        for (unsigned d = 0; d < t->b->near_dirs; d++) {
            const uint16_t c = t->b->near[queue[head]][d];
            if (t->in[c] && of[c] == 0) {
                of[c] = what;
                queue[tail++] = c;
            }
        }
    }
    return tail;
}

static bool
components_agree(const struct t *t)
{
    uint16_t of[BOARD_MAX_CELLS + 1] = {0};
    uint16_t cells[BOARD_MAX_CELLS];
    struct mask left = t->m;
    struct mask got;
    uint16_t count = 0;
    bool same = true;

    for (uint16_t c = 0; c < t->b->cells; c++) {
        if (!t->in[c] || of[c] != 0) {
            continue;
        }
        const uint16_t size = number(t, c, of, ++count);
        if (!mask_component(t->b, &t->m, &left, &got) || mask_first(t->b, &got) != c ||
            mask_cells(t->b, &got, cells) != size || mask_meets(t->b, &got, &left) ||
            !mask_within(t->b, &got, &t->m)) {
            return false;
        }
        for (uint16_t i = 0; i < size; i++) {
            same &= of[cells[i]] == count && (i == 0 || cells[i] > cells[i - 1]);
        }
    }
    return same && mask_empty(t->b, &left) && !mask_component(t->b, &t->m, &left, &got);
}

static bool
sets_agree(struct t *t)
{
    struct mask one = {0};
    struct mask rest = t->m;
    const uint16_t c = (uint16_t)below(t, t->b->cells);

    mask_add(t->b, &one, c);
    mask_remove(t->b, &rest, &one);
    return mask_has(t->b, &one, c) && !mask_has(t->b, &rest, c) &&
           mask_meets(t->b, &t->m, &one) == t->in[c] && mask_within(t->b, &one, &t->m) == t->in[c];
}

static void
check_board(const struct board *b)
{
    static _Alignas(8) uint8_t state[MAX_STATE];
    const struct rules rules = {.board = b, .seats = 4, .rings = 96, .pool = 384};
    const struct rr_variant variant = {.state_bytes = sizeof state, .data = &rules};
    struct t t = {.b = b, .seed = 1};
    struct pos p;
    int read = 0;
    int rays = 0;
    int runs = 0;
    int components = 0;
    int sets = 0;

    if (STATE_BYTES(b->cells, rules.pool) > sizeof state) {
        ok(false, "%s: a state fits", b->name);
        return;
    }
    state_init(&variant, 0, state);
    pos_of(&p, &variant, state);
    t.v = p.v;
    for (int i = 0; i < ROUNDS; i++) {
        read += make(&t, p.cell);
        rays += rays_agree(&t);
        runs += runs_agree(&t, 3) && runs_agree(&t, 4);
        components += components_agree(&t);
        sets += sets_agree(&t);
    }
    ok(read == ROUNDS, "%s: cells are read", b->name);
    ok(rays == ROUNDS, "%s: free ways of one to three steps", b->name);
    ok(runs == ROUNDS, "%s: runs of three and of four", b->name);
    ok(components == ROUNDS, "%s: components, in order, each cell once", b->name);
    ok(sets == ROUNDS, "%s: adding, removing, meeting, lying within", b->name);
}

int
main(void)
{
    check_board(&board_square8);
    check_board(&board_hex8);
    check_board(&board_square19);
    check_board(&board_hexagonal);
    return tap_done();
}
