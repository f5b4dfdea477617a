/* SPDX-License-Identifier: MIT */
/*
 * ctl_events.c - stored events on the control socket: list, follow, replay, and one with its
 * lineage.
 *
 * Whatever walks the log does so bit by bit, a bit for each turn of the loop or each request.
 */
#include "core/rrd/ctl.h"

#include "core/common/wire.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

/* Events looked at in one go. */
#define LOOK_MAX 512
/* Of a replay, where each one may cost a read and joins one commit. */
#define REPLAY_MAX 1000
/* What may wait for a slow reader; more is read from the store when he has taken this. */
#define OUTPUT_MAX 65536u
/* Children of an event that one answer names. */
#define CHILDREN_MAX 500

/* Whether an event is meant; never a damaged one. */
static bool
matches(const struct ctl_filter *f, const char *text, size_t n)
{
    const struct manifest *m = f->consumer;
    const char *key;
    json_t *want;

    if (text == NULL || (json_object_size(f->members) == 0 && m == NULL)) {
        return text != NULL;
    }
    json_t *doc = json_loadb(text, n, 0, NULL);
    bool is_match = m == NULL || manifest_port(m->consumes, m->n_consumes, jget_str(doc, "type"));

    json_object_foreach(f->members, key, want) {
        is_match = is_match && json_equal(json_object_get(doc, key), want);
    }
    json_decref(doc);
    return is_match;
}

/* The first event of a time or later; the end of the log when there is none. */
static int
id_at(struct rrd *rrd, uint64_t time_ms, uint64_t *id, struct rr_err *err)
{
    const int rc = store_since(rrd->store, time_ms, id, err);

    if (rc == RR_E_EMPTY) {
        *id = UINT64_MAX;
    }
    return rc == RR_E_EMPTY ? 0 : rc;
}

/* Read type, config, stage, from_ms, to_ms, after. f->members is new in every case. */
static int
take_filter(const struct ctl_ask *ask, struct ctl_filter *f, struct rr_err *err)
{
    static const struct {
        const char *arg, *member;
        size_t bytes_max;
    } names[] = {{"type", "type", TEXT_TYPE_MAX},
                 {"config", "config", RR_WIRE_NAME_MAX},
                 {"stage", "source", TEXT_NAME_MAX}};
    uint64_t first = 0;
    int rc;

    f->after = (uint64_t)ctl_int(ask, "after", 0);
    f->end = UINT64_MAX;
    f->members = json_object();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *text = jget_str(ask->args, names[i].arg);

        if (strlen(text) > names[i].bytes_max) {
            return rr_err_set(err, RR_E_INPUT, "%s: \"%.40s…\" is too long", names[i].arg, text);
        }
        if (text[0] != '\0') {
            (void)json_object_set_new(f->members, names[i].member, json_string(text));
        }
    }
    const char *type = jget_text(f->members, "type");
    if (type != NULL && !text_is_type(type)) {
        return rr_err_set(err, RR_E_INPUT, "\"%.60s\" is not the name of an event type", type);
    }
    if (json_is_integer(json_object_get(ask->args, "from_ms"))) {
        rc = id_at(ask->rrd, (uint64_t)ctl_int(ask, "from_ms", 0), &first, err);
        if (rc != 0) {
            return rc;
        }
        f->after = first - 1 > f->after ? first - 1 : f->after;
    }
    return json_is_integer(json_object_get(ask->args, "to_ms"))
               ? id_at(ask->rrd, (uint64_t)ctl_int(ask, "to_ms", 0) + 1, &f->end, err)
               : 0;
}

int
ctl_events(struct ctl_ask *ask, struct rr_err *err)
{
    struct ctl_stream *s = ask->stream;
    int rc;

    json_decref(s->filter.members);
    *s = (struct ctl_stream){.conn = s->conn, .peer = s->peer};
    s->follows = jget_is(ask->args, "follow");
    s->left = (uint64_t)ctl_int(ask, "limit", 100);
    rc = take_filter(ask, &s->filter, err);
    s->cursor = s->filter.after;
    if (rc == 0 && json_object_get(ask->args, "after") == NULL &&
        json_object_get(ask->args, "from_ms") == NULL) {
        /* The newest are what people want to see: go back so far, then forth. */
        s->is_seeking = s->left > 0;
        s->cursor = s->filter.end;
        s->sought = s->left;
    }
    if (rc == 0 && s->cursor >= UINT64_MAX - 1 && !s->is_seeking) { /* no event is as young */
        rc = store_last(ask->rrd->store, &s->cursor, err);          /* only what comes */
    }
    s->is_on = rc == 0;
    return rc;
}

struct pump {
    struct ctl_stream *stream;
    struct evbuffer *out;
    int looked;
    bool is_end; /* nothing more is wanted */
    bool is_cut; /* more may be there */
};

static bool
seek_event(void *arg, uint64_t id, const char *text, size_t n)
{
    struct pump *p = arg;
    struct ctl_stream *s = p->stream;

    if (s->sought == 0) {
        p->is_end = true;
        return false;
    }
    if (p->looked++ == LOOK_MAX) {
        p->is_cut = true;
        return false;
    }
    s->cursor = id;
    s->sought -= matches(&s->filter, text, n);
    return true;
}

static bool
pump_event(void *arg, uint64_t id, const char *text, size_t n)
{
    struct pump *p = arg;
    struct ctl_stream *s = p->stream;

    if (id >= s->filter.end || (!s->follows && s->left == 0)) {
        p->is_end = true;
        return false;
    }
    if (p->looked++ == LOOK_MAX || evbuffer_get_length(p->out) >= OUTPUT_MAX) {
        p->is_cut = true;
        return false;
    }
    s->cursor = id;
    if (matches(&s->filter, text, n)) {
        (void)evbuffer_add(p->out, text, n);
        (void)evbuffer_add(p->out, "\n", 1);
        s->left -= s->left > 0;
    }
    return true;
}

