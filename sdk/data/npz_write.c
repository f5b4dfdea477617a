/* SPDX-License-Identifier: MIT */
/*
 * npz_write.c - writing NPZ files: each array is spooled to a nameless file beside the target, then
 * all are deflated into one zip archive.
 *
 * Owns: the spool files, the manifest, the archive. Does not: give the file its final name.
 */
#include <rr/digest.h>
#include <rr/npz.h>

#include "sdk/data/npy.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

struct spool {
    char name[NPZ_NAME_MAX];
    struct rr_npy array; /* shape[0] counts the rows so far */
    uint64_t row_bytes;
    FILE *file; /* header space, then rows; NULL once the archive owns it */
};

struct rr_npz_writer {
    char *path;
    struct spool spools[NPZ_MEMBERS_MAX];
    uint32_t count;
};

static int
fail_io(const struct rr_npz_writer *w, const char *what, struct rr_err *err)
{
    const int code = errno == 0 ? -EIO : -errno;

    return rr_err_set(err, code, "%s: cannot %s: %s", w->path, what, strerror(-code));
}

int
rr_npz_create(const char *path, struct rr_npz_writer **writer, struct rr_err *err)
{
    struct rr_npz_writer *w = calloc(1, sizeof *w);

    if (w == NULL || (w->path = strdup(path)) == NULL) {
        free(w);
        return rr_err_set(err, -ENOMEM, "%s: out of memory", path);
    }
    *writer = w;
    return 0;
}

/* A nameless file in the folder of the target: it vanishes with the process, whatever ends it. */
static int
open_spool(const struct rr_npz_writer *w, FILE **file, struct rr_err *err)
{
    static const uint8_t head[NPY_HEAD_BYTES];
    char *name = NULL;
    int fd;
    int rc = 0;

    if (asprintf(&name, "%s.spool-XXXXXX", w->path) < 0) {
        return rr_err_set(err, -ENOMEM, "%s: out of memory", w->path);
    }
    fd = mkostemp(name, O_CLOEXEC);
    *file = fd < 0 ? NULL : fdopen(fd, "w+b");
    if (fd >= 0) {
        (void)unlink(name);
    }
    if (*file == NULL) {
        rc = fail_io(w, "make a spool file", err);
        if (fd >= 0) {
            close(fd);
        }
    } else if (fwrite(head, 1, sizeof head, *file) != sizeof head) {
        rc = fail_io(w, "write a spool file", err);
        (void)fclose(*file);
        *file = NULL;
    }
    free(name);
    return rc;
}

static struct spool *
find(struct rr_npz_writer *w, const char *name)
{
    for (uint32_t i = 0; i < w->count; i++) {
        if (strcmp(w->spools[i].name, name) == 0) {
            return &w->spools[i];
        }
    }
    return NULL;
}

int
rr_npz_array(struct rr_npz_writer *w, const char *name, uint32_t type, uint32_t row_dims,
             const uint64_t *row_shape, struct rr_err *err)
{
    struct spool *s = &w->spools[w->count];
    int rc;

    if (w->count == NPZ_MEMBERS_MAX || row_dims >= NPY_DIMS_MAX || npy_width(type) == 0 ||
        name[0] == '\0' || strlen(name) >= NPZ_NAME_MAX - 4 || strchr(name, '/') != NULL ||
        find(w, name) != NULL) {
        return rr_err_set(err, -EINVAL,
                          "%s: array \"%s\" is declared twice, or one too many, or "
                          "of unknown type or size",
                          w->path, name);
    }
    *s = (struct spool){.array = {.type = type, .dims = row_dims + 1, .shape = {1}}};
    for (uint32_t d = 0; d < row_dims; d++) {
        s->array.shape[d + 1] = row_shape[d];
    }
    if (npy_bytes(&s->array, &s->row_bytes) != 0) {
        return rr_err_set(err, -EOVERFLOW, "%s: a row of \"%s\" is too large", w->path, name);
    }
    rc = open_spool(w, &s->file, err);
    if (rc != 0) {
        return rc;
    }
    s->array.shape[0] = 0;
    (void)snprintf(s->name, sizeof s->name, "%s", name);
    w->count++;
    return 0;
}

int
rr_npz_append(struct rr_npz_writer *w, const char *name, const void *rows, uint64_t count,
              struct rr_err *err)
{
    struct spool *s = find(w, name);
    struct rr_npy grown;
    uint64_t total;

    if (s == NULL) {
        return rr_err_set(err, -EINVAL, "%s: array \"%s\" was not declared", w->path, name);
    }
    grown = s->array;
    if (__builtin_add_overflow(grown.shape[0], count, &grown.shape[0]) ||
        npy_bytes(&grown, &total) != 0) {
        return rr_err_set(err, -EOVERFLOW, "%s: array \"%s\" becomes too large", w->path, name);
    }
    errno = 0;
    if (count > 0 && s->row_bytes > 0 && fwrite(rows, s->row_bytes, count, s->file) != count) {
        return fail_io(w, "write a spool file", err);
    }
    s->array.shape[0] += count;
    return 0;
}

