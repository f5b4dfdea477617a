/* SPDX-License-Identifier: MIT */
/*
 * solver.c - perfect play of Connect Four by search.
 */
#include "solver.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMN_BITS = C4_HEIGHT + 1, TICK_NODES = 1 << 20 };

/* One bit in each column, and from it all cells. */
#define BOTTOM UINT64_C(0x40810204081)
#define BOARD (BOTTOM * ((UINT64_C(1) << C4_HEIGHT) - 1))
#define COLUMN(x) (((UINT64_C(1) << C4_HEIGHT) - 1) << ((x)*COLUMN_BITS))

/*
 * The table: bounds of scores by position. An entry is key << 8 | bound; a key has 49 bits, so the
 * whole of it is compared. The newest takes the place: near the leaves that is as good as anything.
 * Bounds are stored as 1 + what they are above the lowest score; 0 is an empty entry.
 */
enum { SCORE_MAX = 21, UPPER = 1 + SCORE_MAX, LOWER = UPPER + 2 * SCORE_MAX + 1 };

struct solver {
    uint64_t *table;
    size_t entries;
    uint64_t nodes, next_tick;
    solver_tick_fn tick;
    void *user;
    bool has_given_up;
};

static uint64_t
stone_on(uint64_t all, int column)
{
    return (all + (UINT64_C(1) << (column * COLUMN_BITS))) & COLUMN(column);
}

/* Empty cells, high in the air too, where a stone would complete four of these. */
static uint64_t
threats(uint64_t own, uint64_t all)
{
    static const int steps[] = {COLUMN_BITS, COLUMN_BITS - 1, COLUMN_BITS + 1};
    uint64_t found = own << 1 & own << 2 & own << 3; /* a column has only one open end */

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const int k = steps[i];
        const uint64_t up = own << k & own << 2 * k;
        const uint64_t down = own >> k & own >> 2 * k;

        found |= up & (own << 3 * k | own >> k);
        found |= down & (own >> 3 * k | own << k);
    }
    return found & (BOARD ^ all);
}

bool
c4_can_play(const struct c4 *p, int column)
{
    return stone_on(p->all, column) != 0;
}

void
c4_play(struct c4 *p, int column)
{
    p->own ^= p->all;
    p->all |= stone_on(p->all, column);
}

bool
c4_is_win(const struct c4 *p, int column)
{
    return (threats(p->own, p->all) & stone_on(p->all, column)) != 0;
}

size_t
c4_read(struct c4 *p, const char *moves)
{
    size_t n = 0;
    bool is_over = false;

    memset(p, 0, sizeof *p);
    for (; moves[n] >= '0' && moves[n] < '0' + C4_WIDTH && !is_over; n++) {
        const int column = moves[n] - '0';

        if (!c4_can_play(p, column)) {
            break;
        }
        is_over = c4_is_win(p, column);
        c4_play(p, column);
    }
    /* A finished game has no score, so its last move is not taken either. */
    return is_over || p->all == BOARD ? n - 1 : n;
}

int
c4_plies_left(const struct c4 *p, int score)
{
    const int n = c4_stones(p);

    if (score == 0) {
        return C4_CELLS - n;
    }
    /* The stones of the seat to act end with the 41st or the 42nd, those of the other with the
     * other of the two; each point is one stone of the winner before that. */
    const int last = (n % 2 == 0) == (score > 0) ? C4_CELLS - 1 : C4_CELLS;

    return last - 2 * (abs(score) - 1) - n;
}

/* Stones and the first free cell of each column: the same number for the same position only. */
static uint64_t
key_of(uint64_t own, uint64_t all)
{
    return own + all + BOTTOM;
}

static uint64_t
mirror(uint64_t cells)
{
    uint64_t out = 0;

    for (int x = 0; x < C4_WIDTH; x++) {
        const uint64_t column = cells >> (x * COLUMN_BITS) & 0x7f;
        out |= column << ((C4_WIDTH - 1 - x) * COLUMN_BITS);
    }
    return out;
}

/* Early in the game a position and its mirror image share an entry; later they rarely meet and the
 * mirroring would cost more than it saves. */
static uint64_t
table_key(uint64_t own, uint64_t all, int stones)
{
    const uint64_t key = key_of(own, all);

    if (stones > 14) {
        return key;
    }
    const uint64_t other = mirror(key);
    return key < other ? key : other;
}

static uint64_t *
entry_of(struct solver *s, uint64_t key)
{
    /* Fibonacci hashing (Knuth, TAOCP 6.4), scaled to the number of entries. */
    const uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);

    return &s->table[(size_t)(((unsigned __int128)hash * s->entries) >> 64)];
}

struct choice {
    uint64_t cell;
    int rank;
};

/* The playable cells of a set, best first: those that make most threats, in the middle before the
 * sides. Returns how many. */
static int
choices(uint64_t own, uint64_t all, uint64_t cells, struct choice *out)
{
    static const int order[C4_WIDTH] = {3, 2, 4, 1, 5, 0, 6};
    int n = 0;

    for (int i = 0; i < C4_WIDTH; i++) {
        const uint64_t cell = cells & COLUMN(order[i]);
        int at = n;

        if (cell == 0) {
            continue;
        }
        const int rank = __builtin_popcountll(threats(own | cell, all | cell));
        for (; at > 0 && out[at - 1].rank < rank; at--) {
            out[at] = out[at - 1];
        }
        out[at] = (struct choice){cell, rank};
        n++;
    }
    return n;
}

