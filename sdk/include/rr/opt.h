/* SPDX-License-Identifier: MIT */
/*
 * rr/opt.h - the option table of a plugin.
 *
 * Each row declares one key of the plugin's `[stage NAME]` section. The core validates conf.d
 * against the table before anything starts, and makes help texts and man pages from it.
 */
#ifndef RR_OPT_H
#define RR_OPT_H

#include <stdint.h>

#define RR_OPT_STRING 1u
#define RR_OPT_INT 2u      /* signed 64-bit integer */
#define RR_OPT_REAL 3u     /* decimal number */
#define RR_OPT_BOOL 4u     /* yes or no */
#define RR_OPT_DURATION 5u /* with a unit: ms s min h d; kept in milliseconds */
#define RR_OPT_SIZE 6u     /* with a unit: B KiB MiB GiB; kept in bytes */
#define RR_OPT_CHOICE 7u   /* one of range */
#define RR_OPT_LIST 8u     /* words separated by commas; kept as text "a,b,c" */

#define RR_OPT_REQUIRED 1u /* flag: no default, the key must be given */

struct rr_opt {
    const char *key;      /* lower case, words joined by _; NULL ends the table */
    uint32_t type;        /* RR_OPT_* */
    uint32_t flags;       /* RR_OPT_REQUIRED or 0 */
    const char *fallback; /* default, written as in an ini file; NULL when required */
    const char *range;    /* "MIN..MAX" (units allowed; either end may be empty), "a|b|c", or "" */
    const char *help;     /* one sentence, never empty; units stated */
};

#define RR_OPT_END                                                                                 \
    {                                                                                              \
        0                                                                                          \
    }

#endif
