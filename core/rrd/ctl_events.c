/* SPDX-License-Identifier: MIT */
/*
 * ctl_events.c - stored events on the control socket: list, follow, replay, and one with its
 * lineage.
 *
 * Whatever walks the log does so bit by bit, a bit for each turn of the loop or each request.
 */
#include "core/rrd/ctl.h"

#include "core/common/mem.h"

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

static bool
is_same(const char *want, const json_t *doc, const char *key)
{
    const char *text = json_string_value(json_object_get(doc, key));

    return want[0] == '\0' || (text != NULL && strcmp(text, want) == 0);
}

static bool
matches(const struct ctl_filter *f, const char *text, size_t n)
{
    json_t *doc;
    bool is_match;

    if (text == NULL) {
        return false; /* damaged */
    }
    if (f->type[0] == '\0' && f->config[0] == '\0' && f->source[0] == '\0') {
        return true;
    }
    doc = json_loadb(text, n, 0, NULL);
    is_match = is_same(f->type, doc, "type") && is_same(f->config, doc, "config") &&
               is_same(f->source, doc, "source");
    json_decref(doc);
    return is_match;
}

static int
take_text(const json_t *args, const char *key, char *out, size_t cap, struct rr_err *err)
{
    const char *text = json_string_value(json_object_get(args, key));

    if (text != NULL && strlen(text) >= cap) {
        return rr_err_set(err, RR_E_INPUT, "%s: \"%.40s…\" is too long", key, text);
    }
    (void)snprintf(out, cap, "%s", text == NULL ? "" : text);
    return 0;
}

/* The first event of a time or later; RR_E_EMPTY becomes the end of the log. */
static int
id_at(struct rrd *rrd, uint64_t time_ms, uint64_t *id, struct rr_err *err)
{
    const int rc = store_since(rrd->store, time_ms, id, err);

    if (rc == RR_E_EMPTY) {
        *id = UINT64_MAX;
    }
    return rc == RR_E_EMPTY ? 0 : rc;
}

/* Read type, config, stage, from_ms, to_ms, after. */
static int
take_filter(struct rrd *rrd, const json_t *args, struct ctl_filter *f, struct rr_err *err)
{
    const json_t *from = json_object_get(args, "from_ms");
    const json_t *to = json_object_get(args, "to_ms");
    int rc = take_text(args, "type", f->type, sizeof f->type, err);

    f->after = (uint64_t)json_integer_value(json_object_get(args, "after"));
    f->end = UINT64_MAX;
    if (rc == 0) {
        rc = take_text(args, "config", f->config, sizeof f->config, err);
    }
    if (rc == 0) {
        rc = take_text(args, "stage", f->source, sizeof f->source, err);
    }
    if (rc == 0 && f->type[0] != '\0' && !text_is_type(f->type)) {
        rc = rr_err_set(err, RR_E_INPUT, "\"%.60s\" is not the name of an event type", f->type);
    }
    if (rc == 0 && json_is_integer(from)) {
        uint64_t first;

        rc = id_at(rrd, (uint64_t)json_integer_value(from), &first, err);
        f->after = first - 1 > f->after ? first - 1 : f->after;
    }
    if (rc == 0 && json_is_integer(to)) {
        rc = id_at(rrd, (uint64_t)json_integer_value(to) + 1, &f->end, err);
    }
    return rc;
}

int
ctl_events(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
           struct rr_err *err)
{
    const json_t *limit = json_object_get(args, "limit");
    int rc;

    (void)result;
    *stream = (struct ctl_stream){.conn = stream->conn, .peer = stream->peer};
    stream->follows = json_is_true(json_object_get(args, "follow"));
    stream->left = json_is_integer(limit) ? (uint64_t)json_integer_value(limit) : 100;
    rc = take_filter(rrd, args, &stream->filter, err);
    stream->cursor = stream->filter.after;
    if (rc == 0 && json_object_get(args, "after") == NULL &&
        json_object_get(args, "from_ms") == NULL) {
        /* The newest are what people want to see: go back so far, then forth. */
        stream->is_seeking = stream->left > 0;
        stream->cursor = stream->filter.end;
        stream->sought = stream->left;
    }
    if (rc == 0 && stream->cursor == UINT64_MAX && !stream->is_seeking) {
        rc = store_tail(rrd->store, 0, &stream->cursor, err); /* only what comes */
    }
    stream->is_on = rc == 0;
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
    struct stage *stage;
    struct store_op *op; /* NULL in a dry run */
    int looked;
    int64_t count;
    uint64_t last; /* looked at */
    bool is_more;
};

