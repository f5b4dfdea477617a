/* SPDX-License-Identifier: MIT */
/*
 * test_why.c - twelve troubles, each seeded into a loop of stages that stands still but for it: the
 * reason must name the stage where it comes from. And marks of queues: who waits for whom.
 */
#include "core/common/mem.h"
#include "core/rrd/conf.h"
#include "core/rrd/room.h"
#include "core/rrd/why.h"
#include "tests/tap.h"

/* selfplay -> sync -> npz_export -> trainer -> gauntlet -> scheduler -> selfplay, and gauntlet ->
 * report, which is off the loop. */
enum { SELFPLAY, SYNC, EXPORT, TRAINER, GAUNTLET, SCHEDULER, REPORT, N };

static const char *const names[N] = {"selfplay", "sync",      "npz_export", "trainer",
                                     "gauntlet", "scheduler", "report"};
static const size_t flow[][2] = {{SELFPLAY, SYNC},    {SYNC, EXPORT},        {EXPORT, TRAINER},
                                 {TRAINER, GAUNTLET}, {GAUNTLET, SCHEDULER}, {SCHEDULER, SELFPLAY},
                                 {GAUNTLET, REPORT}};
enum { N_FLOW = sizeof flow / sizeof flow[0], NOW = 1000000 };

static struct conf_stage nodes[N];
static struct graph_edge edges[N_FLOW];
static const struct graph graph = {nodes, N, edges, N_FLOW, NULL};
static struct why_stage stages[N];
static struct why_view view;

static void
set_up(void)
{
    memset(&view, 0, sizeof view);
    view.stages = stages;
    view.graph = &graph;
    view.now_ms = NOW;
    for (size_t i = 0; i < N; i++) {
        nodes[i] = (struct conf_stage){.is_enabled = true};
        stages[i] = (struct why_stage){.name = names[i],
                                       .state = SUP_READY,
                                       .text = "",
                                       .slot_taker = WHY_NONE,
                                       .room_of = WHY_NONE,
                                       .needs = WHY_NONE};
    }
    for (size_t i = 0; i < N_FLOW; i++) {
        edges[i] = (struct graph_edge){flow[i][0], flow[i][1], GRAPH_EVENT, "T", "T", false};
    }
}

static void
seed_backoff(void)
{
    stages[EXPORT].state = SUP_BACKOFF;
    stages[EXPORT].next_start_ms = NOW + 12000;
    stages[EXPORT].signal = 11;
}

static void
seed_failed(void)
{
    stages[SELFPLAY].state = SUP_FAILED;
    stages[SELFPLAY].code = 78;
    stages[SELFPLAY].text = "no such option";
}

static void
seed_stopped(void)
{
    stages[SYNC].state = SUP_DOWN;
}

static void
seed_disabled(void)
{
    stages[EXPORT].state = SUP_DOWN;
    stages[EXPORT].is_disabled = true;
    nodes[EXPORT].is_enabled = false;
}

static void
seed_working(void)
{
    stages[SELFPLAY].type = "SELFPLAY_REQUESTED";
    stages[SELFPLAY].since_ms = NOW - 90000;
}

static void
seed_dependency(void)
{
    stages[SCHEDULER].state = SUP_WAITING;
    stages[SCHEDULER].needs = REPORT;
    stages[REPORT].state = SUP_STARTING;
}

static void
seed_slots(void)
{
    stages[EXPORT].ready = 3;
    stages[EXPORT].slot = "cpu";
    stages[EXPORT].slot_taker = SELFPLAY;
    seed_working();
}

static void
seed_room(void)
{
    stages[REPORT].depth = 100000;
    stages[REPORT].high = 100000;
    stages[REPORT].ready = 100000;
    stages[REPORT].type = "GAUNTLET_DONE";
    stages[REPORT].since_ms = NOW - 1000;
    stages[GAUNTLET].ready = 7;
    stages[GAUNTLET].room_of = REPORT;
}

static void
seed_retry(void)
{
    stages[TRAINER].delayed = 1;
    stages[TRAINER].due_ms = NOW + 4000;
}

static void
seed_store(void)
{
    view.store = "the disk is full";
    stages[TRAINER].ready = 1;
}

static void
seed_nothing(void)
{
}

static void
seed_ending(void)
{
    stages[GAUNTLET].state = SUP_KILLING;
}

