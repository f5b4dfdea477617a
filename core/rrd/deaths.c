/* SPDX-License-Identifier: MIT */
/*
 * deaths.c - keep the deaths of stages in the store.
 */
#include "core/rrd/deaths.h"

#include "core/common/fail.h"
#include "core/common/jget.h"
#include "core/rrd/route.h"
#include "core/rrd/stage_log.h"

#include <stdlib.h>

static void
on_saved(void *arg, const struct store_result *r)
{
    const struct stage *stage = arg;

    if (r->rc != 0) {
        log_warn("sup", "death not noted stage=%s: %s", stage->conf->name, r->err.text);
    }
}

/* The history is worth its sync: it must survive what it describes. */
static void
save(struct stage *stage)
{
    struct store_op *op = store_op_new();
    json_t *doc =
        json_pack("{s:I, s:O}", "restarts", (json_int_t)stage->restarts, "deaths", stage->deaths);
    char *text = json_dumps(doc, JSON_COMPACT);

    store_op_text(op, STORE_HIST, stage->conf->name, "", text);
    FAIL("deaths.save");
    store_submit(stage->rrd->store, op, on_saved, stage);
    free(text);
    json_decref(doc);
}

void
deaths_add(struct stage *stage, uint64_t ready_ms)
{
    const struct stage_exit *e = &stage->last_exit;
    const struct lease *l = stage->is_aside ? NULL : route_current(stage);
    json_t *event = l == NULL ? json_null() : json_integer((json_int_t)l->item.id);

    (void)json_array_append_new(
        stage->deaths,
        json_pack("{s:I, s:s, s:i, s:i, s:s, s:I, s:I, s:o, s:o}", "time_ms",
                  (json_int_t)e->time_ms, "kind", e->kind, "code", e->code, "signal", e->signal,
                  "text", e->text, "epoch", (json_int_t)stage->epoch, "ready_ms",
                  (json_int_t)ready_ms, "event", event, "lines", stage_log_tail_new(stage->log)));
    while (json_array_size(stage->deaths) > DEATHS_MAX) {
        (void)json_array_remove(stage->deaths, 0);
    }
    save(stage);
}

int
deaths_load(struct stage *stage, struct rr_err *err)
{
    struct stage_exit *e = &stage->last_exit;
    char *text = NULL;
    json_t *doc;
    const int rc = store_text_new(stage->rrd->store, STORE_HIST, stage->conf->name, "", &text, err);

    stage->deaths = json_array();
    if (rc != 0) {
        return rc == RR_E_EMPTY ? 0 : rc;
    }
    doc = json_loads(text, 0, NULL);
    free(text);
    stage->restarts = (uint64_t)jget_int(doc, "restarts");
    (void)json_array_extend(stage->deaths, json_object_get(doc, "deaths"));
    json_decref(doc);

    const json_t *last = json_array_get(stage->deaths, json_array_size(stage->deaths) - 1);

    e->time_ms = (uint64_t)jget_int(last, "time_ms");
    e->code = (int)jget_int(last, "code");
    e->signal = (int)jget_int(last, "signal");
    text_copy(e->kind, sizeof e->kind, jget_str(last, "kind"));
    text_copy(e->text, sizeof e->text, jget_str(last, "text"));
    return 0;
}
