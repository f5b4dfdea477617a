/* SPDX-License-Identifier: MIT */
/*
 * jget.h - read members of JSON objects that may lack them: a program of another version may say
 * more or less, and what is missing must show as missing, not end the reader.
 */
#ifndef RR_CORE_JGET_H
#define RR_CORE_JGET_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* NULL when there is no such text. */
static inline const char *
jget_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* "" when there is no such text. */
static inline const char *
jget_str(const json_t *object, const char *key)
{
    const char *text = jget_text(object, key);

    return text == NULL ? "" : text;
}

static inline int64_t
jget_int(const json_t *object, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(object, key));
}

static inline bool
jget_is(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static inline double
jget_num(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

#endif
