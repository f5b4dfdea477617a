/* SPDX-License-Identifier: MIT */
/*
 * ctl_status.c - the commands "status" and "why": everything that the daemon knows about itself
 * now, and the picture of all stages that why.c judges.
 */
#include "config.h"

#include "core/rrd/ctl.h"

#include "core/common/mem.h"
#include "core/rrd/reload.h"
#include "core/rrd/route.h"
#include "core/rrd/sup_run.h"
#include "core/rrd/sys.h"
#include "core/rrd/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A stage other than this one that has the slot which this one is short of. */
static size_t
slot_taker(const struct stage *stage)
{
    const struct rrd *rrd = stage->rrd;

    for (size_t i = 0; stage->is_short && i < rrd->n_stages; i++) {
        const struct stage *s = rrd->stages[i];

        for (size_t k = 0; s != stage && s->n_leases > 0 && k < s->conf->n_slots; k++) {
            if (s->conf->slots[k].slot == stage->short_slot) {
                return i;
            }
        }
    }
    return WHY_NONE;
}

static void
fill(struct why_stage *out, const struct stage *stage)
{
    const struct rrd *rrd = stage->rrd;
    const struct graph_edge *e =
        stage->sup.state == SUP_WAITING ? sup_order_waits_for(stage) : NULL;
    const struct lease *l = route_current(stage);
    struct store_counts c = {0};

    (void)store_counts(rrd->store, stage->conf->name, &c, NULL);
    *out = (struct why_stage){
        .name = stage->conf->name,
        .state = stage->sup.state,
        .is_disabled = !stage->conf->is_enabled,
        .is_source = stage->conf->manifest->n_consumes == 0,
        .is_aside = stage->is_aside,
        .ready = c.ready,
        .delayed = c.delayed,
        .due_ms =
            stage->next_due_ms == 0 ? 0 : stage->next_due_ms - sys_steady_ms() + sys_wall_ms(),
        .type = l == NULL || stage->is_aside ? NULL : l->type,
        .is_ending = stage->n_leases > 0 && l == NULL,
        .since_ms = l == NULL ? 0 : l->since_ms,
        .slot = stage->is_short ? rrd->conf.slots[stage->short_slot].name : NULL,
        .slot_taker = slot_taker(stage),
        .room_of = stage->waits_for == NULL ? WHY_NONE : stage->waits_for->index,
        .depth = c.ready + c.delayed,
        .high = (uint64_t)stage->conf->queue_high,
        .needs = e == NULL ? WHY_NONE : e->to,
        .next_start_ms = stage->next_start_ms,
        .is_breaker_open = stage->breaker.is_open,
        .code = stage->last_exit.code,
        .signal = stage->last_exit.signal,
        .text = stage->last_exit.text,
    };
}

/* The picture that why_ask() judges; its stages are new. */
static struct why_view
look(const struct rrd *rrd)
{
    struct why_stage *stages = mem_zalloc(rrd->n_stages, sizeof *stages);

    for (size_t i = 0; i < rrd->n_stages; i++) {
        fill(&stages[i], rrd->stages[i]);
    }
    return (struct why_view){
        .stages = stages,
        .graph = &rrd->conf.graph,
        .now_ms = sys_wall_ms(),
        .store = rrd->full[0] != '\0' ? rrd->full
                 : sys_mono_ms() < rrd->store_pause_ms
                     ? "it could not be written and is tried again in a moment"
                     : NULL,
        .is_stopping = rrd->is_stopping,
    };
}

static json_t *
exit_new(const struct stage_exit *e)
{
    return e->time_ms == 0
               ? json_null()
               : json_pack("{s:I, s:s, s:i, s:i, s:s}", "time_ms", (json_int_t)e->time_ms, "kind",
                           e->kind, "code", e->code, "signal", e->signal, "text", e->text);
}

/* Per second, over the samples of the last minute. */
static double
rate(const struct stage *stage, uint64_t total, bool is_in)
{
    const struct stage_sample *oldest = &stage->samples[0];
    const uint64_t now = sys_mono_ms();
    const uint64_t then = is_in ? oldest->in : oldest->done;

    if (stage->n_samples == 0 || now <= oldest->mono_ms || total < then) {
        return 0;
    }
    return (double)(total - then) * 1000.0 / (double)(now - oldest->mono_ms);
}

static bool
first_item(void *arg, const char *queue, const struct store_item *item)
{
    (void)queue;
    *(uint64_t *)arg = item->item.in_ms;
    return false;
}

