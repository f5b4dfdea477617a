/* SPDX-License-Identifier: MIT */
/*
 * args.h - command lines by table: long and short options, anywhere among the operands; what their
 * values mean.
 */
#ifndef RR_CORE_RRCTL_ARGS_H
#define RR_CORE_RRCTL_ARGS_H

#include "core/common/text.h"

#include <rr/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct opt_row {
    const char *name;  /* without the dashes; NULL ends a table */
    char letter;       /* 0 when it has no short form */
    const char *value; /* name of its value for help texts, NULL for a switch */
    const char *help;
};

#define OPT_ROW_END                                                                                \
    {                                                                                              \
        0                                                                                          \
    }

#define ARGS_OPTIONS_MAX 64
#define ARGS_OPERANDS_MAX 64

/* Everything points into argv. */
struct args {
    const struct opt_row *tables[2]; /* of the options that are taken; NULL: none */
    size_t option_count;
    struct {
        const struct opt_row *row;
        const char *value; /* "" for a switch */
    } options[ARGS_OPTIONS_MAX];
    int operand_count;
    const char *operands[ARGS_OPERANDS_MAX];
};

/*
 * Add argv[first..] to what args holds.
 *
 * With stop_at_operand it ends before the first operand; else only at "--". Returns the index of
 * the first word not taken (argc when all were), or RR_E_INPUT.
 */
int args_parse(struct args *args, int argc, char **argv, int first, bool stop_at_operand,
               struct rr_err *err);

/* Value of the last use of an option, "" for a switch, NULL when it was not given. */
const char *args_get(const struct args *args, const char *name);
bool args_has(const struct args *args, const char *name);

/* Add the value of each use of a repeatable option to a list, with `before` in front of each unless
 * that is NULL. */
void args_each(const struct args *args, const char *name, const char *before,
               struct text_list *words);

/* Read an option as a number in min..max, or as one from 0 on; *out stays as it is when the option
 * was not given. */
int args_number(const struct args *args, const char *name, double min, double max, double *out,
                struct rr_err *err);
int args_integer(const struct args *args, const char *name, int64_t *out, struct rr_err *err);

/*
 * Read a time, in milliseconds UTC: "2026-01-02T15:04:05" (the seconds, and the time of day, may be
 * left out; a blank may stand for the T), "15:04" of today, both in the local zone or with a Z at
 * the end in UTC; "@1767366245" in seconds since 1970; "2h" for so long before now_ms.
 */
int args_time_of(const char *text, int64_t now_ms, int64_t *out, struct rr_err *err);

/* Read an option as a time; *out stays as it is when the option was not given. */
int args_time(const struct args *args, const char *name, int64_t *out, struct rr_err *err);

#endif
