/* SPDX-License-Identifier: MIT */
/*
 * artifact.c - from a file's name in an event to a file that is known to be the right one.
 */
#include <rr/artifact.h>
#include <rr/digest.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
climbs_out(const char *name)
{
    for (const char *at = name; *at != '\0';) {
        const size_t length = strcspn(at, "/");

        if (length == 2 && at[0] == '.' && at[1] == '.') {
            return 1;
        }
        at += length;
        at += strspn(at, "/");
    }
    return 0;
}

int
rr_artifact_path(struct rr_ctx *ctx, const char *name, char out[RR_ARTIFACT_PATH_MAX],
                 struct rr_err *err)
{
    const char *data = rr_fact(ctx, "data_dir");
    int length;

    if (data == NULL) {
        return rr_err_set(err, RR_E_INPUT, "the host told no data directory");
    }
    if (name[0] == '\0' || name[0] == '/' || climbs_out(name)) {
        return rr_err_set(err, RR_E_INPUT,
                          "file name \"%.150s\" in an event: must lie below the data directory",
                          name);
    }
    length = snprintf(out, RR_ARTIFACT_PATH_MAX, "%s/%s", data, name);
    if (length < 0 || length >= RR_ARTIFACT_PATH_MAX) {
        return rr_err_set(err, -ENAMETOOLONG, "the path of %.100s is too long", name);
    }
    return 0;
}

int
rr_artifact_check(struct rr_ctx *ctx, const char *name, const char *sha256,
                  char out[RR_ARTIFACT_PATH_MAX], uint64_t *bytes, struct rr_err *err)
{
    char hex[RR_SHA256_HEX];
    int rc = rr_artifact_path(ctx, name, out, err);

    if (rc == 0) {
        rc = rr_sha256_file(out, hex, bytes, err);
    }
    if (rc == 0 && strcmp(hex, sha256) != 0) {
        rc = rr_err_set(err, RR_E_CORRUPT, "%s: sha256 is %.12s..., the event says %.12s...", name,
                        hex, sha256);
    }
    return rc;
}
