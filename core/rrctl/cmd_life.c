/* SPDX-License-Identifier: MIT */
/*
 * cmd_life.c - rrctl start, stop and restart: of the daemon, or of one stage; reload.
 */
#include "core/rrctl/client.h"
#include "core/rrctl/jget.h"
#include "core/rrctl/proc.h"
#include "core/rrctl/rrctl.h"
#include "core/rrctl/view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Stages have 30 s to stop, one group after the other; nothing takes longer in good health. */
#define STOP_WAIT_S 120.0
/* A trainer may take minutes to save its work, another to become ready. */
#define RELOAD_WAIT_S 300.0

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
    json_t *args = json_pack("{s:s}", "stage", app->args.operands[0]);
    json_t *result = NULL;
    const int rc = ask(app, app->command->name, args, &result, err);

    return rc < 0 ? rc : say(app, result, JSON_COMPACT, print_stage);
}

static void
print_start(const struct rrctl *app, const json_t *status)
{
    (void)app;
    (void)printf("rrd %s runs in %s, pid %" PRId64 ": %zu of %zu stages ready\n",
                 jget_str(status, "version"), jget_str(status, "dir"), jget_int(status, "pid"),
                 view_count(status, "ready"), view_count(status, NULL));
}

static int
start_daemon(struct rrctl *app, struct rr_err *err)
{
    struct text_list words = {0};
    json_t *status = NULL;
    int rc = proc_rrd(app, &words, err);

    if (rc == 0) {
        text_list_add(&words, "--daemon");
        proc_add_sets(app, &words);
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

int
cmd_restart(struct rrctl *app, struct rr_err *err)
{
    if (app->args.operand_count > 0) {
        return ask_stage(app, err);
    }
    const int rc = stop_daemon(app, err);
    return rc == 0 ? start_daemon(app, err) : rc;
}

static void
print_list(const json_t *list, const char *what)
{
    size_t i;
    const json_t *name;

    json_array_foreach(list, i, name)
    {
        (void)printf("%s %s\n", what, json_string_value(name));
    }
}

static void
print_plan(const struct rrctl *app, const json_t *plan)
{
    size_t i;
    const json_t *step;

    if (!json_is_true(json_object_get(plan, "changes"))) {
        (void)puts("nothing changes");
        return;
    }
    json_array_foreach(json_object_get(plan, "stages"), i, step)
    {
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
