/* SPDX-License-Identifier: MIT */
/*
 * store_text.c - durable texts: keys of stages, their notes, their history.
 */
#include "core/rrd/store_int.h"

#include "core/common/fail.h"
#include "core/common/mem.h"

#include <stdlib.h>
#include <string.h>

int
store_do_text(struct store *st, const struct change *c, struct rr_err *err)
{
    uint8_t key[STORE_KEY_MAX];
    const size_t n = store_key2(key, c->stage, c->text.name);

    FAIL("store.text");
    if (n == 0) {
        return rr_err_set(err, RR_E_INPUT, "the name \"%.40s…\" is too long to be stored",
                          c->text.name);
    }
    if (c->text.text == NULL) {
        return store_del(st, st->op, c->text.table, key, n, err);
    }
    return store_set(st, st->op, c->text.table, key, n, RECORD_TEXT, c->text.text,
                     strlen(c->text.text), err);
}

static int
get_text(struct store *st, enum store_table t, const char *a, const char *b, char **text,
         struct rr_err *err)
{
    uint8_t key[STORE_KEY_MAX];
    const uint8_t *data;
    size_t n;
    MDB_txn *txn;
    int rc = store_read(st, &txn, err);

    *text = NULL;
    if (rc != 0) {
        return rc;
    }
    rc = store_get(st, txn, t, key, store_key2(key, a, b), RECORD_TEXT, &data, &n, err);
    if (rc == 0) {
        *text = mem_dupn((const char *)data, n);
    }
    mdb_txn_abort(txn);
    return rc;
}

static int
walk_texts(struct store *st, enum store_table t, const char *stage, const char *after,
           store_text_fn fn, void *arg, struct rr_err *err)
{
    uint8_t key[STORE_KEY_MAX];
    const size_t prefix = strlen(stage) + 1;
    MDB_val k = {store_key2(key, stage, after), key};
    MDB_val v;
    MDB_txn *txn;
    MDB_cursor *cur;
    bool more = true;
    int rc = k.mv_size == 0 ? rr_err_set(err, RR_E_INPUT, "the name of a key is too long")
                            : store_read(st, &txn, err);

    if (rc != 0) {
        return rc;
    }
    rc = mdb_cursor_open(txn, st->dbi[t], &cur);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return store_fail(err, rc, "cannot read the store");
    }
    rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
    while (rc == 0 && more && k.mv_size >= prefix && memcmp(k.mv_data, stage, prefix) == 0) {
        const uint8_t *data;
        size_t n;

        if (store_record(RECORD_TEXT, &k, &v, &data, &n, NULL) == 0) {
            char *name = mem_dupn((const char *)k.mv_data + prefix, k.mv_size - prefix);
            char *text = mem_dupn((const char *)data, n);

            more = (after != NULL && strcmp(name, after) == 0) || fn(arg, name, text);
            free(name);
            free(text);
        }
        rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT);
    }
    mdb_cursor_close(cur);
    mdb_txn_abort(txn);
    return rc == 0 || rc == MDB_NOTFOUND ? 0 : store_fail(err, rc, "cannot read the store");
}

int
store_get_new(struct store *st, const char *stage, const char *key, char **text, struct rr_err *err)
{
    return get_text(st, T_PUT, stage, key, text, err);
}

int
store_hist_new(struct store *st, const char *stage, char **json, struct rr_err *err)
{
    return get_text(st, T_HIST, stage, "", json, err);
}

int
store_keys(struct store *st, const char *stage, const char *after, store_text_fn fn, void *arg,
           struct rr_err *err)
{
    return walk_texts(st, T_PUT, stage, after, fn, arg, err);
}

int
store_notes(struct store *st, const char *stage, store_text_fn fn, void *arg, struct rr_err *err)
{
    return walk_texts(st, T_NOTE, stage, NULL, fn, arg, err);
}
