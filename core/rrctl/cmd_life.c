/* SPDX-License-Identifier: MIT */
/*
 * cmd_life.c - rrctl start, stop and restart: of the daemon, or of one stage; reload and upgrade.
 */
#include "core/common/jget.h"
#include "core/common/mem.h"
#include "core/common/text.h"
#include "core/rrctl/client.h"
#include "core/rrctl/out.h"
#include "core/rrctl/proc.h"
#include "core/rrctl/rrctl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Stages have 30 s to stop, one group after the other; nothing takes longer in good health. */
#define STOP_WAIT_S 120.0
/* A trainer may take minutes to save its work, another to become ready. */
#define RELOAD_WAIT_S 300.0
/* What an upgrade has to stand, when nothing else is said. */
#define WATCH_EVENTS 20
#define WATCH_MS 60000
#define WATCH_MAX_MS INT64_C(604800000) /* a week */
/* For the check, the end of the old worker and the start of the new one. */
#define STEPS_MS 300000

static void
print_stage(const struct rrctl *app, const json_t *result)
{
    const char *name = app->command->name;

    (void)result;
    (void)printf("%s: %s\n", app->args.operands[0],
                 strcmp(name, "start") == 0  ? "started"
                 : strcmp(name, "stop") == 0 ? "stopping"
                                             : "restarting");
}

/* Have the daemon do the same to the stage that is named. */
static int
ask_stage(struct rrctl *app, struct rr_err *err)
{
    json_t *result = NULL;

    if (args_has(&app->args, "set") || args_has(&app->args, "wait")) {
        return rr_err_set(err, RR_E_INPUT,
                          "--set and --wait are for the daemon, not for one stage");
    }
    json_t *args = json_pack("{s:s}", "stage", app->args.operands[0]);
    const int rc = ask(app, app->command->name, args, &result, err);

    return rc < 0 ? rc : say(app, result, JSON_COMPACT, print_stage);
}

static void
print_start(const struct rrctl *app, const json_t *status)
{
    const json_t *stages = json_object_get(status, "stages");
    const json_t *stage;
    size_t n_ready = 0;
    size_t i;

    (void)app;
    json_array_foreach(stages, i, stage) {
        n_ready += strcmp(jget_str(stage, "state"), "ready") == 0;
    }
    (void)printf("rrd %s runs in %s, pid %" PRId64 ": %zu of %zu stages ready\n",
                 jget_str(status, "version"), jget_str(status, "dir"), jget_int(status, "pid"),
                 n_ready, json_array_size(stages));
}

static int
start_daemon(struct rrctl *app, struct rr_err *err)
{
    struct text_list words = {0};
    json_t *status = NULL;
    int rc = proc_rrd(app, &words, err);

    if (rc == 0) {
        text_list_add(&words, "--daemon");
        args_each(&app->args, "set", "--set", &words);
        /* rrd says what is wrong itself, and with the same exit statuses. */
        rc = proc_run(&words, err);
    }
    text_list_free(&words);
    if (rc == 0) {
        rc = ask(app, "status", NULL, &status, err);
    }
    return rc != 0 ? rc : say(app, status, JSON_COMPACT, print_start);
}

/* Ask the daemon to stop and wait until its process has gone. */
static int
stop_daemon(struct rrctl *app, struct rr_err *err)
{
    struct client cl;
    json_t *result = NULL;
    double wait_s = STOP_WAIT_S;
    int rc = args_number(&app->args, "wait", 0.1, 86400, &wait_s, err);

    if (rc < 0 || client_open(&cl, app->dir, app->timeout_ms, err) < 0) {
        return err->code;
    }
    const pid_t pid = client_peer(&cl);
    rc = client_call(&cl, "stop", NULL, &result, err);
    json_decref(result);
    client_close(&cl);
    if (rc < 0 || pid <= 0) {
        return rc;
    }
    rc = proc_wait_gone(pid, (int)(wait_s * 1000));
    if (rc == RR_E_TIMEOUT) {
        return rr_err_set(err, rc,
                          "rrd (pid %d) is still stopping after %g s; rrctl status shows "
                          "what it waits for",
                          (int)pid, wait_s);
    }
    if (rc < 0) {
        return rr_err_set(err, rc, "waiting for rrd (pid %d): %s", (int)pid, strerror(-rc));
    }
    (void)printf(app->json ? "{\"stopped\":%d}\n" : "rrd (pid %d) has stopped\n", (int)pid);
    return 0;
}

