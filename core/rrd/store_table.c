/* SPDX-License-Identifier: MIT */
/*
 * store_table.c - the tables: keys, records, walks.
 *
 * Does not: know what the records mean.
 */
#include "core/rrd/store_int.h"

#include "core/common/mem.h"

#include <errno.h>
#include <string.h>

const char *const store_table_names[T_COUNT] = {"meta", "event", "queue", "key",   "put",  "note",
                                                "hist", "stat",  "type",  "child", "fact", "ref"};

int
store_fail(struct rr_err *err, int rc, const char *what)
{
    if (rc == MDB_MAP_FULL) {
        return rr_err_set(err, -ENOSPC, "%s: the store is full; raise store_size in [core]", what);
    }
    return rr_err_set(err, rc > 0 ? -rc : RR_E_CORRUPT, "%s: %s", what, mdb_strerror(rc));
}

int
store_read(struct store *st, MDB_txn **txn, struct rr_err *err)
{
    const int rc = mdb_txn_begin(st->env, NULL, MDB_RDONLY, txn);

    return rc == 0 ? 0 : store_fail(err, rc, "cannot read the store");
}

void
store_key_add(struct store_key *key, const void *bytes, size_t n)
{
    if (key->n + n <= STORE_KEY_MAX) {
        memcpy(key->bytes + key->n, bytes, n);
    }
    key->n += n;
}

void
store_key_add_number(struct store_key *key, uint64_t number)
{
    uint8_t be[8];

    record_put_be64(be, number);
    store_key_add(key, be, sizeof be);
}

struct store_key
store_key_name(const char *name)
{
    struct store_key key;

    key.n = 0;
    store_key_add(&key, name, strlen(name));
    return key;
}

struct store_key
store_key_names(const char *a, const char *b)
{
    struct store_key key;

    key.n = 0;
    store_key_add(&key, a, strlen(a) + 1);
    store_key_add(&key, b, strlen(b));
    return key;
}

struct store_key
store_key_id(uint64_t id)
{
    struct store_key key;

    key.n = 0;
    store_key_add_number(&key, id);
    return key;
}

bool
store_key_is(const struct store_key *key, const char *name)
{
    return key->n == strlen(name) && memcmp(key->bytes, name, key->n) == 0;
}

/* A key as LMDB wants it, which does not write to it. Returns whether it can be one. */
static bool
key_val(const struct store_key *key, MDB_val *k)
{
    *k = (MDB_val){key->n, (void *)(uintptr_t)key->bytes};
    return key->n > 0 && key->n <= STORE_KEY_MAX;
}

static enum record_kind
kind_of(enum store_table t, const MDB_val *k)
{
    switch (t) {
    case T_EVENT:
        return RECORD_EVENT;
    case T_QUEUE:
        return RECORD_ITEM;
    case T_PUT:
    case T_NOTE:
    case T_HIST:
        return RECORD_TEXT;
    case T_META:
        return k->mv_size == 6 && memcmp(k->mv_data, "format", 6) == 0 ? RECORD_TEXT
                                                                       : RECORD_NUMBERS;
    default:
        return RECORD_NUMBERS;
    }
}

int
store_record(enum store_table t, const MDB_val *k, const MDB_val *v, MDB_val *data,
             struct rr_err *err)
{
    const int rc = record_check(kind_of(t, k), k->mv_data, k->mv_size, v->mv_data, v->mv_size, err);

    if (rc == 0) {
        data->mv_size = v->mv_size - RECORD_HEAD_BYTES;
        data->mv_data = (uint8_t *)v->mv_data + RECORD_HEAD_BYTES;
    }
    return rc;
}

int
store_set(struct store *st, enum store_table t, const struct store_key *key, const void *data,
          size_t n, struct rr_err *err)
{
    MDB_val k;
    MDB_val v = {RECORD_HEAD_BYTES + n, NULL};
    int rc;

    if (!key_val(key, &k)) {
        return rr_err_set(err, RR_E_INPUT, "name of %zu bytes is too long to be stored", key->n);
    }
    /* Events come in the order of their ids: pages that are filled to their end are half as many.
     */
    rc = mdb_put(st->op, st->dbi[t], &k, &v, MDB_RESERVE | (t == T_EVENT ? MDB_APPEND : 0));
    if (rc != 0) {
        return store_fail(err, rc, "cannot write to the store");
    }
    record_head(kind_of(t, &k), key->bytes, key->n, data, n, v.mv_data);
    memcpy((uint8_t *)v.mv_data + RECORD_HEAD_BYTES, data, n);
    return 0;
}

