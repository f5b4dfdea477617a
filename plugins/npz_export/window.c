/* SPDX-License-Identifier: MIT */
/*
 * window.c - the arithmetic of the replay window.
 */
#include "plugins/npz_export/window.h"

uint64_t
window_shard_rows(const struct window_conf *conf, uint64_t plies, uint64_t samples)
{
    const uint64_t others = plies > samples ? plies - samples : 0;

    return samples + (uint64_t)((double)others * conf->value_chance);
}

uint64_t
window_rows(const struct window_conf *conf, uint64_t rows_total)
{
    const double part = (double)rows_total * conf->window_fraction;

    if (part <= (double)conf->window_min) {
        return conf->window_min;
    }
    return part >= (double)conf->window_max ? conf->window_max : (uint64_t)part;
}

static uint64_t
threshold(const struct window_conf *conf, uint64_t exports)
{
    return exports == 0 ? conf->first_samples : conf->min_new_samples;
}

int
window_due(const struct window_conf *conf, uint64_t exports, uint64_t rows_new, uint64_t retry_rows)
{
    return rows_new >= threshold(conf, exports) && rows_new >= retry_rows;
}

uint64_t
window_retry(const struct window_conf *conf, uint64_t exports, uint64_t rows_new)
{
    return rows_new + threshold(conf, exports) / 2 + 1;
}
