/* SPDX-License-Identifier: MIT */
/*
 * store_lineage.c - what caused what, and how it was handled.
 *
 * An event names its parents in its text; the table `child` is the way back, and `fact` says for
 * each stage that had the event how that ended. Both go with the event.
 */
#include "core/rrd/store_int.h"

#include "core/common/mem.h"
#include "core/rrd/sys.h"

#include <stdlib.h>
#include <string.h>

enum { FACT_NUMBERS = 4, PAIR = 16 };

static void
pair_key(uint8_t *out, uint64_t parent, uint64_t child)
{
    record_put_be64(out, parent);
    record_put_be64(out + 8, child);
}

int
store_add_child(struct store *st, uint64_t parent, uint64_t child, struct rr_err *err)
{
    uint8_t key[PAIR];

    pair_key(key, parent, child);
    return store_set(st, st->op, T_CHILD, key, sizeof key, RECORD_NUMBERS, "", 0, err);
}

bool
store_fact_is_open(const MDB_val *k, const MDB_val *v)
{
    const uint8_t *data;
    size_t n;

    if (store_record(RECORD_NUMBERS, k, v, &data, &n, NULL) != 0 || n != 8 * FACT_NUMBERS) {
        return true; /* damaged: who knows */
    }
    const uint64_t outcome = record_get_le64(data);

    return outcome == STORE_OPEN || outcome == STORE_SET_ASIDE;
}

int
store_add_fact(struct store *st, const char *stage, const struct store_item *item,
               enum store_outcome outcome, struct rr_err *err)
{
    const uint64_t numbers[FACT_NUMBERS] = {outcome, item->item.attempts, item->item.in_ms,
                                            outcome == STORE_OPEN ? 0 : sys_wall_ms()};
    uint8_t key[STORE_KEY_MAX];
    uint8_t data[8 * FACT_NUMBERS];
    const size_t n = strlen(stage);

    if (8 + n > sizeof key) {
        return rr_err_set(err, RR_E_INPUT, "the name of stage %.40s is too long", stage);
    }
    record_put_be64(key, item->id);
    memcpy(key + 8, stage, n);
    for (size_t i = 0; i < FACT_NUMBERS; i++) {
        record_put_le64(data + 8 * i, numbers[i]);
    }
    return store_set(st, st->op, T_FACT, key, 8 + n, RECORD_NUMBERS, data, sizeof data, err);
}

int
store_is_needed(struct store *st, uint64_t id, const char *queue, bool *needed, struct rr_err *err)
{
    uint8_t be[8];
    MDB_val k = {sizeof be, be};
    MDB_val v;
    MDB_cursor *cur;
    int rc = mdb_cursor_open(st->op, st->dbi[T_FACT], &cur);

    *needed = false;
    if (rc != 0) {
        return store_fail(err, rc, "cannot look who needs an event");
    }
    record_put_be64(be, id);
    for (rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
         rc == 0 && !*needed && k.mv_size > 8 && record_get_be64(k.mv_data) == id;
         rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
        const char *stage = (const char *)k.mv_data + 8;
        const size_t n = k.mv_size - 8;

        *needed = (queue == NULL || (strlen(queue) == n && memcmp(stage, queue, n) == 0)) &&
                  store_fact_is_open(&k, &v);
    }
    mdb_cursor_close(cur);
    return rc == 0 || rc == MDB_NOTFOUND ? 0
                                         : store_fail(err, rc, "cannot look who needs an event");
}

/* Whether a stored event is what the change would append. */
static bool
is_same(struct store *st, uint64_t id, const struct change *c)
{
    uint8_t be[8];
    const uint8_t *data;
    size_t n;
    json_t *doc;
    bool same;

    record_put_be64(be, id);
    if (store_get(st, st->op, T_EVENT, be, sizeof be, RECORD_EVENT, &data, &n, NULL) != 0) {
        return false;
    }
    doc = json_loadb((const char *)data, n, 0, NULL);
    const char *type = json_string_value(json_object_get(doc, "type"));
    const char *source = json_string_value(json_object_get(doc, "source"));
    const char *config = json_string_value(json_object_get(doc, "config"));

    same = type != NULL && source != NULL && config != NULL && strcmp(type, c->append.type) == 0 &&
           strcmp(source, c->append.source) == 0 && strcmp(config, c->append.config) == 0;
    json_decref(doc);
    return same;
}

