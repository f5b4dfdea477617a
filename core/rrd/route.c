/* SPDX-License-Identifier: MIT */
/*
 * route.c - what workers did with their events, made durable.
 *
 * Each outcome is one operation of the store; the worker hears of it after the commit.
 * Does not: choose who gets an event (route_dispatch.c).
 */
#include "core/rrd/route.h"

#include "core/common/fail.h"
#include "core/common/jget.h"
#include "core/common/mem.h"
#include "core/rrd/health.h"
#include "core/rrd/link.h"
#include "core/rrd/stage_log.h"
#include "core/rrd/sup_run.h"
#include "core/rrd/sys.h"
#include "core/rrd/upgrade.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_OPERATOR "operator"
/* Who waits for a commit. Those of one stage end in the order in which they were submitted. */
struct waiter {
    STAILQ_ENTRY(waiter) next;
    struct stage *stage;
    uint64_t epoch;
    uint64_t id;      /* lease or request */
    bool is_lease;    /* the lease ends with the commit */
    uint16_t answers; /* frame that tells the worker, 0 for none */
    json_t *puts;     /* durable keys that it sets, NULL for none */
    uint64_t get;     /* request for one of these keys, to be answered afterwards; 0: none */
    char key[RR_WIRE_NAME_MAX + 1];
    struct store_op *op; /* while it is held */
};

static void fail_lease(struct stage *stage, struct lease *l, bool bury, bool at_once,
                       const char *why);
static void answer_get(struct stage *stage, uint64_t request, const char *key);

/* The worker waits for the answer to a frame; it may wait for one at a time. */
static int
begin_request(struct stage *stage, uint16_t frame, uint64_t id, struct rr_err *err)
{
    if (stage->open_request != 0) {
        return rr_err_set(err, RR_E_PROTO, "%s before the last one was answered, %s",
                          wire_name(frame), wire_name(stage->open_request));
    }
    if (id == 0 && frame != WIRE_DONE) {
        return rr_err_set(err, RR_E_PROTO, "%s without a request number", wire_name(frame));
    }
    stage->open_request = frame;
    return 0;
}

static void
answer(struct stage *stage, uint16_t frame, uint64_t id, int rc, const char *why)
{
    char text[256];

    text_copy(text, sizeof text, why); /* it may quote half a character of what the worker said */
    if (frame == WIRE_RESULT || id == 0) {
        stage->open_request = 0;
    }
    link_send(stage->link, frame, id,
              rc == 0 ? json_pack("{s:b}", "ok", 1)
                      : json_pack("{s:b, s:i, s:s}", "ok", 0, "code", rc, "error", text));
}

/* The store cannot take it: not the worker's fault. Its entry is untouched. */
static bool
is_store_fault(int rc)
{
    return rc == RR_E_CORRUPT || rc > RR_E_EMPTY;
}

static void
end_lease(struct stage *stage, const struct waiter *w, const struct store_result *r)
{
    struct lease *l = STAILQ_FIRST(&stage->leases);

    while (l != NULL && l->number != w->id) {
        l = STAILQ_NEXT(l, next);
    }
    if (l == NULL) {
        return;
    }
    if (r->rc != 0 && !is_store_fault(r->rc) && w->answers != 0) {
        fail_lease(stage, l, false, false, r->err.text);
        return;
    }
    /* When the commit failed, the entry is as it was: the event will be delivered again. */
    route_release(stage, l);
    if (r->rc == 0 && w->answers != 0) {
        stage->trial.done++;
        sup_run_worked(stage);
    }
}

static void
on_durable(void *arg, const struct store_result *r)
{
    struct waiter *w = arg;
    struct stage *stage = w->stage;

    FAIL("route.durable");
    /* not always the first: one that appends is overtaken while the store is full */
    STAILQ_REMOVE(&stage->waiters, w, waiter, next);
    if (stage->link != NULL && stage->epoch == w->epoch) {
        if (w->answers != 0) {
            answer(stage, w->answers, w->id, r->rc, r->rc == 0 ? "" : r->err.text);
            FAIL("route.acked");
        }
        if (w->get != 0) {
            answer_get(stage, w->get, w->key);
        }
    }
    if (r->rc != 0) {
        log_warn("route", "outcome not stored stage=%s: %s", stage->conf->name, r->err.text);
    }
    if (w->is_lease) {
        end_lease(stage, w, r);
    }
    json_decref(w->puts);
    free(w);
}

