/* SPDX-License-Identifier: MIT */
/*
 * store_int.h - what the store*.c files share and nobody else includes.
 */
#ifndef RR_CORE_STORE_INT_H
#define RR_CORE_STORE_INT_H

#include "core/rrd/store.h"

#include <lmdb.h>

enum store_table {
    T_META,
    T_EVENT,
    T_REF,
    T_QUEUE,
    T_KEY,
    T_PUT,
    T_NOTE,
    T_HIST,
    T_STAT,
    T_TYPE,
    T_COUNT
};

struct store_waiter {
    store_done_fn fn;
    void *arg;
};

struct store {
    MDB_env *env;
    MDB_dbi dbi[T_COUNT];
    MDB_txn *batch; /* NULL when nothing is waiting for a commit */
    MDB_txn *op;    /* child of batch, NULL outside an operation */
    struct store_waiter *waiters;
    size_t n_waiters, cap_waiters;
    uint64_t start;
    uint64_t seq;
    uint64_t retain_events;
    bool read_only;
};

/* Longest key that LMDB takes, as it is built by default. */
#define STORE_KEY_MAX 511

int store_fail(struct rr_err *err, int rc, const char *what);

/* A read transaction; ended by mdb_txn_abort. */
int store_read(struct store *st, MDB_txn **txn, struct rr_err *err);
/* The batch when one is open (*own false), else a read transaction (*own true: abort it). */
int store_view(struct store *st, MDB_txn **txn, bool *own, struct rr_err *err);

/* "a\0b": returns the length, 0 when it does not fit. b NULL gives the prefix "a\0". */
size_t store_key2(uint8_t *out, const char *a, const char *b);

int store_set(struct store *st, MDB_txn *txn, enum store_table t, const void *key, size_t key_n,
              enum record_kind kind, const void *data, size_t n, struct rr_err *err);
/* RR_E_EMPTY when there is no such key; *data lies in the map until the transaction ends. */
int store_get(struct store *st, MDB_txn *txn, enum store_table t, const void *key, size_t key_n,
              enum record_kind kind, const uint8_t **data, size_t *n, struct rr_err *err);
/* Deleting what is not there is fine. */
int store_del(struct store *st, MDB_txn *txn, enum store_table t, const void *key, size_t key_n,
              struct rr_err *err);

/* Numbers: add to the number at index of a record of n numbers, which is made when missing. */
int store_add(struct store *st, MDB_txn *txn, enum store_table t, const char *name, size_t index,
              size_t count, int64_t delta, struct rr_err *err);
int store_numbers(struct store *st, MDB_txn *txn, enum store_table t, const char *name,
                  uint64_t *out, size_t count, struct rr_err *err);

/* One entry less needs the event; it goes when pruning passed it already. */
int store_unref(struct store *st, MDB_txn *txn, uint64_t id, struct rr_err *err);
/* Add an entry to a queue, in the open operation. */
int store_enqueue(struct store *st, const char *queue, uint64_t id, uint64_t now_ms,
                  struct rr_err *err);

#define STAT_READY 0u
#define STAT_DELAYED 1u
#define STAT_BURIED 2u
#define STAT_IN 3u
#define STAT_DONE 4u
#define STAT_N 5u

#endif
