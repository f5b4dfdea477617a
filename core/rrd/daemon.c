/* SPDX-License-Identifier: MIT */
/*
 * daemon.c - start, the turn of the event loop, stop.
 *
 * What makes promises true: whatever changes the store is submitted to its thread, and nobody is
 * answered and nothing is handed out before it is durable.
 */
#include "config.h"

#include "core/rrd/rrd.h"

#include "core/common/fail.h"
#include "core/common/mem.h"
#include "core/common/status.h"
#include "core/rrd/ctl.h"
#include "core/rrd/kept.h"
#include "core/rrd/lock.h"
#include "core/rrd/notes.h"
#include "core/rrd/notify.h"
#include "core/rrd/options.h"
#include "core/rrd/reload.h"
#include "core/rrd/route.h"
#include "core/rrd/spawn.h"
#include "core/rrd/stage_log.h"
#include "core/rrd/sup_run.h"
#include "core/rrd/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAMPLE_INTERVAL_MS 5000u

void
daemon_wake(struct rrd *rrd)
{
    event_active(rrd->turn, EV_TIMEOUT, 0);
}

void
daemon_stop(struct rrd *rrd)
{
    rrd->has_look = true;
    FAIL("daemon.stop");
    if (!rrd->is_stopping) {
        rrd->is_stopping = true;
        log_info("rrd", "stopping");
    } else {
        rrd->is_hurried = true;
        log_info("rrd", "stopping faster");
        for (size_t i = 0; i < rrd->n_stages; i++) {
            sup_run_event(rrd->stages[i], SUP_EV_HURRY);
        }
    }
    daemon_wake(rrd);
}

/* The process that started us with --daemon waits to hear that everything has started. */
static void
tell_parent(struct rrd *rrd)
{
    const char ok = STATUS_OK;
    int null;

    for (size_t i = 0; i < rrd->n_stages; i++) {
        const enum sup_state s = rrd->stages[i]->sup.state;

        if (s == SUP_STARTING || (s == SUP_WAITING && sup_order_stuck_on(rrd->stages[i]) == NULL)) {
            return;
        }
    }
    rrd->was_told = true;
    log_info("rrd", "all stages have started");
    if (rrd->tell_fd < 0) {
        return;
    }
    for (size_t i = 0; i < rrd->n_stages; i++) {
        const struct stage *stage = rrd->stages[i];
        const struct stage *on = sup_order_stuck_on(stage);
        char death[SUP_RUN_DEATH_MAX];

        if (stage->conf->is_enabled && stage->sup.state != SUP_READY) {
            fprintf(stderr, "rrd: stage %s is not ready: %s%s\n", stage->conf->name,
                    on == NULL ? sup_run_death(stage, death, sizeof death) : "it waits for stage ",
                    on == NULL ? "" : on->conf->name);
        }
    }
    if (write(rrd->tell_fd, &ok, 1) != 1) {
        log_warn("rrd", "nobody waits for the news that everything has started");
    }
    (void)close(rrd->tell_fd);
    rrd->tell_fd = -1;
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd <= 2; fd++) {
        (void)dup2(null, fd);
    }
    if (null > 2) {
        (void)close(null);
    }
}

/* Tell when the store becomes full, and when it has room again. */
static void
look_at_space(struct rrd *rrd)
{
    struct rr_err err = RR_ERR_INIT;
    const bool was_full = rrd->full[0] != '\0';
    const bool is_full = store_tick(rrd->store, &err);

    text_copy(rrd->full, sizeof rrd->full, is_full ? err.text : "");
    if (is_full && !was_full) {
        log_error("store", "new events wait: %s", err.text);
    } else if (was_full && !is_full) {
        log_info("store", "there is room again, new events go on");
    }
    if (rrd->is_stopping) {
        store_hurry(rrd->store);
    }
}

/* After a failed commit nothing is delivered for so long: a full disk does not empty in a moment.
 */
#define STORE_PAUSE_MS 2000u

