/* SPDX-License-Identifier: MIT */
/*
 * cmd_life.c - rrctl start, stop, restart: of the daemon, or of one stage.
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

static int
ask_stage(struct rrctl *app, const char *cmd, const char *done, struct rr_err *err)
{
    const char *stage = app->args.operands[0];
    json_t *args = json_pack("{s:s}", "stage", stage);
    json_t *result = NULL;
    const int rc = ask(app, cmd, args, &result, err);

    json_decref(args);
    if (rc < 0) {
        return rc;
    }
    if (app->json) {
        (void)json_dumpf(result, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
        (void)putchar('\n');
    } else {
        (void)printf("%s: %s\n", stage, done);
    }
    json_decref(result);
    return 0;
}

/* Say what runs now. */
static int
report_start(struct rrctl *app, struct rr_err *err)
{
    json_t *status = NULL;
    const int rc = ask(app, "status", NULL, &status, err);

    if (rc < 0) {
        return rc;
    }
    if (app->json) {
        (void)json_dumpf(status, stdout, JSON_COMPACT);
        (void)putchar('\n');
    } else {
        (void)printf("rrd %s runs in %s, pid %" PRId64 ": %zu of %zu stages ready\n",
                     jget_str(status, "version"), jget_str(status, "dir"), jget_int(status, "pid"),
                     view_count(status, "ready"), view_count(status, NULL));
    }
    json_decref(status);
    return 0;
}

static int
start_daemon(struct rrctl *app, struct rr_err *err)
{
    struct proc_words words;
    int rc = proc_words_init(&words, app, err);

    if (rc == 0) {
        rc = proc_words_add(&words, "--daemon", err);
    }
    if (rc == 0) {
        rc = proc_words_add_sets(&words, app, err);
    }
    if (rc == 0) {
        /* rrd says what is wrong itself, and with the same exit statuses. */
        rc = proc_run(&words, err);
    }
    proc_words_fini(&words);
    return rc == 0 ? report_start(app, err) : rc;
}

/* Ask the daemon to stop and wait until its process has gone. */
static int
stop_daemon(struct rrctl *app, struct rr_err *err)
{
    struct client cl;
    json_t *line = NULL;
    json_t *result = NULL;
    double wait_s = STOP_WAIT_S;
    pid_t pid = 0;
    int rc = args_number(&app->args, "wait", 0.1, 86400, &wait_s, err);

    if (rc == 0) {
        rc = client_open(&cl, app->dir, app->timeout_ms, err);
    }
    if (rc < 0) {
        return rc;
    }
    pid = client_peer(&cl);
    rc = client_send(&cl, "stop", NULL, app->timeout_ms, err);
    if (rc == 0) {
        rc = client_line(&cl, app->timeout_ms, &line, err);
    }
    if (rc == 0) {
        rc = client_result(&cl, line, &result, err);
    }
    json_decref(line);
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
    if (app->json) {
        (void)printf("{\"stopped\":%d}\n", (int)pid);
    } else {
        (void)printf("rrd (pid %d) has stopped\n", (int)pid);
    }
    return 0;
}

int
cmd_start(struct rrctl *app, struct rr_err *err)
{
    return app->args.operand_count == 0 ? start_daemon(app, err)
                                        : ask_stage(app, "start", "started", err);
}

int
cmd_stop(struct rrctl *app, struct rr_err *err)
{
    return app->args.operand_count == 0 ? stop_daemon(app, err)
                                        : ask_stage(app, "stop", "stopping", err);
}

int
cmd_restart(struct rrctl *app, struct rr_err *err)
{
    if (app->args.operand_count > 0) {
        return ask_stage(app, "restart", "restarting", err);
    }
    const int rc = stop_daemon(app, err);
    return rc == 0 ? start_daemon(app, err) : rc;
}
