/* SPDX-License-Identifier: MIT */
/*
 * quality.c - measuring a window of games.
 */
#include "plugins/npz_export/quality.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Positions looked at for diversity; enough for a share of two digits, and 4 MiB at most. */
#define POSITIONS_MAX 262144u

int
quality_init(struct quality *q, struct rr_err *err)
{
    *q = (struct quality){.seen_cap = 2 * POSITIONS_MAX};
    q->seen = calloc(q->seen_cap, sizeof *q->seen);
    return q->seen == NULL ? rr_err_set(err, -ENOMEM, "out of memory") : 0;
}

void
quality_fini(struct quality *q)
{
    free(q->lengths);
    free(q->seen);
    *q = (struct quality){0};
}

int
quality_game(struct quality *q, const float *share, uint32_t seats, uint32_t plies, int searched,
             struct rr_err *err)
{
    const double even = 1.0 / (double)seats;
    double best = even;

    if (q->games == q->lengths_cap) {
        const size_t cap = q->lengths_cap == 0 ? 1024 : 2 * q->lengths_cap;
        uint32_t *grown = realloc(q->lengths, cap * sizeof *grown);

        if (grown == NULL) {
            return rr_err_set(err, -ENOMEM, "out of memory for %zu games", cap);
        }
        q->lengths = grown;
        q->lengths_cap = cap;
    }
    q->lengths[q->games++] = plies;
    for (uint32_t s = 0; s < seats; s++) {
        best = fmax(best, (double)share[s]);
    }
    q->outcome_sum += 0.3 + 0.7 * (best - even) / (1.0 - even);
    q->source_sum += searched ? 1.0 : 0.5;
    return 0;
}

/* FNV-1a over 8 bytes at a time, then mixed; 0 is kept for free places. */
static uint64_t
hash_state(const uint8_t *bytes, size_t count)
{
    uint64_t h = 0xcbf29ce484222325u;

    while (count > 0) {
        const size_t take = count < 8 ? count : 8;
        uint64_t word = 0;

        memcpy(&word, bytes, take);
        h = (h ^ word) * 0x100000001b3u;
        h ^= h >> 29;
        bytes += take;
        count -= take;
    }
    h = (h ^ (h >> 32)) * 0x9e3779b97f4a7c15u;
    return h == 0 ? 1 : h;
}

void
quality_row(struct quality *q, uint32_t at, uint32_t plies, const void *state, size_t bytes)
{
    const uint64_t third = (uint64_t)at * 3 / plies;

    q->thirds[third > 2 ? 2 : third]++;
    if (q->positions < POSITIONS_MAX) {
        const uint64_t h = hash_state(state, bytes);
        size_t place = (size_t)(h >> 20) & (q->seen_cap - 1);

        while (q->seen[place] != 0 && q->seen[place] != h) {
            place = (place + 1) & (q->seen_cap - 1);
        }
        q->distinct += q->seen[place] == 0;
        q->seen[place] = h;
        q->positions++;
    }
}

static double
mean_length(const struct quality *q)
{
    double sum = 0.0;

    for (uint64_t i = 0; i < q->games; i++) {
        sum += (double)q->lengths[i];
    }
    return sum / (double)q->games;
}

static double
length_part(const struct quality *q, double typical)
{
    double sum = 0.0;

    for (uint64_t i = 0; i < q->games; i++) {
        const double off = fabs(log((double)q->lengths[i] / typical)) / log(4.0);

        sum += fmax(0.0, 1.0 - off);
    }
    return sum / (double)q->games;
}

void
quality_finish(const struct quality *q, double typical_length, struct quality_score *out)
{
    uint64_t rows = q->thirds[0] + q->thirds[1] + q->thirds[2];
    uint64_t poorest = q->thirds[0];

    *out = (struct quality_score){0};
    if (q->games == 0 || rows == 0) {
        return;
    }
    for (int i = 1; i < 3; i++) {
        poorest = q->thirds[i] < poorest ? q->thirds[i] : poorest;
    }
    out->mean_length = mean_length(q);
    out->outcome = q->outcome_sum / (double)q->games;
    out->length = length_part(q, typical_length > 0.0 ? typical_length : out->mean_length);
    out->phase = fmin(1.0, 3.0 * (double)poorest / (double)rows);
    out->diversity = (double)q->distinct / (double)q->positions;
    out->source = q->source_sum / (double)q->games;
    out->score = 0.25 * out->outcome + 0.25 * out->length + 0.20 * out->phase +
                 0.15 * out->diversity + 0.15 * out->source;
}

const char *
quality_lowest(const struct quality_score *score, double *figure)
{
    const struct {
        const char *name;
        double figure;
    } parts[] = {{"outcome", score->outcome},
                 {"length", score->length},
                 {"phase", score->phase},
                 {"diversity", score->diversity},
                 {"source", score->source}};
    size_t lowest = 0;

    for (size_t i = 1; i < sizeof parts / sizeof parts[0]; i++) {
        lowest = parts[i].figure < parts[lowest].figure ? i : lowest;
    }
    *figure = parts[lowest].figure;
    return parts[lowest].name;
}
