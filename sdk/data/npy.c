/* SPDX-License-Identifier: MIT */
/*
 * npy.c - headers of numpy arrays (numpy's format document "NEP 1", version 1.0).
 */
#include "sdk/data/npy.h"

#include "sdk/data/le.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PREFIX_BYTES 10u /* magic, version, length of the text */

static const struct {
    uint32_t type;
    size_t width;
    const char *code;
} types[] = {
    {RR_NPY_U8, 1, "|u1"}, {RR_NPY_I32, 4, "<i4"}, {RR_NPY_I64, 8, "<i8"}, {RR_NPY_F32, 4, "<f4"}};

#define TYPES (sizeof types / sizeof types[0])

size_t
npy_width(uint32_t type)
{
    for (size_t i = 0; i < TYPES; i++) {
        if (types[i].type == type) {
            return types[i].width;
        }
    }
    return 0;
}

int
npy_bytes(const struct rr_npy *array, uint64_t *bytes)
{
    uint64_t total = npy_width(array->type);

    for (uint32_t d = 0; d < array->dims; d++) {
        if (__builtin_mul_overflow(total, array->shape[d], &total) || total > NPZ_ARRAY_MAX) {
            return -EOVERFLOW;
        }
    }
    *bytes = total;
    return 0;
}

int
npy_head_write(const struct rr_npy *array, uint8_t *out, struct rr_err *err)
{
    char text[192]; /* more than fits, so that what does not fit is seen */
    char shape[96] = "";
    const char *code = NULL;
    int length = 0;

    for (size_t i = 0; i < TYPES; i++) {
        code = types[i].type == array->type ? types[i].code : code;
    }
    for (uint32_t d = 0; d < array->dims; d++) {
        length += snprintf(shape + length, sizeof shape - (size_t)length, "%s%" PRIu64,
                           d == 0 ? "" : ", ", array->shape[d]);
    }
    length =
        snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (%s%s), }",
                 code == NULL ? "?" : code, shape, array->dims == 1 ? "," : "");
    if (code == NULL || length < 0 || (size_t)length > NPY_HEAD_BYTES - PREFIX_BYTES - 1) {
        return rr_err_set(err, -EOVERFLOW, "an array of type %u and %u dimensions has no header",
                          array->type, array->dims);
    }
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    le_put(out + 8, NPY_HEAD_BYTES - PREFIX_BYTES, 2);
    memset(out + PREFIX_BYTES, ' ', NPY_HEAD_BYTES - PREFIX_BYTES);
    memcpy(out + PREFIX_BYTES, text, (size_t)length);
    out[NPY_HEAD_BYTES - 1] = '\n';
    return 0;
}

/* Step over a literal; NULL when it is not there. */
static const char *
expect(const char *at, const char *literal)
{
    const size_t length = strlen(literal);

    return at != NULL && strncmp(at, literal, length) == 0 ? at + length : NULL;
}

static const char *
parse_type(const char *at, uint32_t *type)
{
    for (size_t i = 0; at != NULL && i < TYPES; i++) {
        if (strncmp(at, types[i].code, 3) == 0) {
            *type = types[i].type;
            return at + 3;
        }
    }
    return NULL;
}

/* "(5,)" or "(5, 2)": returns what follows, or NULL. */
static const char *
parse_shape(const char *at, struct rr_npy *array)
{
    at = expect(at, "(");
    while (at != NULL && *at != ')') {
        uint64_t value = 0;
        const char *digits = at;

        for (; *at >= '0' && *at <= '9' && at - digits < 12; at++) {
            value = value * 10 + (uint64_t)(*at - '0');
        }
        if (at == digits || array->dims == NPY_DIMS_MAX) {
            return NULL;
        }
        array->shape[array->dims++] = value;
        if (*at == ',') {
            at += at[1] == ' ' ? 2 : 1;
        } else if (*at != ')') {
            return NULL;
        }
    }
    return expect(at, ")");
}

int
npy_head_parse(const uint8_t *head, size_t length, struct rr_npy *array, struct rr_err *err)
{
    char text[1024];
    const char *at = text;

    if (length < PREFIX_BYTES + 1 || length - PREFIX_BYTES >= sizeof text ||
        memcmp(head, "\x93NUMPY\x01\x00", 8) != 0 || le_get(head + 8, 2) != length - PREFIX_BYTES) {
        return rr_err_set(err, RR_E_CORRUPT, "no numpy header of version 1.0");
    }
    memcpy(text, head + PREFIX_BYTES, length - PREFIX_BYTES);
    text[length - PREFIX_BYTES] = '\0';
    *array = (struct rr_npy){0};
    at = parse_type(expect(at, "{'descr': '"), &array->type);
    at = expect(at, "', 'fortran_order': False, 'shape': ");
    at = at == NULL ? NULL : parse_shape(at, array);
    at = expect(at, ", }");
    if (at == NULL) {
        at = text;
    } else {
        at += strspn(at, " ");
        at = *at == '\n' && at[1] == '\0' ? NULL : at;
    }
    if (at != NULL) {
        return rr_err_set(err, RR_E_CORRUPT, "array header not understood: %.80s", text);
    }
    return 0;
}
