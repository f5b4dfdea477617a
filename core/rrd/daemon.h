/* SPDX-License-Identifier: MIT */
/*
 * daemon.h - the life of the daemon, from a validated configuration to the last process gone.
 */
#ifndef RR_CORE_DAEMON_H
#define RR_CORE_DAEMON_H

#include "core/rrd/options.h"
#include "core/rrd/rrd.h"

/* Keep SIGHUP and SIGUSR1 waiting (SIG_BLOCK) until somebody minds them (SIG_UNBLOCK): they end no
 * daemon that starts or ends. */
void daemon_hold_signals(int how);

/* Run until stopped. rrd->conf and rrd->paths are filled, the rest is zero but for tell_fd.
 * Returns the exit status. */
int daemon_run(struct rrd *rrd, const struct options *opt);

#endif
