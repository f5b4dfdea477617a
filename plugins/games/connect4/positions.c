/* SPDX-License-Identifier: MIT */
/*
 * positions.c - draws positions of a wanted phase and difficulty.
 */
#include "positions.h"

#include <rr/gamekit.h>

#include <stdlib.h>
#include <string.h>

static const struct kind {
    const char *name;
    int stones[2], plies[2]; /* first and last */
} kinds[] = {
    {"begin-easy", {8, 14}, {1, 13}},      {"begin-medium", {8, 14}, {14, 27}},
    {"begin-hard", {8, 14}, {28, 42}},     {"middle-easy", {15, 28}, {1, 13}},
    {"middle-medium", {15, 28}, {14, 27}}, {"end-easy", {29, 40}, {1, 13}},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* Whether a kind belongs to a set: "middle-easy" to itself, "middle", "easy" and "all". */
static bool
belongs(const struct kind *kind, const char *set)
{
    const char *dash = strchr(kind->name, '-');
    const size_t phase = (size_t)(dash - kind->name);

    return strcmp(set, "all") == 0 || strcmp(set, kind->name) == 0 || strcmp(set, dash + 1) == 0 ||
           (strlen(set) == phase && strncmp(set, kind->name, phase) == 0);
}

bool
positions_is_set(const char *set)
{
    for (int i = 0; i < KINDS; i++) {
        if (belongs(&kinds[i], set)) {
            return true;
        }
    }
    return false;
}

const char *
positions_sets(void)
{
    return "all, easy, medium, hard, begin, middle, end, begin-easy, begin-medium, begin-hard, "
           "middle-easy, middle-medium, end-easy";
}

/* The i-th position takes the i-th kind of its set in turn, so that all have equal shares. */
static const struct kind *
kind_of(const char *set, uint64_t i)
{
    const struct kind *in[KINDS];
    size_t n = 0;

    for (int k = 0; k < KINDS; k++) {
        if (belongs(&kinds[k], set)) {
            in[n++] = &kinds[k];
        }
    }
    return in[i % n];
}

/* Random moves up to a number of stones. Returns false when the game ends before. */
static bool
draw_moves(uint64_t *random, int stones, struct graded *g)
{
    memset(g, 0, sizeof *g);
    for (int n = 0; n < stones;) {
        const int column = (int)(rr_game_random(random) % C4_WIDTH);

        if (!c4_can_play(&g->at, column)) {
            continue;
        }
        if (c4_is_win(&g->at, column)) {
            return false;
        }
        c4_play(&g->at, column);
        g->moves[n++] = (char)('0' + column);
    }
    return true;
}

/* Whether some move is worse than the best. */
static bool
asks_something(const struct graded *g)
{
    for (int x = 0; x < C4_WIDTH; x++) {
        if (g->score[x] != C4_NO_SCORE && g->score[x] != g->best) {
            return true;
        }
    }
    return false;
}

bool
positions_draw(struct solver *s, const char *set, uint64_t seed, uint64_t i, struct graded *out)
{
    const struct kind *kind = kind_of(set, i);
    uint64_t random = rr_game_random(&seed) + i;

    random = rr_game_random(&random); /* else one stream would be another's, some steps later */
    for (;;) {
        const int range = kind->stones[1] - kind->stones[0] + 1;
        const int stones = kind->stones[0] + (int)(rr_game_random(&random) % (uint64_t)range);

        if (!draw_moves(&random, stones, out)) {
            continue;
        }
        const int score = solver_score(s, &out->at);
        if (score == C4_NO_SCORE) {
            return false;
        }
        const int plies = c4_plies_left(&out->at, score);
        if (plies < kind->plies[0] || plies > kind->plies[1]) {
            continue;
        }
        out->best = solver_moves(s, &out->at, out->score);
        if (out->best == C4_NO_SCORE) {
            return false;
        }
        if (asks_something(out)) {
            return true;
        }
    }
}

void
positions_write(FILE *out, const struct graded *g)
{
    fputs(g->moves, out);
    for (int x = 0; x < C4_WIDTH; x++) {
        if (g->score[x] == C4_NO_SCORE) {
            fputs(" -", out);
        } else {
            fprintf(out, " %d", g->score[x]);
        }
    }
    fputc('\n', out);
}

bool
positions_read(const char *line, struct graded *g)
{
    const size_t n = strcspn(line, " ");

    memset(g, 0, sizeof *g);
    g->best = C4_NO_SCORE;
    if (n > C4_CELLS || line[n] != ' ') {
        return false;
    }
    memcpy(g->moves, line, n);
    if (c4_read(&g->at, g->moves) != n) {
        return false;
    }
    line += n;
    for (int x = 0; x < C4_WIDTH; x++) {
        char *end;
        const bool is_full = strncmp(line, " -", 2) == 0 && (line[2] == ' ' || line[2] == '\0');
        const long score = is_full ? C4_NO_SCORE : strtol(line, &end, 10);

        if (is_full == c4_can_play(&g->at, x) || (!is_full && end == line) ||
            (!is_full && (score < -C4_CELLS / 2 || score > C4_CELLS / 2))) {
            return false;
        }
        line = is_full ? line + 2 : end;
        g->score[x] = (int)score;
        g->best = g->score[x] > g->best ? g->score[x] : g->best;
    }
    return *line == '\0';
}
