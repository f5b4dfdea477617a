/* SPDX-License-Identifier: MIT */
/*
 * sup_run.c - processes of stages: start, signal, reap, delay, order.
 *
 * Does not: decide (sup.c).
 */
#include "core/rrd/sup_run.h"

#include "core/common/mem.h"
#include "core/rrd/frames.h"
#include "core/rrd/health.h"
#include "core/rrd/notes.h"
#include "core/rrd/route.h"
#include "core/rrd/spawn.h"
#include "core/rrd/stage_log.h"
#include "core/rrd/sweep.h"
#include "core/rrd/sys.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>

#define TERM_LIMIT_MS 10000u
/* So long ready means that the trouble is over: the delays begin anew. */
#define STABLE_MS 60000u

#define EXIT_PLUGIN 69
#define EXIT_CONFIG 78

static void
set_timer(struct stage *stage, uint64_t ms)
{
    const struct timeval tv = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};

    (void)event_add(stage->timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct stage *stage = arg;

    (void)fd;
    (void)what;
    if (stage->sup.state == SUP_STARTING) {
        (void)snprintf(stage->sick, sizeof stage->sick, "not ready within its start_limit");
        log_warn("sup", "worker is not ready in time stage=%s pid=%ld", stage->conf->name,
                 (long)stage->pid);
    } else if (stage->sup.state == SUP_STOPPING || stage->sup.state == SUP_TERMINATING) {
        log_warn("sup", "worker does not stop stage=%s pid=%ld state=%s", stage->conf->name,
                 (long)stage->pid, sup_state_name(stage->sup.state));
    }
    sup_run_event(stage, SUP_EV_TIMER);
}

void
sup_run_extend_start(struct stage *stage)
{
    set_timer(stage, (uint64_t)stage->conf->start_limit_ms);
}

static void
on_history_saved(void *arg, const struct store_result *r)
{
    const struct stage *stage = arg;

    if (r->rc != 0) {
        log_warn("sup", "death not noted stage=%s: %s", stage->conf->name, r->err.text);
    }
}

/* The death history is worth its sync: it must survive what it describes. */
static void
save_history(struct stage *stage)
{
    struct store_op *op = store_op_new();
    const struct stage_exit *e = &stage->last_exit;
    json_t *doc = json_pack(
        "{s:I, s:{s:I, s:i, s:i, s:s}}", "restarts", (json_int_t)stage->restarts, "last_exit",
        "time_ms", (json_int_t)e->time_ms, "code", e->code, "signal", e->signal, "text", e->text);
    char *text = doc == NULL ? NULL : json_dumps(doc, JSON_COMPACT);

    store_op_hist(op, stage->conf->name, text);
    store_submit(stage->rrd->store, op, on_history_saved, stage);
    free(text);
    json_decref(doc);
}

static int
load_history(struct stage *stage, struct rr_err *err)
{
    char *text = NULL;
    json_t *doc;
    const json_t *e;
    const int rc = store_hist_new(stage->rrd->store, stage->conf->name, &text, err);

    if (rc != 0) {
        return rc == RR_E_EMPTY ? 0 : rc;
    }
    doc = json_loads(text, 0, NULL);
    free(text);
    e = json_object_get(doc, "last_exit");
    stage->restarts = (uint64_t)json_integer_value(json_object_get(doc, "restarts"));
    stage->last_exit.time_ms = (uint64_t)json_integer_value(json_object_get(e, "time_ms"));
    stage->last_exit.code = (int)json_integer_value(json_object_get(e, "code"));
    stage->last_exit.signal = (int)json_integer_value(json_object_get(e, "signal"));
    if (json_string_value(json_object_get(e, "text")) != NULL) {
        (void)snprintf(stage->last_exit.text, sizeof stage->last_exit.text, "%.199s",
                       json_string_value(json_object_get(e, "text")));
    }
    json_decref(doc);
    return 0;
}

