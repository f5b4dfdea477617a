/* SPDX-License-Identifier: MIT */
/*
 * R15: the store has grown to store_size. New events wait; what is handled can be ended, and that
 * makes room.
 */
#include "tests/reliability/store_rig.h"

enum { MAP_BYTES = 16 << 20, QUEUED = 3000 }; /* the smallest store_size */

/* Add something small in an operation, number 0 and on; 0 or why not. */
typedef int (*add_fn)(struct store *st, int number);

static int
add_event(struct store *st, int number)
{
    return rig_append(st, "q", QUEUED + 4 * number, 4);
}

static int
add_key(struct store *st, int number)
{
    struct store_op *op = store_op_new();
    char name[16];

    for (int i = 0; i < 4; i++) {
        (void)snprintf(name, sizeof name, "k%d", 4 * number + i);
        store_op_text(op, STORE_KEY, "q", name, "the quick brown fox jumps over the lazy dog");
    }
    return rig_do(st, op, NULL);
}

static uint64_t first_id;

static int
add_replay(struct store *st, int number)
{
    struct store_op *op = store_op_new();

    store_op_replay(op, number < QUEUED ? "again" : "and again",
                    first_id + (uint64_t)(number % QUEUED));
    return rig_do(st, op, NULL);
}

/* Whatever fills the map as fast as it can, with nobody looking at it meanwhile: acknowledgements
 * keep their room, those that change a key, too. */
static void
test_reserve(add_fn add, const char *what)
{
    struct store_op *op;
    struct store_item item;
    struct store *st;
    int added = 0;
    int ended = 0;

    rig_fresh("map");
    if (!ok(rig_open_as("map",
                        &(struct store_conf){.map_bytes = MAP_BYTES, .retain_events = 1000000},
                        &st) == 0,
            "R15 a store of 16 MiB")) {
        return;
    }
    op = store_op_new();
    for (int i = 0; i < QUEUED; i++) {
        static const char *const queue[] = {"q"};

        rig_add(op, i, queue, 1);
    }
    (void)rig_do(st, op, &first_id);
    if (add == add_replay) { /* which does not bring so much: fill up to the mark with something */
        while (rig_append(st, "other", 10 * QUEUED + added, 10) == 0) {
            added += 10;
        }
        added = 0;
    }
    while (added < 200000 && add(st, added) == 0) {
        added++;
    }
    ok(rig_rc == -ENOSPC, "R15 %s are refused in the end (after %d)", what, added);
    for (; rig_next(st, "q", &item) == 0; ended++) {
        op = store_op_new();
        store_op_take(op, "q", &item, true);
        if (ended % 2 == 0 && add != add_key) {
            store_op_text(op, STORE_KEY, "q", "cursor", "the last one");
        }
        if (rig_do(st, op, NULL) != 0) {
            diag("%s", rig_err.text);
            break;
        }
    }
    ok(ended >= QUEUED, "R15 and events can be ended (%d)", ended);
    store_close(st);
}

static int told;

static void
on_told(void *arg, const struct store_result *r)
{
    (void)arg;
    told = r->rc == 0 ? 1 : r->rc;
}

