/* SPDX-License-Identifier: MIT */
/* othello.c - Othello on 8 x 8, written from rr-game(3) alone. A board is a set of cells: (x, y) is
 * bit 8 * y + x, a1 is cell 0 and h1 cell 7. A move is the number of its cell, or PASS. */
#include <rr/game.h>

#include <stdio.h>
#include <string.h>

/* The callbacks have to take what other games need. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define CELLS 64
#define PASS ((rr_move)CELLS)
#define PLANES 4
#define STATE_TEXT (CELLS + 3) /* the cells, a space, the seat, NUL */
#define INNER_COLUMNS 0x7e7e7e7e7e7e7e7eU
#define CORNERS 0x8100000000000081U
#define ALL UINT64_MAX

/* Three words of 8 bytes, so there is no padding. */
struct position {
    uint64_t discs[2]; /* seat 0 is black, x in texts, and begins */
    int64_t turn;      /* -1 whenever neither seat can move */
};

static const int steps[8] = {-9, -8, -7, -1, 1, 7, 8, 9};

static inline uint64_t
shift(uint64_t set, int step)
{
    return step > 0 ? set << step : set >> -step;
}

/* The discs of theirs in runs that begin beside from: one, one more, then twice two at once. Those
 * in columns a and h count only along a column, so nothing runs around the edge. */
static inline uint64_t
runs(uint64_t from, uint64_t theirs, int step)
{
    const uint64_t through = step % 8 == 0 ? theirs : theirs & INNER_COLUMNS;
    const uint64_t pairs = through & shift(through, step);
    const uint64_t one = through & shift(from, step);
    const uint64_t two = one | (through & shift(one, step));
    const uint64_t four = two | (pairs & shift(two, 2 * step));

    return four | (pairs & shift(four, 2 * step));
}

static uint64_t
moves_of(const struct position *p, int64_t seat)
{
    uint64_t ends = 0;

    for (int i = 0; i < 8; i++) {
        ends |= shift(runs(p->discs[seat], p->discs[1 - seat], steps[i]), steps[i]);
    }
    return ends & ~(p->discs[0] | p->discs[1]);
}

static uint64_t
flips_of(const struct position *p, uint64_t disc)
{
    uint64_t flips = 0;

    for (int i = 0; i < 8; i++) {
        const uint64_t run = runs(disc, p->discs[1 - p->turn], steps[i]);
        flips |= (shift(run, steps[i]) & p->discs[p->turn]) != 0 ? run : 0;
    }
    return flips;
}

static void
give_turn(struct position *p, int64_t seat)
{
    p->turn = moves_of(p, seat) != 0 || moves_of(p, 1 - seat) != 0 ? seat : -1;
}

/* How many more discs x has than o, on the cells of mask. */
static int
lead(const struct position *p, uint64_t mask)
{
    return __builtin_popcountll(p->discs[0] & mask) - __builtin_popcountll(p->discs[1] & mask);
}

static void
init(const struct rr_variant *v, uint64_t options, void *state)
{
    *(struct position *)state = (struct position){{0x0000000810000000U, 0x0000001008000000U}, 0};
}

static int32_t
mover(const struct rr_variant *v, const void *state)
{
    return (int32_t)((const struct position *)state)->turn;
}

static uint32_t
legal(const struct rr_variant *v, const void *state, rr_move *out)
{
    const struct position *p = state;
    uint64_t rest = p->turn < 0 ? 0 : moves_of(p, p->turn);
    uint32_t n = 0;

    for (; rest != 0; rest &= rest - 1) {
        out[n++] = (rr_move)__builtin_ctzll(rest);
    }
    if (n == 0 && p->turn >= 0) {
        out[n++] = PASS;
    }
    return n;
}

static void
apply(const struct rr_variant *v, void *state, rr_move move)
{
    struct position *p = state;

    if (move != PASS) {
        const uint64_t flips = flips_of(p, 1ULL << move);
        p->discs[p->turn] |= flips | 1ULL << move;
        p->discs[1 - p->turn] &= ~flips;
    }
    give_turn(p, 1 - p->turn);
}

static void
result(const struct rr_variant *v, const void *state, float *share)
{
    const int more = lead(state, ALL);

    share[0] = more > 0 ? 1.0F : more < 0 ? 0.0F : 0.5F;
    share[1] = 1.0F - share[0];
}

/* The cells from a1 to h8, then the seat to act: x, o, or - at the end. */
static int32_t
state_text(const struct rr_variant *v, const void *state, char *out, size_t cap)
{
    const struct position *p = state;
    char cells[CELLS];

    for (int c = 0; c < CELLS; c++) {
        cells[c] = (p->discs[0] >> c & 1) != 0 ? 'x' : (p->discs[1] >> c & 1) != 0 ? 'o' : '.';
    }
    return rr_text_length(snprintf(out, cap, "%.64s %c", cells, "-xo"[p->turn + 1]), cap);
}

/* Read generously, and accept what would be written the same way again. */
static int32_t
state_parse(const struct rr_variant *v, const char *text, void *state, char *why, size_t why_cap)
{
    struct position p = {{0, 0}, 0};
    char again[STATE_TEXT] = "";

    for (int c = 0; c < CELLS && text[c] != '\0'; c++) {
        p.discs[0] |= (uint64_t)(text[c] == 'x') << c;
        p.discs[1] |= (uint64_t)(text[c] == 'o') << c;
    }
    give_turn(&p, strlen(text) == STATE_TEXT - 1 && text[CELLS + 1] == 'o');
    (void)state_text(v, &p, again, sizeof again);
    if (strcmp(again, text) != 0) {
        (void)snprintf(why, why_cap, "expected 64 of . x o, a space, and x, o or - to act");
        return -1;
    }
    memcpy(state, &p, sizeof p);
    return 0;
}