int
store_known_child(struct store *st, const struct change *c, uint64_t after, uint64_t *known,
                  struct rr_err *err)
{
    uint8_t key[PAIR];
    MDB_val k = {sizeof key, key};
    MDB_val v;
    MDB_cursor *cur;
    int rc = mdb_cursor_open(st->op, st->dbi[T_CHILD], &cur);

    *known = 0;
    if (rc != 0) {
        return store_fail(err, rc, "cannot read the lineage");
    }
    pair_key(key, c->append.parent, after + 1);
    for (rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
         rc == 0 && k.mv_size == PAIR && record_get_be64(k.mv_data) == c->append.parent;
         rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
        const uint64_t child = record_get_be64((const uint8_t *)k.mv_data + 8);

        if (is_same(st, child, c)) {
            *known = child;
            break;
        }
    }
    mdb_cursor_close(cur);
    return rc == 0 || rc == MDB_NOTFOUND ? 0 : store_fail(err, rc, "cannot read the lineage");
}

/* Delete all records of a table whose key begins with an id. */
static int
delete_prefix(struct store *st, MDB_txn *txn, enum store_table t, uint64_t id, struct rr_err *err)
{
    uint8_t be[8];
    MDB_val k = {sizeof be, be};
    MDB_val v;
    MDB_cursor *cur;
    int rc = mdb_cursor_open(txn, st->dbi[t], &cur);

    if (rc != 0) {
        return store_fail(err, rc, "cannot forget the lineage");
    }
    record_put_be64(be, id);
    for (rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
         rc == 0 && k.mv_size >= 8 && record_get_be64(k.mv_data) == id;
         rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
        rc = mdb_cursor_del(cur, 0);
        if (rc != 0) {
            break;
        }
    }
    mdb_cursor_close(cur);
    return rc == 0 || rc == MDB_NOTFOUND ? 0 : store_fail(err, rc, "cannot forget the lineage");
}

int
store_forget_lineage(struct store *st, MDB_txn *txn, uint64_t id, const json_t *event,
                     struct rr_err *err)
{
    const json_t *parents = json_object_get(event, "parents");
    uint8_t key[PAIR];
    int rc = delete_prefix(st, txn, T_FACT, id, err);

    if (rc == 0) {
        rc = delete_prefix(st, txn, T_CHILD, id, err);
    }
    for (size_t i = 0; rc == 0 && i < json_array_size(parents); i++) {
        pair_key(key, (uint64_t)json_integer_value(json_array_get(parents, i)), id);
        rc = store_del(st, txn, T_CHILD, key, sizeof key, err);
    }
    return rc;
}

int
store_index_children(struct store *st, struct rr_err *err)
{
    MDB_cursor *cur;
    MDB_val k;
    MDB_val v;
    int bad = 0;
    int rc = mdb_cursor_open(st->op, st->dbi[T_EVENT], &cur);

    if (rc != 0) {
        return store_fail(err, rc, "cannot upgrade the store");
    }
    for (rc = mdb_cursor_get(cur, &k, &v, MDB_FIRST); rc == 0 && bad == 0;
         rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
        const uint8_t *data;
        size_t n;
        json_t *doc;

        if (store_record(RECORD_EVENT, &k, &v, &data, &n, NULL) != 0) {
            continue; /* it is set aside when its turn comes */
        }
        doc = json_loadb((const char *)data, n, 0, NULL);
        const json_t *parents = json_object_get(doc, "parents");

        for (size_t i = 0; bad == 0 && i < json_array_size(parents); i++) {
            bad = store_add_child(st, (uint64_t)json_integer_value(json_array_get(parents, i)),
                                  record_get_be64(k.mv_data), err);
        }
        json_decref(doc);
    }
    mdb_cursor_close(cur);
    return bad != 0             ? bad
           : rc == MDB_NOTFOUND ? 0
                                : store_fail(err, rc, "cannot upgrade the store");
}

/* Walk the keys of a table that begin with an id. */
typedef bool (*key_fn)(void *arg, const MDB_val *k, const MDB_val *v);

