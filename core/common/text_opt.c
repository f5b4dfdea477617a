/* SPDX-License-Identifier: MIT */
/*
 * text_opt.c - check an option's value against the row that declares it (rr/opt.h).
 *
 * The daemon checks with it when it reads conf.d, and the worker parses with it what it was sent,
 * so that both mean the same by a value.
 */
#include "core/common/text.h"

#include <rr/event.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    const char *want;
} types[] = {
    [RR_OPT_STRING] = {"string", "text"},
    [RR_OPT_INT] = {"int", "a whole number"},
    [RR_OPT_REAL] = {"real", "a number"},
    [RR_OPT_BOOL] = {"bool", "yes or no"},
    [RR_OPT_DURATION] = {"duration", "a number with a unit: ms, s, min, h or d"},
    [RR_OPT_SIZE] = {"size", "a number with a unit: B, KiB, MiB or GiB"},
    [RR_OPT_CHOICE] = {"choice", "one of the choices"},
    [RR_OPT_LIST] = {"list", "words separated by commas"},
};

const char *
text_opt_type(uint32_t type)
{
    return type >= RR_OPT_STRING && type <= RR_OPT_LIST ? types[type].name : "?";
}

const char *
text_field_kind(uint32_t kind)
{
    static const char *const kinds[] = {
        [RR_FIELD_STR] = "str", [RR_FIELD_U64] = "u64",   [RR_FIELD_I64] = "i64",
        [RR_FIELD_F64] = "f64", [RR_FIELD_BOOL] = "bool", [RR_FIELD_JSON] = "json",
    };

    return kind < sizeof kinds / sizeof kinds[0] ? kinds[kind] : NULL;
}

static int
parse(uint32_t type, const char *s, struct text_value *out)
{
    switch (type) {
    case RR_OPT_INT:
        return text_int(s, &out->i);
    case RR_OPT_REAL:
        return text_real(s, &out->r);
    case RR_OPT_BOOL:
        return text_bool(s, &out->i);
    case RR_OPT_DURATION:
        return text_duration_ms(s, &out->i);
    case RR_OPT_SIZE:
        return text_size_bytes(s, &out->i);
    case RR_OPT_STRING:
    case RR_OPT_CHOICE:
    case RR_OPT_LIST:
        return 0;
    default:
        return RR_E_INPUT;
    }
}

/* -1, 0 or 1 as value lies below, in or above the range "MIN..MAX"; an open end does not limit. A
 * range that cannot be read is the plugin's bug: RR_E_INPUT. */
static int
compare_range(const struct rr_opt *row, const struct text_value *value, int *where)
{
    char low[64];
    const char *dots = strstr(row->range, "..");
    struct text_value limit = {0};

    *where = 0;
    if (dots == NULL || (size_t)(dots - row->range) >= sizeof low) {
        return RR_E_INPUT;
    }
    (void)snprintf(low, sizeof low, "%.*s", (int)(dots - row->range), row->range);
    if (low[0] != '\0') {
        if (parse(row->type, low, &limit) != 0) {
            return RR_E_INPUT;
        }
        if (row->type == RR_OPT_REAL ? value->r < limit.r : value->i < limit.i) {
            *where = -1;
            return 0;
        }
    }
    if (dots[2] != '\0') {
        if (parse(row->type, dots + 2, &limit) != 0) {
            return RR_E_INPUT;
        }
        if (row->type == RR_OPT_REAL ? value->r > limit.r : value->i > limit.i) {
            *where = 1;
        }
    }
    return 0;
}

static bool
is_choice(const char *choices, const char *s)
{
    const size_t n = strlen(s);

    while (*choices != '\0') {
        const size_t len = strcspn(choices, "|");

        if (len == n && strncmp(choices, s, n) == 0) {
            return true;
        }
        choices += len + (choices[len] == '|' ? 1 : 0);
    }
    return false;
}

int
text_opt_value(const struct rr_opt *row, const char *s, struct text_value *out, struct rr_err *err)
{
    const char *range = row->range == NULL ? "" : row->range;
    int where = 0;

    memset(out, 0, sizeof *out);
    out->s = s;
    if (parse(row->type, s, out) != 0) {
        return rr_err_set(err, RR_E_CONFIG, "\"%.60s\" is not %s", s,
                          row->type >= RR_OPT_STRING && row->type <= RR_OPT_LIST
                              ? types[row->type].want
                              : "of a known type");
    }
    if (row->type == RR_OPT_CHOICE && !is_choice(range, s)) {
        return rr_err_set(err, RR_E_CONFIG, "\"%.60s\" is not one of %.120s", s, range);
    }
    if (range[0] == '\0' || row->type == RR_OPT_CHOICE || row->type == RR_OPT_STRING ||
        row->type == RR_OPT_LIST || row->type == RR_OPT_BOOL) {
        return 0;
    }
    if (compare_range(row, out, &where) != 0) {
        return rr_err_set(err, RR_E_CONFIG, "its declared range \"%.60s\" cannot be read", range);
    }
    if (where != 0) {
        return rr_err_set(err, RR_E_CONFIG, "%.60s is %s the allowed range %.60s", s,
                          where < 0 ? "below" : "above", range);
    }
    return 0;
}
