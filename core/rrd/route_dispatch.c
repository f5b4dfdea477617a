/* SPDX-License-Identifier: MIT */
/*
 * route_dispatch.c - choose which stage gets its next event now, and send it.
 */
#include "core/rrd/route.h"

#include "core/common/fail.h"
#include "core/common/jget.h"
#include "core/common/mem.h"
#include "core/rrd/room.h"
#include "core/rrd/sys.h"
#include "core/rrd/upgrade.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A stage and the events that it could take. */
struct candidate {
    struct stage *stage;
    size_t room;
    struct store_item *items; /* oldest first */
    size_t n;
};

/* The name by which the stage knows a type. */
static const char *
name_for(const struct stage *stage, const char *type)
{
    const struct graph *g = &stage->rrd->conf.graph;

    for (size_t i = 0; i < g->n_edges; i++) {
        const struct graph_edge *e = &g->edges[i];

        if (e->kind == GRAPH_EVENT && e->to == stage->index && strcmp(e->type, type) == 0) {
            return e->as;
        }
    }
    return type;
}

static void
on_set_aside(void *arg, const struct store_result *r)
{
    struct stage *stage = arg;

    stage->n_changes--;
    if (r->rc != 0) {
        log_error("route", "cannot set an event aside stage=%s: %s", stage->conf->name,
                  r->err.text);
    }
    daemon_wake(stage->rrd);
}

/* The event cannot be delivered, now or ever: set it aside. */
static void
bury_unread(struct stage *stage, const struct store_item *item, const char *why)
{
    struct store_op *op = store_op_new();
    struct record_item now = item->item;

    text_copy(now.error, sizeof now.error, why);
    log_error("route", "event set aside stage=%s event=%" PRIu64 ": %s", stage->conf->name,
              item->id, why);
    store_op_move(op, stage->conf->name, item, STORE_BURIED, 0, &now);
    stage->n_changes++;
    store_submit(stage->rrd->store, op, on_set_aside, stage);
}

/* What stands before the payload of a stored event: id, time_ms, type, source, config. The store
 * writes them in this order (store_op.c), and a text within them has no bare quotes. */
static json_t *
head_new(const char *text, bool *is_usual)
{
    const char *end = strstr(text, ",\"parents\":[");
    char *head = end == NULL ? NULL : mem_printf("%.*s}", (int)(end - text), text);
    json_t *doc = json_loads(head == NULL ? text : head, 0, NULL);

    free(head);
    *is_usual = end != NULL;
    return doc;
}

/* The body of an EVENT frame: the stored text as it is, unless the stage knows the type by another
 * name. */
static char *
body_new(const struct stage *stage, const struct store_item *item, const char *text,
         const char *type, bool is_usual)
{
    const char *as = name_for(stage, type);
    json_t *doc;
    char *body;

    if (is_usual && strcmp(as, type) == 0) {
        return mem_printf("{\"attempt\":%u,%s", item->item.attempts + 1, text + 1);
    }
    doc = json_loads(text, 0, NULL);
    (void)json_object_set_new(doc, "type", json_string(as));
    (void)json_object_set_new(doc, "attempt", json_integer(item->item.attempts + 1));
    body = json_dumps(doc, JSON_COMPACT);
    json_decref(doc);
    return body;
}

static void
deliver(struct stage *stage, const struct store_item *item)
{
    struct rr_err err = RR_ERR_INIT;
    bool is_usual = false;
    char *text = NULL;
    json_t *head = NULL;
    int rc = item->is_damaged ? rr_err_set(&err, RR_E_CORRUPT, "%s", item->item.error)
                              : store_event_new(stage->rrd->store, item->id, &text, &err);

    if (rc == 0) {
        head = head_new(text, &is_usual);
    }
    const char *type = jget_text(head, "type");
    const char *config = jget_text(head, "config");

    if (rc == 0 && (type == NULL || config == NULL)) {
        rc = rr_err_set(&err, RR_E_CORRUPT, "the stored event is not a JSON object with a type");
    }
    if (rc == 0) {
        route_lease(stage, item, type, config, body_new(stage, item, text, type, is_usual));
    } else {
        bury_unread(stage, item, err.text);
    }
    json_decref(head);
    free(text);
}

static bool
can_take(const struct stage *stage)
{
    return stage->sup.state == SUP_READY && stage->n_leases < (size_t)stage->conf->credit &&
           stage->n_changes == 0 && stage->link != NULL && stage->eof_mono_ms == 0 &&
           stage->waits_for == NULL && !upgrade_has_failed(stage);
}

static bool
collect(void *arg, const char *queue, const struct store_item *item)
{
    struct candidate *c = arg;

    (void)queue;
    if (route_is_leased(c->stage, item->id)) {
        return true;
    }
    c->items[c->n++] = *item;
    return c->n < c->room;
}