/* Whether the stage gets events of that type. */
static bool
is_for(const struct stage *stage, const char *text, size_t n)
{
    const struct manifest *m = stage->conf->manifest;
    json_t *doc = json_loadb(text, n, 0, NULL);
    const char *type = json_string_value(json_object_get(doc, "type"));
    const bool is_it = type != NULL && manifest_port(m->consumes, m->n_consumes, type) != NULL;

    json_decref(doc);
    return is_it;
}

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
    if (matches(&r->filter, text, n) && is_for(r->stage, text, n)) {
        r->count++;
        if (r->op != NULL) {
            store_op_replay(r->op, r->stage->conf->name, id);
        }
    }
    return true;
}

static json_t *
replay_result_new(const struct replay *r)
{
    return json_pack("{s:I, s:I, s:b}", "count", r->count, "next", (json_int_t)r->last, "more",
                     (int)r->is_more);
}

struct replaying {
    struct ctl_later *later;
    json_t *result;
};

static void
on_replayed(void *arg, const struct store_result *r)
{
    struct replaying *p = arg;

    ctl_answer(p->later, r->rc, p->result, r->err.text);
    free(p);
}

int
ctl_replay(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
           struct rr_err *err)
{
    const bool is_dry = json_is_true(json_object_get(args, "dry_run"));
    json_t *who = json_pack("{s:O?}", "stage", json_object_get(args, "queue"));
    struct replay r = {.is_more = false};
    int rc = ctl_find_stage(rrd, who, &r.stage, err);

    json_decref(who);
    if (rc == 0) {
        rc = take_filter(rrd, args, &r.filter, err);
    }
    if (rc == 0 && r.stage->conf->manifest->n_consumes == 0) {
        rc = rr_err_set(err, RR_E_INPUT, "stage %s consumes no events", r.stage->conf->name);
    }
    if (rc != 0) {
        return rc;
    }
    r.last = r.filter.after;
    r.op = is_dry ? NULL : store_op_new();
    rc = store_events(rrd->store, r.filter.after, replay_event, &r, err);
    if (rc != 0 || r.op == NULL || r.count == 0) {
        store_op_free(r.op);
        *result = rc == 0 ? replay_result_new(&r) : NULL;
        return rc;
    }
    struct replaying *p = mem_zalloc(1, sizeof *p);

    p->later = ctl_later_new(stream);
    p->result = replay_result_new(&r);
    store_submit(rrd->store, r.op, on_replayed, p);
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
ctl_event(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
          struct rr_err *err)
{
    const uint64_t id = (uint64_t)json_integer_value(json_object_get(args, "id"));
    json_t *facts = json_array();
    json_t *children = json_array();
    json_t *queued = json_array();
    char *text = NULL;
    int rc = store_event_new(rrd->store, id, &text, err);

    (void)stream;
    if (rc == RR_E_EMPTY) { /* an answer, and no fault of the asker */
        *result = json_pack("{s:{s:I}, s:b}", "event", "id", (json_int_t)id, "gone", 1);
        rc = 0;
        goto out;
    }
    if (rc == 0) {
        rc = store_facts(rrd->store, id, add_fact, facts, err);
    }
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
    if (rc == 0) {
        *result = json_pack("{s:o?, s:O, s:O, s:O}", "event", json_loads(text, 0, NULL), "facts",
                            facts, "children", children, "queued", queued);
    }
out:
    free(text);
    json_decref(facts);
    json_decref(children);
    json_decref(queued);
    return rc;
}
