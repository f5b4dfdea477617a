/* SPDX-License-Identifier: MIT */
/*
 * ctl_queue.c - the command "queue": list, show, kick and drop entries.
 *
 * A queue may have millions of entries: one request looks at a page of them, and the answer says
 * where the next page begins.
 */
#include "core/rrd/ctl.h"

#include "core/common/fail.h"
#include "core/common/mem.h"
#include "core/rrd/route.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Entries of one page. */
#define PAGE_MAX 500

static const char *
state_word(const struct rrd *rrd, const char *queue, const struct store_item *item)
{
    for (size_t i = 0; i < rrd->n_stages; i++) {
        const struct stage *s = rrd->stages[i];

        if (strcmp(s->conf->name, queue) == 0 && route_is_leased(s, item->id)) {
            return "leased";
        }
    }
    return item->state == STORE_READY     ? "ready"
           : item->state == STORE_DELAYED ? "delayed"
                                          : "buried";
}

json_t *
ctl_queue_item_new(const struct rrd *rrd, const char *queue, const struct store_item *item)
{
    return json_pack("{s:s, s:I, s:s, s:I, s:I, s:I, s:b, s:s}", "stage", queue, "id",
                     (json_int_t)item->id, "state", state_word(rrd, queue, item), "attempts",
                     (json_int_t)item->item.attempts, "in_ms", (json_int_t)item->item.in_ms,
                     "due_ms", (json_int_t)(item->state == STORE_DELAYED ? item->sort : 0),
                     "replay", (int)item->item.is_replay, "error", item->item.error);
}

/* What a page is made of. */
struct page {
    struct rrd *rrd;
    enum store_state state; /* only these; 0: all */
    uint64_t first, last;   /* ids */
    bool is_change;         /* kick or drop: what is leased is left alone */
    bool may_delay;         /* of these, the delayed as well */
    struct store_item *items;
    size_t n, room;
    int looked;
    struct store_item at; /* the last one looked at */
    bool is_more;
};

static bool
take_item(void *arg, const char *queue, const struct store_item *item)
{
    struct page *p = arg;

    if (p->state != 0 && item->state != p->state) {
        return false; /* they are sorted by state, and it began with this one */
    }
    if (p->n == p->room || p->looked++ == 4 * PAGE_MAX) {
        p->is_more = true;
        return false;
    }
    p->at = *item;
    if (item->id < p->first || item->id > p->last) {
        return true;
    }
    if (p->is_change) {
        if (item->state == STORE_READY) {
            return false; /* they sort last */
        }
        if ((item->state == STORE_DELAYED && !p->may_delay) ||
            strcmp(state_word(p->rrd, queue, item), "leased") == 0) {
            return true;
        }
    }
    p->items[p->n++] = *item;
    return true;
}

static void
page_init(struct page *p, struct rrd *rrd, const json_t *args)
{
    const json_t *limit = json_object_get(args, "limit");
    const json_t *last = json_object_get(args, "last");
    const size_t most = json_is_integer(limit) ? (size_t)json_integer_value(limit) : PAGE_MAX;

    *p = (struct page){.rrd = rrd, .room = most < PAGE_MAX ? most : PAGE_MAX};
    p->first = (uint64_t)json_integer_value(json_object_get(args, "first"));
    p->last = json_is_integer(last) ? (uint64_t)json_integer_value(last) : UINT64_MAX;
    p->items = mem_zalloc(PAGE_MAX, sizeof *p->items);
}

/* Where a page begins, from the answer that the one before ended with. */
static const struct store_item *
page_start(const struct page *p, const json_t *args, struct store_item *start)
{
    const json_t *next = json_object_get(args, "next");
    const char *state = json_string_value(json_array_get(next, 0));

    memset(start, 0, sizeof *start);
    if (state != NULL) {
        start->state = (enum store_state)(unsigned char)state[0];
        start->sort = (uint64_t)json_integer_value(json_array_get(next, 1));
        start->id = (uint64_t)json_integer_value(json_array_get(next, 2));
        return start;
    }
    start->state = p->state; /* behind id 0, which is none */
    return p->state == 0 ? NULL : start;
}

static json_t *
page_next_new(const struct page *p)
{
    const char state[2] = {(char)p->at.state, '\0'};

    return p->is_more ? json_pack("[s, I, I]", state, (json_int_t)p->at.sort, (json_int_t)p->at.id)
                      : json_null();
}

/* Put type and configuration beside an entry. */
static void
add_type(struct rrd *rrd, json_t *item, uint64_t id)
{
    static const char *const names[] = {"type", "config"};
    char *text = NULL;
    json_t *event = NULL;

    if (store_event_new(rrd->store, id, &text, NULL) == 0) {
        event = json_loads(text, 0, NULL);
    }
    free(text);
    for (int k = 0; k < 2; k++) {
        json_t *value = json_object_get(event, names[k]);

        (void)json_object_set_new(item, names[k],
                                  value == NULL ? json_string("") : json_incref(value));
    }
    json_decref(event);
}

