/* SPDX-License-Identifier: MIT */
/*
 * args.h - command lines by table: long and short options, anywhere among the operands.
 */
#ifndef RR_CORE_RRCTL_ARGS_H
#define RR_CORE_RRCTL_ARGS_H

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
    size_t option_count;
    struct {
        const struct opt_row *row;
        const char *value; /* "" for a switch */
    } options[ARGS_OPTIONS_MAX];
    int operand_count;
    const char *operands[ARGS_OPERANDS_MAX];
};

/*
 * Add argv[first..] to what args holds, by the rows of both tables (second may be NULL).
 *
 * With stop_at_operand it ends before the first operand; else only at "--". Returns the index of
 * the first word not taken (argc when all were), or RR_E_INPUT.
 */
int args_parse(struct args *args, int argc, char **argv, int first, bool stop_at_operand,
               const struct opt_row *table, const struct opt_row *second, struct rr_err *err);

/* Value of the last use of an option, "" for a switch, NULL when it was not given. */
const char *args_get(const struct args *args, const char *name);
bool args_has(const struct args *args, const char *name);

/* Value of the next use of a repeatable option; *at begins as 0. NULL after the last. */
const char *args_each(const struct args *args, const char *name, size_t *at);

/* Read an option as a number in min..max; *out stays as it is when the option was not given. */
int args_number(const struct args *args, const char *name, double min, double max, double *out,
                struct rr_err *err);
int args_integer(const struct args *args, const char *name, uint64_t *out, struct rr_err *err);

#endif
