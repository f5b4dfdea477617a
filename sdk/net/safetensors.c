/* SPDX-License-Identifier: MIT */
/*
 * safetensors.c - reads and writes tensor files.
 *
 * Owns: the form of the file. Every size that a file states is checked against the size the file
 * has before anything is allocated by it.
 * Does not: know what the tensors mean.
 */
#include "sdk/net/safetensors.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors data is little endian");

/* A thousand tensors need 100 KiB; no header of ours comes near this. */
#define HEADER_BYTES_MAX ((uint64_t)16 << 20)
#define TENSORS_MAX 65536u

struct st_file {
    json_t *header;
    float *data;
    uint64_t data_bytes;
    struct st_tensor *tensors; /* in order of their data */
    size_t n;
    const char **meta;
};

/* --- writing -----------------------------------------------------------------------------------
 */

static int
write_all(int fd, const void *buf, size_t n)
{
    const char *p = buf;

    while (n > 0) {
        const ssize_t k = write(fd, p, n);

        if (k < 0 && errno == EINTR) {
            continue;
        }
        if (k < 0) {
            return -errno;
        }
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

/* The header as text, padded with blanks so that the data begins at a multiple of 8. */
static char *
header_text(const char *const *meta, const struct st_tensor *tensors, size_t n, uint64_t *length)
{
    json_t *root = json_object();
    json_t *words = json_object();
    uint64_t at = 0;
    bool bad = false;
    char *text, *padded = NULL;

    for (size_t i = 0; meta != NULL && meta[i] != NULL; i += 2) {
        bad |= json_object_set_new(words, meta[i], json_string(meta[i + 1])) != 0;
    }
    bad |= json_object_set_new(root, "__metadata__", words) != 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t end = at + tensors[i].count * sizeof(float);
        json_t *shape = json_array();

        for (uint32_t d = 0; d < tensors[i].n_dims; d++) {
            bad |= json_array_append_new(shape, json_integer((json_int_t)tensors[i].dims[d])) != 0;
        }
        bad |= json_object_set_new(root, tensors[i].name,
                                   json_pack("{ss so s[II]}", "dtype", "F32", "shape", shape,
                                             "data_offsets", (json_int_t)at, (json_int_t)end)) != 0;
        at = end;
    }
    text = bad ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (text != NULL) {
        const size_t len = strlen(text);

        *length = (len + 7) / 8 * 8;
        padded = malloc(*length);
        if (padded != NULL) {
            memset(padded, ' ', *length);
            memcpy(padded, text, len);
        }
        free(text);
    }
    return padded;
}

/* A rename is only durable when the folder is synced as well. */
static int
sync_folder(const char *path)
{
    char *folder = strdup(path);
    char *slash = folder == NULL ? NULL : strrchr(folder, '/');
    int fd, rc = 0;

    if (folder == NULL) {
        return -ENOMEM;
    }
    if (slash != NULL) {
        slash[slash == folder ? 1 : 0] = '\0';
    }
    fd = open(slash == NULL ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        rc = -errno;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    free(folder);
    return rc;
}

static int
write_file(const char *path, const char *header, uint64_t length, const struct st_tensor *tensors,
           size_t n)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int rc;

    if (fd < 0) {
        return -errno;
    }
    rc = write_all(fd, &length, sizeof length);
    rc = rc ? rc : write_all(fd, header, length);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = write_all(fd, tensors[i].data, tensors[i].count * sizeof(float));
    }
    if (rc == 0 && fsync(fd) != 0) {
        rc = -errno;
    }
    if (close(fd) != 0 && rc == 0) {
        rc = -errno;
    }
    return rc;
}

int
st_write(const char *path, const char *const *meta, const struct st_tensor *tensors, size_t n,
         struct rr_err *err)
{
    uint64_t length = 0;
    char *header = header_text(meta, tensors, n, &length);
    char *tmp = NULL;
    int rc = -ENOMEM;

