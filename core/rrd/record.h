/* SPDX-License-Identifier: MIT */
/*
 * record.h - the form of values in the store: a head with kind, version and checksum, then data.
 *
 * Pure. Every value of every table is sealed; LMDB itself finds hardly any damage (in a trial 92 of
 * 100 flipped bits were read back without a word).
 */
#ifndef RR_CORE_RECORD_H
#define RR_CORE_RECORD_H

#include <rr/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_VERSION 2u
#define RECORD_HEAD_BYTES 8u

enum record_kind {
    RECORD_EVENT = 'E',  /* JSON text of one event */
    RECORD_ITEM = 'Q',   /* struct record_item */
    RECORD_TEXT = 'T',   /* a durable key, a note, a death */
    RECORD_NUMBERS = 'N' /* unsigned 64-bit numbers, little endian */
};

/* CRC-32C (Castagnoli) of n bytes, going on from crc (0 at the start). */
uint32_t record_crc32c(uint32_t crc, const void *data, size_t n);

/* Write the head of a record over n bytes of data, stored under that key, into
 * out[RECORD_HEAD_BYTES]. */
void record_head(enum record_kind kind, const void *key, size_t key_n, const void *data, size_t n,
                 uint8_t *out);

/* Check a record found under a key: its data is what stands behind the head. Returns 0 or
 * RR_E_CORRUPT. */
int record_check(enum record_kind kind, const void *key, size_t key_n, const void *record,
                 size_t bytes, struct rr_err *err);

/* What a queue keeps of one waiting event. */
struct record_item {
    uint32_t attempts; /* that counted and failed; below 2^31 */
    bool is_replay;    /* put back by a replay */
    uint64_t in_ms;    /* when it joined the queue, UTC */
    char error[200];   /* of the last attempt, "" for none */
};

#define RECORD_ITEM_MAX (4u + 8u + 200u)

/* Encode into out[RECORD_ITEM_MAX]; returns the bytes used. */
size_t record_item_put(const struct record_item *item, uint8_t *out);
int record_item_get(const uint8_t *data, size_t n, struct record_item *item, struct rr_err *err);

/* Big-endian numbers, so that keys sort as numbers do. */
void record_put_be64(uint8_t *out, uint64_t value);
uint64_t record_get_be64(const uint8_t *in);
void record_put_le64(uint8_t *out, uint64_t value);
uint64_t record_get_le64(const uint8_t *in);

#endif
