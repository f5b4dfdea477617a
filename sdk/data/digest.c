/* SPDX-License-Identifier: MIT */
/*
 * digest.c - SHA-256 by libcrypto.
 *
 * Owns: the only use of libcrypto in the kit's data folder.
 */
#include <rr/digest.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_BYTES 65536

struct rr_digest {
    EVP_MD_CTX *md;
};

int
rr_digest_new(struct rr_digest **digest, struct rr_err *err)
{
    struct rr_digest *d = calloc(1, sizeof *d);

    if (d != NULL) {
        d->md = EVP_MD_CTX_new();
    }
    if (d == NULL || d->md == NULL || EVP_DigestInit_ex(d->md, EVP_sha256(), NULL) != 1) {
        rr_digest_free(d);
        return rr_err_set(err, -ENOMEM, "cannot set up SHA-256: out of memory");
    }
    *digest = d;
    return 0;
}

int
rr_digest_add(struct rr_digest *digest, const void *data, size_t bytes, struct rr_err *err)
{
    if (EVP_DigestUpdate(digest->md, data, bytes) != 1) {
        return rr_err_set(err, -EIO, "libcrypto refused to hash %zu bytes", bytes);
    }
    return 0;
}

int
rr_digest_end(struct rr_digest *digest, uint8_t out[RR_SHA256_BYTES], struct rr_err *err)
{
    unsigned length = RR_SHA256_BYTES;

    if (EVP_DigestFinal_ex(digest->md, out, &length) != 1 || length != RR_SHA256_BYTES) {
        return rr_err_set(err, -EIO, "libcrypto did not give a SHA-256");
    }
    return 0;
}

void
rr_digest_free(struct rr_digest *digest)
{
    if (digest != NULL) {
        EVP_MD_CTX_free(digest->md);
        free(digest);
    }
}

void
rr_sha256_hex(const uint8_t hash[RR_SHA256_BYTES], char hex[RR_SHA256_HEX])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < RR_SHA256_BYTES; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    hex[2 * RR_SHA256_BYTES] = '\0';
}

int
rr_sha256_memory(const void *data, size_t bytes, char hex[RR_SHA256_HEX], struct rr_err *err)
{
    struct rr_digest *digest = NULL;
    uint8_t hash[RR_SHA256_BYTES];
    int rc = rr_digest_new(&digest, err);

    if (rc == 0) {
        rc = rr_digest_add(digest, data, bytes, err);
    }
    if (rc == 0) {
        rc = rr_digest_end(digest, hash, err);
    }
    if (rc == 0) {
        rr_sha256_hex(hash, hex);
    }
    rr_digest_free(digest);
    return rc;
}

/* Feed a descriptor to the digest; returns 0 or a negative code, *bytes gets the length. */
static int
digest_fd(struct rr_digest *digest, int fd, const char *path, uint64_t *bytes, struct rr_err *err)
{
    uint8_t *chunk = malloc(CHUNK_BYTES);
    int rc = 0;

    if (chunk == NULL) {
        return rr_err_set(err, -ENOMEM, "%s: out of memory", path);
    }
    *bytes = 0;
    for (;;) {
        const ssize_t got = read(fd, chunk, CHUNK_BYTES);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            const int code = -errno;
            rc = rr_err_set(err, code, "%s: cannot read: %s", path, strerror(-code));
            break;
        }
        if (got == 0) {
            break;
        }
        *bytes += (uint64_t)got;
        rc = rr_digest_add(digest, chunk, (size_t)got, err);
        if (rc != 0) {
            break;
        }
    }
    free(chunk);
    return rc;
}

int
rr_sha256_file(const char *path, char hex[RR_SHA256_HEX], uint64_t *bytes, struct rr_err *err)
{
    struct rr_digest *digest = NULL;
    uint8_t hash[RR_SHA256_BYTES];
    uint64_t length = 0;
    int rc;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        const int code = -errno;
        return rr_err_set(err, code, "%s: cannot open: %s", path, strerror(-code));
    }
    rc = rr_digest_new(&digest, err);
    if (rc == 0) {
        rc = digest_fd(digest, fd, path, &length, err);
    }
    if (rc == 0) {
        rc = rr_digest_end(digest, hash, err);
    }
    if (rc == 0) {
        rr_sha256_hex(hash, hex);
        if (bytes != NULL) {
            *bytes = length;
        }
    }
    rr_digest_free(digest);
    close(fd);
    return rc;
}
