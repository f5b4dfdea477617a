/* SPDX-License-Identifier: MIT */
/*
 * rng.h - the random numbers of search and arena.
 *
 * splitmix64 (Steele, Lea, Flood 2014): eight bytes of state, and a mixing function that makes
 * independent streams from (seed, number), which is what games need.
 */
#ifndef RR_SEARCH_RNG_H
#define RR_SEARCH_RNG_H

#include <math.h>
#include <stdint.h>

static inline uint64_t
rng_scramble(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline uint64_t
rng_next(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    return rng_scramble(*state);
}

/* A seed for stream number `stream` of `seed`. */
static inline uint64_t
rng_stream(uint64_t seed, uint64_t stream)
{
    return rng_scramble(rng_scramble(seed + 0x9e3779b97f4a7c15u) ^ (stream * 0xd1342543de82ef95u));
}

/* In 0 .. 1, 1 excluded. */
static inline double
rng_unit(uint64_t *state)
{
    return (double)(rng_next(state) >> 11) * 0x1p-53;
}

/* In 0 .. n - 1. The bias of the multiplication is below n / 2^32: nothing, for moves. */
static inline uint32_t
rng_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)(((rng_next(state) >> 32) * n) >> 32);
}

/* Standard Gumbel; the half step keeps both logarithms finite. */
static inline float
rng_gumbel(uint64_t *state)
{
    const double u = ((double)(rng_next(state) >> 12) + 0.5) * 0x1p-52;

    return (float)-log(-log(u));
}

#endif
