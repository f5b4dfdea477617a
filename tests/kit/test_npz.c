/* SPDX-License-Identifier: MIT */
/*
 * test_npz.c - NPZ files: round trip, damage, limits. With an argument, only write a sample file
 * there, for test_npz_numpy.sh.
 */
#include <rr/npz.h>

#include "tests/tap.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#define ROWS 1000u

static char dir[256];
static char path[300];
static char bad[300];

static int
write_sample(const char *to, struct rr_err *err)
{
    const uint64_t shape[3] = {3, 2, 5};
    const uint64_t four = 4;
    struct rr_npz_writer *w = NULL;
    int rc = rr_npz_create(to, &w, err);

    if (rc != 0) {
        return rc;
    }
    rc = rr_npz_array(w, "features", RR_NPY_U8, 3, shape, err);
    rc = rc != 0 ? rc : rr_npz_array(w, "value_rel", RR_NPY_F32, 1, &four, err);
    rc = rc != 0 ? rc : rr_npz_array(w, "policy_off", RR_NPY_I64, 0, NULL, err);
    rc = rc != 0 ? rc : rr_npz_array(w, "policy_idx", RR_NPY_I32, 0, NULL, err);
    rc = rc != 0 ? rc : rr_npz_array(w, "empty", RR_NPY_F32, 1, &four, err);
    for (uint32_t i = 0; rc == 0 && i < ROWS; i++) {
        uint8_t planes[30];
        const float value[4] = {(float)i, 0.5f, -1.0f, 0.0f};
        const int64_t off = (int64_t)i * 3000000000;
        const int32_t idx = -(int32_t)i;

        memset(planes, (int)(i % 256), sizeof planes);
        rc = rr_npz_append(w, "features", planes, 1, err);
        rc = rc != 0 ? rc : rr_npz_append(w, "value_rel", value, 1, err);
        rc = rc != 0 ? rc : rr_npz_append(w, "policy_off", &off, 1, err);
        rc = rc != 0 ? rc : rr_npz_append(w, "policy_idx", &idx, 1, err);
    }
    if (rc != 0) {
        rr_npz_abandon(w);
        return rc;
    }
    return rr_npz_finish(w, err);
}

static void
test_round_trip(void)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_npz *npz = NULL;
    const struct rr_npy *a;

    is_int(write_sample(path, &err), 0, "a file is written");
    if (!is_int(rr_npz_open(path, &npz, &err), 0, "and opened")) {
        diag("%s", err.text);
        return;
    }
    a = rr_npz_get(npz, "features");
    ok(a != NULL && a->type == RR_NPY_U8 && a->dims == 4 && a->shape[0] == ROWS &&
           a->shape[1] == 3 && a->shape[2] == 2 && a->shape[3] == 5 && a->bytes == ROWS * 30,
       "features have their shape");
    ok(((const uint8_t *)a->data)[299 * 30 + 29] == 299 % 256, "and their bytes");
    a = rr_npz_get(npz, "value_rel");
    ok(a->type == RR_NPY_F32 && ((const float *)a->data)[4 * 777] == 777.0f,
       "f32 arrays are right");
    a = rr_npz_get(npz, "policy_off");
    ok(a->dims == 1 && ((const int64_t *)a->data)[999] == 999 * 3000000000, "i64 arrays are right");
    a = rr_npz_get(npz, "policy_idx");
    ok(((const int32_t *)a->data)[999] == -999, "i32 arrays are right");
    a = rr_npz_get(npz, "empty");
    ok(a != NULL && a->shape[0] == 0 && a->shape[1] == 4 && a->bytes == 0, "an array may be empty");
    ok(rr_npz_get(npz, "nosuch") == NULL, "an array that is not there is NULL");
    rr_npz_close(npz);
}

static int
opens(const char *file)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_npz *npz = NULL;
    const int rc = rr_npz_open(file, &npz, &err);

    rr_npz_close(npz);
    return rc;
}

static void
test_damage(void)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(1u << 20);
    const size_t bytes = fread(data, 1, 1u << 20, file);
    struct rr_err err = RR_ERR_INIT;
    struct rr_npz *npz = NULL;
    size_t missed = 0;

    (void)fclose(file);
    for (size_t cut = 0; cut < bytes; cut += 7) {
        file = fopen(bad, "wb");
        (void)fwrite(data, 1, cut, file);
        (void)fclose(file);
        missed += opens(bad) == 0;
    }
    is_int((int64_t)missed, 0, "a file cut anywhere is refused");
    missed = 0;
    for (size_t at = 0; at < bytes; at += 3) {
        data[at] ^= 0x10;
        file = fopen(bad, "wb");
        (void)fwrite(data, 1, bytes, file);
        (void)fclose(file);
        data[at] ^= 0x10;
        if (rr_npz_open(bad, &npz, &err) == 0) {
            /* A time or an attribute may differ: what counts is that the arrays do not. */
            const struct rr_npy *a = rr_npz_get(npz, "policy_idx");

            missed += a == NULL || ((const int32_t *)a->data)[999] != -999;
            rr_npz_close(npz);
        }
    }
    is_int((int64_t)missed, 0, "a flipped byte is found or has no effect on the arrays");
    free(data);
    ok(opens("/nonexistent/x.npz") == -ENOENT, "a missing file is named as such");
}

