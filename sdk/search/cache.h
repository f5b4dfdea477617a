/* SPDX-License-Identifier: MIT */
/*
 * cache.h - evaluations by position, of one search.
 *
 * Keys are 128-bit hashes of the state's bytes: two positions that share one are not to be expected
 * in the life of a machine, so that no state is kept for comparison.
 */
#ifndef RR_SEARCH_CACHE_H
#define RR_SEARCH_CACHE_H

#include <stddef.h>
#include <stdint.h>

struct cache_key {
    uint64_t lo, hi;
};

struct cache_key cache_hash(const void *state, size_t bytes);

struct cache;

/* Room for `entries` evaluations; each has at most max_floats numbers. NULL: out of memory. */
struct cache *cache_new(uint32_t entries, uint32_t max_floats);
void cache_free(struct cache *cache);

/* Numbers kept under key, valid until the next cache_put(); NULL when there are none. */
const float *cache_find(const struct cache *cache, struct cache_key key, uint32_t floats);

/* Room to write the numbers of key into. The oldest evaluations give way. */
float *cache_put(struct cache *cache, struct cache_key key, uint32_t floats);

#endif
