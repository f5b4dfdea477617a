/* SPDX-License-Identifier: MIT */
/*
 * cmd_upgrade.c - rrctl upgrade: try another plugin file.
 */
#include "core/common/mem.h"
#include "core/common/text.h"
#include "core/rrctl/jget.h"
#include "core/rrctl/out.h"
#include "core/rrctl/rrctl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WATCH_EVENTS 20
#define WATCH_MS 60000
#define WATCH_MAX_MS INT64_C(604800000) /* a week */

/* For the check, the end of the old worker and the start of the new one. */
#define STEPS_MS 300000

/* The path as the daemon finds it. Links stay: the name must be that of the plugin. */
static char *
absolute_new(const char *file, struct rr_err *err)
{
    char *here = file[0] == '/' ? mem_dup("") : getcwd(NULL, 0);
    char *path = here == NULL ? NULL : paths_join_new(here, file);

    if (path == NULL || access(path, R_OK) != 0) {
        (void)rr_err_set(err, -errno, "%s: %s", file, strerror(errno));
        free(path);
        path = NULL;
    }
    free(here);
    return path;
}

static void
print_list(const struct rrctl *app, const json_t *list)
{
    const json_t *entry;
    size_t i;

    (void)app;
    json_array_foreach(list, i, entry)
    {
        const char *from = jget_str(entry, "from");

        (void)printf("%s  %s %.12s  since %s  %s%s%s\n", jget_str(entry, "stage"),
                     jget_str(entry, "plugin"), jget_str(entry, "hash"),
                     out_time(jget_int(entry, "time_ms")),
                     from[0] == '\0' ? "went back to it" : "from ", from,
                     json_is_true(json_object_get(entry, "is_used"))
                         ? ""
                         : "  (not in use: another file was installed since)");
    }
    if (json_array_size(list) == 0) {
        (void)puts("every stage runs the installed plugin");
    }
}

static void
print_done(const struct rrctl *app, const json_t *result)
{
    const json_t *row;
    size_t i;

    (void)app;
    json_array_foreach(json_object_get(result, "stages"), i, row)
    {
        (void)printf("stage %s: %s %.12s instead of %.12s, kept after %" PRId64 " events\n",
                     jget_str(row, "stage"), jget_str(row, "plugin"), jget_str(row, "hash"),
                     jget_str(row, "was"), jget_int(row, "events"));
    }
}

/* What to try on a stage, and what is to be seen before it is kept; *watch_ms is how long that may
 * take. NULL when the command line is wrong. */
static json_t *
request_new(const struct rrctl *app, int64_t *watch_ms, struct rr_err *err)
{
    const struct args *args = &app->args;
    const bool is_undo = args_has(args, "undo");
    const char *time = args_get(args, "watch-time");
    int64_t events = WATCH_EVENTS;
    char *file = NULL;

    *watch_ms = WATCH_MS;
    if (args->operand_count != (is_undo ? 1 : 2)) {
        (void)rr_err_set(err, RR_E_INPUT,
                         "usage: rrctl upgrade STAGE|PLUGIN FILE.so, or --undo STAGE|PLUGIN, or "
                         "--list");
        return NULL;
    }
    if (args_integer(args, "watch-events", &events, err) != 0) {
        return NULL;
    }
    if (time != NULL &&
        (text_duration_ms(time, watch_ms) != 0 || *watch_ms < 0 || *watch_ms > WATCH_MAX_MS)) {
        (void)rr_err_set(err, RR_E_INPUT, "--watch-time %s: want a time as 90s or 5min, at most 7d",
                         time);
        return NULL;
    }
    if (!is_undo && (file = absolute_new(args->operands[1], err)) == NULL) {
        return NULL;
    }
    if (!app->json && isatty(STDERR_FILENO) == 1) {
        (void)fprintf(stderr,
                      "watching for %" PRId64 " events or %s (Ctrl-C leaves it to the daemon)\n",
                      events, time == NULL ? "60s" : time);
    }
    json_t *request = json_pack("{s:s, s:s?, s:b, s:I, s:I}", "name", args->operands[0], "file",
                                file, "undo", (int)is_undo, "watch_events", (json_int_t)events,
                                "watch_ms", (json_int_t)*watch_ms);
    free(file);
    return request;
}

int
cmd_upgrade(struct rrctl *app, struct rr_err *err)
{
    const bool is_list = args_has(&app->args, "list");
    int64_t watch_ms = 0;
    json_t *request = is_list ? json_pack("{s:b}", "list", 1) : request_new(app, &watch_ms, err);
    json_t *result = NULL;

    if (request == NULL) {
        return err->code;
    }
    const int64_t wait_ms = app->timeout_ms + (is_list ? 0 : STEPS_MS + 2 * watch_ms);
    const int rc = ask_long(app, wait_ms, "upgrade", request, &result, err);
    return rc < 0 ? rc : say(app, result, JSON_INDENT(2), is_list ? print_list : print_done);
}
