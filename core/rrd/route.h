/* SPDX-License-Identifier: MIT */
/*
 * route.h - which stage receives which event; what becomes of it.
 *
 * A lease begins when an event is sent to a worker and ends when the commit of its outcome is
 * durable. Until then the queue entry stays where it is, so whoever dies in between, the event is
 * delivered again or its outcome counts, never both and never neither.
 */
#ifndef RR_CORE_ROUTE_H
#define RR_CORE_ROUTE_H

#include "core/common/wire.h"
#include "core/rrd/rrd.h"

/* Frames of a worker; a negative return means that it broke the protocol. */
int route_done(struct stage *stage, uint64_t lease, const json_t *body, struct rr_err *err);
/* RETRY or REJECT; is_stop: because the worker was told to stop. */
int route_failed(struct stage *stage, const struct wire_frame *frame, const char *why, bool is_stop,
                 struct rr_err *err);
int route_emit(struct stage *stage, uint64_t request, const json_t *body, struct rr_err *err);
int route_get(struct stage *stage, uint64_t request, const char *key, struct rr_err *err);

/* The worker is gone: what it held goes back. counts: the attempt was its fault. */
void route_lost(struct stage *stage, bool counts, const char *why);

/* Put an event in on behalf of the operator. fn is called when it is durable, unless this fails. */
int route_inject(struct rrd *rrd, const char *type, const char *config, const char *key,
                 const json_t *payload, store_done_fn fn, void *arg, struct rr_err *err);

/* Hand out events to stages that are ready, as far as slots allow (route_dispatch.c). Only what is
 * durable is delivered. */
void route_dispatch(struct rrd *rrd);

/* The lease that the worker handles now, NULL for none. */
struct lease *route_current(const struct stage *stage);
/* The worker turned to what belongs to no event, or back from it. */
void route_aside(struct stage *stage, bool is_on);
/* Whether a stage has a lease on that entry. */
bool route_is_leased(const struct stage *stage, uint64_t id);

/* What is free of each slot: a stage has its own while it has any lease. The caller frees it. */
int64_t *route_spare_slots_new(const struct rrd *rrd);

/* What the worker wanted to add while there was no room: let it go on, or (why not NULL) refuse. */
void route_let_go(struct stage *stage);
void route_refuse(struct stage *stage, const char *why);

/* Longest delay of an event that is tried again. */
#define RETRY_MAX_MS 300000u

/* For route*.c: give a ready stage an event. */
void route_lease(struct stage *stage, const struct store_item *item, const char *type,
                 const char *config, char *body_take);
/* The lease is over. */
void route_release(struct stage *stage, struct lease *l);
/* The worker turns to its next event, if it has one. */
void route_begin_current(struct stage *stage);

#endif
