/* SPDX-License-Identifier: MIT */
/*
 * sup_order.c - dependencies between stages, while they run.
 *
 * Does not: know cycles; graph.c has refused them.
 */
#include "core/rrd/sup_run.h"

/* Whether an edge keeps its stage from starting now. */
static bool
holds_back(const struct rrd *rrd, const struct graph_edge *e)
{
    const struct stage *to = rrd->stages[e->to];
    const enum sup_state state = to->sup.state;

    if (!e->is_order || (e->kind != GRAPH_NEEDS && !to->conf->is_enabled)) {
        return false;
    }
    switch (e->kind) {
    case GRAPH_NEEDS:
        return state != SUP_READY;
    case GRAPH_AFTER:
        return !to->was_ready;
    default:
        /* consumers first, but their trouble is no reason to stand still: queues keep events */
        return state == SUP_WAITING || state == SUP_STARTING;
    }
}

const struct graph_edge *
sup_order_waits_for(const struct stage *stage)
{
    const struct rrd *rrd = stage->rrd;

    for (size_t i = 0; i < rrd->conf.graph.n_edges; i++) {
        const struct graph_edge *e = &rrd->conf.graph.edges[i];

        if (e->from == stage->index && holds_back(rrd, e)) {
            return e;
        }
    }
    return NULL;
}

const struct stage *
sup_order_stuck_on(const struct stage *stage)
{
    const struct graph_edge *e;

    while (stage->sup.state == SUP_WAITING && (e = sup_order_waits_for(stage)) != NULL) {
        stage = stage->rrd->stages[e->to];
        if (stage->sup.state == SUP_DOWN || stage->sup.state == SUP_BACKOFF ||
            stage->sup.state == SUP_FAILED) {
            return stage;
        }
    }
    return NULL;
}

/* Whether a stage that still runs depends on this one by a declared dependency. What flows between
 * them does not matter for stopping: the queues are durable. */
static bool
is_depended_on(const struct stage *stage)
{
    const struct graph *g = &stage->rrd->conf.graph;

    for (size_t i = 0; i < g->n_edges; i++) {
        if (g->edges[i].kind != GRAPH_EVENT && g->edges[i].to == stage->index &&
            sup_has_process(stage->rrd->stages[g->edges[i].from]->sup.state)) {
            return true;
        }
    }
    return false;
}

void
sup_order_look(struct rrd *rrd)
{
    for (size_t k = 0; k < rrd->n_stages; k++) {
        struct stage *stage = rrd->stages[rrd->conf.graph.order[k]];

        if (rrd->is_stopping) {
            if (rrd->is_hurried || !is_depended_on(stage)) {
                sup_run_event(stage, SUP_EV_STOP);
            }
        } else if (stage->sup.state == SUP_WAITING && sup_order_waits_for(stage) == NULL) {
            sup_run_event(stage, SUP_EV_DEPS);
        }
    }
}

bool
sup_order_is_quiet(const struct rrd *rrd)
{
    for (size_t i = 0; i < rrd->n_stages; i++) {
        const enum sup_state s = rrd->stages[i]->sup.state;

        if (s != SUP_DOWN && s != SUP_FAILED) {
            return false;
        }
    }
    return true;
}
