/* SPDX-License-Identifier: MIT */
/*
 * rr/state.h - durable keys of a stage that hold JSON.
 *
 * A thin layer over rr_get and rr_put for stages that use jansson. What is stored joins the
 * handler's transaction, as with rr_put.
 */
#ifndef RR_STATE_H
#define RR_STATE_H

#include <rr/err.h>
#include <rr/host.h>

#include <jansson.h>
#include <stdint.h>

#pragma GCC visibility push(default)

/* Load a key: *value is a new reference, or NULL when there is no such key. RR_E_CORRUPT when its
 * text is not JSON. */
int rr_state_load(struct rr_ctx *ctx, const char *key, json_t **value, struct rr_err *err);

/* Store value (borrowed) under a key. */
int rr_state_store(struct rr_ctx *ctx, const char *key, const json_t *value, struct rr_err *err);

#pragma GCC visibility pop

/* Members of an object: 0 or "" when it has none of that name and kind. */
static inline uint64_t
rr_state_u64(const json_t *object, const char *name)
{
    const json_int_t value = json_integer_value(json_object_get(object, name));

    return value < 0 ? 0 : (uint64_t)value;
}

static inline double
rr_state_f64(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static inline const char *
rr_state_str(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value == NULL ? "" : value;
}

#endif
