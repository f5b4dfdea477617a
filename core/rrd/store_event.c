/* SPDX-License-Identifier: MIT */
/*
 * store_event.c - the event log: append, deduplicate, walk, prune.
 */
#include "core/rrd/store_int.h"

#include "core/common/fail.h"
#include "core/common/mem.h"
#include "core/rrd/sys.h"

#include <stdlib.h>
#include <string.h>

/* An append removes at most so many old events, so that it never takes long; more than one, so
 * that the log shrinks after retain_events was lowered. */
#define PRUNE_PER_APPEND 4

/* 1 when the key was used before, 0 when not. */
static int
is_known_key(struct store *st, const struct change *c, uint8_t *key, size_t *key_n,
             struct rr_err *err)
{
    const uint8_t *data;
    size_t n;
    int rc;

    *key_n = store_key2(key, c->append.type, c->append.key);
    if (*key_n == 0) {
        return rr_err_set(err, RR_E_INPUT, "the key of an emitted %s is too long", c->append.type);
    }
    rc = store_get(st, st->op, T_KEY, key, *key_n, RECORD_NUMBERS, &data, &n, err);
    return rc == 0 ? 1 : rc == RR_E_EMPTY ? 0 : rc;
}

/* Forget an event and the key it was emitted with. */
static int
forget(struct store *st, MDB_txn *txn, uint64_t id, struct rr_err *err)
{
    uint8_t be[8];
    uint8_t key[STORE_KEY_MAX];
    const uint8_t *data;
    size_t n;
    json_t *doc = NULL;
    int rc;

    record_put_be64(be, id);
    rc = store_get(st, txn, T_EVENT, be, sizeof be, RECORD_EVENT, &data, &n, err);
    if (rc == 0) {
        doc = json_loadb((const char *)data, n, 0, NULL);
    }
    const char *used = json_string_value(json_object_get(doc, "key"));
    const char *type = json_string_value(json_object_get(doc, "type"));

    rc = 0; /* a damaged one is removed as well; its key stays, which harms nobody */
    if (used != NULL && type != NULL) {
        rc = store_del(st, txn, T_KEY, key, store_key2(key, type, used), err);
    }
    if (rc == 0) {
        rc = store_forget_lineage(st, txn, id, doc, err);
    }
    json_decref(doc);
    return rc == 0 ? store_del(st, txn, T_EVENT, be, sizeof be, err) : rc;
}

int
store_let_go(struct store *st, uint64_t id, struct rr_err *err)
{
    uint64_t floor = 0;
    bool needed = false;
    int rc = store_counted(st, T_META, "floor", &floor, err);

    if (rc == 0 && id <= floor) {
        rc = store_is_needed(st, id, NULL, &needed, err);
        return rc == 0 && !needed ? forget(st, st->op, id, err) : rc;
    }
    return rc;
}

/* Look at the events after the floor until the log is short enough; keep those still needed. */
static int
prune(struct store *st, struct rr_err *err)
{
    MDB_stat stat;
    uint64_t floor = 0;
    uint64_t excess;
    uint8_t be[8];
    int rc = mdb_stat(st->op, st->dbi[T_EVENT], &stat);

    if (rc != 0) {
        return store_fail(err, rc, "cannot size the event log");
    }
    if (stat.ms_entries <= st->retain_events) {
        return 0;
    }
    FAIL("store.prune");
    excess = stat.ms_entries - st->retain_events;
    rc = store_counted(st, T_META, "floor", &floor, err);
    for (int i = 0; rc == 0 && i < PRUNE_PER_APPEND && excess > 0; i++) {
        MDB_val k = {sizeof be, be};
        MDB_val v;
        MDB_cursor *cur;
        uint64_t id;
        bool needed = false;

        record_put_be64(be, floor + 1);
        rc = mdb_cursor_open(st->op, st->dbi[T_EVENT], &cur);
        if (rc != 0) {
            return store_fail(err, rc, "cannot walk the event log");
        }
        rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
        id = rc == 0 ? record_get_be64(k.mv_data) : 0;
        mdb_cursor_close(cur);
        /* the newest event stays: it may be the whole answer to a question of right now */
        if (rc == MDB_NOTFOUND || id == (st->start << 40 | st->seq)) {
            return 0;
        }
        if (rc != 0) {
            return store_fail(err, rc, "cannot walk the event log");
        }
        rc = store_is_needed(st, id, NULL, &needed, err);
        if (rc == 0 && !needed) {
            rc = forget(st, st->op, id, err);
            excess--;
        }
        if (rc == 0) {
            rc = store_count(st, T_META, "floor", 0, 1, (int64_t)(id - floor), err);
            floor = id;
        }
    }
    return rc;
}