int
store_del(struct store *st, enum store_table t, const struct store_key *key, struct rr_err *err)
{
    MDB_val k;
    const int rc = key_val(key, &k) ? mdb_del(st->op, st->dbi[t], &k, NULL) : MDB_NOTFOUND;

    return rc == 0 || rc == MDB_NOTFOUND ? 0 : store_fail(err, rc, "cannot delete from the store");
}

int
store_get(struct store *st, MDB_txn *txn, enum store_table t, const struct store_key *key,
          MDB_val *data, struct rr_err *err)
{
    MDB_val k;
    MDB_val v;
    const int rc = key_val(key, &k) ? mdb_get(txn, st->dbi[t], &k, &v) : MDB_NOTFOUND;

    if (rc == MDB_NOTFOUND) {
        return rr_err_set(err, RR_E_EMPTY, "not in the store");
    }
    return rc == 0 ? store_record(t, &k, &v, data, err)
                   : store_fail(err, rc, "cannot read the store");
}

int
store_get_text(struct store *st, enum store_table t, const struct store_key *key, char **text,
               struct rr_err *err)
{
    MDB_txn *txn;
    MDB_val data;
    int rc = store_read(st, &txn, err);

    *text = NULL;
    if (rc != 0) {
        return rc;
    }
    rc = store_get(st, txn, t, key, &data, err);
    if (rc == 0) {
        *text = mem_dupn(data.mv_data, data.mv_size);
    }
    mdb_txn_abort(txn);
    return rc;
}

void
store_walk(struct store_walk *w, struct store *st, MDB_txn *txn, enum store_table t,
           const struct store_key *from, size_t prefix_n)
{
    *w = (struct store_walk){.table = t, .prefix_n = prefix_n, .to = MDB_FIRST};
    if (txn == NULL) {
        w->rc = mdb_txn_begin(st->env, NULL, MDB_RDONLY, &w->own);
        txn = w->own;
    }
    if (w->rc == 0) {
        w->rc = mdb_cursor_open(txn, st->dbi[t], &w->cur);
    }
    if (from != NULL) {
        store_seek(w, from);
    }
}

void
store_seek(struct store_walk *w, const struct store_key *from)
{
    w->from = from;
    w->to = MDB_SET_RANGE;
}

bool
store_next(struct store_walk *w)
{
    const MDB_cursor_op to = w->to;

    if (w->cur == NULL || w->failed != 0 || (to == MDB_SET_RANGE && !key_val(w->from, &w->k))) {
        return false;
    }
    w->to = w->is_back ? MDB_PREV : MDB_NEXT;
    w->rc = mdb_cursor_get(w->cur, &w->k, &w->v, to);
    if (w->is_back && to != MDB_PREV) { /* it stands behind where it begins, if there is anything */
        w->rc = mdb_cursor_get(w->cur, &w->k, &w->v,
                               to == MDB_SET_RANGE && w->rc == 0 ? MDB_PREV : MDB_LAST);
    }
    return w->rc == 0 &&
           (w->prefix_n == 0 || (w->k.mv_size >= w->prefix_n &&
                                 memcmp(w->k.mv_data, w->from->bytes, w->prefix_n) == 0));
}

int
store_walk_end(struct store_walk *w, struct rr_err *err)
{
    mdb_cursor_close(w->cur);
    mdb_txn_abort(w->own);
    if (w->failed != 0) {
        return w->failed;
    }
    return w->rc == 0 || w->rc == MDB_NOTFOUND ? 0
                                               : store_fail(err, w->rc, "cannot read the store");
}

bool
store_walk_data(const struct store_walk *w, MDB_val *data)
{
    return store_record(w->table, &w->k, &w->v, data, NULL) == 0;
}

uint64_t
store_walk_id(const struct store_walk *w)
{
    return w->k.mv_size < 8 ? 0 : record_get_be64(w->k.mv_data);
}
