/* SPDX-License-Identifier: MIT */
/*
 * doctor.c - examine the directory: rights, disk, lock, store, leftovers, clock, limits, logs.
 */
#include "core/rrd/doctor.h"

#include "core/common/mem.h"
#include "core/common/status.h"
#include "core/rrd/store.h"
#include "core/rrd/store_verify.h"
#include "core/rrd/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* The year in which this was written: no clock that is right shows less. */
#define CLOCK_MIN_S 1767225600
#define CLOCK_SLACK_S 300
/* Files that the daemon needs for itself, and for each stage (socket, log, lock, process). */
#define FILES_BASE 128u
#define FILES_PER_STAGE 6u
#define INODES_LOW 1000u

static const char *
user_name(uid_t uid)
{
    const struct passwd *pw = getpwuid(uid);

    return pw == NULL ? "a user without a name" : pw->pw_name;
}

/* One folder of the directory: its owner is that of the directory, and nobody else may write. */
static bool
check_folder(struct doctor *d, const char *name, uid_t owner)
{
    char *path = paths_join_new(d->conf->dir, name);
    struct stat st;
    bool is_fine = false;

    if (stat(path, &st) != 0) {
        is_fine = errno == ENOENT;
        if (!is_fine) {
            report_add(&d->report, REPORT_FAIL, "directory", NULL, "%s: %s", path, strerror(errno));
        }
    } else if (!S_ISDIR(st.st_mode)) {
        report_add(&d->report, REPORT_FAIL, "directory", "move it away; rrd makes the directory",
                   "%s is no directory", path);
    } else if (st.st_uid != owner && st.st_uid != 0) {
        report_add(&d->report, REPORT_FAIL, "directory", "chown it", "%s belongs to %s", path,
                   user_name(st.st_uid));
    } else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (st.st_mode & S_ISVTX) == 0) {
        report_add(&d->report, REPORT_FAIL, "directory", "chmod go-w",
                   "others than its owner may write to %s (mode %04o)", path,
                   (unsigned)(st.st_mode & 07777));
    } else if ((st.st_mode & S_IRWXU) != S_IRWXU) {
        report_add(&d->report, REPORT_FAIL, "directory", "chmod u+rwx",
                   "its owner may not use %s (mode %04o)", path, (unsigned)(st.st_mode & 07777));
    } else {
        is_fine = true;
    }
    free(path);
    return is_fine;
}

static void
check_directory(struct doctor *d)
{
    static const char *const names[] = {".",   "conf.d", "state", "state/store",
                                        "log", "run",    "data"};
    char *data = paths_join_new(d->conf->dir, "data");
    struct stat st;
    bool is_fine = true;

    if (stat(d->conf->dir, &st) != 0) {
        report_add(&d->report, REPORT_FAIL, "directory", NULL, "%s: %s", d->conf->dir,
                   strerror(errno));
        free(data);
        return;
    }
    const uid_t owner = st.st_uid;

    if (geteuid() != owner) {
        report_add(&d->report, REPORT_WARN, "directory", "run rrctl as the owner",
                   "you are %s, %s belongs to %s: what follows is how it looks to you",
                   geteuid() == 0 ? "root" : "another user", d->conf->dir, user_name(owner));
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        is_fine = check_folder(d, names[i], owner) && is_fine;
    }
    if (d->lock_fd >= 0 && access(data, F_OK) != 0) {
        report_add(&d->report, REPORT_FAIL, "directory", "put it back, from a copy",
                   "%s is gone: events of the store name files in it", data);
        is_fine = false;
    }
    if (is_fine) {
        report_add(&d->report, REPORT_OK, "directory", NULL, "%s belongs to %s, and only to him",
                   d->conf->dir, user_name(owner));
    }
    free(data);
}

/* File systems over a network: locks and mapped memory are not what LMDB needs there. */
static bool
is_remote(const char *path)
{
    static const unsigned long magics[] = {0x6969, 0x517b, 0xff534d42, 0xfe534d42};
    struct statfs fs;

    for (size_t i = 0; statfs(path, &fs) == 0 && i < sizeof magics / sizeof magics[0]; i++) {
        if (((unsigned long)fs.f_type & 0xffffffff) == magics[i]) {
            return true;
        }
    }
    return false;
}