/* Add or replace one member behind the writer's back. */
static int
tamper(const char *name, const void *data, size_t bytes)
{
    int code = 0;
    zip_t *zip;
    zip_source_t *source;
    struct rr_err err = RR_ERR_INIT;

    if (write_sample(bad, &err) != 0 || (zip = zip_open(bad, 0, &code)) == NULL) {
        return -1;
    }
    source = zip_source_buffer(zip, data, bytes, 0);
    if (zip_file_add(zip, name, source, ZIP_FL_OVERWRITE) < 0) {
        zip_source_free(source);
        zip_discard(zip);
        return -1;
    }
    return zip_close(zip);
}

static const char *
with_shape(const char *shape, char *out)
{
    memset(out, ' ', 128);
    memcpy(out, "\x93NUMPY\x01\x00\x76\x00", 10);
    out[10 + sprintf(out + 10, "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }", shape)] =
        ' ';
    out[127] = '\n';
    return out;
}

static void
test_lies(void)
{
    char head[512];

    is_int(tamper("extra.npy", with_shape("(0,)", head), 128), 0, "a member is added");
    ok(opens(bad) == RR_E_CORRUPT, "an array that the manifest lacks is refused");
    is_int(tamper("empty.npy", with_shape("(0, 5)", head), 128), 0, "a member is replaced");
    ok(opens(bad) == RR_E_CORRUPT, "an array that differs from the manifest is refused");
    is_int(tamper("empty.npy", with_shape("(99999999999, 99999999999)", head), 128), 0,
           "a shape that overflows is written");
    ok(opens(bad) == RR_E_CORRUPT, "and refused before memory is taken");
    is_int(tamper("empty.npy", with_shape("(5", head), 128), 0, "a broken header is written");
    ok(opens(bad) == RR_E_CORRUPT, "and refused");
    is_int(tamper("x.txt", "hello", 5), 0, "a stranger is added");
    ok(opens(bad) == RR_E_CORRUPT, "and refused");
}

static void
test_misuse(void)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_npz_writer *w = NULL;
    const uint64_t huge = 1ull << 60;
    struct stat st;

    is_int(rr_npz_create(bad, &w, &err), 0, "a writer is made");
    is_int(rr_npz_array(w, "a", RR_NPY_U8, 0, NULL, &err), 0, "with an array");
    ok(rr_npz_array(w, "a", RR_NPY_U8, 0, NULL, &err) == -EINVAL, "not twice");
    ok(rr_npz_array(w, "b", 77, 0, NULL, &err) == -EINVAL, "not of an unknown type");
    ok(rr_npz_array(w, "b/c", RR_NPY_U8, 0, NULL, &err) == -EINVAL, "not with a path as name");
    ok(rr_npz_array(w, "c", RR_NPY_I64, 1, &huge, &err) == -EOVERFLOW, "not with huge rows");
    ok(rr_npz_append(w, "nosuch", "x", 1, &err) == -EINVAL, "rows need a declared array");
    (void)unlink(bad);
    rr_npz_abandon(w);
    ok(stat(bad, &st) != 0, "an abandoned writer leaves nothing");
}

int
main(int argc, char **argv)
{
    const char *tmp = getenv("TMPDIR");
    struct rr_err error = RR_ERR_INIT;

    if (argc == 2) {
        if (write_sample(argv[1], &error) != 0) {
            fprintf(stderr, "%s\n", error.text);
            return 1;
        }
        return 0;
    }
    (void)snprintf(dir, sizeof dir, "%s/rr-npz-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(dir) == NULL) {
        return 99;
    }
    (void)snprintf(path, sizeof path, "%s/a.npz", dir);
    (void)snprintf(bad, sizeof bad, "%s/b.npz", dir);
    test_round_trip();
    test_damage();
    test_lies();
    test_misuse();
    (void)unlink(path);
    (void)unlink(bad);
    ok(rmdir(dir) == 0, "no file is left over");
    return tap_done();
}
