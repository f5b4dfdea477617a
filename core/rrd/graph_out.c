/* SPDX-License-Identifier: MIT */
/*
 * graph_out.c - draw the graph: text for a terminal, dot, JSON.
 */
#include "core/rrd/graph.h"

#include "core/common/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_words[] = {"needs", "after", "waits", "event"};

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

        if (e->kind != GRAPH_EVENT && e->from == node) {
            fprintf(f, "    %s %s\n", kind_words[e->kind], g->nodes[e->to].name);
        } else if (e->kind == GRAPH_EVENT && e->from == node) {
            fprintf(f, "    %s -> %s\n", e->type, g->nodes[e->to].name);
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

char *
graph_text_new(const struct graph *g, const char *const *states, const long long *depths)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    if (f == NULL) {
        return mem_dup("");
    }
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
    (void)fclose(f);
    return text;
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

char *
graph_dot_new(const struct graph *g, const char *const *states, const long long *depths)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    if (f == NULL) {
        return mem_dup("");
    }
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

        if (e->kind == GRAPH_EVENT) {
            fprintf(f, "    %s -> %s [label=\"%s\"];\n", g->nodes[e->from].name,
                    g->nodes[e->to].name, e->type);
        } else {
            fprintf(f, "    %s -> %s [style=dashed, label=\"%s\"];\n", g->nodes[e->from].name,
                    g->nodes[e->to].name, kind_words[e->kind]);
        }
    }
    fputs("}\n", f);
    (void)fclose(f);
    return text;
}

json_t *
graph_json_new(const struct graph *g, const char *const *states, const long long *depths)
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
