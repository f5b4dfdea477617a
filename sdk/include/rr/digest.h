/* SPDX-License-Identifier: MIT */
/*
 * rr/digest.h - SHA-256 of files and of memory.
 *
 * Every big file that an event names is named with its hash; a consumer checks it before use.
 */
#ifndef RR_DIGEST_H
#define RR_DIGEST_H

#include <rr/err.h>

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

#define RR_SHA256_BYTES 32
#define RR_SHA256_HEX 65 /* 64 lower-case digits and NUL */

/* A running hash. */
struct rr_digest;

int rr_digest_new(struct rr_digest **digest, struct rr_err *err);
int rr_digest_add(struct rr_digest *digest, const void *data, size_t bytes, struct rr_err *err);
/* Write the hash; the digest can only be freed afterwards. */
int rr_digest_end(struct rr_digest *digest, uint8_t out[RR_SHA256_BYTES], struct rr_err *err);
void rr_digest_free(struct rr_digest *digest); /* NULL is allowed */

void rr_sha256_hex(const uint8_t hash[RR_SHA256_BYTES], char hex[RR_SHA256_HEX]);
int rr_sha256_memory(const void *data, size_t bytes, char hex[RR_SHA256_HEX], struct rr_err *err);
/* *bytes (may be NULL) gets the length of the file. */
int rr_sha256_file(const char *path, char hex[RR_SHA256_HEX], uint64_t *bytes, struct rr_err *err);

#pragma GCC visibility pop

#endif
