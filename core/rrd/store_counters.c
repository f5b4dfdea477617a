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

/* The counter of that name, read when it is touched first. */
static struct counter *
counter_of(struct store *st, enum store_table t, const char *name, size_t count, struct rr_err *err)
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
    *c = (struct counter){.table = t, .count = count};
    if (store_numbers(st, st->op, t, name, c->numbers, count, err) != 0) {
        return NULL;
    }
    c->name = mem_dup(name);
    st->n_counters++;
    return c;
}

int
store_count(struct store *st, enum store_table t, const char *name, size_t index, size_t count,
            int64_t delta, struct rr_err *err)
{
    struct counter *c = counter_of(st, t, name, count, err);

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
    const struct counter *c = counter_of(st, t, name, 1, err);

    *out = c == NULL ? 0 : c->numbers[0];
    return c == NULL ? RR_E_CORRUPT : 0;
}

int
store_counters_write(struct store *st, struct rr_err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < st->n_counters; i++) {
        const struct counter *c = &st->counters[i];
        uint8_t data[8 * COUNTER_MAX];

        for (size_t k = 0; k < c->count; k++) {
            record_put_le64(data + 8 * k, c->numbers[k]);
        }
        rc = store_set(st, st->op, c->table, c->name, strlen(c->name), RECORD_NUMBERS, data,
                       8 * c->count, err);
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
