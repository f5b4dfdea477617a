/* SPDX-License-Identifier: MIT */
/*
 * reload.c - the steps of a reload; reload.h draws them.
 *
 * Does not: compare configurations (plan.c).
 */
#include "core/rrd/reload.h"

#include "core/common/fail.h"
#include "core/common/mem.h"
#include "core/rrd/plan.h"
#include "core/rrd/route.h"
#include "core/rrd/stage_log.h"
#include "core/rrd/sup_run.h"
#include "core/rrd/sys.h"
#include "core/rrd/upgrade.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A plugin's probe and its check may take 5 s each; more than that is a hang. */
#define CHECK_LIMIT_S 30
#define CHECK_OUTPUT_MAX (1u << 20)

enum phase { CHECKING, STOPPING, STARTING, WATCHING, UNDOING_STOPS, UNDOING_STARTS };

struct reload {
    struct rrd *rrd;
    enum phase phase;
    bool is_dry;
    struct upgrade *upgrade; /* NULL: of conf.d */
    const char *area;        /* of the log */
    int bad;                 /* status of what was wrong with the new configuration or file */
    struct text_list sets;   /* over it */
    struct ctl_later *later;
    pid_t pid; /* of the check */
    struct bufferevent *output;
    struct conf other; /* the one that is not in force: the new one before the swap, then the old */
    struct plan plan;  /* from the one in force to the other one; after the swap what was done */
    json_t *told;      /* the plan as it is answered */
    char why[300];     /* it is undone */
};

static const char *const phase_names[] = {
    [CHECKING] = "checking the new configuration", [STOPPING] = "stopping what changes",
    [STARTING] = "starting what changed",          [WATCHING] = "watching the new plugin file",
    [UNDOING_STOPS] = "going back: stopping",      [UNDOING_STARTS] = "going back: starting",
};

const char *
reload_phase(const struct rrd *rrd)
{
    return rrd->reload == NULL ? "" : phase_names[rrd->reload->phase];
}

/* Actions of plan_step. */
#define STOPS (1u << PLAN_STOP | 1u << PLAN_RESTART)
#define STARTS (1u << PLAN_START | 1u << PLAN_RESTART)

/* The stage of a step that is one of these actions; else NULL, or when it is not there. */
static struct stage *
stage_of(const struct reload *r, size_t step, unsigned actions)
{
    const struct plan_step *s = &r->plan.steps[step];
    const long at = conf_stage_index(&r->rrd->conf, s->stage);

    return at < 0 || (actions >> s->action & 1) == 0 ? NULL : r->rrd->stages[at];
}

bool
reload_has(const struct stage *stage, enum sup_event ev)
{
    const struct reload *r = stage->rrd->reload;

    if (r == NULL || r->phase == CHECKING || r->phase == WATCHING) {
        return false;
    }
    /* once it has been started, a stop is a wish like any other */
    if (ev == SUP_EV_STOP && (r->phase == STARTING || r->phase == UNDOING_STARTS)) {
        return false;
    }
    for (size_t i = 0; i < r->plan.n_steps; i++) {
        if (stage_of(r, i, STOPS | STARTS) == stage) {
            return true;
        }
    }
    return false;
}

bool
reload_is_on(const struct rrd *rrd)
{
    return rrd->reload != NULL && !rrd->reload->is_dry;
}

static void
reload_free(struct reload *r)
{
    if (r->output != NULL) {
        bufferevent_free(r->output);
    }
    plan_fini(&r->plan);
    upgrade_free(r->upgrade);
    text_list_free(&r->sets);
    conf_free(&r->other);
    json_decref(r->told);
    free(r);
}

static void
finish(struct reload *r, int rc, const char *why)
{
    if (rc == 0) {
        log_info(r->area, r->is_dry ? "checked" : "done");
    } else {
        log_error(r->area, "not done: %s", why);
    }
    upgrade_end(r->upgrade, rc != 0 && r->phase != CHECKING);
    if (rc == 0 && r->upgrade != NULL) {
        json_decref(r->told);
        r->told = upgrade_json_new(r->upgrade);
    }
    r->rrd->reload = NULL; /* the answer may let the next one begin */
    daemon_wake(r->rrd);
    if (r->later != NULL) {
        ctl_answer(r->later, rc, rc == 0 ? json_incref(r->told) : NULL, why);
    }
    reload_free(r);
}

