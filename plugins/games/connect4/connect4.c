/* SPDX-License-Identifier: MIT */
/*
 * connect4.c - Connect Four, the example of a game plugin. Copy it to begin a game of your own.
 *
 * Two players drop stones into seven columns of six cells; four in a row win, a full board is a
 * draw and gives each half a win. A move is the number of a column, 0 to 6.
 *
 * Board bits: cell (x, y), with y counted from the bottom, is bit x * 7 + y. The seventh bit of
 * each column stays clear, so that shifts in has_four() cannot run from one column into the next.
 */
#include <rr/game.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 7, HEIGHT = 6, CELLS = WIDTH * HEIGHT, COLUMN_BITS = HEIGHT + 1 };

/* All of a position: whose turn it is and who has won follow from the stones. Equal positions are
 * equal memory because nothing else is kept. */
struct position {
    uint64_t stones[2];
};

static uint64_t
cell_bit(int x, int y)
{
    return UINT64_C(1) << (x * COLUMN_BITS + y);
}

static int
stone_count(const struct position *p)
{
    return __builtin_popcountll(p->stones[0] | p->stones[1]);
}

/* Number of stones in a column. */
static int
fill(const struct position *p, int x)
{
    const uint64_t column = (p->stones[0] | p->stones[1]) >> (x * COLUMN_BITS);

    return __builtin_popcountll(column & ((1U << HEIGHT) - 1));
}

static bool
has_four(uint64_t stones)
{
    /* Steps up, right, and along both diagonals. */
    static const int steps[] = {1, COLUMN_BITS, COLUMN_BITS + 1, COLUMN_BITS - 1};

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const uint64_t pairs = stones & (stones >> steps[i]);
        if ((pairs & (pairs >> (2 * steps[i]))) != 0) {
            return true;
        }
    }
    return false;
}

static void
init(const struct rr_variant *v, uint64_t options, void *state)
{
    (void)options;
    memset(state, 0, v->state_bytes);
}

static int32_t
mover(const struct rr_variant *v, const void *state)
{
    const struct position *p = state;
    const int count = stone_count(p);

    (void)v;
    /* Only the seat that moved last can have completed a four. */
    return count == CELLS || has_four(p->stones[(count + 1) % 2]) ? -1 : count % 2;
}

static uint32_t
legal(const struct rr_variant *v, const void *state, rr_move *out)
{
    const struct position *p = state;
    const uint64_t full = (p->stones[0] | p->stones[1]) >> (HEIGHT - 1);
    uint32_t n = 0;

    if (mover(v, state) < 0) {
        return 0;
    }
    for (int x = 0; x < WIDTH; x++) {
        out[n] = (rr_move)x;
        n += (full & cell_bit(x, 0)) == 0;
    }
    return n;
}

static void
apply(const struct rr_variant *v, void *state, rr_move move)
{
    struct position *p = state;
    const int x = (int)move;

    (void)v;
    p->stones[stone_count(p) % 2] |= cell_bit(x, fill(p, x));
}

static void
result(const struct rr_variant *v, const void *state, float *share)
{
    const struct position *p = state;

    (void)v;
    share[0] = has_four(p->stones[0]) ? 1.0F : has_four(p->stones[1]) ? 0.0F : 0.5F;
    share[1] = 1.0F - share[0];
}

/* Rows from the top, '/' between them, then who is to act: "......./.../.xo.... x". */
static int32_t
state_text(const struct rr_variant *v, const void *state, char *out, size_t cap)
{
    const struct position *p = state;
    const int32_t seat = mover(v, state);
    size_t n = 0;

    if (cap < CELLS + HEIGHT + 2) {
        return -1;
    }
    for (int y = HEIGHT - 1; y >= 0; y--) {
        for (int x = 0; x < WIDTH; x++) {
            const uint64_t bit = cell_bit(x, y);
            out[n++] = (p->stones[0] & bit) != 0 ? 'x' : (p->stones[1] & bit) != 0 ? 'o' : '.';
        }
        out[n++] = y > 0 ? '/' : ' ';
    }
    out[n++] = seat < 0 ? '-' : "xo"[seat];
    out[n] = '\0';
    return (int32_t)n;
}

static int32_t
refuse(char *why, size_t cap, const char *reason)
{
    (void)snprintf(why, cap, "%s", reason);
    return -1;
}

/* Drops the stones row by row from the bottom and accepts what is written the same way again: that
 * finds stones in the air, too many stones of one kind, and every other mistake. */
