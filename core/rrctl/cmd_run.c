/* SPDX-License-Identifier: MIT */
/*
 * cmd_run.c - rrctl run: a loop in the foreground, with live progress and a report.
 *
 *     prepare -> start or attach -> watch until a limit, Ctrl-C or trouble -> stop -> report
 *
 * What this command started it stops; a daemon that it attached to goes on running.
 */
#include "core/common/jget.h"
#include "core/common/mem.h"
#include "core/common/text.h"
#include "core/rrctl/confd.h"
#include "core/rrctl/proc.h"
#include "core/rrctl/run.h"
#include "core/rrctl/view.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 1000
#define DEFAULT_ITERATION_EVENT "EVALUATION_COMPLETED"
#define DEFAULT_REPORT "report"
/* Attached: the daemon is taken for gone after so long without an answer. */
#define LOST_AFTER_MS 30000
/* A daemon ends its stages within 30 s each and always ends itself; this is for one that hangs. */
#define STOP_LIMIT_MS 180000

int64_t
run_count(const struct run *run, const char *type)
{
    const json_t *events = json_object_get(run->status, "events");

    return jget_int(json_object_get(events, "by_type"), type);
}

int64_t
run_iterations(const struct run *run)
{
    const int64_t count = run_count(run, run->iteration_event);

    return count > run->first_iterations ? count - run->first_iterations : 0;
}

static int
parse_limits(struct run *run, struct rr_err *err)
{
    const struct args *args = &run->app->args;
    const char *until = args_get(args, "until"); /* "MODEL_PROMOTED=3" */
    const char *equals = until == NULL ? NULL : strchr(until, '=');
    double minutes = 0;

    if (args_number(args, "minutes", 0.01, 1e6, &minutes, err) < 0 ||
        args_integer(args, "iterations", &run->limit_iterations, err) < 0) {
        return err->code;
    }
    if (until != NULL && (equals == NULL || equals == until ||
                          text_int(equals + 1, &run->until_count) < 0 || run->until_count < 1)) {
        return rr_err_set(err, RR_E_INPUT, "--until %s: want TYPE=N, as MODEL_PROMOTED=3", until);
    }
    run->until_type = until == NULL ? NULL : mem_dupn(until, (size_t)(equals - until));
    run->limit_ms = (int64_t)(minutes * 60000);
    run->config = args->operands[0];
    run->draws = !run->app->json && !args_has(args, "plain") && screen_can_draw();
    return 0;
}

/* Read what [core] says about runs. Before the start, so that a missing report program is not found
 * out only after hours. */
static int
read_core_keys(struct run *run, struct rr_err *err)
{
    char *report = confd_get_new(run->app->dir, "core", "report");
    const char *name = report == NULL ? DEFAULT_REPORT : report;
    int rc = 0;

    run->iteration_event = confd_get_new(run->app->dir, "core", "iteration_event");
    if (run->iteration_event == NULL) {
        run->iteration_event = mem_dup(DEFAULT_ITERATION_EVENT);
    }
    if (!args_has(&run->app->args, "no-report") && name[0] != '\0') {
        run->report = proc_external_new(run->app, name);
        if (run->report == NULL) {
            rc = rr_err_set(err, RR_E_CONFIG,
                            "no program rrctl-%s for the report: correct core.report, or give "
                            "--no-report",
                            name);
        }
    }
    free(report);
    return rc;
}

/* Begin to follow the iteration events; the last ones of earlier runs come too. */
static void
follow_begin(struct run *run)
{
    struct rr_err err = RR_ERR_INIT;
    json_t *args = json_pack("{s:s,s:b,s:i}", "type", run->iteration_event, "follow", 1, "limit",
                             RUN_RECENT_MAX);

    if (client_follow(&run->follow, run->app->dir, run->app->timeout_ms, args, &err) < 0) {
        run_view_say(run, "events cannot be followed: %s", err.text);
    }
}

/* Take the events that have come. */
static void
follow_drain(struct run *run)
{
    struct rr_err err = RR_ERR_INIT;
    json_t *event = NULL;
    int rc = 1;

    while (run->follow.fd >= 0 && rc > 0) {
        rc = client_event(&run->follow, 0, &event, &err);
        if (rc > 0) {
            run_view_event(run, event);
        } else if (rc != RR_E_TIMEOUT) {
            /* A refusal is told; that the daemon has gone or is going the loop finds out. */
            if (rc != 0 && rc != -ECONNRESET) {
                run_view_say(run, "events cannot be followed: %s", err.text);
            }
            client_close(&run->follow);
        }
    }
}

/* Wait for the next tick, and take events meanwhile. */
static void
wait_tick(struct run *run, int64_t until_ms)
{
    for (;;) {
        struct pollfd pfd = {.fd = run->follow.fd, .events = POLLIN};
        const int64_t left = until_ms - client_now_ms();
        const int n = left > 0 ? poll(&pfd, 1, (int)left) : 0;

        if (n <= 0) {
            return; /* time is up, or a signal came */
        }
        follow_drain(run);
    }
}

/* Name of a stage that has failed for good, or NULL. */
static const char *
failed_stage(const struct run *run, const char **why)
{
    const json_t *stage;
    size_t i;

    json_array_foreach(json_object_get(run->status, "stages"), i, stage) {
        if (strcmp(jget_str(stage, "state"), "failed") == 0) {
            *why = jget_str(stage, "waits");
            return jget_str(stage, "name");
        }
    }
    return NULL;
}

