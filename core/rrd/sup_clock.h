/* SPDX-License-Identifier: MIT */
/*
 * sup_clock.h - when the time of a state is over, and when a worker is over a limit.
 *
 * Runs on the monotonic clock alone. When this process itself stood still, nobody is held to have
 * been late.
 */
#ifndef RR_CORE_SUP_CLOCK_H
#define RR_CORE_SUP_CLOCK_H

#include "core/rrd/rrd.h"

/* The time of the state that a stage is in is over in so many milliseconds. */
void sup_clock_set(struct stage *stage, uint64_t ms);

/* End what is due; the timer calls it. */
void sup_clock_alarm(struct rrd *rrd);

/* Each second: measure all workers and look after their health. */
void sup_clock_tick(struct rrd *rrd);

#endif
