/* SPDX-License-Identifier: MIT */
/*
 * run_view.c - what `rrctl run` shows: a redrawn screen, lines, or JSON lines.
 */
#include "core/common/jget.h"
#include "core/rrctl/run.h"
#include "core/rrctl/view.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define LINE_INTERVAL_MS 10000
#define SILENT_AFTER_MS 3000 /* older answers are marked as old */

/* "2:13 of 15:00", or "2:13". */
static void
put_time(struct page *page, const struct run *run)
{
    const int64_t elapsed_ms = client_now_ms() - run->began_ms;

    if (run->limit_ms > 0) {
        page_bar(page, page->columns == 0 || page->columns >= 100 ? 24 : 12,
                 (double)elapsed_ms / (double)run->limit_ms);
        page_put(page, OUT_BOLD, " %s of %s", out_clock(elapsed_ms), out_clock(run->limit_ms));
        page_put(page, OUT_PLAIN, ", %s left", out_clock(run->limit_ms - elapsed_ms));
    } else {
        page_put(page, OUT_BOLD, "%s", out_clock(elapsed_ms));
    }
    page_put(page, OUT_PLAIN, "  %s %" PRId64, run->iteration_event, run_iterations(run));
    if (run->limit_iterations > 0) {
        page_put(page, OUT_PLAIN, " of %" PRId64, run->limit_iterations);
    }
    if (run->until_type != NULL) {
        page_put(page, OUT_PLAIN, "  %s %" PRId64 " of %" PRId64, run->until_type,
                 run_count(run, run->until_type), run->until_count);
    }
}

static void
put_footer(struct page *page, const struct run *run)
{
    const int64_t age_ms = client_now_ms() - run->status_at_ms;

    if (run->is_hurried) {
        page_put(page, OUT_YELLOW, "stopping at once; Ctrl-C again kills rrd");
    } else if (run->stop_reason != NULL) {
        page_put(page, OUT_YELLOW, "%s: stopping, each stage saves its work; Ctrl-C again hurries",
                 run->stop_reason);
    } else if (run->status != NULL && age_ms > SILENT_AFTER_MS) {
        page_put(page, OUT_RED, "rrd has not answered for %s", out_clock(age_ms));
    } else if (run->child == 0) {
        page_put(page, OUT_DIM, "Ctrl-C ends the display; rrd goes on running");
    } else {
        page_put(page, OUT_DIM, "Ctrl-C stops cleanly; the same command goes on from there");
    }
    page_end(page);
}

static void
lay_out(struct page *page, const struct run *run)
{
    const json_t *event;
    size_t i;

    page_put(page, OUT_BOLD, "rrd");
    page_put(page, OUT_PLAIN, " %s  ", run->config == NULL ? "" : run->config);
    page_put(page, OUT_DIM, "%s\n", run->app->dir);
    put_time(page, run);
    page_end(page);
    page_end(page);
    view_stages(page, run->status);
    page_end(page);
    view_notes(page, run->status);
    if (json_array_size(run->recent) > 0) {
        page_end(page);
    }
    json_array_foreach(run->recent, i, event) {
        view_event(page, event, true);
        page_end(page);
    }
}

static void
draw(const struct run *run)
{
    struct page page;

    screen_enter();
    screen_page(&page);
    page.lines_max -= 2; /* the footer must not fall off a low terminal */
    lay_out(&page, run);
    page.lines_max += 2;
    page_end(&page);
    put_footer(&page, run);
    screen_show(&page);
}

/* A line that stays begins with how long the run has lasted. */
static void
line_begin(struct page *page, const struct run *run)
{
    page_init(page);
    page->columns = 0;
    page_put(page, OUT_DIM, "%8s  ", out_clock(client_now_ms() - run->began_ms));
}

static void
line_end(struct page *page)
{
    page_end(page);
    (void)page_print(page);
}

/* Print the notes that changed since the last line. */
static void
print_notes(struct run *run)
{
    const json_t *stage, *note;
    size_t i, n;

    json_array_foreach(json_object_get(run->status, "stages"), i, stage) {
        json_array_foreach(json_object_get(stage, "notes"), n, note) {
            char key[256];
            const char *config = jget_str(note, "config");
            const char *text = jget_str(note, "text");

            (void)snprintf(key, sizeof key, "%s %s", jget_str(stage, "name"), config);
            if (strcmp(jget_str(run->printed_notes, key), text) == 0) {
                continue;
            }
            (void)json_object_set_new(run->printed_notes, key, json_string(text));
            run_view_say(run, "%s%s%s: %s", config, config[0] == '\0' ? "" : " ",
                         jget_str(stage, "name"), text);
        }
    }
}

static void
print_line(struct run *run)
{
    struct page page;

    if (run->app->json) {
        (void)say_json(json_pack("{s:O}", "status", run->status), JSON_COMPACT);
        return;
    }
    print_notes(run);
    line_begin(&page, run);
    view_brief(&page, run->status);
    page_put(&page, OUT_PLAIN, "; %s %" PRId64, run->iteration_event, run_iterations(run));
    line_end(&page);
}

void
run_view_tick(struct run *run)
{
    const int64_t now = client_now_ms();

    if (run->status == NULL) {
        return;
    }
    if (run->draws) {
        draw(run);
    } else if (now - run->line_at_ms >= LINE_INTERVAL_MS) {
        run->line_at_ms = now;
        print_line(run);
    }
}

void
run_view_event(struct run *run, json_t *event_take)
{
    struct page page;

    (void)json_array_append_new(run->recent, event_take);
    if (json_array_size(run->recent) > RUN_RECENT_MAX) {
        (void)json_array_remove(run->recent, 0);
    }
    if (run->draws || jget_int(event_take, "time_ms") < run->began_wall_ms) {
        return;
    }
    if (run->app->json) {
        (void)say_json(json_pack("{s:O}", "event", event_take), JSON_COMPACT);
        return;
    }
    line_begin(&page, run);
    view_event(&page, event_take, true);
    line_end(&page);
}

void
run_view_say(struct run *run, const char *fmt, ...)
{
    char text[1024];
    struct page page;
    va_list ap;

    /* While a screen is drawn, its footer says it. */
    if (run->draws && run->status != NULL) {
        return;
    }
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (run->app->json) {
        (void)say_json(json_pack("{s:s}", "message", text), JSON_COMPACT);
        return;
    }
    line_begin(&page, run);
    page_put(&page, OUT_PLAIN, "%s", text);
    line_end(&page);
}

void
run_view_end(struct run *run)
{
    struct page page;

    screen_leave();
    if (run->draws && run->status != NULL) {
        page_init(&page);
        lay_out(&page, run);
        page_end(&page);
        (void)page_print(&page);
    } else if (run->status != NULL) {
        print_line(run);
    }
    run->draws = false;
    if (run->stop_reason != NULL && run->child > 0) {
        run_view_say(run, "%s: rrd has stopped", run->stop_reason);
    }
}