static void
check_disk(struct doctor *d)
{
    const uint64_t reserve = (uint64_t)d->conf->disk_reserve;
    struct statvfs fs;

    if (statvfs(d->conf->dir, &fs) != 0) {
        report_add(&d->report, REPORT_FAIL, "disk", NULL, "cannot examine it: %s", strerror(errno));
        return;
    }
    const uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
    enum report_verdict verdict = REPORT_OK;
    const char *todo = NULL;

    if ((fs.f_flag & ST_RDONLY) != 0) {
        report_add(&d->report, REPORT_FAIL, "disk", "mount it for writing", "it is read-only");
    }
    if (is_remote(d->conf->dir)) {
        report_add(&d->report, REPORT_FAIL, "disk", "move the directory to a local disk",
                   "it lies on another machine, where a store cannot be kept safely");
    }
    if (fs.f_files > 0 && fs.f_favail < INODES_LOW) {
        report_add(&d->report, REPORT_FAIL, "disk", "remove files",
                   "only %" PRIu64 " more files can be made", (uint64_t)fs.f_favail);
    }
    if (room < reserve) {
        verdict = REPORT_FAIL;
        todo = "make room on it, or lower disk_reserve: until then new events wait";
    } else if (room < 4 * reserve) {
        verdict = REPORT_WARN;
        todo = "make room on it soon";
    }
    report_add(&d->report, verdict, "disk", todo,
               "%" PRIu64 " MiB are free, disk_reserve is %" PRIu64 " MiB", room >> 20,
               reserve >> 20);
}

/* Count the entries of queues that no stage reads. */
static bool
foreign_queue(void *arg, const char *name, const char *text)
{
    struct doctor *d = arg;

    (void)text;
    if (conf_stage_index(d->conf, name) < 0) {
        report_add(&d->report, REPORT_WARN, "store",
                   "configure the stage, or drop the events: rrctl queue drop",
                   "there are events for \"%s\", which is no stage of conf.d", name);
    }
    return true;
}

/* The daemon does not run, and cannot start while we hold the lock: look at every record. */
static void
verify_store(struct doctor *d, const char *dir)
{
    const struct store_conf sc = {.map_bytes = 1u << 30, .read_only = true};
    struct rr_err err = RR_ERR_INIT;
    struct store_check check;
    struct store *store = NULL;
    int rc = store_verify(dir, true, &check, &err);

    if (rc == 0 && check.is_new) {
        report_add(&d->report, REPORT_OK, "store", NULL, "it is not made yet");
        return;
    }
    if (rc == 0 && check.n_damaged > 0) {
        report_add(&d->report, REPORT_FAIL, "store",
                   "start rrd: it repairs what it can, and buries the events that it cannot",
                   "%zu of %" PRIu64 " records are damaged: look at the disk and the memory",
                   check.n_damaged, check.records);
    }
    if (rc == 0) {
        rc = store_open(dir, &sc, &store, &err);
    }
    if (rc != 0) {
        report_add(&d->report, REPORT_FAIL, "store", NULL, "%s", err.text);
    } else {
        (void)store_queues(store, foreign_queue, d, NULL);
        if (check.n_damaged == 0) {
            report_add(&d->report, REPORT_OK, "store", NULL, "%" PRIu64 " records are sound",
                       check.records);
        }
    }
    store_close(store);
    free(check.damaged);
}

static void
check_store(struct doctor *d)
{
    char *dir = paths_join_new(d->conf->dir, "state/store");
    char *ballast = paths_join_new(dir, "ballast");
    const char *full = json_string_value(json_object_get(d->daemon, "store_full"));
    struct stat st;

    if (d->daemon != NULL && full != NULL && full[0] != '\0') {
        report_add(&d->report, REPORT_FAIL, "store", NULL, "new events wait: %s", full);
    } else if (d->daemon != NULL) {
        report_add(&d->report, REPORT_OK, "store", NULL,
                   "the daemon writes it; stop it to have every record looked at");
    } else if (!d->lock.is_held) {
        verify_store(d, dir);
    }
    if (stat(ballast, &st) == 0 &&
        (!S_ISREG(st.st_mode) || st.st_size == 0 || st.st_blocks * 512 < st.st_size)) {
        report_add(&d->report, REPORT_WARN, "reserve", "remove it: rrd makes it anew",
                   "%s keeps no space for acknowledgements", ballast);
    }
    free(ballast);
    free(dir);
}

