/* SPDX-License-Identifier: MIT */
/*
 * stage.h - what small test stages share: names made of macros, time that passes, numbers that
 * last.
 */
#ifndef TESTS_STAGE_H
#define TESTS_STAGE_H

#include <rr/host.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Of an event whose id is the value of a macro; and that value as text. */
#define TYPE_OF_(id) rr_type_##id
#define TYPE_OF(id) TYPE_OF_(id)
#define STRUCT_OF_(id) ev_##id
#define STRUCT_OF(id) STRUCT_OF_(id)
#define TEXT_OF_(name) #name
#define TEXT_OF(name) TEXT_OF_(name)

/* Take the time of the option "work". */
static inline void
stage_work(struct rr_ctx *ctx)
{
    const int64_t ms = rr_opt_int(ctx, "work");
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    if (ms > 0) {
        (void)nanosleep(&time, NULL);
    }
}

/* The number of a durable key, 0 when there is none, or when *err says why it cannot be read. */
static inline uint64_t
stage_number(struct rr_ctx *ctx, const char *key, struct rr_err *err)
{
    const char *text = rr_get(ctx, key, err);

    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

static inline int
stage_put_number(struct rr_ctx *ctx, const char *key, uint64_t value, struct rr_err *err)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    return rr_put(ctx, key, text, err);
}

#endif
