/* SPDX-License-Identifier: MIT */
/*
 * trace.c - the causes and consequences of an event as a graph.
 *
 * Does not: ask the daemon (cmd_trace.c).
 */
#include "core/rrctl/trace.h"

#include "core/common/jget.h"
#include "core/common/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct trace_node *
find(const struct trace *t, uint64_t id)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->nodes[i].id == id) {
            return &t->nodes[i];
        }
    }
    return NULL;
}

static const json_t *
parents(const struct trace_node *node)
{
    return json_object_get(json_object_get(node->doc, "event"), "parents");
}

static const json_t *
children(const struct trace_node *node)
{
    return json_object_get(node->doc, "children");
}

static uint64_t
id_at(const json_t *list, size_t i)
{
    return (uint64_t)json_integer_value(json_array_get(list, i));
}

static int
add(struct trace *t, uint64_t id, int depth, bool is_cause, trace_fetch_fn fetch, void *arg,
    struct rr_err *err)
{
    struct trace_node node = {.id = id, .depth = depth, .is_cause = is_cause};
    const int rc = fetch(arg, id, &node.doc, err);

    if (rc != 0 && (rc != RR_E_EMPTY || t->n == 0)) {
        return rc;
    }
    t->nodes = mem_resize(t->nodes, t->n + 1, sizeof *t->nodes);
    t->nodes[t->n++] = node;
    return 0;
}

int
trace_walk(struct trace *t, uint64_t id, int depth, size_t limit, trace_fetch_fn fetch, void *arg,
           struct rr_err *err)
{
    int rc;

    memset(t, 0, sizeof *t);
    t->id = id;
    rc = add(t, id, 0, false, fetch, arg, err);
    /* Breadth first: nodes are appended while the list is walked. From the event both ways, from a
     * cause only further up, from a consequence only further down. */
    for (size_t at = 0; rc == 0 && at < t->n; at++) {
        const struct trace_node from = t->nodes[at];

        for (int up = 1; up >= 0; up--) {
            const json_t *list = up ? parents(&from) : children(&from);

            if (at > 0 && from.is_cause != up) {
                continue;
            }
            for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
                if (find(t, id_at(list, i)) != NULL) {
                    continue;
                }
                if (t->n == limit || from.depth == depth) {
                    t->is_cut = true;
                    break;
                }
                rc = add(t, id_at(list, i), from.depth + 1, up, fetch, arg, err);
            }
        }
    }
    return rc;
}

void
trace_free(struct trace *t)
{
    for (size_t i = 0; i < t->n; i++) {
        json_decref(t->nodes[i].doc);
    }
    free(t->nodes);
    memset(t, 0, sizeof *t);
}

static void
put_facts(const struct trace_node *node, struct page *page)
{
    const json_t *fact;
    size_t i;

    json_array_foreach(json_object_get(node->doc, "facts"), i, fact) {
        const char *outcome = jget_str(fact, "outcome");

        page_put(page, OUT_DIM, "  %s ", jget_str(fact, "stage"));
        page_put(page, strcmp(outcome, "done") == 0 ? OUT_GREEN : OUT_RED, "%s", outcome);
        page_put(page, OUT_DIM, " in %s",
                 out_clock(jget_int(fact, "end_ms") - jget_int(fact, "in_ms")));
        if (jget_int(fact, "attempts") > 1) {
            page_put(page, OUT_YELLOW, " attempts %" PRId64, jget_int(fact, "attempts"));
        }
    }
    json_array_foreach(json_object_get(node->doc, "queued"), i, fact) {
        page_put(page, OUT_DIM, "  %s ", jget_str(fact, "stage"));
        page_put(page, OUT_YELLOW, "%s", jget_str(fact, "state"));
    }
}

