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
 * that the log shrinks after retain_events was lowered. An operation that does nothing else has to
 * find room in a full map. */
#define PRUNE_MAX 4

json_t *
store_event_doc(struct store *st, uint64_t id)
{
    const struct store_key key = store_key_id(id);
    MDB_val data;

    return store_get(st, st->op, T_EVENT, &key, &data, NULL) == 0
               ? json_loadb(data.mv_data, data.mv_size, 0, NULL)
               : NULL;
}

json_t *
store_walk_doc(const struct store_walk *w)
{
    MDB_val data;

    return store_walk_data(w, &data) ? json_loadb(data.mv_data, data.mv_size, 0, NULL) : NULL;
}

bool
store_event_key(const json_t *event, struct store_key *key)
{
    const char *used = json_string_value(json_object_get(event, "key"));
    const char *type = json_string_value(json_object_get(event, "type"));

    if (used != NULL && type != NULL) {
        *key = store_key_names(type, used);
    }
    return used != NULL && type != NULL;
}

/* Forget an event and the key it was emitted with. The key of a damaged one stays, which harms
 * nobody. */
static int
forget(struct store *st, uint64_t id, struct rr_err *err)
{
    const struct store_key own = store_key_id(id);
    json_t *doc = store_event_doc(st, id);
    struct store_key key;
    int rc = store_event_key(doc, &key) ? store_del(st, T_KEY, &key, err) : 0;

    rc = rc == 0 ? store_forget_lineage(st, id, doc, err) : rc;
    json_decref(doc);
    return rc == 0 ? store_del(st, T_EVENT, &own, err) : rc;
}

int
store_let_go(struct store *st, uint64_t id, struct rr_err *err)
{
    uint64_t floor = 0;
    uint64_t kept = 0;
    bool needed = true;
    int rc = store_counted(st, T_META, "floor", &floor, err);

    if (rc == 0 && id <= floor) {
        rc = store_is_needed(st, id, NULL, &needed, err);
    }
    if (rc != 0 || needed) {
        return rc;
    }
    rc = store_counted(st, T_META, "kept", &kept, err);
    if (rc == 0 && kept > 0) { /* none were counted before there was this number */
        rc = store_count(st, T_META, "kept", 0, -1, err);
    }
    return rc == 0 ? forget(st, id, err) : rc;
}

/* The id of the first event behind another, 0 for none. */
static int
next_event(struct store *st, uint64_t after, uint64_t *id, struct rr_err *err)
{
    const struct store_key from = store_key_id(after + 1);
    struct store_walk w;

    store_walk(&w, st, st->op, T_EVENT, &from, 0);
    *id = store_next(&w) ? store_walk_id(&w) : 0;
    return store_walk_end(&w, err);
}

int
store_do_prune(struct store *st, struct rr_err *err)
{
    MDB_stat stat;
    uint64_t floor = 0;
    uint64_t kept = 0;
    int rc = mdb_stat(st->op, st->dbi[T_EVENT], &stat);

    if (rc != 0) {
        return store_fail(err, rc, "cannot size the event log");
    }
    if (stat.ms_entries <= st->conf.retain_events) {
        return 0;
    }
    FAIL("store.prune");
    rc = store_counted(st, T_META, "floor", &floor, err);
    rc = rc == 0 ? store_counted(st, T_META, "kept", &kept, err) : rc;
    /* What queues need behind the floor is not what the operator wants to look back on. */
    for (uint64_t left = stat.ms_entries, i = 0;
         rc == 0 && i < PRUNE_MAX && left > kept + st->conf.retain_events; i++, left--) {
        uint64_t id = 0;
        bool needed = false;

        rc = next_event(st, floor, &id, err);
        /* the newest event stays: it may be the whole answer to a question of right now */
        if (id == 0 || id == (st->start << 40 | st->seq)) {
            return rc;
        }
        rc = rc == 0 ? store_is_needed(st, id, NULL, &needed, err) : rc;
        if (rc == 0) {
            rc = needed ? store_count(st, T_META, "kept", 0, 1, err) : forget(st, id, err);
        }
        if (rc == 0) {
            rc = store_count(st, T_META, "floor", 0, (int64_t)(id - floor), err);
            floor = id;
        }
    }
    return rc;
}

/* Whether an event need not be stored, because it is there already: by its key (*key, n 0 for
 * none), or because its handler emitted it before it was repeated by a replay. Returns 1, 0 or an
 * error. */
static int
is_known(struct store *st, const struct change *c, struct store_key *key, struct rr_err *err)
{
    uint64_t known = 0;
    MDB_val data;
    int rc = RR_E_EMPTY;

    key->n = 0;
    if (c->append.key != NULL) {
        *key = store_key_names(c->append.type, c->append.key);
        if (key->n > STORE_KEY_MAX) {
            return rr_err_set(err, RR_E_INPUT, "the key of an emitted %s is too long",
                              c->append.type);
        }
        rc = store_get(st, st->op, T_KEY, key, &data, err);
    }
    if (rc == RR_E_EMPTY && c->append.is_replay) {
        rc = store_known_child(st, c, st->replayed, &known, err);
        st->replayed = known != 0 ? known : st->replayed;
        return rc == 0 ? known != 0 : rc;
    }
    return rc == 0 ? 1 : rc == RR_E_EMPTY ? 0 : rc;
}

