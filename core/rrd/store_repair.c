/* SPDX-License-Identifier: MIT */
/*
 * store_repair.c - put right what damaged records would otherwise stop.
 *
 * Whatever can be counted or looked up again is: numbers of queues, who needs an event, counters,
 * keys of events. A damaged queue entry is buried, so that the stage goes on and the operator
 * decides. What cannot be made again (an event's text, a durable key) stays as it is: reading it
 * says that it is damaged, the event is set aside when its turn comes, and nobody mistakes it for
 * missing.
 */
#include "core/rrd/store_int.h"

#include "core/common/log.h"
#include "core/common/mem.h"

#include <stdlib.h>
#include <string.h>

static int
bury_damaged(struct store *st, const struct store_key *damaged, struct rr_err *err)
{
    static const struct record_item item = {
        .error = "its queue entry was damaged on disk; kick or drop it"};
    struct store_key key = *damaged;
    uint8_t data[RECORD_ITEM_MAX];
    const int rc = store_del(st, T_QUEUE, damaged, err);

    if (rc != 0 || key.n <= STORE_ENTRY_BYTES) {
        return rc;
    }
    key.bytes[key.n - STORE_ENTRY_BYTES] = STORE_BURIED;
    record_put_be64(key.bytes + key.n - 16, 0);
    return store_set(st, T_QUEUE, &key, data, record_item_put(&item, data), err);
}

/* A queue whose entry is gone needs nothing. */
static int
close_facts(struct store *st, struct rr_err *err)
{
    struct store_walk w;

    store_walk(&w, st, st->op, T_FACT, NULL, 0);
    while (store_next(&w)) {
        const struct store_item item = {.id = store_walk_id(&w)};

        if (item.id != 0 && store_fact_is_open(&w)) {
            char *stage = mem_dupn((const char *)w.k.mv_data + 8, w.k.mv_size - 8);

            w.failed = store_add_fact(st, stage, &item, STORE_DROPPED, err);
            free(stage);
        }
    }
    return store_walk_end(&w, err);
}

/* The totals of queues stay where they can be read; what is in them is counted. */
static int
forget_counts(struct store *st, struct rr_err *err)
{
    struct store_walk w;

    store_walk(&w, st, st->op, T_STAT, NULL, 0);
    while (store_next(&w)) {
        uint64_t numbers[STAT_N] = {0};
        struct store_key key = {0};

        store_key_add(&key, w.k.mv_data, w.k.mv_size);
        (void)store_walk_numbers(&w, numbers, STAT_N);
        memset(numbers, 0, STAT_IN * sizeof *numbers);
        w.failed = store_set_numbers(st, T_STAT, &key, numbers, STAT_N, err);
    }
    return store_walk_end(&w, err);
}

/* Count the entries of the queues, and note that their queues need the events. */
static int
count_entries(struct store *st, struct rr_err *err)
{
    struct store_walk w;

    store_walk(&w, st, st->op, T_QUEUE, NULL, 0);
    while (store_next(&w)) {
        const char *queue = w.k.mv_data;
        struct store_item item;

        if (!store_walk_item(&w, &item)) {
            continue;
        }
        w.failed = store_count(st, T_STAT, queue, store_stat_of(item.state), 1, err);
        if (w.failed == 0) {
            w.failed = store_add_fact(
                st, queue, &item, item.state == STORE_BURIED ? STORE_SET_ASIDE : STORE_OPEN, err);
        }
    }
    return store_walk_end(&w, err);
}

int
store_count_again(struct store *st, struct rr_err *err)
{
    int rc = close_facts(st, err);

    rc = rc == 0 ? forget_counts(st, err) : rc;
    rc = rc == 0 ? count_entries(st, err) : rc;
    rc = rc == 0 ? store_counters_write(st, err) : rc;
    store_counters_forget(st); /* a repair and an upgrade both count */
    return rc;
}

/* Note the keys of all events again. */
static int
learn_keys(struct store *st, struct rr_err *err)
{
    struct store_walk w;

    store_walk(&w, st, st->op, T_EVENT, NULL, 0);
    while (store_next(&w)) {
        const uint64_t id = store_walk_id(&w);
        json_t *doc = store_walk_doc(&w);
        struct store_key key;

        if (store_event_key(doc, &key)) {
            w.failed = store_set_numbers(st, T_KEY, &key, &id, 1, err);
        }
        json_decref(doc);
    }
    return store_walk_end(&w, err);
}

/* The number of the last start is in the ids of the events, too. */
static int
count_starts(struct store *st, const struct store_key *key, struct rr_err *err)
{
    struct store_walk w;
    uint64_t start = 4096; /* starts that stored no event left no trace; so many in a row are not */

    store_walk(&w, st, st->op, T_EVENT, NULL, 0);
    w.is_back = true;
    start += store_next(&w) ? store_walk_id(&w) >> 40 : 0;
    w.failed = store_set_numbers(st, T_META, key, &start, 1, err);
    return store_walk_end(&w, err);
}

static int
repair_one(struct store *st, const struct store_damage *d, bool *keys, bool *counts,
           struct rr_err *err)
{
    const enum store_table t = (enum store_table)d->table;

    switch (t) {
    case T_QUEUE:
        *counts = true;
        return bury_damaged(st, &d->key, err);
    case T_STAT:
        *counts = true;
        return 0;
    case T_FACT:
        *counts = true; /* which finds out whether its queue has the event still */
        break;
    case T_KEY:
        *keys = true;
        break;
    case T_META:
        if (store_key_is(&d->key, "format")) {
            return rr_err_set(err, RR_E_CORRUPT,
                              "the record of its format is damaged; restore it from a copy");
        }
        if (store_key_is(&d->key, "start")) {
            return count_starts(st, &d->key, err);
        }
        if (store_key_is(&d->key, "floor")) { /* nothing is behind it now */
            const struct store_key kept = store_key_name("kept");

            (void)store_del(st, T_META, &kept, err);
        }
        break;
    case T_TYPE:
    case T_NOTE:
    case T_HIST:
        break;
    default:
        return 0;
    }
    return store_del(st, t, &d->key, err);
}

/* The key as people can read it: names as they are, numbers in decimal. */
static void
key_text(const struct store_damage *d, char *out, size_t cap)
{
    const struct store_key *key = &d->key;
    size_t n = 0;

    if (key->n == 8) {
        (void)snprintf(out, cap, "%llu", (unsigned long long)record_get_be64(key->bytes));
        return;
    }
    for (; n < key->n && n + 1 < cap && key->bytes[n] >= 0x20 && key->bytes[n] < 0x7f; n++) {
        out[n] = (char)key->bytes[n];
    }
    out[n] = '\0';
    if (d->table == T_QUEUE && key->n > STORE_ENTRY_BYTES) {
        (void)snprintf(out + n, cap - n, " event %llu",
                       (unsigned long long)record_get_be64(key->bytes + key->n - 8));
    }
}

int
store_repair(struct store *st, const struct store_check *check, struct rr_err *err)
{
    bool keys = false;
    bool counts = false;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < check->n_damaged; i++) {
        char key[80];

        key_text(&check->damaged[i], key, sizeof key);
        log_error("store", "damaged record table=%s key=%s",
                  store_table_names[check->damaged[i].table], key);
        rc = repair_one(st, &check->damaged[i], &keys, &counts, err);
    }
    rc = rc == 0 && counts ? store_count_again(st, err) : rc;
    return rc == 0 && keys ? learn_keys(st, err) : rc;
}
