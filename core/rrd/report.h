/* SPDX-License-Identifier: MIT */
/*
 * report.h - a list of findings, as `rrctl doctor` and `rrctl plugin check` print it.
 */
#ifndef RR_CORE_REPORT_H
#define RR_CORE_REPORT_H

#include <jansson.h>
#include <stdbool.h>

struct report {
    json_t *rows;
    const char *what; /* that the next findings are about; borrowed */
    unsigned n_warnings, n_failures;
    unsigned n_before; /* of both, when that was begun */
};

void report_init(struct report *report);
void report_fini(struct report *report);

/* Begin with another thing: the findings below are about it. */
void report_about(struct report *report, const char *what);

/* Add a finding. todo is what to do about it, NULL for nothing. */
__attribute__((format(printf, 2, 3))) void report_ok(struct report *report, const char *fmt, ...);
__attribute__((format(printf, 3, 4))) void report_warn(struct report *report, const char *todo,
                                                       const char *fmt, ...);
__attribute__((format(printf, 3, 4))) void report_fail(struct report *report, const char *todo,
                                                       const char *fmt, ...);

/* Whether nothing is wrong with that thing so far. */
bool report_is_fine(const struct report *report);

/*
 * Print all: lines for people, or {ok, findings: [{verdict, what, text, todo}], …} with the members
 * of more_take, which may be NULL, beside them.
 *
 * Returns 0; bad_status when something has failed, or with is_strict when there is a warning.
 */
int report_print(const struct report *report, bool is_json, json_t *more_take, bool is_strict,
                 int bad_status);

#endif