/* l (or NULL) ends with the operation. */
static struct waiter *
waiter_new(struct stage *stage, struct store_op *op_take, struct lease *l, uint64_t id,
           uint16_t answers)
{
    struct waiter *w = mem_zalloc(1, sizeof *w);

    w->stage = stage;
    w->epoch = stage->epoch;
    w->id = l == NULL ? id : l->number;
    w->is_lease = l != NULL;
    w->answers = answers;
    w->op = op_take;
    if (l != NULL && !l->is_ending) {
        l->is_ending = true;
        route_begin_current(stage);
    }
    return w;
}

static void
submit(struct waiter *w)
{
    STAILQ_INSERT_TAIL(&w->stage->waiters, w, next);
    FAIL("route.submit");
    store_op_wait(w->op);
    store_submit(w->stage->rrd->store, w->op, on_durable, w);
}

/* Submit what a worker adds. When a queue that it adds to is full it waits, unless the stage
 * handles an event: then it has slots, for which the stage with the full queue may wait in turn. */
static void
submit_added(struct waiter *w)
{
    struct stage *stage = w->stage;

    if (stage->n_leases > 0 || stage->waits_for == NULL || stage->held != NULL || stage->is_asked) {
        submit(w);
    } else {
        stage->held = w;
    }
}

void
route_let_go(struct stage *stage)
{
    struct waiter *w = stage->held;

    if (w != NULL) {
        stage->held = NULL;
        submit(w);
    }
}

void
route_refuse(struct stage *stage, const char *why)
{
    struct waiter *w = stage->held;

    if (w == NULL) {
        return;
    }
    stage->held = NULL;
    answer(stage, w->answers, w->id, RR_E_STOPPED, why);
    store_op_free(w->op);
    json_decref(w->puts);
    free(w);
}

/* Stages that read a type of a producer, each once. Returns how many. */
static size_t
readers(const struct rrd *rrd, size_t producer, const char *type, const char **out)
{
    const struct graph *g = &rrd->conf.graph;
    size_t n = 0;

    for (size_t i = 0; i < g->n_edges; i++) {
        const struct graph_edge *e = &g->edges[i];
        bool is_new = e->kind == GRAPH_EVENT && e->from == producer && g->nodes[e->to].is_enabled &&
                      strcmp(e->type, type) == 0;

        for (size_t k = 0; is_new && k < n; k++) {
            is_new = strcmp(out[k], g->nodes[e->to].name) != 0;
        }
        if (is_new) {
            out[n++] = g->nodes[e->to].name;
        }
    }
    return n;
}

/* Add one emitted event to an operation. */
static int
append_emit(struct stage *stage, struct store_op *op, const json_t *row, bool needs_key,
            const struct lease *cause, struct rr_err *err)
{
    const struct manifest *m = stage->conf->manifest;
    const char **queues = mem_zalloc(stage->rrd->n_stages, sizeof *queues);
    const char *type = jget_text(row, "type");
    const char *key = jget_text(row, "key");
    const char *config = jget_text(row, "config");
    const json_t *payload = json_object_get(row, "payload");
    const struct manifest_port *port =
        type == NULL ? NULL : manifest_port(m->produces, m->n_produces, type);
    int rc = 0;

    if (port == NULL) {
        rc = rr_err_set(err, RR_E_INPUT, "plugin %s does not declare that it produces %.64s",
                        m->name, type == NULL ? "(no type)" : type);
    } else if (key == NULL && needs_key) {
        rc = rr_err_set(err, RR_E_INPUT, "an event of type %s that no event caused must have a key",
                        port->type);
    } else if (config != NULL && strlen(config) > RR_WIRE_NAME_MAX) {
        rc = rr_err_set(err, RR_E_INPUT, "the configuration key of %s is too long", port->type);
    } else {
        rc = manifest_check_payload(port, payload, err);
    }
    if (rc == 0) {
        char *text = json_dumps(payload, JSON_COMPACT);
        const struct store_event ev = {.type = port->type,
                                       .source = stage->conf->name,
                                       .config = config == NULL ? "" : config,
                                       .key = key,
                                       .time_ms = sys_wall_ms(),
                                       .parent = cause == NULL ? 0 : cause->item.id,
                                       .is_replay = cause != NULL && cause->item.item.is_replay,
                                       .payload = text};

        store_op_append(op, &ev, queues, readers(stage->rrd, stage->index, port->type, queues));
        free(text);
    }
    free(queues);
    return rc;
}

