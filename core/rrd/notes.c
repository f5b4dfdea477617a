/* SPDX-License-Identifier: MIT */
/*
 * notes.c - keep the notes of stages, write them now and then.
 */
#include "core/rrd/notes.h"

#include "core/common/fail.h"

#include "core/rrd/sys.h"

#include <stdlib.h>
#include <string.h>

/* A stage that makes up configuration names must not fill memory. */
#define CONFIGS_MAX 256

static bool
load_one(void *arg, const char *name, const char *text)
{
    struct stage *stage = arg;
    json_t *note = json_loads(text, 0, NULL);

    if (note != NULL) {
        (void)json_object_set_new(stage->notes, name, note);
    }
    return true;
}

int
notes_load(struct stage *stage, struct rr_err *err)
{
    stage->notes = json_object();
    stage->dirty_notes = json_object();
    return store_texts(stage->rrd->store, STORE_NOTE, stage->conf->name, NULL, load_one, stage,
                       err);
}

void
notes_set(struct stage *stage, const char *config, const char *text)
{
    if (json_object_get(stage->notes, config) == NULL &&
        json_object_size(stage->notes) >= CONFIGS_MAX) {
        return;
    }
    json_t *note = json_pack("{s:s, s:I}", "text", text, "time_ms", (json_int_t)sys_wall_ms());

    (void)json_object_set(stage->dirty_notes, config, note);
    (void)json_object_set_new(stage->notes, config, note);
}

static void
on_written(void *arg, const struct store_result *r)
{
    const struct stage *stage = arg;

    if (r->rc != 0) {
        log_warn("notes", "notes not written stage=%s: %s", stage->conf->name, r->err.text);
    }
}

void
notes_flush(struct stage *stage)
{
    struct store_op *op;
    const char *config;
    json_t *note;

    if (json_object_size(stage->dirty_notes) == 0) {
        return;
    }
    FAIL("notes.flush");
    op = store_op_new();
    json_object_foreach(stage->dirty_notes, config, note) {
        char *text = json_dumps(note, JSON_COMPACT);

        if (text != NULL) {
            store_op_text(op, STORE_NOTE, stage->conf->name, config, text);
        }
        free(text);
    }
    store_submit(stage->rrd->store, op, on_written, stage);
    (void)json_object_clear(stage->dirty_notes);
}
