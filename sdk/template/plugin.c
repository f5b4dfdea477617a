/* SPDX-License-Identifier: MIT */
/*
 * plugin.c - a stage that greets: the template for plugins of your own.
 *
 * It consumes HELLO_ASKED and produces HELLO_SAID. It shows the parts that most plugins need: an
 * option table, typed events, a durable counter, a file made exactly once, progress and a note.
 * rrd-plugin(7) explains each of them. PLUGIN_NAME comes from the Makefile.
 */
#include <rr/effect.h>
#include <rr/plugin.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "events.h"

static const struct rr_opt options[] = {
    {"greeting", RR_OPT_STRING, 0, "Hello", "", "Word that every greeting begins with."},
    {"limit", RR_OPT_INT, 0, "100", "1..1000", "Most greetings that one event may ask for."},
    RR_OPT_END,
};

static const struct rr_port consumes[] = {{&rr_type_hello_asked, 0, 0}, {0}};
static const struct rr_port produces[] = {{&rr_type_hello_said, 0, 0}, {0}};

/* Judge the options beyond what the table says. Nothing may happen here but judging. */
static int
on_check(struct rr_ctx *ctx, struct rr_err *err)
{
    if (rr_opt_str(ctx, "greeting")[0] == '\0') {
        return rr_err_set(err, RR_E_CONFIG, "greeting is empty");
    }
    return 0;
}

/* Write the greetings to a file. */
static int
write_file(struct rr_ctx *ctx, const char *path, const struct ev_hello_asked *ask,
           struct rr_err *err)
{
    FILE *file = fopen(path, "w");

    if (file == NULL) {
        return rr_err_set(err, -errno, "cannot make %s: %s", path, strerror(errno));
    }
    for (uint64_t i = 0; i < ask->times; i++) {
        (void)fprintf(file, "%s, %s!\n", rr_opt_str(ctx, "greeting"), ask->who);
        rr_progress(ctx, i + 1, ask->times, ask->who);
    }
    const int failed = ferror(file);
    if (fclose(file) != 0 || failed) {
        return rr_err_set(err, -EIO, "cannot write %s", path);
    }
    return 0;
}

/* Count the greetings in a durable key. Returns the new count, 0 when that failed. */
static uint64_t
count_up(struct rr_ctx *ctx, uint64_t times, struct rr_err *err)
{
    char text[32];
    const char *before = rr_get(ctx, "count", err);

    if (before == NULL && err->code != 0) {
        return 0;
    }
    const uint64_t count = (before == NULL ? 0 : strtoull(before, NULL, 10)) + times;
    (void)snprintf(text, sizeof text, "%" PRIu64, count);
    return rr_put(ctx, "count", text, err) == 0 ? count : 0;
}

/* Handle one HELLO_ASKED. What is emitted and put here counts when this returns RR_DONE. */
static int
on_event(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err)
{
    struct ev_hello_asked ask;
    struct rr_effect fx;

    if (rr_decode(ctx, event, &rr_type_hello_asked, &ask, err) != 0) {
        return RR_REJECT;
    }
    if (ask.times < 1 || ask.times > (uint64_t)rr_opt_int(ctx, "limit")) {
        rr_err_set(err, RR_E_INPUT, "%" PRIu64 " greetings asked for, allowed are 1 to %" PRId64,
                   ask.times, rr_opt_int(ctx, "limit"));
        return RR_REJECT; /* it would be as wrong the next time */
    }
    if (rr_effect_begin(&fx, ctx, event, PLUGIN_NAME, "greeting-", ".txt", err) != 0) {
        return RR_RETRY;
    }
    if (!fx.done && (write_file(ctx, fx.temp, &ask, err) != 0 || rr_effect_commit(&fx, err) != 0)) {
        rr_effect_abort(&fx);
        return RR_RETRY;
    }
    const uint64_t count = count_up(ctx, ask.times, err);
    if (count == 0) {
        return RR_RETRY;
    }
    const struct ev_hello_said said = {.who = ask.who, .path = fx.name, .count = count};
    if (rr_emit(ctx, &rr_type_hello_said, NULL, event->config, &said, err) != 0) {
        return RR_RETRY;
    }
    rr_note(ctx, "", "%" PRIu64 " greetings, the last to %s", count, ask.who);
    return RR_DONE;
}

RR_PLUGIN(.name = PLUGIN_NAME, .version = "1.0", .summary = "greets whoever is named",
          .options = options, .consumes = consumes, .produces = produces, .check = on_check,
          .event = on_event)
