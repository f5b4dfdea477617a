/* SPDX-License-Identifier: MIT */
/*
 * store_queue.c - the queues of the stages: enter, next, move, take, count.
 */
#include "core/rrd/store_int.h"

#include "core/common/fail.h"
#include "core/common/mem.h"

#include <stdlib.h>
#include <string.h>

enum stat_index
store_stat_of(enum store_state state)
{
    return state == STORE_READY ? STAT_READY : state == STORE_DELAYED ? STAT_DELAYED : STAT_BURIED;
}

/* The beginning of all keys of entries in a state. */
static struct store_key
state_key(const char *queue, enum store_state state)
{
    struct store_key key = store_key_names(queue, "");

    store_key_add(&key, &(uint8_t){(uint8_t)state}, 1);
    return key;
}

static struct store_key
item_key(const char *queue, enum store_state state, uint64_t sort, uint64_t id)
{
    struct store_key key = state_key(queue, state);

    store_key_add_number(&key, sort);
    store_key_add_number(&key, id);
    return key;
}

bool
store_walk_item(const struct store_walk *w, struct store_item *out)
{
    const size_t n = strnlen(w->k.mv_data, w->k.mv_size) + 1;
    const uint8_t *entry;
    struct rr_err why = RR_ERR_INIT;
    MDB_val data;

    memset(out, 0, sizeof *out);
    if (w->k.mv_size != n + STORE_ENTRY_BYTES) {
        return false;
    }
    if (store_record(T_QUEUE, &w->k, &w->v, &data, &why) != 0 ||
        record_item_get(data.mv_data, data.mv_size, &out->item, &why) != 0) {
        out->is_damaged = true;
        (void)snprintf(out->item.error, sizeof out->item.error, "%.190s", why.text);
    }
    entry = (const uint8_t *)w->k.mv_data + n;
    out->state = (enum store_state)entry[0];
    out->sort = record_get_be64(entry + 1);
    out->id = record_get_be64(entry + 9);
    return true;
}

static int
write_item(struct store *st, const char *queue, const struct store_item *item, struct rr_err *err)
{
    const struct store_key key = item_key(queue, item->state, item->sort, item->id);
    uint8_t data[RECORD_ITEM_MAX];
    const int rc = store_set(st, T_QUEUE, &key, data, record_item_put(&item->item, data), err);

    return rc == 0 ? store_count(st, T_STAT, queue, store_stat_of(item->state), 1, err) : rc;
}

static int
delete_item(struct store *st, const char *queue, const struct store_item *item, struct rr_err *err)
{
    struct store_key key = item_key(queue, item->state, item->sort, item->id);
    MDB_val k = {key.n, key.bytes};
    const int rc =
        key.n > STORE_KEY_MAX ? MDB_NOTFOUND : mdb_del(st->op, st->dbi[T_QUEUE], &k, NULL);

    if (rc != 0) {
        /* Not there: the caller's picture of the queue is wrong, so its operation must not count.
         */
        return store_fail(err, rc, "cannot remove a queue entry");
    }
    return store_count(st, T_STAT, queue, store_stat_of(item->state), -1, err);
}

int
store_enqueue(struct store *st, const char *queue, uint64_t id, uint64_t now_ms, bool is_replay,
              struct rr_err *err)
{
    const struct store_item item = {
        .state = STORE_READY, .id = id, .item = {.in_ms = now_ms, .is_replay = is_replay}};
    int rc = write_item(st, queue, &item, err);

    rc = rc == 0 ? store_add_fact(st, queue, &item, STORE_OPEN, err) : rc;
    return rc == 0 ? store_count(st, T_STAT, queue, STAT_IN, 1, err) : rc;
}

int
store_do_take(struct store *st, const struct change *c, struct rr_err *err)
{
    const struct store_item *item = &c->entry.item;
    int rc;

    FAIL("store.take");
    rc = delete_item(st, c->stage, item, err);
    if (rc == 0 && c->entry.is_done) {
        rc = store_count(st, T_STAT, c->stage, STAT_DONE, 1, err);
    }
    if (rc == 0) {
        rc = store_add_fact(st, c->stage, item, c->entry.is_done ? STORE_DONE : STORE_DROPPED, err);
    }
    return rc == 0 ? store_let_go(st, item->id, err) : rc;
}

int
store_do_move(struct store *st, const struct change *c, struct rr_err *err)
{
    int rc;

    FAIL("store.move");
    rc = delete_item(st, c->stage, &c->entry.item, err);
    if (rc == 0 && c->entry.now.state == STORE_BURIED) {
        rc = store_add_fact(st, c->stage, &c->entry.now, STORE_SET_ASIDE, err);
    }
    return rc == 0 ? write_item(st, c->stage, &c->entry.now, err) : rc;
}

