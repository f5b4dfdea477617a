/* SPDX-License-Identifier: MIT */
/*
 * why.h - why a stage does nothing now, and which stage that comes from.
 *
 * Pure: a picture of all stages goes in, words come out. A stage that waits for another is followed
 * to that one, and one without events to whoever should give it some, until a stage is found that
 * waits for no other.
 */
#ifndef RR_CORE_WHY_H
#define RR_CORE_WHY_H

#include "core/rrd/graph.h"
#include "core/rrd/sup.h"

#include <stddef.h>
#include <stdint.h>

#define WHY_NONE ((size_t)-1)

enum why_reason {
    WHY_WORKING,    /* it does something */
    WHY_TAKING,     /* it is about to */
    WHY_EMPTY,      /* no event for it */
    WHY_SOURCE,     /* it consumes no events */
    WHY_ROOM,       /* a stage that it gives events to has a full queue */
    WHY_SLOTS,      /* others have the slots */
    WHY_RETRY,      /* its next event is tried again later */
    WHY_STORE,      /* the store takes nothing */
    WHY_DEPENDENCY, /* another stage has to be ready first */
    WHY_STARTING,
    WHY_BACKOFF, /* it died and starts again later */
    WHY_FAILED,  /* it died and does not start again */
    WHY_ENDING,
    WHY_STOPPED, /* by the operator */
    WHY_DISABLED,
    WHY_DAEMON_STOPS
};

/* What is known of a stage. */
struct why_stage {
    const char *name;
    enum sup_state state;
    bool is_disabled;
    bool is_source;
    bool is_aside; /* its worker runs idle or drain */
    uint64_t ready, delayed, due_ms;
    const char *type; /* of the event in hand, NULL for none */
    uint64_t since_ms;
    bool is_ending;    /* all that it had is handled, and waits for the store */
    const char *slot;  /* that it is short of, NULL for none */
    size_t slot_taker; /* a stage that has it */
    size_t room_of;    /* stage whose queue has no room, WHY_NONE for none */
    uint64_t depth, high;
    size_t needs; /* stage that has to be ready first, in WAITING */
    uint64_t next_start_ms;
    bool is_breaker_open;
    int code, signal; /* of its last end */
    const char *text; /* of its last end */
};

struct why_view {
    const struct why_stage *stages;
    const struct graph *graph; /* of the same stages */
    uint64_t now_ms;
    const char *store; /* why the store takes nothing, NULL when it does */
    bool is_stopping;
};

#define WHY_STEPS_MAX 6

struct why {
    enum why_reason reason; /* of the stage itself */
    size_t n_steps;         /* from it to the stage where it comes from, itself included */
    size_t steps[WHY_STEPS_MAX];
    char text[480];
};

void why_ask(const struct why_view *v, size_t stage, struct why *out);

/* "empty", "backoff", … for JSON. */
const char *why_reason_name(enum why_reason reason);

#endif
