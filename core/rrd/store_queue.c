/* SPDX-License-Identifier: MIT */
/*
 * store_queue.c - the queues of the stages: enter, next, move, take, count.
 */
#include "core/rrd/store_int.h"

#include "core/common/fail.h"
#include "core/common/mem.h"

#include <stdlib.h>
#include <string.h>

static const enum store_state states[] = {STORE_READY, STORE_DELAYED, STORE_BURIED};

static size_t
stat_index(enum store_state state)
{
    return state == STORE_READY ? STAT_READY : state == STORE_DELAYED ? STAT_DELAYED : STAT_BURIED;
}

static size_t
item_key(uint8_t *out, const char *queue, enum store_state state, uint64_t sort, uint64_t id)
{
    const size_t n = store_key2(out, queue, NULL);

    if (n == 0 || n + 17 > STORE_KEY_MAX) {
        return 0;
    }
    out[n] = (uint8_t)state;
    record_put_be64(out + n + 1, sort);
    record_put_be64(out + n + 9, id);
    return n + 17;
}

/* Fill *out when the key belongs to the queue; RR_E_EMPTY when not, RR_E_CORRUPT for a bad value.
 */
static int
item_open(const char *queue, const MDB_val *k, const MDB_val *v, struct store_item *out,
          struct rr_err *err)
{
    const size_t n = strlen(queue) + 1;
    const uint8_t *key = k->mv_data;
    const uint8_t *data;
    size_t data_n;
    int rc;

    if (k->mv_size != n + 17 || memcmp(key, queue, n) != 0) {
        return RR_E_EMPTY;
    }
    out->state = (enum store_state)key[n];
    out->sort = record_get_be64(key + n + 1);
    out->id = record_get_be64(key + n + 9);
    rc = store_record(RECORD_ITEM, k, v, &data, &data_n, err);
    return rc == 0 ? record_item_get(data, data_n, &out->item, err) : rc;
}

static int
write_item(struct store *st, const char *queue, enum store_state state, uint64_t sort, uint64_t id,
           const struct record_item *item, struct rr_err *err)
{
    uint8_t key[STORE_KEY_MAX];
    uint8_t data[RECORD_ITEM_MAX];
    const size_t key_n = item_key(key, queue, state, sort, id);
    const size_t n = record_item_put(item, data);
    int rc = store_set(st, st->op, T_QUEUE, key, key_n, RECORD_ITEM, data, n, err);

    return rc == 0 ? store_count(st, T_STAT, queue, stat_index(state), STAT_N, 1, err) : rc;
}

static int
delete_item(struct store *st, const char *queue, const struct store_item *item, struct rr_err *err)
{
    uint8_t key[STORE_KEY_MAX];
    MDB_val k = {item_key(key, queue, item->state, item->sort, item->id), key};
    const int rc = mdb_del(st->op, st->dbi[T_QUEUE], &k, NULL);

    if (rc != 0) {
        /* Not there: the caller's picture of the queue is wrong, so its operation must not count.
         */
        return store_fail(err, rc, "cannot remove a queue entry");
    }
    return store_count(st, T_STAT, queue, stat_index(item->state), STAT_N, -1, err);
}

int
store_enqueue(struct store *st, const char *queue, uint64_t id, uint64_t now_ms, bool is_replay,
              struct rr_err *err)
{
    const struct store_item entry = {.id = id, .item = {.in_ms = now_ms, .is_replay = is_replay}};
    int rc = write_item(st, queue, STORE_READY, 0, id, &entry.item, err);

    if (rc == 0) {
        rc = store_add_fact(st, queue, &entry, STORE_OPEN, err);
    }
    return rc == 0 ? store_count(st, T_STAT, queue, STAT_IN, STAT_N, 1, err) : rc;
}

int
store_do_take(struct store *st, const struct change *c, struct rr_err *err)
{
    int rc;

    FAIL("store.take");
    rc = delete_item(st, c->stage, &c->entry.item, err);
    if (rc == 0 && c->entry.is_done) {
        rc = store_count(st, T_STAT, c->stage, STAT_DONE, STAT_N, 1, err);
    }
    if (rc == 0) {
        rc = store_add_fact(st, c->stage, &c->entry.item,
                            c->entry.is_done ? STORE_DONE : STORE_DROPPED, err);
    }
    return rc == 0 ? store_let_go(st, c->entry.item.id, err) : rc;
}

