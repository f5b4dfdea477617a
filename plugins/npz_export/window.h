/* SPDX-License-Identifier: MIT */
/*
 * window.h - which games an export takes, and when one is due. Pure.
 *
 * Training sees the newest rows only, and the more of them the more there are in all: a small run
 * forgets its first random games soon, a long one keeps a deep window (as KataGo's growing window,
 * Wu 2019, does, with a line in place of a power).
 */
#ifndef NPZ_EXPORT_WINDOW_H
#define NPZ_EXPORT_WINDOW_H

#include <stdint.h>

struct window_conf {
    uint64_t first_samples, min_new_samples; /* rows that must be new: first export, later ones */
    uint64_t window_min, window_max;         /* bounds of the window, in rows */
    double window_fraction;                  /* of all rows ever registered */
    double value_chance;
};

/* Rows that a shard will give: each ply with a policy target, and value_chance of the others. */
uint64_t window_shard_rows(const struct window_conf *conf, uint64_t plies, uint64_t samples);

/* Rows that an export takes, newest first, when rows_total were ever registered. */
uint64_t window_rows(const struct window_conf *conf, uint64_t rows_total);

/* Whether rows_new suffice. retry_rows: what a blocked export waits for, 0 when none was. */
int window_due(const struct window_conf *conf, uint64_t exports, uint64_t rows_new,
               uint64_t retry_rows);

/* After an export that quality blocked: rows_new at which it is judged again. */
uint64_t window_retry(const struct window_conf *conf, uint64_t exports, uint64_t rows_new);

#endif
