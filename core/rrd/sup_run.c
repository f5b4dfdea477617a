/* SPDX-License-Identifier: MIT */
/*
 * sup_run.c - processes of stages: start, signal, reap, delay.
 *
 * Does not: decide (sup.c), watch the time (sup_clock.c) or the order (sup_order.c).
 */
#include "core/rrd/sup_run.h"

#include "core/common/fail.h"
#include "core/common/mem.h"
#include "core/common/status.h"
#include "core/rrd/deaths.h"
#include "core/rrd/health.h"
#include "core/rrd/link.h"
#include "core/rrd/notes.h"
#include "core/rrd/route.h"
#include "core/rrd/spawn.h"
#include "core/rrd/stage_log.h"
#include "core/rrd/sys.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Start the process. */
static int
start_worker(struct stage *stage)
{
    struct rrd *rrd = stage->rrd;
    struct rr_err err = RR_ERR_INIT;
    struct spawned made;
    const uint64_t epoch = rrd->last_epoch + 1;
    FAIL("sup.spawn.before");
    const int rc = spawn_worker(&rrd->conf, stage->conf, rrd->instance, epoch, &made, &err);

    FAIL("sup.spawn.after");

    stage->is_asked = false;
    stage->ready_mono_ms = 0;
    stage->oom_kills = sys_oom_kills();
    stage->sick[0] = '\0';
    stage->fatal[0] = '\0';
    if (rc != 0) {
        log_error("sup", "worker not started stage=%s: %s", stage->conf->name, err.text);
        stage->last_exit =
            (struct stage_exit){.time_ms = sys_wall_ms(), .kind = "spawn", .code = -1};
        text_copy(stage->last_exit.text, sizeof stage->last_exit.text, err.text);
        deaths_add(stage, 0);
        return rc;
    }
    rrd->last_epoch = epoch;
    stage->pid = made.pid;
    stage->epoch = epoch;
    health_begin(stage);
    stage_log_attach(stage->log, made.log_fd);
    stage->link = link_new(stage, made.link_fd);
    log_debug("sup", "worker started stage=%s pid=%ld", stage->conf->name, (long)stage->pid);
    return 0;
}

const char *
sup_run_death(const struct stage *stage, char *out, size_t cap)
{
    const struct stage_exit *e = &stage->last_exit;
    const char *colon = e->text[0] == '\0' ? "" : ": ";

    if (e->signal != 0) {
        (void)snprintf(out, cap, "the worker ended by signal %s%s%.160s", sigabbrev_np(e->signal),
                       colon, e->text);
    } else if (e->code < 0) {
        (void)snprintf(out, cap, "no worker could be started%s%.160s", colon, e->text);
    } else {
        (void)snprintf(out, cap, "the worker ended with status %d%s%.160s", e->code, colon,
                       e->text);
    }
    return out;
}

static void
clean_worker(struct stage *stage)
{
    char why[SUP_RUN_DEATH_MAX];

    (void)sup_run_death(stage, why, sizeof why);
    FAIL("sup.clean");
    route_lost(stage, !stage->is_asked, why);
    link_free(stage->link);
    stage->link = NULL;
    stage->pid = 0;
    memset(&stage->progress, 0, sizeof stage->progress);
}

static uint64_t
ready_for_ms(const struct stage *stage)
{
    return stage->ready_mono_ms == 0 ? 0 : sys_mono_ms() - stage->ready_mono_ms;
}

static void
begin_backoff(struct stage *stage)
{
    const bool was_open = stage->breaker.is_open;
    uint32_t delay;

    sup_breaker_died(&stage->breaker, ready_for_ms(stage), (unsigned)stage->conf->breaker);
    delay = sup_delay_ms(stage->breaker.is_open ? UINT_MAX : stage->breaker.deaths,
                         (uint32_t)stage->conf->restart_delay_ms,
                         (uint32_t)stage->conf->restart_max_ms, sys_random());
    stage->next_start_ms = sys_wall_ms() + delay;
    sup_clock_set(stage, delay);
    log_warn("sup", "worker died stage=%s code=%d signal=%s restarts=%" PRIu64 " next_ms=%u: %s",
             stage->conf->name, stage->last_exit.code,
             stage->last_exit.signal == 0 ? "-" : sigabbrev_np(stage->last_exit.signal),
             stage->restarts, delay, stage->last_exit.text);
    if (stage->breaker.is_open && !was_open) {
        log_error("sup", "breaker opened stage=%s deaths=%u: a trial after each longest delay",
                  stage->conf->name, stage->breaker.fruitless);
    }
}