/* The store has made something durable, or could not. */
static void
on_results(evutil_socket_t fd, short what, void *arg)
{
    struct rr_err err = RR_ERR_INIT;
    struct rrd *rrd = arg;

    (void)fd;
    (void)what;
    store_finish(rrd->store);
    daemon_wake(rrd);
    if (store_health(rrd->store, &err) == 0) {
        return;
    }
    if (err.code == -ENOSPC) {
        look_at_space(rrd);
        return;
    }
    rrd->store_pause_ms = sys_mono_ms() + STORE_PAUSE_MS;
    log_error("store", "%s", err.text);
    if (err.code == RR_E_CORRUPT && !rrd->is_stopping) {
        log_error("store", "the store cannot be used any more");
        rrd->exit_status = STATUS_BAD_STORE;
        daemon_stop(rrd);
    }
}

/* What was asked for by SIGHUP. One that is under way may have read the files before they changed.
 */
static void
reload_when_free(struct rrd *rrd)
{
    struct rr_err err = RR_ERR_INIT;

    if (rrd->wants_reload && rrd->reload == NULL) {
        rrd->wants_reload = false;
        if (reload_begin(rrd, false, NULL, NULL, &err) != 0) {
            log_warn("reload", "SIGHUP passed over: %s", err.text);
        }
    }
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct rrd *rrd = arg;

    (void)fd;
    (void)what;
    if (rrd->has_look) {
        rrd->has_look = false;
        sup_order_look(rrd);
    }
    reload_turn(rrd);
    reload_when_free(rrd);
    if (store_is_idle(rrd->store)) {
        sup_run_bury(rrd);
    }
    route_dispatch(rrd);
    ctl_pump(rrd->ctl);
    notify_look(rrd->notify);
    if (!rrd->was_told) {
        tell_parent(rrd);
    }
    /* a request of this very turn may be what stops us: who waits for a reload is told so first */
    if (rrd->is_stopping && rrd->reload == NULL && store_is_idle(rrd->store) &&
        sup_order_is_quiet(rrd)) {
        (void)event_base_loopbreak(rrd->base);
    }
}

static void
sample(struct stage *stage)
{
    struct stage_sample *s = stage->samples;
    struct store_counts c;

    if ((stage->n_samples > 0 &&
         sys_mono_ms() - s[stage->n_samples - 1].mono_ms < SAMPLE_INTERVAL_MS) ||
        store_counts(stage->rrd->store, stage->conf->name, &c, NULL) != 0) {
        return;
    }
    if (stage->n_samples == STAGE_SAMPLES) {
        memmove(s, s + 1, (STAGE_SAMPLES - 1) * sizeof *s);
        stage->n_samples--;
    }
    s[stage->n_samples++] = (struct stage_sample){sys_mono_ms(), c.in_total, c.done_total};
}

/* Without its lock file where it was, another daemon could start beside us, and what we write would
 * be in files that nobody finds. */
static void
look_for_dir(struct rrd *rrd)
{
    char *path = paths_join_new(rrd->conf.dir, "state/lock");

    if (!rrd->is_stopping && !lock_is_there(rrd->lock_fd, path)) {
        log_error("rrd",
                  "%s is gone or another one: the state directory was moved or removed; "
                  "stopping",
                  path);
        rrd->exit_status = STATUS_BAD_STORE;
        daemon_stop(rrd);
    }
    free(path);
}

/* What was removed of it is begun again. */
static void
look_for_log(struct rrd *rrd)
{
    char *path = paths_join_new(rrd->conf.dir, "log");

    (void)paths_mkdir(path, 0750, NULL);
    log_file_look(&rrd->log_file);
    free(path);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct rrd *rrd = arg;

    (void)fd;
    (void)what;
    look_for_log(rrd);
    for (size_t i = 0; i < rrd->n_stages; i++) {
        sample(rrd->stages[i]);
        notes_flush(rrd->stages[i]);
        stage_log_tick(rrd->stages[i]->log);
    }
    sup_clock_tick(rrd);
    look_for_dir(rrd);
    look_at_space(rrd);
    daemon_wake(rrd);
}

static void
on_signal(evutil_socket_t signo, short what, void *arg)
{
    struct rrd *rrd = arg;

    (void)what;
    if (signo == SIGCHLD) {
        sup_run_reap(rrd);
    } else if (signo == SIGUSR1) {
        log_file_reopen(&rrd->log_file);
        for (size_t i = 0; i < rrd->n_stages; i++) {
            stage_log_reopen(rrd->stages[i]->log);
        }
    } else if (signo == SIGHUP) {
        rrd->wants_reload = true;
        daemon_wake(rrd);
    } else {
        daemon_stop(rrd);
    }
}

