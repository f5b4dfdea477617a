/* SPDX-License-Identifier: MIT */
/*
 * le.h - little-endian numbers in byte buffers, whatever the machine's own order.
 */
#ifndef RR_DATA_LE_H
#define RR_DATA_LE_H

#include <stdint.h>
#include <string.h>

static inline void
le_put(uint8_t *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static inline uint64_t
le_get(const uint8_t *in, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t)in[i] << (8 * i);
    }
    return value;
}

static inline void
le_put_f32(uint8_t *out, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    le_put(out, bits, 4);
}

static inline float
le_get_f32(const uint8_t *in)
{
    const uint32_t bits = (uint32_t)le_get(in, 4);
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
