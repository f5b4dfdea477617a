/* SPDX-License-Identifier: MIT */
/*
 * deaths.h - the death history of a stage, which outlives the daemon.
 *
 * A death is the end of a worker that nobody asked for, or that had to be brought about by force.
 * The newest DEATHS_MAX of a stage are kept, oldest first, as JSON:
 *
 *     {"time_ms":…, "kind":…, "code":…, "signal":…, "text":…, "epoch":…, "ready_ms":…,
 *      "event":id or null, "lines":[the last words of the worker]}
 *
 * kind: exit (by itself), signal (by one that was not ours), sick (ended by the daemon; text says
 * why), oom (killed by the kernel for want of memory), spawn (could not be started at all).
 */
#ifndef RR_CORE_DEATHS_H
#define RR_CORE_DEATHS_H

#include "core/rrd/rrd.h"

#define DEATHS_MAX 16

/* Note what stage->last_exit tells, of a worker that had been ready for so long. */
void deaths_add(struct stage *stage, uint64_t ready_ms);

/* Read what an earlier daemon noted: stage->deaths, last_exit and restarts. */
int deaths_load(struct stage *stage, struct rr_err *err);

#endif
