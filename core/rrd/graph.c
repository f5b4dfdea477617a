/* SPDX-License-Identifier: MIT */
/*
 * graph.c - build and check the graph of stages, find the start order.
 *
 * Does not: draw it (graph_out.c).
 */
#include "core/rrd/graph.h"

#include "core/common/mem.h"
#include "core/rrd/conf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void
add_edge(struct graph *g, struct graph_edge edge)
{
    g->edges = mem_resize(g->edges, mem_add(g->n_edges, 1), sizeof *g->edges);
    g->edges[g->n_edges++] = edge;
}

static const char *
hint_stage(const struct graph *g, const char *name, char buf[TEXT_HINT_BYTES])
{
    const char **names = mem_zalloc(g->n_nodes + 1, sizeof *names);

    for (size_t i = 0; i < g->n_nodes; i++) {
        names[i] = g->nodes[i].name;
    }
    (void)text_hint(name, names, buf);
    free(names);
    return buf;
}

static void
add_dependencies(struct graph *g, size_t from, const struct text_list *names, enum graph_kind kind,
                 struct text_list *problems)
{
    static const char *const words[] = {"needs", "after", "waits"};
    const struct conf_stage *node = &g->nodes[from];

    for (size_t i = 0; i < names->n; i++) {
        size_t to = 0;

        while (to < g->n_nodes && strcmp(g->nodes[to].name, names->v[i]) != 0) {
            to++;
        }
        if (to == g->n_nodes) {
            char hint[TEXT_HINT_BYTES];

            text_problem(problems, node->place, "%s: there is no stage \"%s\"%s", words[kind],
                         names->v[i], hint_stage(g, names->v[i], hint));
        } else if (kind == GRAPH_NEEDS && node->is_enabled && !g->nodes[to].is_enabled) {
            text_problem(problems, node->place, "needs: stage \"%s\" is not enabled", names->v[i]);
        } else {
            add_edge(g, (struct graph_edge){from, to, kind, NULL, NULL, true});
        }
    }
}

/* Compare what a consumer expects with what a producer declares. */
static void
check_types(const struct conf_stage *producer, const struct manifest_port *out,
            const struct conf_stage *consumer, const struct manifest_port *in,
            struct text_list *problems)
{
    if (out->version != in->version) {
        text_problem(problems, consumer->place,
                     "plugin %s consumes %s version %" PRId64
                     ", but plugin %s produces version %" PRId64,
                     consumer->file, in->type, in->version, producer->file, out->version);
        return;
    }
    for (size_t i = 0; i < in->n_fields; i++) {
        const struct manifest_field *want = &in->fields[i];
        const struct manifest_field *have = NULL;

        for (size_t k = 0; k < out->n_fields && have == NULL; k++) {
            have = strcmp(out->fields[k].name, want->name) == 0 ? &out->fields[k] : NULL;
        }
        if (have == NULL) {
            text_problem(problems, consumer->place,
                         "plugin %s needs the field \"%s\" of %s, which plugin %s does not produce",
                         consumer->file, want->name, in->type, producer->file);
        } else if (have->kind != want->kind) {
            text_problem(
                problems, consumer->place,
                "plugin %s takes the field \"%s\" of %s as %s, but plugin %s produces it as %s",
                consumer->file, want->name, in->type, text_field_kind(want->kind), producer->file,
                text_field_kind(have->kind));
        }
    }
}

static bool
same_type(const struct manifest_port *a, const struct manifest_port *b)
{
    return strcmp(a->type, b->type) == 0 || (a->alias != NULL && strcmp(a->alias, b->type) == 0) ||
           (b->alias != NULL && strcmp(b->alias, a->type) == 0);
}

/* All producers of what one port of a consumer takes. Returns how many there are. */
static size_t
connect_port(struct graph *g, size_t to, const struct manifest_port *in, struct text_list *problems)
{
    size_t found = 0;

    for (size_t from = 0; from < g->n_nodes; from++) {
        const struct manifest *m = g->nodes[from].manifest;

        for (size_t k = 0; m != NULL && k < m->n_produces; k++) {
            const struct manifest_port *out = &m->produces[k];

            if (same_type(out, in)) {
                check_types(&g->nodes[from], out, &g->nodes[to], in, problems);
                add_edge(g, (struct graph_edge){from, to, GRAPH_EVENT, out->type, in->type, false});
                found += g->nodes[from].is_enabled;
            }
        }
    }
    return found;
}

