/* SPDX-License-Identifier: MIT */
/*
 * order.c - in which order samples are seen.
 *
 * The permutation of a pass is a function of the seed and the number of the pass alone, so that a
 * resumed job needs no state but its position.
 */
#include <errno.h>
#include <stdlib.h>

#include "train_int.h"

static uint64_t
mix(uint64_t *state)
{
    /* splitmix64 (Steele, Lea & Flood 2014): full period, and any seed is a good one */
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int
order_init(struct order *order, uint64_t seed, uint64_t count, struct rr_err *err)
{
    *order = (struct order){.seed = seed, .count = count, .pass = UINT64_MAX};
    order->perm = calloc(count, sizeof *order->perm);
    if (order->perm == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory for the order of %llu samples",
                          (unsigned long long)count);
    }
    return 0;
}

void
order_fini(struct order *order)
{
    free(order->perm);
    *order = (struct order){0};
}

static void
shuffle(struct order *order, uint64_t pass)
{
    uint64_t state = order->seed;

    state = mix(&state) ^ (pass * 0xd1342543de82ef95u);
    for (uint64_t i = 0; i < order->count; i++) {
        order->perm[i] = i;
    }
    for (uint64_t i = order->count; i > 1; i--) {
        /* high half of the product: a number below i, biased by less than i / 2^64 */
        const uint64_t j = (uint64_t)(((unsigned __int128)mix(&state) * i) >> 64);
        const uint64_t other = order->perm[j];
        order->perm[j] = order->perm[i - 1];
        order->perm[i - 1] = other;
    }
    order->pass = pass;
}

uint64_t
order_at(struct order *order, uint64_t position)
{
    const uint64_t pass = position / order->count;

    if (order->pass != pass) {
        shuffle(order, pass);
    }
    return order->perm[position % order->count];
}