int
ctl_events_pump(struct rrd *rrd, struct ctl_stream *s, struct evbuffer *out, struct rr_err *err)
{
    struct pump p = {.stream = s, .out = out};
    int rc = 0;

    if (s->is_seeking) {
        rc = store_events_back(rrd->store, s->cursor, seek_event, &p, err);
        s->is_seeking = p.is_cut;
        if (rc != 0 || p.is_cut) {
            daemon_wake(rrd);
            return rc;
        }
        /* Where it stopped is the first one, which is to be given too. */
        s->cursor = s->cursor == s->filter.end ? 0 : s->cursor - 1;
        p = (struct pump){.stream = s, .out = out};
    }
    rc = store_events(rrd->store, s->cursor, pump_event, &p, err);
    if (p.looked > LOOK_MAX) {
        daemon_wake(rrd); /* go on in the next turn */
    }
    s->is_on = rc == 0 && (s->follows || (p.is_cut && !p.is_end));
    return rc;
}

/* Part of a replay. */
struct replay {
    struct ctl_filter filter;
    const char *queue;
    struct store_op *op; /* NULL in a dry run */
    int looked;
    int64_t count;
    uint64_t last; /* looked at */
    bool is_more;
};

static bool
replay_event(void *arg, uint64_t id, const char *text, size_t n)
{
    struct replay *r = arg;

    if (id >= r->filter.end) {
        return false;
    }
    if (r->looked++ == REPLAY_MAX) {
        r->is_more = true;
        return false;
    }
    r->last = id;
    if (matches(&r->filter, text, n)) {
        r->count++;
        if (r->op != NULL) {
            store_op_replay(r->op, r->queue, id);
        }
    }
    return true;
}

int
ctl_replay(struct ctl_ask *ask, struct rr_err *err)
{
    struct replay r = {.is_more = false};
    const char *type = jget_text(ask->args, "type");
    json_t *result;
    int rc = ctl_find_stage(ask, "queue", err);

    if (rc == 0) {
        rc = take_filter(ask, &r.filter, err);
    }
    if (rc == 0) {
        r.filter.consumer = ask->stage->conf->manifest;
        r.queue = ask->stage->conf->name;
        r.last = r.filter.after;
        if (r.filter.consumer->n_consumes == 0) {
            rc = rr_err_set(err, RR_E_INPUT, "stage %s consumes no events", r.queue);
        } else if (type != NULL && manifest_port(r.filter.consumer->consumes,
                                                 r.filter.consumer->n_consumes, type) == NULL) {
            rc = rr_err_set(err, RR_E_INPUT, "stage %s consumes no events of type \"%.64s\"",
                            r.queue, type);
        }
    }
    if (rc == 0) {
        r.op = jget_is(ask->args, "dry_run") ? NULL : store_op_new();
        rc = store_events(ask->rrd->store, r.filter.after, replay_event, &r, err);
    }
    json_decref(r.filter.members);
    result = json_pack("{s:I, s:I, s:b}", "count", r.count, "next", (json_int_t)r.last, "more",
                       (int)r.is_more);
    if (rc != 0 || r.op == NULL || r.count == 0) {
        store_op_free(r.op);
        ask->result = result;
        return rc;
    }
    store_submit(ask->rrd->store, r.op, ctl_answer_stored, ctl_later_new(ask->stream, result));
    return 0;
}

static bool
add_child(void *arg, uint64_t id)
{
    (void)json_array_append_new(arg, json_integer((json_int_t)id));
    return json_array_size(arg) < CHILDREN_MAX;
}

static bool
add_fact(void *arg, const char *stage, const struct store_fact *fact)
{
    static const char *const words[] = {"done", "done", "buried", "dropped"};

    (void)json_array_append_new(
        arg, json_pack("{s:s, s:s, s:I, s:I, s:I}", "stage", stage, "outcome",
                       words[fact->outcome <= STORE_DROPPED ? fact->outcome : 0], "attempts",
                       (json_int_t)fact->attempts + (fact->outcome == STORE_DONE), "in_ms",
                       (json_int_t)fact->in_ms, "end_ms", (json_int_t)fact->end_ms));
    return true;
}

int
ctl_event(struct ctl_ask *ask, struct rr_err *err)
{
    struct rrd *rrd = ask->rrd;
    const uint64_t id = (uint64_t)ctl_int(ask, "id", 0);
    json_t *facts;
    json_t *children;
    json_t *queued;
    char *text = NULL;
    int rc = store_event_new(rrd->store, id, &text, err);

    if (rc == RR_E_EMPTY) { /* an answer, and no fault of the asker */
        ask->result = json_pack("{s:{s:I}, s:b}", "event", "id", (json_int_t)id, "gone", 1);
        return 0;
    }
    if (rc != 0) {
        return rc;
    }
    facts = json_array();
    children = json_array();
    queued = json_array();
    ask->result = json_pack("{s:o?, s:o, s:o, s:o}", "event", json_loads(text, 0, NULL), "facts",
                            facts, "children", children, "queued", queued);
    free(text);
    rc = store_facts(rrd->store, id, add_fact, facts, err);
    if (rc == 0) {
        rc = store_children(rrd->store, id, add_child, children, err);
    }
    for (size_t i = 0; rc == 0 && i < rrd->n_stages; i++) {
        const char *queue = rrd->stages[i]->conf->name;
        struct store_item item;

        if (store_find(rrd->store, queue, id, &item, NULL) == 0) {
            (void)json_array_append_new(queued, ctl_queue_item_new(rrd, queue, &item));
        }
    }
    return rc;
}