static json_t *
queue_new(struct stage *stage)
{
    struct store *st = stage->rrd->store;
    const struct lease *l;
    struct store_counts c;
    uint64_t oldest_ms = 0;
    uint64_t due_ms;
    uint64_t leased_ready = 0;
    uint64_t leased_delayed = 0;

    if (store_counts(st, stage->conf->name, &c, NULL) != 0 ||
        store_due(st, stage->conf->name, UINT64_MAX, first_item, &oldest_ms, &due_ms, NULL) != 0) {
        return json_null();
    }
    STAILQ_FOREACH(l, &stage->leases, next) {
        leased_ready += l->item.state == STORE_READY;
        leased_delayed += l->item.state == STORE_DELAYED;
    }
    c.ready -= leased_ready < c.ready ? leased_ready : c.ready;
    c.delayed -= leased_delayed < c.delayed ? leased_delayed : c.delayed;
    const uint64_t waiting = c.ready + c.delayed;
    const double in = rate(stage, c.in_total, true);
    const double done = rate(stage, c.done_total, false);

    /* a leased event keeps its place in the store; people count it as leased only */
    return json_pack("{s:I, s:I, s:i, s:I, s:I, s:I, s:I, s:f, s:f, s:b, s:I}", "ready",
                     (json_int_t)c.ready, "delayed", (json_int_t)c.delayed, "leased",
                     (int)stage->n_leases, "buried", (json_int_t)c.buried, "oldest_ms",
                     (json_int_t)oldest_ms, "in_total", (json_int_t)c.in_total, "done_total",
                     (json_int_t)c.done_total, "rate_in", in, "rate_done", done, "full",
                     (int)stage->is_full, "empty_in_ms",
                     waiting > 0 && done > in ? (json_int_t)((double)waiting * 1000.0 / (done - in))
                                              : (json_int_t)0);
}

static json_t *
event_new_json(const struct stage *stage)
{
    const struct lease *l = stage->is_aside ? NULL : route_current(stage);

    return l == NULL ? json_null()
                     : json_pack("{s:I, s:s, s:s, s:I, s:I}", "id", (json_int_t)l->item.id, "type",
                                 l->type, "config", l->config, "attempt",
                                 (json_int_t)l->item.item.attempts + 1, "since_ms",
                                 (json_int_t)l->since_ms);
}

static json_t *
progress_new(const struct stage *stage)
{
    const struct stage_progress *p = &stage->progress;
    const uint64_t now = sys_mono_ms();
    double per_s = 0;

    if (p->since_ms == 0) {
        return json_null();
    }
    if (now > p->since_mono_ms && p->done > p->first_done) {
        per_s = (double)(p->done - p->first_done) * 1000.0 / (double)(now - p->since_mono_ms);
    }
    return json_pack("{s:I, s:I, s:s, s:f, s:I}", "done", (json_int_t)p->done, "total",
                     (json_int_t)p->total, "text", p->text, "rate", per_s, "since_ms",
                     (json_int_t)p->since_ms);
}

static json_t *
notes_new(const struct stage *stage)
{
    json_t *list = json_array();
    const char *config;
    json_t *note;

    json_object_foreach(stage->notes, config, note) {
        json_t *copy = json_copy(note);

        (void)json_object_set_new(copy, "config", json_string(config));
        (void)json_array_append_new(list, copy);
    }
    return list;
}

static json_t *
stage_json_new(struct stage *stage, const struct why_view *view)
{
    const struct conf_stage *conf = stage->conf;
    const char *origin = ini_origin(conf->values, "plugin_file");
    const bool is_upgraded = origin != NULL && strcmp(origin, CONF_BY_UPGRADE) == 0;
    const enum sup_state state = stage->sup.state;
    const bool is_busy = view->stages[stage->index].type != NULL;
    struct why why;

    why_ask(view, stage->index, &why);
    return json_pack(
        /* o*: a text that is no UTF-8 costs its own member only */
        "{s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:s, s:b, s:s, s:s, s:I, s:I, s:o*, s:o*, s:o*, "
        "s:o*, s:o*, s:s, s:o*}",
        "name", conf->name, "plugin", conf->plugin, "state",
        state == SUP_DOWN && !conf->is_enabled ? "disabled" : sup_state_name(state), "pid",
        (int)stage->pid, "epoch", (json_int_t)stage->epoch, "state_since_ms",
        (json_int_t)stage->state_since_ms, "restarts", (json_int_t)stage->restarts, "next_start_ms",
        (json_int_t)stage->next_start_ms, "worker_hash", stage->pid > 0 ? stage->hash : "",
        "upgraded", (int)is_upgraded, "hash", conf->hash, "breaker",
        sup_breaker_name(&stage->breaker, state), "memory_bytes",
        (json_int_t)stage->usage.resident_bytes, "processes", (json_int_t)stage->usage.processes,
        "last_exit", exit_new(&stage->last_exit), "queue", queue_new(stage), "event",
        event_new_json(stage), "progress", progress_new(stage), "notes", notes_new(stage), "reason",
        why_reason_name(why.reason), "waits", json_string(is_busy ? "" : why.text));
}

