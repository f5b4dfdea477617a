/* SPDX-License-Identifier: MIT */
/*
 * sup_run.h - carry out what the state machine of a stage says.
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

/* Let the time of those states be over whose time it is. */
void sup_run_alarm(struct rrd *rrd);

/* Each second: look at the health of all workers. */
void sup_run_tick(struct rrd *rrd);

/* Collect ended processes and what they left behind. */
void sup_run_reap(struct rrd *rrd);

/* Start what waits and may start; while stopping, stop what nobody depends on any more. */
void sup_run_look(struct rrd *rrd);

/* The edge that keeps a WAITING stage from starting, NULL when none does. */
const struct graph_edge *sup_run_waits_for(const struct stage *stage);

/* No stage has a process and none is going to get one. */
bool sup_run_is_quiet(const struct rrd *rrd);

/* Begin the start limit anew: the init of the worker reports progress. */
void sup_run_extend_start(struct stage *stage);

#endif