void
daemon_hold_signals(int how)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGUSR1);
    (void)sigprocmask(how, &set, NULL);
}

static int
make_events(struct rrd *rrd, struct rr_err *err)
{
    const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    const struct timeval second = {1, 0};

    rrd->base = event_base_new();
    if (rrd->base == NULL) {
        return rr_err_set(err, -ENOMEM, "cannot make the event loop");
    }
    rrd->turn = event_new(rrd->base, -1, 0, on_turn, rrd);
    rrd->due = evtimer_new(rrd->base, on_turn, rrd);
    rrd->results =
        event_new(rrd->base, store_fd(rrd->store), EV_READ | EV_PERSIST, on_results, rrd);
    (void)event_add(rrd->results, NULL);
    rrd->tick = event_new(rrd->base, -1, EV_PERSIST, on_tick, rrd);
    (void)event_add(rrd->tick, &second);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        rrd->signals[i] = evsignal_new(rrd->base, signals[i], on_signal, rrd);
        (void)event_add(rrd->signals[i], NULL);
    }
    daemon_hold_signals(SIG_UNBLOCK);
    return 0;
}

/* Whoever may write to a folder of the state could put another plugin or store in the place of
 * ours.
 */
static int
trust_dir(const char *path, struct rr_err *err)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        return rr_err_set(err, -errno, "cannot look at %s: %s", path, strerror(errno));
    }
    return paths_trust(&st, err) == 0 ? 0 : rr_err_wrap(err, "%s", path);
}

static int
make_dirs(struct rrd *rrd, struct rr_err *err)
{
    static const struct {
        const char *name;
        unsigned mode;
    } dirs[] = {{"state", 0700},
                {"state/store", 0700},
                {"state/plugins", 0700},
                {"state/stages", 0700},
                {"state/upgrades", 0700},
                {"data", 0750},
                {"log", 0750},
                {"run", 0700}};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof dirs / sizeof dirs[0]; i++) {
        char *path = paths_join_new(rrd->conf.dir, dirs[i].name);

        rc = paths_mkdir(path, dirs[i].mode, err);
        if (rc == 0 && strncmp(dirs[i].name, "state", 5) == 0) {
            rc = trust_dir(path, err);
        }
        free(path);
    }
    return rc;
}

static enum log_echo
echo_of(const struct options *opt)
{
    if (opt->to_stderr || (!opt->detach && isatty(STDERR_FILENO) == 1)) {
        return LOG_ECHO_LINES;
    }
    return log_has_journal() ? LOG_ECHO_JOURNAL : LOG_ECHO_NONE;
}

static int
open_log(struct rrd *rrd, const struct options *opt, struct rr_err *err)
{
    char *path = mem_printf("%s/log/rrd.log", rrd->conf.dir);
    enum log_level level = LOG_INFO;
    int rc = log_level_parse(opt->log_level == NULL ? rrd->conf.log_level : opt->log_level, &level);

    if (rc != 0) {
        rc = rr_err_set(err, RR_E_CONFIG, "--log-level: \"%s\" is not error, warn, info or debug",
                        opt->log_level);
    } else {
        rc = log_file_open(&rrd->log_file, path, rrd->conf.log_size, (int)rrd->conf.log_files, err);
    }
    if (rc == 0) {
        log_setup(&rrd->log_file, echo_of(opt), level);
    }
    free(path);
    return rc;
}

static bool
warn_of_foreign_queue(void *arg, const char *name, const char *text)
{
    struct rrd *rrd = arg;
    struct store_counts c = {0};

    (void)text;
    if (conf_stage_index(&rrd->conf, name) < 0) {
        (void)store_counts(rrd->store, name, &c, NULL);
        log_warn("route",
                 "queue of a stage that is not configured stage=%s events=%llu (rrctl queue)", name,
                 (unsigned long long)(c.ready + c.delayed + c.buried));
    }
    return true;
}