    if (header == NULL || asprintf(&tmp, "%s.tmp", path) < 0) {
        free(header);
        return rr_err_set(err, -ENOMEM, "%s: out of memory, or a name or a value is not UTF-8",
                          path);
    }
    rc = write_file(tmp, header, length, tensors, n);
    if (rc == 0 && rename(tmp, path) != 0) {
        rc = -errno;
    }
    if (rc == 0) {
        rc = sync_folder(path);
    } else {
        (void)unlink(tmp);
    }
    if (rc != 0) {
        rr_err_set(err, rc, "%s: cannot write: %s", path, strerror(-rc));
    }
    free(tmp);
    free(header);
    return rc;
}

/* --- reading -----------------------------------------------------------------------------------
 */

static int
corrupt(struct rr_err *err, const char *path, const char *what)
{
    return rr_err_set(err, RR_E_CORRUPT, "%s: not a whole safetensors file: %s", path, what);
}

static int
read_all(int fd, void *buf, uint64_t n)
{
    char *p = buf;

    while (n > 0) {
        const ssize_t k = read(fd, p, n);

        if (k < 0 && errno == EINTR) {
            continue;
        }
        if (k <= 0) {
            return k < 0 ? -errno : -ENODATA;
        }
        p += k;
        n -= (uint64_t)k;
    }
    return 0;
}

/* A number of the header as an unsigned one; false when it is something else. */
static bool
get_size(const json_t *v, uint64_t *out)
{
    if (!json_is_integer(v) || json_integer_value(v) < 0) {
        return false;
    }
    *out = (uint64_t)json_integer_value(v);
    return true;
}

static int
read_tensor(struct st_file *f, const char *path, const char *name, const json_t *obj,
            struct rr_err *err)
{
    const json_t *shape = json_object_get(obj, "shape");
    const json_t *span = json_object_get(obj, "data_offsets");
    const char *dtype = json_string_value(json_object_get(obj, "dtype"));
    struct st_tensor *t = &f->tensors[f->n++];
    uint64_t begin, end, count = 1;

    if (dtype == NULL || !json_is_array(shape) || json_array_size(span) != 2 ||
        !get_size(json_array_get(span, 0), &begin) || !get_size(json_array_get(span, 1), &end)) {
        return corrupt(err, path, "a tensor lacks its type, shape or place");
    }
    if (strcmp(dtype, "F32") != 0) {
        return rr_err_set(err, RR_E_MISMATCH, "%s: tensor %.60s is %.20s; only F32 is read", path,
                          name, dtype);
    }
    if (json_array_size(shape) > ST_DIMS_MAX) {
        return corrupt(err, path, "a tensor has more than 4 dimensions");
    }
    t->n_dims = (uint32_t)json_array_size(shape);
    for (uint32_t d = 0; d < t->n_dims; d++) {
        if (!get_size(json_array_get(shape, d), &t->dims[d]) ||
            __builtin_mul_overflow(count, t->dims[d], &count)) {
            return corrupt(err, path, "the shape of a tensor is not a size");
        }
    }
    if (begin > end || end > f->data_bytes || begin % sizeof(float) != 0 ||
        count > f->data_bytes / sizeof(float) || count * sizeof(float) != end - begin) {
        return corrupt(err, path, "a tensor does not fit its shape or the file");
    }
    t->name = name;
    t->data = f->data + begin / sizeof(float);
    t->count = (size_t)count;
    return 0;
}

static int
by_place(const void *a, const void *b)
{
    const struct st_tensor *x = a, *y = b;

    if (x->data != y->data) {
        return x->data < y->data ? -1 : 1;
    }
    return (x->count > y->count) - (x->count < y->count); /* empty ones first */
}

static int
read_meta(struct st_file *f, const char *path, const json_t *obj, struct rr_err *err)
{
    const size_t n = json_object_size(obj);
    const char *key;
    json_t *value;
    size_t i = 0;

    if (obj != NULL && !json_is_object(obj)) {
        return corrupt(err, path, "metadata is not an object");
    }
    f->meta = calloc(2 * n + 1, sizeof *f->meta);
    if (f->meta == NULL) {
        return rr_err_set(err, -ENOMEM, "%s: out of memory", path);
    }
    json_object_foreach((json_t *)(uintptr_t)obj, key, value) {
        if (!json_is_string(value)) {
            return corrupt(err, path, "metadata must be strings");
        }
        f->meta[i++] = key;
        f->meta[i++] = json_string_value(value);
    }
    return 0;
}

