/* SPDX-License-Identifier: MIT */
/*
 * store.c - the store's environment: opening, closing, records by table and key.
 *
 * Owns: the LMDB environment.
 * Does not: write but through its thread (store_thread.c), or know events and queues
 * (store_event.c, store_queue.c) and durable texts (store_text.c).
 */
#include "core/rrd/store_int.h"

#include "core/common/fail.h"
#include "core/common/mem.h"
#include "core/common/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT "rrd-store 3"
#define FORMAT_N (sizeof FORMAT - 1)

const char *const store_table_names[T_COUNT] = {"meta", "event", "queue", "key",   "put",  "note",
                                                "hist", "stat",  "type",  "child", "fact", "ref"};

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
    /* Events come in the order of their ids: pages that are filled to their end are half as many.
     */
    rc = mdb_put(txn, st->dbi[t], &k, &v, MDB_RESERVE | (t == T_EVENT ? MDB_APPEND : 0));
    if (rc != 0) {
        return store_fail(err, rc, "cannot write to the store");
    }
    record_head(kind, key, key_n, data, n, v.mv_data);
    memcpy((uint8_t *)v.mv_data + RECORD_HEAD_BYTES, data, n);
    return 0;
}

int
store_record(enum record_kind kind, const MDB_val *k, const MDB_val *v, const uint8_t **data,
             size_t *n, struct rr_err *err)
{
    return record_open(kind, k->mv_data, k->mv_size, v->mv_data, v->mv_size, data, n, err);
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
    return store_record(kind, &k, &v, data, n, err);
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

/*
 * Format 2 has besides: checksums that cover keys (records of format 1 stay readable) and the
 * tables child and fact. Format 3 notes in the facts which queues need an event; the table ref
 * counted them.
 */
static int
upgrade(struct store *st, MDB_txn *txn, char from, struct rr_err *err)
{
    int rc;

    st->op = txn;
    rc = from == '1' ? store_index_children(st, err) : 0;
    if (rc == 0) {
        rc = store_count_again(st, err);
    }
    st->op = NULL;
    if (rc == 0) {
        rc = mdb_drop(txn, st->dbi[T_REF], 1);
        rc = rc == 0 ? 0 : store_fail(err, rc, "cannot upgrade the store");
    }
    return rc == 0 ? store_set(st, txn, T_META, "format", 6, RECORD_TEXT, FORMAT, FORMAT_N, err)
                   : rc;
}

static bool
is_older(const uint8_t *format, size_t n)
{
    return n == FORMAT_N && memcmp(format, FORMAT, n - 1) == 0 && format[n - 1] >= '1' &&
           format[n - 1] < FORMAT[n - 1];
}

/* Check or write the format and count this start, in one transaction. */
static int
begin_life(struct store *st, struct rr_err *err)
{
    const uint8_t *data;
    MDB_txn *txn;
    size_t n;
    int rc = mdb_txn_begin(st->env, NULL, st->read_only ? MDB_RDONLY : 0, &txn);

    if (rc != 0) {
        return store_fail(err, rc, "cannot begin a transaction");
    }
    rc = store_get(st, txn, T_META, "format", 6, RECORD_TEXT, &data, &n, err);

    if (rc == RR_E_EMPTY && !st->read_only) {
        rc = store_set(st, txn, T_META, "format", 6, RECORD_TEXT, FORMAT, FORMAT_N, err);
    } else if (rc == 0 && is_older(data, n)) {
        rc = st->read_only ? 0 : upgrade(st, txn, (char)data[n - 1], err);
    } else if (rc == 0 && (n != FORMAT_N || memcmp(data, FORMAT, n) != 0)) {
        rc = rr_err_set(err, RR_E_CORRUPT,
                        "its format is \"%.*s\", this rrd reads up to \"%s\"; "
                        "use an rrd of the release that wrote it, or a newer one",
                        n > 40 ? 40 : (int)n, (const char *)data, FORMAT);
    }
    if (rc == 0 && !st->read_only) {
        rc = store_add(st, txn, T_META, "start", 0, 1, 1, err);
    }
    if (rc == 0) {
        rc = store_numbers(st, txn, T_META, "start", &st->start, 1, err);
    }
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    rc = mdb_txn_commit(txn);
    return rc == 0 ? 0 : store_fail(err, rc, "cannot commit");
}

static int
open_tables(struct store *st, const struct store_check *check, struct rr_err *err)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(st->env, NULL, st->read_only ? MDB_RDONLY : 0, &txn);

    if (rc != 0) {
        return store_fail(err, rc, "cannot begin a transaction");
    }
    for (int t = 0; t < T_COUNT; t++) {
        const bool makes = !st->read_only && t != T_REF;

        rc = mdb_dbi_open(txn, store_table_names[t], makes ? MDB_CREATE : 0, &st->dbi[t]);
        if (rc == MDB_NOTFOUND && t >= T_CHILD) {
            continue; /* there in other formats only */
        }
        if (rc != 0) {
            mdb_txn_abort(txn);
            return store_fail(err, rc, store_table_names[t]);
        }
    }
    rc = mdb_txn_commit(txn);
    if (rc != 0) {
        return store_fail(err, rc, "cannot commit");
    }
    rc = check->n_damaged > 0 ? store_repair(st, check, err) : 0;
    return rc == 0 ? begin_life(st, err) : rc;
}