static void
check_leftovers(struct doctor *d)
{
    if (d->lock.is_held || d->lock.instance[0] == '\0') {
        return;
    }
    const uint64_t n = sys_count_marked(d->lock.instance);

    if (n > 0) {
        report_add(&d->report, REPORT_FAIL, "leftovers", "start rrd: it ends them",
                   "%" PRIu64 " processes of a daemon that died still run", n);
    } else {
        report_add(&d->report, REPORT_OK, "leftovers", NULL, "no process of a daemon before runs");
    }
}

static void
check_clock(struct doctor *d)
{
    const int64_t now_s = (int64_t)time(NULL);
    char *file = paths_join_new(d->conf->dir, "state/store/data.mdb");
    struct stat st;

    if (now_s < CLOCK_MIN_S) {
        report_add(&d->report, REPORT_FAIL, "clock", "set it; keep it right with NTP",
                   "the clock shows a time before this rrd was made");
    } else if (stat(file, &st) == 0 && (int64_t)st.st_mtime > now_s + CLOCK_SLACK_S) {
        report_add(&d->report, REPORT_WARN, "clock",
                   "look whether it is right; times of events would go backwards",
                   "the store was written %" PRId64 " min in the future: the clock was set back",
                   ((int64_t)st.st_mtime - now_s) / 60);
    } else {
        report_add(&d->report, REPORT_OK, "clock", NULL, "later than all that was written");
    }
    free(file);
}

/* A limit of the daemon's process, or of ours, which a daemon started from here would have. */
static uint64_t
limit_of(const struct doctor *d, int resource)
{
    const pid_t pid = (pid_t)json_integer_value(json_object_get(d->daemon, "pid"));
    struct rlimit now;

    if (prlimit(pid, resource, NULL, &now) != 0 && prlimit(0, resource, NULL, &now) != 0) {
        return UINT64_MAX;
    }
    return now.rlim_cur == RLIM_INFINITY ? UINT64_MAX : (uint64_t)now.rlim_cur;
}

static void
check_limits(struct doctor *d)
{
    const struct conf *conf = d->conf;
    const uint64_t files = limit_of(d, RLIMIT_NOFILE);
    const uint64_t needed = FILES_BASE + FILES_PER_STAGE * conf->n_stages;
    const uint64_t address = limit_of(d, RLIMIT_AS);
    const uint64_t file_size = limit_of(d, RLIMIT_FSIZE);
    const uint64_t processes = limit_of(d, RLIMIT_NPROC);
    const unsigned before = d->report.n[REPORT_FAIL] + d->report.n[REPORT_WARN];
    uint64_t core = 0;

    if (files < needed) {
        report_add(&d->report, REPORT_FAIL, "limits", "ulimit -n 4096, or LimitNOFILE= of its unit",
                   "%" PRIu64 " files may be open; rrd with these stages needs %" PRIu64, files,
                   needed);
    }
    for (size_t i = 0; i < conf->n_stages; i++) {
        const uint64_t wanted = (uint64_t)conf->stages[i].core_size_bytes;

        core = wanted > core ? wanted : core;
    }
    if (address < (uint64_t)conf->store_size) {
        report_add(&d->report, REPORT_FAIL, "limits", "ulimit -v unlimited, or lower store_size",
                   "%" PRIu64 " MiB of addresses are allowed; the store wants %" PRId64,
                   address >> 20, conf->store_size >> 20);
    }
    if (file_size < (uint64_t)conf->store_size) {
        report_add(&d->report, REPORT_WARN, "limits", "ulimit -f unlimited, or lower store_size",
                   "files may grow to %" PRIu64 " MiB only; the store may want %" PRId64,
                   file_size >> 20, conf->store_size >> 20);
    }
    if (geteuid() != 0 && processes < 64 + 4 * conf->n_stages) {
        report_add(&d->report, REPORT_WARN, "limits", "raise it: ulimit -u",
                   "%" PRIu64
                   " processes and threads are allowed to the user, for all that he runs",
                   processes);
    }
    if (core > limit_of(d, RLIMIT_CORE)) {
        report_add(&d->report, REPORT_WARN, "limits", "ulimit -c unlimited",
                   "core_size asks for larger core files than the daemon may make");
    }
    if (d->report.n[REPORT_FAIL] + d->report.n[REPORT_WARN] == before) {
        report_add(&d->report, REPORT_OK, "limits", NULL, "enough for these stages");
    }
}