static void
connect_events(struct graph *g, struct text_list *problems, struct text_list *warnings)
{
    for (size_t to = 0; to < g->n_nodes; to++) {
        const struct conf_stage *node = &g->nodes[to];

        for (size_t i = 0; node->manifest != NULL && i < node->manifest->n_consumes; i++) {
            const struct manifest_port *in = &node->manifest->consumes[i];

            if (connect_port(g, to, in, problems) == 0 && node->is_enabled) {
                text_problem(warnings, node->place,
                             "no enabled stage produces %s, which %s consumes", in->type,
                             node->name);
            }
        }
    }
}

/* Depth-first walk along order edges: a stage starts after what it depends on, and a producer after
 * its consumers. */
struct walk {
    const struct graph *g;
    unsigned char *mark; /* of each node: 0 new, 1 on the path, 2 done */
    size_t *path;
    size_t depth;
    size_t *order;
    size_t n_order;
};

/* Returns false when it met a cycle; path then ends with it, and path[depth] closes it. */
static bool
visit(struct walk *w, size_t node)
{
    w->mark[node] = 1;
    w->path[w->depth++] = node;
    for (size_t i = 0; i < w->g->n_edges; i++) {
        const struct graph_edge *edge = &w->g->edges[i];

        if (!edge->is_order || edge->from != node || w->mark[edge->to] == 2) {
            continue;
        }
        if (w->mark[edge->to] == 1) {
            w->path[w->depth] = edge->to;
            return false;
        }
        if (!visit(w, edge->to)) {
            return false;
        }
    }
    w->mark[node] = 2;
    w->depth--;
    w->order[w->n_order++] = node;
    return true;
}

static void
report_cycle(const struct walk *w, struct text_list *problems)
{
    const struct conf_stage *nodes = w->g->nodes;
    const size_t closing = w->path[w->depth];
    struct text_list names = {0};
    size_t begin = 0;

    while (w->path[begin] != closing) {
        begin++;
    }
    for (size_t i = begin; i <= w->depth; i++) {
        text_list_add(&names, nodes[w->path[i]].name);
    }
    char *cycle = text_list_join_new(&names, " -> ");

    text_problem(problems, nodes[closing].place, "stages depend on each other in a cycle: %s",
                 cycle);
    free(cycle);
    text_list_free(&names);
}

/* Put all nodes in order; false when there is a cycle, which is told unless problems is NULL. */
static bool
sort_nodes(const struct graph *g, size_t *order, struct text_list *problems)
{
    struct walk w = {.g = g,
                     .mark = mem_zalloc(g->n_nodes, 1),
                     .path = mem_zalloc(g->n_nodes + 1, sizeof *w.path),
                     .order = order};
    bool is_sorted = true;

    for (size_t i = 0; is_sorted && i < g->n_nodes; i++) {
        is_sorted = w.mark[i] != 0 || visit(&w, i);
    }
    if (!is_sorted && problems != NULL) {
        report_cycle(&w, problems);
    }
    free(w.mark);
    free(w.path);
    return is_sorted;
}

/* Let event edges count for the order one by one, as long as no cycle comes of it. */
static void
add_soft_order(struct graph *g, size_t *order)
{
    for (size_t i = 0; i < g->n_edges; i++) {
        struct graph_edge *edge = &g->edges[i];

        if (edge->kind == GRAPH_EVENT && edge->from != edge->to) {
            edge->is_order = true;
            edge->is_order = sort_nodes(g, order, NULL);
        }
    }
}

void
graph_build(struct graph *g, const struct conf_stage *stages, size_t n, struct text_list *problems,
            struct text_list *warnings)
{
    size_t *order = mem_zalloc(n, sizeof *order);

    *g = (struct graph){.nodes = stages, .n_nodes = n};
    for (size_t i = 0; i < n; i++) {
        add_dependencies(g, i, &stages[i].needs, GRAPH_NEEDS, problems);
        add_dependencies(g, i, &stages[i].after, GRAPH_AFTER, problems);
        add_dependencies(g, i, &stages[i].waits, GRAPH_WAITS, problems);
    }
    connect_events(g, problems, warnings);
    if (!sort_nodes(g, order, problems)) {
        free(order);
        return;
    }
    add_soft_order(g, order);
    (void)sort_nodes(g, order, NULL);
    g->order = order;
}

void
graph_free(struct graph *g)
{
    free(g->edges);
    free(g->order);
    memset(g, 0, sizeof *g);
}