static void
test_reasons(void)
{
    static const struct {
        const char *what;
        void (*seed)(void);
        size_t asked;
        enum why_reason reason;
        size_t root; /* stage that must be named as the last one */
        const char *text;
    } rows[] = {
        {"a producer in backoff", seed_backoff, TRAINER, WHY_EMPTY, EXPORT,
         "waits: its queue is empty; npz_export is in backoff, starts again in 12s; its worker "
         "ended by signal SEGV"},
        {"a producer far upstream that has failed", seed_failed, GAUNTLET, WHY_EMPTY, SELFPLAY,
         "waits: its queue is empty; selfplay will not be started again; its worker ended with "
         "status 78: no such option"},
        {"a producer that the operator has stopped", seed_stopped, TRAINER, WHY_EMPTY, SYNC,
         "waits: its queue is empty; sync was stopped; `rrctl start sync` starts it"},
        {"a producer that is not enabled", seed_disabled, TRAINER, WHY_EMPTY, EXPORT,
         "waits: its queue is empty; npz_export is not enabled"},
        {"a producer that is at work", seed_working, SYNC, WHY_EMPTY, SELFPLAY,
         "waits: its queue is empty; selfplay handles SELFPLAY_REQUESTED for 1min 30s"},
        {"a producer that waits for a dependency", seed_dependency, SELFPLAY, WHY_EMPTY, REPORT,
         "waits: its queue is empty; scheduler waits until report has started; report gets ready"},
        {"slots that another stage has", seed_slots, EXPORT, WHY_SLOTS, SELFPLAY,
         "waits for slots \"cpu\"; selfplay handles SELFPLAY_REQUESTED for 1min 30s"},
        {"no room in the queue of a slow consumer", seed_room, GAUNTLET, WHY_ROOM, REPORT,
         "waits for room in the queue of report, which has 100000 events (queue_high 100000); "
         "report handles GAUNTLET_DONE for 1s"},
        {"a retry later", seed_retry, TRAINER, WHY_RETRY, TRAINER,
         "tries its next event again in 4s"},
        {"a store that takes nothing", seed_store, TRAINER, WHY_STORE, TRAINER,
         "waits for the store: the disk is full"},
        {"nothing to do anywhere", seed_nothing, SELFPLAY, WHY_EMPTY, SELFPLAY,
         "waits: its queue is empty, and so are those of all stages before it"},
        {"a producer that is being ended", seed_ending, REPORT, WHY_EMPTY, GAUNTLET,
         "waits: its queue is empty; gauntlet is being ended"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct why why;

        set_up();
        rows[i].seed();
        why_ask(&view, rows[i].asked, &why);
        ok(why.reason == rows[i].reason && why.steps[why.n_steps - 1] == rows[i].root,
           "N2 %s: reason and stage", rows[i].what);
        is_str(why.text, rows[i].text, rows[i].what);
    }
    set_up();
    stages[TRAINER].ready = stages[GAUNTLET].ready = 1;
    stages[TRAINER].slot = stages[GAUNTLET].slot = "gpu";
    stages[TRAINER].slot_taker = GAUNTLET;
    stages[GAUNTLET].slot_taker = TRAINER;
    struct why why;

    why_ask(&view, TRAINER, &why);
    is_int((int64_t)why.n_steps, 2, "a circle is followed once");
    for (size_t at = 0; at < 2; at++) {
        char text[200] = "x";

        seed_failed();
        for (size_t i = at; i < 199; i++) {
            text[i] = i % 2 == at ? '\xc3' : '\xbc';
        }
        stages[SELFPLAY].text = text;
        why_ask(&view, SELFPLAY, &why);
        ok(text_is_utf8(why.text, strlen(why.text)), "a long text of a worker is cut as UTF-8");
    }
}

/* Who waits, as text: "selfplay>sync …". */
static const char *
waits(const bool *is_full)
{
    static char text[300];
    size_t on[N];
    size_t n = 0;

    room_decide(&graph, is_full, on);
    text[0] = '\0';
    for (size_t i = 0; i < N; i++) {
        if (on[i] != ROOM_FREE) {
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s>%s", n == 0 ? "" : " ", names[i],
                                  names[on[i]]);
        }
    }
    return text;
}

/* No set of stages waits for one another, whatever is full. */
static bool
has_circle(const size_t *on)
{
    for (size_t i = 0; i < N; i++) {
        size_t at = i;

        for (size_t k = 0; k <= N && at != ROOM_FREE; k++) {
            at = on[at];
        }
        if (at != ROOM_FREE) {
            return true;
        }
    }
    return false;
}

static void
test_room(void)
{
    bool is_full[N] = {false};
    size_t bad = 0;

    set_up();
    is_str(waits(is_full), "", "nobody waits while there is room");
    is_full[REPORT] = true;
    is_str(waits(is_full), "gauntlet>report", "the producer of a full queue waits");
    is_full[GAUNTLET] = true;
    is_str(waits(is_full), "trainer>gauntlet gauntlet>report", "waits add up to a chain");
    for (size_t i = 0; i < N; i++) {
        is_full[i] = i != REPORT;
    }
    is_str(waits(is_full), "", "in a full circle nobody waits");
    is_full[REPORT] = true;
    is_str(waits(is_full), "gauntlet>report", "but for what is off it");
    for (unsigned mask = 0; mask < 1u << N; mask++) {
        size_t on[N];

        for (size_t i = 0; i < N; i++) {
            is_full[i] = (mask >> i & 1) != 0;
        }
        room_decide(&graph, is_full, on);
        bad += has_circle(on);
    }
    is_int((int64_t)bad, 0, "no set of full queues makes a circle of waits");

    ok(!room_is_full(false, 9, 10, 5) && room_is_full(false, 10, 10, 5), "full at the high mark");
    ok(room_is_full(true, 6, 10, 5) && !room_is_full(true, 5, 10, 5), "until the low one");
    ok(!room_is_full(true, 1000, 0, 0), "without a mark never");
}

int
main(void)
{
    test_reasons();
    test_room();
    return tap_done();
}