static int
write_event(struct store *st, const struct change *c, uint64_t id, struct rr_err *err)
{
    const struct store_key key = store_key_id(id);
    char head[APPEND_HEAD_BYTES + 1];
    const int n = snprintf(head, sizeof head, "{\"id\":%llu", (unsigned long long)id);
    char *text = c->append.text + APPEND_HEAD_BYTES - n;
    int rc;

    memcpy(text, head, (size_t)n);
    rc = store_set(st, T_EVENT, &key, text, c->append.text_n - APPEND_HEAD_BYTES + (size_t)n, err);
    return rc == 0 ? store_count(st, T_TYPE, c->append.type, 0, 1, err) : rc;
}

int
store_do_append(struct store *st, const struct change *c, uint64_t *id, struct rr_err *err)
{
    struct store_key key;
    int rc = is_known(st, c, &key, err);

    *id = 0;
    if (rc != 0) {
        return rc < 0 ? rc : store_count(st, T_META, "dropped", 0, 1, err);
    }
    FAIL("store.append");
    *id = st->start << 40 | ++st->seq;
    rc = write_event(st, c, *id, err);
    if (rc == 0 && c->append.parent != 0) {
        rc = store_add_child(st, c->append.parent, *id, err);
    }
    if (rc == 0 && key.n > 0) {
        rc = store_set_numbers(st, T_KEY, &key, id, 1, err);
    }
    for (size_t i = 0; rc == 0 && i < c->append.n_queues; i++) {
        rc = store_enqueue(st, c->append.queues[i], *id, c->append.time_ms, false, err);
    }
    return rc == 0 ? store_do_prune(st, err) : rc;
}

int
store_do_replay(struct store *st, const struct change *c, struct rr_err *err)
{
    const uint64_t id = c->entry.item.id;
    const struct store_key key = store_key_id(id);
    MDB_val data;
    bool queued = false;
    int rc;

    FAIL("store.replay");
    rc = store_is_needed(st, id, c->stage, &queued, err);
    if (rc != 0 || queued) {
        return rc;
    }
    rc = store_get(st, st->op, T_EVENT, &key, &data, err);
    if (rc == RR_E_EMPTY) {
        return rr_err_set(err, rc, "event %llu is not stored any more (retain_events)",
                          (unsigned long long)id);
    }
    return rc == 0 ? store_enqueue(st, c->stage, id, sys_wall_ms(), true, err) : rc;
}

int
store_event_new(struct store *st, uint64_t id, char **out, struct rr_err *err)
{
    const struct store_key key = store_key_id(id);

    return store_get_text(st, T_EVENT, &key, out, err);
}

/* Walk from the first event with an id of at least from, or from the last one before it. */
static int
walk_events(struct store *st, uint64_t from, bool is_back, store_event_fn fn, void *arg,
            struct rr_err *err)
{
    const struct store_key key = store_key_id(from);
    struct store_walk w;
    bool more = true;

    store_walk(&w, st, NULL, T_EVENT, &key, 0);
    w.is_back = is_back;
    while (more && store_next(&w) && w.k.mv_size == sizeof(uint64_t)) {
        MDB_val data = {0, NULL};

        (void)store_walk_data(&w, &data);
        more = fn(arg, store_walk_id(&w), data.mv_data, data.mv_size);
    }
    return store_walk_end(&w, err);
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
store_last(struct store *st, uint64_t *id, struct rr_err *err)
{
    struct store_walk w;

    store_walk(&w, st, NULL, T_EVENT, NULL, 0);
    w.is_back = true;
    *id = store_next(&w) ? store_walk_id(&w) : 0;
    return store_walk_end(&w, err);
}

int
store_totals(struct store *st, json_t *by_type, uint64_t *stored, uint64_t *dropped,
             struct rr_err *err)
{
    struct store_walk w;
    MDB_stat stat = {0};
    MDB_txn *txn;
    int rc = store_read(st, &txn, err);

    if (rc != 0) {
        return rc;
    }
    store_walk(&w, st, txn, T_TYPE, NULL, 0);
    while (store_next(&w)) {
        char *name = mem_dupn(w.k.mv_data, w.k.mv_size);
        uint64_t n;

        if (store_walk_numbers(&w, &n, 1)) {
            (void)json_object_set_new(by_type, name, json_integer((json_int_t)n));
        }
        free(name);
    }
    rc = store_walk_end(&w, err);
    rc = rc == 0 ? store_numbers(st, txn, T_META, "dropped", dropped, err) : rc;
    (void)mdb_stat(txn, st->dbi[T_EVENT], &stat);
    *stored = stat.ms_entries;
    mdb_txn_abort(txn);
    return rc;
}
