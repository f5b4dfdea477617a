/* SPDX-License-Identifier: MIT */
/*
 * interval.c - scores, their confidence intervals, and what they mean in Elo.
 */
#include <math.h>

#include <rr/rating.h>

double
rr_score_rate(const struct rr_score *score)
{
    if (score->games == 0) {
        return 0.5;
    }
    return (score->wins + 0.5 * score->draws) / (double)score->games;
}

void
rr_wilson(double successes, double trials, double z, double *low, double *high)
{
    if (!(trials > 0)) {
        *low = 0;
        *high = 1;
        return;
    }

    const double rate = successes / trials;
    const double spread = z * z / trials;
    const double centre = (rate + spread / 2) / (1 + spread);
    const double half = z / (1 + spread) * sqrt(rate * (1 - rate) / trials + spread / (4 * trials));

    *low = fmax(0, centre - half);
    *high = fmin(1, centre + half);
}

double
rr_elo_expected(double elo)
{
    return 1 / (1 + pow(10, -elo / 400));
}

double
rr_elo_difference(double rate)
{
    return -400 * log10(1 / rate - 1);
}