int
store_do_move(struct store *st, const struct change *c, struct rr_err *err)
{
    int rc;

    FAIL("store.move");
    rc = delete_item(st, c->stage, &c->entry.item, err);
    if (rc == 0 && c->entry.state == STORE_BURIED) {
        struct store_item item = c->entry.item;

        item.item = c->entry.now;
        rc = store_add_fact(st, c->stage, &item, STORE_SET_ASIDE, err);
    }
    return rc == 0 ? write_item(st, c->stage, c->entry.state, c->entry.sort, c->entry.item.id,
                                &c->entry.now, err)
                   : rc;
}

/* The entry under a cursor if it belongs to the queue (and, but for state 0, is in that state),
 * else RR_E_EMPTY. A damaged one is given as well. */
static int
entry_at(int rc, const char *queue, int state, const MDB_val *k, const MDB_val *v,
         struct store_item *out, struct rr_err *err)
{
    struct rr_err why = RR_ERR_INIT;

    memset(out, 0, sizeof *out);
    if (rc != 0) {
        return rc == MDB_NOTFOUND ? RR_E_EMPTY : store_fail(err, rc, "cannot read a queue");
    }
    rc = item_open(queue, k, v, out, &why);
    if (rc == RR_E_EMPTY || (state != 0 && (int)out->state != state)) {
        return RR_E_EMPTY;
    }
    if (rc != 0) {
        out->is_damaged = true;
        (void)snprintf(out->item.error, sizeof out->item.error, "%.190s", why.text);
    }
    return 0;
}

/* The entries of a queue in one state. */
struct line {
    MDB_cursor *cur;
    const char *queue;
    enum store_state state;
    struct store_item item;
    int rc; /* 0: item is the next one */
};

static void
line_step(struct line *l, struct rr_err *err)
{
    MDB_val k;
    MDB_val v;
    const int rc = mdb_cursor_get(l->cur, &k, &v, MDB_NEXT);

    l->rc = entry_at(rc, l->queue, l->state, &k, &v, &l->item, err);
}

static void
line_open(struct line *l, struct store *st, MDB_txn *txn, struct rr_err *err)
{
    uint8_t key[STORE_KEY_MAX];
    MDB_val k = {item_key(key, l->queue, l->state, 0, 0), key};
    MDB_val v;
    int rc = mdb_cursor_open(txn, st->dbi[T_QUEUE], &l->cur);

    if (rc != 0) {
        l->cur = NULL;
        l->rc = store_fail(err, rc, "cannot read a queue");
        return;
    }
    rc = mdb_cursor_get(l->cur, &k, &v, MDB_SET_RANGE);
    l->rc = entry_at(rc, l->queue, l->state, &k, &v, &l->item, err);
}

int
store_due(struct store *st, const char *queue, uint64_t now_ms, store_item_fn fn, void *arg,
          uint64_t *next_due_ms, struct rr_err *err)
{
    struct line ready = {.queue = queue, .state = STORE_READY};
    struct line delayed = {.queue = queue, .state = STORE_DELAYED};
    MDB_txn *txn;
    int rc = store_read(st, &txn, err);

    *next_due_ms = 0;
    if (rc != 0) {
        return rc;
    }
    line_open(&ready, st, txn, err);
    line_open(&delayed, st, txn, err);
    for (bool more = true; more;) {
        struct line *next = &ready;

        if (delayed.rc == 0 && delayed.item.sort > now_ms) {
            *next_due_ms = delayed.item.sort;
            delayed.rc = RR_E_EMPTY;
        }
        if (delayed.rc == 0 && (ready.rc != 0 || delayed.item.id < ready.item.id)) {
            next = &delayed;
        }
        more = next->rc == 0 && fn(arg, queue, &next->item);
        if (more) {
            line_step(next, err);
        }
    }
    mdb_cursor_close(delayed.cur);
    mdb_cursor_close(ready.cur);
    mdb_txn_abort(txn);
    return ready.rc != 0 && ready.rc != RR_E_EMPTY       ? ready.rc
           : delayed.rc != 0 && delayed.rc != RR_E_EMPTY ? delayed.rc
                                                         : 0;
}

