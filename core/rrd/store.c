/* SPDX-License-Identifier: MIT */
/*
 * store.c - the store's environment: opening, closing, records by table and key.
 *
 * Owns: the LMDB environment.
 * Does not: write but through its thread (store_thread.c), or know events and queues
 * (store_event.c, store_queue.c) and durable texts (store_text.c).
 */
#include "core/rrd/store_int.h"

#include "core/common/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "rrd-store 1"

static const char *const table_names[T_COUNT] = {"meta", "event", "ref",  "queue", "key",
                                                 "put",  "note",  "hist", "stat",  "type"};

int
store_fail(struct rr_err *err, int rc, const char *what)
{
    if (rc == MDB_MAP_FULL) {
        return rr_err_set(err, -ENOSPC, "%s: the store is full; raise store_size in [core]", what);
    }
    if (rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND || rc == MDB_PANIC || rc == MDB_INVALID ||
        rc == MDB_VERSION_MISMATCH) {
        return rr_err_set(err, RR_E_CORRUPT, "%s: %s", what, mdb_strerror(rc));
    }
    return rr_err_set(err, rc > 0 ? -rc : RR_E_CORRUPT, "%s: %s", what, mdb_strerror(rc));
}

int
store_read(struct store *st, MDB_txn **txn, struct rr_err *err)
{
    const int rc = mdb_txn_begin(st->env, NULL, MDB_RDONLY, txn);

    return rc == 0 ? 0 : store_fail(err, rc, "cannot read the store");
}

size_t
store_key2(uint8_t *out, const char *a, const char *b)
{
    const size_t na = strlen(a);
    const size_t nb = b == NULL ? 0 : strlen(b);

    if (na + 1 + nb > STORE_KEY_MAX) {
        return 0;
    }
    memcpy(out, a, na + 1);
    if (nb > 0) {
        memcpy(out + na + 1, b, nb);
    }
    return na + 1 + nb;
}

int
store_set(struct store *st, MDB_txn *txn, enum store_table t, const void *key, size_t key_n,
          enum record_kind kind, const void *data, size_t n, struct rr_err *err)
{
    uint8_t copy[STORE_KEY_MAX];
    MDB_val k = {key_n, copy};
    MDB_val v = {RECORD_HEAD_BYTES + n, NULL};
    int rc;

    if (key_n == 0 || key_n > sizeof copy) {
        return rr_err_set(err, RR_E_INPUT, "name of %zu bytes is too long to be stored", key_n);
    }
    memcpy(copy, key, key_n);
    rc = mdb_put(txn, st->dbi[t], &k, &v, MDB_RESERVE);
    if (rc != 0) {
        return store_fail(err, rc, "cannot write to the store");
    }
    record_head(kind, data, n, v.mv_data);
    memcpy((uint8_t *)v.mv_data + RECORD_HEAD_BYTES, data, n);
    return 0;
}

int
store_get(struct store *st, MDB_txn *txn, enum store_table t, const void *key, size_t key_n,
          enum record_kind kind, const uint8_t **data, size_t *n, struct rr_err *err)
{
    uint8_t copy[STORE_KEY_MAX];
    MDB_val k = {key_n, copy};
    MDB_val v;
    int rc;

    if (key_n == 0 || key_n > sizeof copy) {
        return rr_err_set(err, RR_E_EMPTY, "no such name");
    }
    memcpy(copy, key, key_n);
    rc = mdb_get(txn, st->dbi[t], &k, &v);
    if (rc == MDB_NOTFOUND) {
        return rr_err_set(err, RR_E_EMPTY, "not in the store");
    }
    if (rc != 0) {
        return store_fail(err, rc, "cannot read the store");
    }
    return record_open(kind, v.mv_data, v.mv_size, data, n, err);
}

int
store_del(struct store *st, MDB_txn *txn, enum store_table t, const void *key, size_t key_n,
          struct rr_err *err)
{
    uint8_t copy[STORE_KEY_MAX];
    MDB_val k = {key_n, copy};
    int rc;

    if (key_n == 0 || key_n > sizeof copy) {
        return 0;
    }
    memcpy(copy, key, key_n);
    rc = mdb_del(txn, st->dbi[t], &k, NULL);
    return rc == 0 || rc == MDB_NOTFOUND ? 0 : store_fail(err, rc, "cannot delete from the store");
}