static int32_t
state_parse(const struct rr_variant *v, const char *text, void *state, char *why, size_t why_cap)
{
    struct position p = {{0, 0}};
    char again[CELLS + HEIGHT + 2];

    for (int cell = 0; strlen(text) == sizeof again - 1 && cell < CELLS; cell++) {
        const int x = cell % WIDTH;
        const char c = text[(HEIGHT - 1 - cell / WIDTH) * (WIDTH + 1) + x];
        if ((c == 'x' || c == 'o') && fill(&p, x) < HEIGHT) {
            p.stones[c == 'o'] |= cell_bit(x, fill(&p, x));
        }
    }
    const int ahead = __builtin_popcountll(p.stones[0]) - __builtin_popcountll(p.stones[1]);
    if (state_text(v, &p, again, sizeof again) < 0 || strcmp(again, text) != 0 || ahead < 0 ||
        ahead > 1) {
        return refuse(why, why_cap,
                      "expected a reachable position: six rows of seven of . x o "
                      "from the top, '/' between them, a space, x o or - to act");
    }
    memcpy(state, &p, sizeof p);
    return 0;
}

static int32_t
move_text(const struct rr_variant *v, const void *state, rr_move move, char *out, size_t cap)
{
    (void)v;
    (void)state;
    if (cap < 2) {
        return -1;
    }
    out[0] = (char)('0' + (int)move);
    out[1] = '\0';
    return 1;
}

static int32_t
move_parse(const struct rr_variant *v, const void *state, const char *text, rr_move *move,
           char *why, size_t why_cap)
{
    if (text[0] < '0' || text[0] >= '0' + WIDTH || text[1] != '\0' || mover(v, state) < 0 ||
        fill(state, text[0] - '0') == HEIGHT) {
        return refuse(why, why_cap, "expected the number of a column that is not full, 0 to 6");
    }
    *move = (rr_move)(text[0] - '0');
    return 0;
}

static int32_t
variant_text(const struct rr_variant *v, char *out, size_t cap)
{
    return rr_text_length(
        snprintf(out, cap, "players=%u width=%d height=%d row=4", v->seats, WIDTH, HEIGHT), cap);
}

static int32_t
result_text(const struct rr_variant *v, const void *state, char *out, size_t cap)
{
    float share[2];

    result(v, state, share);
    const int winner = share[0] > share[1] ? 1 : share[1] > share[0] ? 2 : 0;
    return rr_text_length(snprintf(out, cap, "w=%d kind=%s", winner, winner > 0 ? "four" : "draw"),
                          cap);
}

/*
 * Write the planes of four cells that lie side by side, eight bytes at once. Cell i is bit 7 i of
 * its colour's word; the factor moves it up by 9 i, to the lowest bit of byte 2 i, or 2 i + 1 for
 * the other colour. No two of the bits that it makes coincide, so nothing is carried.
 */
static void
put_four(uint64_t own, uint64_t other, uint8_t *out)
{
    const uint64_t four = cell_bit(0, 0) | cell_bit(1, 0) | cell_bit(2, 0) | cell_bit(3, 0);
    const uint64_t spread = ((own & four) | (other & four) << 8) * UINT64_C(0x08040201);
    uint64_t bytes = (spread & UINT64_C(0x0101010101010101)) * 255;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bytes = __builtin_bswap64(bytes);
#endif
    memcpy(out, &bytes, sizeof bytes);
}

/* Planes: own stones, stones of the other. Scalar: the seat to act. Row 0 is the bottom. */
static void
encode(const struct rr_variant *v, const void *state, uint8_t *planes, float *scalars)
{
    const struct position *p = state;
    const int seat = stone_count(p) % 2;
    const uint64_t own = p->stones[seat];
    const uint64_t other = p->stones[1 - seat];

    (void)v;
    for (int y = 0; y < HEIGHT; y++) { /* the fourth cell of a row twice */
        put_four(own >> y, other >> y, planes + 2 * WIDTH * y);
        put_four(own / cell_bit(3, y), other / cell_bit(3, y), planes + 2 * WIDTH * y + 6);
    }
    scalars[0] = (float)seat;
}

/* One policy plane: the cell that the stone falls to. */
static uint32_t
policy_index(const struct rr_variant *v, const void *state, rr_move move)
{
    (void)v;
    return (uint32_t)(fill(state, (int)move) * WIDTH + (int)move);
}