/* Stop what goes or changes, and remember what the operator wants of it. */
static void
stop_all(struct reload *r)
{
    for (size_t i = 0; i < r->plan.n_steps; i++) {
        struct stage *stage = stage_of(r, i, STOPS);

        if (stage != NULL) {
            stage->was_wanted = stage->sup.is_wanted;
            sup_run_event(stage, SUP_EV_STOP);
        }
    }
}

/* ---- checking ---- */

/* The configuration was found good by a process of its own; now load it here. Its plugins have just
 * proved to answer quickly, so the loop stands still for some hundredths of a second, and for as
 * long as it takes to hash the files: upgrade.c limits that. */
static void
load(struct reload *r)
{
    struct rrd *rrd = r->rrd;
    struct rr_err err = RR_ERR_INIT;

    if (conf_load(&r->other, rrd->conf.dir, &rrd->paths, &r->sets) != 0) {
        finish(r, r->bad, r->other.problems.v[0]);
        return;
    }
    plan_make(&r->plan, &rrd->conf, &r->other);
    r->told = plan_json_new(&r->plan);
    if (r->plan.refused.n > 0) {
        (void)rr_err_set(&err, RR_E_CONFIG, "[core] %s cannot change while rrd runs: rrctl restart",
                         r->plan.refused.v[0]);
        finish(r, err.code, err.text);
        return;
    }
    if (r->is_dry) {
        finish(r, 0, "");
        return;
    }
    FAIL("reload.checked");
    if (r->upgrade != NULL &&
        upgrade_prepare(r->upgrade, &rrd->conf, &r->other, &r->plan, &err) != 0) {
        finish(r, err.code, err.text);
        return;
    }
    r->phase = STOPPING;
    stop_all(r);
    daemon_wake(rrd);
}

/* All that the check printed is there: one JSON object. */
static void
take_check(struct reload *r)
{
    struct evbuffer *in = bufferevent_get_input(r->output);
    const size_t n = evbuffer_get_length(in);
    json_t *doc = json_loadb((const char *)evbuffer_pullup(in, -1), n, 0, NULL);
    const json_t *problems = json_object_get(doc, "problems");
    struct text_list lines = {0};
    char *why;

    for (size_t i = 0; i < json_array_size(problems); i++) {
        text_list_add(&lines, json_string_value(json_array_get(problems, i)));
    }
    why = text_list_join_new(&lines, "\n");
    if (doc == NULL) {
        finish(r, RR_E_CONFIG, "the check of the configuration ended without a verdict");
    } else if (lines.n > 0) {
        finish(r, r->bad, why);
    } else {
        load(r);
    }
    free(why);
    text_list_free(&lines);
    json_decref(doc);
}

static void
on_output(struct bufferevent *bev, short what, void *arg)
{
    struct reload *r = arg;

    if ((what & BEV_EVENT_TIMEOUT) != 0) {
        (void)kill(-r->pid, SIGKILL);
        finish(r, RR_E_TIMEOUT, "the check of the configuration did not end within 30 s");
    } else {
        take_check(r);
    }
    (void)bev;
}

static void
on_read(struct bufferevent *bev, void *arg)
{
    struct reload *r = arg;

    if (evbuffer_get_length(bufferevent_get_input(bev)) > CHECK_OUTPUT_MAX) {
        (void)kill(-r->pid, SIGKILL);
        finish(r, RR_E_CONFIG, "the check of the configuration says too much");
    }
}

static int
spawn_check(struct reload *r, int fd_out)
{
    struct text_list words = {0};
    int rc;

    text_list_add(&words, "/proc/self/exe");
    text_list_add(&words, "--dir");
    text_list_add(&words, r->rrd->conf.dir);
    text_list_add(&words, "--check");
    text_list_add(&words, "--json");
    for (size_t i = 0; i < r->sets.n; i++) {
        text_list_add(&words, "--set");
        text_list_add(&words, r->sets.v[i]);
    }
    rc = sys_spawn(words.v, environ, (const int[]){-1, fd_out, -1}, 3, false, &r->pid);
    text_list_free(&words);
    return rc;
}

int
reload_begin(struct rrd *rrd, bool is_dry, struct upgrade *upgrade_take, struct ctl_later *later,
             struct rr_err *err)
{
    const struct timeval limit = {CHECK_LIMIT_S, 0};
    struct reload *r;
    int fds[2];
    int rc = 0;

