/* SPDX-License-Identifier: MIT */
/*
 * plan.c - compare two configurations.
 */
#include "core/rrd/plan.h"

#include "core/common/mem.h"
#include "core/rrd/conf_schema.h"

#include <stdlib.h>
#include <string.h>

static const char *const action_names[] = {
    [PLAN_KEEP] = "keep",   [PLAN_UPDATE] = "update", [PLAN_RESTART] = "restart",
    [PLAN_START] = "start", [PLAN_STOP] = "stop",
};

const char *
plan_action_name(enum plan_action action)
{
    return action_names[action];
}

/* Whether a key of the core or of every stage has a flag. */
static bool
has_flag(const struct rr_opt *rows, const char *key, uint32_t flag)
{
    const struct rr_opt *row = conf_schema_find(rows, key);

    return row != NULL && (row->flags & flag) != 0;
}

static bool
is_same(const json_t *a, const json_t *b, const char *key)
{
    const char *before = ini_text(a, key);
    const char *after = ini_text(b, key);

    return before != NULL && after != NULL && strcmp(before, after) == 0;
}

/* Keys that differ, and what else does. */
static void
find_differences(const struct conf *now, const struct conf *next, const struct conf_stage *a,
                 const struct conf_stage *b, struct text_list *why)
{
    const char *key;
    json_t *value;

    json_object_foreach(b->values, key, value) {
        if (!is_same(a->values, b->values, key)) {
            text_list_add(why, key);
        }
    }
    json_object_foreach(a->values, key, value) {
        if (json_object_get(b->values, key) == NULL) {
            text_list_add(why, key); /* an option that the plugin no longer has */
        }
    }
    if (strcmp(a->hash, b->hash) != 0) {
        text_list_add(why, "plugin file");
    }
    if (strcmp(now->plugin_path, next->plugin_path) != 0) {
        text_list_add(why, "plugin_path");
    }
}

static enum plan_action
compare(const struct conf_stage *a, const struct conf_stage *b, const struct text_list *why)
{
    bool is_live = true;

    for (size_t i = 0; i < why->n; i++) {
        is_live = is_live && has_flag(conf_stage_keys, why->v[i], CONF_LIVE);
    }
    if (a->is_enabled != b->is_enabled) {
        return b->is_enabled ? PLAN_START : PLAN_STOP;
    }
    if (why->n == 0) {
        return PLAN_KEEP;
    }
    return is_live || !b->is_enabled ? PLAN_UPDATE : PLAN_RESTART;
}

/* why is emptied. */
static void
add_step(struct plan *plan, const char *stage, enum plan_action action, struct text_list *why)
{
    plan->steps = mem_resize(plan->steps, plan->n_steps + 1, sizeof *plan->steps);
    plan->steps[plan->n_steps++] = (struct plan_step){stage, action, text_list_join_new(why, ", ")};
    plan->changes = plan->changes || action != PLAN_KEEP;
    text_list_free(why);
}

static bool
has_reader(const struct graph *g, const char *type)
{
    for (size_t i = 0; i < g->n_edges; i++) {
        const struct graph_edge *e = &g->edges[i];

        if (e->kind == GRAPH_EVENT && g->nodes[e->to].is_enabled && strcmp(e->type, type) == 0) {
            return true;
        }
    }
    return false;
}

/* Types that had a reader, are still produced, and have none now. */
static void
find_unread(struct plan *plan, const struct conf *now, const struct conf *next)
{
    for (size_t i = 0; i < next->n_stages; i++) {
        const struct manifest *m = next->stages[i].manifest;

        for (size_t k = 0; next->stages[i].is_enabled && k < m->n_produces; k++) {
            const char *type = m->produces[k].type;
            bool is_known = false;

            for (size_t j = 0; j < plan->unread.n; j++) {
                is_known = is_known || strcmp(plan->unread.v[j], type) == 0;
            }
            if (!is_known && has_reader(&now->graph, type) && !has_reader(&next->graph, type)) {
                text_list_add(&plan->unread, type);
            }
        }
    }
}

static void
compare_core(struct plan *plan, const struct conf *now, const struct conf *next)
{
    const char *key;
    json_t *value;

    json_object_foreach(next->values, key, value) {
        if (!is_same(now->values, next->values, key)) {
            plan->changes = true;
            if (has_flag(conf_core_keys, key, CONF_FIXED)) {
                text_list_add(&plan->refused, key);
            }
        }
    }
}

void
plan_make(struct plan *plan, const struct conf *now, const struct conf *next)
{
    struct text_list why = {0};

    memset(plan, 0, sizeof *plan);
    for (size_t i = 0; i < next->n_stages; i++) {
        const struct conf_stage *b = &next->stages[i];
        const long at = conf_stage_index(now, b->name);
        enum plan_action action = b->is_enabled ? PLAN_START : PLAN_UPDATE;

        if (at >= 0) {
            find_differences(now, next, &now->stages[at], b, &why);
            action = compare(&now->stages[at], b, &why);
        }
        add_step(plan, b->name, action, &why);
    }
    for (size_t i = 0; i < now->n_stages; i++) {
        const struct conf_stage *a = &now->stages[i];

        if (conf_stage_index(next, a->name) < 0) {
            text_list_add(&why, "removed");
            add_step(plan, a->name, PLAN_STOP, &why);
            if (a->manifest->n_consumes > 0) {
                text_list_add(&plan->lost, a->name);
            }
        }
    }
    find_unread(plan, now, next);
    compare_core(plan, now, next);
}

void
plan_fini(struct plan *plan)
{
    for (size_t i = 0; i < plan->n_steps; i++) {
        free(plan->steps[i].why);
    }
    free(plan->steps);
    text_list_free(&plan->lost);
    text_list_free(&plan->unread);
    text_list_free(&plan->refused);
    memset(plan, 0, sizeof *plan);
}

json_t *
plan_json_new(const struct plan *plan)
{
    json_t *stages = json_array();

    for (size_t i = 0; i < plan->n_steps; i++) {
        const struct plan_step *s = &plan->steps[i];

        (void)json_array_append_new(stages,
                                    json_pack("{s:s, s:s, s:s}", "stage", s->stage, "action",
                                              plan_action_name(s->action), "why", s->why));
    }
    return json_pack("{s:b, s:o, s:o, s:o, s:o}", "changes", (int)plan->changes, "stages", stages,
                     "lost", conf_list_json(&plan->lost), "unread", conf_list_json(&plan->unread),
                     "refused", conf_list_json(&plan->refused));
}
