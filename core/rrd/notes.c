/* SPDX-License-Identifier: MIT */
/*
 * notes.c - keep the notes of stages, write them now and then.
 */
#include "core/rrd/notes.h"

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
    return store_notes(stage->rrd->store, stage->conf->name, load_one, stage, err);
}

void
notes_set(struct stage *stage, const char *config, const char *text)
{
    if (json_object_get(stage->notes, config) == NULL &&
        json_object_size(stage->notes) >= CONFIGS_MAX) {
        return;
    }
    (void)json_object_set_new(
        stage->notes, config,
        json_pack("{s:s, s:I}", "text", text, "time_ms", (json_int_t)sys_wall_ms()));
    (void)json_object_set_new(stage->dirty_notes, config, json_true());
}

void
notes_flush(struct stage *stage)
{
    struct store *st = stage->rrd->store;
    struct rr_err err = RR_ERR_INIT;
    const char *config;
    json_t *dirty;
    int rc;

    if (json_object_size(stage->dirty_notes) == 0) {
        return;
    }
    rc = store_op_begin(st, &err);
    if (rc != 0) {
        log_warn("notes", "notes not written stage=%s: %s", stage->conf->name, err.text);
        return;
    }
    json_object_foreach(stage->dirty_notes, config, dirty)
    {
        char *text = json_dumps(json_object_get(stage->notes, config), JSON_COMPACT);

        (void)dirty;
        if (rc == 0 && text != NULL) {
            rc = store_note(st, stage->conf->name, config, text, &err);
        }
        free(text);
    }
    if (rc == 0) {
        rc = store_op_end(st, true, NULL, NULL, &err);
    } else {
        (void)store_op_end(st, false, NULL, NULL, NULL);
    }
    if (rc != 0) {
        log_warn("notes", "notes not written stage=%s: %s", stage->conf->name, err.text);
    }
    (void)json_object_clear(stage->dirty_notes);
}
