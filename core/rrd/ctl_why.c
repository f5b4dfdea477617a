/* SPDX-License-Identifier: MIT */
/*
 * ctl_why.c - the picture of all stages that why.c judges, and the command "why".
 */
#include "core/rrd/ctl.h"

#include "core/common/mem.h"
#include "core/rrd/route.h"
#include "core/rrd/sup_order.h"
#include "core/rrd/sys.h"

#include <stdlib.h>

/* A stage other than this one that has the slot which this one is short of. */
static size_t
slot_taker(const struct stage *stage)
{
    const struct rrd *rrd = stage->rrd;

    for (size_t i = 0; stage->is_short && i < rrd->n_stages; i++) {
        const struct stage *s = rrd->stages[i];

        for (size_t k = 0; s != stage && s->n_leases > 0 && k < s->conf->n_slots; k++) {
            if (s->conf->slots[k].slot == stage->short_slot) {
                return i;
            }
        }
    }
    return WHY_NONE;
}

static void
fill(struct why_stage *out, const struct stage *stage)
{
    const struct rrd *rrd = stage->rrd;
    const struct graph_edge *e =
        stage->sup.state == SUP_WAITING ? sup_order_waits_for(stage) : NULL;
    const struct lease *l = route_current(stage);
    struct store_counts c = {0};

    (void)store_counts(rrd->store, stage->conf->name, &c, NULL);
    *out = (struct why_stage){
        .name = stage->conf->name,
        .state = stage->sup.state,
        .is_disabled = !stage->conf->is_enabled,
        .is_source = stage->conf->manifest->n_consumes == 0,
        .is_aside = stage->is_aside,
        .ready = c.ready,
        .delayed = c.delayed,
        .due_ms =
            stage->next_due_ms == 0 ? 0 : stage->next_due_ms - sys_steady_ms() + sys_wall_ms(),
        .type = l == NULL || stage->is_aside ? NULL : l->type,
        .is_ending = stage->n_leases > 0 && l == NULL,
        .since_ms = l == NULL ? 0 : l->since_ms,
        .slot = stage->is_short ? rrd->conf.slots[stage->short_slot].name : NULL,
        .slot_taker = slot_taker(stage),
        .room_of = stage->waits_for == NULL ? WHY_NONE : stage->waits_for->index,
        .depth = c.ready + c.delayed,
        .high = (uint64_t)stage->conf->queue_high,
        .needs = e == NULL ? WHY_NONE : e->to,
        .next_start_ms = stage->next_start_ms,
        .is_breaker_open = stage->breaker.is_open,
        .code = stage->last_exit.code,
        .signal = stage->last_exit.signal,
        .text = stage->last_exit.text,
    };
}

void
ctl_why_begin(struct rrd *rrd, struct why_view *v)
{
    struct why_stage *stages = mem_zalloc(rrd->n_stages, sizeof *stages);

    for (size_t i = 0; i < rrd->n_stages; i++) {
        fill(&stages[i], rrd->stages[i]);
    }
    *v = (struct why_view){
        .stages = stages,
        .graph = &rrd->conf.graph,
        .now_ms = sys_wall_ms(),
        .store = rrd->full[0] != '\0' ? rrd->full
                 : sys_mono_ms() < rrd->store_pause_ms
                     ? "it could not be written and is tried again in a moment"
                     : NULL,
        .is_stopping = rrd->is_stopping,
    };
}

void
ctl_why_end(struct why_view *v)
{
    free((void *)(uintptr_t)v->stages);
}

int
ctl_why(struct ctl_ask *ask, struct rr_err *err)
{
    const int rc = ctl_find_stage(ask, "stage", err);
    const struct stage *stage = ask->stage;
    struct why_view v;
    struct why why;
    json_t *steps;

    if (rc != 0) {
        return rc;
    }
    steps = json_array();
    ctl_why_begin(ask->rrd, &v);
    why_ask(&v, stage->index, &why);
    for (size_t i = 0; i < why.n_steps; i++) {
        struct why one;

        why_ask(&v, why.steps[i], &one);
        (void)json_array_append_new(steps, json_pack("{s:s, s:s, s:s}", "stage",
                                                     v.stages[why.steps[i]].name, "reason",
                                                     why_reason_name(one.reason), "why", one.text));
    }
    ask->result =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:O}", "stage", stage->conf->name, "state",
                  sup_state_name(stage->sup.state), "why", why.text, "reason",
                  why_reason_name(why.reason), "steps", steps, "breaker",
                  sup_breaker_name(&stage->breaker, stage->sup.state), "deaths", stage->deaths);
    ctl_why_end(&v);
    return 0;
}
