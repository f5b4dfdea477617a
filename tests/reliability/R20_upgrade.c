/* SPDX-License-Identifier: MIT */
/*
 * R20: a store of each released format is upgraded with all that is in it.
 *
 * tests/data/store-1/data.mdb.gz was written by the code of format 1: 20 events of two types, each
 * the child of the one before, in the queues of two stages, one buried, one delayed, one handled.
 * store-2 is the same after the code of format 2 has opened it and one more was handled.
 */
#include "tests/reliability/store_rig.h"

#include <zlib.h>

static bool
unpack(const char *from, const char *to)
{
    static uint8_t buffer[1 << 16];
    gzFile in = gzopen(from, "rb");
    FILE *out = fopen(to, "wb");
    int n = 0;

    while (in != NULL && out != NULL && (n = gzread(in, buffer, sizeof buffer)) > 0) {
        (void)fwrite(buffer, 1, (size_t)n, out);
    }
    if (in != NULL) {
        (void)gzclose(in);
    }
    if (out != NULL) {
        (void)fclose(out);
        (void)chmod(to, 0600);
    }
    return in != NULL && out != NULL && n == 0;
}

static bool
count_events(void *arg, uint64_t id, const char *text, size_t n)
{
    (void)id;
    (void)n;
    *(int *)arg += text != NULL;
    return true;
}

static bool
count_children(void *arg, uint64_t id)
{
    *(uint64_t *)arg = *(uint64_t *)arg * 1000 + (id & 0xffff);
    return true;
}

static bool
count_facts(void *arg, const char *stage, const struct store_fact *fact)
{
    (void)stage;
    *(int *)arg += fact->outcome == STORE_DONE;
    return true;
}

/* handled: by the trainer, of its six. */
static void
look(struct store *st, int start, int handled)
{
    struct store_counts c;
    struct store_item item;
    char *text = NULL;
    uint64_t children = 0;
    int events = 0;

    is_int((int64_t)store_start(st), start, "R20 its starts are counted on");
    (void)store_events(st, 0, count_events, &events, &rig_err);
    is_int(events, 20, "R20 all events can be read");
    (void)store_counts(st, "selfplay", &c, &rig_err);
    ok(c.ready == 11 && c.delayed == 1 && c.buried == 1, "R20 selfplay has 11, 1, 1 entries");
    (void)store_counts(st, "trainer", &c, &rig_err);
    is_int((int64_t)c.ready, 6 - handled, "R20 trainer has the rest of its entries");
    is_int((int64_t)c.done_total, handled, "R20 and knows how many it has handled");
    ok(store_find(st, "selfplay", UINT64_C(1) << 40 | 2, &item, &rig_err) == 0 &&
           item.state == STORE_BURIED && item.item.attempts == 5 &&
           strcmp(item.item.error, "it broke five times") == 0,
       "R20 the buried event has its history");
    ok(store_text_new(st, STORE_KEY, "trainer", "generation", &text, &rig_err) == 0 &&
           strcmp(text, "17") == 0,
       "R20 the durable key is there");
    free(text);
    ok(store_text_new(st, STORE_HIST, "trainer", "", &text, &rig_err) == 0 &&
           strstr(text, "\"restarts\":3") != NULL,
       "R20 so are the deaths");
    free(text);
    (void)store_children(st, UINT64_C(1) << 40 | 7, count_children, &children, &rig_err);
    is_int((int64_t)children, 8, "R20 event 7 caused event 8: the lineage was indexed");
}

/* Nothing is needed but what a queue has: with room for one event all others can go. */
static void
prune(struct store *st, int starts)
{
    struct store_counts c;
    int events = 0;
    uint64_t id = 0;

    for (int i = 0; i < 40; i++) {
        struct store_op *op = store_op_new();

        rig_add(op, 100 + i, NULL, 0);
        ok(rig_do(st, op, &id) == 0 && id >> 40 == (uint64_t)starts, "R20 it goes on (%d)", i);
    }
    (void)store_events(st, 0, count_events, &events, &rig_err);
    (void)store_counts(st, "selfplay", &c, &rig_err);
    ok(events >= (int)c.ready + 2 && events < 20 + 40, "R20 old events go, %d stay", events);
    ok(c.ready == 11 && c.delayed == 1 && c.buried == 1, "R20 and none that a queue has");
}

static bool
has_event(void *arg, const char *queue, const struct store_item *item)
{
    char *text = NULL;

    (void)queue;
    ok(store_event_new(arg, item->id, &text, &rig_err) == 0, "R20 event %llu of an entry is there",
       (unsigned long long)(item->id & 0xffff));
    free(text);
    return true;
}

static void
upgrade(const char *name, int starts, int handled)
{
    struct store *st;
    char path[300];
    char fixture[600];
    int facts = 0;

    (void)snprintf(fixture, sizeof fixture, "%s/tests/data/%s/data.mdb.gz", getenv("RR_SRCDIR"),
                   name);
    rig_fresh(name);
    rig_path(path, sizeof path, name, "data.mdb");
    ok(unpack(fixture, path), "R20 %s", name);
    if (ok(rig_open(name, &st) == 0, "R20 is opened %s", rig_err.text)) {
        look(st, starts, handled);
        (void)store_facts(st, UINT64_C(1) << 40 | 6, count_facts, &facts, &rig_err);
        is_int(facts, handled - 1, "R20 what is known of how events were handled stays");
        store_close(st);
    }
    rig_retain = 5;
    if (ok(rig_open(name, &st) == 0, "R20 it is opened again %s", rig_err.text)) {
        look(st, starts + 1, handled);
        prune(st, starts + 1);
        (void)store_items(st, "selfplay", NULL, has_event, st, &rig_err);
        store_close(st);
    }
    rig_retain = 100000;
}

int
main(void)
{
    if (!rig_begin()) {
        return 1;
    }
    upgrade("store-1", 2, 1);
    upgrade("store-2", 3, 2);
    return rig_end();
}
