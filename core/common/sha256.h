/* SPDX-License-Identifier: MIT */
/*
 * sha256.h - SHA-256 of files, as 64 lower-case hex digits.
 */
#ifndef RR_CORE_SHA256_H
#define RR_CORE_SHA256_H

#include <rr/err.h>

#define SHA256_HEX_BYTES 65 /* NUL included */

/* Hash what an open descriptor holds from its current offset to its end into hex[SHA256_HEX_BYTES].
 * Returns 0 or a negative errno value. */
int sha256_fd(int fd, char *hex, struct rr_err *err);

/* The same of a regular file; "" when it cannot be read (path may be NULL). */
void sha256_file(const char *path, char *hex);

#endif
