/* SPDX-License-Identifier: MIT */
/*
 * doctor_daemon.c - examine the daemon: whether it lives and answers, what its stages do, and
 * whether it runs what lies on the disk.
 */
#include "config.h"

#include "core/rrd/doctor.h"

#include "core/common/jget.h"
#include "core/common/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The program of a process; "" when it is gone or not ours to see. */
static void
program_of(long pid, char *out, size_t cap)
{
    char link[64];

    (void)snprintf(link, sizeof link, "/proc/%ld/exe", pid);
    const ssize_t n = pid <= 0 ? -1 : readlink(link, out, cap - 1);

    out[n < 0 ? 0 : n] = '\0';
}

/* Nobody answered. Who holds the lock tells whether somebody should have. */
static void
explain_silence(struct doctor *d)
{
    const char *error = jget_text(d->silence, "error");
    const bool is_held = d->lock_fd >= 0 && d->lock.is_held;
    const json_int_t code = jget_int(d->silence, "code");
    char *path = paths_join_new(d->conf->dir, "run/ctl.sock");
    char program[PATH_MAX];
    struct stat st;

    program_of(d->lock.pid, program, sizeof program);
    const char *slash = strrchr(program, '/');

    if (code == -EACCES) {
        report_fail(&d->report, "use its account, or see control_group", "%s", error);
    } else if (is_held && kill((pid_t)d->lock.pid, 0) != 0 && errno == ESRCH) {
        report_fail(&d->report, "end it: lsof state/lock",
                    "the lock is held by a process that inherited it from %ld, which is gone",
                    d->lock.pid);
    } else if (is_held && slash != NULL && strncmp(slash + 1, "rrd", 3) != 0) {
        report_fail(&d->report, "end it, and see why it opened state/lock",
                    "the lock is held by process %ld, which is no rrd (%s)", d->lock.pid, program);
    } else if (is_held) {
        report_fail(&d->report,
                    "see what stops it (kill -CONT?), or end it with kill -9: nothing is lost",
                    "rrd (pid %ld) runs, and does not answer: %s", d->lock.pid,
                    error == NULL ? "it was not asked" : error);
    } else if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
        report_fail(&d->report, "move it away", "%s is no socket", path);
    } else if (lstat(path, &st) == 0) {
        report_warn(&d->report, "rrctl start: nothing is lost",
                    "rrd was killed, or the machine went down: it left its socket behind");
    } else {
        report_ok(&d->report, "it does not run");
    }
    free(path);
}

static void
check_program(struct doctor *d)
{
    static const char gone[] = " (deleted)";
    const char *version = jget_text(d->daemon, "version");
    const long pid = (long)jget_int(d->daemon, "pid");
    char program[PATH_MAX];

    program_of(pid, program, sizeof program);
    const size_t n = strlen(program);

    if (version == NULL || strcmp(version, PACKAGE_VERSION) != 0) {
        report_warn(&d->report, "rrctl restart", "it is version %s, installed is " PACKAGE_VERSION,
                    version == NULL ? "unknown" : version);
    }
    if (n >= sizeof gone && strcmp(program + n - sizeof gone + 1, gone) == 0) {
        report_warn(&d->report, "rrctl restart",
                    "its program was replaced or removed since it started");
    }
    report_ok(&d->report, "it answers, pid %ld", pid);
    if (d->lock_fd < 0 || !d->lock.is_held || d->lock.pid != pid) {
        d->report.what = "lock";
        report_fail(&d->report, "rrctl stop, and see who changed state/",
                    "pid %ld answers, and does not hold the lock of this directory", pid);
    }
}

/* Against what a start would make of conf.d now. */
static void
compare_stage(struct doctor *d, const json_t *row)
{
    const char *name = jget_str(row, "name");
    const long index = conf_stage_index(d->conf, name);
    const char *runs = jget_str(row, "worker_hash");

    if (index < 0) {
        report_warn(&d->report, "rrctl reload", "%s runs, and is not in conf.d any more", name);
        return;
    }
    const struct conf_stage *stage = &d->conf->stages[index];

    if (strcmp(jget_str(row, "state"), "ready") == 0 && runs[0] != '\0' && stage->hash[0] != '\0' &&
        strcmp(runs, stage->hash) != 0) {
        d->report.what = "plugins";
        report_warn(&d->report, "rrctl reload takes the new one over",
                    "%s runs another file than %s is now (%.12s, there %.12s)", name, stage->file,
                    runs, stage->hash);
    }
}

static void
check_stage(struct doctor *d, const json_t *row)
{
    const char *name = jget_str(row, "name");
    const char *state = jget_str(row, "state");
    const char *died = jget_str(json_object_get(row, "last_exit"), "text");
    const json_int_t buried = jget_int(json_object_get(row, "queue"), "buried");

    d->report.what = "stages";
    if (strcmp(state, "failed") == 0) {
        report_fail(&d->report, "mend it, then rrctl start STAGE", "%s has failed: %s", name, died);
    } else if (strcmp(state, "backoff") == 0 || strcmp(jget_str(row, "breaker"), "open") == 0) {
        report_warn(&d->report, "rrctl status STAGE shows its deaths",
                    "%s dies again and again: %s", name, died);
    }
    if (buried > 0) {
        report_warn(&d->report, "rrctl queue list STAGE shows why; kick or drop them",
                    "%s has %" JSON_INTEGER_FORMAT " buried events", name, buried);
    }
    compare_stage(d, row);
}

void
doctor_ask_daemon(struct doctor *d)
{
    const json_t *stages = json_object_get(d->daemon, "stages");
    const json_t *row;
    size_t i;

    if (d->daemon == NULL) {
        explain_silence(d);
        return;
    }
    json_t *names = json_object();

    check_program(d);
    json_array_foreach(stages, i, row) {
        check_stage(d, row);
        (void)json_object_set_new(names, jget_str(row, "name"), json_true());
    }
    d->report.what = "stages";
    for (i = 0; i < d->conf->n_stages; i++) {
        const char *name = d->conf->stages[i].name;

        if (json_object_get(names, name) == NULL) {
            report_warn(&d->report, "rrctl reload", "%s is in conf.d, and does not run", name);
        }
    }
    if (report_is_fine(&d->report)) {
        report_ok(&d->report, "%zu, of the files that lie there", json_array_size(stages));
    }
    json_decref(names);
}
