/* SPDX-License-Identifier: MIT */
/*
 * cmd_trace.c - rrctl trace.
 */
#include "core/common/text.h"
#include "core/rrctl/client.h"
#include "core/rrctl/rrctl.h"
#include "core/rrctl/trace.h"

#include <stdio.h>

#define DEFAULT_DEPTH 20
#define DEFAULT_LIMIT 200
#define LIMIT_MAX 100000

struct asker {
    struct client *client;
    int timeout_ms;
};

static int
fetch(void *arg, uint64_t id, json_t **doc, struct rr_err *err)
{
    const struct asker *a = arg;
    json_t *args = json_pack("{s:I}", "id", (json_int_t)id);
    json_t *line = NULL;
    int rc = client_send(a->client, "event", args, a->timeout_ms, err);

    if (rc == 0) {
        rc = client_line(a->client, a->timeout_ms, &line, err);
    }
    if (rc == 0) {
        rc = client_result(a->client, line, doc, err);
        if (rc == 0 && json_is_true(json_object_get(*doc, "gone"))) {
            json_decref(*doc);
            *doc = NULL;
            rc = rr_err_set(err, RR_E_EMPTY,
                            "event %llu is not stored, or not any more (retain_events)",
                            (unsigned long long)id);
        }
    }
    json_decref(line);
    json_decref(args);
    return rc;
}

static void
print(struct rrctl *app, struct trace *t)
{
    struct page page;

    if (app->json) {
        json_t *doc = trace_json_new(t);

        (void)json_dumpf(doc, stdout, JSON_INDENT(2));
        (void)putchar('\n');
        json_decref(doc);
        return;
    }
    page_init(&page, stdout);
    if (args_has(&app->args, "dot")) {
        page.columns = 0;
        page.has_color = false;
        trace_dot(t, &page);
    } else {
        trace_draw(t, &page);
    }
    (void)page_write(&page, stdout, false);
    page_free(&page);
}

int
cmd_trace(struct rrctl *app, struct rr_err *err)
{
    struct client client;
    struct asker asker = {&client, app->timeout_ms};
    struct trace trace;
    uint64_t depth = DEFAULT_DEPTH;
    uint64_t limit = DEFAULT_LIMIT;
    int64_t id;
    int rc = args_integer(&app->args, "depth", &depth, err);

    if (rc == 0) {
        rc = args_integer(&app->args, "limit", &limit, err);
    }
    if (rc == 0 && (depth > LIMIT_MAX || limit > LIMIT_MAX || limit == 0)) {
        rc = rr_err_set(err, RR_E_INPUT, "--depth and --limit go up to %d", LIMIT_MAX);
    }
    if (rc == 0 && (text_int(app->args.operands[0], &id) != 0 || id <= 0)) {
        rc = rr_err_set(err, RR_E_INPUT,
                        "'%.40s' is not the id of an event; `rrctl events` shows ids",
                        app->args.operands[0]);
    }
    if (rc == 0) {
        rc = client_open(&client, app->dir, app->timeout_ms, err);
    }
    if (rc != 0) {
        return rc;
    }
    rc = trace_walk(&trace, (uint64_t)id, (int)depth, (size_t)limit, fetch, &asker, err);
    client_close(&client);
    if (rc == 0) {
        print(app, &trace);
    }
    trace_free(&trace);
    return rc;
}
