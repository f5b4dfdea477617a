/* SPDX-License-Identifier: MIT */
/*
 * store_verify.h - look at a store before it is opened.
 *
 * LMDB maps its file and trusts it: a file that was cut off ends the process with SIGBUS, a flipped
 * bit in a value is handed out without a word, and one in a list of free pages destroys what is
 * sound later. So the head of the file is compared with its size at every start, and after an
 * unclean end every page and every record is looked at: pages are linked as a tree, each is used
 * once or free, keys are in order, records have their checksums.
 */
#ifndef RR_CORE_STORE_VERIFY_H
#define RR_CORE_STORE_VERIFY_H

#include <rr/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Records whose checksum is wrong; more than so many are not worth a repair. */
#define STORE_DAMAGE_MAX 4096u

/* Longest key that LMDB takes, as it is built by default. */
#define STORE_KEY_MAX 511

struct store_key {
    size_t n;
    uint8_t bytes[STORE_KEY_MAX];
};

struct store_damage {
    int table; /* enum store_table */
    struct store_key key;
};

struct store_check {
    bool is_new;      /* there is no store yet */
    uint64_t records; /* read by the full check */
    size_t n_damaged;
    struct store_damage *damaged; /* free() it */
};

/*
 * Check the file of a store that nobody has open for writing. is_full: every page and record.
 *
 * Returns 0 with *out, or RR_E_CORRUPT (not a store, cut off, damaged beyond records), -EPERM (not
 * ours, or writable by others) or another code; err says what to do.
 */
int store_verify(const char *dir, bool is_full, struct store_check *out, struct rr_err *err);

#endif
