/* SPDX-License-Identifier: MIT */
/*
 * route.c - what workers did with their events, made durable.
 *
 * Each outcome is one operation of the store; the worker hears of it after the commit.
 * Does not: choose who gets an event (route_dispatch.c).
 */
#include "core/rrd/route.h"

#include "core/common/mem.h"
#include "core/rrd/link.h"
#include "core/rrd/stage_log.h"
#include "core/rrd/sup_run.h"
#include "core/rrd/sys.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MAX_MS 300000u
#define SOURCE_OPERATOR "operator"
/* Who waits for a commit. */
struct waiter {
    struct stage *stage;
    uint64_t epoch;
    uint64_t id;   /* lease or request */
    bool is_lease; /* the lease ends with the commit */
    bool wants_ack;
};

static void
answer(struct stage *stage, uint64_t id, int rc, const char *why)
{
    link_send(stage->link, WIRE_ACK, id,
              rc == 0 ? json_pack("{s:b}", "ok", 1)
                      : json_pack("{s:b, s:i, s:s}", "ok", 0, "code", rc, "error", why));
}

/* The store cannot take it: not the worker's fault. Its entry is untouched. */
static bool
is_store_fault(int rc)
{
    return rc == RR_E_CORRUPT || rc > RR_E_EMPTY;
}

static void
on_durable(void *arg, const struct store_result *r)
{
    struct waiter *w = arg;
    struct stage *stage = w->stage;
    const bool is_ending =
        w->is_lease && stage->lease.state == LEASE_ENDING && stage->lease.number == w->id;

    if (w->wants_ack && stage->link != NULL && stage->epoch == w->epoch) {
        answer(stage, w->id, r->rc, r->rc == 0 ? "" : r->err.text);
    }
    if (r->rc != 0) {
        log_warn("route", "outcome not stored stage=%s event=%" PRIu64 ": %s", stage->conf->name,
                 w->is_lease ? stage->lease.item.id : 0, r->err.text);
    }
    if (is_ending && (r->rc == 0 || is_store_fault(r->rc))) {
        /* When the commit failed, the entry is as it was: the event will be delivered again. */
        route_release(stage);
        if (r->rc == 0 && w->wants_ack) {
            sup_run_worked(stage);
        }
    } else if (is_ending) {
        stage->lease.state = LEASE_HELD;
        route_fail(stage, false, r->err.text);
    }
    free(w);
}

/* Submit the outcome of the held lease, which ends with it (lease 0: of none). */
static void
submit(struct stage *stage, struct store_op *op_take, uint64_t id, bool is_lease, bool wants_ack)
{
    struct waiter *w = mem_zalloc(1, sizeof *w);

    *w = (struct waiter){stage, stage->epoch, id, is_lease, wants_ack};
    if (is_lease) {
        stage->lease.state = LEASE_ENDING;
    }
    store_submit(stage->rrd->store, op_take, on_durable, w);
}

void
route_release(struct stage *stage)
{
    struct rrd *rrd = stage->rrd;

    for (size_t i = 0; i < stage->conf->n_slots; i++) {
        rrd->slots_used[stage->conf->slots[i].slot] -= stage->conf->slots[i].count;
    }
    memset(&stage->lease, 0, sizeof stage->lease);
    memset(&stage->progress, 0, sizeof stage->progress);
    daemon_wake(rrd);
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
            uint64_t parent, struct rr_err *err)
{
    const struct manifest *m = stage->conf->manifest;
    const char **queues = mem_zalloc(stage->rrd->n_stages, sizeof *queues);
    const char *type = json_string_value(json_object_get(row, "type"));
    const char *key = json_string_value(json_object_get(row, "key"));
    const char *config = json_string_value(json_object_get(row, "config"));
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
        const struct store_event ev = {.type = port->type,
                                       .source = stage->conf->name,
                                       .config = config == NULL ? "" : config,
                                       .key = key,
                                       .time_ms = sys_wall_ms(),
                                       .parent = parent,
                                       .payload = payload};

        store_op_append(op, &ev, queues, readers(stage->rrd, stage->index, port->type, queues));
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

    json_object_foreach((json_t *)(uintptr_t)puts, key, value)
    {
        if (rc == 0 && (key[0] == '\0' || strlen(key) > RR_WIRE_NAME_MAX)) {
            rc = rr_err_set(err, RR_E_INPUT, "the name of a durable key has 1 to %u bytes",
                            RR_WIRE_NAME_MAX);
        } else if (rc == 0 && !json_is_null(value) && !json_is_string(value)) {
            rc = rr_err_set(err, RR_E_INPUT, "the value of key %.60s is not a text", key);
        } else if (rc == 0) {
            store_op_put(op, stage->conf->name, key, json_string_value(value));
        }
    }
    return rc;
}

/* Whether a lease number is the one that the worker holds. */
static int
check_lease(const struct stage *stage, uint64_t lease, const char *frame, struct rr_err *err)
{
    if (stage->lease.state == LEASE_HELD && stage->lease.number == lease) {
        return 0;
    }
    return rr_err_set(err, RR_E_PROTO, "%s of lease %" PRIu64 ", which it does not hold", frame,
                      lease);
}

/* All of a DONE in one operation. */
static int
add_done(struct stage *stage, struct store_op *op, uint64_t lease, const json_t *body,
         struct rr_err *err)
{
    const json_t *emits = json_object_get(body, "emits");
    const uint64_t parent = lease == 0 ? 0 : stage->lease.item.id;
    int rc = 0;

    if (lease != 0) {
        store_op_take(op, stage->conf->name, &stage->lease.item, true);
    }
    for (size_t i = 0; rc == 0 && i < json_array_size(emits); i++) {
        rc = append_emit(stage, op, json_array_get(emits, i), lease == 0, parent, err);
    }
    return rc == 0 ? add_puts(stage, op, json_object_get(body, "puts"), err) : rc;
}

