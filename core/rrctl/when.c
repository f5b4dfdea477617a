/* SPDX-License-Identifier: MIT */
/*
 * when.c - points in time as people write them.
 */
#include "core/rrctl/when.h"

#include "core/common/text.h"

#include <string.h>
#include <time.h>

#define LONGEST 40

static int
refuse(const char *text, struct rr_err *err)
{
    return rr_err_set(err, RR_E_INPUT,
                      "'%.60s' is no time: want 2026-01-02T15:04, 15:04, 2h (so long ago) or "
                      "@SECONDS",
                      text);
}

/* Whether all of text is a date or time in that format; fills what the format names. */
static bool
is_in(const char *text, const char *format, struct tm *tm)
{
    const char *end = strptime(text, format, tm);

    return end != NULL && *end == '\0';
}

int
when_parse(const char *text, int64_t now_ms, int64_t *out, struct rr_err *err)
{
    static const char *const dates[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S",
                                        "%Y-%m-%d %H:%M", "%Y-%m-%d"};
    static const char *const times[] = {"%H:%M:%S", "%H:%M"};
    const time_t now = (time_t)(now_ms / 1000);
    const size_t n = strlen(text);
    char copy[LONGEST];
    bool is_utc;
    struct tm tm;
    int64_t number;

    if (text[0] == '@' && text_int(text + 1, &number) == 0 && number >= 0 &&
        number < INT64_MAX / 1000) {
        *out = number * 1000;
        return 0;
    }
    if (text_duration_ms(text, &number) == 0) {
        *out = number < now_ms ? now_ms - number : 0;
        return 0;
    }
    if (n == 0 || n >= sizeof copy) {
        return refuse(text, err);
    }
    (void)snprintf(copy, sizeof copy, "%s", text);
    is_utc = copy[n - 1] == 'Z';
    copy[is_utc ? n - 1 : n] = '\0';
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        memset(&tm, 0, sizeof tm);
        tm.tm_isdst = -1;
        if (is_in(copy, dates[i], &tm)) {
            goto known;
        }
    }
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        (void)(is_utc ? gmtime_r(&now, &tm) : localtime_r(&now, &tm));
        tm.tm_sec = 0;
        tm.tm_isdst = -1;
        if (is_in(copy, times[i], &tm)) {
            goto known;
        }
    }
    return refuse(text, err);
known:
    *out = (int64_t)(is_utc ? timegm(&tm) : mktime(&tm)) * 1000;
    return *out < 0 ? refuse(text, err) : 0;
}

int
when_option(const struct args *args, const char *name, int64_t *out, struct rr_err *err)
{
    const char *text = args_get(args, name);
    struct timespec now;

    if (text == NULL) {
        return 0;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return when_parse(text, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, out, err);
}