static int
write_event(struct store *st, const struct change *c, uint64_t id, struct rr_err *err)
{
    uint8_t be[8];
    char head[APPEND_HEAD_BYTES + 1];
    const int n = snprintf(head, sizeof head, "{\"id\":%llu", (unsigned long long)id);
    char *text = c->append.text + APPEND_HEAD_BYTES - n;
    int rc;

    memcpy(text, head, (size_t)n);
    record_put_be64(be, id);
    rc = store_set(st, st->op, T_EVENT, be, sizeof be, RECORD_EVENT, text,
                   c->append.text_n - APPEND_HEAD_BYTES + (size_t)n, err);
    return rc == 0 ? store_count(st, T_TYPE, c->append.type, 0, 1, 1, err) : rc;
}

int
store_do_append(struct store *st, const struct change *c, uint64_t *id, struct rr_err *err)
{
    uint8_t key[STORE_KEY_MAX];
    uint8_t number[8];
    size_t key_n = 0;
    int rc;

    *id = 0;
    if (c->append.key != NULL) {
        rc = is_known_key(st, c, key, &key_n, err);
        if (rc < 0) {
            return rc;
        }
        if (rc == 1) {
            return store_count(st, T_META, "dropped", 0, 1, 1, err);
        }
    }
    if (c->append.is_replay) {
        uint64_t known = 0;

        rc = store_known_child(st, c, st->replayed, &known, err);
        if (rc != 0) {
            return rc;
        }
        if (known != 0) {
            st->replayed = known;
            return store_count(st, T_META, "dropped", 0, 1, 1, err);
        }
    }
    FAIL("store.append");
    *id = st->start << 40 | ++st->seq;
    rc = write_event(st, c, *id, err);
    if (rc == 0 && c->append.parent != 0) {
        rc = store_add_child(st, c->append.parent, *id, err);
    }
    if (rc == 0 && c->append.key != NULL) {
        record_put_le64(number, *id);
        rc = store_set(st, st->op, T_KEY, key, key_n, RECORD_NUMBERS, number, sizeof number, err);
    }
    for (size_t i = 0; rc == 0 && i < c->append.n_queues; i++) {
        rc = store_enqueue(st, c->append.queues[i], *id, c->append.time_ms, false, err);
    }
    return rc == 0 ? prune(st, err) : rc;
}

int
store_do_replay(struct store *st, const struct change *c, struct rr_err *err)
{
    const uint64_t id = c->entry.item.id;
    uint8_t be[8];
    const uint8_t *data;
    size_t n;
    bool queued = false;
    int rc;

    FAIL("store.replay");
    rc = store_is_needed(st, id, c->stage, &queued, err);
    if (rc != 0 || queued) {
        return rc;
    }
    record_put_be64(be, id);
    rc = store_get(st, st->op, T_EVENT, be, sizeof be, RECORD_EVENT, &data, &n, err);
    if (rc == RR_E_EMPTY) {
        return rr_err_set(err, rc, "event %llu is not stored any more (retain_events)",
                          (unsigned long long)id);
    }
    return rc == 0 ? store_enqueue(st, c->stage, id, sys_wall_ms(), true, err) : rc;
}

int
store_event_new(struct store *st, uint64_t id, char **out, struct rr_err *err)
{
    uint8_t be[8];
    const uint8_t *data;
    size_t n;
    MDB_txn *txn;
    int rc = store_read(st, &txn, err);

    if (rc != 0) {
        return rc;
    }
    record_put_be64(be, id);
    rc = store_get(st, txn, T_EVENT, be, sizeof be, RECORD_EVENT, &data, &n, err);
    if (rc == 0) {
        *out = mem_dupn((const char *)data, n);
    }
    mdb_txn_abort(txn);
    return rc;
}

/* Walk from the first event with an id of at least from, or from the last one before it. */
static int
walk_events(struct store *st, uint64_t from, bool is_back, store_event_fn fn, void *arg,
            struct rr_err *err)
{
    uint8_t be[8];
    MDB_val k = {sizeof be, be};
    MDB_val v;
    MDB_txn *txn;
    MDB_cursor *cur;
    int rc = store_read(st, &txn, err);

