/* SPDX-License-Identifier: MIT */
/*
 * trace.h - the causes and consequences of an event as a graph.
 */
#ifndef RR_CORE_RRCTL_TRACE_H
#define RR_CORE_RRCTL_TRACE_H

#include "core/rrctl/out.h"

#include <rr/err.h>

#include <jansson.h>

/* Get an event as the daemon's command "event" tells it, a new reference: {event:{id,parents,…},
 * facts:[], children:[], queued:[]}. Returns RR_E_EMPTY when it is not stored any more. */
typedef int (*trace_fetch_fn)(void *arg, uint64_t id, json_t **doc, struct rr_err *err);

struct trace_node {
    uint64_t id;
    json_t *doc; /* NULL: not stored any more */
    int depth;   /* steps away from the event that was asked for */
    bool is_cause;
    bool is_shown;
};

struct trace {
    uint64_t id;
    struct trace_node *nodes; /* in the order in which they were found */
    size_t n;
    bool is_cut; /* there is more than the limits allow */
};

/*
 * Find what an event comes from (all its causes, theirs, …) and what it led to, at most depth steps
 * away and at most limit events, the nearest first.
 *
 * Returns 0, RR_E_EMPTY when the event itself is not there, or what fetch failed with. t must be
 * freed in every case.
 */
int trace_walk(struct trace *t, uint64_t id, int depth, size_t limit, trace_fetch_fn fetch,
               void *arg, struct rr_err *err);
void trace_free(struct trace *t);

/* Draw as a tree from the first causes down; an event with several causes is shown below the first
 * and named below the others. */
void trace_draw(struct trace *t, struct page *page);
void trace_dot(const struct trace *t, struct page *page);
/* {event, nodes:[…], more}: new reference. */
json_t *trace_json_new(const struct trace *t);

#endif
