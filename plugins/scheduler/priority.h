/* SPDX-License-Identifier: MIT */
/*
 * priority.h - which configuration trains next. Pure.
 *
 *   P = w * (0.4 T + 0.4 F + 0.2 V) * G
 *
 *   w  curriculum weight, 0.5 .. 2
 *   T  hours since the last training / 6, at most 1 (1 when there was none); data that have waited
 *      for more than 4 hours add up to 1 more, in another 4 hours
 *   F  freshness: 0.5 ^ (age of the newest game in hours / 24) * min(1, new samples / threshold)
 *   V  Elo velocity: 0.5 + v / 40 within 0 .. 1, v the Theil-Sen slope in Elo a day; 0.5 with fewer
 *      than 3 points
 *   G  1, or 0 while a gate is closed
 */
#ifndef SCHEDULER_PRIORITY_H
#define SCHEDULER_PRIORITY_H

#include <stddef.h>
#include <stdint.h>

#define PRIORITY_POINTS_MAX 16u

struct priority_point {
    uint64_t time_ms;
    double elo;
};

struct priority_input {
    double weight;
    int ever_trained;
    double hours_since_training;
    double hours_waiting; /* of the export that is not trained on yet */
    double data_age_hours;
    double new_samples, threshold;
    const struct priority_point *points;
    size_t points_count;
    int open; /* all gates */
};

struct priority {
    double w, t, f, v, g, p;
};

struct priority priority_of(const struct priority_input *in);

/* Median of the slopes of all pairs of points, in Elo a day; 0 when no pair differs in time. */
double priority_velocity(const struct priority_point *points, size_t count);

#endif
