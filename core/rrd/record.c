/* SPDX-License-Identifier: MIT */
/*
 * record.c - encode, decode and check stored values.
 *
 * Head: kind, version, two zero bytes, then CRC-32C (little endian) over kind, version and data.
 */
#include "core/rrd/record.h"

#include <string.h>

static uint32_t
crc_byte(uint32_t crc)
{
    for (int bit = 0; bit < 8; bit++) {
        crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
    }
    return crc;
}

uint32_t
record_crc32c(uint32_t crc, const void *data, size_t n)
{
    static uint32_t table[256];
    const uint8_t *p = data;

    if (table[1] == 0) {
        for (uint32_t i = 0; i < 256; i++) {
            table[i] = crc_byte(i);
        }
    }
    crc = ~crc;
    while (n-- > 0) {
        crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
    }
    return ~crc;
}

void
record_put_be64(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

uint64_t
record_get_be64(const uint8_t *in)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++) {
        value = value << 8 | in[i];
    }
    return value;
}

void
record_put_le64(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

uint64_t
record_get_le64(const uint8_t *in)
{
    uint64_t value = 0;

    for (int i = 7; i >= 0; i--) {
        value = value << 8 | in[i];
    }
    return value;
}

static uint32_t
checksum(enum record_kind kind, const void *data, size_t n)
{
    const uint8_t head[2] = {(uint8_t)kind, RECORD_VERSION};

    return record_crc32c(record_crc32c(0, head, sizeof head), data, n);
}

void
record_head(enum record_kind kind, const void *data, size_t n, uint8_t *out)
{
    const uint32_t crc = checksum(kind, data, n);

    out[0] = (uint8_t)kind;
    out[1] = RECORD_VERSION;
    out[2] = 0;
    out[3] = 0;
    for (int i = 0; i < 4; i++) {
        out[4 + i] = (uint8_t)(crc >> (8 * i));
    }
}

int
record_open(enum record_kind kind, const void *record, size_t bytes, const uint8_t **data,
            size_t *n, struct rr_err *err)
{
    const uint8_t *p = record;
    uint32_t crc;

    if (bytes < RECORD_HEAD_BYTES || p[0] != (uint8_t)kind || p[2] != 0 || p[3] != 0) {
        return rr_err_set(err, RR_E_CORRUPT, "record of %zu bytes has no head of kind %c", bytes,
                          (char)kind);
    }
    if (p[1] != RECORD_VERSION) {
        return rr_err_set(err, RR_E_CORRUPT, "record of kind %c has version %u, not %u", (char)kind,
                          p[1], RECORD_VERSION);
    }
    crc = (uint32_t)p[4] | (uint32_t)p[5] << 8 | (uint32_t)p[6] << 16 | (uint32_t)p[7] << 24;
    *data = p + RECORD_HEAD_BYTES;
    *n = bytes - RECORD_HEAD_BYTES;
    if (crc != checksum(kind, *data, *n)) {
        return rr_err_set(err, RR_E_CORRUPT, "record of kind %c fails its checksum", (char)kind);
    }
    return 0;
}

size_t
record_item_put(const struct record_item *item, uint8_t *out)
{
    const size_t n = strnlen(item->error, sizeof item->error - 1);

    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(item->attempts >> (8 * i));
    }
    record_put_le64(out + 4, item->in_ms);
    memcpy(out + 12, item->error, n);
    return 12 + n;
}

int
record_item_get(const uint8_t *data, size_t n, struct record_item *item, struct rr_err *err)
{
    memset(item, 0, sizeof *item);
    if (n < 12 || n - 12 >= sizeof item->error) {
        return rr_err_set(err, RR_E_CORRUPT, "queue entry of %zu bytes", n);
    }
    item->attempts = (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
                     (uint32_t)data[3] << 24;
    item->in_ms = record_get_le64(data + 4);
    memcpy(item->error, data + 12, n - 12);
    return 0;
}
