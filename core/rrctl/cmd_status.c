/* SPDX-License-Identifier: MIT */
/*
 * cmd_status.c - rrctl status and why.
 */
#include "core/rrctl/client.h"
#include "core/rrctl/jget.h"
#include "core/rrctl/rrctl.h"
#include "core/rrctl/screen.h"
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

static void
lay_out_stage(struct page *page, const json_t *status)
{
    const json_t *stage = json_array_get(json_object_get(status, "stages"), 0);

    view_stages(page, status);
    view_worker(page, stage);
    view_deaths(page, json_object_get(stage, "deaths"), SIZE_MAX);
}

/* Redraw until interrupted. A daemon that goes away ends it, one that hangs is said to. */
static int
watch(struct rrctl *app, struct rr_err *err)
{
    int rc = 0;

    screen_catch_signals();
    while (rc == 0 && screen_interrupts == 0) {
        json_t *status = NULL;
        struct page page;

        rc =
            client_ask(app->dir, app->timeout_ms, &screen_interrupts, "status", NULL, &status, err);
        if (rc < 0) {
            break;
        }
        screen_enter();
        screen_page(&page);
        lay_out(&page, status);
        screen_show(&page);
        page_free(&page);
        json_decref(status);
        (void)poll(NULL, 0, WATCH_INTERVAL_MS);
    }
    screen_leave();
    return rc == -EINTR ? 0 : rc;
}

int
cmd_status(struct rrctl *app, struct rr_err *err)
{
    const char *stage = app->args.operand_count > 0 ? app->args.operands[0] : NULL;
    json_t *args = NULL;
    json_t *status = NULL;
    struct page page;
    int rc;

    if (args_has(&app->args, "watch")) {
        if (app->json || stage != NULL || !screen_can_draw()) {
            return rr_err_set(err, RR_E_INPUT,
                              "--watch draws all stages on a terminal; scripts ask for --json "
                              "again and again");
        }
        return watch(app, err);
    }
    args = stage == NULL ? NULL : json_pack("{s:s}", "stage", stage);
    rc = ask(app, "status", args, &status, err);
    json_decref(args);
    if (rc < 0) {
        return rc;
    }
    if (app->json) {
        (void)json_dumpf(status, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    } else {
        page_init(&page, stdout);
        (stage == NULL ? lay_out : lay_out_stage)(&page, status);
        (void)page_write(&page, stdout, false);
        page_free(&page);
    }
    json_decref(status);
    return 0;
}

int
cmd_why(struct rrctl *app, struct rr_err *err)
{
    json_t *args = json_pack("{s:s}", "stage", app->args.operands[0]);
    json_t *result = NULL;
    struct page page;
    const int rc = ask(app, "why", args, &result, err);

    json_decref(args);
    if (rc < 0) {
        return rc;
    }
    if (!app->json) {
        (void)printf("%s (%s) %s\n", jget_str(result, "stage"), jget_str(result, "state"),
                     jget_str(result, "why"));
        page_init(&page, stdout);
        view_deaths(&page, json_object_get(result, "deaths"), 1);
        (void)page_write(&page, stdout, false);
        page_free(&page);
    } else {
        (void)json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
        (void)putchar('\n');
    }
    json_decref(result);
    return 0;
}