static int
walk_prefix(struct store *st, enum store_table t, uint64_t id, key_fn fn, void *arg,
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
    rc = mdb_cursor_open(txn, st->dbi[t], &cur);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return store_fail(err, rc, "cannot read the lineage");
    }
    record_put_be64(be, id);
    for (rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
         rc == 0 && k.mv_size > 8 && record_get_be64(k.mv_data) == id && fn(arg, &k, &v);
         rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
    }
    mdb_cursor_close(cur);
    mdb_txn_abort(txn);
    return rc == 0 || rc == MDB_NOTFOUND ? 0 : store_fail(err, rc, "cannot read the lineage");
}

struct child_walk {
    store_id_fn fn;
    void *arg;
};

static bool
give_child(void *arg, const MDB_val *k, const MDB_val *v)
{
    const struct child_walk *w = arg;

    (void)v;
    return k->mv_size != PAIR || w->fn(w->arg, record_get_be64((const uint8_t *)k->mv_data + 8));
}

int
store_children(struct store *st, uint64_t id, store_id_fn fn, void *arg, struct rr_err *err)
{
    struct child_walk w = {fn, arg};

    return walk_prefix(st, T_CHILD, id, give_child, &w, err);
}

struct fact_walk {
    store_fact_fn fn;
    void *arg;
};

static bool
give_fact(void *arg, const MDB_val *k, const MDB_val *v)
{
    const struct fact_walk *w = arg;
    const uint8_t *data;
    size_t n;
    bool more = true;

    if (store_record(RECORD_NUMBERS, k, v, &data, &n, NULL) == 0 && n == 8 * FACT_NUMBERS) {
        const struct store_fact fact = {.outcome = (enum store_outcome)record_get_le64(data),
                                        .attempts = record_get_le64(data + 8),
                                        .in_ms = record_get_le64(data + 16),
                                        .end_ms = record_get_le64(data + 24)};
        char *stage = mem_dupn((const char *)k->mv_data + 8, k->mv_size - 8);

        more = fact.outcome == STORE_OPEN || w->fn(w->arg, stage, &fact);
        free(stage);
    }
    return more;
}

int
store_facts(struct store *st, uint64_t id, store_fact_fn fn, void *arg, struct rr_err *err)
{
    struct fact_walk w = {fn, arg};

    return walk_prefix(st, T_FACT, id, give_fact, &w, err);
}

/* Time and id of the first event from an id on. */
static int
time_from(MDB_cursor *cur, uint64_t from, uint64_t *id, uint64_t *time_ms)
{
    uint8_t be[8];
    MDB_val k = {sizeof be, be};
    MDB_val v;
    const uint8_t *data;
    size_t n;
    int rc;

    record_put_be64(be, from);
    for (rc = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE); rc == 0;
         rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
        if (store_record(RECORD_EVENT, &k, &v, &data, &n, NULL) == 0) {
            json_t *doc = json_loadb((const char *)data, n, 0, NULL);

            *id = record_get_be64(k.mv_data);
            *time_ms = (uint64_t)json_integer_value(json_object_get(doc, "time_ms"));
            json_decref(doc);
            return 0;
        }
    }
    return rc;
}

int
store_since(struct store *st, uint64_t time_ms, uint64_t *id, struct rr_err *err)
{
    MDB_txn *txn;
    MDB_cursor *cur;
    uint64_t low = 1;              /* events before it are older */
    uint64_t high = st->start + 1; /* from it on none is older */
    uint64_t at = 0;
    uint64_t when;
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
    /* Ids rise with time, as long as nobody sets the clock back. */
    for (high <<= 40; low < high;) {
        const uint64_t middle = low + (high - low) / 2;

        if (time_from(cur, middle, &at, &when) == 0 && when < time_ms) {
            low = at + 1;
        } else {
            high = middle;
        }
    }
    rc = time_from(cur, low, id, &when);
    mdb_cursor_close(cur);
    mdb_txn_abort(txn);
    return rc == 0              ? 0
           : rc == MDB_NOTFOUND ? rr_err_set(err, RR_E_EMPTY, "no event is as young as that")
                                : store_fail(err, rc, "cannot walk the event log");
}
