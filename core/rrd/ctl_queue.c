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

static const struct {
    const char *name;
    enum store_state state;
} states[] = {{"ready", STORE_READY}, {"delayed", STORE_DELAYED}, {"buried", STORE_BURIED}};

static bool
is_leased(const struct rrd *rrd, const char *queue, uint64_t id)
{
    const long at = conf_stage_index(&rrd->conf, queue);

    return at >= 0 && route_is_leased(rrd->stages[at], id);
}

static const char *
state_word(const struct rrd *rrd, const char *queue, const struct store_item *item)
{
    size_t i = 0;

    if (is_leased(rrd, queue, item->id)) {
        return "leased";
    }
    while (states[i].state != item->state && i < 2) {
        i++;
    }
    return states[i].name;
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
    const struct rrd *rrd;
    enum { LIST, KICK, DROP } op;
    enum store_state state; /* only these; 0: all */
    uint64_t first, last;   /* ids */
    size_t n, room;
    int looked;
    struct store_item at; /* the last one looked at */
    bool is_more;
    struct store_item items[PAGE_MAX];
};

/* What is leased is left alone; and what only waits for its next attempt nobody gave up yet: to
 * drop it would lose work. */
static bool
may_change(const struct page *p, const char *queue, const struct store_item *item)
{
    return (item->state != STORE_DELAYED || p->op == KICK) && !is_leased(p->rrd, queue, item->id);
}

static bool
take_item(void *arg, const char *queue, const struct store_item *item)
{
    struct page *p = arg;

    /* They are sorted by state: it began with the one that is wanted, and the ready come last. */
    if ((p->state != 0 && item->state != p->state) ||
        (p->op != LIST && item->state == STORE_READY)) {
        return false;
    }
    if (p->n == p->room || p->looked++ == 4 * PAGE_MAX) {
        p->is_more = true;
        return false;
    }
    p->at = *item;
    if (item->id >= p->first && item->id <= p->last &&
        (p->op == LIST || may_change(p, queue, item))) {
        p->items[p->n++] = *item;
    }
    return true;
}

/* Fill a page, from where the one before ended: the answer with that one said so. */
static int
fill(struct page *p, const struct ctl_ask *ask, const char *queue, struct rr_err *err)
{
    const json_t *next = json_object_get(ask->args, "next");
    const char *state = json_string_value(json_array_get(next, 0));
    const uint64_t limit = (uint64_t)ctl_int(ask, "limit", PAGE_MAX);
    struct store_item after = {.state = p->state}; /* behind id 0, which is none */

    p->rrd = ask->rrd;
    p->room = limit < PAGE_MAX ? limit : PAGE_MAX;
    p->first = (uint64_t)ctl_int(ask, "first", 0);
    p->last = (uint64_t)ctl_int(ask, "last", -1);
    if (state != NULL) {
        after.state = (enum store_state)(unsigned char)state[0];
        after.sort = (uint64_t)json_integer_value(json_array_get(next, 1));
        after.id = (uint64_t)json_integer_value(json_array_get(next, 2));
    }
    return store_items(ask->rrd->store, queue, after.state == 0 ? NULL : &after, take_item, p, err);
}

static json_t *
next_new(const struct page *p)
{
    const char state[2] = {(char)p->at.state, '\0'};

    return p->is_more ? json_pack("[s, I, I]", state, (json_int_t)p->at.sort, (json_int_t)p->at.id)
                      : json_null();
}

/* The event of an entry; NULL when it cannot be read. */
static json_t *
stored_new(const struct rrd *rrd, uint64_t id)
{
    char *text = NULL;
    json_t *event =
        store_event_new(rrd->store, id, &text, NULL) == 0 ? json_loads(text, 0, NULL) : NULL;

    free(text);
    return event;
}

/* An entry with type and configuration of its event. */
static json_t *
listed_new(const struct rrd *rrd, const char *queue, const struct store_item *item)
{
    static const char *const names[] = {"type", "config"};
    json_t *doc = ctl_queue_item_new(rrd, queue, item);
    json_t *event = stored_new(rrd, item->id);

    for (int k = 0; k < 2; k++) {
        json_t *value = json_object_get(event, names[k]);

        (void)json_object_set_new(doc, names[k],
                                  value == NULL ? json_string("") : json_incref(value));
    }
    json_decref(event);
    return doc;
}

