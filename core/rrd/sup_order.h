/* SPDX-License-Identifier: MIT */
/*
 * sup_order.h - which stage may start now, and which may stop.
 */
#ifndef RR_CORE_SUP_ORDER_H
#define RR_CORE_SUP_ORDER_H

#include "core/rrd/rrd.h"

/* Start what waits and may start; while stopping, stop what nobody depends on any more. */
void sup_order_look(struct rrd *rrd);

/* The edge that keeps a WAITING stage from starting, NULL when none does. */
const struct graph_edge *sup_order_waits_for(const struct stage *stage);

/* No stage has a process and none is going to get one. */
bool sup_order_is_quiet(const struct rrd *rrd);

#endif