/* Put the header in front of the rows and hash the member. */
static int
seal(struct rr_npz_writer *w, struct spool *s, char hex[RR_SHA256_HEX], struct rr_err *err)
{
    uint8_t chunk[8192];
    uint8_t hash[RR_SHA256_BYTES];
    struct rr_digest *digest = NULL;
    size_t got;
    int rc = npy_head_write(&s->array, chunk, err);

    errno = 0;
    if (rc == 0 && (fseeko(s->file, 0, SEEK_SET) != 0 ||
                    fwrite(chunk, 1, NPY_HEAD_BYTES, s->file) != NPY_HEAD_BYTES ||
                    fflush(s->file) != 0 || fseeko(s->file, 0, SEEK_SET) != 0)) {
        rc = fail_io(w, "write a spool file", err);
    }
    if (rc == 0) {
        rc = rr_digest_new(&digest, err);
    }
    while (rc == 0 && (got = fread(chunk, 1, sizeof chunk, s->file)) > 0) {
        rc = rr_digest_add(digest, chunk, got, err);
    }
    /* libzip reads from where the file stands, so it goes back to its start. */
    if (rc == 0 && (ferror(s->file) || fseeko(s->file, 0, SEEK_SET) != 0)) {
        rc = fail_io(w, "read a spool file", err);
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

/* Seal every array, and add the manifest: JSON {"array": "sha256 of its member", ...}. */
static int
make_manifest(struct rr_npz_writer *w, struct rr_err *err)
{
    json_t *manifest = json_object();
    char hex[RR_SHA256_HEX];
    char *text = NULL;
    int rc = manifest == NULL ? rr_err_set(err, -ENOMEM, "%s: out of memory", w->path) : 0;

    for (uint32_t i = 0; rc == 0 && i < w->count; i++) {
        rc = seal(w, &w->spools[i], hex, err);
        if (rc == 0 && json_object_set_new(manifest, w->spools[i].name, json_string(hex)) != 0) {
            rc = rr_err_set(err, -ENOMEM, "%s: out of memory", w->path);
        }
    }
    if (rc == 0 && (text = json_dumps(manifest, JSON_SORT_KEYS | JSON_COMPACT)) == NULL) {
        rc = rr_err_set(err, -ENOMEM, "%s: out of memory", w->path);
    }
    if (rc == 0) {
        rc = rr_npz_array(w, "manifest", RR_NPY_U8, 0, NULL, err);
    }
    if (rc == 0) {
        rc = rr_npz_append(w, "manifest", text, strlen(text), err);
    }
    if (rc == 0) {
        rc = seal(w, &w->spools[w->count - 1], hex, err);
    }
    free(text);
    json_decref(manifest);
    return rc;
}

static int
fail_zip(const struct rr_npz_writer *w, const char *why, struct rr_err *err)
{
    return rr_err_set(err, -EIO, "%s: cannot write the archive: %s", w->path, why);
}

/* Hand a spool file to the archive, which closes it. The time is fixed: equal arrays make equal
 * files. Deflate level 1: planes are mostly zeros, and higher levels gain little. */
static int
add_member(struct rr_npz_writer *w, zip_t *zip, struct spool *s, struct rr_err *err)
{
    char name[NPZ_NAME_MAX + 4];
    const uint64_t bytes = NPY_HEAD_BYTES + s->array.shape[0] * s->row_bytes;
    zip_source_t *source = zip_source_filep(zip, s->file, 0, (zip_int64_t)bytes);
    zip_int64_t index;

    if (source == NULL) {
        return fail_zip(w, zip_strerror(zip), err);
    }
    s->file = NULL; /* the source owns it */
    (void)snprintf(name, sizeof name, "%s.npy", s->name);
    index = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        return fail_zip(w, zip_strerror(zip), err);
    }
    if (zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_DEFLATE, 1) != 0 ||
        zip_file_set_dostime(zip, (zip_uint64_t)index, 0, 33, 0) != 0) {
        return fail_zip(w, zip_strerror(zip), err);
    }
    return 0;
}

static int
write_archive(struct rr_npz_writer *w, struct rr_err *err)
{
    int code = 0;
    int rc = 0;
    zip_t *zip = zip_open(w->path, ZIP_CREATE | ZIP_TRUNCATE, &code);

    if (zip == NULL) {
        zip_error_t why;

        zip_error_init_with_code(&why, code);
        rc = fail_zip(w, zip_error_strerror(&why), err);
        zip_error_fini(&why);
        return rc;
    }
    for (uint32_t i = 0; rc == 0 && i < w->count; i++) {
        rc = add_member(w, zip, &w->spools[i], err);
    }
    if (rc == 0 && zip_close(zip) != 0) {
        rc = fail_zip(w, zip_strerror(zip), err);
    } else if (rc == 0) {
        zip = NULL;
    }
    if (zip != NULL) {
        zip_discard(zip);
    }
    return rc;
}

static void
writer_free(struct rr_npz_writer *w)
{
    for (uint32_t i = 0; i < w->count; i++) {
        if (w->spools[i].file != NULL) {
            (void)fclose(w->spools[i].file);
        }
    }
    free(w->path);
    free(w);
}

static int
sync_file(const struct rr_npz_writer *w, struct rr_err *err)
{
    const int fd = open(w->path, O_RDONLY | O_CLOEXEC);
    int rc = 0;

    errno = 0;
    if (fd < 0 || fsync(fd) != 0) {
        rc = fail_io(w, "sync", err);
    }
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

int
rr_npz_finish(struct rr_npz_writer *w, struct rr_err *err)
{
    int rc = make_manifest(w, err);

    if (rc == 0) {
        rc = write_archive(w, err);
    }
    if (rc == 0) {
        rc = sync_file(w, err);
    }
    if (rc != 0) {
        rr_npz_abandon(w);
        return rc;
    }
    writer_free(w);
    return 0;
}

void
rr_npz_abandon(struct rr_npz_writer *w)
{
    if (w != NULL) {
        (void)unlink(w->path);
        writer_free(w);
    }
}
