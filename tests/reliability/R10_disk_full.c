/* SPDX-License-Identifier: MIT */
/*
 * R10: the disk fills up. New events wait, what is being handled can be ended, everything goes on
 * when there is room again; and whatever write fails, what was promised is there.
 */
#include "tests/fake/disk.h"
#include "tests/reliability/store_rig.h"

enum { RESERVE = 256 << 10 };

static const char *const queue[] = {"q"};

static int
open_with_reserve(struct store **out)
{
    static char path[300];

    rig_path(path, sizeof path, "full", "");
    disk.dir = path;
    return rig_open_as("full",
                       &(struct store_conf){.map_bytes = 1u << 30, /* never the limit */
                                            .retain_events = 100000,
                                            .reserve_bytes = RESERVE},
                       out);
}

static int told;

static void
on_told(void *arg, const struct store_result *r)
{
    (void)arg;
    told = r->rc == 0 ? 1 : r->rc;
}

/* Append until there is no room; returns how many events were stored. */
static int
fill(struct store *st)
{
    struct rr_err why = RR_ERR_INIT;
    int n = 0;

    while (n < 100000 && !store_tick(st, &why)) {
        struct store_op *op = store_op_new();

        for (int i = 0; i < 20; i++) {
            rig_add(op, rand(), queue, 1);
        }
        if (rig_do(st, op, NULL) != 0) {
            break;
        }
        n += 20;
    }
    return n;
}

/* End events until none is left or one cannot be ended; returns how many. */
static int
end_all(struct store *st, int most)
{
    struct store_item item;
    int n = 0;

    while (n < most && rig_next(st, "q", &item) == 0) {
        struct store_op *op = store_op_new();

        store_op_take(op, "q", &item, true);
        store_op_text(op, STORE_KEY, "q", "cursor", "the last one");
        if (rig_do(st, op, NULL) != 0) {
            diag("after %d: %s", n, rig_err.text);
            break;
        }
        n++;
    }
    return n;
}

static void
test_fills(void)
{
    const int rounds = rig_count(5, 200);
    struct rr_err why = RR_ERR_INIT;
    struct store *st;
    int wrong = 0;

    rig_fresh("full");
    disk.capacity = 3 << 20;
    if (!ok(open_with_reserve(&st) == 0, "R10 a store on a disk of 3 MiB %s", rig_err.text)) {
        return;
    }
    for (int i = 0; i < rounds; i++) {
        struct store_op *op = store_op_new();
        const int stored = fill(st);

        wrong += stored == 0 && i == 0;
        if (!store_tick(st, &why) || strstr(why.text, "disk_reserve") == NULL) {
            wrong++;
        }
        rig_add(op, 1, queue, 1);
        wrong += rig_do(st, op, NULL) != -ENOSPC; /* the operator hears it at once */
        op = store_op_new();
        store_op_wait(op);
        rig_add(op, 1000000 + i, queue, 1);
        told = 0;
        store_submit(st, op, on_told, NULL);
        /* acknowledgements work while the disk is full, and the one that waits lets them pass */
        for (int k = 0; k < 200; k++) {
            struct store_item item;

            if (rig_next(st, "q", &item) != 0) {
                break;
            }
            struct store_op *end = store_op_new();
            store_op_take(end, "q", &item, true);
            store_submit(st, end, rig_told, NULL);
            rig_rc = 1;
            while (rig_rc == 1) {
                store_finish(st);
            }
            wrong += rig_rc != 0;
        }
        wrong += told != 0 || store_is_idle(st);
        disk.capacity += 1 << 20; /* somebody makes room */
        wrong += store_tick(st, &why);
        store_drain(st);
        wrong += told != 1;
    }
    is_int(wrong, 0, "R10 the store fills up and goes on again, several times");
    int ended = end_all(st, 300); /* one by one, then faster */

    wrong = ended == 300 ? 0 : -1;
    while (ended > 0) {
        ended = rig_end_some(st, "q", 100, false);
    }
    ok(wrong == 0 && ended == 0, "R10 in the end all events can be ended %s", rig_err.text);
    told = 0;
    disk.capacity = 0;
    (void)store_tick(st, &why);
    struct store_op *op = store_op_new();

    store_op_wait(op);
    rig_add(op, 2000000, queue, 1);
    store_submit(st, op, on_told, NULL);
    store_hurry(st);
    store_drain(st);
    is_int(told, -ENOSPC, "R10 at the end of the daemon what waits is refused");
    store_close(st);
}

