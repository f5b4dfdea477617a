/* SPDX-License-Identifier: MIT */
/*
 * graph.h - how stages depend on each other, and how events flow between them.
 *
 * Pure. Two kinds of edge: dependencies (needs, after, waits), which must not form a cycle, and
 * event flow, which may: self-play is a loop. The start order follows the dependencies, and starts
 * consumers before producers where no cycle stands against it.
 */
#ifndef RR_CORE_GRAPH_H
#define RR_CORE_GRAPH_H

#include "core/common/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct conf_stage;

enum graph_kind { GRAPH_NEEDS, GRAPH_AFTER, GRAPH_WAITS, GRAPH_EVENT };

/* A dependency: from starts after to. An event: from produces, to consumes. */
struct graph_edge {
    size_t from, to;
    enum graph_kind kind;
    const char *type; /* of an event: the producer's name for it */
    const char *as;   /* the consumer's name for it */
    bool is_order;    /* counts for the start order */
};

struct graph {
    const struct conf_stage *nodes; /* borrowed; they may not move */
    size_t n_nodes;
    struct graph_edge *edges;
    size_t n_edges;
    size_t *order; /* start order, all nodes */
};

/* Build from stages (conf.h). Problems and warnings are added as "place: message". */
void graph_build(struct graph *g, const struct conf_stage *stages, size_t n,
                 struct text_list *problems, struct text_list *warnings);
void graph_free(struct graph *g);

/* Draw: an object for the form "json", a string for "dot" and, whatever else form is, text. states
 * may be NULL, or has one word for each stage; so may depths, the lengths of their queues. */
json_t *graph_drawing_new(const struct graph *g, const char *form, const char *const *states,
                          const long long *depths);

#endif
