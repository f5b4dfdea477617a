/* SPDX-License-Identifier: MIT */
/*
 * plan.h - what has to be done to get from one configuration to another.
 *
 * Pure. A stage whose worker would notice the difference is restarted; what only the daemon reads
 * (limits, order, attempts, marks of queues) changes under a running worker.
 */
#ifndef RR_CORE_PLAN_H
#define RR_CORE_PLAN_H

#include "core/rrd/conf.h"

enum plan_action {
    PLAN_KEEP,
    PLAN_UPDATE,  /* the daemon's keys changed, the worker runs on */
    PLAN_RESTART, /* with other options, another plugin file, or other rights */
    PLAN_START,   /* it is new, or enabled now */
    PLAN_STOP     /* it is gone, or disabled now */
};

struct plan_step {
    const char *stage; /* name, in one of the configurations */
    enum plan_action action;
    char *why; /* keys that differ, "" for none */
};

struct plan {
    struct plan_step *steps; /* of every stage of both, in the order of the new one */
    size_t n_steps;
    struct text_list lost;    /* queues that lose their consumer */
    struct text_list unread;  /* types that nobody reads any more */
    struct text_list refused; /* keys of [core] that a running daemon cannot change */
    bool changes;             /* anything at all */
};

/* now and next must outlive the plan. */
void plan_make(struct plan *plan, const struct conf *now, const struct conf *next);
void plan_fini(struct plan *plan);

/* {"stages": [{"stage", "action", "why"}], "lost", "unread", "refused"} */
json_t *plan_json_new(const struct plan *plan);
const char *plan_action_name(enum plan_action action);

#endif
