/* SPDX-License-Identifier: MIT */
/*
 * sweep.h - end every process that a worker has left behind.
 */
#ifndef RR_CORE_SWEEP_H
#define RR_CORE_SWEEP_H

#include <stddef.h>

/*
 * Kill all processes that carry the mark RR_WORKER=mark… in their environment, wherever they went
 * (own session, double fork). Children inherit the mark; a pid is never trusted alone.
 *
 * Returns how many were found.
 */
size_t sweep_marked(const char *mark);

/* Kill all children of this process, again and again until none is left or the passes are used up.
 * With the daemon as their subreaper, orphans of workers are children of it. */
size_t sweep_children(void);

#endif
