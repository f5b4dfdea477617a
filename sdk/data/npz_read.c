/* SPDX-License-Identifier: MIT */
/*
 * npz_read.c - reading NPZ files into memory: sizes are checked against the file and the array
 * headers before memory is taken, contents against the manifest before anyone sees them.
 */
#include <rr/digest.h>
#include <rr/npz.h>

#include "sdk/data/le.h"
#include "sdk/data/npy.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#define ALIGN_BYTES 64u       /* vector loads like it */
#define DEFLATE_RATIO 1032u   /* deflate cannot shrink more; a larger claim is a lie */
#define READ_BYTES (1u << 20) /* hash while the bytes are in the cache */

struct member {
    char name[NPZ_NAME_MAX];
    char sha256[RR_SHA256_HEX];
    struct rr_npy array;
    void *data;
};

struct rr_npz {
    struct member members[NPZ_MEMBERS_MAX];
    uint32_t count;
};

static int
corrupt(const char *path, const char *name, const char *what, struct rr_err *err)
{
    return rr_err_set(err, RR_E_CORRUPT, "%s: %s: %s", path, name, what);
}

static int
read_all(zip_file_t *file, uint8_t *out, uint64_t bytes, struct rr_digest *digest,
         struct rr_err *err)
{
    while (bytes > 0) {
        const zip_int64_t got = zip_fread(file, out, bytes < READ_BYTES ? bytes : READ_BYTES);
        int rc;

        if (got <= 0) {
            return rr_err_set(err, RR_E_CORRUPT, "cannot be read: %s",
                              got == 0 ? "it ends too early" : zip_file_strerror(file));
        }
        rc = rr_digest_add(digest, out, (size_t)got, err);
        if (rc != 0) {
            return rc;
        }
        out += got;
        bytes -= (uint64_t)got;
    }
    return 0;
}

