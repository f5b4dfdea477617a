/* SPDX-License-Identifier: MIT */
/*
 * doctor.c - examine the directory: rights, disk, lock, store, leftovers, clock, limits, logs.
 */
#include "core/rrd/doctor.h"

#include "core/common/jget.h"
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
static void
check_folder(struct doctor *d, const char *name, uid_t owner)
{
    char *path = paths_join_new(d->conf->dir, name);
    struct stat st = {0};
    const int rc = stat(path, &st);
    /* spawn.c gives it to the group of a stage that has a user of its own */
    const bool is_given = strcmp(name, "data") == 0 && (st.st_mode & S_ISGID) != 0;

    if (rc != 0) {
        if (errno != ENOENT) {
            report_fail(&d->report, NULL, "%s: %s", path, strerror(errno));
        } else if (d->lock_fd >= 0 && strcmp(name, "data") == 0) {
            report_fail(&d->report, "put it back, from a copy",
                        "%s is gone: events of the store name files in it", path);
        }
    } else if (!S_ISDIR(st.st_mode)) {
        report_fail(&d->report, "move it away; rrd makes the directory", "%s is no directory",
                    path);
    } else if (st.st_uid != owner && st.st_uid != 0) {
        report_fail(&d->report, "chown it", "%s belongs to %s", path, user_name(st.st_uid));
    } else if ((st.st_mode & (is_given ? S_IWOTH : S_IWGRP | S_IWOTH)) != 0 &&
               (st.st_mode & S_ISVTX) == 0) {
        report_fail(&d->report, "chmod go-w", "others than its owner may write to %s (mode %04o)",
                    path, (unsigned)(st.st_mode & 07777));
    } else if ((st.st_mode & S_IRWXU) != S_IRWXU) {
        report_fail(&d->report, "chmod u+rwx", "its owner may not use %s (mode %04o)", path,
                    (unsigned)(st.st_mode & 07777));
    }
    free(path);
}

static void
check_directory(struct doctor *d)
{
    static const char *const names[] = {
        ".",   "conf.d", "state", "state/store", "state/plugins", "state/stages", "state/upgrades",
        "log", "run",    "data"};
    const char *dir = d->conf->dir;
    struct stat st;

    if (stat(dir, &st) != 0) {
        report_fail(&d->report, NULL, "%s: %s", dir, strerror(errno));
        return;
    }
    if (geteuid() != st.st_uid) {
        report_warn(&d->report, "run rrctl as the owner",
                    "you are %s, %s belongs to %s: what follows is how it looks to you",
                    geteuid() == 0 ? "root" : "another user", dir, user_name(st.st_uid));
    }
    report_about(&d->report, "directory");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        check_folder(d, names[i], st.st_uid);
    }
    if (report_is_fine(&d->report)) {
        report_ok(&d->report, "%s belongs to %s, and only to him", dir, user_name(st.st_uid));
    }
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
        report_fail(&d->report, NULL, "cannot examine it: %s", strerror(errno));
        return;
    }
    const uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
    enum report_verdict verdict = REPORT_OK;
    const char *todo = NULL;

    if ((fs.f_flag & ST_RDONLY) != 0) {
        report_fail(&d->report, "mount it for writing", "it is read-only");
    }
    if (is_remote(d->conf->dir)) {
        report_fail(&d->report, "move the directory to a local disk",
                    "it lies on another machine, where a store cannot be kept safely");
    }
    if (fs.f_files > 0 && fs.f_favail < INODES_LOW) {
        report_fail(&d->report, "remove files", "only %" PRIu64 " more files can be made",
                    (uint64_t)fs.f_favail);
    }
    if (room < reserve) {
        verdict = REPORT_FAIL;
        todo = "make room on it, or lower disk_reserve: until then new events wait";
    } else if (room < 4 * reserve) {
        verdict = REPORT_WARN;
        todo = "make room on it soon";
    }
    report_add(&d->report, verdict, todo,
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
        report_warn(&d->report, "configure the stage, or drop the events: rrctl queue drop",
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
        report_ok(&d->report, "it is not made yet");
        return;
    }
    if (rc == 0 && check.n_damaged > 0) {
        report_fail(&d->report,
                    "start rrd: it repairs what it can, and buries the events that it cannot",
                    "%zu of %" PRIu64 " records are damaged: look at the disk and the memory",
                    check.n_damaged, check.records);
    }
    if (rc == 0) {
        rc = store_open(dir, &sc, &store, &err);
    }
    if (rc != 0) {
        report_fail(&d->report, NULL, "%s", err.text);
    } else {
        (void)store_queues(store, foreign_queue, d, NULL);
        if (check.n_damaged == 0) {
            report_ok(&d->report, "%" PRIu64 " records are sound", check.records);
        }
    }
    store_close(store);
    free(check.damaged);
}