int
route_done(struct stage *stage, uint64_t lease, const json_t *body, struct rr_err *err)
{
    struct rr_err why = RR_ERR_INIT;
    struct store_op *op;
    int rc = lease == 0 ? 0 : check_lease(stage, lease, "DONE", err);

    if (rc != 0) {
        return rc;
    }
    op = store_op_new();
    rc = add_done(stage, op, lease, body, &why);
    if (rc == 0) {
        submit(stage, op, lease, lease != 0, true);
        return 0;
    }
    store_op_free(op);
    answer(stage, lease, rc, why.text);
    log_warn("route", "DONE refused stage=%s event=%" PRIu64 ": %s", stage->conf->name,
             stage->lease.item.id, why.text);
    if (lease != 0) {
        route_fail(stage, false, why.text);
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

/* Move the entry of the held lease, and end the lease with it. */
static void
move_lease(struct stage *stage, enum store_state state, uint64_t sort,
           const struct record_item *now)
{
    struct store_op *op = store_op_new();

    store_op_move(op, stage->conf->name, &stage->lease.item, state, sort, now);
    submit(stage, op, stage->lease.number, true, false);
}

static void
fail_lease(struct stage *stage, bool bury, bool at_once, const char *why)
{
    struct record_item now = stage->lease.item.item;
    const uint64_t id = stage->lease.item.id;

    now.attempts++;
    (void)snprintf(now.error, sizeof now.error, "%.199s", why);
    text_cut(now.error, sizeof now.error - 4);
    if (bury || now.attempts >= (uint64_t)stage->conf->attempts) {
        log_warn("route", "event buried stage=%s event=%" PRIu64 " type=%s attempts=%u: %s",
                 stage->conf->name, id, stage->lease.type, now.attempts, now.error);
        move_lease(stage, STORE_BURIED, 0, &now);
    } else if (at_once) {
        move_lease(stage, STORE_READY, 0, &now);
    } else {
        const uint64_t delay = retry_delay_ms(stage, now.attempts);

        log_warn("route",
                 "attempt failed stage=%s event=%" PRIu64 " type=%s attempts=%u next_ms=%" PRIu64
                 ": %s",
                 stage->conf->name, id, stage->lease.type, now.attempts, delay, now.error);
        move_lease(stage, STORE_DELAYED, sys_wall_ms() + delay, &now);
    }
}

void
route_fail(struct stage *stage, bool bury, const char *why)
{
    fail_lease(stage, bury, false, why);
}

int
route_retry(struct stage *stage, uint64_t lease, const char *why, bool is_stop, struct rr_err *err)
{
    const int rc = check_lease(stage, lease, "RETRY", err);

    if (rc != 0) {
        return rc;
    }
    /* Only we can have asked it to stop; a plugin that says so for nothing would loop for ever. */
    if (is_stop && stage->is_asked) {
        route_release(stage);
    } else {
        fail_lease(stage, false, false, why);
    }
    return 0;
}

int
route_reject(struct stage *stage, uint64_t lease, const char *why, struct rr_err *err)
{
    const int rc = check_lease(stage, lease, "REJECT", err);

    if (rc == 0) {
        fail_lease(stage, true, false, why);
    }
    return rc;
}

int
route_emit(struct stage *stage, uint64_t request, const json_t *body, struct rr_err *err)
{
    struct rr_err why = RR_ERR_INIT;
    const uint64_t parent = stage->lease.state == LEASE_HELD ? stage->lease.item.id : 0;
    struct store_op *op;
    int rc;

    if (request == 0) {
        return rr_err_set(err, RR_E_PROTO, "EMIT without a request number");
    }
    op = store_op_new();
    rc = append_emit(stage, op, body, true, parent, &why);
    if (rc == 0) {
        submit(stage, op, request, false, true);
        return 0;
    }
    store_op_free(op);
    answer(stage, request, rc, why.text);
    return 0;
}

int
route_get(struct stage *stage, uint64_t request, const char *key, struct rr_err *err)
{
    struct rr_err why = RR_ERR_INIT;
    char *text = NULL;
    const int rc = store_get_new(stage->rrd->store, stage->conf->name, key, &text, &why);

    (void)err;
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
    return 0;
}

void
route_lost(struct stage *stage, bool counts, const char *why)
{
    if (stage->lease.state != LEASE_HELD) {
        return; /* none, or its outcome is in the batch and counts */
    }
    if (counts) {
        fail_lease(stage, false, true, why);
    } else {
        route_release(stage);
    }
}

int
route_inject(struct rrd *rrd, const char *type, const char *config, const char *key,
             const json_t *payload, store_done_fn fn, void *arg, struct rr_err *err)
{
    const struct manifest_port *port = NULL;
    const char **queues = mem_zalloc(rrd->n_stages, sizeof *queues);
    size_t n = 0;
    int rc;

    for (size_t i = 0; i < rrd->n_stages && port == NULL; i++) {
        const struct manifest *m = rrd->conf.stages[i].manifest;

        port = manifest_port(m->produces, m->n_produces, type);
        if (port != NULL) {
            n = readers(rrd, i, port->type, queues);
        }
    }
    for (size_t i = 0; i < rrd->n_stages && n == 0; i++) {
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
        const struct store_event ev = {.type = port->type,
                                       .source = SOURCE_OPERATOR,
                                       .config = config,
                                       .key = key,
                                       .time_ms = sys_wall_ms(),
                                       .payload = payload};

        store_op_append(op, &ev, queues, n);
        store_submit(rrd->store, op, fn, arg);
    }
    free(queues);
    return rc;
}