static int
read_header(struct st_file *f, const char *path, struct rr_err *err)
{
    const size_t n = json_object_size(f->header);
    const float *at = f->data;
    const char *key;
    json_t *value;
    int rc;

    if (!json_is_object(f->header) || n > TENSORS_MAX) {
        return corrupt(err, path, "the header is not an object, or too large");
    }
    rc = read_meta(f, path, json_object_get(f->header, "__metadata__"), err);
    f->tensors = calloc(n + 1, sizeof *f->tensors);
    if (rc == 0 && f->tensors == NULL) {
        rc = rr_err_set(err, -ENOMEM, "%s: out of memory", path);
    }
    if (rc != 0) {
        return rc;
    }
    json_object_foreach(f->header, key, value) {
        if (strcmp(key, "__metadata__") != 0) {
            rc = read_tensor(f, path, key, value, err);
            if (rc != 0) {
                return rc;
            }
        }
    }
    qsort(f->tensors, f->n, sizeof *f->tensors, by_place);
    for (size_t i = 0; i < f->n; i++) {
        if (f->tensors[i].data != at) {
            return corrupt(err, path, "tensors overlap or leave a gap");
        }
        at += f->tensors[i].count;
    }
    if (at != f->data + f->data_bytes / sizeof(float) || f->data_bytes % sizeof(float) != 0) {
        return corrupt(err, path, "there is data that belongs to no tensor");
    }
    return 0;
}

static int
read_open_file(struct st_file *f, int fd, const char *path, struct rr_err *err)
{
    json_error_t why;
    struct stat st;
    uint64_t length = 0;
    char *text;
    int rc;

    if (fstat(fd, &st) != 0) {
        return rr_err_set(err, -errno, "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return rr_err_set(err, RR_E_INPUT, "%s: not a regular file", path);
    }
    if (st.st_size < 8 || read_all(fd, &length, sizeof length) != 0) {
        return corrupt(err, path, "shorter than its first number");
    }
    if (length > HEADER_BYTES_MAX || length > (uint64_t)st.st_size - 8) {
        return corrupt(err, path, "the header is longer than the file or than 16 MiB");
    }
    f->data_bytes = (uint64_t)st.st_size - 8 - length;
    text = malloc(length + 1);
    f->data = malloc(f->data_bytes + sizeof(float));
    if (text == NULL || f->data == NULL) {
        free(text);
        return rr_err_set(err, -ENOMEM, "%s: out of memory for %" PRIu64 " bytes", path,
                          length + f->data_bytes);
    }
    rc = read_all(fd, text, length);
    rc = rc ? rc : read_all(fd, f->data, f->data_bytes);
    if (rc != 0) {
        rr_err_set(err, rc, "%s: cannot read: %s", path, strerror(-rc));
    } else {
        f->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
        rc = f->header == NULL ? corrupt(err, path, why.text) : read_header(f, path, err);
    }
    free(text);
    return rc;
}

int
st_read(const char *path, struct st_file **file, struct rr_err *err)
{
    struct st_file *f = calloc(1, sizeof *f);
    int fd, rc;

    *file = NULL;
    if (f == NULL) {
        return rr_err_set(err, -ENOMEM, "%s: out of memory", path);
    }
    /* O_NONBLOCK: a name that turns out to be a fifo must not stop us. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        rc = rr_err_set(err, -errno, "%s: cannot open: %s", path, strerror(errno));
    } else {
        rc = read_open_file(f, fd, path, err);
        (void)close(fd);
    }
    if (rc != 0) {
        st_free(f);
        return rc;
    }
    *file = f;
    return 0;
}

void
st_free(struct st_file *file)
{
    if (file != NULL) {
        json_decref(file->header);
        free(file->data);
        free(file->tensors);
        free(file->meta);
        free(file);
    }
}

const char *const *
st_meta(const struct st_file *file)
{
    return (const char *const *)file->meta;
}

const struct st_tensor *
st_find(const struct st_file *file, const char *name)
{
    for (size_t i = 0; i < file->n; i++) {
        if (strcmp(file->tensors[i].name, name) == 0) {
            return &file->tensors[i];
        }
    }
    return NULL;
}

size_t
st_count(const struct st_file *file)
{
    return file->n;
}