static int
list(struct rrd *rrd, const char *queue, const json_t *args, json_t **result, struct rr_err *err)
{
    static const struct {
        const char *name;
        enum store_state state;
    } states[] = {{"ready", STORE_READY}, {"delayed", STORE_DELAYED}, {"buried", STORE_BURIED}};
    const char *state = json_string_value(json_object_get(args, "state"));
    struct store_item start;
    struct page p;
    json_t *items = json_array();
    int rc;

    page_init(&p, rrd, args);
    for (size_t i = 0; state != NULL && i < sizeof states / sizeof states[0]; i++) {
        p.state = strcmp(states[i].name, state) == 0 ? states[i].state : p.state;
    }
    if (state != NULL && p.state == 0) {
        rc = rr_err_set(err, RR_E_INPUT, "\"%.20s\" is not ready, delayed or buried", state);
    } else {
        rc = store_items(rrd->store, queue, page_start(&p, args, &start), take_item, &p, err);
    }
    for (size_t i = 0; rc == 0 && i < p.n; i++) {
        json_t *item = ctl_queue_item_new(rrd, queue, &p.items[i]);

        add_type(rrd, item, p.items[i].id);
        (void)json_array_append_new(items, item);
    }
    if (rc == 0) {
        *result = json_pack("{s:O, s:b, s:o}", "items", items, "more", (int)p.is_more, "next",
                            page_next_new(&p));
    }
    json_decref(items);
    free(p.items);
    return rc;
}

static bool
add_name(void *arg, const char *name, const char *text)
{
    (void)text;
    (void)json_array_append_new(arg, json_string(name));
    return true;
}

/* Which queues there are, those of stages that are not configured any more among them. */
static int
names(struct rrd *rrd, json_t **result, struct rr_err *err)
{
    json_t *list = json_array();
    const int rc = store_queues(rrd->store, add_name, list, err);

    *result = json_pack("{s:o}", "queues", list);
    return rc;
}

static int
show(struct rrd *rrd, const char *queue, uint64_t id, json_t **result, struct rr_err *err)
{
    struct store_item item;
    char *text = NULL;
    json_t *doc;
    int rc = store_find(rrd->store, queue, id, &item, err);

    if (rc != 0) {
        return rc;
    }
    doc = ctl_queue_item_new(rrd, queue, &item);
    if (store_event_new(rrd->store, id, &text, NULL) == 0) {
        (void)json_object_set_new(doc, "event", json_loads(text, 0, NULL));
    }
    free(text);
    *result = doc;
    return 0;
}

/* An operation of the operator on a queue, under way. */
struct pending {
    struct ctl_later *later;
    struct stage *stage; /* NULL: the queue is of no stage that is configured */
    json_t *result;
};

static void
on_changed(void *arg, const struct store_result *r)
{
    struct pending *p = arg;

    if (p->stage != NULL) {
        p->stage->n_changes--;
        daemon_wake(p->stage->rrd);
    }
    FAIL("queue.change.after");
    ctl_answer(p->later, r->rc, p->result, r->err.text);
    free(p);
}

static void
change_one(struct store_op *op, const char *queue, const struct store_item *item, bool is_kick)
{
    struct record_item fresh = item->item;

    if (is_kick) {
        fresh.attempts = 0;
        store_op_move(op, queue, item, STORE_READY, 0, &fresh);
    } else {
        store_op_take(op, queue, item, false);
    }
}

static void
submit(struct rrd *rrd, const char *queue, const struct page *what, bool is_kick,
       struct ctl_stream *stream)
{
    struct pending *p = mem_zalloc(1, sizeof *p);
    struct store_op *op = store_op_new();
    const long index = conf_stage_index(&rrd->conf, queue);

    for (size_t i = 0; i < what->n; i++) {
        change_one(op, queue, &what->items[i], is_kick);
    }
    p->later = ctl_later_new(stream);
    p->result = json_pack("{s:I, s:b, s:o}", "count", (json_int_t)what->n, "more",
                          (int)what->is_more, "next", page_next_new(what));
    if (index >= 0) {
        p->stage = rrd->stages[index];
        p->stage->n_changes++;
    }
    FAIL("queue.change.before");
    store_submit(rrd->store, op, on_changed, p);
}

/* One entry by its id, in any state; or all buried ones (to kick: delayed ones as well: dropping
 * what only waits for its next attempt would lose work that nobody gave up yet). */
static int
change(struct rrd *rrd, const char *queue, const json_t *args, bool is_kick,
       struct ctl_stream *stream, struct rr_err *err)
{
    const json_t *id = json_object_get(args, "id");
    struct store_item start;
    struct page p;
    int rc;

    page_init(&p, rrd, args);
    if (json_is_integer(id)) {
        rc = store_find(rrd->store, queue, (uint64_t)json_integer_value(id), p.items, err);
        p.n = rc == 0;
        if (rc == 0 && strcmp(state_word(rrd, queue, p.items), "leased") == 0) {
            rc = rr_err_set(err, RR_E_BUSY, "event %" PRIu64 " is being handled", p.items->id);
        }
    } else {
        p.is_change = true;
        p.may_delay = is_kick;
        rc = store_items(rrd->store, queue, page_start(&p, args, &start), take_item, &p, err);
    }
    if (rc == 0) {
        submit(rrd, queue, &p, is_kick, stream);
    }
    free(p.items);
    return rc;
}

int
ctl_queue(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
          struct rr_err *err)
{
    const char *op = json_string_value(json_object_get(args, "op"));
    const char *queue = json_string_value(json_object_get(args, "stage"));
    const json_t *id = json_object_get(args, "id");

    if (op == NULL || strcmp(op, "names") == 0) {
        return names(rrd, result, err);
    }
    if (queue == NULL) {
        return rr_err_set(err, RR_E_INPUT, "queue %.20s needs the name of a stage", op);
    }
    if (strcmp(op, "list") == 0) {
        return list(rrd, queue, args, result, err);
    }
    if (strcmp(op, "show") == 0) {
        return show(rrd, queue, (uint64_t)json_integer_value(id), result, err);
    }
    if (strcmp(op, "kick") == 0 || strcmp(op, "drop") == 0) {
        return change(rrd, queue, args, strcmp(op, "kick") == 0, stream, err);
    }
    return rr_err_set(err, RR_E_INPUT, "queue has no operation \"%.40s\"", op);
}
