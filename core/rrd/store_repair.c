/* SPDX-License-Identifier: MIT */
/*
 * store_repair.c - put right what damaged records would otherwise stop.
 *
 * Whatever can be counted or looked up again is: numbers of queues, who needs an event, counters,
 * keys of events. A damaged queue entry is buried, so that the stage goes on and the operator
 * decides. What cannot be made again (an event's text, a durable key) stays as it is: reading it
 * says that it is damaged, the event is set aside when its turn comes, and nobody mistakes it for
 * missing.
 */
#include "core/rrd/store_int.h"

#include "core/common/log.h"
#include "core/common/mem.h"

#include <stdlib.h>
#include <string.h>

/* Walk a table in st->op; fn returns 0 to go on. Values are as stored, with their heads. */
typedef int (*walk_fn)(struct store *st, const MDB_val *k, const MDB_val *v, struct rr_err *err);

static int
walk(struct store *st, enum store_table t, walk_fn fn, struct rr_err *err)
{
    MDB_cursor *cur;
    MDB_val k;
    MDB_val v;
    int rc = mdb_cursor_open(st->op, st->dbi[t], &cur);
    int told = 0;

    if (rc != 0) {
        return store_fail(err, rc, "cannot walk the store");
    }
    for (rc = mdb_cursor_get(cur, &k, &v, MDB_FIRST); rc == 0 && told == 0;
         rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
        told = fn(st, &k, &v, err);
    }
    mdb_cursor_close(cur);
    return told != 0                       ? told
           : rc == MDB_NOTFOUND || rc == 0 ? 0
                                           : store_fail(err, rc, "cannot walk the store");
}

static int
bury_damaged(struct store *st, const struct store_damage *d, struct rr_err *err)
{
    const size_t queue_n = d->key_n - 17u;
    struct record_item item = {.error = "its queue entry was damaged on disk; kick or drop it"};
    uint8_t key[STORE_KEY_MAX];
    uint8_t data[RECORD_ITEM_MAX];
    MDB_val k = {d->key_n, key};
    int rc;

    if (d->key_n <= 17) {
        return store_del(st, st->op, T_QUEUE, d->key, d->key_n, err);
    }
    memcpy(key, d->key, d->key_n);
    rc = mdb_del(st->op, st->dbi[T_QUEUE], &k, NULL);
    if (rc != 0) {
        return store_fail(err, rc, "cannot remove a damaged queue entry");
    }
    key[queue_n] = STORE_BURIED;
    record_put_be64(key + queue_n + 1, 0);
    return store_set(st, st->op, T_QUEUE, key, d->key_n, RECORD_ITEM, data,
                     record_item_put(&item, data), err);
}

/* Count one queue entry, and note that its queue needs the event. */
static int
count_entry(struct store *st, const MDB_val *k, const MDB_val *v, struct rr_err *err)
{
    const char *queue = k->mv_data;
    const size_t queue_n = strnlen(k->mv_data, k->mv_size);
    struct store_item item = {0};
    const uint8_t *data;
    size_t n;
    int rc;

    if (queue_n + 18 != k->mv_size) {
        return 0;
    }
    item.state = (enum store_state)queue[queue_n + 1];
    item.id = record_get_be64((const uint8_t *)queue + queue_n + 10);
    if (store_record(RECORD_ITEM, k, v, &data, &n, NULL) == 0) {
        (void)record_item_get(data, n, &item.item, NULL);
    }
    rc = store_add(st, st->op, T_STAT, queue,
                   item.state == STORE_READY     ? STAT_READY
                   : item.state == STORE_DELAYED ? STAT_DELAYED
                                                 : STAT_BURIED,
                   STAT_N, 1, err);
    return rc == 0 ? store_add_fact(st, queue, &item,
                                    item.state == STORE_BURIED ? STORE_SET_ASIDE : STORE_OPEN, err)
                   : rc;
}

/* A queue whose entry is gone needs nothing. */
static int
close_fact(struct store *st, const MDB_val *k, const MDB_val *v, struct rr_err *err)
{
    struct store_item item = {0};
    char stage[STORE_KEY_MAX + 1];

    if (k->mv_size <= 8 || !store_fact_is_open(k, v)) {
        return 0;
    }
    item.id = record_get_be64(k->mv_data);
    (void)snprintf(stage, sizeof stage, "%.*s", (int)(k->mv_size - 8),
                   (const char *)k->mv_data + 8);
    return store_add_fact(st, stage, &item, STORE_DROPPED, err);
}

/* The totals of a queue stay where they can be read; what is in it is counted. */
static int
forget_counts(struct store *st, const MDB_val *k, const MDB_val *v, struct rr_err *err)
{
    const uint8_t *data;
    uint8_t fresh[8 * STAT_N] = {0};
    size_t n;

    if (store_record(RECORD_NUMBERS, k, v, &data, &n, NULL) == 0 && n == sizeof fresh) {
        memcpy(fresh + 8 * STAT_IN, data + 8 * STAT_IN, 16);
    }
    return store_set(st, st->op, T_STAT, k->mv_data, k->mv_size, RECORD_NUMBERS, fresh,
                     sizeof fresh, err);
}

