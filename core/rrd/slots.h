/* SPDX-License-Identifier: MIT */
/*
 * slots.h - who may have an event now, by the slots that are free.
 *
 * Pure. Stages wait in the order of their oldest event. One that cannot go yet keeps aside what is
 * free of the slots that it needs, so that a stage which wants many is not passed for ever by
 * those that want few.
 */
#ifndef RR_CORE_SLOTS_H
#define RR_CORE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slots_need {
    size_t slot; /* index of the slot */
    int64_t count;
};

struct slots_waiter {
    uint64_t since; /* id of its oldest event: smaller is older */
    const struct slots_need *needs;
    size_t n_needs;
    size_t user;       /* the caller's own, as the waiters change places */
    bool may_go;       /* out */
    size_t blocked_by; /* out, when it may not go: index of the slot that is short */
};

/* Decide for all waiters; they are sorted by age. spare[i] is what is free of slot i, and holds
 * afterwards what is neither taken by those that may go nor kept aside. */
void slots_decide(struct slots_waiter *waiters, size_t n, int64_t *spare);

#endif
