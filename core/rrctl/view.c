/* SPDX-License-Identifier: MIT */
/*
 * view.c - a daemon's status laid out for people.
 *
 * Does not: ask the daemon, move the cursor, or know any plugin: what a stage is about comes from
 * its own progress text and notes.
 */
#include "core/rrctl/view.h"

#include "core/common/jget.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define NAME_COLUMNS_MAX 18
#define BRIEF_TEXT_MAX 24 /* longer texts in an event are paths and hashes */

/* What a stage is called by its state: a ready one that handles an event is working. */
static const char *
state_word(const json_t *stage)
{
    const char *state = jget_str(stage, "state");

    return strcmp(state, "ready") == 0 && json_is_object(json_object_get(stage, "event"))
               ? "working"
               : state;
}

static enum out_style
state_style(const char *word)
{
    if (strcmp(word, "working") == 0) {
        return OUT_GREEN;
    }
    if (strcmp(word, "failed") == 0) {
        return OUT_RED;
    }
    if (strcmp(word, "backoff") == 0 || strcmp(word, "stopping") == 0) {
        return OUT_YELLOW;
    }
    return strcmp(word, "ready") == 0 ? OUT_PLAIN : OUT_DIM;
}

void
view_head(struct page *page, const json_t *status)
{
    const int64_t up_ms = jget_int(status, "now_ms") - jget_int(status, "started_ms");
    const char *state = jget_str(status, "state");

    page_put(page, OUT_BOLD, "rrd %s", jget_str(status, "version"));
    page_put(page, OUT_PLAIN, "  %s  pid %" PRId64 "  up %s", jget_str(status, "dir"),
             jget_int(status, "pid"), out_clock(up_ms));
    if (state[0] != '\0' && strcmp(state, "running") != 0) {
        page_put(page, OUT_YELLOW, "  %s", state);
    }
    if (jget_str(status, "reload")[0] != '\0') {
        page_put(page, OUT_YELLOW, "  %s", jget_str(status, "reload"));
    }
    page_end(page);
}

/* "320/512 41/s ETA 0:05", with a bar in front when there is room. */
static void
put_progress(struct page *page, const json_t *progress)
{
    const double done = jget_num(progress, "done");
    const double total = jget_num(progress, "total");
    const double rate = jget_num(progress, "rate");

    if (total > 0) {
        const bool is_wide = page->columns == 0 || page->columns >= 100;
        if (page->columns == 0 || page->columns >= 70) {
            page_bar(page, is_wide ? 16 : 10, done / total);
            page_put(page, OUT_PLAIN, " ");
        }
        page_put(page, OUT_PLAIN, "%3.0f%% %s/%s", floor(done / total * 100), out_count(done),
                 out_count(total));
    } else if (done > 0) {
        page_put(page, OUT_PLAIN, "%s", out_count(done));
    }
    if (rate > 0) {
        page_put(page, OUT_PLAIN, " %s", out_rate(rate));
        if (total > done) {
            const double left_s = (total - done) / rate;
            page_put(page, OUT_PLAIN, " ETA %s",
                     left_s > 1e9 ? "?" : out_clock((int64_t)(left_s * 1000)));
        }
    }
}

static void
put_activity(struct page *page, const json_t *stage, int64_t now_ms)
{
    const json_t *event = json_object_get(stage, "event");
    const json_t *progress = json_object_get(stage, "progress");
    const char *config = jget_str(event, "config");
    const bool is_busy = json_is_object(event) || strcmp(jget_str(stage, "state"), "starting") == 0;

    if (!is_busy) {
        page_put(page, OUT_DIM, "%s", jget_str(stage, "waits"));
        return;
    }
    if (json_is_object(progress)) {
        put_progress(page, progress);
        page_put(page, OUT_PLAIN, "%s%s", config[0] == '\0' ? "" : "  ", config);
        if (jget_str(progress, "text")[0] != '\0') {
            page_put(page, OUT_DIM, "  %s", jget_str(progress, "text"));
        }
    } else if (json_is_object(event)) {
        page_put(page, OUT_PLAIN, "%s%s%s for %s", jget_str(event, "type"),
                 config[0] == '\0' ? "" : " ", config,
                 out_clock(now_ms - jget_int(event, "since_ms")));
    }
    if (jget_int(event, "attempt") > 1) {
        page_put(page, OUT_YELLOW, "  attempt %" PRId64, jget_int(event, "attempt"));
    }
}

