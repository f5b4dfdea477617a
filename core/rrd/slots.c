/* SPDX-License-Identifier: MIT */
/*
 * slots.c - fair sharing of slots; see slots.h for the rule.
 */
#include "core/rrd/slots.h"

#include <stdlib.h>

static int
by_age(const void *a, const void *b)
{
    const struct slots_waiter *x = a;
    const struct slots_waiter *y = b;

    return (x->since > y->since) - (x->since < y->since);
}

void
slots_decide(struct slots_waiter *waiters, size_t n, int64_t *spare)
{
    qsort(waiters, n, sizeof *waiters, by_age);
    for (size_t i = 0; i < n; i++) {
        struct slots_waiter *w = &waiters[i];

        w->may_go = true;
        for (size_t k = 0; k < w->n_needs; k++) {
            if (w->may_go && spare[w->needs[k].slot] < w->needs[k].count) {
                w->may_go = false;
                w->blocked_by = w->needs[k].slot;
            }
        }
        for (size_t k = 0; k < w->n_needs; k++) {
            int64_t *left = &spare[w->needs[k].slot];

            *left -= w->needs[k].count < *left ? w->needs[k].count : *left;
        }
    }
}