/* Symmetry 1 is the mirror that exchanges left and right. */
static void
transform(const struct rr_variant *v, uint32_t sym, const void *state, void *image)
{
    const struct position *p = state;
    struct position out = {{0, 0}};

    (void)v;
    for (int x = 0; x < WIDTH; x++) {
        const int to = sym == 0 ? x : WIDTH - 1 - x;
        for (int seat = 0; seat < 2; seat++) {
            const uint64_t column = p->stones[seat] >> (x * COLUMN_BITS) & ((1U << HEIGHT) - 1);
            out.stones[seat] |= column << (to * COLUMN_BITS);
        }
    }
    memcpy(image, &out, sizeof out);
}

static rr_move
transform_move(const struct rr_variant *v, uint32_t sym, const void *state, rr_move move,
               const void *image)
{
    (void)v;
    (void)state;
    (void)image;
    return sym == 0 ? move : WIDTH - 1 - move;
}

/* Open lines of four, the more the fuller: 1, 4 and 16 points for one, two and three own stones. */
static int
open_lines(uint64_t own, uint64_t other)
{
    static const int steps[][2] = {{1, 0}, {0, 1}, {1, 1}, {1, -1}};
    int points = 0;

    for (int cell = 0; cell < 4 * CELLS; cell++) {
        const int dx = steps[cell % 4][0];
        const int dy = steps[cell % 4][1];
        const int x = cell / 4 % WIDTH;
        const int y = cell / 4 / WIDTH;
        uint64_t line = 0;
        if (x + 3 * dx >= WIDTH || y + 3 * dy >= HEIGHT || y + 3 * dy < 0) {
            continue;
        }
        for (int i = 0; i < 4; i++) {
            line |= cell_bit(x + i * dx, y + i * dy);
        }
        const int count = __builtin_popcountll(own & line);
        points += (other & line) == 0 && count > 0 ? 1 << (2 * (count - 1)) : 0;
    }
    return points;
}

/* A lead of 20 points, an open three and a little, makes a win e times as likely. */
static void
evaluate(const struct rr_variant *v, const void *state, uint32_t level, float *share)
{
    const struct position *p = state;
    const int lead =
        open_lines(p->stones[0], p->stones[1]) - open_lines(p->stones[1], p->stones[0]);

    (void)v;
    (void)level;
    /* Flat: a lead of lines tells little, and searchers give much weight to differences. */
    share[0] = 1.0F / (1.0F + expf((float)-lead / 80.0F));
    share[1] = 1.0F - share[0];
}

/* The columns with their numbers, coloured as sold: red begins. */
static int32_t
board_text(const struct rr_variant *v, const void *state, uint32_t flags, char *out, size_t cap)
{
    static const char *const marks[2][3] = {{".", "x", "o"},
                                            {".", "\033[1;31mx\033[0m", "\033[1;33mo\033[0m"}};
    const char *const *mark = marks[(flags & RR_BOARD_COLOUR) != 0];
    const struct position *p = state;
    const int32_t seat = mover(v, state);
    size_t n = 0;

    for (int cell = 0; cell < CELLS && n < cap; cell++) {
        const uint64_t bit = cell_bit(cell % WIDTH, HEIGHT - 1 - cell / WIDTH);
        const int who = (p->stones[0] & bit) != 0 ? 1 : (p->stones[1] & bit) != 0 ? 2 : 0;
        n += (size_t)snprintf(out + n, cap - n, " %s%s", mark[who],
                              cell % WIDTH == WIDTH - 1 ? "\n" : "");
    }
    if (n < cap) {
        n += (size_t)snprintf(out + n, cap - n, " 0 1 2 3 4 5 6\n%s%s\n",
                              seat < 0 ? "over" : mark[seat + 1], seat < 0 ? "" : " to act");
    }
    return n < cap ? (int32_t)n : -1;
}

static const struct rr_variant variant = {
    .size = sizeof(struct rr_variant),
    .seats = 2,
    .name = "connect4_2p",
    .help = "Connect Four on 7 x 6",
    .layout = "connect4/1/connect4_2p",
    .state_bytes = sizeof(struct position),
    .max_moves = WIDTH,
    .max_plies = CELLS,
    .height = HEIGHT,
    .width = WIDTH,
    .planes = 2,
    .scalars = 1,
    .policy_planes = 1,
    .policy_scalars = 0,
    .symmetries = 2,
};

static const struct rr_variant *const variants[] = {&variant, NULL};
static const char *const options[] = {NULL};

RR_GAME(.name = "connect4", .version = "1.0", .summary = "Connect Four: four stones in a row win",
        .variants = variants, .options = options, .evaluate = evaluate, .board_text = board_text)