int
store_numbers(struct store *st, MDB_txn *txn, enum store_table t, const char *name, uint64_t *out,
              size_t count, struct rr_err *err)
{
    const uint8_t *data;
    size_t n;
    const int rc = store_get(st, txn, t, name, strlen(name), RECORD_NUMBERS, &data, &n, err);

    memset(out, 0, count * sizeof *out);
    if (rc == RR_E_EMPTY) {
        return 0;
    }
    for (size_t i = 0; rc == 0 && i < count && 8 * i + 8 <= n; i++) {
        out[i] = record_get_le64(data + 8 * i);
    }
    return rc;
}

int
store_add(struct store *st, MDB_txn *txn, enum store_table t, const char *name, size_t index,
          size_t count, int64_t delta, struct rr_err *err)
{
    uint64_t numbers[8];
    uint8_t data[sizeof numbers];
    int rc = store_numbers(st, txn, t, name, numbers, count, err);

    if (rc != 0) {
        return rc;
    }
    numbers[index] += (uint64_t)delta;
    for (size_t i = 0; i < count; i++) {
        record_put_le64(data + 8 * i, numbers[i]);
    }
    return store_set(st, txn, t, name, strlen(name), RECORD_NUMBERS, data, 8 * count, err);
}

/* Check or write the format and count this start, in one transaction. */
static int
begin_life(struct store *st, MDB_txn *txn, struct rr_err *err)
{
    const uint8_t *data;
    size_t n;
    int rc = store_get(st, txn, T_META, "format", 6, RECORD_TEXT, &data, &n, err);

    if (rc == RR_E_EMPTY && !st->read_only) {
        rc = store_set(st, txn, T_META, "format", 6, RECORD_TEXT, FORMAT, strlen(FORMAT), err);
    } else if (rc == 0 && (n != strlen(FORMAT) || memcmp(data, FORMAT, n) != 0)) {
        return rr_err_set(err, RR_E_CORRUPT, "its format is \"%.*s\", this rrd needs \"%s\"",
                          n > 40 ? 40 : (int)n, (const char *)data, FORMAT);
    }
    if (rc == 0 && !st->read_only) {
        rc = store_add(st, txn, T_META, "start", 0, 1, 1, err);
    }
    if (rc == 0) {
        rc = store_numbers(st, txn, T_META, "start", &st->start, 1, err);
    }
    return rc;
}

static int
open_tables(struct store *st, struct rr_err *err)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(st->env, NULL, st->read_only ? MDB_RDONLY : 0, &txn);

    if (rc != 0) {
        return store_fail(err, rc, "cannot begin a transaction");
    }
    for (int t = 0; t < T_COUNT; t++) {
        rc = mdb_dbi_open(txn, table_names[t], st->read_only ? 0 : MDB_CREATE, &st->dbi[t]);
        if (rc != 0) {
            mdb_txn_abort(txn);
            return store_fail(err, rc, table_names[t]);
        }
    }
    rc = begin_life(st, txn, err);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    rc = mdb_txn_commit(txn);
    return rc == 0 ? 0 : store_fail(err, rc, "cannot commit");
}

int
store_open(const char *dir, uint64_t map_bytes, uint64_t retain_events, bool read_only,
           struct store **out, struct rr_err *err)
{
    struct store *st = mem_zalloc(1, sizeof *st);
    int rc = mdb_env_create(&st->env);

    st->retain_events = retain_events;
    st->health = (struct rr_err)RR_ERR_INIT;
    st->read_only = read_only;
    if (rc == 0) {
        rc = mdb_env_set_maxdbs(st->env, T_COUNT);
    }
    if (rc == 0) {
        rc = mdb_env_set_mapsize(st->env, map_bytes);
    }
    if (rc == 0) {
        /* Never WRITEMAP (a full disk would be a SIGBUS), never NOSYNC (an ack is a promise). */
        rc = mdb_env_open(st->env, dir, MDB_NOTLS | (read_only ? MDB_RDONLY : 0u), 0600);
    }
    rc = rc == 0 ? open_tables(st, err) : store_fail(err, rc, "cannot open");
    if (rc == 0 && !read_only) {
        rc = store_thread_start(st, err);
    }
    if (rc != 0) {
        (void)rr_err_wrap(err, "store %s", dir);
        store_close(st);
        return rc;
    }
    *out = st;
    return 0;
}

void
store_close(struct store *st)
{
    if (st == NULL) {
        return;
    }
    store_thread_stop(st);
    if (st->env != NULL) {
        mdb_env_close(st->env);
    }
    free(st);
}

uint64_t
store_start(const struct store *st)
{
    return st->start;
}
