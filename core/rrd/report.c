/* SPDX-License-Identifier: MIT */
/*
 * report.c - findings, their verdicts, and what to do about them.
 */
#include "core/rrd/report.h"

#include "core/common/jget.h"
#include "core/common/mem.h"
#include "core/common/status.h"
#include "core/common/text.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const names[] = {"ok", "warn", "fail"};

void
report_init(struct report *report)
{
    *report = (struct report){.rows = json_array()};
}

void
report_fini(struct report *report)
{
    json_decref(report->rows);
}

void
report_about(struct report *report, const char *what)
{
    report->what = what;
    report->n_before = report->n[REPORT_WARN] + report->n[REPORT_FAIL];
}

bool
report_is_fine(const struct report *report)
{
    return report->n[REPORT_WARN] + report->n[REPORT_FAIL] == report->n_before;
}

void
report_add(struct report *report, enum report_verdict verdict, const char *todo, const char *fmt,
           ...)
{
    va_list args;

    va_start(args, fmt);
    char *text = mem_vprintf(fmt, args);

    va_end(args);
    text_clean(text); /* file names may be anything */
    report->n[verdict]++;
    (void)json_array_append_new(report->rows,
                                json_pack("{s:s, s:s, s:s, s:s?}", "verdict", names[verdict],
                                          "what", report->what, "text", text, "todo", todo));
    free(text);
}

static void
print_text(const struct report *report)
{
    const json_t *row;
    size_t i;

    json_array_foreach(report->rows, i, row) {
        const char *todo = jget_text(row, "todo");

        printf("%-5s %-12s %s\n", jget_text(row, "verdict"), jget_text(row, "what"),
               jget_text(row, "text"));
        if (todo != NULL) {
            printf("%18s -> %s\n", "", todo);
        }
    }
    if (report->n[REPORT_FAIL] + report->n[REPORT_WARN] == 0) {
        printf("all is well\n");
    } else {
        printf("%u failed, %u warnings\n", report->n[REPORT_FAIL], report->n[REPORT_WARN]);
    }
}

int
report_print(const struct report *report, bool is_json, json_t *more_take, bool is_strict,
             int bad_status)
{
    const bool is_bad = report->n[REPORT_FAIL] > 0 || (is_strict && report->n[REPORT_WARN] > 0);

    if (is_json) {
        json_t *doc = json_pack("{s:b, s:O}", "ok", (int)!is_bad, "findings", report->rows);

        (void)json_object_update_missing(doc, more_take);
        (void)json_dumpf(doc, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(doc);
    } else {
        print_text(report);
    }
    json_decref(more_take);
    return is_bad ? bad_status : STATUS_OK;
}
