/* SPDX-License-Identifier: MIT */
/*
 * weights.c - arithmetic of fading reactions.
 */
#include "plugins/curriculum/weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FADED 0.002 /* a fifth of the smallest move that is told */

static double
faded(const struct weights_delta *d, uint64_t half_life_ms, uint64_t now_ms)
{
    const double age = now_ms > d->time_ms ? (double)(now_ms - d->time_ms) : 0.0;

    return d->delta * pow(0.5, age / (double)half_life_ms);
}

double
weights_now(const struct weights *w, uint64_t half_life_ms, uint64_t now_ms)
{
    double sum = 1.0;

    for (uint32_t i = 0; i < w->count; i++) {
        sum += faded(&w->deltas[i], half_life_ms, now_ms);
    }
    return sum < 0.5 ? 0.5 : sum > 2.0 ? 2.0 : sum;
}

void
weights_add(struct weights *w, const char *source, double delta, uint64_t now_ms)
{
    struct weights_delta *d;

    if (w->count == WEIGHTS_DELTAS_MAX) {
        memmove(&w->deltas[0], &w->deltas[1], (WEIGHTS_DELTAS_MAX - 1) * sizeof w->deltas[0]);
        w->count--;
    }
    d = &w->deltas[w->count++];
    *d = (struct weights_delta){.delta = delta, .time_ms = now_ms};
    (void)snprintf(d->source, sizeof d->source, "%s", source);
}

void
weights_prune(struct weights *w, uint64_t half_life_ms, uint64_t now_ms)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < w->count; i++) {
        if (fabs(faded(&w->deltas[i], half_life_ms, now_ms)) >= FADED) {
            w->deltas[kept++] = w->deltas[i];
        }
    }
    w->count = kept;
}

int
weights_cooling(const struct weights *w, const char *source, uint64_t cooldown_ms, uint64_t now_ms)
{
    for (uint32_t i = 0; i < w->count; i++) {
        if (strcmp(w->deltas[i].source, source) == 0 &&
            now_ms < w->deltas[i].time_ms + cooldown_ms) {
            return 1;
        }
    }
    return 0;
}

double
weights_budget(uint64_t rejections, uint64_t first, double step, double limit)
{
    const double budget = rejections < first ? 1.0 : 1.0 + step * (double)(rejections - first + 1);

    return budget < limit ? budget : limit;
}