/* "12", "12 +3 later", and how many are buried: what an operator has to look after. */
static void
put_queue(struct page *page, const json_t *queue)
{
    const int64_t waiting = jget_int(queue, "ready") + jget_int(queue, "delayed");
    const int64_t buried = jget_int(queue, "buried");

    page_put(page, waiting == 0 ? OUT_DIM : OUT_PLAIN, "%s", out_count((double)waiting));
    if (jget_is(queue, "full")) {
        page_put(page, OUT_YELLOW, " full");
    }
    if (buried > 0) {
        page_put(page, OUT_RED, " !%s", out_count((double)buried));
    }
}

static int
name_columns(const json_t *stages)
{
    const json_t *stage;
    int width = 5;
    size_t i;

    json_array_foreach(stages, i, stage) {
        const int w = out_width(jget_str(stage, "name"));
        width = w > width ? w : width;
    }
    return (width > NAME_COLUMNS_MAX ? NAME_COLUMNS_MAX : width) + 2;
}

enum column { NAME, STATE, QUEUE, DONE, OLDEST, IN, OUT, EMPTY, DOING, COLUMNS };

/* Of all stages. Narrow terminals leave some out: how old the oldest event is, events in and out
 * per second, and when the queue will be empty. */
static const struct {
    const char *head;
    int width; /* 0: as long as its texts */
    int columns_min;
} columns[COLUMNS] = {
    {"STAGE", 0, 0}, {"STATE", 10, 0}, {"QUEUE", 8, 0},   {"DONE", 8, 60}, {"OLDEST", 8, 120},
    {"IN", 8, 120},  {"OUT", 8, 120},  {"EMPTY", 8, 120}, {"DOING", 0, 0},
};

static void
put_cell(struct page *page, enum column column, const json_t *stage, int64_t now_ms)
{
    const json_t *queue = json_object_get(stage, "queue");
    const int64_t oldest_ms = jget_int(queue, "oldest_ms");
    const int64_t empty_in_ms = jget_int(queue, "empty_in_ms");
    const double rate = jget_num(queue, column == IN ? "rate_in" : "rate_done");
    const char *word = state_word(stage);
    const char *text = "";

    switch (column) {
    case NAME:
        page_put(page, OUT_BOLD, "%s", jget_str(stage, "name"));
        return;
    case STATE:
        page_put(page, state_style(word), "%s", word);
        return;
    case QUEUE:
        put_queue(page, queue);
        return;
    case DONE:
        text = out_count(jget_num(queue, "done_total"));
        break;
    case OLDEST:
        text = oldest_ms > 0 ? out_clock(now_ms - oldest_ms) : "";
        break;
    case IN:
    case OUT:
        text = rate > 0 ? out_rate(rate) : "";
        break;
    case EMPTY:
        text = empty_in_ms > 0 ? out_clock(empty_in_ms) : "";
        break;
    default:
        put_activity(page, stage, now_ms);
    }
    page_put(page, OUT_PLAIN, "%s", text);
}

void
view_stages(struct page *page, const json_t *status)
{
    const json_t *stages = json_object_get(status, "stages");
    const int64_t now_ms = jget_int(status, "now_ms");
    const int name_width = name_columns(stages);

    for (size_t row = 0; row <= json_array_size(stages); row++) { /* 0: the heads */
        int at = 0;

        for (enum column c = NAME; c < COLUMNS; c++) {
            if (page->columns > 0 && page->columns < columns[c].columns_min) {
                continue;
            }
            if (c != NAME) {
                page_tab(page, at);
            }
            if (row == 0) {
                page_put(page, OUT_DIM, "%s", columns[c].head);
            } else {
                put_cell(page, c, json_array_get(stages, row - 1), now_ms);
            }
            at += c == NAME ? name_width : columns[c].width;
        }
        page_end(page);
    }
}

