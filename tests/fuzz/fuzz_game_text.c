/* SPDX-License-Identifier: MIT */
/*
 * fuzz_game_text.c - texts of RingRift positions and moves, made of anything.
 *
 * An input is lines: a configuration, a position (nothing: the first one), and moves. What is read
 * must print the same again, and a position that is read can be played on.
 */
#include <string.h>

#include "rr/game.h"
#include "tests/fuzz/fuzz.h"

extern const struct rr_game rr_game;

enum { ON = 6, WHY = 160 };

/* The configuration of this name; another name stands for any of them. */
static const struct rr_variant *
variant_of(const char *name)
{
    size_t count = 0;
    size_t sum = 0;

    for (; rr_game.variants[count] != NULL; count++) {
        if (strcmp(rr_game.variants[count]->name, name) == 0) {
            return rr_game.variants[count];
        }
    }
    while (*name != '\0') {
        sum = 31 * sum + (unsigned char)*name++;
    }
    return rr_game.variants[sum % count];
}

/* A text that was read is written, read and written again: the same state, the same text. */
static void
check_state(const struct rr_variant *v, const void *state)
{
    static char text[2][RR_GAME_TEXT_MAX];
    uint8_t *again = malloc(v->state_bytes);
    char why[WHY];

    check(again != NULL && rr_game.state_text(v, state, text[0], RR_GAME_TEXT_MAX) > 0);
    memset(again, 0x55, v->state_bytes);
    check(rr_game.state_parse(v, text[0], again, why, sizeof why) == 0);
    check(memcmp(state, again, v->state_bytes) == 0);
    check(rr_game.state_text(v, again, text[1], RR_GAME_TEXT_MAX) > 0);
    check(strcmp(text[0], text[1]) == 0);
    free(again);
}

/* Some plies more, the first and the last move by turns. */
static void
play_on(const struct rr_variant *v, void *state)
{
    rr_move *moves = malloc(((size_t)v->max_moves + 1) * sizeof *moves);
    uint32_t count = 1;

    check(moves != NULL);
    for (unsigned i = 0; i < ON && count > 0; i++) {
        count = rr_game.legal(v, state, moves);
        check(count <= v->max_moves && (count == 0) == (rr_game.mover(v, state) == -1));
        if (count > 0) {
            check(rr_game.policy_index(v, state, moves[count - 1]) < rr_variant_policy_size(v));
            rr_game.apply(v, state, moves[i % 2 == 0 ? count - 1 : 0]);
            check_state(v, state);
        }
    }
    free(moves);
}

static void
take_move(const struct rr_variant *v, void *state, const char *line)
{
    static char text[RR_GAME_TEXT_MAX];
    char why[WHY] = "";
    rr_move move = RR_MOVE_NONE;

    if (rr_game.mover(v, state) < 0 ||
        rr_game.move_parse(v, state, line, &move, why, sizeof why) != 0) {
        return;
    }
    check(rr_game.move_text(v, state, move, text, sizeof text) > 0);
    check(strcmp(text, line) == 0);
    rr_game.apply(v, state, move);
    check_state(v, state);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *lines = malloc(size + 1);
    char why[WHY] = "";
    char *rest = lines;

    check(lines != NULL);
    memcpy(lines, data, size);
    lines[size] = '\0';
    const struct rr_variant *v = variant_of(strsep(&rest, "\n"));
    const char *position = rest == NULL ? "" : strsep(&rest, "\n");
    void *state = malloc(v->state_bytes);
    check(state != NULL);
    if (*position == '\0') {
        rr_game.init(v, size % 2, state);
    } else if (rr_game.state_parse(v, position, state, why, sizeof why) != 0) {
        check(why[0] != '\0');
        goto out;
    } else {
        check_state(v, state);
    }
    while (rest != NULL) {
        take_move(v, state, strsep(&rest, "\n"));
    }
    if (*position != '\0') {
        play_on(v, state);
    }
out:
    free(state);
    free(lines);
    return 0;
}
