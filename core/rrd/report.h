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
    unsigned n[REPORT_FAIL + 1]; /* rows of each verdict */
};

void report_init(struct report *report);
void report_fini(struct report *report);

/* Add a finding about a thing. todo is what to do about it, NULL for nothing. */
__attribute__((format(printf, 5, 6))) void report_add(struct report *report,
                                                      enum report_verdict verdict, const char *what,
                                                      const char *todo, const char *fmt, ...);

/*
 * Print all: lines for people, or {ok, findings: [{verdict, what, text, todo}], …} with the members
 * of more_take, which may be NULL, beside them.
 *
 * Returns 0; bad_status when something has failed, or with is_strict when there is a warning.
 */
int report_print(const struct report *report, bool is_json, json_t *more_take, bool is_strict,
                 int bad_status);

#endif