static void
check_logs(struct doctor *d)
{
    char *path = paths_join_new(d->conf->dir, "log");
    const uint64_t most =
        (uint64_t)d->conf->log_size * ((uint64_t)d->conf->log_files + 1) * (d->conf->n_stages + 1);
    DIR *dir = opendir(path);
    const struct dirent *entry;
    struct stat st;
    uint64_t bytes = 0;
    bool is_fine = dir != NULL || errno == ENOENT;

    if (!is_fine) {
        report_add(&d->report, REPORT_FAIL, "logs", NULL, "%s: %s", path, strerror(errno));
    }
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        const size_t n = strlen(entry->d_name);

        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        bytes += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
        if (n > 4 && strcmp(entry->d_name + n - 4, ".log") == 0 &&
            (!S_ISREG(st.st_mode) || (st.st_mode & S_IWUSR) == 0)) {
            report_add(&d->report, REPORT_FAIL, "logs", "move it away; rrd makes a new one",
                       "%s/%s cannot be written to", path, entry->d_name);
            is_fine = false;
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    if (bytes > most) {
        report_add(&d->report, REPORT_WARN, "logs", "remove what is not rrd's, or old stages'",
                   "%s has %" PRIu64 " MiB; log_size and log_files allow %" PRIu64, path,
                   bytes >> 20, most >> 20);
    } else if (is_fine) {
        report_add(&d->report, REPORT_OK, "logs", NULL, "%" PRIu64 " MiB of at most %" PRIu64,
                   bytes >> 20, most >> 20);
    }
    free(path);
}

static void
check_configuration(struct doctor *d)
{
    const struct conf *conf = d->conf;

    for (size_t i = 0; i < conf->problems.n; i++) {
        report_add(&d->report, REPORT_FAIL, "conf", NULL, "%s", conf->problems.v[i]);
    }
    for (size_t i = 0; i < conf->warnings.n; i++) {
        report_add(&d->report, REPORT_WARN, "conf", NULL, "%s", conf->warnings.v[i]);
    }
    if (conf->problems.n + conf->warnings.n == 0) {
        report_add(&d->report, REPORT_OK, "conf", NULL,
                   "%zu stages, %zu plugins that can be loaded", conf->n_stages, conf->n_plugins);
    }
}

int
doctor(const struct conf *conf, const struct options *opt)
{
    char *state = paths_join_new(conf->dir, "state");
    struct doctor d = {.conf = conf};
    struct rr_err err = RR_ERR_INIT;
    json_t *said = isatty(STDIN_FILENO) == 1 ? NULL : json_loadf(stdin, 0, NULL);

    report_init(&d.report);
    if (json_object_get(said, "error") == NULL) {
        d.daemon = said;
    } else {
        d.silence = said;
    }
    check_configuration(&d);
    d.lock_fd = lock_look(state, &d.lock, &err);
    if (d.lock_fd < 0 && d.lock_fd != -ENOENT) {
        report_add(&d.report, REPORT_FAIL, "lock", NULL, "%s", err.text);
    }
    check_directory(&d);
    check_disk(&d);
    check_limits(&d);
    check_clock(&d);
    check_logs(&d);
    doctor_ask_daemon(&d);
    check_leftovers(&d);
    if (d.lock_fd >= 0) {
        check_store(&d);
        (void)close(d.lock_fd);
    } else if (d.lock_fd == -ENOENT) {
        report_add(&d.report, REPORT_OK, "store", NULL, "nothing ever ran here");
    }
    const int status =
        report_print(&d.report, opt->wants_json, NULL, opt->is_strict, STATUS_FAILED);

    report_fini(&d.report);
    json_decref(said);
    free(state);
    return status;
}
