/* SPDX-License-Identifier: MIT */
/*
 * cache.c - evaluations by position: a direct-mapped table over a ring of numbers.
 *
 * Positions differ in their number of legal moves, so the numbers lie in a ring that is overwritten
 * from its oldest end; a table entry is alive as long as the ring has not come round to it.
 */
#include "cache.h"

#include <stdlib.h>
#include <string.h>

/* Mean number of floats for which the ring has room per entry. Small boards have 10 to 70 legal
 * moves; positions with more cost several entries. */
#define FLOATS_PER_ENTRY 48u

struct entry {
    struct cache_key key;
    uint64_t start;  /* position in the ring, counted over all time */
    uint32_t floats; /* 0: never used */
    uint32_t reserved;
};

struct cache {
    struct entry *table;
    float *ring;
    uint64_t head; /* floats written over all time, gaps at the ring's end included */
    uint64_t ring_floats;
    uint32_t mask;
};

static inline uint64_t
fold(uint64_t a, uint64_t b)
{
    const unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

struct cache_key
cache_hash(const void *state, size_t bytes)
{
    enum { LANES = 8 };
    static const uint64_t odd[LANES] = {
        0x9e3779b97f4a7c15u, 0xc2b2ae3d27d4eb4fu, 0x165667b19e3779f9u, 0xd6e8feb86659fd93u,
        0xff51afd7ed558ccdu, 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu, 0x8ebc6af09c88c6e3u,
    };
    const char *at = state;
    uint64_t lane[LANES];
    uint64_t word[LANES];

    memcpy(lane, odd, sizeof lane);
    /* Each step is a bijection of a lane for given input and of the input for given lane, and the
     * rotation brings down what multiplication only carries up. The lanes vectorise. */
    for (size_t left = bytes; left > 0;) {
        const size_t take = left < sizeof word ? left : sizeof word;
        if (take < sizeof word) {
            memset(word, 0, sizeof word);
        }
        memcpy(word, at, take);
        for (int i = 0; i < LANES; i++) {
            const uint64_t x = lane[i] ^ word[i];
            lane[i] = ((x << 29) | (x >> 35)) * odd[i];
        }
        at += take;
        left -= take;
    }
    struct cache_key key = {.lo = bytes ^ 0x589965cc75374cc3u, .hi = bytes ^ 0x1d8e4e27c47d124fu};
    for (int i = 0; i < LANES; i++) {
        key.lo = fold(key.lo ^ lane[i], odd[i]) + lane[(i + 1) % LANES];
        key.hi = fold(key.hi + lane[i], odd[(i + 3) % LANES]) ^ lane[(i + 5) % LANES];
    }
    key.lo ^= key.lo >> 29;
    key.hi ^= key.hi >> 31;
    return key;
}

struct cache *
cache_new(uint32_t entries, uint32_t max_floats)
{
    struct cache *cache = calloc(1, sizeof *cache);
    uint32_t size = 1;

    if (cache == NULL) {
        return NULL;
    }
    while (size < entries && size < UINT32_C(1) << 30) {
        size *= 2;
    }
    cache->mask = size - 1;
    cache->ring_floats = (uint64_t)entries * FLOATS_PER_ENTRY;
    if (cache->ring_floats < 2u * (uint64_t)max_floats) {
        cache->ring_floats = 2u * (uint64_t)max_floats;
    }
    cache->table = calloc(size, sizeof *cache->table);
    cache->ring = malloc((size_t)cache->ring_floats * sizeof *cache->ring);
    if (cache->table == NULL || cache->ring == NULL) {
        cache_free(cache);
        return NULL;
    }
    return cache;
}

void
cache_free(struct cache *cache)
{
    if (cache != NULL) {
        free(cache->table);
        free(cache->ring);
        free(cache);
    }
}

const float *
cache_find(const struct cache *cache, struct cache_key key, uint32_t floats)
{
    const struct entry *entry = &cache->table[key.lo & cache->mask];

    if (entry->floats != floats || entry->key.lo != key.lo || entry->key.hi != key.hi ||
        cache->head > entry->start + cache->ring_floats) {
        return NULL;
    }
    return cache->ring + entry->start % cache->ring_floats;
}

float *
cache_put(struct cache *cache, struct cache_key key, uint32_t floats)
{
    struct entry *entry = &cache->table[key.lo & cache->mask];
    const uint64_t room = cache->ring_floats - cache->head % cache->ring_floats;

    if (room < floats) {
        cache->head += room;
    }
    *entry = (struct entry){.key = key, .start = cache->head, .floats = floats};
    cache->head += floats;
    return cache->ring + entry->start % cache->ring_floats;
}
