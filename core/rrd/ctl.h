/* SPDX-License-Identifier: MIT */
/*
 * ctl.h - the control socket: one JSON line asks, JSON lines answer.
 */
#ifndef RR_CORE_CTL_H
#define RR_CORE_CTL_H

#include "core/rrd/rrd.h"
#include "core/rrd/why.h"

#include <rr/err.h>

#include <jansson.h>

#define CTL_PROTOCOL_VERSION 1

struct ctl;
struct conn;
/* A request whose answer waits for something. */
struct ctl_later;

/* How a request is answered, if not at once. */
struct ctl_stream {
    struct conn *conn;
    struct ctl_later *later; /* made by ctl_later_new(): not now */
    /* Events, bit by bit: */
    bool is_on;
    bool follows;    /* goes on with what comes */
    uint64_t cursor; /* id of the last event looked at */
    uint64_t left;   /* events still to be sent, of those stored at the time of asking */
    char type[TEXT_TYPE_MAX + 1]; /* "" for all */
    char config[256];             /* "" for all */
};

/* Listen on D/run/ctl.sock, mode 0600. */
int ctl_open(struct rrd *rrd, struct ctl **out, struct rr_err *err);
void ctl_close(struct ctl *ctl);

/* After a commit: send new events to those that follow. */
void ctl_pump(struct ctl *ctl);

/* Answer this request later, by ctl_answer(). The asker may be gone by then. */
struct ctl_later *ctl_later_new(struct ctl_stream *stream);
/* The request failed at once after all. */
void ctl_later_cancel(struct ctl_stream *stream);
/* Answer with a result, or when rc is not 0 with why. Frees later. */
void ctl_answer(struct ctl_later *later, int rc, json_t *result_take, const char *why);

/* One command (ctl_cmds.c). Returns 0 with *result set, with stream->is_on, or with stream->later;
 * or a negative code with *err filled. */
int ctl_command(struct rrd *rrd, const char *cmd, const json_t *args, json_t **result,
                struct ctl_stream *stream, struct rr_err *err);

/* Parts of the answers (ctl_status.c, ctl_why.c, ctl_queue.c). */
/* Of all stages, or with only set of that one, with its death history. */
json_t *ctl_status_new(struct rrd *rrd, struct stage *only);
int ctl_why(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
            struct rr_err *err);
/* The picture that why_ask() judges. */
void ctl_why_begin(struct rrd *rrd, struct why_view *v);
void ctl_why_end(struct why_view *v);
int ctl_queue(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
              struct rr_err *err);
/* The stage that args name. */
int ctl_find_stage(struct rrd *rrd, const json_t *args, struct stage **out, struct rr_err *err);

#endif