/* Read and parse the header; *left gets how many bytes must follow. */
static int
read_head(zip_file_t *file, uint64_t member_bytes, struct member *m, struct rr_digest *digest,
          uint64_t *left, struct rr_err *err)
{
    uint8_t head[1024];
    size_t length;
    int rc;

    if (member_bytes < 10) {
        return rr_err_set(err, RR_E_CORRUPT, "too short for an array");
    }
    rc = read_all(file, head, 10, digest, err);
    if (rc != 0) {
        return rc;
    }
    length = 10 + (size_t)le_get(head + 8, 2);
    if (length > sizeof head || length > member_bytes) {
        return rr_err_set(err, RR_E_CORRUPT, "impossible header length %zu", length);
    }
    rc = read_all(file, head + 10, length - 10, digest, err);
    if (rc == 0) {
        rc = npy_head_parse(head, length, &m->array, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (npy_bytes(&m->array, left) != 0 || *left != member_bytes - length) {
        return rr_err_set(err, RR_E_CORRUPT, "its shape does not fit its %llu bytes",
                          (unsigned long long)member_bytes);
    }
    return 0;
}

static int
read_member(zip_file_t *file, uint64_t member_bytes, struct member *m, struct rr_err *err)
{
    struct rr_digest *digest = NULL;
    uint8_t hash[RR_SHA256_BYTES];
    uint8_t beyond;
    uint64_t bytes = 0;
    int rc = rr_digest_new(&digest, err);

    if (rc == 0) {
        rc = read_head(file, member_bytes, m, digest, &bytes, err);
    }
    if (rc == 0) {
        const size_t room = (bytes + ALIGN_BYTES) / ALIGN_BYTES * ALIGN_BYTES;

        m->data = aligned_alloc(ALIGN_BYTES, room); /* never empty: bytes + 1 fit */
        if (m->data == NULL) {
            rc = rr_err_set(err, -ENOMEM, "no memory for %zu bytes", room);
        }
    }
    if (rc == 0) {
        rc = read_all(file, m->data, bytes, digest, err);
    }
    /* The archive's own checksum is compared when its end is reached. */
    if (rc == 0 && zip_fread(file, &beyond, 1) != 0) {
        rc = rr_err_set(err, RR_E_CORRUPT, "wrong checksum or length");
    }
    if (rc == 0) {
        rc = rr_digest_end(digest, hash, err);
    }
    if (rc == 0) {
        rr_sha256_hex(hash, m->sha256);
        m->array.data = m->data;
        m->array.bytes = bytes;
    }
    rr_digest_free(digest);
    return rc;
}

/* Judge what the directory of the archive says about member i before anything is read. */
static int
check_entry(const char *path, const zip_stat_t *st, struct rr_npz *npz, struct rr_err *err)
{
    const zip_uint64_t need =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    struct member *m = &npz->members[npz->count];
    size_t length;

    if ((st->valid & need) != need) {
        return corrupt(path, "archive", "an entry without name or size", err);
    }
    length = strlen(st->name);
    if (length < 5 || length - 4 >= NPZ_NAME_MAX || strcmp(st->name + length - 4, ".npy") != 0) {
        return corrupt(path, st->name, "not the name of an array", err);
    }
    if ((st->comp_method != ZIP_CM_DEFLATE && st->comp_method != ZIP_CM_STORE) ||
        st->size > NPZ_ARRAY_MAX + 1024 || st->size / DEFLATE_RATIO > st->comp_size) {
        return corrupt(path, st->name, "impossible size or compression", err);
    }
    memcpy(m->name, st->name, length - 4);
    m->name[length - 4] = '\0';
    if (rr_npz_get(npz, m->name) != NULL) {
        return corrupt(path, m->name, "is there twice", err);
    }
    return 0;
}

static int
read_entry(const char *path, zip_t *zip, zip_uint64_t index, struct rr_npz *npz, struct rr_err *err)
{
    struct member *m = &npz->members[npz->count];
    zip_file_t *file;
    zip_stat_t st;
    int rc;

    if (zip_stat_index(zip, index, 0, &st) != 0) {
        return corrupt(path, "archive", zip_strerror(zip), err);
    }
    rc = check_entry(path, &st, npz, err);
    if (rc != 0) {
        return rc;
    }
    file = zip_fopen_index(zip, index, 0);
    if (file == NULL) {
        return corrupt(path, m->name, zip_strerror(zip), err);
    }
    rc = read_member(file, st.size, m, err);
    zip_fclose(file);
    if (rc != 0) {
        (void)rr_err_wrap(err, "%s: %s", path, m->name);
        free(m->data);
        m->data = NULL;
        return rc;
    }
    npz->count++;
    return 0;
}

/* Every array but the manifest is named in the manifest with its hash, and no other is. */
static int
check_manifest(const char *path, const struct rr_npz *npz, struct rr_err *err)
{
    const struct rr_npy *array = rr_npz_get(npz, "manifest");
    json_t *manifest;
    int rc = 0;

    if (array == NULL || array->type != RR_NPY_U8 || array->dims != 1) {
        return corrupt(path, "manifest", "is missing", err);
    }
    manifest = json_loadb(array->data, array->bytes, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(manifest) || json_object_size(manifest) + 1 != npz->count) {
        rc = corrupt(path, "manifest", "does not name exactly the other arrays", err);
    }
    for (uint32_t i = 0; rc == 0 && i < npz->count; i++) {
        const struct member *m = &npz->members[i];
        const char *want = json_string_value(json_object_get(manifest, m->name));

        if (&m->array != array && (want == NULL || strcmp(want, m->sha256) != 0)) {
            rc = corrupt(path, m->name, "contents differ from the manifest", err);
        }
    }
    json_decref(manifest);
    return rc;
}

int
rr_npz_open(const char *path, struct rr_npz **out, struct rr_err *err)
{
    struct rr_npz *npz = calloc(1, sizeof *npz);
    int code = 0;
    int rc = 0;
    zip_int64_t entries;
    zip_t *zip;

    if (npz == NULL) {
        return rr_err_set(err, -ENOMEM, "%s: out of memory", path);
    }
    zip = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code);
    if (zip == NULL) {
        zip_error_t why;

        zip_error_init_with_code(&why, code);
        rc = rr_err_set(err, code == ZIP_ER_NOENT ? -ENOENT : RR_E_CORRUPT,
                        "%s: cannot open the archive: %s", path, zip_error_strerror(&why));
        zip_error_fini(&why);
        free(npz);
        return rc;
    }
    entries = zip_get_num_entries(zip, 0);
    if (entries < 1 || entries > (zip_int64_t)NPZ_MEMBERS_MAX) {
        rc = corrupt(path, "archive", "impossible number of arrays", err);
    }
    for (zip_int64_t i = 0; rc == 0 && i < entries; i++) {
        rc = read_entry(path, zip, (zip_uint64_t)i, npz, err);
    }
    zip_discard(zip);
    if (rc == 0) {
        rc = check_manifest(path, npz, err);
    }
    if (rc != 0) {
        rr_npz_close(npz);
        return rc;
    }
    *out = npz;
    return 0;
}

const struct rr_npy *
rr_npz_get(const struct rr_npz *npz, const char *name)
{
    for (uint32_t i = 0; i < npz->count; i++) {
        if (strcmp(npz->members[i].name, name) == 0) {
            return &npz->members[i].array;
        }
    }
    return NULL;
}

void
rr_npz_close(struct rr_npz *npz)
{
    if (npz == NULL) {
        return;
    }
    for (uint32_t i = 0; i < npz->count; i++) {
        free(npz->members[i].data);
    }
    free(npz);
}
