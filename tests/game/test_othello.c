/* SPDX-License-Identifier: MIT */
/*
 * test_othello.c - Othello against rules written the plain way, on a board of characters.
 */
#include <stdlib.h>
#include <string.h>

#include <rr/gamekit.h>

#include "tests/tap.h"

/* What the plain rules know of a game: cells from a1 to h8, and the seat to act. */
struct board {
    char cells[65];
    int seat;
};

static const struct rr_game *g;
static const struct rr_variant *v;

/* How many discs the seat would turn at (x, y); the board after it is written when after is given.
 */
static int
turned(const struct board *b, int cell, int seat, struct board *after)
{
    const char own = "xo"[seat];
    const char other = "xo"[1 - seat];
    struct board next = *b;
    int sum = 0;

    for (int way = 0; b->cells[cell] == '.' && way < 9; way++) {
        const int dx = way % 3 - 1;
        const int dy = way / 3 - 1;
        int x = cell % 8 + dx;
        int y = cell / 8 + dy;
        int n = 0;
        while (way != 4 && x >= 0 && x < 8 && y >= 0 && y < 8 && b->cells[8 * y + x] == other) {
            x += dx;
            y += dy;
            n++;
        }
        if (n == 0 || x < 0 || x > 7 || y < 0 || y > 7 || b->cells[8 * y + x] != own) {
            continue;
        }
        sum += n;
        for (int i = 1; i <= n; i++) {
            next.cells[8 * (y - i * dy) + x - i * dx] = own;
        }
    }
    if (sum > 0 && after != NULL) {
        next.cells[cell] = own;
        *after = next;
    }
    return sum;
}

static int
choices(const struct board *b, int seat)
{
    int n = 0;

    for (int cell = 0; cell < 64; cell++) {
        n += turned(b, cell, seat, NULL) > 0;
    }
    return n;
}

/* The plugin's list against the plain rules. Returns what differs, or NULL. */
static const char *
compare(const uint64_t *state, const struct board *b, const rr_move *moves, int n)
{
    const int own = choices(b, b->seat);
    const int is_over = own == 0 && choices(b, 1 - b->seat) == 0;
    char text[80];
    char want[80];
    float share[2];
    int lead = 0;

    (void)g->state_text(v, state, text, sizeof text);
    (void)snprintf(want, sizeof want, "%s %c", b->cells, is_over ? '-' : "xo"[b->seat]);
    if (strcmp(text, want) != 0) {
        return "position";
    }
    if (n != (is_over ? 0 : own > 0 ? own : 1)) {
        return "number of moves";
    }
    for (int i = 0; i < n; i++) {
        (void)g->move_text(v, state, moves[i], text, sizeof text);
        const bool is_pass = strcmp(text, "pass") == 0;
        if (own == 0
                ? !is_pass
                : is_pass || turned(b, 8 * (text[1] - '1') + text[0] - 'a', b->seat, NULL) == 0) {
            return "move";
        }
    }
    for (int cell = 0; cell < 64; cell++) {
        lead += (b->cells[cell] == 'x') - (b->cells[cell] == 'o');
    }
    if (is_over) {
        g->result(v, state, share);
        if (share[0] != (lead > 0 ? 1.0F : lead < 0 ? 0.0F : 0.5F) || share[1] != 1 - share[0]) {
            return "result";
        }
    }
    return NULL;
}

/* One random game by both. Returns what differs, or NULL. */
static const char *
play(uint64_t seed, int *passes)
{
    uint64_t state[3];
    struct board b = {.seat = 0};
    rr_move moves[64];
    char text[8];

    memset(b.cells, '.', 64);
    b.cells[27] = b.cells[36] = 'o';
    b.cells[28] = b.cells[35] = 'x';
    g->init(v, 0, state);
    for (;;) {
        const int n = (int)g->legal(v, state, moves);
        const char *what = compare(state, &b, moves, n);
        if (what != NULL || n == 0) {
            return what;
        }
        const rr_move move = moves[rr_game_random(&seed) % (uint64_t)n];
        (void)g->move_text(v, state, move, text, sizeof text);
        if (strcmp(text, "pass") == 0) {
            *passes += 1;
        } else {
            (void)turned(&b, 8 * (text[1] - '1') + text[0] - 'a', b.seat, &b);
        }
        b.seat = 1 - b.seat;
        g->apply(v, state, move);
    }
}

int
main(void)
{
    const int games = getenv("RR_FULL") != NULL ? 100000 : 2000;
    const char *build = getenv("RR_BUILDDIR");
    struct rr_err err = RR_ERR_INIT;
    const char *what = NULL;
    char dirs[4096];
    int passes = 0;
    int i = 0;

    (void)snprintf(dirs, sizeof dirs, "%s/plugins", build == NULL ? "." : build);
    if (!ok(rr_game_find(dirs, "othello8_2p", &g, &v, &err) == 0, "the game is found")) {
        diag("%s", err.text);
        return tap_done();
    }
    for (; i < games && what == NULL; i++) {
        what = play((uint64_t)i, &passes);
    }
    ok(what == NULL, "%d random games by plain rules are the same%s%s", i,
       what == NULL ? "" : ", but for the ", what == NULL ? "" : what);
    ok(passes > games / 10, "there were %d passes among them", passes);
    return tap_done();
}