int
store_count_again(struct store *st, struct rr_err *err)
{
    int rc = walk(st, T_FACT, close_fact, err);

    if (rc == 0) {
        rc = walk(st, T_STAT, forget_counts, err);
    }
    return rc == 0 ? walk(st, T_QUEUE, count_entry, err) : rc;
}

/* An event with a key: note the key again. */
static int
learn_key(struct store *st, const MDB_val *k, const MDB_val *v, struct rr_err *err)
{
    const uint8_t *data;
    uint8_t key[STORE_KEY_MAX];
    uint8_t number[8];
    json_t *doc = NULL;
    size_t n;
    int rc = 0;

    if (k->mv_size != 8 || store_record(RECORD_EVENT, k, v, &data, &n, NULL) != 0) {
        return 0;
    }
    doc = json_loadb((const char *)data, n, 0, NULL);
    const char *used = json_string_value(json_object_get(doc, "key"));
    const char *type = json_string_value(json_object_get(doc, "type"));

    if (used != NULL && type != NULL) {
        record_put_le64(number, record_get_be64(k->mv_data));
        rc = store_set(st, st->op, T_KEY, key, store_key2(key, type, used), RECORD_NUMBERS, number,
                       sizeof number, err);
    }
    json_decref(doc);
    return rc;
}

/* The number of the last start is in the ids of the events, too. */
static int
count_starts(struct store *st, struct rr_err *err)
{
    MDB_cursor *cur;
    MDB_val k;
    MDB_val v;
    uint8_t number[8];
    int rc = mdb_cursor_open(st->op, st->dbi[T_EVENT], &cur);
    uint64_t start = 0;

    if (rc == 0) {
        rc = mdb_cursor_get(cur, &k, &v, MDB_LAST);
        start = rc == 0 && k.mv_size == 8 ? record_get_be64(k.mv_data) >> 40 : 0;
        mdb_cursor_close(cur);
    }
    /* starts that stored no event left no trace; so many of them in a row there are not */
    record_put_le64(number, start + 4096);
    return store_set(st, st->op, T_META, "start", 5, RECORD_NUMBERS, number, sizeof number, err);
}

static int
repair_one(struct store *st, const struct store_damage *d, bool *keys, bool *counts,
           struct rr_err *err)
{
    switch ((enum store_table)d->table) {
    case T_QUEUE:
        *counts = true;
        return bury_damaged(st, d, err);
    case T_STAT:
        *counts = true;
        return 0;
    case T_FACT:
        *counts = true; /* which finds out whether its queue has the event still */
        return store_del(st, st->op, T_FACT, d->key, d->key_n, err);
    case T_KEY:
        *keys = true;
        return store_del(st, st->op, T_KEY, d->key, d->key_n, err);
    case T_TYPE:
    case T_NOTE:
    case T_HIST:
        return store_del(st, st->op, (enum store_table)d->table, d->key, d->key_n, err);
    case T_META:
        if (d->key_n == 6 && memcmp(d->key, "format", 6) == 0) {
            return rr_err_set(err, RR_E_CORRUPT,
                              "the record of its format is damaged; restore it from a copy");
        }
        return d->key_n == 5 && memcmp(d->key, "start", 5) == 0
                   ? count_starts(st, err)
                   : store_del(st, st->op, T_META, d->key, d->key_n, err);
    default:
        return 0;
    }
}

/* The key as people can read it: names as they are, numbers in decimal. */
static void
key_text(const struct store_damage *d, char *out, size_t cap)
{
    if (d->key_n == 8) {
        (void)snprintf(out, cap, "%llu", (unsigned long long)record_get_be64(d->key));
        return;
    }
    size_t n = 0;

    for (; n < d->key_n && n + 1 < cap && d->key[n] >= 0x20 && d->key[n] < 0x7f; n++) {
        out[n] = (char)d->key[n];
    }
    out[n] = '\0';
    if (d->table == T_QUEUE && d->key_n > 17) {
        (void)snprintf(out + n, cap - n, " event %llu",
                       (unsigned long long)record_get_be64(d->key + d->key_n - 8));
    }
}

int
store_repair(struct store *st, const struct store_check *check, struct rr_err *err)
{
    bool keys = false;
    bool counts = false;
    int rc = mdb_txn_begin(st->env, NULL, 0, &st->op);

    if (rc != 0) {
        return store_fail(err, rc, "cannot repair the store");
    }
    for (size_t i = 0; rc == 0 && i < check->n_damaged; i++) {
        char key[80];

        key_text(&check->damaged[i], key, sizeof key);
        log_error("store", "damaged record table=%s key=%s",
                  store_table_names[check->damaged[i].table], key);
        rc = repair_one(st, &check->damaged[i], &keys, &counts, err);
    }
    if (rc == 0 && counts) {
        rc = store_count_again(st, err);
    }
    if (rc == 0 && keys) {
        rc = walk(st, T_EVENT, learn_key, err);
    }
    if (rc != 0) {
        mdb_txn_abort(st->op);
    } else {
        rc = mdb_txn_commit(st->op);
        rc = rc == 0 ? 0 : store_fail(err, rc, "cannot repair the store");
    }
    st->op = NULL;
    return rc;
}