int
store_items(struct store *st, const char *queue, const struct store_item *after, store_item_fn fn,
            void *arg, struct rr_err *err)
{
    uint8_t key[STORE_KEY_MAX];
    MDB_val k = {0, key};
    MDB_val v;
    MDB_txn *txn;
    MDB_cursor *cur;
    struct store_item item;
    int rc = store_read(st, &txn, err);

    if (rc != 0) {
        return rc;
    }
    rc = mdb_cursor_open(txn, st->dbi[T_QUEUE], &cur);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return store_fail(err, rc, "cannot read a queue");
    }
    k.mv_size = after == NULL ? store_key2(key, queue, NULL)
                              : item_key(key, queue, after->state, after->sort, after->id + 1);
    rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
    for (rc = entry_at(rc, queue, 0, &k, &v, &item, err); rc == 0 && fn(arg, queue, &item);) {
        rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT);
        rc = entry_at(rc, queue, 0, &k, &v, &item, err);
    }
    mdb_cursor_close(cur);
    mdb_txn_abort(txn);
    return rc == RR_E_EMPTY ? 0 : rc;
}

int
store_find(struct store *st, const char *queue, uint64_t id, struct store_item *out,
           struct rr_err *err)
{
    uint8_t key[STORE_KEY_MAX];
    MDB_txn *txn;
    MDB_cursor *cur;
    int rc = store_read(st, &txn, err);
    int found = RR_E_EMPTY;

    if (rc != 0) {
        return rc;
    }
    /* Ready and buried entries are found by their key; delayed ones sort by time, so look at all.
     */
    rc = mdb_cursor_open(txn, st->dbi[T_QUEUE], &cur);
    for (size_t i = 0; rc == 0 && found == RR_E_EMPTY && i < sizeof states / sizeof states[0];
         i++) {
        const uint64_t exact = states[i] == STORE_DELAYED ? 0 : id;
        MDB_val k = {item_key(key, queue, states[i], 0, exact), key};
        MDB_val v;
        struct store_item item = {0};

        for (int step = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE); step == 0;
             step = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
            const int bad = item_open(queue, &k, &v, &item, err);

            if (bad == RR_E_EMPTY || item.state != states[i]) {
                break;
            }
            if (item.id == id) {
                *out = item;
                found = 0;
                break;
            }
            if (states[i] != STORE_DELAYED) {
                break;
            }
        }
    }
    if (rc == 0) {
        mdb_cursor_close(cur);
    }
    mdb_txn_abort(txn);
    if (rc != 0) {
        return store_fail(err, rc, "cannot read a queue");
    }
    return found == 0 ? 0
                      : rr_err_set(err, RR_E_EMPTY, "queue %s has no event %llu", queue,
                                   (unsigned long long)id);
}

int
store_counts(struct store *st, const char *queue, struct store_counts *out, struct rr_err *err)
{
    uint64_t numbers[STAT_N];
    MDB_txn *txn;
    int rc = store_read(st, &txn, err);

    memset(out, 0, sizeof *out);
    if (rc != 0) {
        return rc;
    }
    rc = store_numbers(st, txn, T_STAT, queue, numbers, STAT_N, err);
    mdb_txn_abort(txn);
    out->ready = numbers[STAT_READY];
    out->delayed = numbers[STAT_DELAYED];
    out->buried = numbers[STAT_BURIED];
    out->in_total = numbers[STAT_IN];
    out->done_total = numbers[STAT_DONE];
    return rc;
}

int
store_queues(struct store *st, store_text_fn fn, void *arg, struct rr_err *err)
{
    uint8_t key[STORE_KEY_MAX];
    MDB_val k;
    MDB_val v;
    MDB_txn *txn;
    MDB_cursor *cur;
    int rc = store_read(st, &txn, err);

    if (rc != 0) {
        return rc;
    }
    rc = mdb_cursor_open(txn, st->dbi[T_QUEUE], &cur);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return store_fail(err, rc, "cannot read the queues");
    }
    rc = mdb_cursor_get(cur, &k, &v, MDB_FIRST);
    while (rc == 0) {
        char *name = mem_dupn(k.mv_data, strnlen(k.mv_data, k.mv_size));
        const bool more = fn(arg, name, "");
        const size_t n = store_key2(key, name, NULL);

        free(name);
        if (!more || n == 0) {
            break;
        }
        key[n - 1] = 1; /* the first key behind all keys "name\0…" */
        k.mv_data = key;
        k.mv_size = n;
        rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
    }
    mdb_cursor_close(cur);
    mdb_txn_abort(txn);
    return rc == 0 || rc == MDB_NOTFOUND ? 0 : store_fail(err, rc, "cannot read the queues");
}