static const char *
daemon_state(const struct rrd *rrd)
{
    if (rrd->is_stopping) {
        return "stopping";
    }
    for (size_t i = 0; i < rrd->n_stages; i++) {
        if (rrd->stages[i]->sup.state == SUP_STARTING || rrd->stages[i]->sup.state == SUP_WAITING) {
            return "starting";
        }
    }
    return "running";
}

int
ctl_status(struct ctl_ask *ask, struct rr_err *err)
{
    struct rrd *rrd = ask->rrd;
    uint64_t stored = 0;
    uint64_t dropped = 0;

    if (json_object_get(ask->args, "stage") != NULL && ctl_find_stage(ask, "stage", err) != 0) {
        return RR_E_INPUT;
    }
    const struct stage *only = ask->stage; /* NULL: all */
    const struct why_view view = look(rrd);
    int64_t *spare = route_spare_slots_new(rrd);
    json_t *slots = json_array();
    json_t *stages = json_array();
    json_t *by_type = json_object();

    for (size_t i = 0; i < rrd->conf.n_slots; i++) {
        (void)json_array_append_new(slots,
                                    json_pack("{s:s, s:I, s:I}", "name", rrd->conf.slots[i].name,
                                              "total", (json_int_t)rrd->conf.slots[i].total, "used",
                                              (json_int_t)(rrd->conf.slots[i].total - spare[i])));
    }
    for (size_t k = 0; k < rrd->n_stages; k++) {
        if (only == NULL || only == rrd->stages[k]) {
            (void)json_array_append_new(stages, stage_json_new(rrd->stages[k], &view));
        }
    }
    if (only != NULL) {
        (void)json_object_set(json_array_get(stages, 0), "deaths", only->deaths);
    }
    free((void *)(uintptr_t)view.stages);
    free(spare);
    (void)store_totals(rrd->store, by_type, &stored, &dropped, NULL);
    ask->result =
        json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:{s:I, s:o}, s:I}",
                  "version", PACKAGE_VERSION, "pid", (int)getpid(), "dir", rrd->conf.dir, "state",
                  daemon_state(rrd), "reload", reload_phase(rrd), "store_full", rrd->full,
                  "started_ms", (json_int_t)rrd->started_ms, "now_ms", (json_int_t)sys_wall_ms(),
                  "slots", slots, "stages", stages, "events", "total", (json_int_t)stored,
                  "by_type", by_type, "keys_dropped", (json_int_t)dropped);
    return ask->result != NULL ? 0
                               : rr_err_set(err, -ENOMEM, "the answer cannot be written as JSON");
}

int
ctl_why(struct ctl_ask *ask, struct rr_err *err)
{
    const int rc = ctl_find_stage(ask, "stage", err);
    const struct stage *stage = ask->stage;
    struct why_view v;
    struct why why;
    json_t *steps;

    if (rc != 0) {
        return rc;
    }
    steps = json_array();
    v = look(ask->rrd);
    why_ask(&v, stage->index, &why);
    for (size_t i = 0; i < why.n_steps; i++) {
        struct why one;

        why_ask(&v, why.steps[i], &one);
        (void)json_array_append_new(steps, json_pack("{s:s, s:s, s:s}", "stage",
                                                     v.stages[why.steps[i]].name, "reason",
                                                     why_reason_name(one.reason), "why", one.text));
    }
    ask->result =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:O}", "stage", stage->conf->name, "state",
                  sup_state_name(stage->sup.state), "why", why.text, "reason",
                  why_reason_name(why.reason), "steps", steps, "breaker",
                  sup_breaker_name(&stage->breaker, stage->sup.state), "deaths", stage->deaths);
    free((void *)(uintptr_t)v.stages);
    return 0;
}