static int32_t
move_text(const struct rr_variant *v, const void *state, rr_move move, char *out, size_t cap)
{
    const char cell[3] = {(char)('a' + (int)(move % 8)), (char)('1' + (int)(move / 8)), '\0'};

    return rr_text_length(snprintf(out, cap, "%s", move == PASS ? "pass" : cell), cap);
}

static int32_t
move_parse(const struct rr_variant *v, const void *state, const char *text, rr_move *move,
           char *why, size_t why_cap)
{
    rr_move list[CELLS];
    char name[8];

    for (uint32_t i = 0, n = legal(v, state, list); i < n; i++) {
        if (move_text(v, state, list[i], name, sizeof name) > 0 && strcmp(name, text) == 0) {
            *move = list[i];
            return 0;
        }
    }
    (void)snprintf(why, why_cap, "expected a cell that turns discs, as d3, or pass if none does");
    return -1;
}

static int32_t
variant_text(const struct rr_variant *v, char *out, size_t cap)
{
    return rr_text_length(snprintf(out, cap, "players=%u size=%u", v->seats, v->width), cap);
}

static int32_t
result_text(const struct rr_variant *v, const void *state, char *out, size_t cap)
{
    const int more = lead(state, ALL);
    const int winner = more > 0 ? 1 : more < 0 ? 2 : 0;

    return rr_text_length(snprintf(out, cap, "w=%d lead=%d", winner, more), cap);
}

/* My discs, the other's, empty cells, my moves. Empty cells tell the board from the padding around
 * it, moves spare a small net the long lines. The rules do not know colours, so no scalar. */
static void
encode(const struct rr_variant *v, const void *state, uint8_t *planes, float *scalars)
{
    const struct position *p = state;
    const uint64_t sets[PLANES] = {p->discs[p->turn], p->discs[1 - p->turn],
                                   ~(p->discs[0] | p->discs[1]), moves_of(p, p->turn)};

    for (int i = 0; i < CELLS * PLANES; i++) {
        planes[i] = (sets[i % PLANES] >> (i / PLANES) & 1) != 0 ? 255 : 0;
    }
}

static uint32_t
policy_index(const struct rr_variant *v, const void *state, rr_move move)
{
    return (uint32_t)move; /* one plane, a single logit behind it: as moves are numbered */
}

static rr_move
transform_move(const struct rr_variant *v, uint32_t sym, const void *state, rr_move move,
               const void *image)
{
    const rr_move cell = move ^ ((sym & 1) != 0 ? 7 : 0) ^ ((sym & 2) != 0 ? 56 : 0);

    return move == PASS ? PASS : (sym & 4) != 0 ? cell % 8 * 8 + cell / 8 : cell;
}

static void
transform(const struct rr_variant *v, uint32_t sym, const void *state, void *image)
{
    const struct position *p = state;
    struct position out = {{0, 0}, p->turn};

    for (rr_move c = 0; c < CELLS; c++) {
        out.discs[0] |= (p->discs[0] >> c & 1) << transform_move(v, sym, state, c, image);
        out.discs[1] |= (p->discs[1] >> c & 1) << transform_move(v, sym, state, c, image);
    }
    memcpy(image, &out, sizeof out);
}

/* Mobility and corners decide the middle of a game, discs its end. */
static void
evaluate(const struct rr_variant *v, const void *state, uint32_t level, float *share)
{
    const struct position *p = state;
    const struct position moves = {{moves_of(p, 0), moves_of(p, 1)}, 0};
    const int late = __builtin_popcountll(p->discs[0] | p->discs[1]) - 44;
    const int sum = 160 * lead(p, CORNERS) + 30 * lead(&moves, ALL) + late * lead(p, ALL);

    share[0] = 0.5F + 0.5F * (float)sum / (float)(800 + (sum < 0 ? -sum : sum));
    share[1] = 1.0F - share[0];
}

static int32_t
board_text(const struct rr_variant *v, const void *state, uint32_t flags, char *out, size_t cap)
{
    char cells[STATE_TEXT];
    char board[] = "  a b c d e f g h\n"
                   "1 . . . . . . . .\n2 . . . . . . . .\n3 . . . . . . . .\n4 . . . . . . . .\n"
                   "5 . . . . . . . .\n6 . . . . . . . .\n7 . . . . . . . .\n8 . . . . . . . .\n";

    (void)state_text(v, state, cells, sizeof cells);
    for (int c = 0; c < CELLS; c++) {
        board[20 + c / 8 * 18 + c % 8 * 2] = cells[c];
    }
    const int n = snprintf(out, cap, "%sx %+d, to act: %s\n", board, lead(state, ALL), cells + 65);
    return rr_text_length(n, cap);
}

/* No more moves than empty cells, and no two passes in a row. */
static const struct rr_variant variant = {
    .size = sizeof(struct rr_variant),
    .seats = 2,
    .name = "othello8_2p",
    .help = "Othello on 8 x 8",
    .layout = "othello/1/othello8_2p",
    .state_bytes = sizeof(struct position),
    .max_moves = CELLS,
    .max_plies = 2 * CELLS,
    .height = 8,
    .width = 8,
    .planes = PLANES,
    .policy_planes = 1,
    .policy_scalars = 1,
    .symmetries = 8,
};
static const struct rr_variant *const variants[] = {&variant, NULL};
static const char *const options[] = {NULL};

RR_GAME(.name = "othello", .version = "1.0", .summary = "Othello: turn discs by enclosing them",
        .variants = variants, .options = options, .evaluate = evaluate, .board_text = board_text)
