/* SPDX-License-Identifier: MIT */
/*
 * sha256.c - SHA-256 by libcrypto.
 *
 * Owns: nothing between calls.
 */
#include "core/common/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
to_hex(const unsigned char *digest, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < 32; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[64] = '\0';
}

int
sha256_memory(const void *data, size_t bytes, char *hex, struct rr_err *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (EVP_Digest(data, bytes, digest, NULL, EVP_sha256(), NULL) != 1) {
        return rr_err_set(err, -ENOMEM, "cannot compute a SHA-256");
    }
    to_hex(digest, hex);
    return 0;
}

int
sha256_fd(int fd, char *hex, uint64_t *bytes, struct rr_err *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char block[16384];
    uint64_t total = 0;
    int rc = 0;

    EVP_MD_CTX *md = EVP_MD_CTX_new();
    if (md == NULL || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1) {
        rc = rr_err_set(err, -ENOMEM, "cannot start a SHA-256");
        goto out;
    }
    for (;;) {
        const ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            const int why = errno;
            rc = rr_err_set(err, -why, "read: %s", strerror(why));
            goto out;
        }
        if (got == 0) {
            break;
        }
        total += (uint64_t)got;
        if (EVP_DigestUpdate(md, block, (size_t)got) != 1) {
            rc = rr_err_set(err, -ENOMEM, "cannot go on with a SHA-256");
            goto out;
        }
    }
    if (EVP_DigestFinal_ex(md, digest, NULL) != 1) {
        rc = rr_err_set(err, -ENOMEM, "cannot finish a SHA-256");
        goto out;
    }
    to_hex(digest, hex);
    if (bytes != NULL) {
        *bytes = total;
    }
out:
    EVP_MD_CTX_free(md);
    return rc;
}

void
sha256_file(const char *path, char *hex)
{
    /* O_NONBLOCK: opening a fifo must not hang. */
    const int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        sha256_fd(fd, hex, NULL, NULL) != 0) {
        hex[0] = '\0';
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}
