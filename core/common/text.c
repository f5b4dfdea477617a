/* SPDX-License-Identifier: MIT */
/*
 * text.c - parse and print values: numbers with units, names, lists, suggestions.
 *
 * Does not: check option values against a table (text_opt.c).
 */
#include "core/common/text.h"

#include "core/common/mem.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit time_units[] = {{"ms", 1},      {"s", 1000},     {"min", 60000},
                                         {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
static const struct unit size_units[] = {
    {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0}};

int
text_int(const char *s, int64_t *out)
{
    char *end;
    long long value;

    if (!isdigit((unsigned char)s[0]) && !(s[0] == '-' && isdigit((unsigned char)s[1]))) {
        return RR_E_INPUT;
    }
    errno = 0;
    value = strtoll(s, &end, 10);
    if (errno != 0 || *end != '\0') {
        return RR_E_INPUT;
    }
    *out = value;
    return 0;
}

int
text_real(const char *s, double *out)
{
    char *end;
    double value;

    /* strtod would also take blanks, hexadecimal, "inf" and "nan". */
    if (s[0] == '\0' || strspn(s, "0123456789+-.eE") != strlen(s)) {
        return RR_E_INPUT;
    }
    value = strtod(s, &end);
    if (*end != '\0' || !isfinite(value)) {
        return RR_E_INPUT;
    }
    *out = value;
    return 0;
}

int
text_bool(const char *s, int64_t *out)
{
    if (strcmp(s, "yes") == 0) {
        *out = 1;
    } else if (strcmp(s, "no") == 0) {
        *out = 0;
    } else {
        return RR_E_INPUT;
    }
    return 0;
}

static int
number_with_unit(const char *s, const struct unit *units, int64_t *out)
{
    char number[32];
    const size_t digits = strspn(s, "0123456789.");
    double value;

    if (digits == 0 || digits >= sizeof number) {
        return RR_E_INPUT;
    }
    memcpy(number, s, digits);
    number[digits] = '\0';
    if (text_real(number, &value) != 0) {
        return RR_E_INPUT;
    }
    for (const struct unit *u = units; u->name != NULL; u++) {
        if (strcmp(u->name, s + digits) == 0) {
            /* 2^53: above it a double no longer holds every integer */
            if (value * (double)u->factor > 9007199254740992.0) {
                return RR_E_INPUT;
            }
            *out = (int64_t)llround(value * (double)u->factor);
            return 0;
        }
    }
    return RR_E_INPUT;
}

int
text_duration_ms(const char *s, int64_t *out)
{
    return number_with_unit(s, time_units, out);
}

int
text_size_bytes(const char *s, int64_t *out)
{
    return number_with_unit(s, size_units, out);
}

const char *
text_duration(int64_t ms, char *buf, size_t cap)
{
    const int64_t s = ms / 1000;

    if (ms < 1000) {
        (void)snprintf(buf, cap, "%" PRId64 "ms", ms);
    } else if (s < 60) {
        (void)snprintf(buf, cap, "%" PRId64 "s", s);
    } else if (s < 3600) {
        (void)snprintf(buf, cap, "%" PRId64 "min %" PRId64 "s", s / 60, s % 60);
    } else if (s < 86400) {
        (void)snprintf(buf, cap, "%" PRId64 "h %" PRId64 "min", s / 3600, s / 60 % 60);
    } else {
        (void)snprintf(buf, cap, "%" PRId64 "d %" PRId64 "h", s / 86400, s / 3600 % 24);
    }
    return buf;
}

bool
text_is_name(const char *s)
{
    const size_t n = strlen(s);

    return n >= 1 && n <= TEXT_NAME_MAX && islower((unsigned char)s[0]) &&
           strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

bool
text_is_type(const char *s)
{
    const size_t n = strlen(s);

    return n >= 1 && n <= TEXT_TYPE_MAX && isupper((unsigned char)s[0]) &&
           strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == n;
}

/* Length of the well-formed UTF-8 character at s, 0 when there is none. */
static size_t
utf8_length(const unsigned char *s, size_t n)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = 0;
    uint32_t code = 0;

    if (s[0] < 0x80) {
        return s[0] == 0 ? 0 : 1;
    }
    if ((s[0] & 0xe0) == 0xc0) {
        len = 2;
        code = s[0] & 0x1fu;
    } else if ((s[0] & 0xf0) == 0xe0) {
        len = 3;
        code = s[0] & 0x0fu;
    } else if ((s[0] & 0xf8) == 0xf0) {
        len = 4;
        code = s[0] & 0x07u;
    }
    if (len == 0 || len > n) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (s[i] & 0x3fu);
    }
    if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return 0;
    }
    return len;
}