static void
check_store(struct doctor *d)
{
    char *dir = paths_join_new(d->conf->dir, "state/store");
    const char *full = jget_text(d->daemon, "store_full");

    if (d->lock_fd == -ENOENT) {
        report_ok(&d->report, "nothing ever ran here");
    } else if (full != NULL && full[0] != '\0') {
        report_fail(&d->report, NULL, "new events wait: %s", full);
    } else if (d->daemon != NULL && d->lock_fd >= 0) {
        report_ok(&d->report, "the daemon writes it; stop it to have every record looked at");
    } else if (!d->lock.is_held && d->lock_fd >= 0) {
        verify_store(d, dir);
    }
    free(dir);
}

/* The file that keeps space on the disk for acknowledgements. */
static void
check_ballast(struct doctor *d)
{
    char *ballast = paths_join_new(d->conf->dir, "state/store/ballast");
    struct stat st;

    if (d->lock_fd >= 0 && stat(ballast, &st) == 0 &&
        (!S_ISREG(st.st_mode) || st.st_size == 0 || st.st_blocks * 512 < st.st_size)) {
        report_warn(&d->report, "remove it: rrd makes it anew",
                    "%s keeps no space for acknowledgements", ballast);
    }
    free(ballast);
}

static void
check_leftovers(struct doctor *d)
{
    if (d->lock.is_held || d->lock.instance[0] == '\0') {
        return;
    }
    const uint64_t n = sys_sweep_marked(d->lock.instance, true);

    if (n > 0) {
        report_fail(&d->report, "start rrd: it ends them",
                    "%" PRIu64 " processes of a daemon that died still run", n);
    } else {
        report_ok(&d->report, "no process of a daemon before runs");
    }
}

static void
check_clock(struct doctor *d)
{
    const int64_t now_s = (int64_t)time(NULL);
    char *file = paths_join_new(d->conf->dir, "state/store/data.mdb");
    struct stat st;

    if (now_s < CLOCK_MIN_S) {
        report_fail(&d->report, "set it; keep it right with NTP",
                    "the clock shows a time before this rrd was made");
    } else if (stat(file, &st) == 0 && (int64_t)st.st_mtime > now_s + CLOCK_SLACK_S) {
        report_warn(&d->report, "look whether it is right; times of events would go backwards",
                    "the store was written %" PRId64 " min in the future: the clock was set back",
                    ((int64_t)st.st_mtime - now_s) / 60);
    } else {
        report_ok(&d->report, "later than all that was written");
    }
    free(file);
}

/* A limit of the daemon's process, or of ours, which a daemon started from here would have. */
static uint64_t
limit_of(const struct doctor *d, int resource)
{
    const pid_t pid = (pid_t)jget_int(d->daemon, "pid");
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
    uint64_t core = 0;

    if (files < needed) {
        report_fail(&d->report, "ulimit -n 4096, or LimitNOFILE= of its unit",
                    "%" PRIu64 " files may be open; rrd with these stages needs %" PRIu64, files,
                    needed);
    }
    for (size_t i = 0; i < conf->n_stages; i++) {
        const uint64_t wanted = (uint64_t)conf->stages[i].core_size_bytes;

        core = wanted > core ? wanted : core;
    }
    if (address < (uint64_t)conf->store_size) {
        report_fail(&d->report, "ulimit -v unlimited, or lower store_size",
                    "%" PRIu64 " MiB of addresses are allowed; the store wants %" PRId64,
                    address >> 20, conf->store_size >> 20);
    }
    if (file_size < (uint64_t)conf->store_size) {
        report_warn(&d->report, "ulimit -f unlimited, or lower store_size",
                    "files may grow to %" PRIu64 " MiB only; the store may want %" PRId64,
                    file_size >> 20, conf->store_size >> 20);
    }
    if (geteuid() != 0 && processes < 64 + 4 * conf->n_stages) {
        report_warn(&d->report, "raise it: ulimit -u",
                    "%" PRIu64
                    " processes and threads are allowed to the user, for all that he runs",
                    processes);
    }
    if (core > limit_of(d, RLIMIT_CORE)) {
        report_warn(&d->report, "ulimit -c unlimited",
                    "core_size asks for larger core files than the daemon may make");
    }
    if (report_is_fine(&d->report)) {
        report_ok(&d->report, "enough for these stages");
    }
}