static void
put_node(const struct trace *t, const struct trace_node *node, struct page *page)
{
    const json_t *event = json_object_get(node->doc, "event");
    const char *config = jget_str(event, "config");

    if (node->doc == NULL) {
        page_put(page, OUT_DIM, "%" PRIu64 " (not stored any more)", node->id);
        return;
    }
    page_put(page, OUT_DIM, "%s ", out_time(jget_int(event, "time_ms")));
    page_put(page, OUT_PLAIN, "%" PRIu64 " ", node->id);
    page_put(page, node->id == t->id ? OUT_CYAN : OUT_BOLD, "%s", jget_str(event, "type"));
    page_put(page, OUT_PLAIN, "%s%s", config[0] == '\0' ? "" : " ", config);
    page_put(page, OUT_DIM, " by %s", jget_str(event, "source"));
    put_facts(node, page);
}

/* Draw a node and what it led to, behind as many blanks as it is deep. */
static void
draw(struct trace *t, struct trace_node *node, int depth, struct page *page)
{
    const json_t *list = children(node);
    size_t n_left = 0;

    if (depth > 0) {
        page_tab(page, 2 * depth);
        page_put(page, OUT_PLAIN, "%s", node->id == t->id && !node->is_shown ? "* " : "- ");
    }
    if (node->is_shown) {
        page_put(page, OUT_DIM, "%" PRIu64 " (see above)\n", node->id);
        return;
    }
    node->is_shown = true;
    put_node(t, node, page);
    page_end(page);
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct trace_node *child = find(t, id_at(list, i));

        if (child != NULL) {
            draw(t, child, depth + 1, page);
        } else if (!node->is_cause) {
            n_left++;
        }
    }
    if (n_left > 0) {
        page_tab(page, 2 * depth + 2);
        page_put(page, OUT_DIM, "- %zu more\n", n_left);
    }
}

static bool
is_root(const struct trace *t, const struct trace_node *node)
{
    const json_t *list = parents(node);

    for (size_t i = 0; i < json_array_size(list); i++) {
        if (find(t, id_at(list, i)) != NULL && find(t, id_at(list, i))->doc != NULL) {
            return false;
        }
    }
    return true;
}

void
trace_draw(struct trace *t, struct page *page)
{
    for (size_t i = 0; i < t->n; i++) {
        if (is_root(t, &t->nodes[i])) {
            draw(t, &t->nodes[i], 0, page);
        }
    }
    if (t->is_cut) {
        page_put(page, OUT_DIM, "(and more: --depth N, --limit N)\n");
    }
}

void
trace_dot(const struct trace *t, struct page *page)
{
    page_put(page, OUT_PLAIN, "digraph trace {\n");
    for (size_t i = 0; i < t->n; i++) {
        const struct trace_node *node = &t->nodes[i];
        const json_t *event = json_object_get(node->doc, "event");
        const json_t *list = children(node);

        page_put(page, OUT_PLAIN, "  \"%" PRIu64 "\" [label=\"%s\\n%s\\n%" PRIu64 "\"%s];\n",
                 node->id, node->doc == NULL ? "(gone)" : jget_str(event, "type"),
                 jget_str(event, "config"), node->id, node->id == t->id ? ", style=bold" : "");
        for (size_t k = 0; k < json_array_size(list); k++) {
            if (find(t, id_at(list, k)) != NULL) {
                page_put(page, OUT_PLAIN, "  \"%" PRIu64 "\" -> \"%" PRIu64 "\";\n", node->id,
                         id_at(list, k));
            }
        }
    }
    page_put(page, OUT_PLAIN, "}\n");
}

json_t *
trace_json_new(const struct trace *t)
{
    json_t *nodes = json_array();

    for (size_t i = 0; i < t->n; i++) {
        (void)json_array_append_new(nodes, t->nodes[i].doc == NULL
                                               ? json_pack("{s:{s:I}, s:b}", "event", "id",
                                                           (json_int_t)t->nodes[i].id, "gone", 1)
                                               : json_incref(t->nodes[i].doc));
    }
    return json_pack("{s:I, s:o, s:b}", "event", (json_int_t)t->id, "nodes", nodes, "more",
                     (int)t->is_cut);
}
