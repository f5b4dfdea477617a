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
/* Once a second: send pings, judge limits. */
void health_tick(struct stage *stage);

#endif
