/* SPDX-License-Identifier: MIT */
/*
 * cmd_trace.c - rrctl trace.
 */
#include "core/common/jget.h"
#include "core/common/text.h"
#include "core/rrctl/client.h"
#include "core/rrctl/rrctl.h"
#include "core/rrctl/trace.h"

#include <stdio.h>

#define DEFAULT_DEPTH 20
#define DEFAULT_LIMIT 200
#define LIMIT_MAX 100000

/* The client waits for each event as long as --timeout says. */
struct asker {
    struct client client;
    int timeout_ms;
};

static int
fetch(void *arg, uint64_t id, json_t **doc, struct rr_err *err)
{
    struct asker *a = arg;
    int rc;

    client_limit(&a->client, a->timeout_ms);
    rc = client_call(&a->client, "event", json_pack("{s:I}", "id", (json_int_t)id), doc, err);
    if (rc == 0 && jget_is(*doc, "gone")) {
        json_decref(*doc);
        *doc = NULL;
        rc =
            rr_err_set(err, RR_E_EMPTY, "event %llu is not stored, or not any more (retain_events)",
                       (unsigned long long)id);
    }
    return rc;
}

static void
print(const struct rrctl *app, struct trace *t)
{
    struct page page;

    if (app->json) {
        (void)say_json(trace_json_new(t), JSON_INDENT(2));
        return;
    }
    page_init(&page);
    if (args_has(&app->args, "dot")) {
        page.columns = 0;
        page.has_color = false;
        trace_dot(t, &page);
    } else {
        trace_draw(t, &page);
    }
    (void)page_print(&page);
}

int
cmd_trace(struct rrctl *app, struct rr_err *err)
{
    struct asker asker = {.timeout_ms = app->timeout_ms};
    struct trace trace;
    int64_t depth = DEFAULT_DEPTH;
    int64_t limit = DEFAULT_LIMIT;
    int64_t id;
    int rc;

    if (args_integer(&app->args, "depth", &depth, err) < 0 ||
        args_integer(&app->args, "limit", &limit, err) < 0) {
        return err->code;
    }
    if (depth > LIMIT_MAX || limit > LIMIT_MAX || limit == 0) {
        return rr_err_set(err, RR_E_INPUT, "--depth and --limit go up to %d", LIMIT_MAX);
    }
    if (text_int(app->args.operands[0], &id) != 0 || id <= 0) {
        return rr_err_set(err, RR_E_INPUT,
                          "'%.40s' is not the id of an event; `rrctl events` shows ids",
                          app->args.operands[0]);
    }
    if (client_open(&asker.client, app->dir, app->timeout_ms, err) < 0) {
        return err->code;
    }
    rc = trace_walk(&trace, (uint64_t)id, (int)depth, (size_t)limit, fetch, &asker, err);
    client_close(&asker.client);
    if (rc == 0) {
        print(app, &trace);
    }
    trace_free(&trace);
    return rc;
}
