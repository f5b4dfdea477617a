/* SPDX-License-Identifier: MIT */
/*
 * test_connect4.c - Connect Four: known counts, wins in all directions, draws, texts.
 */
#include <stdlib.h>
#include <string.h>

#include <rr/gamekit.h>

#include "tests/tap.h"

static const struct rr_game *g;
static const struct rr_variant *v;
static uint64_t state[2];

static int
by_state(const void *a, const void *b)
{
    return memcmp(a, b, sizeof state);
}

/* Number of different positions after `depth` stones; a layer at a time. */
static size_t
positions(int depth)
{
    uint64_t(*layer)[2] = calloc(1, sizeof *layer);
    size_t count = 1;

    for (int d = 0; d < depth; d++) {
        uint64_t(*next)[2] = calloc(count * 7, sizeof *next);
        size_t n = 0;
        for (size_t i = 0; i < count; i++) {
            rr_move moves[7];
            const uint32_t legal = g->legal(v, layer[i], moves);
            for (uint32_t k = 0; k < legal; k++) {
                memcpy(next[n], layer[i], sizeof *next);
                g->apply(v, next[n++], moves[k]);
            }
        }
        qsort(next, n, sizeof *next, by_state);
        free(layer);
        layer = next;
        count = 0;
        for (size_t i = 0; i < n; i++) {
            if (count == 0 || by_state(layer[count - 1], layer[i]) != 0) {
                memmove(layer[count++], layer[i], sizeof *layer);
            }
        }
    }
    free(layer);
    return count;
}

/* Play a row of columns; false when one of them is refused. */
static bool
play(const char *columns)
{
    g->init(v, 0, state);
    for (; *columns != '\0'; columns++) {
        const char text[2] = {*columns, '\0'};
        char why[100];
        rr_move m;
        if (g->move_parse(v, state, text, &m, why, sizeof why) != 0) {
            return false;
        }
        g->apply(v, state, m);
    }
    return true;
}

static void
test_end(const char *columns, const char *want, float first, const char *what)
{
    char text[64];
    float share[2] = {-1, -1};

    if (!ok(play(columns) && g->mover(v, state) == -1, "%s: the game is over", what)) {
        return;
    }
    g->result(v, state, share);
    ok(g->result_text(v, state, text, sizeof text) > 0, "%s: result", what);
    is_str(text, want, what);
    is_near((double)share[0], (double)first, 0, "share of the first");
    is_near((double)share[1], 1 - (double)first, 0, "share of the second");
    is_int(g->legal(v, state, (rr_move[7]){0}), 0, "no move after the end");
}

static void
test_texts(void)
{
    static const char *const bad[] = {
        "",
        "x",
        "......./......./......./......./......./.......  x",
        "......./......./......./......./......./....... o",
        "......./......./......./......./......./x...... x",
        "......./......./......./......./x....../....... o",
        "......./......./......./......./......./o...... x",
        "......./......./......./......./......./xx..... o",
        "......./......./......./......./......./x.....? o",
        "......./......./......./......./......./x...... oo",
    };
    char text[64];
    char why[200];

    ok(play("3324"), "four stones");
    ok(g->state_text(v, state, text, sizeof text) > 0, "state text");
    is_str(text, "......./......./......./......./...o.../..xxo.. x", "rows from the top");
    is_int(g->state_text(v, state, text, 49), -1, "too small a buffer is refused");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ok(g->state_parse(v, bad[i], state, why, sizeof why) == -1, "refused: \"%s\"", bad[i]);
    }
    ok(play("333333") && !play("3333333"), "a full column takes no stone");
    ok(!play("7") && !play("-") && !play("a"), "what is no column is refused");
}

int
main(void)
{
    const char *build = getenv("RR_BUILDDIR");
    struct rr_err err = RR_ERR_INIT;
    char dirs[4096];

    (void)snprintf(dirs, sizeof dirs, "%s/plugins", build != NULL ? build : ".");
    if (!ok(rr_game_find(dirs, "connect4_2p", &g, &v, &err) == 0, "the game is found")) {
        diag("%s", err.text);
        return tap_done();
    }
    is_int(v->state_bytes, sizeof state, "a state is two words");
    g->init(v, 0, state);
    is_int((int64_t)positions(7), 54859, "positions after seven stones");
    is_int((int64_t)positions(8), 184275, "positions after eight stones");
    test_end("0011223", "w=1 kind=four", 1, "row");
    test_end("0101010", "w=1 kind=four", 1, "column");
    test_end("60615253", "w=2 kind=four", 0, "the second wins with a row");
    test_end("01122323363", "w=1 kind=four", 1, "rising diagonal");
    test_end("65544343303", "w=1 kind=four", 1, "falling diagonal");
    test_end("010101232323454545101010323232545454666666", "w=0 kind=draw", 0.5F, "full board");
    ok(play("10505006060") && g->mover(v, state) == 1, "no four around the edge of a column");
    test_texts();
    ok(rr_game_check(g, v, 300, 5, NULL, &err) == 0, "conformance: %s", err.text);
    return tap_done();
}