static void
check_logs(struct doctor *d)
{
    const struct conf *conf = d->conf;
    char *path = paths_join_new(conf->dir, "log");
    const uint64_t most =
        (uint64_t)conf->log_size * ((uint64_t)conf->log_files + 1) * (conf->n_stages + 1);
    DIR *dir = opendir(path);
    const struct dirent *entry;
    struct stat st;
    uint64_t bytes = 0;

    if (dir == NULL && errno != ENOENT) {
        report_fail(&d->report, NULL, "%s: %s", path, strerror(errno));
    }
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        const char *end = strrchr(entry->d_name, '.');

        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        bytes += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
        if (end != NULL && strcmp(end, ".log") == 0 &&
            (!S_ISREG(st.st_mode) || (st.st_mode & S_IWUSR) == 0)) {
            report_fail(&d->report, "move it away; rrd makes a new one",
                        "%s/%s cannot be written to", path, entry->d_name);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    if (bytes > most) {
        report_warn(&d->report, "remove what is not rrd's, or old stages'",
                    "%s has %" PRIu64 " MiB; log_size and log_files allow %" PRIu64, path,
                    bytes >> 20, most >> 20);
    } else if (report_is_fine(&d->report)) {
        report_ok(&d->report, "%" PRIu64 " MiB of at most %" PRIu64, bytes >> 20, most >> 20);
    }
    free(path);
}

static void
check_configuration(struct doctor *d)
{
    const struct conf *conf = d->conf;

    for (size_t i = 0; i < conf->problems.n; i++) {
        report_fail(&d->report, NULL, "%s", conf->problems.v[i]);
    }
    for (size_t i = 0; i < conf->warnings.n; i++) {
        report_warn(&d->report, NULL, "%s", conf->warnings.v[i]);
    }
    if (report_is_fine(&d->report)) {
        report_ok(&d->report, "%zu stages, %zu plugins that can be loaded", conf->n_stages,
                  conf->n_plugins);
    }
}

static void
look_at_lock(struct doctor *d)
{
    char *state = paths_join_new(d->conf->dir, "state");
    struct rr_err err = RR_ERR_INIT;

    d->lock_fd = lock_look(state, &d->lock, &err);
    if (d->lock_fd < 0 && d->lock_fd != -ENOENT) {
        report_fail(&d->report, NULL, "%s", err.text);
    }
    free(state);
}

int
doctor(const struct conf *conf, const struct options *opt)
{
    static const struct {
        const char *what;
        void (*examine)(struct doctor *d);
    } parts[] = {{"conf", check_configuration},  {"lock", look_at_lock},
                 {"directory", check_directory}, {"disk", check_disk},
                 {"limits", check_limits},       {"clock", check_clock},
                 {"logs", check_logs},           {"daemon", doctor_ask_daemon},
                 {"leftovers", check_leftovers}, {"store", check_store},
                 {"reserve", check_ballast}};
    json_t *said = isatty(STDIN_FILENO) == 1 ? NULL : json_loadf(stdin, 0, NULL);
    const bool is_silent = json_object_get(said, "error") != NULL;
    struct doctor d = {
        .conf = conf, .daemon = is_silent ? NULL : said, .silence = is_silent ? said : NULL};

    report_init(&d.report);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        report_about(&d.report, parts[i].what);
        parts[i].examine(&d);
    }
    const int status =
        report_print(&d.report, opt->wants_json, NULL, opt->is_strict, STATUS_FAILED);

    if (d.lock_fd >= 0) {
        (void)close(d.lock_fd);
    }
    report_fini(&d.report);
    json_decref(said);
    return status;
}
