/* SPDX-License-Identifier: MIT */
/*
 * rights.h - what a worker may do: less than its daemon.
 */
#ifndef RR_WORKER_RIGHTS_H
#define RR_WORKER_RIGHTS_H

#include <rr/err.h>

#include <stdint.h>

struct rights {
    const char *user;    /* NULL: stay who we are */
    uint64_t open_files; /* 0: as inherited */
    uint64_t core_bytes;
};

/* Give up for good what no plugin needs: new privileges by exec, more files and core dumps than
 * allowed. The kernel is told to take this process, not the daemon, when memory is short. */
void rights_limit(const struct rights *rights);

/* Become rights->user, if any, for good. Returns 0, or a negative errno with *err filled. */
int rights_drop(const struct rights *rights, struct rr_err *err);

#endif
