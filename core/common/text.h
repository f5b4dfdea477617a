/* SPDX-License-Identifier: MIT */
/*
 * text.h - values written as text: numbers with units, names, lists, suggestions.
 *
 * Everything here is pure. Parsers take the whole string (no blanks around it) and return 0, or
 * RR_E_INPUT without touching *out.
 */
#ifndef RR_CORE_TEXT_H
#define RR_CORE_TEXT_H

#include <rr/err.h>
#include <rr/opt.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_NAME_MAX 40 /* stage and plugin names; an ini section name ends at 49 bytes */
#define TEXT_TYPE_MAX 64 /* event type names */

int text_int(const char *s, int64_t *out);
int text_real(const char *s, double *out);
int text_bool(const char *s, int64_t *out);        /* yes or no */
int text_duration_ms(const char *s, int64_t *out); /* 200ms 5s 10min 2h 1d; a unit is required */
int text_size_bytes(const char *s, int64_t *out);  /* 10B 64KiB 10MiB 1GiB; a unit is required */

/* Write a duration for people: "350ms", "12s", "3min 20s", "2h 5min", "4d 3h". Returns buf. */
const char *text_duration(int64_t ms, char *buf, size_t cap);

/* Tell whether s is a lower-case name: a letter, then letters, digits and _, at most TEXT_NAME_MAX.
 */
bool text_is_name(const char *s);

/* Tell whether s is an event type name: upper case, digits and _, at most TEXT_TYPE_MAX. */
bool text_is_type(const char *s);

/* Tell whether n bytes are UTF-8 without NUL. */
bool text_is_utf8(const char *s, size_t n);

/* Make s fit to stand in JSON: bytes that are no UTF-8 become question marks. */
void text_mend(char *s);

/* Make s fit to print as well: control characters become blanks. */
void text_clean(char *s);

/* Copy what fits into cap bytes, without splitting a UTF-8 character, and make it fit like
 * text_clean(). */
void text_copy(char *buf, size_t cap, const char *s);

/* Return the word that is near enough to be what somebody meant, or NULL. words ends with NULL;
 * NULL is an empty list. */
const char *text_suggest(const char *word, const char *const *words);

/* The same to put behind a complaint: " (did you mean "word"?)", or "" for none. Returns buf. */
#define TEXT_HINT_BYTES 96
const char *text_hint(const char *word, const char *const *words, char buf[TEXT_HINT_BYTES]);

/* A growing list of strings that it owns; v always ends with NULL. Zeroed memory is an empty one.
 */
struct text_list {
    char **v;
    size_t n;
};

void text_list_add(struct text_list *list, const char *s);
__attribute__((format(printf, 2, 3))) void text_list_printf(struct text_list *list, const char *fmt,
                                                            ...);
void text_list_free(struct text_list *list);

/* Add "place: what is wrong". */
__attribute__((format(printf, 3, 4))) void text_problem(struct text_list *list, const char *place,
                                                        const char *fmt, ...);

/* All words with sep between them, in a new string. */
char *text_list_join_new(const struct text_list *list, const char *sep);

/* Split at commas, drop blanks around the words and empty words. */
void text_list_split(struct text_list *list, const char *s);

/* One option value in the form that its type asks for. */
struct text_value {
    int64_t i;     /* int, bool, duration in ms, size in bytes */
    double r;      /* real */
    const char *s; /* the text itself, borrowed */
};

/* The name of an option type ("duration"), "?" when there is no such type; that of the kind of a
 * payload's field ("u64"), NULL when there is no such kind. */
const char *text_opt_type(uint32_t type);
const char *text_field_kind(uint32_t kind);

/* Parse and check a value against its row: type and range. The message says what is wrong with the
 * value only; the caller puts the place in front. Returns 0 or RR_E_CONFIG. */
int text_opt_value(const struct rr_opt *row, const char *s, struct text_value *out,
                   struct rr_err *err);

#endif