/* Start the process. */
static int
start_worker(struct stage *stage)
{
    struct rrd *rrd = stage->rrd;
    struct rr_err err = RR_ERR_INIT;
    struct spawned made;
    const uint64_t epoch = rrd->last_epoch + 1;
    const int rc = spawn_worker(&rrd->conf, stage->conf, rrd->instance, epoch, &made, &err);

    stage->is_asked = false;
    stage->sick[0] = '\0';
    stage->fatal[0] = '\0';
    if (rc != 0) {
        log_error("sup", "worker not started stage=%s: %s", stage->conf->name, err.text);
        stage->last_exit = (struct stage_exit){.time_ms = sys_wall_ms(), .code = -1};
        (void)snprintf(stage->last_exit.text, sizeof stage->last_exit.text, "%.190s", err.text);
        return rc;
    }
    rrd->last_epoch = epoch;
    stage->pid = made.pid;
    stage->epoch = epoch;
    health_begin(stage);
    stage_log_attach(stage->log, made.log_fd);
    stage->link = link_new(rrd->base, made.link_fd, epoch, frames_take, frames_broken, stage);
    log_debug("sup", "worker started stage=%s pid=%ld", stage->conf->name, (long)stage->pid);
    return 0;
}

/* The process group is the session's first; what left it is found by its mark. */
static void
kill_worker(struct stage *stage)
{
    if (stage->pid > 0) {
        (void)kill(-stage->pid, SIGKILL);
        (void)kill(stage->pid, SIGKILL);
    }
}

static void
sweep_worker(struct stage *stage)
{
    char mark[128];
    size_t n;

    (void)snprintf(mark, sizeof mark, "%s/%s/%" PRIu64, stage->rrd->instance, stage->conf->name,
                   stage->epoch);
    n = sweep_marked(mark);
    if (n > 0) {
        log_warn("sup", "leftover processes ended stage=%s count=%zu", stage->conf->name, n);
    }
}

static void
clean_worker(struct stage *stage)
{
    char why[220];

    if (stage->last_exit.signal != 0) {
        (void)snprintf(why, sizeof why, "the worker ended by signal %s: %.160s",
                       sigabbrev_np(stage->last_exit.signal), stage->last_exit.text);
    } else {
        (void)snprintf(why, sizeof why, "the worker ended with status %d: %.160s",
                       stage->last_exit.code, stage->last_exit.text);
    }
    route_lost(stage, !stage->is_asked, why);
    link_free(stage->link);
    stage->link = NULL;
    stage->pid = 0;
    memset(&stage->progress, 0, sizeof stage->progress);
}

static void
begin_backoff(struct stage *stage, uint64_t was_ready_ms)
{
    uint32_t random = 0;
    uint32_t delay;

    (void)getrandom(&random, sizeof random, GRND_NONBLOCK);
    stage->deaths = was_ready_ms >= STABLE_MS ? 1 : stage->deaths + 1;
    delay = sup_delay_ms(stage->deaths, (uint32_t)stage->conf->restart_delay_ms,
                         (uint32_t)stage->conf->restart_max_ms, random);
    stage->restarts++;
    stage->next_start_ms = sys_wall_ms() + delay;
    set_timer(stage, delay);
    log_warn("sup", "worker died stage=%s code=%d signal=%s restarts=%" PRIu64 " next_ms=%u: %s",
             stage->conf->name, stage->last_exit.code,
             stage->last_exit.signal == 0 ? "-" : sigabbrev_np(stage->last_exit.signal),
             stage->restarts, delay, stage->last_exit.text);
    save_history(stage);
}