    if (rrd->is_stopping) {
        rc = rr_err_set(err, RR_E_BUSY, "the daemon stops");
    } else if (rrd->reload != NULL) {
        rc =
            rr_err_set(err, RR_E_BUSY, "%s is under way: %s",
                       rrd->reload->upgrade == NULL ? "a reload" : "an upgrade", reload_phase(rrd));
    } else if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) {
        rc = -errno;
        rc = rr_err_set(err, rc, "cannot make a pipe: %s", strerror(-rc));
    }
    if (rc != 0) {
        upgrade_free(upgrade_take);
        return rc;
    }
    r = mem_zalloc(1, sizeof *r);
    r->rrd = rrd;
    r->is_dry = is_dry;
    r->upgrade = upgrade_take;
    r->area = upgrade_take == NULL ? "reload" : "upgrade";
    r->bad = upgrade_take == NULL ? RR_E_CONFIG : RR_E_PLUGIN;
    r->later = later;
    for (size_t i = 0; i < rrd->sets->n; i++) {
        text_list_add(&r->sets, rrd->sets->v[i]);
    }
    upgrade_sets(r->upgrade, &r->sets);
    rc = spawn_check(r, fds[1]);
    (void)close(fds[1]);
    if (rc != 0) {
        (void)close(fds[0]);
        reload_free(r);
        return rr_err_set(err, rc, "cannot start the check: %s", strerror(-rc));
    }
    r->output = bufferevent_socket_new(rrd->base, fds[0], BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(r->output, on_read, NULL, on_output, r);
    (void)bufferevent_set_timeouts(r->output, &limit, NULL);
    (void)bufferevent_enable(r->output, EV_READ);
    rrd->reload = r;
    daemon_wake(rrd); /* a service manager hears of it */
    log_info(r->area, is_dry ? "begun, for a look" : "begun");
    return 0;
}

/* ---- swap ---- */

/* Put the other configuration in force, and this one aside. */
static void
swap(struct reload *r)
{
    struct rrd *rrd = r->rrd;
    const struct conf old = rrd->conf;
    struct stage **stages = mem_zalloc(r->other.n_stages, sizeof *stages);
    enum log_level level;

    for (size_t i = 0; i < r->other.n_stages; i++) {
        const long at = conf_stage_index(&rrd->conf, r->other.stages[i].name);

        stages[i] = at < 0 ? NULL : rrd->stages[at];
    }
    for (size_t i = 0; i < rrd->n_stages; i++) {
        if (conf_stage_index(&r->other, rrd->stages[i]->conf->name) < 0) {
            sup_run_retire(rrd, rrd->stages[i]);
        }
    }
    free(rrd->stages);
    rrd->conf = r->other;
    r->other = old;
    rrd->stages = stages;
    rrd->n_stages = rrd->conf.n_stages;
    for (size_t i = 0; i < rrd->n_stages; i++) {
        struct rr_err err = RR_ERR_INIT;

        if (stages[i] != NULL) {
            stages[i]->conf = &rrd->conf.stages[i];
            stages[i]->index = i;
            stages[i]->waits_for = NULL; /* what it waits for is decided anew */
            stages[i]->is_short = false;
        } else if (sup_run_add(rrd, i, &err) != 0) {
            log_warn("reload", "history not read stage=%s: %s", rrd->conf.stages[i].name, err.text);
        }
    }
    if (log_level_parse(rrd->conf.log_level, &level) == 0 &&
        strcmp(rrd->conf.log_level, r->other.log_level) != 0) {
        log_set_level(level);
    }
    rrd->has_look = true;
}

/* ---- after the check: stop, swap, start, as often as the loop turns ---- */

static bool
is_down(const struct stage *stage)
{
    return !sup_has_process(stage->sup.state) && stage->sup.state != SUP_BACKOFF &&
           STAILQ_EMPTY(&stage->waiters) && stage->n_leases == 0 && stage->n_changes == 0;
}

static bool
all_stopped(const struct reload *r)
{
    for (size_t i = 0; i < r->plan.n_steps; i++) {
        const struct stage *stage = stage_of(r, i, STOPS);

        if (stage != NULL && !is_down(stage)) {
            return false;
        }
    }
    return true;
}

