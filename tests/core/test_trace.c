/* SPDX-License-Identifier: MIT */
/*
 * test_trace.c - lineage of events in random graphs, how it is drawn, and times as people write
 * them.
 */
#include "core/common/mem.h"
#include "core/rrctl/args.h"
#include "core/rrctl/trace.h"
#include "tests/tap.h"

#include <time.h>

enum { EVENTS_MAX = 60 };

/* Event i + 1 has the parents in the row i; parents are older. */
static bool is_parent[EVENTS_MAX][EVENTS_MAX];
static size_t n_events;
static uint64_t missing; /* id that is not stored any more */
static size_t fetched[EVENTS_MAX + 1];

static int
fetch(void *arg, uint64_t id, json_t **doc, struct rr_err *err)
{
    json_t *parents = json_array();
    json_t *children = json_array();

    (void)arg;
    fetched[id]++;
    for (size_t i = 0; i < n_events; i++) {
        if (is_parent[id - 1][i]) {
            (void)json_array_append_new(parents, json_integer((json_int_t)i + 1));
        }
        if (is_parent[i][id - 1]) {
            (void)json_array_append_new(children, json_integer((json_int_t)i + 1));
        }
    }
    if (id == missing) {
        json_decref(parents);
        json_decref(children);
        return rr_err_set(err, RR_E_EMPTY, "gone");
    }
    *doc = json_pack("{s:{s:I, s:I, s:s, s:s, s:s, s:o}, s:[], s:o, s:[]}", "event", "id",
                     (json_int_t)id, "time_ms", (json_int_t)id * 1000, "type", "T", "config", "",
                     "source", "s", "parents", parents, "facts", "children", children, "queued");
    return 0;
}

/* All that can be reached from an event in one direction. */
static void
reach(size_t from, bool up, bool *seen)
{
    for (size_t i = 0; i < n_events; i++) {
        if ((up ? is_parent[from][i] : is_parent[i][from]) && !seen[i]) {
            seen[i] = true;
            reach(i, up, seen);
        }
    }
}

static uint32_t
next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void
make_graph(uint32_t *seed)
{
    memset(is_parent, 0, sizeof is_parent);
    n_events = 1 + next_random(seed) % EVENTS_MAX;
    for (size_t i = 1; i < n_events; i++) {
        for (size_t k = next_random(seed) % 3; k > 0; k--) {
            is_parent[i][next_random(seed) % i] = true;
        }
    }
}

/* Lines of a page that name an event in full. */
static size_t
count_lines(const char *text)
{
    size_t n = 0;

    for (const char *at = text; at != NULL && *at != '\0'; at = strchr(at, '\n') + 1) {
        n += strstr(at, " by s") != NULL && strstr(at, " by s") < strchr(at, '\n');
    }
    return n;
}

/* What a trace looks like on paper; freed by the caller. */
static char *
draw_new(struct trace *t, bool as_dot)
{
    struct page page;
    char *text;

    page_init(&page);
    page.columns = 0;
    page.has_color = false;
    if (as_dot) {
        trace_dot(t, &page);
    } else {
        trace_draw(t, &page);
    }
    text = mem_dupn(page.text, page.used);
    page_free(&page);
    return text;
}

