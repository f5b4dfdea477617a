/* SPDX-License-Identifier: MIT */
/*
 * codec.c - event payloads between a C struct and a JSON object.
 *
 * Pure. Owns nothing; knows nothing of frames.
 */
#include "core/worker/codec.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/common/mem.h"
#include "core/common/text.h"

/* What a field holds; each kind takes eight bytes, as load_check.c sees to. */
union value {
    const char *text;
    uint64_t u;
    int64_t i;
    double f;
};

static json_t *
encode_text(const char *text, bool is_json, struct rr_err *err)
{
    json_error_t why;
    json_t *value;

    if (text == NULL) {
        rr_err_set(err, RR_E_INPUT,
                   is_json ? "JSON text is NULL; use \"null\"" : "text is NULL; use \"\"");
        return NULL;
    }
    if (!is_json) {
        value = json_string(text);
        if (value == NULL) {
            rr_err_set(err, RR_E_INPUT, "text is not UTF-8");
        }
        return value;
    }
    value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why);
    if (value == NULL) {
        rr_err_set(err, RR_E_INPUT, "not JSON: %s at byte %d", why.text, why.position);
    }
    return value;
}

static json_t *
encode_field(const struct rr_field *field, const void *payload, struct rr_err *err)
{
    union value value;

    memcpy(&value, (const char *)payload + field->offset, sizeof value);
    switch (field->kind) {
    case RR_FIELD_STR:
    case RR_FIELD_JSON:
        return encode_text(value.text, field->kind == RR_FIELD_JSON, err);
    case RR_FIELD_U64:
        if (value.u <= (uint64_t)INT64_MAX) {
            return json_integer(value.i);
        }
        /* JSON readers, ours among them, keep integers in 64 signed bits. */
        rr_err_set(err, RR_E_INPUT, "%llu is over 2^63-1", (unsigned long long)value.u);
        return NULL;
    case RR_FIELD_I64:
        return json_integer(value.i);
    case RR_FIELD_F64:
        if (isfinite(value.f)) {
            return json_real(value.f);
        }
        rr_err_set(err, RR_E_INPUT, "number is not finite");
        return NULL;
    case RR_FIELD_BOOL:
        if (value.u <= 1) {
            return json_boolean(value.u);
        }
        rr_err_set(err, RR_E_INPUT, "%llu is not 0 or 1", (unsigned long long)value.u);
        return NULL;
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

/* Returns whether the value is of the field's kind. */
static bool
decode_field(const struct rr_field *field, const json_t *value, json_t *texts, void *out)
{
    union value v = {.u = 0};
    bool fits = false;

    switch (field->kind) {
    case RR_FIELD_STR:
        v.text = json_string_value(value);
        fits = v.text != NULL;
        break;
    case RR_FIELD_JSON:
        v.text = print_into(value, texts);
        fits = v.text != NULL;
        break;
    case RR_FIELD_U64:
    case RR_FIELD_I64:
        v.i = json_integer_value(value);
        fits = json_is_integer(value) && (v.i >= 0 || field->kind == RR_FIELD_I64);
        break;
    case RR_FIELD_F64:
        v.f = json_number_value(value);
        fits = json_is_number(value);
        break;
    case RR_FIELD_BOOL:
        v.u = json_is_true(value);
        fits = json_is_boolean(value);
        break;
    default:
        break;
    }
    memcpy((char *)out + field->offset, &v, sizeof v);
    return fits;
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
        if (!decode_field(field, value, texts, out)) {
            return rr_err_set(err, RR_E_INPUT, "%s.%s: the value in the payload is not a %s",
                              type->name, field->name, text_field_kind(field->kind));
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