static int
add_puts(struct stage *stage, struct store_op *op, const json_t *puts, struct rr_err *err)
{
    const char *key;
    const json_t *value;
    int rc = 0;

    json_object_foreach((json_t *)(uintptr_t)puts, key, value) {
        if (rc == 0 && (key[0] == '\0' || strlen(key) > RR_WIRE_NAME_MAX)) {
            rc = rr_err_set(err, RR_E_INPUT, "the name of a durable key has 1 to %u bytes",
                            RR_WIRE_NAME_MAX);
        } else if (rc == 0 && !json_is_null(value) && !json_is_string(value)) {
            rc = rr_err_set(err, RR_E_INPUT, "the value of key %.60s is not a text", key);
        } else if (rc == 0) {
            store_op_text(op, STORE_KEY, stage->conf->name, key, json_string_value(value));
        }
    }
    return rc;
}

/* The lease that a frame ends, which has to be the one that the worker handles. */
static int
find_lease(const struct stage *stage, uint64_t number, uint16_t frame, struct lease **out,
           struct rr_err *err)
{
    *out = route_current(stage);
    if (*out != NULL && (*out)->number == number) {
        return 0;
    }
    return rr_err_set(err, RR_E_PROTO, "%s of lease %" PRIu64 ", which it does not handle",
                      wire_name(frame), number);
}

/* The entry of the event in hand stays as it is. */
static void
let_go(struct stage *stage, struct lease *l)
{
    route_release(stage, l);
    route_begin_current(stage);
}

/* All of a DONE in one operation; l is NULL for that of no event. */
static int
add_done(struct stage *stage, struct store_op *op, const struct lease *l, const json_t *body,
         struct rr_err *err)
{
    const json_t *emits = json_object_get(body, "emits");
    int rc = 0;

    if (l != NULL) {
        store_op_take(op, stage->conf->name, &l->item, true);
    }
    for (size_t i = 0; rc == 0 && i < json_array_size(emits); i++) {
        rc = append_emit(stage, op, json_array_get(emits, i), l == NULL, l, err);
    }
    return rc == 0 ? add_puts(stage, op, json_object_get(body, "puts"), err) : rc;
}

int
route_done(struct stage *stage, uint64_t number, const json_t *body, struct rr_err *err)
{
    struct rr_err why = RR_ERR_INIT;
    struct store_op *op;
    struct lease *l = NULL;
    int rc = number == 0 ? begin_request(stage, WIRE_DONE, 0, err)
                         : find_lease(stage, number, WIRE_DONE, &l, err);

    FAIL("route.done");
    if (rc != 0) {
        return rc;
    }
    if (l != NULL && upgrade_has_failed(stage)) {
        answer(stage, WIRE_ACK, number, RR_E_STOPPED, "the trial of this plugin file is over");
        let_go(stage, l);
        return 0;
    }
    op = store_op_new();
    rc = add_done(stage, op, l, body, &why);
    if (rc == 0) {
        struct waiter *w = waiter_new(stage, op, l, 0, WIRE_ACK);

        w->puts = json_incref(json_object_get(body, "puts"));
        (json_array_size(json_object_get(body, "emits")) > 0 ? submit_added : submit)(w);
        return 0;
    }
    store_op_free(op);
    answer(stage, WIRE_ACK, number, rc, why.text);
    log_warn("route", "DONE refused stage=%s event=%" PRIu64 ": %s", stage->conf->name,
             l == NULL ? 0 : l->item.id, why.text);
    if (l != NULL) {
        fail_lease(stage, l, false, false, why.text);
    }
    return 0;
}

