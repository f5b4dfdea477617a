/* SPDX-License-Identifier: MIT */
/*
 * room.h - who has to wait because a queue is full.
 *
 * Pure. A stage waits while a stage that it gives events to has a full queue. In a circle of such
 * waits nobody would ever go on; so within one nobody waits, and the marks are exceeded instead.
 * What is left has no circle: each chain of waits ends at a stage that does not wait for room.
 */
#ifndef RR_CORE_ROOM_H
#define RR_CORE_ROOM_H

#include "core/rrd/graph.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROOM_FREE ((size_t)-1)

/* For each stage of the graph: whose queue it waits for, or ROOM_FREE. */
void room_decide(const struct graph *g, const bool *is_full, size_t *waits_for);

/* Whether a queue is full, by its marks (high 0: it has none) and by what it was before: full from
 * the high mark on, until it is down at the low one. */
bool room_is_full(bool was_full, uint64_t depth, uint64_t high, uint64_t low);

#endif