/* Look which queues are full, and let go on what waited for one that is not. */
static void
look_for_room(struct rrd *rrd)
{
    bool *is_full = mem_zalloc(rrd->n_stages, sizeof *is_full);
    size_t *waits_for = mem_zalloc(rrd->n_stages, sizeof *waits_for);

    for (size_t i = 0; i < rrd->n_stages; i++) {
        struct stage *stage = rrd->stages[i];
        const uint64_t high = (uint64_t)stage->conf->queue_high;
        const uint64_t low = (uint64_t)stage->conf->queue_low;
        struct store_counts c = {0};

        if (high > 0) {
            (void)store_counts(rrd->store, stage->conf->name, &c, NULL);
        }
        stage->is_full = room_is_full(stage->is_full, c.ready + c.delayed, high, low);
        is_full[i] = stage->is_full;
    }
    room_decide(&rrd->conf.graph, is_full, waits_for);
    for (size_t i = 0; i < rrd->n_stages; i++) {
        const size_t on = waits_for[i];

        rrd->stages[i]->waits_for = on == ROOM_FREE ? NULL : rrd->stages[on];
        if (on == ROOM_FREE) {
            route_let_go(rrd->stages[i]);
        }
    }
    free(waits_for);
    free(is_full);
}

static void
read_due(struct stage *stage, uint64_t now_ms, struct candidate *c)
{
    struct store *st = stage->rrd->store;
    struct rr_err err = RR_ERR_INIT;
    int rc = store_due(st, stage->conf->name, now_ms, collect, c, &stage->next_due_ms, &err);

    if (rc == 0 && stage->next_due_ms > now_ms + RETRY_MAX_MS) {
        /* Nothing waits for so long: the clock was behind, or ahead, of what it was before the
         * last start. */
        c->n = 0;
        rc = store_due(st, stage->conf->name, UINT64_MAX, collect, c, &stage->next_due_ms, &err);
    }
    if (rc != 0) {
        log_error("route", "cannot read the queue stage=%s: %s", stage->conf->name, err.text);
    }
}

/* What each stage could take now. */
static void
gather(struct rrd *rrd, struct candidate *all)
{
    const uint64_t now_ms = sys_steady_ms();

    for (size_t i = 0; i < rrd->n_stages; i++) {
        struct stage *stage = rrd->stages[i];
        struct candidate *c = &all[i];

        stage->is_short = false;
        c->stage = stage;
        if (can_take(stage)) {
            c->room = (size_t)stage->conf->credit - stage->n_leases;
            c->items = mem_zalloc(c->room, sizeof *c->items);
            read_due(stage, now_ms, c);
        }
    }
}

static void
arm_due(struct rrd *rrd)
{
    const uint64_t now_ms = sys_steady_ms();
    uint64_t first = 0;

    for (size_t i = 0; i < rrd->n_stages; i++) {
        const uint64_t due = can_take(rrd->stages[i]) ? rrd->stages[i]->next_due_ms : 0;

        if (due != 0 && (first == 0 || due < first)) {
            first = due;
        }
    }
    (void)event_del(rrd->due);
    if (first != 0) {
        const uint64_t wait = first <= now_ms ? 1 : first - now_ms;
        const struct timeval tv = {(time_t)(wait / 1000), (suseconds_t)(wait % 1000 * 1000)};

        (void)event_add(rrd->due, &tv);
    }
}

/* Decide about those that have no slots yet; who has them goes on, unless another waits for one. */
static void
decide(const struct rrd *rrd, struct candidate *c)
{
    const size_t n = rrd->n_stages;
    struct slots_waiter *waiters = mem_zalloc(n, sizeof *waiters);
    int64_t *spare = route_spare_slots_new(rrd);
    bool *is_wanted = mem_zalloc(rrd->conf.n_slots, sizeof *is_wanted);
    size_t n_waiters = 0;

    for (size_t i = 0; i < n; i++) {
        if (c[i].n > 0 && c[i].stage->n_leases == 0) {
            waiters[n_waiters++] = (struct slots_waiter){.since = c[i].items[0].id,
                                                         .needs = c[i].stage->conf->slots,
                                                         .n_needs = c[i].stage->conf->n_slots,
                                                         .user = i};
        }
    }
    slots_decide(waiters, n_waiters, spare);
    for (size_t i = 0; i < n_waiters; i++) {
        struct candidate *w = &c[waiters[i].user];

        if (!waiters[i].may_go) {
            w->n = 0;
            w->stage->is_short = true;
            w->stage->short_slot = waiters[i].blocked_by;
            is_wanted[waiters[i].blocked_by] = true;
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct conf_stage *conf = c[i].stage->conf;

        for (size_t k = 0; c[i].stage->n_leases > 0 && k < conf->n_slots; k++) {
            c[i].n = is_wanted[conf->slots[k].slot] ? 0 : c[i].n;
        }
    }
    free(is_wanted);
    free(spare);
    free(waiters);
}

void
route_dispatch(struct rrd *rrd)
{
    struct candidate *c;

    if (rrd->is_stopping || sys_mono_ms() < rrd->store_pause_ms) {
        return;
    }
    look_for_room(rrd);
    c = mem_zalloc(rrd->n_stages, sizeof *c);
    gather(rrd, c);
    decide(rrd, c);
    for (size_t i = 0; i < rrd->n_stages; i++) {
        for (size_t k = 0; k < c[i].n; k++) {
            deliver(c[i].stage, &c[i].items[k]);
        }
        free(c[i].items);
    }
    arm_due(rrd);
    free(c);
}
