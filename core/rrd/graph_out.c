/* SPDX-License-Identifier: MIT */
/*
 * graph_out.c - draw the graph: text for a terminal, dot, JSON.
 */
#include "core/rrd/graph.h"

#include "core/rrd/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_words[] = {"needs", "after", "waits", "event"};

static const char *
label(const struct graph_edge *e)
{
    return e->kind == GRAPH_EVENT ? e->type : kind_words[e->kind];
}

static const char *
state_of(const struct graph *g, const char *const *states, size_t i)
{
    return states != NULL ? states[i] : g->nodes[i].is_enabled ? "" : "disabled";
}

static void
text_node(FILE *f, const struct graph *g, size_t node, const char *const *states,
          const long long *depths)
{
    const char *state = state_of(g, states, node);

    fprintf(f, "%s", g->nodes[node].name);
    if (state[0] != '\0') {
        fprintf(f, " [%s]", state);
    }
    if (depths != NULL) {
        fprintf(f, " queue %lld", depths[node]);
    }
    fputc('\n', f);
    for (size_t i = 0; i < g->n_edges; i++) {
        const struct graph_edge *e = &g->edges[i];

        if (e->from == node) {
            fprintf(f, "    %s %s%s\n", label(e), e->kind == GRAPH_EVENT ? "-> " : "",
                    g->nodes[e->to].name);
        }
    }
    for (size_t k = 0; g->nodes[node].manifest != NULL && k < g->nodes[node].manifest->n_produces;
         k++) {
        const char *type = g->nodes[node].manifest->produces[k].type;
        bool is_read = false;

        for (size_t i = 0; i < g->n_edges; i++) {
            is_read = is_read || (g->edges[i].kind == GRAPH_EVENT && g->edges[i].from == node &&
                                  strcmp(g->edges[i].type, type) == 0);
        }
        if (!is_read) {
            fprintf(f, "    %s (no reader)\n", type);
        }
    }
}

static void
draw_text(FILE *f, const struct graph *g, const char *const *states, const long long *depths)
{
    for (size_t i = 0; i < g->n_nodes; i++) {
        text_node(f, g, g->order == NULL ? i : g->order[i], states, depths);
    }
    if (g->order != NULL) {
        fputs("start order:", f);
        for (size_t i = 0; i < g->n_nodes; i++) {
            fprintf(f, " %s", g->nodes[g->order[i]].name);
        }
        fputc('\n', f);
    }
}

static const char *
colour(const char *state)
{
    if (strcmp(state, "ready") == 0) {
        return "palegreen";
    }
    if (strcmp(state, "failed") == 0 || strcmp(state, "backoff") == 0) {
        return "salmon";
    }
    return strcmp(state, "down") == 0 || strcmp(state, "disabled") == 0 ? "lightgrey" : "white";
}

static void
draw_dot(FILE *f, const struct graph *g, const char *const *states, const long long *depths)
{
    fputs("digraph rrd {\n    rankdir=LR;\n    node [shape=box, style=filled];\n", f);
    for (size_t i = 0; i < g->n_nodes; i++) {
        const char *state = state_of(g, states, i);

        fprintf(f, "    %s [fillcolor=%s, label=\"%s", g->nodes[i].name, colour(state),
                g->nodes[i].name);
        if (state[0] != '\0') {
            fprintf(f, "\\n%s", state);
        }
        if (depths != NULL) {
            fprintf(f, "\\nqueue %lld", depths[i]);
        }
        fputs("\"];\n", f);
    }
    for (size_t i = 0; i < g->n_edges; i++) {
        const struct graph_edge *e = &g->edges[i];

        fprintf(f, "    %s -> %s [%slabel=\"%s\"];\n", g->nodes[e->from].name, g->nodes[e->to].name,
                e->kind == GRAPH_EVENT ? "" : "style=dashed, ", label(e));
    }
    fputs("}\n", f);
}

static json_t *
draw_json(const struct graph *g, const char *const *states, const long long *depths)
{
    json_t *nodes = json_array();
    json_t *edges = json_array();
    json_t *order = json_array();

    for (size_t i = 0; i < g->n_nodes; i++) {
        json_t *node = json_pack("{s:s, s:s, s:b}", "name", g->nodes[i].name, "state",
                                 state_of(g, states, i), "enabled", (int)g->nodes[i].is_enabled);

        if (depths != NULL) {
            (void)json_object_set_new(node, "queue", json_integer(depths[i]));
        }
        (void)json_array_append_new(nodes, node);
        if (g->order != NULL) {
            (void)json_array_append_new(order, json_string(g->nodes[g->order[i]].name));
        }
    }
    for (size_t i = 0; i < g->n_edges; i++) {
        const struct graph_edge *e = &g->edges[i];
        json_t *edge = json_pack("{s:s, s:s, s:s}", "kind", kind_words[e->kind], "from",
                                 g->nodes[e->from].name, "to", g->nodes[e->to].name);

        if (e->kind == GRAPH_EVENT) {
            (void)json_object_set_new(edge, "type", json_string(e->type));
        }
        (void)json_array_append_new(edges, edge);
    }
    return json_pack("{s:o, s:o, s:o}", "nodes", nodes, "edges", edges, "order", order);
}

json_t *
graph_drawing_new(const struct graph *g, const char *form, const char *const *states,
                  const long long *depths)
{
    char *text = NULL;
    size_t n = 0;

    if (strcmp(form, "json") == 0) {
        return draw_json(g, states, depths);
    }
    FILE *f = open_memstream(&text, &n);

    if (f == NULL) {
        return json_string("");
    }
    (strcmp(form, "dot") == 0 ? draw_dot : draw_text)(f, g, states, depths);
    (void)fclose(f);
    json_t *drawing = json_string(text);

    free(text);
    return drawing;
}
