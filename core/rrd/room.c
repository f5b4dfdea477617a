/* SPDX-License-Identifier: MIT */
/*
 * room.c - who has to wait because a queue is full; see room.h for the rule.
 */
#include "core/rrd/room.h"

#include "core/common/mem.h"
#include "core/rrd/conf.h"

#include <stdlib.h>
#include <string.h>

static bool
is_wait(const struct graph *g, const struct graph_edge *e, const bool *is_full)
{
    return e->kind == GRAPH_EVENT && is_full[e->to] && g->nodes[e->from].is_enabled &&
           g->nodes[e->to].is_enabled;
}

/* Mark all that a stage waits for, directly or through others. */
static void
follow(const struct graph *g, const bool *is_full, size_t from, bool *seen)
{
    for (size_t i = 0; i < g->n_edges; i++) {
        const struct graph_edge *e = &g->edges[i];

        if (e->from == from && is_wait(g, e, is_full) && !seen[e->to]) {
            seen[e->to] = true;
            follow(g, is_full, e->to, seen);
        }
    }
}

void
room_decide(const struct graph *g, const bool *is_full, size_t *waits_for)
{
    bool *seen = mem_zalloc(g->n_nodes, sizeof *seen);

    for (size_t i = 0; i < g->n_nodes; i++) {
        waits_for[i] = ROOM_FREE;
    }
    for (size_t i = 0; i < g->n_edges; i++) {
        const struct graph_edge *e = &g->edges[i];

        if (waits_for[e->from] != ROOM_FREE || !is_wait(g, e, is_full)) {
            continue;
        }
        memset(seen, 0, g->n_nodes * sizeof *seen);
        follow(g, is_full, e->to, seen);
        if (e->to != e->from && !seen[e->from]) {
            waits_for[e->from] = e->to;
        }
    }
    free(seen);
}

bool
room_is_full(bool was_full, uint64_t depth, uint64_t high, uint64_t low)
{
    return high > 0 && (depth >= high || (was_full && depth > low));
}
