/* SPDX-License-Identifier: MIT */
/*
 * route_dispatch.c - choose which stage gets its next event now, and send it.
 */
#include "core/rrd/route.h"

#include "core/common/mem.h"
#include "core/rrd/health.h"
#include "core/rrd/link.h"
#include "core/rrd/sup_run.h"
#include "core/rrd/sys.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A stage that could take an event. */
struct candidate {
    struct stage *stage;
    struct store_item item;
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

    (void)snprintf(now.error, sizeof now.error, "%.190s", why);
    log_error("route", "event set aside stage=%s event=%" PRIu64 ": %s", stage->conf->name,
              item->id, why);
    store_op_move(op, stage->conf->name, item, STORE_BURIED, 0, &now);
    stage->n_changes++;
    store_submit(stage->rrd->store, op, on_set_aside, stage);
}

/* The stored event as the body of an EVENT frame, NULL when it cannot be read. */
static json_t *
event_body_new(struct stage *stage, const struct store_item *item, struct rr_err *err)
{
    char *text = NULL;
    json_t *doc;
    const char *type;

    if (store_event_new(stage->rrd->store, item->id, &text, err) != 0) {
        return NULL;
    }
    doc = json_loads(text, 0, NULL);
    free(text);
    type = json_string_value(json_object_get(doc, "type"));
    if (type == NULL) {
        (void)rr_err_set(err, RR_E_CORRUPT, "the stored event is not a JSON object with a type");
        json_decref(doc);
        return NULL;
    }
    (void)snprintf(stage->lease.type, sizeof stage->lease.type, "%s", type);
    (void)snprintf(stage->lease.config, sizeof stage->lease.config, "%s",
                   json_string_value(json_object_get(doc, "config")));
    (void)json_object_set_new(doc, "type", json_string(name_for(stage, stage->lease.type)));
    (void)json_object_set_new(doc, "attempt", json_integer(item->item.attempts + 1));
    (void)json_object_del(doc, "parents");
    (void)json_object_del(doc, "key");
    return doc;
}

static void
deliver(struct stage *stage, const struct store_item *item)
{
    struct rr_err err = RR_ERR_INIT;
    json_t *body = event_body_new(stage, item, &err);
    struct rrd *rrd = stage->rrd;

    if (body == NULL) {
        memset(&stage->lease, 0, sizeof stage->lease);
        bury_unread(stage, item, err.text);
        return;
    }
    stage->lease.state = LEASE_HELD;
    stage->lease.number = ++rrd->last_lease;
    stage->lease.item = *item;
    stage->lease.since_ms = sys_wall_ms();
    stage->lease.since_mono_ms = sys_mono_ms();
    memset(&stage->progress, 0, sizeof stage->progress);
    for (size_t i = 0; i < stage->conf->n_slots; i++) {
        rrd->slots_used[stage->conf->slots[i].slot] += stage->conf->slots[i].count;
    }
    health_alive(stage);
    log_debug("route", "event delivered stage=%s event=%" PRIu64 " type=%s", stage->conf->name,
              item->id, stage->lease.type);
    link_send(stage->link, WIRE_EVENT, stage->lease.number, body);
}

static bool
can_take(const struct stage *stage)
{
    return stage->sup.state == SUP_READY && stage->lease.state == LEASE_NONE &&
           stage->n_changes == 0 && stage->link != NULL && stage->eof_mono_ms == 0;
}

/* All stages that are idle and have an event. */
static size_t
gather(struct rrd *rrd, struct candidate *out)
{
    const uint64_t now_ms = sys_wall_ms();
    size_t n = 0;

    for (size_t i = 0; i < rrd->n_stages; i++) {
        struct stage *stage = rrd->stages[i];
        struct rr_err err = RR_ERR_INIT;
        struct candidate c = {.stage = stage};
        int rc;

        stage->is_short = false;
        if (!can_take(stage)) {
            continue;
        }
        rc = store_next(rrd->store, stage->conf->name, now_ms, &c.item, &stage->next_due_ms, &err);
        if (rc == 0) {
            out[n++] = c;
        } else if (rc == RR_E_CORRUPT) {
            bury_unread(stage, &c.item, err.text);
        } else if (rc != RR_E_EMPTY) {
            log_error("route", "cannot read the queue stage=%s: %s", stage->conf->name, err.text);
        }
    }
    return n;
}

static void
arm_due(struct rrd *rrd)
{
    const uint64_t now_ms = sys_wall_ms();
    uint64_t first = 0;

    for (size_t i = 0; i < rrd->n_stages; i++) {
        const uint64_t due = can_take(rrd->stages[i]) ? rrd->stages[i]->next_due_ms : 0;

        if (due != 0 && (first == 0 || due < first)) {
            first = due;
        }
    }
    (void)event_del(rrd->due);
    if (first != 0) {
        /* the wall clock may be set meanwhile: look again after a minute at the latest */
        const uint64_t wait = first <= now_ms ? 1 : first - now_ms < 60000 ? first - now_ms : 60000;
        const struct timeval tv = {(time_t)(wait / 1000), (suseconds_t)(wait % 1000 * 1000)};

        (void)event_add(rrd->due, &tv);
    }
}

void
route_dispatch(struct rrd *rrd)
{
    struct candidate *candidates;
    struct slots_waiter *waiters;
    int64_t *spare;
    size_t n;

    if (rrd->is_stopping || sys_mono_ms() < rrd->store_pause_ms) {
        return;
    }
    candidates = mem_zalloc(rrd->n_stages, sizeof *candidates);
    waiters = mem_zalloc(rrd->n_stages, sizeof *waiters);
    spare = mem_zalloc(rrd->conf.n_slots, sizeof *spare);
    n = gather(rrd, candidates);
    for (size_t i = 0; i < rrd->conf.n_slots; i++) {
        spare[i] = rrd->conf.slots[i].total - rrd->slots_used[i];
    }
    for (size_t i = 0; i < n; i++) {
        waiters[i] = (struct slots_waiter){.since = candidates[i].item.id,
                                           .needs = candidates[i].stage->conf->slots,
                                           .n_needs = candidates[i].stage->conf->n_slots,
                                           .user = i};
    }
    slots_decide(waiters, n, spare);
    for (size_t i = 0; i < n; i++) {
        const struct candidate *c = &candidates[waiters[i].user];

        if (waiters[i].may_go) {
            deliver(c->stage, &c->item);
        } else {
            c->stage->is_short = true;
            c->stage->short_slot = waiters[i].blocked_by;
        }
    }
    arm_due(rrd);
    free(spare);
    free(waiters);
    free(candidates);
}
