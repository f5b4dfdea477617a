/* SPDX-License-Identifier: MIT */
/*
 * sha256.h - SHA-256 of memory and of files, as 64 lower-case hex digits.
 */
#ifndef RR_CORE_SHA256_H
#define RR_CORE_SHA256_H

#include <rr/err.h>

#include <stddef.h>
#include <stdint.h>

#define SHA256_HEX_BYTES 65 /* NUL included */

/* Hash memory into hex[SHA256_HEX_BYTES]. Returns 0 or -ENOMEM. */
int sha256_memory(const void *data, size_t bytes, char *hex, struct rr_err *err);

/* Hash what an open descriptor holds from its current offset to its end; *bytes (may be NULL) gets
 * the length. Returns 0 or a negative errno value. */
int sha256_fd(int fd, char *hex, uint64_t *bytes, struct rr_err *err);

/* Hash a regular file into hex[SHA256_HEX_BYTES]; "" when it cannot be read (path may be NULL). */
void sha256_file(const char *path, char *hex);

#endif
