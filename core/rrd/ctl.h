/* SPDX-License-Identifier: MIT */
/*
 * ctl.h - the control socket: one JSON line asks, JSON lines answer.
 */
#ifndef RR_CORE_CTL_H
#define RR_CORE_CTL_H

#include "core/common/jget.h"
#include "core/rrd/rrd.h"

#include <rr/err.h>

#include <jansson.h>
#include <sys/socket.h>

#define CTL_PROTOCOL_VERSION 1

struct ctl;
struct conn;
struct evbuffer;
/* A request whose answer waits for something. */
struct ctl_later;

/* Which events are meant. */
struct ctl_filter {
    json_t *members;                 /* that an event must have, owned; NULL: any */
    const struct manifest *consumer; /* of those that it consumes; NULL for all */
    uint64_t after;                  /* ids above */
    uint64_t end;                    /* ids below */
};

/* How a request is answered, if not at once. */
struct ctl_stream {
    struct conn *conn;
    struct ucred peer;       /* who asks */
    struct ctl_later *later; /* by ctl_later_new(): not now */
    /* Events, bit by bit (ctl_events.c): */
    bool is_on;
    bool follows;    /* goes on with what comes */
    bool is_seeking; /* goes back from the end to the first of the newest */
    uint64_t sought; /* events still to be found on this way */
    uint64_t cursor; /* id of the last event looked at */
    uint64_t left;   /* events still to be sent, of those stored at the time of asking */
    struct ctl_filter filter;
};

/* Listen on D/run/ctl.sock: mode 0600, or with a control_group 0660. A folder that others may write
 * to is refused. */
int ctl_open(struct rrd *rrd, struct ctl **out, struct rr_err *err);
void ctl_close(struct ctl *ctl);

/* The parts of it that know the machine's users (ctl_socket.c): the descriptor that listens, and
 * the one of its folder; whether the peer of a connection may ask, and who he is. gid is the
 * control group, -1 for none. */
int ctl_socket_listen(const char *dir, int64_t gid, int backlog, int *dir_fd, struct rr_err *err);
bool ctl_socket_serves(int fd, int64_t gid, struct ucred *peer);
bool ctl_socket_is_owner(const struct ucred *peer);

/* After a commit: send new events to those that follow. */
void ctl_pump(struct ctl *ctl);

/* One request, and its answer when that can be given at once. */
struct ctl_ask {
    struct rrd *rrd;
    const json_t *args; /* NULL or an object */
    struct ctl_stream *stream;
    struct stage *stage; /* by ctl_find_stage() */
    json_t *result;      /* new */
};

/* A number among the arguments; other when there is none. */
int64_t ctl_int(const struct ctl_ask *ask, const char *key, int64_t other);
/* Find the stage that the argument names. */
int ctl_find_stage(struct ctl_ask *ask, const char *key, struct rr_err *err);

/* Answer this request later, by ctl_answer() or ctl_answer_stored(), with result_take unless
 * another one is given then. The asker may be gone by then. */
struct ctl_later *ctl_later_new(struct ctl_stream *stream, json_t *result_take);
/* The request failed at once after all. */
void ctl_later_cancel(struct ctl_stream *stream);
/* Answer with a result, or when rc is not 0 with why. Frees later. */
void ctl_answer(struct ctl_later *later, int rc, json_t *result_take, const char *why);
/* The same when an operation has ended: a store_done_fn for a struct ctl_later. */
void ctl_answer_stored(void *later, const struct store_result *r);

/* Carry out one command (ctl_cmds.c). Returns 0 with ask->result, with stream->is_on, or with
 * stream->later; or a negative code with *err filled. */
int ctl_command(struct ctl_ask *ask, const char *cmd, struct rr_err *err);

/* Commands that have a file of their own, and parts of answers. */
typedef int ctl_command_fn(struct ctl_ask *ask, struct rr_err *err);
ctl_command_fn ctl_status, ctl_why, ctl_queue, ctl_events, ctl_replay, ctl_event;
json_t *ctl_queue_item_new(const struct rrd *rrd, const char *queue, const struct store_item *item);
/* Give more events to a stream that is on; it is off when it has all. */
int ctl_events_pump(struct rrd *rrd, struct ctl_stream *s, struct evbuffer *out,
                    struct rr_err *err);

#endif
