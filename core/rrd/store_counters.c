/* SPDX-License-Identifier: MIT */
/*
 * store_counters.c - records of numbers, and those that a batch changes again and again.
 *
 * An event changes half a dozen counters. They are gathered in memory while a batch is applied and
 * written once, in the same transaction.
 */
#include "core/rrd/store_int.h"

#include "core/common/mem.h"

#include <stdlib.h>
#include <string.h>

static size_t
count_of(enum store_table t)
{
    return t == T_STAT ? STAT_N : 1;
}

int
store_set_numbers(struct store *st, enum store_table t, const struct store_key *key,
                  const uint64_t *numbers, size_t count, struct rr_err *err)
{
    uint8_t data[8 * STAT_N]; /* no record has more */

    for (size_t i = 0; i < count; i++) {
        record_put_le64(data + 8 * i, numbers[i]);
    }
    return store_set(st, t, key, data, 8 * count, err);
}

/* As many as there are, and as are wanted. */
static void
read_numbers(const MDB_val *data, uint64_t *out, size_t count)
{
    for (size_t i = 0; i < count && 8 * i + 8 <= data->mv_size; i++) {
        out[i] = record_get_le64((const uint8_t *)data->mv_data + 8 * i);
    }
}

int
store_numbers(struct store *st, MDB_txn *txn, enum store_table t, const char *name, uint64_t *out,
              struct rr_err *err)
{
    const struct store_key key = store_key_name(name);
    MDB_val data;
    const int rc = store_get(st, txn, t, &key, &data, err);

    memset(out, 0, count_of(t) * sizeof *out);
    if (rc == 0) {
        read_numbers(&data, out, count_of(t));
    }
    return rc == RR_E_EMPTY ? 0 : rc;
}

bool
store_walk_numbers(const struct store_walk *w, uint64_t *out, size_t count)
{
    MDB_val data;

    if (!store_walk_data(w, &data) || data.mv_size != 8 * count) {
        return false;
    }
    read_numbers(&data, out, count);
    return true;
}

/* The counter of that name, read when it is touched first. */
static struct counter *
counter_of(struct store *st, enum store_table t, const char *name, struct rr_err *err)
{
    struct counter *c;

    for (size_t i = 0; i < st->n_counters; i++) {
        c = &st->counters[i];
        if (c->table == t && strcmp(c->name, name) == 0) {
            return c;
        }
    }
    st->counters = mem_resize(st->counters, st->n_counters + 1, sizeof *st->counters);
    c = &st->counters[st->n_counters];
    c->table = t;
    if (store_numbers(st, st->op, t, name, c->numbers, err) != 0) {
        return NULL;
    }
    c->name = mem_dup(name);
    st->n_counters++;
    return c;
}

int
store_count(struct store *st, enum store_table t, const char *name, size_t index, int64_t delta,
            struct rr_err *err)
{
    struct counter *c = counter_of(st, t, name, err);

    if (c == NULL) {
        return RR_E_CORRUPT;
    }
    c->numbers[index] += (uint64_t)delta;
    return 0;
}

int
store_counted(struct store *st, enum store_table t, const char *name, uint64_t *out,
              struct rr_err *err)
{
    const struct counter *c = counter_of(st, t, name, err);

    *out = c == NULL ? 0 : c->numbers[0];
    return c == NULL ? RR_E_CORRUPT : 0;
}

int
store_counters_write(struct store *st, struct rr_err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < st->n_counters; i++) {
        const struct counter *c = &st->counters[i];
        const struct store_key key = store_key_name(c->name);

        rc = store_set_numbers(st, c->table, &key, c->numbers, count_of(c->table), err);
    }
    return rc;
}

void
store_counters_forget(struct store *st)
{
    for (size_t i = 0; i < st->n_counters; i++) {
        free(st->counters[i].name);
    }
    st->n_counters = 0;
}