/* What a worker adds waits for room, also when it is the first to find none. */
static void
test_patience(void)
{
    static const char *const queue[] = {"q"};
    static char payload[60000];
    struct store_event ev = {.type = "T_RIG", .source = "rig", .config = "", .payload = payload};
    struct rr_err why = RR_ERR_INIT;
    struct store *st;

    (void)snprintf(payload, sizeof payload, "{\"text\":\"%058000d\"}", 0);
    rig_fresh("map");
    if (rig_open_as("map", &(struct store_conf){.map_bytes = 1 << 20, .retain_events = 2}, &st) !=
        0) {
        ok(false, "R15 a store of 1 MiB");
        return;
    }
    for (int i = 0; i < 40; i++) {
        struct store_op *op = store_op_new();

        store_op_append(op, &ev, queue, 1);
        store_op_wait(op);
        told = 0;
        store_submit(st, op, on_told, NULL);
        for (int k = 0; k < 200 && told == 0; k++) {
            (void)usleep(1000);
            store_finish(st);
        }
        if (told != 1) {
            break;
        }
    }
    is_int(told, 0, "R15 what a worker adds waits for room, it is not refused");
    for (struct store_item item; rig_next(st, "q", &item) == 0;) {
        struct store_op *op = store_op_new();

        store_op_take(op, "q", &item, true);
        rig_rc = 1;
        store_submit(st, op, rig_told, NULL);
        while (rig_rc == 1) {
            (void)usleep(1000);
            store_finish(st);
        }
    }
    for (int k = 0; k < 5000 && told == 0; k++) {
        (void)usleep(1000);
        (void)store_tick(st, &why);
        store_finish(st);
    }
    is_int(told, 1, "R15 and is stored when there is some");
    store_close(st);
}

/* The store is full of events that nobody needs. To keep fewer of them is one way out. */
static void
test_retain(void)
{
    struct store_conf conf = {.map_bytes = MAP_BYTES, .retain_events = 1000000};
    struct rr_err why = RR_ERR_INIT;
    struct store *st;
    int stored = 0;
    int ticks = 0;

    rig_fresh("map");
    for (int i = 0; i < 2; i++) {
        if (rig_open_as("map", &conf, &st) != 0) {
            ok(false, "R15 a store of 16 MiB");
            return;
        }
        while (i == 0 && rig_append(st, "q", stored, 10) == 0) {
            (void)rig_end_some(st, "q", 10, true);
            stored += 10;
        }
        while (i == 1 && store_tick(st, &why) && ticks < 100) {
            store_drain(st);
            ticks++;
        }
        ok(store_tick(st, &why) == (i == 0), "R15 %s %s",
           i == 0 ? "a store full of old events" : "with a lower retain_events it has room again",
           why.text);
        store_close(st);
        conf.retain_events = 100;
    }
}

int
main(void)
{
    const int rounds = rig_count(2, 20);
    struct rr_err why = RR_ERR_INIT;
    struct store_item item;
    struct store *st;
    int wrong = 0;
    int stored = 0;
    int ended = 0;

    if (!rig_begin_fast()) {
        return 1;
    }
    rig_fresh("map");
    if (!ok(rig_open_as("map", &(struct store_conf){.map_bytes = 4u << 20, .retain_events = 100},
                        &st) == 0,
            "R15 a store of 4 MiB")) {
        return rig_end();
    }
    for (int r = 0; r < rounds; r++) {
        while (!store_tick(st, &why)) {
            wrong += rig_append(st, "q", stored, 10) != 0;
            stored += 10;
        }
        wrong += strstr(why.text, "store_size") == NULL;
        wrong += rig_append(st, "q", -1 - r, 1) != -ENOSPC;
        while (rig_next(st, "q", &item) == 0) {
            struct store_op *op = store_op_new();

            store_op_take(op, "q", &item, true);
            if (rig_do(st, op, NULL) != 0) {
                diag("%s", rig_err.text);
                wrong++;
                break;
            }
            ended++;
            if (ended % 500 > 50) { /* the rest faster */
                const int n = rig_end_some(st, "q", 200, false);

                if (n < 0) {
                    diag("%s", rig_err.text);
                    wrong++;
                    break;
                }
                ended += n;
            }
        }
    }
    is_int(wrong, 0, "R15 new events stop at the limit, acknowledgements never do");
    is_int(ended, stored, "R15 every event was ended");
    ok(!store_tick(st, &why), "R15 then there is room again %s", why.text);
    store_close(st);
    test_reserve(add_event, "events");
    test_reserve(add_key, "keys");
    test_reserve(add_replay, "replays");
    test_patience();
    test_retain();
    return rig_end();
}