void
view_notes(struct page *page, const json_t *status)
{
    json_t *by_config = json_object(); /* config -> [[stage, text], …] */
    const json_t *stage, *note;
    const char *config;
    json_t *notes;
    int width = 4;
    size_t i, n;

    json_array_foreach(json_object_get(status, "stages"), i, stage) {
        json_array_foreach(json_object_get(stage, "notes"), n, note) {
            const int w = out_width(jget_str(note, "config"));

            width = w > width ? w : width;
            config = jget_str(note, "config");
            if (json_object_get(by_config, config) == NULL) {
                (void)json_object_set_new(by_config, config, json_array());
            }
            (void)json_array_append_new(
                json_object_get(by_config, config),
                json_pack("[s, s]", jget_str(stage, "name"), jget_str(note, "text")));
        }
    }
    json_object_foreach(by_config, config, notes) {
        json_array_foreach(notes, n, note) {
            page_put(page, OUT_BOLD, "%s", n > 0 ? "" : config[0] == '\0' ? "stages" : config);
            page_tab(page, (width > 24 ? 24 : width) + 2);
            page_put(page, OUT_DIM, "%s ", json_string_value(json_array_get(note, 0)));
            page_put(page, OUT_PLAIN, "%s\n", json_string_value(json_array_get(note, 1)));
        }
    }
    json_decref(by_config);
}

void
view_totals(struct page *page, const json_t *status)
{
    const json_t *slot;
    json_t *by_type = json_object_get(json_object_get(status, "events"), "by_type");
    const json_t *count;
    const char *type;
    const char *comma = "";
    size_t i;

    page_put(page, OUT_DIM, "slots");
    json_array_foreach(json_object_get(status, "slots"), i, slot) {
        page_put(page, OUT_PLAIN, " %s %" PRId64 "/%" PRId64, jget_str(slot, "name"),
                 jget_int(slot, "used"), jget_int(slot, "total"));
    }
    page_put(page, OUT_DIM, "  events ");
    json_object_foreach(by_type, type, count) {
        page_put(page, OUT_PLAIN, "%s%s %s", comma, type, out_count(json_number_value(count)));
        comma = ", ";
    }
    page_end(page);
}

static void
put_field(struct page *page, const char *key, const json_t *value, bool is_brief)
{
    if (json_is_string(value)) {
        if (!is_brief || strlen(json_string_value(value)) <= BRIEF_TEXT_MAX) {
            page_put(page, OUT_PLAIN, " %s=%s", key, json_string_value(value));
        }
    } else if (json_is_integer(value)) {
        page_put(page, OUT_PLAIN, " %s=%" PRId64, key, (int64_t)json_integer_value(value));
    } else if (json_is_real(value)) {
        page_put(page, OUT_PLAIN, " %s=%.4g", key, json_real_value(value));
    } else if (json_is_boolean(value)) {
        page_put(page, OUT_PLAIN, " %s=%s", key, json_is_true(value) ? "yes" : "no");
    } else if (!is_brief) {
        page_put(page, OUT_PLAIN, " %s=%s", key, json_is_null(value) ? "null" : "…");
    }
}

void
view_event(struct page *page, const json_t *event, bool is_brief)
{
    json_t *payload = json_object_get(event, "payload");
    const char *config = jget_str(event, "config");
    const json_t *value;
    const char *key;

    page_put(page, OUT_DIM, "%s ", out_time(jget_int(event, "time_ms")));
    if (!is_brief) {
        page_put(page, OUT_DIM, "%" PRId64 " ", jget_int(event, "id"));
    }
    page_put(page, OUT_BOLD, "%s", jget_str(event, "type"));
    page_put(page, OUT_PLAIN, "%s%s", config[0] == '\0' ? "" : " ", config);
    json_object_foreach(payload, key, value) {
        /* The envelope has said it. */
        if (strcmp(key, "config") != 0 || !json_is_string(value) ||
            strcmp(json_string_value(value), config) != 0) {
            put_field(page, key, value, is_brief);
        }
    }
}