bool
text_is_utf8(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;

    while (n > 0) {
        const size_t len = utf8_length(p, n);

        if (len == 0) {
            return false;
        }
        p += len;
        n -= len;
    }
    return true;
}

void
text_mend(char *s)
{
    unsigned char *p = (unsigned char *)s;
    size_t n = strlen(s);

    while (n > 0) {
        const size_t len = utf8_length(p, n);

        if (len == 0) {
            *p = '?';
        }
        p += len == 0 ? 1 : len;
        n -= len == 0 ? 1 : len;
    }
}

void
text_clean(char *s)
{
    text_mend(s);
    for (; *s != '\0'; s++) {
        *s = (*s >= '\0' && *s < ' ') || *s == 127 ? ' ' : *s;
    }
}

void
text_copy(char *buf, size_t cap, const char *s)
{
    size_t n = strlen(s);

    if (n >= cap) {
        n = cap - 1;
        while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80) {
            n--;
        }
    }
    memcpy(buf, s, n);
    buf[n] = '\0';
    text_clean(buf);
}

/* Edit distance with neighbouring letters swapped counted as one; words up to 63 bytes. */
static size_t
distance(const char *a, const char *b)
{
    size_t rows[3][64];
    const size_t na = strlen(a);
    const size_t nb = strlen(b);

    if (na >= 64 || nb >= 64) {
        return 64;
    }
    for (size_t j = 0; j <= nb; j++) {
        rows[0][j] = j;
        rows[2][j] = 0;
    }
    for (size_t i = 1; i <= na; i++) {
        size_t *now = rows[i % 3];
        const size_t *up = rows[(i + 2) % 3];
        const size_t *up2 = rows[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t best = up[j - 1] + (a[i - 1] != b[j - 1]);

            best = up[j] + 1 < best ? up[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                up2[j - 2] + 1 < best) {
                best = up2[j - 2] + 1;
            }
            now[j] = best;
        }
    }
    return rows[na % 3][nb];
}

const char *
text_suggest(const char *word, const char *const *words)
{
    const char *best = NULL;
    size_t best_distance = strlen(word) / 3 + 2; /* further away is a guess, not a help */

    for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
        const size_t d = distance(word, words[i]);

        if (d < best_distance) {
            best = words[i];
            best_distance = d;
        }
    }
    return best;
}

const char *
text_hint(const char *word, const char *const *words, char buf[TEXT_HINT_BYTES])
{
    const char *near = text_suggest(word, words);

    buf[0] = '\0';
    if (near != NULL) {
        (void)snprintf(buf, TEXT_HINT_BYTES, " (did you mean \"%s\"?)", near);
    }
    return buf;
}

static void
add_take(struct text_list *list, char *s_take)
{
    list->v = mem_resize(list->v, mem_add(list->n, 2), sizeof *list->v);
    list->v[list->n++] = s_take;
    list->v[list->n] = NULL;
}

void
text_list_add(struct text_list *list, const char *s)
{
    add_take(list, mem_dup(s));
}

void
text_list_printf(struct text_list *list, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_take(list, mem_vprintf(fmt, ap));
    va_end(ap);
}

void
text_problem(struct text_list *list, const char *place, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    char *text = mem_vprintf(fmt, ap);

    va_end(ap);
    text_list_printf(list, "%s: %s", place, text);
    free(text);
}

char *
text_list_join_new(const struct text_list *list, const char *sep)
{
    char *all = mem_dup("");

    for (size_t i = 0; i < list->n; i++) {
        char *longer = mem_printf("%s%s%s", all, i == 0 ? "" : sep, list->v[i]);

        free(all);
        all = longer;
    }
    return all;
}

void
text_list_free(struct text_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free(list->v[i]);
    }
    free(list->v);
    list->v = NULL;
    list->n = 0;
}

void
text_list_split(struct text_list *list, const char *s)
{
    while (*s != '\0') {
        size_t n = strcspn(s, ",");
        const char *next = s + n + (s[n] == ',' ? 1 : 0);

        while (n > 0 && isblank((unsigned char)*s)) {
            s++;
            n--;
        }
        while (n > 0 && isblank((unsigned char)s[n - 1])) {
            n--;
        }
        if (n > 0) {
            add_take(list, mem_dupn(s, n));
        }
        s = next;
    }
}
