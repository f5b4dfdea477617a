/* SPDX-License-Identifier: MIT */
/*
 * sys.h - the clocks.
 */
#ifndef RR_CORE_SYS_H
#define RR_CORE_SYS_H

#include <stdint.h>
#include <time.h>

/* UTC, for people and records only. */
static inline uint64_t
sys_wall_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* For every duration and limit. */
static inline uint64_t
sys_mono_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

#endif