/* Decide whether this was it: stop_reason tells, and an error when something is wrong. */
static int
judge(struct run *run, struct rr_err *err)
{
    const char *why = "";
    const char *failed = failed_stage(run, &why);

    if (screen_interrupts > 0) {
        run->stop_reason = "interrupted";
    } else if (run->limit_ms > 0 && client_now_ms() - run->began_ms >= run->limit_ms) {
        run->stop_reason = "time is up";
    } else if (run->limit_iterations > 0 && run_iterations(run) >= run->limit_iterations) {
        run->stop_reason = "all iterations done";
    } else if (run->until_type != NULL && run_count(run, run->until_type) >= run->until_count) {
        run->stop_reason = "goal reached";
    } else if (failed != NULL && run->child > 0) {
        run->stop_reason = "a stage has failed";
        return rr_err_set(err, -EIO, "stage %s has failed for good: %s (log/%s.log)", failed, why,
                          failed);
    }
    return 0;
}

/* One look at everything. Returns a negative code when the daemon has gone. */
static int
tick(struct run *run, struct rr_err *err)
{
    struct rr_err poll_err = RR_ERR_INIT;
    const int rc = run_daemon_poll(run, &poll_err);

    run_daemon_reap(run);
    if (run->is_reaped) {
        const int verdict = run->stop_reason != NULL ? 0 : run_daemon_verdict(run, err);
        return verdict == 0 && run->stop_reason == NULL
                   ? rr_err_set(err, -EIO, "rrd ended although nobody asked it to")
                   : verdict;
    }
    if (rc < 0 && run->child == 0 &&
        (rc == -ECONNREFUSED || client_now_ms() - run->status_at_ms > LOST_AFTER_MS)) {
        *err = poll_err;
        return rc;
    }
    follow_drain(run);
    run_view_tick(run);
    return 0;
}

static int
watch(struct run *run, struct rr_err *err)
{
    int rc = 0;

    run->first_iterations = run_count(run, run->iteration_event);
    follow_begin(run);
    while (rc == 0 && run->stop_reason == NULL) {
        const int64_t next_ms = client_now_ms() + TICK_MS;
        rc = tick(run, err);
        if (rc == 0) {
            rc = judge(run, err);
        }
        if (rc == 0 && run->stop_reason == NULL) {
            wait_tick(run, next_ms);
        }
    }
    return rc;
}

/* Stop the child: gracefully, faster after a second interrupt, at once after a third. */
static int
stop(struct run *run, struct rr_err *err)
{
    const int64_t limit_ms = client_now_ms() + STOP_LIMIT_MS;
    int seen = screen_interrupts;
    bool is_killed = false;

    if (run->child == 0) {
        return 0;
    }
    run_view_say(run, "%s: stopping, each stage saves its work (Ctrl-C again hurries)",
                 run->stop_reason);
    (void)kill(run->child, SIGTERM);
    for (;;) {
        (void)poll(NULL, 0, 100);
        if (tick(run, err) < 0 && !run->is_reaped) {
            return err->code;
        }
        if (run->is_reaped) {
            break;
        }
        if (screen_interrupts > seen) {
            seen = screen_interrupts;
            is_killed = run->is_hurried;
            run->is_hurried = true;
            run_view_say(run, is_killed ? "killing rrd" : "stopping at once");
            (void)kill(run->child, is_killed ? SIGKILL : SIGTERM);
        }
        if (client_now_ms() > limit_ms && !is_killed) {
            is_killed = true;
            (void)kill(run->child, SIGKILL);
        }
    }
    if (is_killed) {
        return rr_err_set(err, RR_E_TIMEOUT,
                          "rrd was killed before it had stopped; nothing that "
                          "was finished is lost");
    }
    return run_daemon_verdict(run, err);
}

/* Run the report program; its exit status is ours. */
static int
report(struct run *run, struct rr_err *err)
{
    struct text_list words = {0};
    int rc;

    if (run->report == NULL) {
        return 0;
    }
    text_list_add(&words, run->report);
    text_list_add(&words, "--dir");
    text_list_add(&words, run->app->dir);
    rc = proc_set_env(run->app, err);
    rc = rc == 0 ? proc_run(&words, err) : rc;
    text_list_free(&words);
    return rc;
}

static void
run_fini(struct run *run)
{
    if (run->output_fd >= 0) {
        (void)close(run->output_fd);
    }
    client_close(&run->follow);
    json_decref(run->recent);
    json_decref(run->status);
    json_decref(run->printed_notes);
    free(run->until_type);
    free(run->iteration_event);
    free(run->report);
}

int
cmd_run(struct rrctl *app, struct rr_err *err)
{
    const int64_t now_ms = client_now_ms();
    struct run run = {
        .app = app,
        .output_fd = -1,
        .follow = {.fd = -1},
        .recent = json_array(),
        .printed_notes = json_object(),
        .began_ms = now_ms,
        .line_at_ms = now_ms,
        .began_wall_ms = (int64_t)time(NULL) * 1000,
    };
    int rc = parse_limits(&run, err);

    if (rc == 0) {
        screen_catch_signals();
        rc = run_daemon_prepare(&run, err);
    }
    if (rc == 0) {
        rc = read_core_keys(&run, err);
    }
    if (rc == 0 && run.status == NULL) {
        rc = run_daemon_start(&run, err);
    }
    if (rc == 0) {
        const int watched = watch(&run, err);
        struct rr_err stop_err = RR_ERR_INIT;
        const int stopped = run.stop_reason == NULL ? 0 : stop(&run, &stop_err);

        run_view_end(&run);
        rc = watched < 0 ? watched : stopped;
        if (watched == 0 && stopped < 0) {
            *err = stop_err;
        }
    }
    if (rc == 0 && !run.is_hurried) {
        rc = report(&run, err);
    }
    run_fini(&run);
    return rc;
}
