/* SPDX-License-Identifier: MIT */
/*
 * game_bench.c - speed of a game's rules in random play, one thread, in CPU time; lines of play.
 */
#include "sdk/tools/game_bench.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PLIES_AT_ONCE = 4096 };

struct bench {
    const struct rr_game *g;
    const struct rr_variant *v;
    uint64_t seed;
    void *state;
    rr_move *moves;
    uint8_t *planes;
    float *scalars;
    uint64_t plies, games, listed;
    uint64_t sum; /* of policy indices, so that the work cannot be left out */
};

static double
cpu_seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Where there is a choice, what a net would see of it and the indices of all its answers. */
static void
look(struct bench *b, uint32_t n)
{
    b->g->encode(b->v, b->state, b->planes, b->scalars);
    for (uint32_t i = 0; i < n; i++) {
        b->sum += b->g->policy_index(b->v, b->state, b->moves[i]);
    }
}

static void
play(struct bench *b, bool encode)
{
    uint32_t n;

    b->g->init(b->v, 0, b->state);
    while ((n = b->g->legal(b->v, b->state, b->moves)) > 0) {
        if (encode && n > 1) {
            look(b, n);
        }
        /* a share of n: a remainder would take a good part of the time of a quick game */
        const uint64_t share = (rr_game_random(&b->seed) >> 32) * n;
        b->g->apply(b->v, b->state, b->moves[share >> 32]);
        b->plies++;
        b->listed += n;
    }
    b->games++;
}

/* Rates of one kind of play; whole games only. Reading the clock costs more than a short game, so
 * it is read after many. */
static double
measure(struct bench *b, double seconds, bool encode, double *games_per_s)
{
    const double start = cpu_seconds();
    double spent = 0;

    b->plies = 0;
    b->games = 0;
    b->listed = 0;
    do {
        const uint64_t until = b->plies + PLIES_AT_ONCE;
        while (b->plies < until) {
            play(b, encode);
        }
        spent = cpu_seconds() - start;
    } while (spent < seconds);
    *games_per_s = (double)b->games / spent;
    return (double)b->plies / spent;
}

int
bench_run(const struct rr_game *game, const struct rr_variant *v, double seconds, bool json,
          struct rr_err *err)
{
    struct bench b = {.g = game, .v = v, .seed = 1};
    double games_per_s = 0;
    double ignored = 0;
    int rc = 0;

    b.state = malloc(v->state_bytes);
    b.moves = malloc((size_t)v->max_moves * sizeof *b.moves);
    b.planes = malloc((size_t)v->height * v->width * v->planes);
    b.scalars = malloc(((size_t)v->scalars + 1) * sizeof *b.scalars);
    if (b.state == NULL || b.moves == NULL || b.planes == NULL || b.scalars == NULL) {
        rc = rr_err_set(err, -ENOMEM, "%s: out of memory for the bench", v->name);
        goto out;
    }
    const double plies_per_s = measure(&b, seconds / 2, false, &games_per_s);
    const double plies_per_game = (double)b.plies / (double)b.games;
    const double moves_per_ply = (double)b.listed / (double)b.plies;
    const double encoded_plies_per_s = measure(&b, seconds / 2, true, &ignored);
    printf(json ? "{\"bench\": \"game\", \"variant\": \"%s\", \"plies_per_s\": %.0f, "
                  "\"games_per_s\": %.1f, \"encoded_plies_per_s\": %.0f, \"plies_per_game\": %.1f, "
                  "\"moves_per_ply\": %.1f, \"state_bytes\": %u}\n"
                : "%s: plies_per_s %.0f, games_per_s %.1f, encoded_plies_per_s %.0f, "
                  "plies_per_game %.1f, moves_per_ply %.1f, state_bytes %u\n",
           v->name, plies_per_s, games_per_s, encoded_plies_per_s, plies_per_game, moves_per_ply,
           v->state_bytes);
out:
    free(b.state);
    free(b.moves);
    free(b.planes);
    free(b.scalars);
    return rc;
}

/* For each depth a state, in units of 8 bytes, and a list of moves. */
struct perft {
    const struct rr_game *g;
    const struct rr_variant *v;
    size_t state_words;
    uint64_t *states;
    rr_move *moves;
};

static uint64_t
count_lines(const struct perft *p, uint32_t at, uint32_t depth)
{
    const uint64_t *state = p->states + at * p->state_words;
    uint64_t *next = p->states + (at + 1) * p->state_words;
    rr_move *moves = p->moves + (size_t)at * p->v->max_moves;
    const uint32_t n = p->g->legal(p->v, state, moves);
    uint64_t sum = 0;

    if (depth == 1) {
        return n;
    }
    for (uint32_t i = 0; i < n; i++) {
        memcpy(next, state, p->v->state_bytes);
        p->g->apply(p->v, next, moves[i]);
        sum += count_lines(p, at + 1, depth - 1);
    }
    return sum;
}

int
perft_run(const struct rr_game *game, const struct rr_variant *v, uint32_t depth, bool json,
          struct rr_err *err)
{
    struct perft p = {.g = game, .v = v, .state_words = (v->state_bytes + 7) / 8};

    p.states = calloc((size_t)(depth + 1) * p.state_words, sizeof *p.states);
    p.moves = malloc((size_t)depth * v->max_moves * sizeof *p.moves);
    const int rc = p.states == NULL || p.moves == NULL
                       ? rr_err_set(err, -ENOMEM, "%s: out of memory for the count", v->name)
                       : 0;
    if (rc == 0) {
        game->init(v, 0, p.states);
        printf(json ? "{\"variant\": \"%s\", \"lines\": [" : "%s\n", v->name);
    }
    for (uint32_t d = 1; rc == 0 && d <= depth; d++) {
        const uint64_t count = count_lines(&p, 0, d);
        if (json) {
            printf("%s%" PRIu64, d > 1 ? ", " : "", count);
        } else {
            printf("%2u %" PRIu64 "\n", d, count);
        }
        (void)fflush(stdout); /* the next one takes several times as long */
    }
    fputs(rc == 0 && json ? "]}\n" : "", stdout);
    free(p.states);
    free(p.moves);
    return rc;
}
