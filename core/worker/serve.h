/* SPDX-License-Identifier: MIT */
/*
 * serve.h - the life of a worker process, from its first frame to its exit status.
 *
 *     load -> HELLO -> CONFIG -> check -> init -> READY -> { EVENT -> event -> DONE -> ACK
 *       |                          |       |                | idle  -> DONE -> ACK }
 *       69                         78    78, 1              STOP -> drain -> DRAINED -> fini -> 0
 */
#ifndef RR_WORKER_SERVE_H
#define RR_WORKER_SERVE_H

#include "core/worker/rights.h"

#include <stdint.h>
#include <sys/types.h>

#define SERVE_FD_LINK 3 /* SEQPACKET socket to the daemon */
#define SERVE_FD_LOCK 4 /* lock of the stage: held as long as this process lives */

struct serve_args {
    const char *stage;
    const char *plugin; /* file */
    const char *state;  /* directory of the hashed copies */
    pid_t parent;
    uint64_t epoch;
    struct rights rights;
};

/* Run a stage until it is stopped. Returns the exit status. */
int serve(const struct serve_args *args);

#endif
