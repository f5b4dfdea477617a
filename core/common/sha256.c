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
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Returns 0 or a negative errno value. */
static int
digest_rest(int fd, EVP_MD_CTX *md, unsigned char *digest)
{
    unsigned char block[16384];
    bool is_well = md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;
    ssize_t got;

    while (is_well && (got = read(fd, block, sizeof block)) != 0) {
        if (got < 0 && errno != EINTR) {
            return -errno;
        }
        is_well = got < 0 || EVP_DigestUpdate(md, block, (size_t)got) == 1;
    }
    return is_well && EVP_DigestFinal_ex(md, digest, NULL) == 1 ? 0 : -ENOMEM;
}

int
sha256_fd(int fd, char *hex, struct rr_err *err)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    const int rc = digest_rest(fd, md, digest);

    EVP_MD_CTX_free(md);
    if (rc != 0) {
        return rr_err_set(err, rc, "read: %s", strerror(-rc));
    }
    for (unsigned i = 0; i < 32; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[64] = '\0';
    return 0;
}

void
sha256_file(const char *path, char *hex)
{
    /* O_NONBLOCK: opening a fifo must not hang. */
    const int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || sha256_fd(fd, hex, NULL) != 0) {
        hex[0] = '\0';
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}
