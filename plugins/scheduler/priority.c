/* SPDX-License-Identifier: MIT */
/*
 * priority.c - the formula, factor by factor.
 */
#include "plugins/scheduler/priority.h"

#include <math.h>
#include <stdlib.h>

#define DAY_MS 86400000.0

static double
clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static int
by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

double
priority_velocity(const struct priority_point *points, size_t count)
{
    double slopes[PRIORITY_POINTS_MAX * (PRIORITY_POINTS_MAX - 1) / 2];
    size_t n = 0;

    if (count > PRIORITY_POINTS_MAX) {
        points += count - PRIORITY_POINTS_MAX;
        count = PRIORITY_POINTS_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            const double days = ((double)points[j].time_ms - (double)points[i].time_ms) / DAY_MS;

            if (days > 0.0) {
                slopes[n++] = (points[j].elo - points[i].elo) / days;
            }
        }
    }
    if (n == 0) {
        return 0.0;
    }
    qsort(slopes, n, sizeof slopes[0], by_size);
    return n % 2 == 1 ? slopes[n / 2] : 0.5 * (slopes[n / 2 - 1] + slopes[n / 2]);
}

struct priority
priority_of(const struct priority_input *in)
{
    struct priority out = {.w = clamp(in->weight, 0.5, 2.0), .g = in->open ? 1.0 : 0.0, .v = 0.5};
    const double starving = clamp((in->hours_waiting - 4.0) / 4.0, 0.0, 1.0);

    out.t = (in->ever_trained ? clamp(in->hours_since_training / 6.0, 0.0, 1.0) : 1.0) + starving;
    out.f = pow(0.5, fmax(0.0, in->data_age_hours) / 24.0) *
            clamp(in->new_samples / in->threshold, 0.0, 1.0);
    if (in->points_count >= 3) {
        out.v = clamp(0.5 + priority_velocity(in->points, in->points_count) / 40.0, 0.0, 1.0);
    }
    out.p = out.w * (0.4 * out.t + 0.4 * out.f + 0.2 * out.v) * out.g;
    return out;
}
