/* SPDX-License-Identifier: MIT */
/*
 * fuzz_store.c - a store whose records say anything: opened, read, worked on. It may refuse, repair
 * or set aside; it does not crash, and each refusal has a reason.
 *
 * An input is a list of records, each [table][length of key][length of data, 2 bytes][key][data].
 * The bit 0x80 of the table leaves out the head with the checksum, so that it is in the data; all
 * others are sealed as the store does it.
 */
#include "core/rrd/store_int.h"
#include "tests/fuzz/fuzz.h"
#include "tests/reliability/store_rig.h"

/* The disk is not what is tried here. */
int
fdatasync(int fd)
{
    (void)fd;
    return 0;
}

int
fsync(int fd)
{
    (void)fd;
    return 0;
}

static void
tear_down(void)
{
    rig_remove(rig_dir);
}

static void
put_records(struct store *st, const uint8_t *data, size_t size)
{
    struct rr_err err = RR_ERR_INIT;

    check(store_begin(st, &err) == 0);
    while (size >= 4) {
        const enum store_table t = (data[0] & 0x7f) % T_COUNT;
        struct store_key key = {0};
        size_t key_n = data[1];
        size_t n = (size_t)data[2] << 8 | data[3];
        const bool is_raw = (data[0] & 0x80) != 0;

        data += 4;
        size -= 4;
        key_n = key_n < size ? key_n : size;
        n = n < size - key_n ? n : size - key_n;
        if (key_n > 0 && is_raw) {
            MDB_val k = {key_n, (void *)(uintptr_t)data};
            MDB_val v = {n, (void *)(uintptr_t)(data + key_n)};

            (void)mdb_put(st->op, st->dbi[t], &k, &v, 0);
        } else if (key_n > 0) {
            store_key_add(&key, data, key_n);
            (void)store_set(st, t, &key, data + key_n, n, &err);
        }
        data += key_n + n;
        size -= key_n + n;
    }
    check(store_end(st, 0, &err) == 0);
}

static bool
look_at_fact(void *arg, const char *stage, const struct store_fact *fact)
{
    (void)arg;
    (void)fact;
    return strlen(stage) < 1000;
}

static bool
look_at_child(void *arg, uint64_t id)
{
    (void)arg;
    (void)id;
    return true;
}

static bool
look_at_event(void *arg, uint64_t id, const char *text, size_t n)
{
    struct store *st = arg;
    struct rr_err err = RR_ERR_INIT;
    char *copy = NULL;

    check(text == NULL || strlen(text) >= n || text[n] != '\0' || n > 0);
    if (store_event_new(st, id, &copy, &err) != 0) {
        check(err.text[0] != '\0');
    }
    free(copy);
    (void)store_facts(st, id, look_at_fact, NULL, &err);
    (void)store_children(st, id, look_at_child, NULL, &err);
    return true;
}

static bool
look_at_item(void *arg, const char *queue, const struct store_item *item)
{
    (void)arg;
    (void)queue;
    check(memchr(item->item.error, '\0', sizeof item->item.error) != NULL);
    return true;
}

static bool
look_at_queue(void *arg, const char *name, const char *text)
{
    struct store *st = arg;
    struct rr_err err = RR_ERR_INIT;
    struct store_counts counts;
    uint64_t due = 0;

    (void)text;
    (void)store_counts(st, name, &counts, &err);
    (void)store_items(st, name, NULL, look_at_item, NULL, &err);
    (void)store_due(st, name, UINT64_MAX, look_at_item, NULL, &due, &err);
    return true;
}

static bool
look_at_text(void *arg, const char *name, const char *text)
{
    (void)arg;
    check(strlen(name) + strlen(text) < 1 << 24);
    return true;
}

static void
look(struct store *st)
{
    struct rr_err err = RR_ERR_INIT;
    json_t *types = json_object();
    uint64_t a = 0;
    uint64_t b = 0;
    char *text = NULL;

    (void)store_events(st, 0, look_at_event, st, &err);
    (void)store_events_back(st, UINT64_MAX, look_at_event, st, &err);
    (void)store_queues(st, look_at_queue, st, &err);
    (void)store_texts(st, STORE_KEY, "left", NULL, look_at_text, NULL, &err);
    (void)store_texts(st, STORE_NOTE, "left", NULL, look_at_text, NULL, &err);
    (void)store_text_new(st, STORE_HIST, "left", "", &text, &err);
    free(text);
    (void)store_totals(st, types, &a, &b, &err);
    (void)store_last(st, &a, &err);
    (void)store_since(st, 1000, &a, &err);
    json_decref(types);
}

/* What a daemon does with it. */
static void
work(struct store *st)
{
    static const char *const queues[] = {"left", "right"};
    struct store_item item;

    for (int i = 0; i < 3; i++) {
        struct store_op *op = store_op_new();

        rig_add(op, 500 + i, queues, 2);
        store_op_replay(op, "right", rig_ids[0]);
        if (rig_next(st, "left", &item) == 0) {
            if (i == 1) {
                store_op_move(op, "left", &item, STORE_BURIED, 0, &item.item);
            } else {
                store_op_take(op, "left", &item, true);
            }
        }
        if (rig_do(st, op, NULL) != 0) {
            check(rig_err.text[0] != '\0');
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const queues[] = {"left", "right"};
    struct store *st;

    if (rig_dir[0] == '\0') {
        check(rig_begin_fast() && atexit(tear_down) == 0);
    }
    rig_fresh("fuzz");
    check(rig_open("fuzz", &st) == 0);
    for (int i = 0; i < 3; i++) {
        struct store_op *op = store_op_new();

        rig_add(op, i, queues, 2);
        check(rig_do(st, op, &rig_ids[i]) == 0);
    }
    put_records(st, data, size);
    st->health.code = RR_E_CORRUPT; /* so that it is no clean end: the next start looks at all */
    store_close(st);
    if (rig_open("fuzz", &st) != 0) {
        check(rig_err.text[0] != '\0' && rig_err.code != 0);
        return 0;
    }
    look(st);
    work(st);
    look(st);
    store_close(st);
    return 0;
}