    if (rc != 0) {
        return rc;
    }
    rc = mdb_cursor_open(txn, st->dbi[T_EVENT], &cur);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return store_fail(err, rc, "cannot walk the event log");
    }
    record_put_be64(be, from);
    rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
    if (is_back) {
        rc = mdb_cursor_get(cur, &k, &v, rc == 0 ? MDB_PREV : MDB_LAST);
    }
    while (rc == 0 && k.mv_size == sizeof be) {
        const uint8_t *data = NULL;
        size_t n = 0;

        if (store_record(RECORD_EVENT, &k, &v, &data, &n, NULL) != 0) {
            data = NULL;
            n = 0;
        }
        if (!fn(arg, record_get_be64(k.mv_data), (const char *)data, n)) {
            break;
        }
        rc = mdb_cursor_get(cur, &k, &v, is_back ? MDB_PREV : MDB_NEXT);
    }
    mdb_cursor_close(cur);
    mdb_txn_abort(txn);
    return rc == 0 || rc == MDB_NOTFOUND ? 0 : store_fail(err, rc, "cannot walk the event log");
}

int
store_events(struct store *st, uint64_t after, store_event_fn fn, void *arg, struct rr_err *err)
{
    return walk_events(st, after + 1, false, fn, arg, err);
}

int
store_events_back(struct store *st, uint64_t before, store_event_fn fn, void *arg,
                  struct rr_err *err)
{
    return walk_events(st, before, true, fn, arg, err);
}

int
store_tail(struct store *st, uint64_t n, uint64_t *id, struct rr_err *err)
{
    MDB_val k;
    MDB_val v;
    MDB_txn *txn;
    MDB_cursor *cur;
    int rc = store_read(st, &txn, err);

    *id = 0;
    if (rc != 0) {
        return rc;
    }
    rc = mdb_cursor_open(txn, st->dbi[T_EVENT], &cur);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return store_fail(err, rc, "cannot walk the event log");
    }
    rc = mdb_cursor_get(cur, &k, &v, MDB_LAST);
    for (uint64_t i = 0; rc == 0 && i < n; i++) {
        rc = mdb_cursor_get(cur, &k, &v, MDB_PREV);
    }
    if (rc == 0) {
        *id = record_get_be64(k.mv_data);
    }
    mdb_cursor_close(cur);
    mdb_txn_abort(txn);
    return rc == 0 || rc == MDB_NOTFOUND ? 0 : store_fail(err, rc, "cannot walk the event log");
}

static int
sum_types(struct store *st, MDB_txn *txn, json_t *by_type, struct rr_err *err)
{
    MDB_cursor *cur;
    MDB_val k;
    MDB_val v;
    int rc = mdb_cursor_open(txn, st->dbi[T_TYPE], &cur);

    if (rc != 0) {
        return store_fail(err, rc, "cannot read the counters");
    }
    for (rc = mdb_cursor_get(cur, &k, &v, MDB_FIRST); rc == 0;
         rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
        const uint8_t *data;
        size_t n;
        char *name = mem_dupn(k.mv_data, k.mv_size);

        if (store_record(RECORD_NUMBERS, &k, &v, &data, &n, NULL) == 0 && n == 8) {
            (void)json_object_set_new(by_type, name,
                                      json_integer((json_int_t)record_get_le64(data)));
        }
        free(name);
    }
    mdb_cursor_close(cur);
    return rc == MDB_NOTFOUND ? 0 : store_fail(err, rc, "cannot read the counters");
}

int
store_totals(struct store *st, json_t *by_type, uint64_t *stored, uint64_t *dropped,
             struct rr_err *err)
{
    MDB_stat stat;
    MDB_txn *txn;
    int rc = store_read(st, &txn, err);

    if (rc != 0) {
        return rc;
    }
    rc = sum_types(st, txn, by_type, err);
    if (rc == 0) {
        rc = store_numbers(st, txn, T_META, "dropped", dropped, 1, err);
    }
    if (rc == 0) {
        rc = mdb_stat(txn, st->dbi[T_EVENT], &stat);
        *stored = rc == 0 ? stat.ms_entries : 0;
        rc = rc == 0 ? 0 : store_fail(err, rc, "cannot size the event log");
    }
    mdb_txn_abort(txn);
    return rc;
}