/* The disk is full without the store having seen it come: another program has filled it. */
static void
test_ballast(void)
{
    static char text[8 << 10];
    struct store *st;
    int n;

    rig_fresh("full");
    disk.capacity = 64 << 20;
    if (!ok(open_with_reserve(&st) == 0, "R10 a store with a ballast %s", rig_err.text)) {
        return;
    }
    struct rr_err why = RR_ERR_INIT;
    (void)store_tick(st, &why);
    for (int i = 0; i < 50; i++) {
        (void)rig_append(st, "q", 3000000 + 20 * i, 20);
    }
    disk.capacity = 0; /* what is written over stays possible, growing is not */
    char path[300];
    struct stat sb;

    rig_path(path, sizeof path, "full", "ballast");
    ok(stat(path, &sb) == 0 && sb.st_size == RESERVE / 4, "R10 which has its size");
    disk.capacity = 0;
    /* giving the ballast up makes room for that many bytes */
    rig_path(path, sizeof path, "full", "data.mdb");
    (void)stat(path, &sb);
    disk.capacity = (uint64_t)sb.st_size + RESERVE / 4;
    rig_path(path, sizeof path, "full", "ballast");
    memset(text, 'x', sizeof text - 1);
    for (n = 0; n < 200 && rig_rc == 0 && stat(path, &sb) == 0; n++) {
        struct store_item item;
        struct store_op *op = store_op_new();
        char name[16];

        (void)snprintf(name, sizeof name, "k%d", n);
        (void)rig_next(st, "q", &item);
        store_op_take(op, "q", &item, true);
        store_op_text(op, STORE_KEY, "q", name, text);
        (void)rig_do(st, op, NULL);
    }
    ok(rig_rc == 0 && stat(path, &sb) != 0, "R10 it is given up for an end that needs room (%d) %s",
       n, rig_rc == 0 ? "" : rig_err.text);
    n = end_all(st, 300);
    is_int(n, 300, "R10 on a disk that is full to the last byte events can be ended");
    store_close(st);
    disk.dir = NULL;
}

/* Of a large event only a part finds room: the write is cut short, which is no failure of the disk.
 */
static void
test_cut(void)
{
    static char payload[60000];
    const struct store_event ev = {
        .type = "T_RIG", .source = "rig", .config = "", .payload = payload};
    struct rr_err health = RR_ERR_INIT;
    struct store *st;
    char path[300];
    struct stat sb;
    int wrong = 0;

    (void)snprintf(payload, sizeof payload, "{\"text\":\"%058000d\"}", 0);
    for (uint64_t left = 1; left < 60; left += 7) { /* KiB */
        rig_fresh("full");
        disk.capacity = 64 << 20;
        if (open_with_reserve(&st) != 0) {
            wrong++;
            break;
        }
        wrong += rig_append(st, "q", 0, 150) != 0 || end_all(st, 50) != 50;
        wrong += store_tick(st, &health);
        rig_path(path, sizeof path, "full", "data.mdb");
        (void)stat(path, &sb);
        disk.capacity = (uint64_t)sb.st_size + RESERVE / 4 + (left << 10);
        struct store_op *op = store_op_new();

        store_op_append(op, &ev, queue, 1);
        wrong += rig_do(st, op, NULL) != -ENOSPC;
        wrong += store_health(st, &health) == RR_E_CORRUPT;
        wrong += end_all(st, 100) != 100;
        disk.capacity = 64 << 20;
        wrong += store_tick(st, &health) || rig_append(st, "q", 150, 1) != 0;
        store_close(st);
    }
    disk.dir = NULL;
    is_int(wrong, 0, "R10 a write that is cut short is a full disk, and not a broken one");
}

enum { TAKES = 12 };

static int next_write, second_write;

/* A disk that is full at the first write, and after some more once again. */
static void
full_again(int fd, const struct iovec *v, int n, off_t at)
{
    (void)fd;
    (void)v;
    (void)n;
    (void)at;
    if (++next_write == 1 || next_write == second_write) {
        disk.fails = DISK_WRITE;
        disk.after = 0;
        disk.times = 1;
        disk.error = ENOSPC;
    }
}

static void
on_taken(void *arg, const struct store_result *r)
{
    *(int *)arg = r->rc;
}

