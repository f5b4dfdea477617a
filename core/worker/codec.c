/* SPDX-License-Identifier: MIT */
/*
 * codec.c - event payloads between a C struct and a JSON object.
 *
 * Pure. Owns nothing; knows nothing of frames.
 */
#include "core/worker/codec.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/common/mem.h"
#include "core/common/text.h"

static const char *const kind_names[] = {
    [RR_FIELD_STR] = "str", [RR_FIELD_U64] = "u64",   [RR_FIELD_I64] = "i64",
    [RR_FIELD_F64] = "f64", [RR_FIELD_BOOL] = "bool", [RR_FIELD_JSON] = "json",
};

const char *
codec_kind_name(uint32_t kind)
{
    return kind < sizeof kind_names / sizeof kind_names[0] ? kind_names[kind] : NULL;
}

static json_t *
encode_text(const char *text, struct rr_err *err)
{
    if (text == NULL) {
        rr_err_set(err, RR_E_INPUT, "text is NULL; use \"\"");
        return NULL;
    }
    json_t *value = json_string(text);
    if (value == NULL) {
        rr_err_set(err, RR_E_INPUT, "text is not UTF-8");
    }
    return value;
}

static json_t *
encode_unsigned(uint64_t number, struct rr_err *err)
{
    if (number > (uint64_t)INT64_MAX) {
        /* JSON readers, ours among them, keep integers in 64 signed bits. */
        rr_err_set(err, RR_E_INPUT, "%llu is over 2^63-1", (unsigned long long)number);
        return NULL;
    }
    return json_integer((json_int_t)number);
}

static json_t *
encode_real(double number, struct rr_err *err)
{
    if (!isfinite(number)) {
        rr_err_set(err, RR_E_INPUT, "number is not finite");
        return NULL;
    }
    return json_real(number);
}

static json_t *
encode_bool(uint64_t number, struct rr_err *err)
{
    if (number > 1) {
        rr_err_set(err, RR_E_INPUT, "%llu is not 0 or 1", (unsigned long long)number);
        return NULL;
    }
    return json_boolean(number);
}

static json_t *
encode_json(const char *text, struct rr_err *err)
{
    if (text == NULL) {
        rr_err_set(err, RR_E_INPUT, "JSON text is NULL; use \"null\"");
        return NULL;
    }
    json_error_t why;
    json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why);
    if (value == NULL) {
        rr_err_set(err, RR_E_INPUT, "not JSON: %s at byte %d", why.text, why.position);
    }
    return value;
}

static json_t *
encode_field(const struct rr_field *field, const void *payload, struct rr_err *err)
{
    const char *at = (const char *)payload + field->offset;
    const char *text;
    uint64_t number;
    int64_t integer;
    double real;

    switch (field->kind) {
    case RR_FIELD_STR:
        memcpy(&text, at, sizeof text);
        return encode_text(text, err);
    case RR_FIELD_U64:
        memcpy(&number, at, sizeof number);
        return encode_unsigned(number, err);
    case RR_FIELD_I64:
        memcpy(&integer, at, sizeof integer);
        return json_integer(integer);
    case RR_FIELD_F64:
        memcpy(&real, at, sizeof real);
        return encode_real(real, err);
    case RR_FIELD_BOOL:
        memcpy(&number, at, sizeof number);
        return encode_bool(number, err);
    case RR_FIELD_JSON:
        memcpy(&text, at, sizeof text);
        return encode_json(text, err);
    default:
        rr_err_set(err, RR_E_INPUT, "unknown kind %u", field->kind);
        return NULL;
    }
}

json_t *
codec_encode_new(const struct rr_event_type *type, const void *payload, struct rr_err *err)
{
    json_t *object = json_object();
    if (object == NULL) {
        rr_err_set(err, -ENOMEM, "no memory for a payload of %s", type->name);
        return NULL;
    }
    for (const struct rr_field *field = type->fields; field->name != NULL; field++) {
        struct rr_err why = RR_ERR_INIT;
        rr_err_set(&why, -ENOMEM, "no memory");
        json_t *value = encode_field(field, payload, &why);
        if (value == NULL || json_object_set_new(object, field->name, value) != 0) {
            rr_err_set(err, why.code, "%s.%s: %s", type->name, field->name, why.text);
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

/* Print value as text that lives in the array texts. */
static const char *
print_into(const json_t *value, json_t *texts)
{
    char *printed = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (printed == NULL) {
        return NULL;
    }
    json_t *kept = json_string(printed);
    free(printed);
    if (kept == NULL || json_array_append_new(texts, kept) != 0) {
        return NULL;
    }
    return json_string_value(kept);
}

static int
decode_text(uint32_t kind, const json_t *value, json_t *texts, char *at)
{
    const char *text = kind == RR_FIELD_STR ? json_string_value(value) : print_into(value, texts);
    if (text == NULL) {
        return -1;
    }
    memcpy(at, &text, sizeof text);
    return 0;
}

static int
decode_integer(uint32_t kind, const json_t *value, char *at)
{
    if (!json_is_integer(value) || (kind == RR_FIELD_U64 && json_integer_value(value) < 0)) {
        return -1;
    }
    const int64_t number = json_integer_value(value); /* u64 has the same bytes when not negative */
    memcpy(at, &number, sizeof number);
    return 0;
}

/* Returns 0, or -1 when the value is not of the field's kind. */
static int
decode_field(const struct rr_field *field, const json_t *value, json_t *texts, void *out)
{
    char *at = (char *)out + field->offset;

    switch (field->kind) {
    case RR_FIELD_STR:
    case RR_FIELD_JSON:
        return decode_text(field->kind, value, texts, at);
    case RR_FIELD_U64:
    case RR_FIELD_I64:
        return decode_integer(field->kind, value, at);
    case RR_FIELD_F64: {
        if (!json_is_number(value)) {
            return -1;
        }
        const double real = json_number_value(value);
        memcpy(at, &real, sizeof real);
        return 0;
    }
    case RR_FIELD_BOOL: {
        if (!json_is_boolean(value)) {
            return -1;
        }
        const uint64_t truth = json_is_true(value) ? 1 : 0;
        memcpy(at, &truth, sizeof truth);
        return 0;
    }
    default:
        return -1;
    }
}

int
codec_decode(const struct rr_event_type *type, const json_t *object, json_t *texts, void *out,
             struct rr_err *err)
{
    memset(out, 0, type->struct_size);
    for (const struct rr_field *field = type->fields; field->name != NULL; field++) {
        const json_t *value = json_object_get(object, field->name);
        if (value == NULL) {
            return rr_err_set(err, RR_E_INPUT, "%s.%s: the payload has no such field", type->name,
                              field->name);
        }
        if (decode_field(field, value, texts, out) != 0) {
            return rr_err_set(err, RR_E_INPUT, "%s.%s: the value in the payload is not a %s",
                              type->name, field->name, codec_kind_name(field->kind));
        }
    }
    return 0;
}

json_t *
codec_text_new(const char *s, size_t max)
{
    const size_t bytes = strnlen(s, max);
    char *clean = mem_dupn(s, bytes);

    text_clean(clean);
    json_t *text = json_stringn(clean, bytes);
    free(clean);
    return text;
}