void
sup_run_worked(struct stage *stage)
{
    if (stage->breaker.is_open) {
        log_info("sup", "breaker closed stage=%s", stage->conf->name);
    }
    sup_breaker_worked(&stage->breaker);
}

static void
carry_out(struct stage *stage, unsigned actions)
{
    if ((actions & SUP_DO_UNTIMER) != 0) {
        stage->due_ms = 0;
        stage->next_start_ms = 0;
    }
    if ((actions & SUP_DO_ASK) != 0) {
        stage->is_asked = true;
        FAIL("sup.stop");
        link_send(stage->link, WIRE_STOP, 0, NULL);
        route_refuse(stage, "the stage stops");
    }
    if ((actions & SUP_DO_TERM) != 0) {
        sys_kill(-stage->pid, SIGTERM);
    }
    if ((actions & SUP_DO_KILL) != 0) {
        sys_kill(-stage->pid, SIGKILL); /* the group is the session's first */
        sys_kill(stage->pid, SIGKILL);
    }
    if ((actions & SUP_DO_CLEAN) != 0) {
        clean_worker(stage);
    }
    if ((actions & SUP_DO_T_START) != 0) {
        sup_clock_set(stage, (uint64_t)stage->conf->start_limit_ms);
    }
    if ((actions & SUP_DO_T_STOP) != 0) {
        sup_clock_set(stage, (uint64_t)stage->conf->stop_limit_ms);
    }
    if ((actions & SUP_DO_T_TERM) != 0) {
        sup_clock_set(stage, (uint64_t)stage->conf->term_limit_ms);
    }
    if ((actions & SUP_DO_T_BACKOFF) != 0) {
        begin_backoff(stage);
    }
    if ((actions & SUP_DO_TELL) != 0) {
        stage->rrd->has_look = true;
    }
    if ((actions & (SUP_DO_TELL | SUP_DO_DISPATCH)) != 0) {
        daemon_wake(stage->rrd);
    }
}

void
sup_run_event(struct stage *stage, enum sup_event ev)
{
    const enum sup_state before = stage->sup.state;
    const unsigned actions = sup_step(&stage->sup, ev);

    if (stage->sup.state != before) {
        stage->state_since_ms = sys_wall_ms();
        FAIL("sup.state");
        if (stage->sup.state == SUP_READY) {
            FAIL("sup.ready");
            stage->was_ready = true;
            stage->ready_mono_ms = sys_mono_ms();
        }
        log_write(stage->sup.state == SUP_FAILED ? LOG_ERROR : LOG_INFO, "sup",
                  "stage %s stage=%s was=%s pid=%ld%s%s", sup_state_name(stage->sup.state),
                  stage->conf->name, sup_state_name(before), (long)stage->pid,
                  stage->sup.state == SUP_FAILED ? ": " : "",
                  stage->sup.state == SUP_FAILED ? stage->last_exit.text : "");
    }
    if (ev == SUP_EV_START || ev == SUP_EV_RESTART) {
        stage->breaker = (struct sup_breaker){0}; /* somebody has looked after it */
    }
    carry_out(stage, actions);
    if ((actions & SUP_DO_SPAWN) != 0 && start_worker(stage) != 0) {
        sup_run_event(stage, SUP_EV_SPAWN_FAIL);
    }
}

void
sup_run_sick(struct stage *stage, const char *why)
{
    if (stage->sup.state == SUP_KILLING || !sup_has_process(stage->sup.state)) {
        return;
    }
    text_copy(stage->sick, sizeof stage->sick, why);
    log_warn("sup", "worker is ended stage=%s pid=%ld: %s", stage->conf->name, (long)stage->pid,
             why);
    sup_run_event(stage, SUP_EV_SICK);
}

/* Fill last_exit; tells whether it was a death. */
static bool
note_exit(struct stage *stage, int status)
{
    struct stage_exit *e = &stage->last_exit;
    const bool was_killed = stage->sup.state == SUP_KILLING || stage->sup.state == SUP_TERMINATING;
    const char *text = stage->sick[0] != '\0'    ? stage->sick
                       : stage->fatal[0] != '\0' ? stage->fatal
                                                 : stage_log_last(stage->log);

    e->time_ms = sys_wall_ms();
    e->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    e->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const char *kind = stage->sick[0] != '\0' ? "sick" : e->signal != 0 ? "signal" : "exit";

    if (e->signal == SIGKILL && !was_killed && sys_oom_kills() > stage->oom_kills) {
        kind = "oom";
        text = "killed by the kernel: the machine or its cgroup was out of memory";
    }
    text_copy(e->kind, sizeof e->kind, kind);
    text_copy(e->text, sizeof e->text, text);
    return !stage->is_asked || stage->sick[0] != '\0' || e->code != 0 ||
           (e->signal != 0 && !was_killed);
}