int
cmd_start(struct rrctl *app, struct rr_err *err)
{
    return app->args.operand_count == 0 ? start_daemon(app, err) : ask_stage(app, err);
}

int
cmd_stop(struct rrctl *app, struct rr_err *err)
{
    return app->args.operand_count == 0 ? stop_daemon(app, err) : ask_stage(app, err);
}

/* Whether a start would work, before anything is stopped for it. */
static int
check_conf(const struct rrctl *app, struct rr_err *err)
{
    struct text_list words = {0};
    FILE *out = NULL;
    pid_t pid;
    int rc = proc_rrd(app, &words, err);

    if (rc == 0) {
        text_list_add(&words, "--check");
        text_list_add(&words, "--json"); /* the start says the warnings */
        args_each(&app->args, "set", "--set", &words);
        rc = proc_open(&words, &out, &pid, err);
    }
    text_list_free(&words);
    if (rc != 0) {
        return rc;
    }
    json_t *doc = json_loadf(out, 0, NULL);
    const json_t *problem;
    size_t i;

    (void)fclose(out);
    rc = proc_wait(pid);
    json_array_foreach(json_object_get(doc, "problems"), i, problem) {
        (void)fprintf(stderr, "%s\n", json_string_value(problem));
    }
    json_decref(doc);
    if (rc != 0) {
        (void)fputs("rrctl restart: nothing was stopped\n", stderr);
    }
    return rc;
}

int
cmd_restart(struct rrctl *app, struct rr_err *err)
{
    json_t *status = NULL;
    int rc;

    if (app->args.operand_count > 0) {
        return ask_stage(app, err);
    }
    rc = ask(app, "status", NULL, &status, err);
    json_decref(status);
    rc = rc == 0 ? check_conf(app, err) : rc;
    rc = rc == 0 ? stop_daemon(app, err) : rc;
    return rc == 0 ? start_daemon(app, err) : rc;
}

static void
print_list(const json_t *list, const char *what)
{
    size_t i;
    const json_t *name;

    json_array_foreach(list, i, name) {
        (void)printf("%s %s\n", what, json_string_value(name));
    }
}

static void
print_plan(const struct rrctl *app, const json_t *plan)
{
    size_t i;
    const json_t *step;

    if (!jget_is(plan, "changes")) {
        (void)puts("nothing changes");
        return;
    }
    json_array_foreach(json_object_get(plan, "stages"), i, step) {
        const char *why = jget_str(step, "why");

        (void)printf("%-8s %s%s%s%s\n", jget_str(step, "action"), jget_str(step, "stage"),
                     why[0] == '\0' ? "" : " (", why, why[0] == '\0' ? "" : ")");
    }
    print_list(json_object_get(plan, "lost"), "nobody reads its queue any more:");
    print_list(json_object_get(plan, "unread"), "nobody reads events of type");
    (void)puts(args_has(&app->args, "dry-run") ? "nothing was done (--dry-run)" : "done");
}

int
cmd_reload(struct rrctl *app, struct rr_err *err)
{
    double wait_s = RELOAD_WAIT_S;
    json_t *plan = NULL;
    int rc = args_number(&app->args, "wait", 0.1, 86400, &wait_s, err);

    if (rc == 0) {
        json_t *args = json_pack("{s:b}", "dry_run", (int)args_has(&app->args, "dry-run"));

        rc = ask_long(app, (int64_t)(wait_s * 1000), "reload", args, &plan, err);
    }
    return rc < 0 ? rc : say(app, plan, JSON_COMPACT, print_plan);
}

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
print_kept(const struct rrctl *app, const json_t *list)
{
    const json_t *entry;
    size_t i;

    (void)app;
    json_array_foreach(list, i, entry) {
        const char *from = jget_str(entry, "from");

        (void)printf(
            "%s  %s %.12s  since %s  %s%s%s\n", jget_str(entry, "stage"), jget_str(entry, "plugin"),
            jget_str(entry, "hash"), out_time(jget_int(entry, "time_ms")),
            from[0] == '\0' ? "went back to it" : "from ", from,
            jget_is(entry, "is_used") ? "" : "  (not in use: another file was installed since)");
    }
    if (json_array_size(list) == 0) {
        (void)puts("every stage runs the installed plugin");
    }
}

static void
print_upgrade(const struct rrctl *app, const json_t *result)
{
    const json_t *row;
    size_t i;

    (void)app;
    json_array_foreach(json_object_get(result, "stages"), i, row) {
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
    return rc < 0 ? rc : say(app, result, JSON_INDENT(2), is_list ? print_kept : print_upgrade);
}
