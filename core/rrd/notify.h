/* SPDX-License-Identifier: MIT */
/*
 * notify.h - tell a service manager how the daemon is: the datagrams of sd_notify(3), without its
 * library.
 *
 *     NOTIFY_SOCKET    where to; without it nothing is told
 *     WATCHDOG_USEC    a sign of life is wanted at least that often
 *
 * READY=1 says that the control socket answers. Stages start in their own time; STATUS= tells of
 * them.
 */
#ifndef RR_CORE_NOTIFY_H
#define RR_CORE_NOTIFY_H

#include "core/rrd/rrd.h"

/* Read the environment, and take these variables out of it: workers are not to speak for us. The
 * event base must exist. Says in the log what is wrong with them. */
struct notify *notify_new(struct rrd *rrd);
void notify_free(struct notify *n);

/* Tell what has changed since the last call: ready, reloading, stopping; once a second how many
 * stages are ready. */
void notify_look(struct notify *n);

#endif