void
view_brief(struct page *page, const json_t *status)
{
    const json_t *stage;
    const char *comma = "";
    size_t i;

    json_array_foreach(json_object_get(status, "stages"), i, stage) {
        const json_t *progress = json_object_get(stage, "progress");
        const double total = jget_num(progress, "total");
        const char *word = state_word(stage);
        const bool is_working = strcmp(word, "working") == 0;
        const int64_t waiting = jget_int(json_object_get(stage, "queue"), "ready");

        if (strcmp(word, "ready") == 0 && waiting == 0) {
            continue;
        }
        page_put(page, OUT_PLAIN, "%s%s", comma, jget_str(stage, "name"));
        if (is_working && total > 0) {
            page_put(page, OUT_PLAIN, " %.0f%%", floor(jget_num(progress, "done") / total * 100));
        } else if (strcmp(word, "ready") != 0) {
            page_put(page, OUT_PLAIN, " %s", word);
        }
        if (waiting > 0) {
            page_put(page, OUT_PLAIN, " (%" PRId64 " queued)", waiting);
        }
        comma = ", ";
    }
    if (comma[0] == '\0') {
        page_put(page, OUT_PLAIN, "nothing to do");
    }
}

void
view_worker(struct page *page, const json_t *stage)
{
    const char *breaker = jget_str(stage, "breaker");

    page_put(page, OUT_DIM, "worker ");
    page_put(page, OUT_PLAIN,
             "pid %" PRId64 "  restarts %" PRId64 "  memory %" PRId64 " MiB  processes %" PRId64
             "  breaker ",
             jget_int(stage, "pid"), jget_int(stage, "restarts"),
             jget_int(stage, "memory_bytes") >> 20, jget_int(stage, "processes"));
    page_put(page, strcmp(breaker, "closed") == 0 ? OUT_PLAIN : OUT_RED, "%s\n", breaker);
    if (jget_is(stage, "upgraded")) {
        page_put(page, OUT_DIM, "plugin ");
        page_put(page, OUT_PLAIN, "%s %.12s, by rrctl upgrade\n", jget_str(stage, "plugin"),
                 jget_str(stage, "hash"));
    }
}

static void
put_death(struct page *page, const json_t *death)
{
    const int signo = (int)jget_int(death, "signal");
    const char *name = signo == 0 ? NULL : sigabbrev_np(signo);
    const json_t *event = json_object_get(death, "event");

    page_put(page, OUT_PLAIN, "%s  ", out_date_time(jget_int(death, "time_ms")));
    page_put(page, OUT_RED, "%s", jget_str(death, "kind"));
    if (name != NULL) {
        page_put(page, OUT_PLAIN, " %s", name);
    } else {
        page_put(page, OUT_PLAIN, " %" PRId64, jget_int(death, "code"));
    }
    page_put(page, OUT_DIM, "  after %s ready", out_clock(jget_int(death, "ready_ms")));
    if (json_is_integer(event)) {
        page_put(page, OUT_DIM, "  event %" PRId64, (int64_t)json_integer_value(event));
    }
    page_put(page, OUT_PLAIN, "  %s\n", jget_str(death, "text"));
}

void
view_deaths(struct page *page, const json_t *deaths, size_t most)
{
    const size_t n = json_array_size(deaths);
    const json_t *line;
    size_t k;

    for (size_t i = n; i > 0 && n - i < most; i--) {
        const json_t *death = json_array_get(deaths, i - 1);

        page_put(page, OUT_DIM, "death  ");
        put_death(page, death);
        json_array_foreach(most == 1 ? NULL : json_object_get(death, "lines"), k, line) {
            page_put(page, OUT_DIM, "    | %s\n", json_string_value(line));
        }
    }
}