static uint64_t
retry_delay_ms(const struct stage *stage, uint32_t attempts)
{
    uint64_t delay = (uint64_t)stage->conf->retry_delay_ms;

    for (uint32_t i = 1; i < attempts && delay < RETRY_MAX_MS; i++) {
        delay *= 4;
    }
    return delay < RETRY_MAX_MS ? delay : RETRY_MAX_MS;
}

/* End a lease by moving its entry: to be tried again, or buried. That of a worker on trial stays
 * as it is. */
static void
fail_lease(struct stage *stage, struct lease *l, bool bury, bool at_once, const char *why)
{
    struct record_item now = l->item.item;
    const char *queue = stage->conf->name;
    struct store_op *op;

    if (stage->trial.is_on) {
        char fault[SUP_RUN_DEATH_MAX];

        (void)snprintf(fault, sizeof fault, "it %s event %" PRIu64 ": %.160s",
                       bury ? "rejected" : "failed at", l->item.id, why);
        upgrade_fault(stage, fault);
        let_go(stage, l);
        return;
    }
    op = store_op_new();
    now.attempts++;
    text_copy(now.error, sizeof now.error, why);
    if (bury || now.attempts >= (uint64_t)stage->conf->attempts) {
        log_warn("route", "event buried stage=%s event=%" PRIu64 " type=%s attempts=%u: %s", queue,
                 l->item.id, l->type, now.attempts, now.error);
        store_op_move(op, queue, &l->item, STORE_BURIED, 0, &now);
    } else if (at_once) {
        store_op_move(op, queue, &l->item, STORE_READY, 0, &now);
    } else {
        const uint64_t delay = retry_delay_ms(stage, now.attempts);

        log_warn("route",
                 "attempt failed stage=%s event=%" PRIu64 " type=%s attempts=%u next_ms=%" PRIu64
                 ": %s",
                 queue, l->item.id, l->type, now.attempts, delay, now.error);
        store_op_move(op, queue, &l->item, STORE_DELAYED, sys_steady_ms() + delay, &now);
    }
    submit(waiter_new(stage, op, l, 0, 0));
}

int
route_failed(struct stage *stage, const struct wire_frame *frame, const char *why, bool is_stop,
             struct rr_err *err)
{
    struct lease *l;
    const int rc = find_lease(stage, frame->id, frame->type, &l, err);

    FAIL("route.failed");
    /* Only we can have asked it to stop; a plugin that says so for nothing would loop for ever. */
    if (rc == 0 && is_stop && stage->is_asked) {
        let_go(stage, l);
    } else if (rc == 0) {
        fail_lease(stage, l, frame->type == WIRE_REJECT, false, why);
    }
    return rc;
}

int
route_emit(struct stage *stage, uint64_t request, const json_t *body, struct rr_err *err)
{
    struct rr_err why = RR_ERR_INIT;
    struct store_op *op;
    int rc = begin_request(stage, WIRE_EMIT, request, err);

    FAIL("route.emit");
    if (rc != 0) {
        return rc;
    }
    op = store_op_new();
    rc = append_emit(stage, op, body, true, stage->is_aside ? NULL : route_current(stage), &why);
    if (rc == 0) {
        submit_added(waiter_new(stage, op, NULL, request, WIRE_RESULT));
        return 0;
    }
    store_op_free(op);
    answer(stage, WIRE_RESULT, request, rc, why.text);
    return 0;
}