static void
test_random_graphs(void)
{
    uint32_t seed = 7;
    size_t bad_set = 0;
    size_t bad_text = 0;
    size_t twice = 0;
    size_t bad_limit = 0;

    for (int round = 0; round < 300; round++) {
        struct rr_err err = RR_ERR_INIT;
        struct trace t;
        bool up[EVENTS_MAX] = {false};
        bool down[EVENTS_MAX] = {false};

        make_graph(&seed);
        memset(fetched, 0, sizeof fetched);
        const size_t asked = next_random(&seed) % n_events;
        const int rc = trace_walk(&t, asked + 1, EVENTS_MAX, EVENTS_MAX, fetch, NULL, &err);

        reach(asked, true, up);
        reach(asked, false, down);
        size_t want = 1;
        for (size_t i = 0; i < n_events; i++) {
            want += up[i] || down[i];
            twice += fetched[i + 1] > 1;
        }
        bad_set += rc != 0 || t.n != want || t.is_cut;
        for (size_t i = 0; i < t.n; i++) {
            const size_t id = t.nodes[i].id - 1;
            bad_set += id != asked && !up[id] && !down[id];
        }
        char *text = draw_new(&t, false);
        bad_text += count_lines(text) != want;
        free(text);
        trace_free(&t);

        const size_t limit = 1 + next_random(&seed) % 5;
        (void)trace_walk(&t, asked + 1, EVENTS_MAX, limit, fetch, NULL, &err);
        bad_limit += t.n != (want < limit ? want : limit) || t.is_cut != (want > limit);
        trace_free(&t);
    }
    is_int((int64_t)bad_set, 0, "N9 the causes and consequences of an event, all and no others");
    is_int((int64_t)bad_text, 0, "N9 each is drawn in full once");
    is_int((int64_t)twice, 0, "N9 and asked for once");
    is_int((int64_t)bad_limit, 0, "N9 limits hold and are told");
}

static void
test_drawing(void)
{
    struct rr_err err = RR_ERR_INIT;
    struct trace t;

    memset(is_parent, 0, sizeof is_parent);
    n_events = 5; /* 1 -> 2 -> 3, 1 -> 3, 3 -> 4; 5 apart */
    is_parent[1][0] = is_parent[2][1] = is_parent[2][0] = is_parent[3][2] = true;
    is_int(trace_walk(&t, 3, 9, 9, fetch, NULL, &err), 0, "a small graph");
    char *text = draw_new(&t, false);
    is_str(text,
           "00:00:01 1 T by s\n  - 00:00:02 2 T by s\n    * 00:00:03 3 T by s\n"
           "      - 00:00:04 4 T by s\n  - 3 (see above)\n",
           "as a tree");
    free(text);
    text = draw_new(&t, true);
    ok(strstr(text, "  \"1\" -> \"3\";\n") != NULL, "for Graphviz");
    free(text);
    json_t *doc = trace_json_new(&t);
    is_int((int64_t)json_array_size(json_object_get(doc, "nodes")), 4, "as JSON");
    json_decref(doc);
    trace_free(&t);

    missing = 1;
    is_int(trace_walk(&t, 3, 9, 9, fetch, NULL, &err), 0, "a cause that is gone is no fault");
    trace_free(&t);
    is_int(trace_walk(&t, 1, 9, 9, fetch, NULL, &err), RR_E_EMPTY, "but the event itself");
    trace_free(&t);
    missing = 0;
}

static void
test_when(void)
{
    static const struct {
        const char *text;
        int64_t want; /* -1: refused */
    } rows[] = {
        {"2026-01-02T15:04:05Z", 1767366245000},
        {"2026-01-02T15:04Z", 1767366240000},
        {"2026-01-02 15:04Z", 1767366240000},
        {"2026-01-02Z", 1767312000000},
        {"2026-01-02", 1767312000000},
        {"15:04", 1767366240000},
        {"15:04:05Z", 1767366245000},
        {"@1767366245", 1767366245000},
        {"2h", 1767387600000 - 7200000},
        {"", -1},
        {"yesterday", -1},
        {"2026-13-02", -1},
        {"2026-01-02T15:04:05 and so on", -1},
        {"25:04", -1},
        {"@", -1},
        {"@-5", -1},
        {"2", -1},
        {"1950-01-01", -1},
    };
    const int64_t now_ms = 1767387600000; /* 2026-01-02T21:00:00Z */

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rr_err err = RR_ERR_INIT;
        int64_t got = -1;
        const int rc = args_time_of(rows[i].text, now_ms, &got, &err);

        if (!ok(rows[i].want < 0 ? rc == RR_E_INPUT : rc == 0 && got == rows[i].want, "time \"%s\"",
                rows[i].text)) {
            diag("rc %d, got %" PRId64, rc, got);
        }
    }
}

int
main(void)
{
    (void)setenv("TZ", "UTC", 1);
    tzset();
    test_random_graphs();
    test_drawing();
    test_when();
    return tap_done();
}
