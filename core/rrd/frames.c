/* SPDX-License-Identifier: MIT */
/*
 * frames.c - take the frames of a worker: its life, its health, its words.
 *
 * Does not: touch events and keys (route.c).
 */
#include "core/rrd/frames.h"

#include "core/common/fail.h"
#include "core/common/jget.h"
#include "core/rrd/health.h"
#include "core/rrd/link.h"
#include "core/rrd/notes.h"
#include "core/rrd/route.h"
#include "core/rrd/stage_log.h"
#include "core/rrd/sup_run.h"
#include "core/rrd/sys.h"

#include <string.h>

/* Of a note that is kept: what rr_note sends at most, and the end. */
#define NOTE_BYTES 256

static int
take_hello(struct stage *stage, const json_t *body, struct rr_err *err)
{
    const char *name = jget_str(body, "name");

    if (stage->sup.state == SUP_READY) {
        return rr_err_set(err, RR_E_PROTO, "HELLO of a worker that is ready");
    }
    if (stage->sup.state == SUP_STARTING && strcmp(name, stage->conf->plugin) != 0) {
        return rr_err_set(err, RR_E_PROTO, "the worker runs plugin \"%.60s\", not \"%s\"", name,
                          stage->conf->plugin);
    }
    text_copy(stage->hash, sizeof stage->hash, jget_str(body, "sha256"));
    link_send(stage->link, WIRE_CONFIG, 0, conf_stage_json(&stage->rrd->conf, stage->conf));
    return 0;
}

static void
take_progress(struct stage *stage, const json_t *body)
{
    struct stage_progress *p = &stage->progress;

    p->done = (uint64_t)jget_int(body, "done");
    p->total = (uint64_t)jget_int(body, "total");
    text_copy(p->text, sizeof p->text, jget_str(body, "text"));
    if (p->since_ms == 0) {
        p->since_ms = sys_wall_ms();
        p->since_mono_ms = sys_mono_ms();
        p->first_done = p->done;
    }
    health_alive(stage);
    if (stage->sup.state == SUP_STARTING) {
        sup_clock_set(stage, (uint64_t)stage->conf->start_limit_ms);
    }
}

static int
take_note(struct stage *stage, const json_t *body, struct rr_err *err)
{
    const char *config = jget_str(body, "config");
    char text[NOTE_BYTES];

    if (strlen(config) > RR_WIRE_NAME_MAX) {
        return rr_err_set(err, RR_E_PROTO, "NOTE of a configuration key of %zu bytes",
                          strlen(config));
    }
    text_copy(text, sizeof text, jget_str(body, "text"));
    notes_set(stage, config, text);
    return 0;
}

static void
take_log(struct stage *stage, const json_t *body)
{
    enum log_level level = LOG_INFO;

    (void)log_level_parse(jget_str(body, "level"), &level);
    stage_log_line(stage->log, level, jget_str(body, "text"));
}

int
frames_take(struct stage *stage, const struct wire_frame *frame, const json_t *body,
            struct rr_err *err)
{
    FAIL("frames.decoded");
    switch (frame->type) {
    case WIRE_HELLO:
        return take_hello(stage, body, err);
    case WIRE_READY:
        memset(&stage->progress, 0, sizeof stage->progress);
        sup_run_event(stage, SUP_EV_READY);
        return 0;
    case WIRE_PONG:
        health_pong(stage);
        return 0;
    case WIRE_PROGRESS:
        take_progress(stage, body);
        return 0;
    case WIRE_NOTE:
        return take_note(stage, body, err);
    case WIRE_LOG:
        take_log(stage, body);
        return 0;
    case WIRE_DRAINED:
        return 0; /* its exit follows and says the same */
    case WIRE_DONE:
        return route_done(stage, frame->id, body, err);
    case WIRE_RETRY:
    case WIRE_REJECT:
        return route_failed(stage, frame, jget_str(body, "error"),
                            json_is_true(json_object_get(body, "stop")), err);
    case WIRE_FATAL:
        text_copy(stage->fatal, sizeof stage->fatal, jget_str(body, "error"));
        return 0; /* its exit follows */
    case WIRE_EMIT:
        return route_emit(stage, frame->id, body, err);
    case WIRE_ASIDE:
        route_aside(stage, json_is_true(json_object_get(body, "on")));
        return 0;
    case WIRE_GET:
        return route_get(stage, frame->id, jget_str(body, "key"), err);
    default:
        return rr_err_set(err, RR_E_PROTO, "unexpected frame %s", wire_name(frame->type));
    }
}

void
frames_broken(struct stage *stage, const char *why)
{
    if (why == NULL) {
        stage->eof_mono_ms = sys_mono_ms();
    } else {
        sup_run_sick(stage, why);
    }
}
