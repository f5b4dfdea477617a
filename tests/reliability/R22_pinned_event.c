/* SPDX-License-Identifier: MIT */
/*
 * R22: one old event stays in a queue for ever while many others pass. It pins nothing: the file
 * grows with what is kept, not with what has passed.
 */
#include "tests/reliability/store_rig.h"

static bool
count_event(void *arg, uint64_t id, const char *text, size_t n)
{
    (void)id;
    (void)text;
    (void)n;
    ++*(int *)arg;
    return true;
}

static int
stored(struct store *st)
{
    int n = 0;

    (void)store_events(st, 0, count_event, &n, &rig_err);
    return n;
}

/* A stage stands still and has more events than are retained: those of the others are kept for as
 * long as without it. */
static void
test_backlog(void)
{
    enum { BACKLOG = 300, RETAIN = 100 };
    struct store *st;

    rig_fresh("backlog");
    if (rig_open_as("backlog", &(struct store_conf){.map_bytes = RIG_MAP, .retain_events = RETAIN},
                    &st) != 0) {
        ok(false, "R22 a store with a backlog");
        return;
    }
    (void)rig_append(st, "old", 0, BACKLOG);
    for (int i = 0; i < 5; i++) {
        (void)rig_append(st, "passing", 1000 + 10 * i, 10);
        (void)rig_end_some(st, "passing", 10, true);
    }
    is_int(stored(st), BACKLOG + 50, "R22 behind a backlog events are retained");
    for (int i = 5; i < 50; i++) {
        (void)rig_append(st, "passing", 1000 + 10 * i, 10);
        (void)rig_end_some(st, "passing", 10, true);
    }
    is_int(stored(st), BACKLOG + RETAIN, "R22 no more of them than there are to be");
    (void)rig_end_some(st, "old", BACKLOG, true);
    is_int(stored(st), RETAIN, "R22 and the backlog goes when it is handled");
    (void)rig_append(st, "passing", 5000, 10);
    is_int(stored(st), RETAIN, "R22 then all is as without one");
    store_close(st);
}

int
main(void)
{
    static const char *const old[] = {"old"};
    const int n = rig_count(20000, 500000);
    struct store *st;
    char *text = NULL;
    uint64_t pinned = 0;
    long before = 0;
    int wrong = 0;

    if (!rig_begin()) {
        return 1;
    }
    rig_fresh("pin");
    if (!ok(rig_open_as("pin",
                        &(struct store_conf){.map_bytes = UINT64_C(4) << 30, .retain_events = 500},
                        &st) == 0,
            "R22 a store")) {
        return rig_end();
    }
    struct store_op *op = store_op_new();

    rig_add(op, 0, old, 1);
    (void)rig_do(st, op, &pinned);
    for (int i = 1; i <= n; i += 100) {
        wrong += rig_append(st, "passing", i, 100) != 0;
        wrong += rig_end_some(st, "passing", 1000, true) != 100;
        if (i <= n / 10 && i + 100 > n / 10) {
            before = rig_size("pin");
        }
    }
    is_int(wrong, 0, "R22 everything passes");
    ok(store_event_new(st, pinned, &text, &rig_err) == 0, "R22 the old event is there");
    free(text);
    const long traffic = (long)n * 250; /* bytes of events that passed */
    const long growth = rig_size("pin") - before;

    ok(before > 0 && growth < traffic / 20, "R22 the file grew by %ld bytes while %ld passed",
       growth, traffic);
    store_close(st);
    test_backlog();
    return rig_end();
}
