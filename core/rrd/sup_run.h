/* SPDX-License-Identifier: MIT */
/*
 * sup_run.h - stages while they run: carry out what the state machine says (sup_run.c), end what is
 * late or over a limit (sup_clock.c), start and stop in order (sup_order.c).
 *
 * Runs on the monotonic clock alone. When this process itself stood still, nobody is held to have
 * been late.
 */
#ifndef RR_CORE_SUP_RUN_H
#define RR_CORE_SUP_RUN_H

#include "core/rrd/rrd.h"

/* Prepare all stages: what they left in the store, timers, log files. Nothing is started. */
int sup_run_init(struct rrd *rrd, struct rr_err *err);
void sup_run_fini(struct rrd *rrd);

/* A stage that a reload brings, at that index, and one that it takes away. */
int sup_run_add(struct rrd *rrd, size_t index, struct rr_err *err);
void sup_run_retire(struct rrd *rrd, struct stage *stage_take);
/* Free what was retired; nothing of the store may be under way. */
void sup_run_bury(struct rrd *rrd);

/* Let an event happen to a stage. */
void sup_run_event(struct stage *stage, enum sup_event ev);

/* End a worker that misbehaves; why goes to the log, into the death history and onto the event. */
void sup_run_sick(struct stage *stage, const char *why);

/* A worker finished an event, or has been ready for long enough: trouble is over. */
void sup_run_worked(struct stage *stage);

/* How the last worker ended, in words. Returns out. */
#define SUP_RUN_DEATH_MAX 220
const char *sup_run_death(const struct stage *stage, char *out, size_t cap);

/* The stage whose worker leads that session, or has this mark (what stands behind RR_WORKER=; may
 * be NULL); NULL when it does not run. */
struct stage *sup_run_of(const struct rrd *rrd, pid_t session, const char *mark);

/* Collect ended processes and what they left behind. */
void sup_run_reap(struct rrd *rrd);

/* The time of the state that a stage is in is over in so many milliseconds. */
void sup_clock_set(struct stage *stage, uint64_t ms);
/* End what is due; the timer calls it. */
void sup_clock_alarm(struct rrd *rrd);
/* Each second: measure all workers and look after their health. */
void sup_clock_tick(struct rrd *rrd);

/* Start what waits and may start; while stopping, stop what nobody depends on any more. */
void sup_order_look(struct rrd *rrd);
/* The edge that keeps a WAITING stage from starting, NULL when none does. */
const struct graph_edge *sup_order_waits_for(const struct stage *stage);
/* The stage for which a WAITING one may wait for ever: it is stopped, has failed or dies again and
 * again. NULL when there is none. */
const struct stage *sup_order_stuck_on(const struct stage *stage);
/* No stage has a process and none is going to get one. */
bool sup_order_is_quiet(const struct rrd *rrd);

#endif
