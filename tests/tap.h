/* SPDX-License-Identifier: MIT */
/*
 * tap.h - the whole of our unit test framework: it prints the Test Anything Protocol.
 *
 * A test program calls ok(), is_int() and the like, and ends with `return tap_done();`.
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count;
static int tap_failed;

__attribute__((format(printf, 2, 3))) static inline bool
ok(bool pass, const char *fmt, ...)
{
    va_list ap;

    printf("%sok %d - ", pass ? "" : "not ", ++tap_count);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
    tap_failed += !pass;
    return pass;
}

__attribute__((format(printf, 1, 2))) static inline void
diag(const char *fmt, ...)
{
    va_list ap;

    printf("# ");
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
}

static inline bool
is_int(int64_t got, int64_t want, const char *what)
{
    const bool pass = ok(got == want, "%s", what);

    if (!pass) {
        diag("got %" PRId64 ", want %" PRId64, got, want);
    }
    return pass;
}

static inline bool
is_str(const char *got, const char *want, const char *what)
{
    const bool pass = ok(got != NULL && strcmp(got, want) == 0, "%s", what);

    if (!pass) {
        diag("got  \"%s\"", got == NULL ? "(null)" : got);
        diag("want \"%s\"", want);
    }
    return pass;
}

static inline bool
is_near(double got, double want, double tolerance, const char *what)
{
    const bool pass = ok(fabs(got - want) <= tolerance, "%s", what);

    if (!pass) {
        diag("got %.9g, want %.9g +- %.3g", got, want, tolerance);
    }
    return pass;
}

static inline void
skip(const char *what, const char *why)
{
    printf("ok %d - %s # SKIP %s\n", ++tap_count, what, why);
}

static inline int
tap_done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed == 0 ? 0 : 1;
}

#endif
