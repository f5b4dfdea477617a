/* SPDX-License-Identifier: MIT */
/*
 * health.h - is a worker well: ping, progress, time of a handler, memory, processes.
 */
#ifndef RR_CORE_HEALTH_H
#define RR_CORE_HEALTH_H

#include "core/rrd/rrd.h"

/* A worker was started. */
void health_begin(struct stage *stage);
/* It answered a ping. */
void health_pong(struct stage *stage);
/* Its handler made progress. */
void health_alive(struct stage *stage);
/* Once a second: judge, and send pings. */
void health_tick(struct stage *stage);
/* End a worker that is over a limit. */
void health_judge(struct stage *stage);
/* When the next limit of a worker is reached, as far as can be told now; UINT64_MAX for none. */
uint64_t health_due_ms(const struct stage *stage);

#endif
