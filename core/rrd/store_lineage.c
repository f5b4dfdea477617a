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

/* Numbers of a fact: outcome, attempts, joined the queue, ended. */
enum { FACT_NUMBERS = 4, PAIR = 16 };

static struct store_key
pair_key(uint64_t parent, uint64_t child)
{
    struct store_key key = store_key_id(parent);

    store_key_add_number(&key, child);
    return key;
}

/* The child on a walk through the table child. */
static uint64_t
child_of(const struct store_walk *w)
{
    return w->k.mv_size != PAIR ? 0 : record_get_be64((const uint8_t *)w->k.mv_data + 8);
}

int
store_add_child(struct store *st, uint64_t parent, uint64_t child, struct rr_err *err)
{
    const struct store_key key = pair_key(parent, child);

    return store_set(st, T_CHILD, &key, "", 0, err);
}

bool
store_fact_is_open(const struct store_walk *w)
{
    uint64_t fact[FACT_NUMBERS];

    return !store_walk_numbers(w, fact, FACT_NUMBERS) || /* damaged: who knows */
           fact[0] == STORE_OPEN || fact[0] == STORE_SET_ASIDE;
}

int
store_add_fact(struct store *st, const char *stage, const struct store_item *item,
               enum store_outcome outcome, struct rr_err *err)
{
    const uint64_t fact[FACT_NUMBERS] = {outcome, item->item.attempts, item->item.in_ms,
                                         outcome == STORE_OPEN ? 0 : sys_wall_ms()};
    struct store_key key = store_key_id(item->id);

    store_key_add(&key, stage, strlen(stage));
    return store_set_numbers(st, T_FACT, &key, fact, FACT_NUMBERS, err);
}

int
store_is_needed(struct store *st, uint64_t id, const char *queue, bool *needed, struct rr_err *err)
{
    struct store_key from = store_key_id(id);
    struct store_walk w;

    if (queue != NULL) {
        store_key_add(&from, queue, strlen(queue));
    }
    *needed = false;
    store_walk(&w, st, st->op, T_FACT, &from, from.n);
    while (!*needed && store_next(&w)) {
        *needed = (queue == NULL || w.k.mv_size == from.n) && store_fact_is_open(&w);
    }
    return store_walk_end(&w, err);
}

/* Whether a stored event is what the change would append. */
static bool
is_same(struct store *st, uint64_t id, const struct change *c)
{
    const char *type;
    const char *source;
    const char *config;
    json_t *doc = store_event_doc(st, id);
    const bool same = json_unpack(doc, "{s:s, s:s, s:s}", "type", &type, "source", &source,
                                  "config", &config) == 0 &&
                      strcmp(type, c->append.type) == 0 && strcmp(source, c->append.source) == 0 &&
                      strcmp(config, c->append.config) == 0;

    json_decref(doc);
    return same;
}

int
store_known_child(struct store *st, const struct change *c, uint64_t after, uint64_t *known,
                  struct rr_err *err)
{
    const struct store_key from = pair_key(c->append.parent, after + 1);
    struct store_walk w;

    *known = 0;
    store_walk(&w, st, st->op, T_CHILD, &from, 8);
    while (*known == 0 && store_next(&w)) {
        const uint64_t child = child_of(&w);

        *known = is_same(st, child, c) ? child : 0;
    }
    return store_walk_end(&w, err);
}

/* Delete all records of a table whose key begins with an id. */
static int
delete_all(struct store *st, enum store_table t, uint64_t id, struct rr_err *err)
{
    const struct store_key from = store_key_id(id);
    struct store_walk w;

    store_walk(&w, st, st->op, t, &from, from.n);
    while (store_next(&w)) {
        const int rc = mdb_cursor_del(w.cur, 0);

        w.failed = rc == 0 ? 0 : store_fail(err, rc, "cannot forget the lineage");
    }
    return store_walk_end(&w, err);
}