/* The entries of a queue in one state. */
struct line {
    struct store_walk w;
    struct store_key from;
    struct store_item item; /* the next, if there is one */
    bool more;
};

static void
line_step(struct line *l)
{
    l->more = store_next(&l->w) && store_walk_item(&l->w, &l->item);
}

static void
line_open(struct line *l, struct store *st, MDB_txn *txn, const char *queue, enum store_state state)
{
    l->from = state_key(queue, state);
    store_walk(&l->w, st, txn, T_QUEUE, &l->from, l->from.n);
    line_step(l);
}

int
store_due(struct store *st, const char *queue, uint64_t now_ms, store_item_fn fn, void *arg,
          uint64_t *next_due_ms, struct rr_err *err)
{
    struct line ready;
    struct line delayed;
    MDB_txn *txn;
    int rc = store_read(st, &txn, err);

    *next_due_ms = 0;
    if (rc != 0) {
        return rc;
    }
    line_open(&ready, st, txn, queue, STORE_READY);
    line_open(&delayed, st, txn, queue, STORE_DELAYED);
    for (;;) {
        struct line *next = &ready;

        if (delayed.more && delayed.item.sort > now_ms) {
            *next_due_ms = delayed.item.sort;
            delayed.more = false;
        }
        if (delayed.more && (!ready.more || delayed.item.id < ready.item.id)) {
            next = &delayed;
        }
        if (!next->more || !fn(arg, queue, &next->item)) {
            break;
        }
        line_step(next);
    }
    const int delayed_rc = store_walk_end(&delayed.w, err);

    rc = store_walk_end(&ready.w, err);
    mdb_txn_abort(txn);
    return rc != 0 ? rc : delayed_rc;
}

int
store_items(struct store *st, const char *queue, const struct store_item *after, store_item_fn fn,
            void *arg, struct rr_err *err)
{
    const struct store_key all = store_key_names(queue, "");
    const struct store_key from =
        after == NULL ? all : item_key(queue, after->state, after->sort, after->id + 1);
    struct store_walk w;
    struct store_item item;

    store_walk(&w, st, NULL, T_QUEUE, &from, all.n);
    while (store_next(&w) && store_walk_item(&w, &item) && fn(arg, queue, &item)) {
    }
    return store_walk_end(&w, err);
}

int
store_find(struct store *st, const char *queue, uint64_t id, struct store_item *out,
           struct rr_err *err)
{
    static const enum store_state states[] = {STORE_READY, STORE_DELAYED, STORE_BURIED};
    bool found = false;
    MDB_txn *txn; /* one for all states: an entry that is moved meanwhile is in one of them */
    int rc = store_read(st, &txn, err);

    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < sizeof states / sizeof states[0] && rc == 0 && !found; i++) {
        /* delayed entries sort by time, so all of them are looked at */
        const bool is_exact = states[i] != STORE_DELAYED;
        const struct store_key from =
            is_exact ? item_key(queue, states[i], 0, id) : state_key(queue, states[i]);
        struct store_walk w;

        store_walk(&w, st, txn, T_QUEUE, &from, from.n);
        while (!found && store_next(&w)) {
            found = store_walk_item(&w, out) && out->id == id;
        }
        rc = store_walk_end(&w, err);
    }
    mdb_txn_abort(txn);
    return rc != 0 || found ? rc
                            : rr_err_set(err, RR_E_EMPTY, "queue %s has no event %llu", queue,
                                         (unsigned long long)id);
}

int
store_counts(struct store *st, const char *queue, struct store_counts *out, struct rr_err *err)
{
    uint64_t numbers[STAT_N] = {0};
    MDB_txn *txn;
    int rc = store_read(st, &txn, err);

    if (rc == 0) {
        rc = store_numbers(st, txn, T_STAT, queue, numbers, err);
        mdb_txn_abort(txn);
    }
    *out = (struct store_counts){.ready = numbers[STAT_READY],
                                 .delayed = numbers[STAT_DELAYED],
                                 .buried = numbers[STAT_BURIED],
                                 .in_total = numbers[STAT_IN],
                                 .done_total = numbers[STAT_DONE]};
    return rc;
}

int
store_queues(struct store *st, store_text_fn fn, void *arg, struct rr_err *err)
{
    struct store_key behind; /* all keys "name\0…" of a queue */
    struct store_walk w;
    bool more = true;

    store_walk(&w, st, NULL, T_QUEUE, NULL, 0);
    while (more && store_next(&w)) {
        char *name = mem_dupn(w.k.mv_data, strnlen(w.k.mv_data, w.k.mv_size));

        behind = store_key_name(name);
        store_key_add(&behind, "\1", 1);
        store_seek(&w, &behind);
        more = fn(arg, name, "");
        free(name);
    }
    return store_walk_end(&w, err);
}
