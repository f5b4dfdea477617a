/* SPDX-License-Identifier: MIT */
/*
 * args.c - command lines by table.
 *
 * Does not: know any command; print anything.
 * getopt_long is not used because the rows carry help texts and two tables are searched.
 */
#include "core/rrctl/args.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct opt_row *
find_long(const struct opt_row *table, const char *name, size_t length)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (strlen(table->name) == length && strncmp(table->name, name, length) == 0) {
            return table;
        }
    }
    return NULL;
}

static const struct opt_row *
find_letter(const struct opt_row *table, char letter)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (table->letter != 0 && table->letter == letter) {
            return table;
        }
    }
    return NULL;
}

static int
add_option(struct args *args, const struct opt_row *row, const char *value, struct rr_err *err)
{
    if (args->option_count == ARGS_OPTIONS_MAX) {
        return rr_err_set(err, RR_E_INPUT, "more than %d options", ARGS_OPTIONS_MAX);
    }
    args->options[args->option_count].row = row;
    args->options[args->option_count].value = value;
    args->option_count++;
    return 0;
}

/* Take one word that begins with a dash. Returns how many words it used (1 or 2). */
static int
take_option(struct args *args, const char *word, const char *next, const struct opt_row *table,
            const struct opt_row *second, struct rr_err *err)
{
    const bool is_long = word[1] == '-';
    const struct opt_row *row;
    const char *value = NULL;
    int rc;

    if (is_long) {
        const size_t length = strcspn(word + 2, "=");
        row = find_long(table, word + 2, length);
        row = row == NULL ? find_long(second, word + 2, length) : row;
        value = word[2 + length] == '=' ? word + 2 + length + 1 : NULL;
    } else {
        row = find_letter(table, word[1]);
        row = row == NULL ? find_letter(second, word[1]) : row;
        value = word[2] != '\0' ? word + 2 : NULL;
    }
    if (row == NULL) {
        return rr_err_set(err, RR_E_INPUT, "unknown option %s (see --help)", word);
    }
    if (row->value == NULL) {
        if (value != NULL) {
            return rr_err_set(err, RR_E_INPUT, "option --%s takes no value", row->name);
        }
        rc = add_option(args, row, "", err);
        return rc < 0 ? rc : 1;
    }
    if (value != NULL) {
        rc = add_option(args, row, value, err);
        return rc < 0 ? rc : 1;
    }
    if (next == NULL) {
        return rr_err_set(err, RR_E_INPUT, "option --%s needs a value: --%s %s", row->name,
                          row->name, row->value);
    }
    rc = add_option(args, row, next, err);
    return rc < 0 ? rc : 2;
}

int
args_parse(struct args *args, int argc, char **argv, int first, bool stop_at_operand,
           const struct opt_row *table, const struct opt_row *second, struct rr_err *err)
{
    bool options_end = false;
    int i = first;

    while (i < argc) {
        const char *word = argv[i];

        if (!options_end && strcmp(word, "--") == 0) {
            options_end = true;
            i++;
        } else if (!options_end && word[0] == '-' && word[1] != '\0') {
            const char *next = i + 1 < argc ? argv[i + 1] : NULL;
            const int used = take_option(args, word, next, table, second, err);
            if (used < 0) {
                return used;
            }
            i += used;
        } else if (stop_at_operand) {
            return i;
        } else if (args->operand_count == ARGS_OPERANDS_MAX) {
            return rr_err_set(err, RR_E_INPUT, "more than %d operands", ARGS_OPERANDS_MAX);
        } else {
            args->operands[args->operand_count++] = word;
            i++;
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

const char *
args_each(const struct args *args, const char *name, size_t *at)
{
    while (*at < args->option_count) {
        const size_t i = (*at)++;
        if (strcmp(args->options[i].row->name, name) == 0) {
            return args->options[i].value;
        }
    }
    return NULL;
}

int
args_number(const struct args *args, const char *name, double min, double max, double *out,
            struct rr_err *err)
{
    const char *text = args_get(args, name);
    char *end;

    if (text == NULL) {
        return 0;
    }
    const double number = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(number) || number < min || number > max) {
        return rr_err_set(err, RR_E_INPUT, "--%s %s: want a number from %g to %g", name, text, min,
                          max);
    }
    *out = number;
    return 0;
}

int
args_integer(const struct args *args, const char *name, uint64_t *out, struct rr_err *err)
{
    const char *text = args_get(args, name);
    char *end;

    if (text == NULL) {
        return 0;
    }
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0) {
        return rr_err_set(err, RR_E_INPUT, "--%s %s: want a whole number", name, text);
    }
    *out = number;
    return 0;
}
