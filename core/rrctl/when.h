/* SPDX-License-Identifier: MIT */
/*
 * when.h - points in time as people write them.
 */
#ifndef RR_CORE_RRCTL_WHEN_H
#define RR_CORE_RRCTL_WHEN_H

#include "core/rrctl/args.h"

/*
 * Read a time, in milliseconds UTC: "2026-01-02T15:04:05" (the seconds, and the time of day, may be
 * left out; a blank may stand for the T), "15:04" of today, both in the local zone or with a Z at
 * the end in UTC; "@1767366245" in seconds since 1970; "2h" for so long before now_ms.
 *
 * Returns 0 or RR_E_INPUT.
 */
int when_parse(const char *text, int64_t now_ms, int64_t *out, struct rr_err *err);

/* Read an option as a time; *out stays as it is when the option was not given. */
int when_option(const struct args *args, const char *name, int64_t *out, struct rr_err *err);

#endif
