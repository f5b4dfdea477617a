/* SPDX-License-Identifier: MIT */
/*
 * daemon.h - the life of the daemon, from a validated configuration to the last process gone.
 */
#ifndef RR_CORE_DAEMON_H
#define RR_CORE_DAEMON_H

#include "core/rrd/options.h"
#include "core/rrd/rrd.h"

/* Run until stopped. rrd->conf and rrd->paths are filled, the rest is zero but for tell_fd.
 * Returns the exit status. */
int daemon_run(struct rrd *rrd, const struct options *opt);

#endif