static void
start_all(struct reload *r)
{
    for (size_t i = 0; i < r->plan.n_steps; i++) {
        struct stage *stage = stage_of(r, i, STARTS);

        /* one that the operator had stopped stays stopped */
        if (stage != NULL && (r->plan.steps[i].action == PLAN_START || stage->was_wanted)) {
            sup_run_event(stage, SUP_EV_START);
        }
    }
}

/* 1 all ready or with nothing to wait for here, 0 not yet, -1 one of them did not make it. */
static int
judge_start(const struct reload *r, char *why, size_t cap)
{
    char death[SUP_RUN_DEATH_MAX];
    int verdict = 1;

    for (size_t i = 0; i < r->plan.n_steps; i++) {
        const struct stage *stage = stage_of(r, i, STARTS);

        if (stage == NULL || !stage->sup.is_wanted) {
            continue;
        }
        if (stage->sup.state == SUP_FAILED || stage->sup.state == SUP_BACKOFF) {
            (void)snprintf(why, cap, "stage %s did not become ready: %.145s; the old %s is back",
                           stage->conf->name, sup_run_death(stage, death, sizeof death),
                           r->upgrade == NULL ? "configuration" : "file");
            return -1;
        }
        /* one that waits for a stage that does not run could do so for ever */
        if (stage->sup.state != SUP_READY && sup_order_stuck_on(stage) == NULL) {
            verdict = 0;
        }
    }
    return verdict;
}

/* The same way back: plan from the one in force to the one before. */
static void
undo(struct reload *r)
{
    log_error(r->area, "going back: %s", r->why);
    plan_fini(&r->plan);
    plan_make(&r->plan, &r->rrd->conf, &r->other);
    r->phase = UNDOING_STOPS;
    for (size_t i = 0; i < r->plan.n_steps; i++) {
        const struct stage *stage = stage_of(r, i, 1u << PLAN_RESTART);
        struct rr_err err = RR_ERR_INIT;

        if (stage != NULL) {
            const long at = conf_stage_index(&r->other, stage->conf->name);

            /* its file may be what was replaced */
            if (upgrade_pin(&r->other, &r->other.stages[at], stage->conf->hash, &err) != 0) {
                log_error(r->area, "stage %s may not go back: %s", stage->conf->name, err.text);
            }
        }
    }
    stop_all(r);
}

/* What is new has been started, and may be ready or have passed its trial. */
static void
go_on(struct reload *r)
{
    struct rr_err err = RR_ERR_INIT;
    int verdict = r->phase == STARTING ? judge_start(r, r->why, sizeof r->why) : 1;

    if (verdict > 0) {
        FAIL("reload.ready");
        r->phase = WATCHING;
    }
    if (verdict >= 0 && r->upgrade != NULL) {
        /* one may have failed while others are not ready yet */
        const int tried = upgrade_judge(r->upgrade, r->why, sizeof r->why);

        verdict = tried < verdict ? tried : verdict;
    }
    if (verdict > 0 && r->upgrade != NULL && upgrade_keep(r->upgrade, &err) != 0) {
        (void)snprintf(r->why, sizeof r->why, "%s", err.text);
        verdict = -1;
    }
    if (verdict > 0) {
        FAIL("reload.done");
        finish(r, 0, "");
    } else if (verdict < 0) {
        undo(r);
    }
}

void
reload_turn(struct rrd *rrd)
{
    struct reload *r = rrd->reload;

    if (r == NULL) {
        return;
    }
    if (rrd->is_stopping) {
        finish(r, RR_E_BUSY,
               r->upgrade == NULL ? "the daemon stops"
                                  : "the daemon stops; it will start with the old file");
        return;
    }
    if ((r->phase == STOPPING || r->phase == UNDOING_STOPS) && all_stopped(r)) {
        FAIL("reload.swap.before");
        swap(r);
        FAIL("reload.swap.after");
        upgrade_try(r->upgrade, r->phase == STOPPING);
        start_all(r);
        r->phase = r->phase == STOPPING ? STARTING : UNDOING_STARTS;
    }
    if (r->phase == STARTING || r->phase == WATCHING) {
        go_on(r);
    } else if (r->phase == UNDOING_STARTS && judge_start(r, NULL, 0) != 0) {
        finish(r, r->bad, r->why);
    }
}
