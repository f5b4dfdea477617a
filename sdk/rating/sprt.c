/* SPDX-License-Identifier: MIT */
/*
 * sprt.c - sequential test over pairs of games with seats exchanged.
 *
 * A pair, not a game, is the unit: its two games share an opening, so that their results depend on
 * each other and the variance of a pair is what counts.
 */
#include <math.h>

#include <rr/rating.h>

#define BINS 5

/* A pair result that was not seen must stay possible, or one-sided samples would have no
 * distribution of the mean asked for. Small enough to weigh nothing once pairs are counted. */
#define UNSEEN 1e-3

/* Likeliest distribution with the given mean: p[i] = n[i] / N / (1 + t (x[i] - mean)), where t is
 * the root of sum n[i] (x[i] - mean) / (1 + t (x[i] - mean)), which falls as t grows. */
static void
likeliest(const double n[BINS], double mean, double p[BINS])
{
    double total = 0;
    double low = -1 / (1 - mean); /* all denominators are positive between these two */
    double high = 1 / mean;

    for (int i = 0; i < BINS; i++) {
        total += n[i];
    }
    for (int step = 0; step < 100; step++) {
        const double t = (low + high) / 2;
        double sum = 0;

        for (int i = 0; i < BINS; i++) {
            const double x = i / 4.0 - mean;
            sum += n[i] * x / (1 + t * x);
        }
        if (sum > 0) {
            low = t;
        } else {
            high = t;
        }
    }
    for (int i = 0; i < BINS; i++) {
        p[i] = n[i] / total / (1 + (low + high) / 2 * (i / 4.0 - mean));
    }
}

int
rr_sprt_pairs(const struct rr_sprt *sprt, const uint64_t pairs[5], double *llr)
{
    double n[BINS];
    double p0[BINS];
    double p1[BINS];
    double ratio = 0;
    uint64_t seen = 0;

    for (int i = 0; i < BINS; i++) {
        n[i] = (double)pairs[i] + UNSEEN;
        seen += pairs[i];
    }
    if (seen > 0) {
        likeliest(n, rr_elo_expected(sprt->elo0), p0);
        likeliest(n, rr_elo_expected(sprt->elo1), p1);
        for (int i = 0; i < BINS; i++) {
            ratio += (double)pairs[i] * log(p1[i] / p0[i]);
        }
    }
    if (llr != NULL) {
        *llr = ratio;
    }
    if (ratio >= log((1 - sprt->beta) / sprt->alpha)) {
        return RR_SPRT_ACCEPT_H1;
    }
    return ratio <= log(sprt->beta / (1 - sprt->alpha)) ? RR_SPRT_ACCEPT_H0 : RR_SPRT_GOING;
}
