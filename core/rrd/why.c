/* SPDX-License-Identifier: MIT */
/*
 * why.c - why a stage does nothing now, and which stage that comes from.
 */
#include "core/rrd/why.h"

#include "core/common/mem.h"
#include "core/common/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int weight;       /* how much it explains that another stage gets nothing from this one */
    const char *text; /* what the stage does, as a predicate; NULL: say_reason() has more to say */
} reasons[] = {
    [WHY_WORKING] = {"working", 2, NULL},
    [WHY_TAKING] = {"taking", 2, "is about to take its next event"},
    [WHY_EMPTY] = {"empty", 0, "waits: its queue is empty"},
    [WHY_SOURCE] = {"source", 1, "acts by itself: it consumes no events"},
    [WHY_ROOM] = {"room", 3, NULL},
    [WHY_SLOTS] = {"slots", 3, NULL},
    [WHY_RETRY] = {"retry", 3, NULL},
    [WHY_STORE] = {"store", 3, NULL},
    [WHY_DEPENDENCY] = {"needs", 3, NULL},
    [WHY_STARTING] = {"starting", 3, "gets ready"},
    [WHY_BACKOFF] = {"backoff", 4, NULL},
    [WHY_FAILED] = {"failed", 4, NULL},
    [WHY_ENDING] = {"ending", 3, "is being ended"},
    [WHY_STOPPED] = {"stopped", 4, NULL},
    [WHY_DISABLED] = {"disabled", 1, "is not enabled"},
    [WHY_DAEMON_STOPS] = {"daemon_stops", 3, "waits: the daemon stops"},
};

const char *
why_reason_name(enum why_reason reason)
{
    return reasons[reason].name;
}

static enum why_reason
reason_when_ready(const struct why_view *v, const struct why_stage *s)
{
    if (s->room_of != WHY_NONE && (s->is_aside || s->type == NULL)) {
        return WHY_ROOM;
    }
    if (v->store != NULL && s->is_ending) {
        return WHY_STORE;
    }
    if (s->type != NULL || s->is_aside) {
        return WHY_WORKING;
    }
    if (v->store != NULL) {
        return WHY_STORE;
    }
    if (s->slot != NULL) {
        return WHY_SLOTS;
    }
    if (s->ready > 0) {
        return WHY_TAKING;
    }
    if (s->delayed > 0) {
        return s->due_ms > v->now_ms ? WHY_RETRY : WHY_TAKING;
    }
    return s->is_source ? WHY_SOURCE : WHY_EMPTY;
}

static enum why_reason
reason_of(const struct why_view *v, size_t i)
{
    const struct why_stage *s = &v->stages[i];

    switch (s->state) {
    case SUP_DOWN:
        return s->is_disabled ? WHY_DISABLED : WHY_STOPPED;
    case SUP_WAITING:
        return s->needs == WHY_NONE ? WHY_STARTING : WHY_DEPENDENCY;
    case SUP_STARTING:
        return WHY_STARTING;
    case SUP_READY:
        return v->is_stopping && s->type == NULL ? WHY_DAEMON_STOPS : reason_when_ready(v, s);
    case SUP_BACKOFF:
        return WHY_BACKOFF;
    case SUP_FAILED:
        return WHY_FAILED;
    default:
        return WHY_ENDING;
    }
}

/* The nearest stage before this one that explains why nothing comes, WHY_NONE when all before it
 * are as empty. */
static size_t
find_upstream(const struct why_view *v, size_t stage)
{
    const struct graph *g = v->graph;
    size_t *queue = mem_zalloc(g->n_nodes, sizeof *queue);
    bool *seen = mem_zalloc(g->n_nodes, sizeof *seen);
    size_t n = 0;
    size_t found = WHY_NONE;
    int best = 0;

    queue[n++] = stage;
    seen[stage] = true;
    for (size_t at = 0, level_end = 1; at < n; at++) {
        if (at == level_end) {
            if (best > 1) {
                break;
            }
            level_end = n;
        }
        for (size_t i = 0; i < g->n_edges; i++) {
            const struct graph_edge *e = &g->edges[i];

            if (e->kind != GRAPH_EVENT || e->to != queue[at] || seen[e->from]) {
                continue;
            }
            seen[e->from] = true;
            queue[n++] = e->from;
            const int weight = reasons[reason_of(v, e->from)].weight;

            if (weight > best) {
                best = weight;
                found = e->from;
            }
        }
    }
    free(seen);
    free(queue);
    return found;
}

