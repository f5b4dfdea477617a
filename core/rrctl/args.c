/* SPDX-License-Identifier: MIT */
/*
 * args.c - command lines by table, and the values of options.
 *
 * Does not: know any command; print anything.
 * getopt_long is not used because the rows carry help texts and two tables are searched.
 */
#include "core/rrctl/args.h"

#include "core/common/text.h"

#include <string.h>
#include <time.h>

/* The row with that letter, or with letter 0 of that name. */
static const struct opt_row *
find_row(const struct args *args, char letter, const char *name, size_t length)
{
    for (int t = 0; t < 2; t++) {
        for (const struct opt_row *r = args->tables[t]; r != NULL && r->name != NULL; r++) {
            if (letter != 0 ? r->letter == letter
                            : strlen(r->name) == length && memcmp(r->name, name, length) == 0) {
                return r;
            }
        }
    }
    return NULL;
}

/* Take one word that begins with a dash. Returns how many words it used (1 or 2). */
static int
take_option(struct args *args, const char *word, const char *next, struct rr_err *err)
{
    const char letter = word[1] == '-' ? '\0' : word[1];
    const size_t length = letter != 0 ? 0 : strcspn(word + 2, "=");
    const struct opt_row *row = find_row(args, letter, word + 2, length);
    const char *value = word + 2 + length; /* behind the letter, or "=…" behind the name */
    const bool has_value = value[0] != '\0';

    if (row == NULL) {
        return rr_err_set(err, RR_E_INPUT, "unknown option %s (see --help)", word);
    }
    if (row->value == NULL && has_value) {
        return rr_err_set(err, RR_E_INPUT, "option --%s takes no value", row->name);
    }
    if (row->value != NULL) {
        value = !has_value ? next : letter != 0 ? value : value + 1;
    }
    if (value == NULL) {
        return rr_err_set(err, RR_E_INPUT, "option --%s needs a value: --%s %s", row->name,
                          row->name, row->value);
    }
    if (args->option_count == ARGS_OPTIONS_MAX) {
        return rr_err_set(err, RR_E_INPUT, "more than %d options", ARGS_OPTIONS_MAX);
    }
    args->options[args->option_count].row = row;
    args->options[args->option_count++].value = value;
    return row->value != NULL && !has_value ? 2 : 1;
}

int
args_parse(struct args *args, int argc, char **argv, int first, bool stop_at_operand,
           struct rr_err *err)
{
    bool options_end = false;
    int used = 1;

    for (int i = first; i < argc; i += used) {
        const char *word = argv[i];

        used = 1;
        if (!options_end && strcmp(word, "--") == 0) {
            options_end = true;
        } else if (!options_end && word[0] == '-' && word[1] != '\0') {
            used = take_option(args, word, i + 1 < argc ? argv[i + 1] : NULL, err);
            if (used < 0) {
                return used;
            }
        } else if (stop_at_operand) {
            return i;
        } else if (args->operand_count == ARGS_OPERANDS_MAX) {
            return rr_err_set(err, RR_E_INPUT, "more than %d operands", ARGS_OPERANDS_MAX);
        } else {
            args->operands[args->operand_count++] = word;
        }
    }
    return argc;
}

const char *
args_get(const struct args *args, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < args->option_count; i++) {
        if (strcmp(args->options[i].row->name, name) == 0) {
            value = args->options[i].value;
        }
    }
    return value;
}

bool
args_has(const struct args *args, const char *name)
{
    return args_get(args, name) != NULL;
}

void
args_each(const struct args *args, const char *name, const char *before, struct text_list *words)
{
    for (size_t i = 0; i < args->option_count; i++) {
        if (strcmp(args->options[i].row->name, name) == 0) {
            if (before != NULL) {
                text_list_add(words, before);
            }
            text_list_add(words, args->options[i].value);
        }
    }
}

int
args_number(const struct args *args, const char *name, double min, double max, double *out,
            struct rr_err *err)
{
    const char *text = args_get(args, name);
    double number;

    if (text == NULL) {
        return 0;
    }
    if (text_real(text, &number) < 0 || number < min || number > max) {
        return rr_err_set(err, RR_E_INPUT, "--%s %s: want a number from %g to %g", name, text, min,
                          max);
    }
    *out = number;
    return 0;
}

int
args_integer(const struct args *args, const char *name, int64_t *out, struct rr_err *err)
{
    const char *text = args_get(args, name);

    return text == NULL || (text_int(text, out) == 0 && *out >= 0)
               ? 0
               : rr_err_set(err, RR_E_INPUT, "--%s %s: want a whole number", name, text);
}

int
args_time_of(const char *text, int64_t now_ms, int64_t *out, struct rr_err *err)
{
    static const char *const formats[] = {
        "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d",
        "%H:%M:%S",          "%H:%M",
    };
    const size_t n = strlen(text);
    const bool is_utc = n > 0 && text[n - 1] == 'Z';
    const time_t now = (time_t)(now_ms / 1000);
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
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct tm tm = {.tm_sec = 0};
        const char *end;

        if (formats[i][1] == 'H') { /* of today */
            (void)(is_utc ? gmtime_r(&now, &tm) : localtime_r(&now, &tm));
            tm.tm_sec = 0;
        }
        tm.tm_isdst = -1;
        end = strptime(text, formats[i], &tm);
        if (end != NULL && strcmp(end, is_utc ? "Z" : "") == 0) {
            *out = (int64_t)(is_utc ? timegm(&tm) : mktime(&tm)) * 1000;
            if (*out >= 0) {
                return 0;
            }
        }
    }
    return rr_err_set(err, RR_E_INPUT,
                      "'%.60s' is no time: want 2026-01-02T15:04, 15:04, 2h (so long ago) or "
                      "@SECONDS",
                      text);
}

int
args_time(const struct args *args, const char *name, int64_t *out, struct rr_err *err)
{
    const char *text = args_get(args, name);
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return text == NULL
               ? 0
               : args_time_of(text, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, out, err);
}