/* A batch finds no room and is written in steps, one of which finds none either: each operation is
 * told what happened to it. */
static void
test_steps(void)
{
    struct store *st;
    int wrong = 0;
    int failed = 0;

    for (second_write = 2; second_write < 60; second_write += 3) {
        struct store_item item = {0};
        int rc[TAKES];
        uint64_t ids[TAKES];
        struct store_op *op = store_op_new();

        disk.dir = NULL;
        rig_fresh("full");
        if (rig_open("full", &st) != 0) {
            wrong++;
            break;
        }

        for (int i = 0; i < TAKES; i++) {
            rig_add(op, second_write * 100 + i, queue, 1);
        }
        wrong += rig_do(st, op, &ids[0]) != 0;
        next_write = 0;
        disk.is_held = true; /* a first commit, during which the others gather */
        op = store_op_new();
        store_op_text(op, STORE_KEY, "q", "cursor", "a step");
        store_submit(st, op, NULL, NULL);
        for (int i = 0; i < TAKES; i++) {
            ids[i] = ids[0] + (uint64_t)i;
            wrong += store_find(st, "q", ids[i], &item, &rig_err) != 0;
            op = store_op_new();
            store_op_take(op, "q", &item, true);
            rc[i] = 1;
            store_submit(st, op, on_taken, &rc[i]);
        }
        disk.on_write = full_again;
        disk.is_held = false;
        store_drain(st);
        disk.on_write = NULL;
        disk.times = 0;
        store_close(st);
        if (rig_open("full", &st) != 0) {
            wrong++;
            break;
        }
        for (int i = 0; i < TAKES; i++) {
            const bool is_there = store_find(st, "q", ids[i], &item, &rig_err) == 0;

            wrong += is_there != (rc[i] != 0);
            failed += rc[i] != 0;
        }
        store_close(st);
    }
    is_int(wrong, 0, "R10 of a batch in steps each operation is told its own result");
    ok(failed > 0, "R10 and some of them did fail (%d)", failed);
}

/* The n-th write fails, for every n: what was told to be durable is there after a restart, all of
 * an operation or nothing. */
static void
test_each_write(int error, const char *what)
{
    const int n = rig_count(40, 400);
    int lost = 0;
    int torn = 0;
    int failed = 0;

    disk.dir = NULL;
    for (int i = 0; i < n; i++) {
        bool promised[30] = {false};
        struct store *st;

        rig_fresh("each");
        disk.fails = DISK_NONE;
        if (rig_open("each", &st) != 0) {
            continue;
        }
        disk.fails = DISK_WRITE;
        disk.after = i % 60;
        disk.times = 1 + i % 3;
        disk.error = error;
        for (int k = 0; k < 30; k++) {
            struct store_op *op = store_op_new();
            char name[16];

            (void)snprintf(name, sizeof name, "k%d", k);
            rig_add(op, k, queue, 1);
            store_op_text(op, STORE_KEY, "q", name, "with it");
            promised[k] = rig_do(st, op, NULL) == 0;
            failed += !promised[k];
        }
        disk.fails = DISK_NONE;
        store_close(st);
        if (rig_open("each", &st) != 0) {
            diag("%s", rig_err.text);
            lost++;
            continue;
        }
        for (int k = 0; k < 30; k++) {
            static const char *const none[] = {NULL};
            struct store_op *op = store_op_new();
            char name[16];
            char *text = NULL;
            uint64_t id = 1;

            (void)snprintf(name, sizeof name, "k%d", k);
            const bool has_put = store_text_new(st, STORE_KEY, "q", name, &text, &rig_err) == 0;
            rig_add(op, k, none, 0);
            (void)rig_do(st, op, &id);
            const bool has_event = id == 0; /* its key is known */

            lost += promised[k] && !has_put;
            torn += has_put != has_event;
            free(text);
        }
        store_close(st);
    }
    ok(lost == 0 && torn == 0,
       "R10 %s at any write: nothing promised is lost, nothing is half there", what);
    ok(failed > 0 || error == 0, "R10 and some operations did fail by it (%d)", failed);
}

int
main(void)
{
    if (!rig_begin()) {
        return 1;
    }
    test_fills();
    test_ballast();
    test_cut();
    test_steps();
    test_each_write(ENOSPC, "ENOSPC");
    test_each_write(0, "a short write");
    return rig_end();
}