/* The stage that another one waits for, WHY_NONE when it waits for none. */
static size_t
next_step(const struct why_view *v, size_t i, enum why_reason reason)
{
    switch (reason) {
    case WHY_EMPTY:
        return find_upstream(v, i);
    case WHY_ROOM:
        return v->stages[i].room_of;
    case WHY_SLOTS:
        return v->stages[i].slot_taker;
    case WHY_DEPENDENCY:
        return v->stages[i].needs;
    default:
        return WHY_NONE;
    }
}

__attribute__((format(printf, 2, 3))) static void
say(struct why *out, const char *fmt, ...)
{
    const size_t n = strlen(out->text);
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(out->text + n, sizeof out->text - n, fmt, ap);
    va_end(ap);
}

static void
say_death(const struct why_stage *s, struct why *out)
{
    if (s->signal != 0) {
        say(out, "its worker ended by signal %s", sigabbrev_np(s->signal));
    } else if (s->code < 0) {
        say(out, "no worker could be started");
    } else {
        say(out, "its worker ended with status %d", s->code);
    }
    say(out, "%s%.120s", s->text[0] == '\0' ? "" : ": ", s->text);
}

static const char *
until(const struct why_view *v, uint64_t time_ms, char *buf, size_t cap)
{
    return text_duration(time_ms > v->now_ms ? (int64_t)(time_ms - v->now_ms) : 0, buf, cap);
}

/* What the stage does or waits for, as a predicate. */
static void
say_reason(const struct why_view *v, size_t i, enum why_reason reason, struct why *out)
{
    const struct why_stage *s = &v->stages[i];
    const struct why_stage *room = s->room_of == WHY_NONE ? s : &v->stages[s->room_of];
    char took[32];

    switch (reason) {
    case WHY_WORKING:
        if (s->is_aside) {
            say(out, "does something of its own accord");
        } else {
            say(out, "handles %s for %s", s->type,
                text_duration((int64_t)(v->now_ms - s->since_ms), took, sizeof took));
        }
        break;
    case WHY_ROOM:
        say(out,
            "waits for room in the queue of %s, which has %" PRIu64 " events (queue_high %" PRIu64
            ")",
            room->name, room->depth, room->high);
        break;
    case WHY_SLOTS:
        say(out, "waits for slots \"%s\"", s->slot);
        break;
    case WHY_RETRY:
        say(out, "tries its next event again in %s", until(v, s->due_ms, took, sizeof took));
        break;
    case WHY_STORE:
        say(out, "waits for the store: %.160s", v->store);
        break;
    case WHY_DEPENDENCY:
        say(out, "waits until %s has started", v->stages[s->needs].name);
        break;
    case WHY_BACKOFF:
        say(out, "is in backoff%s, starts again in %s; ",
            s->is_breaker_open ? " (breaker open)" : "",
            until(v, s->next_start_ms, took, sizeof took));
        say_death(s, out);
        break;
    case WHY_FAILED:
        say(out, "will not be started again; ");
        say_death(s, out);
        break;
    case WHY_STOPPED:
        say(out, "was stopped; `rrctl start %s` starts it", s->name);
        break;
    default:
        say(out, "%s", reasons[reason].text);
    }
}

void
why_ask(const struct why_view *v, size_t stage, struct why *out)
{
    enum why_reason reason = reason_of(v, stage);
    size_t next = stage;

    memset(out, 0, sizeof *out);
    out->reason = reason;
    do {
        out->steps[out->n_steps++] = next;
        if (out->n_steps > 1) {
            say(out, "; %s ", v->stages[next].name);
        }
        say_reason(v, next, reason, out);
        if (reason == WHY_EMPTY && find_upstream(v, next) == WHY_NONE) {
            say(out, ", and so are those of all stages before it");
        }
        next = next_step(v, next, reason);
        for (size_t i = 0; i < out->n_steps; i++) {
            next = next == out->steps[i] ? WHY_NONE : next; /* a circle: all is said */
        }
        reason = next == WHY_NONE ? WHY_WORKING : reason_of(v, next);
    } while (next != WHY_NONE && out->n_steps < WHY_STEPS_MAX);
    text_mend(out->text); /* what a worker said may be cut within a character */
}