static int
start(struct rrd *rrd, const struct options *opt, struct rr_err *err)
{
    char *state = paths_join_new(rrd->conf.dir, "state");
    char *store = paths_join_new(rrd->conf.dir, "state/store");
    uint64_t leftovers;
    int rc = make_dirs(rrd, err);

    if (rc == 0) {
        rrd->lock_fd = lock_take(state, rrd->instance, sizeof rrd->instance, err);
        rc = rrd->lock_fd < 0 ? rrd->lock_fd : open_log(rrd, opt, err);
    }
    if (rc == 0) {
        leftovers = sys_sweep_marked(rrd->instance, false);
        spawn_prune(&rrd->conf);
        kept_prune(&rrd->conf);
        if (leftovers > 0) {
            log_warn("rrd", "processes of a daemon that died were ended count=%" PRIu64, leftovers);
        }
        const struct store_conf sc = {.map_bytes = (uint64_t)rrd->conf.store_size,
                                      .retain_events = (uint64_t)rrd->conf.retain_events,
                                      .reserve_bytes = (uint64_t)rrd->conf.disk_reserve};

        rc = store_open(store, &sc, &rrd->store, err);
    }
    if (rc == 0) {
        /* epochs of different starts differ, so a frame can belong to one process only */
        rrd->last_epoch = store_start(rrd->store) << 24;
        rc = make_events(rrd, err);
    }
    rc = rc == 0 ? sup_run_init(rrd, err) : rc;
    rc = rc == 0 ? ctl_open(rrd, &rrd->ctl, err) : rc;
    if (rc == 0) {
        rrd->notify = notify_new(rrd);
    }
    free(store);
    free(state);
    return rc;
}

static void
go(struct rrd *rrd)
{
    log_info("rrd", "started version=%s pid=%ld dir=%s start=%llu stages=%zu", PACKAGE_VERSION,
             (long)getpid(), rrd->conf.dir, (unsigned long long)store_start(rrd->store),
             rrd->n_stages);
    for (size_t i = 0; i < rrd->conf.warnings.n; i++) {
        log_warn("conf", "%s", rrd->conf.warnings.v[i]);
    }
    (void)store_queues(rrd->store, warn_of_foreign_queue, rrd, NULL);
    for (size_t i = 0; i < rrd->n_stages; i++) {
        if (rrd->stages[i]->conf->is_enabled) {
            sup_run_event(rrd->stages[i], SUP_EV_START);
        }
    }
    daemon_wake(rrd);
    (void)event_base_dispatch(rrd->base);
    FAIL("daemon.stopped");
    for (size_t i = 0; i < rrd->n_stages; i++) {
        notes_flush(rrd->stages[i]);
    }
    store_drain(rrd->store);
    FAIL("daemon.drained");
    sys_sweep_children();
    (void)sys_sweep_marked(rrd->instance, false);
    log_info("rrd", "stopped");
}

static void
finish(struct rrd *rrd)
{
    daemon_hold_signals(SIG_BLOCK);
    ctl_close(rrd->ctl);
    notify_free(rrd->notify);
    store_close(rrd->store);
    sup_run_fini(rrd);
    struct event *const events[] = {rrd->turn,       rrd->results,    rrd->due,
                                    rrd->tick,       rrd->signals[0], rrd->signals[1],
                                    rrd->signals[2], rrd->signals[3], rrd->signals[4]};

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (events[i] != NULL) {
            event_free(events[i]);
        }
    }
    if (rrd->base != NULL) {
        event_base_free(rrd->base);
    }
    log_setup(NULL, LOG_ECHO_LINES, LOG_INFO);
    log_file_close(&rrd->log_file);
    if (rrd->lock_fd >= 0) {
        (void)close(rrd->lock_fd);
    }
}

int
daemon_run(struct rrd *rrd, const struct options *opt)
{
    struct rr_err err = RR_ERR_INIT;
    int rc;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)umask(027);
    rrd->started_ms = sys_wall_ms();
    rrd->sets = &opt->sets;
    rrd->lock_fd = -1;
    rrd->log_file.fd = -1;
    rc = start(rrd, opt, &err);
    if (rc == 0) {
        go(rrd);
    } else {
        fprintf(stderr, "rrd: %s\n", err.text);
        rrd->exit_status = status_of(rc);
    }
    finish(rrd);
    return rrd->exit_status;
}