static void
carry_out(struct stage *stage, unsigned actions, uint64_t was_ready_ms)
{
    if ((actions & SUP_DO_UNTIMER) != 0) {
        (void)event_del(stage->timer);
        stage->next_start_ms = 0;
    }
    if ((actions & SUP_DO_ASK) != 0) {
        stage->is_asked = true;
        link_send(stage->link, WIRE_STOP, 0, NULL);
    }
    if ((actions & SUP_DO_TERM) != 0) {
        (void)kill(-stage->pid, SIGTERM);
    }
    if ((actions & SUP_DO_KILL) != 0) {
        kill_worker(stage);
    }
    if ((actions & SUP_DO_CLEAN) != 0) {
        clean_worker(stage);
    }
    if ((actions & SUP_DO_T_START) != 0) {
        set_timer(stage, (uint64_t)stage->conf->start_limit_ms);
    }
    if ((actions & SUP_DO_T_STOP) != 0) {
        set_timer(stage, (uint64_t)stage->conf->stop_limit_ms);
    }
    if ((actions & SUP_DO_T_TERM) != 0) {
        set_timer(stage, TERM_LIMIT_MS);
    }
    if ((actions & SUP_DO_T_BACKOFF) != 0) {
        begin_backoff(stage, was_ready_ms);
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
    const uint64_t ready_ms = before == SUP_READY ? sys_mono_ms() - stage->state_since_mono_ms : 0;
    const unsigned actions = sup_step(&stage->sup, ev);

    if (stage->sup.state != before) {
        stage->state_since_ms = sys_wall_ms();
        stage->state_since_mono_ms = sys_mono_ms();
        stage->was_ready = stage->was_ready || stage->sup.state == SUP_READY;
        log_write(stage->sup.state == SUP_FAILED ? LOG_ERROR : LOG_INFO, "sup",
                  "stage %s stage=%s was=%s pid=%ld%s%s", sup_state_name(stage->sup.state),
                  stage->conf->name, sup_state_name(before), (long)stage->pid,
                  stage->sup.state == SUP_FAILED ? ": " : "",
                  stage->sup.state == SUP_FAILED ? stage->last_exit.text : "");
    }
    carry_out(stage, actions, ready_ms);
    if (stage->sup.state == SUP_FAILED && before != SUP_FAILED) {
        save_history(stage);
    }
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
    (void)snprintf(stage->sick, sizeof stage->sick, "%.150s", why);
    log_warn("sup", "worker is ended stage=%s pid=%ld: %s", stage->conf->name, (long)stage->pid,
             why);
    sup_run_event(stage, SUP_EV_SICK);
}

static void
note_exit(struct stage *stage, int status)
{
    struct stage_exit *e = &stage->last_exit;
    const char *text = stage->sick[0] != '\0'    ? stage->sick
                       : stage->fatal[0] != '\0' ? stage->fatal
                                                 : stage_log_last(stage->log);

    e->time_ms = sys_wall_ms();
    e->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    e->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    (void)snprintf(e->text, sizeof e->text, "%s", text);
}

static void
on_exit_of(struct stage *stage, int status)
{
    const bool is_final = WIFEXITED(status) && (WEXITSTATUS(status) == EXIT_PLUGIN ||
                                                WEXITSTATUS(status) == EXIT_CONFIG);

    /* Its last frames may hold a DONE that counts; they lie in the socket although it is dead. */
    link_drain(stage->link);
    stage_log_detach(stage->log);
    note_exit(stage, status);
    (void)kill(-stage->pid, SIGKILL);
    sweep_worker(stage);
    sup_run_event(stage, is_final ? SUP_EV_EXIT_FINAL : SUP_EV_EXIT);
}

void
sup_run_reap(struct rrd *rrd)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < rrd->n_stages; i++) {
            if (rrd->stages[i]->pid == pid) {
                on_exit_of(rrd->stages[i], status);
                break;
            }
        }
        /* any other is an orphan of a worker that came to us as its subreaper */
    }
}

static bool
is_settled(const struct stage *stage)
{
    const enum sup_state s = stage->sup.state;

    return s != SUP_WAITING && s != SUP_STARTING;
}

/* Whether an edge keeps its stage from starting now. */
static bool
holds_back(const struct rrd *rrd, const struct graph_edge *e)
{
    const struct stage *to = rrd->stages[e->to];

    if (!e->is_order || (e->kind != GRAPH_NEEDS && !to->conf->is_enabled)) {
        return false;
    }
    switch (e->kind) {
    case GRAPH_NEEDS:
        return to->sup.state != SUP_READY;
    case GRAPH_AFTER:
        return !to->was_ready;
    default:
        /* consumers first, but their trouble is no reason to stand still: queues keep events */
        return !is_settled(to);
    }
}

