/* SPDX-License-Identifier: MIT */
/*
 * ctl_queue.c - the command "queue": list, show, kick and drop entries.
 */
#include "core/rrd/ctl.h"

#include "core/common/mem.h"
#include "core/rrd/route.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Entries of one answer; a queue may have millions. */
#define LIST_MAX 500

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

static json_t *
item_new(const struct rrd *rrd, const char *queue, const struct store_item *item)
{
    return json_pack("{s:s, s:I, s:s, s:I, s:I, s:I, s:s}", "stage", queue, "id",
                     (json_int_t)item->id, "state", state_word(rrd, queue, item), "attempts",
                     (json_int_t)item->item.attempts, "in_ms", (json_int_t)item->item.in_ms,
                     "due_ms", (json_int_t)(item->state == STORE_DELAYED ? item->sort : 0), "error",
                     item->item.error);
}

struct listing {
    struct rrd *rrd;
    json_t *items;
    bool is_more;
};

static bool
list_one(void *arg, const char *queue, const struct store_item *item)
{
    struct listing *l = arg;

    if (json_array_size(l->items) == LIST_MAX) {
        l->is_more = true;
        return false;
    }
    (void)json_array_append_new(l->items, item_new(l->rrd, queue, item));
    return true;
}

static bool
list_queue(void *arg, const char *name, const char *text)
{
    struct listing *l = arg;

    (void)text;
    return store_items(l->rrd->store, name, list_one, l, NULL) == 0 && !l->is_more;
}

/* Put type and configuration beside each entry. */
static void
add_types(struct rrd *rrd, json_t *items)
{
    size_t i;
    json_t *item;

    json_array_foreach(items, i, item)
    {
        char *text = NULL;
        json_t *event = NULL;

        if (store_event_new(rrd->store, (uint64_t)json_integer_value(json_object_get(item, "id")),
                            &text, NULL) == 0) {
            event = json_loads(text, 0, NULL);
        }
        free(text);
        for (int k = 0; k < 2; k++) {
            static const char *const names[] = {"type", "config"};
            json_t *value = json_object_get(event, names[k]);

            (void)json_object_set_new(item, names[k],
                                      value == NULL ? json_string("") : json_incref(value));
        }
        json_decref(event);
    }
}

static int
list(struct rrd *rrd, const char *queue, json_t **result, struct rr_err *err)
{
    struct listing l = {rrd, json_array(), false};
    const int rc = queue != NULL ? store_items(rrd->store, queue, list_one, &l, err)
                                 : store_queues(rrd->store, list_queue, &l, err);

    if (rc != 0) {
        json_decref(l.items);
        return rc;
    }
    add_types(rrd, l.items);
    *result = json_pack("{s:o, s:b}", "items", l.items, "more", (int)l.is_more);
    return 0;
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
    doc = item_new(rrd, queue, &item);
    if (store_event_new(rrd->store, id, &text, NULL) == 0) {
        (void)json_object_set_new(doc, "event", json_loads(text, 0, NULL));
    }
    free(text);
    *result = doc;
    return 0;
}

/* Entries that a kick or drop of "all" means. */
struct selection {
    bool is_kick;
    struct store_item *items;
    size_t n;
};

static bool
select_one(void *arg, const char *queue, const struct store_item *item)
{
    struct selection *s = arg;

    (void)queue;
    /* dropping what only waits for its next attempt would lose work that nobody gave up yet */
    if (item->state == STORE_BURIED || (s->is_kick && item->state == STORE_DELAYED)) {
        s->items = mem_resize(s->items, s->n + 1, sizeof *s->items);
        s->items[s->n++] = *item;
    }
    return s->n < 100000;
}

/* An operation of the operator on a queue, under way. */
struct pending {
    struct ctl_later *later;
    struct stage *stage; /* NULL: the queue is of no stage that is configured */
    int64_t count;
};

static void
on_changed(void *arg, const struct store_result *r)
{
    struct pending *p = arg;

    if (p->stage != NULL) {
        p->stage->n_changes--;
        daemon_wake(p->stage->rrd);
    }
    ctl_answer(p->later, r->rc, r->rc != 0 ? NULL : json_pack("{s:I}", "count", p->count),
               r->err.text);
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
submit(struct rrd *rrd, const char *queue, struct store_op *op_take, int64_t count,
       struct ctl_stream *stream)
{
    struct pending *p = mem_zalloc(1, sizeof *p);
    const long index = conf_stage_index(&rrd->conf, queue);

    p->later = ctl_later_new(stream);
    p->count = count;
    if (index >= 0) {
        p->stage = rrd->stages[index];
        p->stage->n_changes++;
    }
    store_submit(rrd->store, op_take, on_changed, p);
}

static int
change(struct rrd *rrd, const char *queue, const json_t *which, bool is_kick,
       struct ctl_stream *stream, struct rr_err *err)
{
    struct selection s = {.is_kick = is_kick};
    struct store_op *op;
    int64_t count = 0;
    int rc;

    if (json_is_integer(which)) {
        s.items = mem_zalloc(1, sizeof *s.items);
        rc = store_find(rrd->store, queue, (uint64_t)json_integer_value(which), s.items, err);
        s.n = rc == 0;
    } else if (json_is_string(which) && strcmp(json_string_value(which), "all") == 0) {
        rc = store_items(rrd->store, queue, select_one, &s, err);
    } else {
        rc = rr_err_set(err, RR_E_INPUT, "id must be a number or \"all\"");
    }
    op = store_op_new();
    for (size_t i = 0; rc == 0 && i < s.n; i++) {
        if (strcmp(state_word(rrd, queue, &s.items[i]), "leased") != 0) {
            change_one(op, queue, &s.items[i], is_kick);
            count++;
        } else if (json_is_integer(which)) {
            rc = rr_err_set(err, RR_E_BUSY, "event %" PRIu64 " is being handled", s.items[i].id);
        }
    }
    free(s.items);
    if (rc == 0) {
        submit(rrd, queue, op, count, stream);
    } else {
        store_op_free(op);
    }
    return rc;
}

int
ctl_queue(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
          struct rr_err *err)
{
    const char *op = json_string_value(json_object_get(args, "op"));
    const char *queue = json_string_value(json_object_get(args, "stage"));
    const json_t *id = json_object_get(args, "id");

    if (op == NULL || strcmp(op, "list") == 0) {
        return list(rrd, queue, result, err);
    }
    if (queue == NULL || id == NULL) {
        return rr_err_set(err, RR_E_INPUT, "queue %s needs stage and id", op);
    }
    if (strcmp(op, "show") == 0) {
        return show(rrd, queue, (uint64_t)json_integer_value(id), result, err);
    }
    if (strcmp(op, "kick") == 0 || strcmp(op, "drop") == 0) {
        return change(rrd, queue, id, strcmp(op, "kick") == 0, stream, err);
    }
    return rr_err_set(err, RR_E_INPUT, "queue has no operation \"%.40s\"", op);
}
