/* SPDX-License-Identifier: MIT */
/*
 * cmd_status.c - rrctl status and why.
 */
#include "core/common/jget.h"
#include "core/rrctl/client.h"
#include "core/rrctl/rrctl.h"
#include "core/rrctl/view.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#define WATCH_INTERVAL_MS 1000

static void
lay_out(struct page *page, const json_t *status)
{
    view_head(page, status);
    page_end(page);
    view_stages(page, status);
    page_end(page);
    view_totals(page, status);
    view_notes(page, status);
}

/* Redraw until interrupted. A daemon that goes away ends it, one that hangs is said to. */
static int
watch(struct rrctl *app, struct rr_err *err)
{
    int rc = 0;

    screen_catch_signals();
    while (rc == 0 && screen_interrupts == 0) {
        json_t *status = NULL;
        struct client cl;
        struct page page;

        rc = client_open(&cl, app->dir, app->timeout_ms, err);
        if (rc < 0) {
            break;
        }
        cl.interrupted = &screen_interrupts;
        rc = client_call(&cl, "status", NULL, &status, err);
        client_close(&cl);
        if (rc < 0) {
            break;
        }
        screen_enter();
        screen_page(&page);
        lay_out(&page, status);
        screen_show(&page);
        json_decref(status);
        (void)poll(NULL, 0, WATCH_INTERVAL_MS);
    }
    screen_leave();
    return rc == -EINTR ? 0 : rc;
}

static void
print_status(const struct rrctl *app, const json_t *status)
{
    const json_t *stage = json_array_get(json_object_get(status, "stages"), 0);
    struct page page;

    page_init(&page);
    if (app->args.operand_count == 0) {
        lay_out(&page, status);
    } else {
        view_stages(&page, status);
        view_worker(&page, stage);
        view_deaths(&page, json_object_get(stage, "deaths"), SIZE_MAX);
    }
    (void)page_print(&page);
}

int
cmd_status(struct rrctl *app, struct rr_err *err)
{
    const char *stage = app->args.operands[0]; /* or NULL */
    json_t *status = NULL;
    int rc;

    if (args_has(&app->args, "watch")) {
        if (app->json || stage != NULL || !screen_can_draw()) {
            return rr_err_set(err, RR_E_INPUT,
                              "--watch draws all stages on a terminal; scripts ask for --json "
                              "again and again");
        }
        return watch(app, err);
    }
    rc = ask(app, "status", json_pack("{s:s*}", "stage", stage), &status, err);
    return rc < 0 ? rc : say(app, status, JSON_INDENT(2), print_status);
}

static void
print_why(const struct rrctl *app, const json_t *result)
{
    struct page page;

    (void)app;
    (void)printf("%s (%s) %s\n", jget_str(result, "stage"), jget_str(result, "state"),
                 jget_str(result, "why"));
    page_init(&page);
    view_deaths(&page, json_object_get(result, "deaths"), 1);
    (void)page_print(&page);
}

int
cmd_why(struct rrctl *app, struct rr_err *err)
{
    json_t *result = NULL;
    const int rc =
        ask(app, "why", json_pack("{s:s}", "stage", app->args.operands[0]), &result, err);

    return rc < 0 ? rc : say(app, result, JSON_INDENT(2), print_why);
}