const char *
sup_run_waits_for(const struct stage *stage, char *buf, size_t cap)
{
    static const char *const words[] = {"needs", "starts after", "waits for", "starts after"};
    const struct rrd *rrd = stage->rrd;

    for (size_t i = 0; i < rrd->conf.graph.n_edges; i++) {
        const struct graph_edge *e = &rrd->conf.graph.edges[i];

        if (e->from == stage->index && holds_back(rrd, e)) {
            (void)snprintf(buf, cap, "%s stage %s, which is %s", words[e->kind],
                           rrd->stages[e->to]->conf->name,
                           sup_state_name(rrd->stages[e->to]->sup.state));
            return buf;
        }
    }
    return "";
}

static bool
may_start(const struct stage *stage)
{
    char buf[160];

    return sup_run_waits_for(stage, buf, sizeof buf)[0] == '\0';
}

/* Whether a stage that still runs depends on this one by a declared dependency. What flows between
 * them does not matter for stopping: the queues are durable. */
static bool
is_depended_on(const struct stage *stage)
{
    const struct graph *g = &stage->rrd->conf.graph;

    for (size_t i = 0; i < g->n_edges; i++) {
        if (g->edges[i].kind != GRAPH_EVENT && g->edges[i].to == stage->index &&
            sup_has_process(stage->rrd->stages[g->edges[i].from]->sup.state)) {
            return true;
        }
    }
    return false;
}

void
sup_run_look(struct rrd *rrd)
{
    for (size_t k = 0; k < rrd->n_stages; k++) {
        struct stage *stage = rrd->stages[rrd->conf.graph.order[k]];

        if (rrd->is_stopping) {
            if (rrd->is_hurried || !is_depended_on(stage)) {
                sup_run_event(stage, SUP_EV_STOP);
            }
        } else if (stage->sup.state == SUP_WAITING && may_start(stage)) {
            sup_run_event(stage, SUP_EV_DEPS);
        }
    }
}

bool
sup_run_is_quiet(const struct rrd *rrd)
{
    for (size_t i = 0; i < rrd->n_stages; i++) {
        const enum sup_state s = rrd->stages[i]->sup.state;

        if (s != SUP_DOWN && s != SUP_FAILED) {
            return false;
        }
    }
    return true;
}

static int
stage_new(struct rrd *rrd, size_t index, struct rr_err *err)
{
    struct stage *stage = mem_zalloc(1, sizeof *stage);
    int rc;

    rrd->stages[index] = stage;
    stage->rrd = rrd;
    stage->conf = &rrd->conf.stages[index];
    stage->index = index;
    stage->state_since_ms = sys_wall_ms();
    stage->state_since_mono_ms = sys_mono_ms();
    stage->timer = evtimer_new(rrd->base, on_timer, stage);
    stage->log = stage_log_new(rrd, stage->conf->name);
    rc = load_history(stage, err);
    return rc == 0 ? notes_load(stage, err) : rc;
}

static void
stage_free(struct stage *stage)
{
    if (stage == NULL) {
        return;
    }
    link_free(stage->link);
    stage_log_free(stage->log);
    if (stage->timer != NULL) {
        event_free(stage->timer);
    }
    json_decref(stage->notes);
    json_decref(stage->dirty_notes);
    free(stage);
}

int
sup_run_init(struct rrd *rrd, struct rr_err *err)
{
    int rc = 0;

    rrd->n_stages = rrd->conf.n_stages;
    rrd->stages = mem_zalloc(rrd->n_stages, sizeof(struct stage *));
    rrd->slots_used = mem_zalloc(rrd->conf.n_slots, sizeof *rrd->slots_used);
    for (size_t i = 0; i < rrd->n_stages && rc == 0; i++) {
        rc = stage_new(rrd, i, err);
    }
    return rc;
}

void
sup_run_fini(struct rrd *rrd)
{
    for (size_t i = 0; i < rrd->n_stages; i++) {
        stage_free(rrd->stages[i]);
    }
    free(rrd->stages);
    free(rrd->slots_used);
    rrd->stages = NULL;
    rrd->slots_used = NULL;
    rrd->n_stages = 0;
}
