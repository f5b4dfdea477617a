/* SPDX-License-Identifier: MIT */
/*
 * lock.h - one daemon for one directory.
 */
#ifndef RR_CORE_LOCK_H
#define RR_CORE_LOCK_H

#include <rr/err.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * Take the lock file of a state directory and write our pid into it.
 *
 * instance gets the id of the directory (made on first use), which marks our processes. Returns the
 * descriptor, to be kept open, or RR_E_BUSY naming the holder, or a negative errno value. Waits as
 * long as somebody looks (lock_look).
 */
int lock_take(const char *state_dir, char *instance, size_t cap, struct rr_err *err);

/*
 * Look at the lock without taking it away from anybody.
 *
 * Returns a descriptor; while it is open and nobody holds the lock, no daemon can start. -ENOENT
 * when there never was one.
 */
struct lock_view {
    bool is_held;
    long pid;          /* of the holder, or of the last one as it said itself */
    char instance[40]; /* "" when none is known */
};
int lock_look(const char *state_dir, struct lock_view *out, struct rr_err *err);

/* Whether the path still leads to the file that is locked. */
bool lock_is_there(int lock_fd, const char *path);

#endif
