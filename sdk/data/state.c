/* SPDX-License-Identifier: MIT */
/*
 * state.c - durable keys of a stage as JSON values.
 */
#include <rr/state.h>

#include <errno.h>
#include <stdlib.h>

int
rr_state_load(struct rr_ctx *ctx, const char *key, json_t **value, struct rr_err *err)
{
    json_error_t why;
    const char *text;

    *value = NULL;
    err->code = 0;
    text = rr_get(ctx, key, err);
    if (text == NULL) {
        return err->code;
    }
    *value = json_loads(text, JSON_DECODE_ANY, &why);
    if (*value == NULL) {
        return rr_err_set(err, RR_E_CORRUPT, "durable key %s is not JSON: %s", key, why.text);
    }
    return 0;
}

int
rr_state_store(struct rr_ctx *ctx, const char *key, const json_t *value, struct rr_err *err)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
    int rc;

    if (text == NULL) {
        return rr_err_set(err, -ENOMEM, "cannot write durable key %s as JSON", key);
    }
    rc = rr_put(ctx, key, text, err);
    free(text);
    return rc;
}
