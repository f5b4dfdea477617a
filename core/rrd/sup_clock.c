/* SPDX-License-Identifier: MIT */
/*
 * sup_clock.c - the limits of all stages on one timer, and the look at every worker each second.
 */
#include "core/rrd/sup_run.h"

#include "core/rrd/health.h"
#include "core/rrd/sys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The loop ticks each second. When it did not for so long, this process was stopped, starved or
 * frozen with its machine, and what workers said meanwhile was not read: nobody is late for it. */
#define GAP_MS 5000u

static void
on_alarm(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    sup_clock_alarm(arg);
}

/* Set the alarm to the first limit that is due. */
static void
arm(struct rrd *rrd)
{
    const uint64_t now = sys_mono_ms();
    uint64_t first = UINT64_MAX;
    uint64_t ms;

    for (size_t i = 0; i < rrd->n_stages; i++) {
        const uint64_t due = rrd->stages[i]->due_ms;
        const uint64_t sick = health_due_ms(rrd->stages[i]);

        first = due > 0 && due < first ? due : first;
        first = sick < first ? sick : first;
    }
    if (rrd->alarm == NULL) {
        rrd->alarm = evtimer_new(rrd->base, on_alarm, rrd);
    }
    if (first == UINT64_MAX) {
        (void)event_del(rrd->alarm);
        return;
    }
    ms = first > now ? first - now : 0;
    const struct timeval tv = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};

    (void)event_add(rrd->alarm, &tv);
}

void
sup_clock_set(struct stage *stage, uint64_t ms)
{
    stage->due_ms = sys_mono_ms() + ms;
    arm(stage->rrd);
}

/* The time of a state is over. */
static void
expire(struct stage *stage)
{
    stage->due_ms = 0;
    if (stage->sup.state == SUP_STARTING) {
        (void)snprintf(stage->sick, sizeof stage->sick, "not ready within its start_limit");
    } else if (stage->sup.state == SUP_STOPPING) {
        (void)snprintf(stage->sick, sizeof stage->sick, "did not stop within its stop_limit");
    } else if (stage->sup.state == SUP_TERMINATING) {
        (void)snprintf(stage->sick, sizeof stage->sick, "did not end within its term_limit");
    }
    if (stage->pid > 0) {
        log_warn("sup", "worker is late stage=%s pid=%ld state=%s: %s", stage->conf->name,
                 (long)stage->pid, sup_state_name(stage->sup.state), stage->sick);
    }
    sup_run_event(stage, SUP_EV_TIMER);
}

/* Move the time at which something began; what began after the gap, no further than to now. */
static void
shift(uint64_t *since_ms, uint64_t gap, uint64_t now)
{
    if (*since_ms != 0) {
        *since_ms = *since_ms + gap < now ? *since_ms + gap : now;
    }
}

static void
forgive_gap(struct rrd *rrd)
{
    const uint64_t now = sys_mono_ms();
    const uint64_t gap = rrd->seen_mono_ms == 0 ? 0 : now - rrd->seen_mono_ms;

    rrd->seen_mono_ms = now;
    if (gap < GAP_MS) {
        return;
    }
    log_warn("sup",
             "this process did not run for a while gap_ms=%" PRIu64
             ": limits of workers are longer by as much",
             gap);
    for (size_t i = 0; i < rrd->n_stages; i++) {
        struct stage *stage = rrd->stages[i];
        struct lease *l;

        stage->due_ms += stage->due_ms == 0 || stage->sup.state == SUP_BACKOFF ? 0 : gap;
        shift(&stage->ready_mono_ms, gap, now);
        shift(&stage->ping_sent_ms, gap, now);
        shift(&stage->alive_mono_ms, gap, now);
        shift(&stage->eof_mono_ms, gap, now);

        STAILQ_FOREACH(l, &stage->leases, next) {
            shift(&l->since_mono_ms, gap, now);
        }
    }
}

void
sup_clock_alarm(struct rrd *rrd)
{
    forgive_gap(rrd);
    for (size_t i = 0; i < rrd->n_stages; i++) {
        struct stage *stage = rrd->stages[i];

        if (stage->due_ms > 0 && stage->due_ms <= sys_mono_ms()) {
            expire(stage);
        }
        health_judge(stage);
    }
    arm(rrd);
}

/* What an orphan takes is its worker's. */
static int
is_alive_and_counted(void *arg, pid_t pid, pid_t session, const char *mark)
{
    struct stage *stage = sup_run_of(arg, session, mark);

    if (stage != NULL && stage->pid != pid) {
        sys_usage(pid, &stage->usage);
    }
    return stage != NULL;
}

void
sup_clock_tick(struct rrd *rrd)
{
    forgive_gap(rrd);
    for (size_t i = 0; i < rrd->n_stages; i++) {
        struct stage *stage = rrd->stages[i];

        memset(&stage->usage, 0, sizeof stage->usage);
        if (stage->pid > 0) {
            sys_usage(stage->pid, &stage->usage);
        }
    }
    rrd->n_swept += sys_sweep_orphans(is_alive_and_counted, rrd);
    for (size_t i = 0; i < rrd->n_stages; i++) {
        health_tick(rrd->stages[i]);
    }
    arm(rrd); /* handlers have begun and shown progress since */
    if (rrd->n_swept > 0) {
        log_warn("sup", "leftover processes of workers ended count=%" PRIu64, rrd->n_swept);
        rrd->n_swept = 0;
    }
}
