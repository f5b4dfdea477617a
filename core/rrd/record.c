/* SPDX-License-Identifier: MIT */
/*
 * record.c - encode, decode and check stored values.
 *
 * Head: kind, version, two zero bytes, then CRC-32C (little endian) over kind, version, key and
 * data.
 */
#include "core/rrd/record.h"

#include <endian.h>
#include <string.h>

/* Four bits at a time: a table that fits in a cache line, and needs no beginning. */
static uint32_t
crc_portable(uint32_t crc, const uint8_t *p, size_t n)
{
    static const uint32_t table[16] = {0x00000000u, 0x105ec76fu, 0x20bd8edeu, 0x30e349b1u,
                                       0x417b1dbcu, 0x5125dad3u, 0x61c69362u, 0x7198540du,
                                       0x82f63b78u, 0x92a8fc17u, 0xa24bb5a6u, 0xb21572c9u,
                                       0xc38d26c4u, 0xd3d3e1abu, 0xe330a81au, 0xf36e6f75u};

    for (; n > 0; n--, p++) {
        crc ^= *p;
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

#ifdef __x86_64__
/* The instruction that computes just this polynomial; opening a store of millions of records is
 * five times as fast with it. */
__attribute__((target("sse4.2"))) static uint32_t
crc_instruction(uint32_t crc, const uint8_t *p, size_t n)
{
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t word;

        memcpy(&word, p, sizeof word);
        crc = (uint32_t)__builtin_ia32_crc32di(crc, word);
    }
    for (; n > 0; n--, p++) {
        crc = __builtin_ia32_crc32qi(crc, *p);
    }
    return crc;
}
#endif

uint32_t
record_crc32c(uint32_t crc, const void *data, size_t n)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("sse4.2")) {
        return ~crc_instruction(~crc, data, n);
    }
#endif
    return ~crc_portable(~crc, data, n);
}

void
record_put_be64(uint8_t *out, uint64_t value)
{
    value = htobe64(value);
    memcpy(out, &value, sizeof value);
}

uint64_t
record_get_be64(const uint8_t *in)
{
    uint64_t value;

    memcpy(&value, in, sizeof value);
    return be64toh(value);
}

void
record_put_le64(uint8_t *out, uint64_t value)
{
    value = htole64(value);
    memcpy(out, &value, sizeof value);
}

uint64_t
record_get_le64(const uint8_t *in)
{
    uint64_t value;

    memcpy(&value, in, sizeof value);
    return le64toh(value);
}

/* Version 1 left the key out, so that a flipped bit in a key made a sound record of another name.
 */
static uint32_t
checksum(const uint8_t head[2], const void *key, size_t key_n, const void *data, size_t n)
{
    uint32_t crc = record_crc32c(0, head, 2);

    if (head[1] > 1) {
        crc = record_crc32c(crc, key, key_n);
    }
    return record_crc32c(crc, data, n);
}

void
record_head(enum record_kind kind, const void *key, size_t key_n, const void *data, size_t n,
            uint8_t *out)
{
    const uint8_t head[4] = {(uint8_t)kind, RECORD_VERSION, 0, 0};
    const uint32_t crc = htole32(checksum(head, key, key_n, data, n));

    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, &crc, sizeof crc);
}

int
record_check(enum record_kind kind, const void *key, size_t key_n, const void *record, size_t bytes,
             struct rr_err *err)
{
    const uint8_t *p = record;
    uint32_t crc;

    if (bytes < RECORD_HEAD_BYTES || p[0] != (uint8_t)kind || p[2] != 0 || p[3] != 0) {
        return rr_err_set(err, RR_E_CORRUPT, "record of %zu bytes has no head of kind %c", bytes,
                          (char)kind);
    }
    if (p[1] < 1 || p[1] > RECORD_VERSION) {
        return rr_err_set(err, RR_E_CORRUPT, "record of kind %c has version %u, not 1 to %u",
                          (char)kind, p[1], RECORD_VERSION);
    }
    memcpy(&crc, p + 4, sizeof crc);
    if (le32toh(crc) != checksum(p, key, key_n, p + RECORD_HEAD_BYTES, bytes - RECORD_HEAD_BYTES)) {
        return rr_err_set(err, RR_E_CORRUPT, "record of kind %c fails its checksum", (char)kind);
    }
    return 0;
}

/* On disk the highest bit of the attempts says that the event was put back by a replay. */
#define REPLAY_BIT 0x80000000u

size_t
record_item_put(const struct record_item *item, uint8_t *out)
{
    const size_t n = strnlen(item->error, sizeof item->error - 1);
    const uint32_t attempts = htole32(item->attempts | (item->is_replay ? REPLAY_BIT : 0));

    memcpy(out, &attempts, sizeof attempts);
    record_put_le64(out + 4, item->in_ms);
    memcpy(out + 12, item->error, n);
    return 12 + n;
}

int
record_item_get(const uint8_t *data, size_t n, struct record_item *item, struct rr_err *err)
{
    uint32_t attempts;

    memset(item, 0, sizeof *item);
    if (n < 12 || n - 12 >= sizeof item->error) {
        return rr_err_set(err, RR_E_CORRUPT, "queue entry of %zu bytes", n);
    }
    memcpy(&attempts, data, sizeof attempts);
    attempts = le32toh(attempts);
    item->is_replay = (attempts & REPLAY_BIT) != 0;
    item->attempts = attempts & ~REPLAY_BIT;
    item->in_ms = record_get_le64(data + 4);
    memcpy(item->error, data + 12, n - 12);
    return 0;
}