static void
answer_get(struct stage *stage, uint64_t request, const char *key)
{
    struct rr_err why = RR_ERR_INIT;
    char *text = NULL;
    const int rc =
        store_text_new(stage->rrd->store, STORE_KEY, stage->conf->name, key, &text, &why);

    stage->open_request = 0;
    if (rc == 0 || rc == RR_E_EMPTY) {
        link_send(stage->link, WIRE_VALUE, request, json_pack("{s:s?}", "value", text));
    } else {
        /* Saying "no such key" would be a lie that the stage acts upon. */
        link_send(stage->link, WIRE_VALUE, request,
                  json_pack("{s:n, s:i, s:s}", "value", "code", rc, "error", why.text));
        log_error("route", "cannot read a durable key stage=%s key=%s: %s", stage->conf->name, key,
                  why.text);
    }
    free(text);
}

int
route_get(struct stage *stage, uint64_t request, const char *key, struct rr_err *err)
{
    struct waiter *last = NULL;
    struct waiter *w;

    if (strlen(key) > RR_WIRE_NAME_MAX) {
        return rr_err_set(err, RR_E_PROTO, "GET of a key of %zu bytes", strlen(key));
    }
    if (begin_request(stage, WIRE_GET, request, err) != 0) {
        return RR_E_PROTO;
    }
    /* What an earlier handler has put counts when it is durable, and not before. */
    STAILQ_FOREACH(w, &stage->waiters, next) {
        if (w->epoch == stage->epoch && json_object_get(w->puts, key) != NULL) {
            last = w;
        }
    }
    if (last == NULL) {
        answer_get(stage, request, key);
    } else {
        last->get = request;
        (void)snprintf(last->key, sizeof last->key, "%s", key);
    }
    return 0;
}

void
route_lost(struct stage *stage, bool counts, const char *why)
{
    struct lease *l = route_current(stage);

    FAIL("route.lost");
    /* Outcomes that are under way count. Of the others only the event in hand can be at fault. */
    if (l != NULL && counts && !stage->is_aside) {
        fail_lease(stage, l, false, true, why);
    }
    while ((l = route_current(stage)) != NULL) {
        route_release(stage, l);
    }
    route_refuse(stage, "the worker has ended");
    stage->open_request = 0;
    stage->is_aside = false;
}

int
route_inject(struct rrd *rrd, const char *type, const char *config, const char *key,
             const json_t *payload, store_done_fn fn, void *arg, struct rr_err *err)
{
    const struct manifest_port *port = NULL;
    const char **queues = mem_zalloc(rrd->n_stages, sizeof *queues);
    size_t n = 0;
    int rc;

    FAIL("route.inject");
    for (size_t i = 0; i < rrd->n_stages && port == NULL; i++) {
        const struct manifest *m = rrd->conf.stages[i].manifest;

        port = manifest_port(m->produces, m->n_produces, type);
        if (port != NULL) {
            n = readers(rrd, i, port->type, queues);
        }
    }
    /* Nobody produces it: every stage that consumes it gets it. */
    const bool is_produced = n > 0;

    for (size_t i = 0; i < rrd->n_stages && !is_produced; i++) {
        const struct conf_stage *s = &rrd->conf.stages[i];
        const struct manifest_port *in =
            manifest_port(s->manifest->consumes, s->manifest->n_consumes, type);

        if (in != NULL && s->is_enabled) {
            port = port == NULL ? in : port;
            queues[n++] = s->name;
        }
    }
    if (port == NULL) {
        rc = rr_err_set(err, RR_E_INPUT, "no stage produces or consumes events of type \"%.64s\"",
                        type);
    } else {
        rc = manifest_check_payload(port, payload, err);
    }
    if (rc == 0) {
        struct store_op *op = store_op_new();
        char *text = json_dumps(payload, JSON_COMPACT);
        const struct store_event ev = {.type = port->type,
                                       .source = SOURCE_OPERATOR,
                                       .config = config,
                                       .key = key,
                                       .time_ms = sys_wall_ms(),
                                       .payload = text};

        store_op_append(op, &ev, queues, n);
        free(text);
        store_submit(rrd->store, op, fn, arg);
    }
    free(queues);
    return rc;
}