/* From now on the end is unclean, until store_close() says otherwise. */
static int
begin_unclean(const char *dir, const char *clean_path, struct rr_err *err)
{
    int rc = unlink(clean_path) != 0 && errno != ENOENT ? -errno : 0;

    rc = rc == 0 ? paths_sync(dir) : rc;
    return rc == 0 ? 0 : rr_err_set(err, rc, "cannot remove %s: %s", clean_path, strerror(-rc));
}

/* A store that was made just now is not in its directory for good, nor is that in its own, up to
 * the one that the operator made. */
static int
settle(const char *dir, struct rr_err *err)
{
    static const char *const ups[] = {"", "/..", "/../.."};
    int rc = 0;

    for (size_t i = 0; i < sizeof ups / sizeof ups[0] && rc == 0; i++) {
        char *path = mem_printf("%s%s", dir, ups[i]);

        rc = paths_sync(path);
        free(path);
    }
    return rc == 0 ? 0 : rr_err_set(err, rc, "cannot sync %s: %s", dir, strerror(-rc));
}

static int
open_env(struct store *st, const char *dir, uint64_t map_bytes, struct rr_err *err)
{
    int rc = mdb_env_create(&st->env);

    if (rc == 0) {
        rc = mdb_env_set_maxdbs(st->env, T_COUNT);
    }
    if (rc == 0) {
        rc = mdb_env_set_mapsize(st->env, map_bytes);
    }
    if (rc == 0) {
        /* Never WRITEMAP (a full disk would be a SIGBUS), never NOSYNC (an ack is a promise). */
        rc = mdb_env_open(st->env, dir, MDB_NOTLS | (st->read_only ? MDB_RDONLY : 0u), 0600);
    }
    return rc == 0 ? 0 : store_fail(err, rc, "cannot open");
}

int
store_open(const char *dir, const struct store_conf *conf, struct store **out, struct rr_err *err)
{
    struct store *st = mem_zalloc(1, sizeof *st);
    struct store_check check = {0};
    int rc;

    st->retain_events = conf->retain_events;
    st->reserve = conf->reserve_bytes;
    st->space = (struct rr_err)RR_ERR_INIT;
    st->health = (struct rr_err)RR_ERR_INIT;
    st->read_only = conf->read_only;
    st->dir = mem_dup(dir);
    st->ballast_path = mem_printf("%s/ballast", dir);
    st->clean_path = mem_printf("%s/clean", dir);
    const bool was_clean = access(st->clean_path, F_OK) == 0;

    rc = store_verify(dir, !conf->read_only && !was_clean, &check, err);
    FAIL("store.open.verified");
    if (rc == 0 && !conf->read_only) {
        rc = begin_unclean(dir, st->clean_path, err);
    }
    if (rc == 0) {
        rc = open_env(st, dir, conf->map_bytes, err);
    }
    FAIL("store.open.opened");
    if (rc == 0) {
        rc = open_tables(st, &check, err);
    }
    if (rc == 0 && !conf->read_only && !was_clean) {
        rc = settle(dir, err);
    }
    FAIL("store.open.counted");
    if (rc == 0 && !conf->read_only) {
        rc = store_thread_start(st, err);
    }
    free(check.damaged);
    if (rc != 0) {
        (void)rr_err_wrap(err, "store");
        st->health.code = rc; /* the end is not a clean one */
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
    FAIL("store.close.begin");
    store_thread_stop(st);
    FAIL("store.close.written");
    if (st->env != NULL) {
        mdb_env_close(st->env);
    }
    if (!st->read_only && st->health.code == 0) {
        const int fd = open(st->clean_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        /* Without it the next start looks at every record: slower, not wrong. */
        if (fd >= 0) {
            (void)close(fd);
        }
    }
    store_counters_forget(st);
    free(st->counters);
    free(st->ballast_path);
    free(st->clean_path);
    free(st->dir);
    free(st);
}

uint64_t
store_start(const struct store *st)
{
    return st->start;
}
