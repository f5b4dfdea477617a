/* SPDX-License-Identifier: MIT */
/*
 * flow.c - a chain of test stages that shows how much goes through, in which order, and how fast.
 *
 * Compiled with FLOW_NAME and FLOW_IN or FLOW_OUT or both. The source makes numbered events, so
 * many a second or as many as it can; a stage between passes them on; the last one checks that each
 * number comes once and in order, and notes "N events, late p50 … p99 … us, M out of order, hash
 * …".
 */
#include <rr/plugin.h>

#include <inttypes.h>
#include <time.h>

#include "tests/puppet/flow.h"
#include "tests/puppet/stage.h"

static const struct rr_opt options[] = {
#ifndef FLOW_IN
    {"events", RR_OPT_INT, 0, "1000", "0..", "Events to be made in all."},
    {"batch", RR_OPT_INT, 0, "100", "1..1000", "Most events of one idle."},
    {"rate", RR_OPT_INT, 0, "0", "0..", "Events a second; 0: as many as possible."},
    {"bytes", RR_OPT_INT, 0, "100", "0..60000",
     "Length of the payload as JSON, if it has not more already."},
#endif
    {"work", RR_OPT_DURATION, 0, "0ms", "0ms..10min", "Time that each event takes."},
    RR_OPT_END,
};

#if !defined FLOW_IN || !defined FLOW_OUT
static uint64_t
now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
#endif

#ifdef FLOW_IN
static const struct rr_port consumes[] = {{&TYPE_OF(FLOW_IN), 0, 0}, {0}};
#endif
#ifdef FLOW_OUT
static const struct rr_port produces[] = {{&TYPE_OF(FLOW_OUT), 0, 0}, {0}};
#endif

#if defined FLOW_IN && defined FLOW_OUT
static int
on_event(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err)
{
    struct STRUCT_OF(FLOW_IN) in;

    if (rr_decode(ctx, event, &TYPE_OF(FLOW_IN), &in, err) != 0) {
        return RR_REJECT;
    }
    stage_work(ctx);
    const struct STRUCT_OF(FLOW_OUT)
        out = {.number = in.number, .time_us = in.time_us, .filler = in.filler};
    return rr_emit(ctx, &TYPE_OF(FLOW_OUT), NULL, event->config, &out, err) == 0 ? RR_DONE
                                                                                 : RR_RETRY;
}

RR_PLUGIN(.name = TEXT_OF(FLOW_NAME), .version = "1.0", .summary = "passes events on",
          .options = options, .consumes = consumes, .produces = produces, .event = on_event)
#elif defined FLOW_IN
enum { LATE_BINS = 100000, BIN_US = 20, NOTE_EVERY = 500 };

static uint32_t late[LATE_BINS]; /* events by how late they were */
static uint64_t n_seen, n_wrong, n_last;
static uint64_t hash = 14695981039346656037u; /* of all that came, in the order in which it came */

static void
add_to_hash(const void *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        hash = (hash ^ ((const unsigned char *)data)[i]) * 1099511628211u;
    }
}

static uint64_t
percentile(unsigned percent)
{
    uint64_t left = n_seen * percent / 100;
    size_t bin = 0;

    while (bin + 1 < LATE_BINS && left >= late[bin]) {
        left -= late[bin++];
    }
    return (bin + 1) * BIN_US;
}

static int
on_event(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err)
{
    struct STRUCT_OF(FLOW_IN) in;

    if (rr_decode(ctx, event, &TYPE_OF(FLOW_IN), &in, err) != 0) {
        return RR_REJECT;
    }
    stage_work(ctx);
    const uint64_t by_us = now_us() - in.time_us;
    late[by_us / BIN_US < LATE_BINS ? by_us / BIN_US : LATE_BINS - 1]++;
    n_seen++;
    n_wrong += n_last != 0 && in.number != n_last + 1;
    n_last = in.number;
    add_to_hash(&event->id, sizeof event->id);
    add_to_hash(event->payload, strlen(event->payload));
    if (n_seen % NOTE_EVERY == 0) {
        rr_note(ctx, "",
                "%" PRIu64 " events, late p50 %" PRIu64 " p99 %" PRIu64 " us, %" PRIu64
                " out of order, hash %016" PRIx64,
                n_seen, percentile(50), percentile(99), n_wrong, hash);
    }
    return RR_DONE;
}

RR_PLUGIN(.name = TEXT_OF(FLOW_NAME), .version = "1.0", .summary = "counts events",
          .options = options, .consumes = consumes, .event = on_event)
#else
static uint64_t n_made, began_us, n_before;

static int
on_idle(struct rr_ctx *ctx, struct rr_err *err)
{
    const uint64_t total = (uint64_t)rr_opt_int(ctx, "events");
    const uint64_t rate = (uint64_t)rr_opt_int(ctx, "rate");
    const uint64_t batch = (uint64_t)rr_opt_int(ctx, "batch");
    const uint64_t due = rate == 0 ? total : n_before + (now_us() - began_us) * rate / 1000000;
    const size_t bytes = (size_t)rr_opt_int(ctx, "bytes");
    char filler[60001];
    char key[32];

    for (uint64_t i = 0; i < batch && n_made < total && n_made < due; i++) {
        const struct STRUCT_OF(FLOW_OUT)
            out = {.number = ++n_made, .time_us = now_us(), .filler = filler};
        const size_t rest = (size_t)snprintf(
            NULL, 0, "{\"number\":%" PRIu64 ",\"time_us\":%" PRIu64 ",\"filler\":\"\"}", out.number,
            out.time_us);

        memset(filler, 'x', bytes);
        filler[bytes > rest ? bytes - rest : 0] = '\0';

        (void)snprintf(key, sizeof key, "flow-%" PRIu64, n_made);
        if (rr_emit(ctx, &TYPE_OF(FLOW_OUT), key, "", &out, err) != 0) {
            n_made--;
            return RR_RETRY;
        }
    }
    if (n_made == total) {
        rr_set_idle_ms(ctx, 0);
    }
    return stage_put_number(ctx, "made", n_made, err) == 0 ? RR_DONE : RR_RETRY;
}

static int
on_init(struct rr_ctx *ctx, struct rr_err *err)
{
    n_before = n_made = stage_number(ctx, "made", err);
    began_us = now_us();
    rr_set_idle_ms(ctx, 1);
    return 0;
}

RR_PLUGIN(.name = TEXT_OF(FLOW_NAME), .version = "1.0", .summary = "makes events",
          .options = options, .produces = produces, .init = on_init, .idle = on_idle)
#endif