int
store_forget_lineage(struct store *st, uint64_t id, const json_t *event, struct rr_err *err)
{
    const json_t *parents = json_object_get(event, "parents");
    int rc = delete_all(st, T_FACT, id, err);

    rc = rc == 0 ? delete_all(st, T_CHILD, id, err) : rc;
    for (size_t i = 0; rc == 0 && i < json_array_size(parents); i++) {
        const struct store_key key =
            pair_key((uint64_t)json_integer_value(json_array_get(parents, i)), id);

        rc = store_del(st, T_CHILD, &key, err);
    }
    return rc;
}

int
store_index_children(struct store *st, struct rr_err *err)
{
    struct store_walk w;

    store_walk(&w, st, st->op, T_EVENT, NULL, 0);
    while (store_next(&w)) {
        json_t *doc = store_walk_doc(&w); /* NULL: it is set aside when its turn comes */
        const json_t *parents = json_object_get(doc, "parents");

        for (size_t i = 0; w.failed == 0 && i < json_array_size(parents); i++) {
            w.failed = store_add_child(st, (uint64_t)json_integer_value(json_array_get(parents, i)),
                                       store_walk_id(&w), err);
        }
        json_decref(doc);
    }
    return store_walk_end(&w, err);
}

int
store_children(struct store *st, uint64_t id, store_id_fn fn, void *arg, struct rr_err *err)
{
    const struct store_key from = store_key_id(id);
    struct store_walk w;

    store_walk(&w, st, NULL, T_CHILD, &from, from.n);
    while (store_next(&w) && fn(arg, child_of(&w))) {
    }
    return store_walk_end(&w, err);
}

int
store_facts(struct store *st, uint64_t id, store_fact_fn fn, void *arg, struct rr_err *err)
{
    const struct store_key from = store_key_id(id);
    struct store_walk w;
    bool more = true;

    store_walk(&w, st, NULL, T_FACT, &from, from.n);
    while (more && store_next(&w)) {
        char *stage = mem_dupn((const char *)w.k.mv_data + 8, w.k.mv_size - 8);
        uint64_t n[FACT_NUMBERS];

        if (store_walk_numbers(&w, n, FACT_NUMBERS) && n[0] != STORE_OPEN) {
            const struct store_fact fact = {.outcome = (enum store_outcome)n[0],
                                            .attempts = n[1],
                                            .in_ms = n[2],
                                            .end_ms = n[3]};

            more = fn(arg, stage, &fact);
        }
        free(stage);
    }
    return store_walk_end(&w, err);
}

/* Go to the first sound event from an id on; false when there is none. */
static bool
seek_event(struct store_walk *w, uint64_t from, uint64_t *id, uint64_t *time_ms)
{
    const struct store_key key = store_key_id(from);

    store_seek(w, &key);
    while (store_next(w)) {
        json_t *doc = store_walk_doc(w);

        if (doc != NULL) {
            *id = store_walk_id(w);
            *time_ms = (uint64_t)json_integer_value(json_object_get(doc, "time_ms"));
            json_decref(doc);
            return true;
        }
    }
    return false;
}

int
store_since(struct store *st, uint64_t time_ms, uint64_t *id, struct rr_err *err)
{
    struct store_walk w;
    uint64_t low = 1;              /* events before it are older */
    uint64_t high = st->start + 1; /* from it on none is older */
    uint64_t at = 0;
    uint64_t when;

    *id = 0;
    store_walk(&w, st, NULL, T_EVENT, NULL, 0);
    /* Ids rise with time, as long as nobody sets the clock back. */
    for (high <<= 40; low < high;) {
        const uint64_t middle = low + (high - low) / 2;

        if (seek_event(&w, middle, &at, &when) && when < time_ms) {
            low = at + 1;
        } else {
            high = middle;
        }
    }
    const bool found = seek_event(&w, low, id, &when);
    const int rc = store_walk_end(&w, err);

    return rc != 0 || found ? rc : rr_err_set(err, RR_E_EMPTY, "no event is as young as that");
}
