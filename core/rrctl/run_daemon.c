/* SPDX-License-Identifier: MIT */
/*
 * run_daemon.c - the daemon of `rrctl run`: attach or start, poll, stop.
 */
#include "core/common/jget.h"
#include "core/common/mem.h"
#include "core/common/status.h"
#include "core/common/text.h"
#include "core/rrctl/confd.h"
#include "core/rrctl/out.h"
#include "core/rrctl/proc.h"
#include "core/rrctl/run.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a CONFIG sets when the configuration does not say. */
#define DEFAULT_RUN_ARGUMENT "scheduler.configs"
/* A daemon that is stopping gets that long to go before a new one is started. */
#define OLD_DAEMON_WAIT_MS 120000
#define START_POLL_MS 50
#define STATUS_LIMIT_MS 2000

/* Use a daemon that runs already. Returns 0 when attached, -ECONNREFUSED when none runs (any
 * more), or another negative code. */
static int
attach(struct run *run, struct rr_err *err)
{
    json_t *status = NULL;
    int rc = ask(run->app, "status", NULL, &status, err);

    if (rc < 0) {
        return rc;
    }
    const pid_t pid = (pid_t)jget_int(status, "pid");
    if (strcmp(jget_str(status, "state"), "stopping") == 0 && pid > 0) {
        run_view_say(run, "waiting for the rrd that is stopping here (pid %d)", (int)pid);
        json_decref(status);
        rc = proc_wait_gone(pid, OLD_DAEMON_WAIT_MS);
        return rc < 0 ? rr_err_set(err, rc, "the rrd with pid %d does not end", (int)pid)
                      : -ECONNREFUSED;
    }
    if (run->config != NULL || args_has(&run->app->args, "set")) {
        json_decref(status);
        return rr_err_set(err, RR_E_BUSY,
                          "rrd runs in %s already (pid %d) with options of its own: stop it first "
                          "(rrctl stop), or watch it without CONFIG and --set",
                          run->app->dir, (int)pid);
    }
    run->status = status;
    run->status_at_ms = client_now_ms();
    run_view_say(run, "attached to the rrd that runs in %s (pid %d); it will go on running",
                 run->app->dir, (int)pid);
    return 0;
}

/* Everything that the command line sets, the one that CONFIG stands for first. */
static void
list_sets(const struct run *run, const char *before, struct text_list *words)
{
    char *argument = confd_get_new(run->app->dir, "core", "run_argument");

    if (run->config != NULL && before != NULL) {
        text_list_add(words, before);
    }
    if (run->config != NULL) {
        text_list_printf(words, "%s=%s", argument == NULL ? DEFAULT_RUN_ARGUMENT : argument,
                         run->config);
    }
    free(argument);
    args_each(&run->app->args, "set", before, words);
}

/* Make the directory if it has no configuration. What was set on the command line then goes into
 * the files, so that the next start knows it too; is_new tells. */
static int
make_directory(struct run *run, struct rr_err *err)
{
    struct text_list sets = {0};
    int rc;

    run->is_new = !init_is_done(run->app->dir);
    if (!run->is_new) {
        return 0;
    }
    list_sets(run, NULL, &sets);
    rc = init_make(run->app, run->app->dir, &sets, err);
    text_list_free(&sets);
    return rc;
}

static int
start_child(struct run *run, struct rr_err *err)
{
    struct text_list words = {0};
    int rc = proc_rrd(run->app, &words, err);

    if (!run->is_new) {
        list_sets(run, "--set", &words);
    }
    if (rc == 0) {
        run->output_fd = memfd_create("rrd-output", MFD_CLOEXEC);
        rc = run->output_fd < 0 ? rr_err_set(err, -errno, "memfd: %s", strerror(errno)) : 0;
    }
    if (rc == 0) {
        run->child = proc_start(&words, run->output_fd, err);
        rc = run->child < 0 ? (int)run->child : 0;
    }
    text_list_free(&words);
    return rc;
}

/* Print what the child has said since the last time, its last 4 KiB at most: in its own words,
 * because a configuration may have more faults than fit one message. */
static void
echo(struct run *run)
{
    char said[4096];
    const off_t end = lseek(run->output_fd, 0, SEEK_END);
    off_t from = run->said_bytes;

    if (end - from > (off_t)sizeof said) {
        from = end - (off_t)sizeof said;
    }
    const ssize_t n = end <= from ? 0 : pread(run->output_fd, said, (size_t)(end - from), from);
    if (n > 0) {
        (void)fwrite(said, 1, (size_t)n, stderr);
        if (said[n - 1] != '\n') {
            (void)fputc('\n', stderr);
        }
        run->said_bytes = end;
    }
}

/* Wait until the control socket answers. */
static int
wait_answer(struct run *run, struct rr_err *err)
{
    for (;;) {
        run_daemon_reap(run);
        if (run->is_reaped) {
            return run_daemon_verdict(run, err);
        }
        if (run_daemon_poll(run, err) == 0) {
            return 0;
        }
        if (screen_interrupts > 0) {
            return 0; /* the loop stops it at once */
        }
        (void)poll(NULL, 0, START_POLL_MS);
    }
}

int
run_daemon_prepare(struct run *run, struct rr_err *err)
{
    const int rc = init_is_done(run->app->dir) ? attach(run, err) : -ECONNREFUSED;

    return rc != -ECONNREFUSED ? rc : make_directory(run, err);
}

int
run_daemon_start(struct run *run, struct rr_err *err)
{
    int rc = start_child(run, err);

    if (rc == 0) {
        rc = wait_answer(run, err);
    }
    if (rc == 0 && !run->is_reaped) {
        echo(run); /* warnings; a screen hides them, and they show again when it is left */
        run_view_say(run, "rrd runs in %s (pid %d), its log is %s/log/rrd.log", run->app->dir,
                     (int)run->child, run->app->dir);
    }
    return rc;
}

void
run_daemon_reap(struct run *run)
{
    int status;

    if (run->child > 0 && !run->is_reaped && waitpid(run->child, &status, WNOHANG) == run->child) {
        run->is_reaped = true;
        run->child_status = status;
    }
}

int
run_daemon_poll(struct run *run, struct rr_err *err)
{
    json_t *status = NULL;
    const int limit_ms =
        run->app->timeout_ms < STATUS_LIMIT_MS ? run->app->timeout_ms : STATUS_LIMIT_MS;
    const int rc = client_ask(run->app->dir, limit_ms, "status", NULL, &status, err);

    if (rc == 0) {
        json_decref(run->status);
        run->status = status;
        run->status_at_ms = client_now_ms();
    }
    return rc;
}

int
run_daemon_verdict(struct run *run, struct rr_err *err)
{
    echo(run);
    if (WIFSIGNALED(run->child_status)) {
        return rr_err_set(err, -EIO, "rrd was killed by signal %d (%s); see %s/log/rrd.log",
                          WTERMSIG(run->child_status), strsignal(WTERMSIG(run->child_status)),
                          run->app->dir);
    }
    const int status = WEXITSTATUS(run->child_status);
    return status == 0 ? 0
                       : rr_err_set(err, status_code(status),
                                    "rrd ended with exit status %d; see %s/log/rrd.log", status,
                                    run->app->dir);
}