/*
 * The playable cells after which the other seat cannot win at once, 0 when there are none: it has
 * two threats, or one above the other.
 */
static uint64_t
safe_cells(uint64_t own, uint64_t all)
{
    const uint64_t danger = threats(own ^ all, all);
    uint64_t cells = (all + BOTTOM) & BOARD;
    const uint64_t forced = cells & danger;

    if (forced != 0) {
        if ((forced & (forced - 1)) != 0) {
            return 0;
        }
        cells = forced;
    }
    return cells & ~(danger >> 1); /* not below a cell that the other seat waits for */
}

/* Whether the search goes on; asks the owner every so often. */
static bool
goes_on(struct solver *s)
{
    if (++s->nodes >= s->next_tick && s->tick != NULL) {
        s->next_tick = s->nodes + TICK_NODES;
        s->has_given_up = s->has_given_up || s->tick(s->user, s->nodes);
    }
    return !s->has_given_up;
}

/* Narrow a window by what the table knows. */
static void
recall(uint64_t entry, uint64_t key, int *low, int *high)
{
    const int bound = (int)(entry & 0xff);

    if (entry >> 8 != key || bound == 0) {
        return;
    }
    if (bound >= LOWER - SCORE_MAX) {
        *low = bound - LOWER > *low ? bound - LOWER : *low;
    } else {
        *high = bound - UPPER < *high ? bound - UPPER : *high;
    }
}

/*
 * The score within alpha .. beta, or a bound beyond. The seat to act cannot win with this stone:
 * whoever calls has looked.
 */
static int
search(struct solver *s, uint64_t own, uint64_t all, int alpha, int beta)
{
    struct choice list[C4_WIDTH];
    const int stones = __builtin_popcountll(all);
    const uint64_t cells = safe_cells(own, all);

    if (!goes_on(s)) {
        return 0;
    }
    if (cells == 0) {
        return -(C4_CELLS - stones) / 2; /* the other seat wins with its next stone */
    }
    if (stones >= C4_CELLS - 2) {
        return 0;
    }
    /* No better than winning with the stone after this one, no worse than losing to the other's
     * second; then what the table knows. */
    const uint64_t key = table_key(own, all, stones);
    uint64_t *entry = entry_of(s, key);
    int low = -(C4_CELLS - 2 - stones) / 2;
    int high = (C4_CELLS - 1 - stones) / 2;

    recall(*entry, key, &low, &high);
    alpha = low > alpha ? low : alpha;
    beta = high < beta ? high : beta;
    if (alpha >= beta) {
        return alpha >= high ? high : low;
    }

    const int n = choices(own, all, cells, list);
    for (int i = 0; i < n; i++) {
        const int score = -search(s, own ^ all, all | list[i].cell, -beta, -alpha);

        if (score >= beta) {
            *entry = key << 8 | (uint64_t)(score + LOWER);
            return score;
        }
        alpha = score > alpha ? score : alpha;
    }
    *entry = key << 8 | (uint64_t)(alpha + UPPER);
    return alpha;
}

struct solver *
solver_new(size_t table_bytes)
{
    struct solver *s = calloc(1, sizeof *s);

    if (s == NULL) {
        return NULL;
    }
    s->entries = table_bytes / sizeof *s->table;
    s->table = calloc(s->entries, sizeof *s->table);
    if (s->table == NULL) {
        free(s);
        return NULL;
    }
    return s;
}

void
solver_free(struct solver *s)
{
    if (s != NULL) {
        free(s->table);
        free(s);
    }
}

void
solver_on_tick(struct solver *s, solver_tick_fn tick, void *user)
{
    s->tick = tick;
    s->user = user;
}

uint64_t
solver_nodes(const struct solver *s)
{
    return s->nodes;
}

int
solver_score(struct solver *s, const struct c4 *p)
{
    const int stones = c4_stones(p);
    int low = -(C4_CELLS - stones) / 2;
    int high = (C4_CELLS + 1 - stones) / 2;

    s->has_given_up = false;
    if ((threats(p->own, p->all) & ((p->all + BOTTOM) & BOARD)) != 0) {
        return high;
    }
    /* Close in on the score by asking "more than this?". Questions about quick wins and losses are
     * cheap to answer and about slow ones dear, so each halves the distance to the draw. */
    while (low < high && !s->has_given_up) {
        int middle = low + (high - low) / 2;

        if (middle <= 0 && low / 2 < middle) {
            middle = low / 2;
        } else if (middle >= 0 && high / 2 > middle) {
            middle = high / 2;
        }
        const int score = search(s, p->own, p->all, middle, middle + 1);
        if (score <= middle) {
            high = score;
        } else {
            low = score;
        }
    }
    return s->has_given_up ? C4_NO_SCORE : low;
}

int
solver_moves(struct solver *s, const struct c4 *p, int score[C4_WIDTH])
{
    int best = C4_NO_SCORE;

    for (int x = 0; x < C4_WIDTH; x++) {
        struct c4 next = *p;

        score[x] = C4_NO_SCORE;
        if (!c4_can_play(p, x)) {
            continue;
        }
        c4_play(&next, x);
        if (c4_is_win(p, x)) {
            score[x] = (C4_CELLS + 1 - c4_stones(p)) / 2;
        } else if (next.all == BOARD) {
            score[x] = 0;
        } else {
            const int other = solver_score(s, &next);
            if (other == C4_NO_SCORE) {
                return C4_NO_SCORE;
            }
            score[x] = -other;
        }
        best = score[x] > best ? score[x] : best;
    }
    return best;
}