static int
list(struct ctl_ask *ask, const char *queue, struct page *p, struct rr_err *err)
{
    const char *state = jget_text(ask->args, "state");
    json_t *items;

    for (size_t i = 0; state != NULL && i < sizeof states / sizeof states[0]; i++) {
        p->state = strcmp(states[i].name, state) == 0 ? states[i].state : p->state;
    }
    if (state != NULL && p->state == 0) {
        return rr_err_set(err, RR_E_INPUT, "\"%.20s\" is not ready, delayed or buried", state);
    }
    const int rc = fill(p, ask, queue, err);

    if (rc != 0) {
        return rc;
    }
    items = json_array();
    for (size_t i = 0; i < p->n; i++) {
        (void)json_array_append_new(items, listed_new(ask->rrd, queue, &p->items[i]));
    }
    ask->result =
        json_pack("{s:o, s:b, s:o}", "items", items, "more", (int)p->is_more, "next", next_new(p));
    return 0;
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
names(struct ctl_ask *ask, struct rr_err *err)
{
    json_t *list = json_array();

    ask->result = json_pack("{s:o}", "queues", list);
    return store_queues(ask->rrd->store, add_name, list, err);
}

static int
show(struct ctl_ask *ask, const char *queue, struct rr_err *err)
{
    const uint64_t id = (uint64_t)ctl_int(ask, "id", 0);
    struct store_item item;
    const int rc = store_find(ask->rrd->store, queue, id, &item, err);

    if (rc == 0) {
        ask->result = ctl_queue_item_new(ask->rrd, queue, &item);
        (void)json_object_set_new(ask->result, "event", stored_new(ask->rrd, id));
    }
    return rc;
}

/* An operation of the operator on a queue, under way. */
struct pending {
    struct ctl_later *later;
    struct stage *stage; /* NULL: the queue is of no stage that is configured */
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
    ctl_answer_stored(p->later, r);
    free(p);
}

static void
submit(struct ctl_ask *ask, const char *queue, const struct page *what)
{
    struct rrd *rrd = ask->rrd;
    struct pending *p = mem_zalloc(1, sizeof *p);
    struct store_op *op = store_op_new();
    const long index = conf_stage_index(&rrd->conf, queue);

    for (size_t i = 0; i < what->n; i++) {
        struct record_item fresh = what->items[i].item;

        fresh.attempts = 0;
        if (what->op == KICK) {
            store_op_move(op, queue, &what->items[i], STORE_READY, 0, &fresh);
        } else {
            store_op_take(op, queue, &what->items[i], false);
        }
    }
    p->later =
        ctl_later_new(ask->stream, json_pack("{s:I, s:b, s:o}", "count", (json_int_t)what->n,
                                             "more", (int)what->is_more, "next", next_new(what)));
    if (index >= 0) {
        p->stage = rrd->stages[index];
        p->stage->n_changes++;
    }
    FAIL("queue.change.before");
    store_submit(rrd->store, op, on_changed, p);
}

/* Kick or drop: one entry by its id, in any state; or all that may be, of a range of ids. */
static int
change(struct ctl_ask *ask, const char *queue, struct page *p, struct rr_err *err)
{
    int rc;

    if (json_is_integer(json_object_get(ask->args, "id"))) {
        rc = store_find(ask->rrd->store, queue, (uint64_t)ctl_int(ask, "id", 0), p->items, err);
        p->n = rc == 0;
        if (rc == 0 && is_leased(ask->rrd, queue, p->items[0].id)) {
            rc = rr_err_set(err, RR_E_BUSY, "event %" PRIu64 " is being handled", p->items[0].id);
        }
    } else {
        rc = fill(p, ask, queue, err);
    }
    if (rc == 0) {
        submit(ask, queue, p);
    }
    return rc;
}

int
ctl_queue(struct ctl_ask *ask, struct rr_err *err)
{
    const char *op = jget_text(ask->args, "op");
    const char *queue = jget_text(ask->args, "stage");
    struct page *p;
    int rc;

    if (op == NULL || strcmp(op, "names") == 0) {
        return names(ask, err);
    }
    if (queue == NULL) {
        return rr_err_set(err, RR_E_INPUT, "queue %.20s needs the name of a stage", op);
    }
    if (strcmp(op, "show") == 0) {
        return show(ask, queue, err);
    }
    p = mem_zalloc(1, sizeof *p);
    p->op = strcmp(op, "kick") == 0 ? KICK : strcmp(op, "drop") == 0 ? DROP : LIST;
    if (p->op != LIST) {
        rc = change(ask, queue, p, err);
    } else if (strcmp(op, "list") == 0) {
        rc = list(ask, queue, p, err);
    } else {
        rc = rr_err_set(err, RR_E_INPUT, "queue has no operation \"%.40s\"", op);
    }
    free(p);
    return rc;
}
