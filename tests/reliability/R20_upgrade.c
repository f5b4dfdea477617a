/* SPDX-License-Identifier: MIT */
/*
 * R20: a store of each released format is upgraded with all that is in it.
 *
 * tests/data/store-1/data.mdb.gz was written by the code of format 1: 20 events of two types, each
 * the child of the one before, in the queues of two stages, one buried, one delayed, one handled.
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

static void
look(struct store *st, int start)
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
    ok(c.ready == 5 && c.done_total == 1, "R20 trainer has 5 entries, and one was handled");
    ok(store_find(st, "selfplay", UINT64_C(1) << 40 | 2, &item, &rig_err) == 0 &&
           item.state == STORE_BURIED && item.item.attempts == 5 &&
           strcmp(item.item.error, "it broke five times") == 0,
       "R20 the buried event has its history");
    ok(store_get_new(st, "trainer", "generation", &text, &rig_err) == 0 && strcmp(text, "17") == 0,
       "R20 the durable key is there");
    free(text);
    ok(store_hist_new(st, "trainer", &text, &rig_err) == 0 &&
           strstr(text, "\"restarts\":3") != NULL,
       "R20 so are the deaths");
    free(text);
    (void)store_children(st, UINT64_C(1) << 40 | 7, count_children, &children, &rig_err);
    is_int((int64_t)children, 8, "R20 event 7 caused event 8: the lineage was indexed");
}

int
main(void)
{
    static const char *const queue[] = {"trainer"};
    struct store *st;
    char path[300];
    char fixture[600];
    uint64_t id = 0;

    (void)snprintf(fixture, sizeof fixture, "%s/tests/data/store-1/data.mdb.gz",
                   getenv("RR_SRCDIR"));
    if (!rig_begin()) {
        return 1;
    }
    rig_fresh("old");
    rig_path(path, sizeof path, "old", "data.mdb");
    ok(unpack(fixture, path), "R20 a store of format 1");
    if (ok(rig_open("old", &st) == 0, "R20 is opened %s", rig_err.text)) {
        look(st, 2);
        struct store_op *op = store_op_new();
        rig_add(op, 1, queue, 1);
        ok(rig_do(st, op, &id) == 0 && id >> 40 == 2, "R20 and goes on");
        store_close(st);
    }
    if (ok(rig_open("old", &st) == 0, "R20 as format 2 it is opened again %s", rig_err.text)) {
        struct store_counts c;
        (void)store_counts(st, "trainer", &c, &rig_err);
        is_int((int64_t)c.ready, 6, "R20 with what came since");
        store_close(st);
    }
    return rig_end();
}