static void
on_exit_of(struct stage *stage)
{
    int status;

    FAIL("sup.exit");
    /* Before its number, which is that of its group, can mean somebody else. */
    sys_kill(-stage->pid, SIGKILL);
    status = sys_reap(stage->pid);
    /* Its last frames may hold a DONE that counts; they lie in the socket although it is dead. */
    link_drain(stage->link);
    stage_log_detach(stage->log);
    if (note_exit(stage, status)) {
        stage->restarts++;
        deaths_add(stage, ready_for_ms(stage));
    }
    sup_run_event(stage,
                  stage->last_exit.code == STATUS_PLUGIN || stage->last_exit.code == STATUS_CONFIG
                      ? SUP_EV_EXIT_FINAL
                      : SUP_EV_EXIT);
}

struct stage *
sup_run_of(const struct rrd *rrd, pid_t session, const char *mark)
{
    char its[160];

    for (size_t i = 0; i < rrd->n_stages; i++) {
        struct stage *stage = rrd->stages[i];

        (void)snprintf(its, sizeof its, "%s/%s/%" PRIu64, rrd->instance, stage->conf->name,
                       stage->epoch);
        if (stage->pid > 0 && (stage->pid == session || (mark != NULL && strcmp(its, mark) == 0))) {
            return stage;
        }
    }
    return NULL;
}

static int
is_alive(void *arg, pid_t pid, pid_t session, const char *mark)
{
    (void)pid;
    return sup_run_of(arg, session, mark) != NULL;
}

void
sup_run_reap(struct rrd *rrd)
{
    bool has_ended = false;
    pid_t pid;

    while ((pid = sys_ended()) > 0) {
        struct stage *stage = NULL;

        has_ended = true;
        for (size_t i = 0; i < rrd->n_stages && stage == NULL; i++) {
            stage = rrd->stages[i]->pid == pid ? rrd->stages[i] : NULL;
        }
        if (stage != NULL) {
            on_exit_of(stage);
        } else {
            (void)sys_reap(pid); /* an orphan of a worker: we are its subreaper */
        }
    }
    if (has_ended) {
        rrd->n_swept += sys_sweep_orphans(is_alive, rrd);
    }
}

int
sup_run_add(struct rrd *rrd, size_t index, struct rr_err *err)
{
    struct stage *stage = mem_zalloc(1, sizeof *stage);
    int rc;

    rrd->stages[index] = stage;
    stage->rrd = rrd;
    stage->conf = &rrd->conf.stages[index];
    stage->index = index;
    STAILQ_INIT(&stage->leases);
    STAILQ_INIT(&stage->waiters);
    stage->state_since_ms = sys_wall_ms();
    stage->log = stage_log_new(rrd, stage->conf->name);
    rc = deaths_load(stage, err);
    return rc == 0 ? notes_load(stage, err) : rc;
}

void
sup_run_retire(struct rrd *rrd, struct stage *stage_take)
{
    stage_take->next_retired = rrd->retired;
    rrd->retired = stage_take;
}

void
sup_run_bury(struct rrd *rrd)
{
    while (rrd->retired != NULL) {
        struct stage *stage = rrd->retired;

        rrd->retired = stage->next_retired;
        link_free(stage->link);
        stage_log_free(stage->log);
        json_decref(stage->deaths);
        json_decref(stage->notes);
        json_decref(stage->dirty_notes);
        free(stage);
    }
}

int
sup_run_init(struct rrd *rrd, struct rr_err *err)
{
    int rc = 0;

    rrd->n_stages = rrd->conf.n_stages;
    rrd->stages = mem_zalloc(rrd->n_stages, sizeof(struct stage *));
    for (size_t i = 0; i < rrd->n_stages && rc == 0; i++) {
        rc = sup_run_add(rrd, i, err);
    }
    return rc;
}

void
sup_run_fini(struct rrd *rrd)
{
    for (size_t i = 0; i < rrd->n_stages && rrd->stages[i] != NULL; i++) {
        sup_run_retire(rrd, rrd->stages[i]);
    }
    sup_run_bury(rrd);
    if (rrd->alarm != NULL) {
        event_free(rrd->alarm);
    }
    rrd->alarm = NULL;
    free(rrd->stages);
    rrd->stages = NULL;
    rrd->n_stages = 0;
}
