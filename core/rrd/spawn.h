/* SPDX-License-Identifier: MIT */
/*
 * spawn.h - start one worker process.
 *
 * Descriptors of a worker: 0 /dev/null, 1 and 2 log pipe, 3 socket, 4 stage lock. It has a session
 * of its own, an empty signal mask and the mark RR_WORKER in its environment.
 */
#ifndef RR_CORE_SPAWN_H
#define RR_CORE_SPAWN_H

#include "core/rrd/conf.h"

#include <rr/err.h>

#include <stdint.h>
#include <sys/types.h>

struct spawned {
    pid_t pid;
    int link_fd; /* our end of the socket, non-blocking */
    int log_fd;  /* our end of the pipe, non-blocking */
};

/*
 * Start the worker of a stage.
 *
 * Returns 0; RR_E_BUSY when an older process of this stage still holds its lock; or a negative
 * errno value.
 */
int spawn_worker(const struct conf *conf, const struct conf_stage *stage, const char *instance,
                 uint64_t epoch, struct spawned *out, struct rr_err *err);

/* Remove copies of plugins that are out of use: all but the two of each name that were used last.
 * No worker runs. */
void spawn_prune(const struct conf *conf);

#endif
