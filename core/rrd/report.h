/* SPDX-License-Identifier: MIT */
/*
 * report.h - a list of findings, as `rrctl doctor` and `rrctl plugin check` print it.
 */
#ifndef RR_CORE_REPORT_H
#define RR_CORE_REPORT_H

#include <jansson.h>
#include <stdbool.h>

enum report_verdict { REPORT_OK, REPORT_WARN, REPORT_FAIL };

struct report {
    json_t *rows;
    const char *what;            /* that the next findings are about; borrowed */
    unsigned n[REPORT_FAIL + 1]; /* rows of each verdict */
    unsigned n_before;           /* of them not OK, when that was begun */
};

void report_init(struct report *report);
void report_fini(struct report *report);

/* Begin with another thing: the findings below are about it. */
void report_about(struct report *report, const char *what);

/* Add a finding. todo is what to do about it, NULL for nothing. */
__attribute__((format(printf, 4, 5))) void report_add(struct report *report,
                                                      enum report_verdict verdict, const char *todo,
                                                      const char *fmt, ...);
#define report_ok(report, ...) report_add(report, REPORT_OK, NULL, __VA_ARGS__)
#define report_warn(report, ...) report_add(report, REPORT_WARN, __VA_ARGS__)
#define report_fail(report, ...) report_add(report, REPORT_FAIL, __VA_ARGS__)

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
