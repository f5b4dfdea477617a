/* SPDX-License-Identifier: MIT */
/*
 * health.c - pings and limits of a running worker.
 *
 * The worker answers pings on a thread of its own, so a ping shows that the process lives, and
 * progress that the plugin works.
 */
#include "core/rrd/health.h"

#include "core/rrd/link.h"
#include "core/rrd/route.h"
#include "core/rrd/sup_run.h"
#include "core/rrd/sys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PING_INTERVAL_MS 3000u

void
health_begin(struct stage *stage)
{
    const uint64_t now = sys_mono_ms();

    stage->ping_sent_ms = 0;
    stage->ping_next_ms = now + PING_INTERVAL_MS;
    stage->alive_mono_ms = now;
    stage->eof_mono_ms = 0;
    memset(&stage->usage, 0, sizeof stage->usage); /* of the process before */
}

void
health_pong(struct stage *stage)
{
    stage->ping_sent_ms = 0;
    stage->ping_next_ms = sys_mono_ms() + PING_INTERVAL_MS;
}

void
health_alive(struct stage *stage)
{
    stage->alive_mono_ms = sys_mono_ms();
}

#define LIMITS 4

struct limit {
    int64_t limit_ms; /* 0: none */
    uint64_t since_ms;
    const char *what;
    const char *name;
};

/* The limits that hold now; others have no since_ms. */
static void
list_limits(const struct stage *stage, struct limit *out)
{
    /* Time from its last frame to its end that a worker may take; an exiting one needs far less. */
    static const int64_t eof_limit_ms = 3000;
    const struct lease *lease = stage->sup.state == SUP_READY ? route_current(stage) : NULL;
    const struct conf_stage *conf = stage->conf;
    const struct limit limits[LIMITS] = {
        {eof_limit_ms, stage->eof_mono_ms, "it closed its socket and has not ended", "end of file"},
        {conf->ping_limit_ms, stage->ping_sent_ms, "no answer to a ping", "ping_limit"},
        {conf->progress_limit_ms, lease != NULL ? stage->alive_mono_ms : 0, "no progress",
         "progress_limit"},
        {conf->event_limit_ms, lease != NULL && !stage->is_aside ? lease->since_mono_ms : 0,
         "the handler is busy", "event_limit"}};

    memcpy(out, limits, sizeof limits);
}

/* Together with what it has started: a limit that a child escapes is none. */
static bool
is_too_large(const struct stage *stage, char *why, size_t cap)
{
    const struct sys_usage *usage = &stage->usage;
    const uint64_t memory_limit = (uint64_t)stage->conf->memory_limit_bytes;
    const uint64_t process_limit = (uint64_t)stage->conf->process_limit;

    if (memory_limit > 0 && usage->resident_bytes > memory_limit) {
        (void)snprintf(why, cap,
                       "%" PRIu64 " MiB of memory in use, over %" PRIu64 " MiB (memory_limit)",
                       usage->resident_bytes >> 20, memory_limit >> 20);
        return true;
    }
    if (usage->processes > process_limit) {
        (void)snprintf(why, cap, "%" PRIu64 " processes, over %" PRIu64 " (process_limit)",
                       usage->processes, process_limit);
        return true;
    }
    return false;
}

static bool
is_judged(const struct stage *stage)
{
    return sup_has_process(stage->sup.state) && stage->sup.state != SUP_KILLING;
}

uint64_t
health_due_ms(const struct stage *stage)
{
    struct limit limits[LIMITS];
    uint64_t due = UINT64_MAX;

    list_limits(stage, limits);
    for (size_t i = 0; i < LIMITS && is_judged(stage); i++) {
        const uint64_t end = limits[i].since_ms + (uint64_t)limits[i].limit_ms + 1;

        due = limits[i].limit_ms > 0 && limits[i].since_ms > 0 && end < due ? end : due;
    }
    return due;
}

void
health_judge(struct stage *stage)
{
    const uint64_t now = sys_mono_ms();
    struct limit limits[LIMITS];
    char took[32];
    char why[160];

    if (!is_judged(stage)) {
        return;
    }
    if (is_too_large(stage, why, sizeof why)) {
        sup_run_sick(stage, why);
        return;
    }
    list_limits(stage, limits);
    for (size_t i = 0; i < LIMITS; i++) {
        const uint64_t since = limits[i].since_ms;

        if (limits[i].limit_ms > 0 && since > 0 && now > since &&
            now - since > (uint64_t)limits[i].limit_ms) {
            (void)snprintf(why, sizeof why, "%s for %s (%s)", limits[i].what,
                           text_duration((int64_t)(now - since), took, sizeof took),
                           limits[i].name);
            sup_run_sick(stage, why);
            return;
        }
    }
}

void
health_tick(struct stage *stage)
{
    const uint64_t now = sys_mono_ms();

    if (stage->sup.state == SUP_READY && stage->breaker.is_open &&
        now - stage->ready_mono_ms >= SUP_STABLE_MS) {
        sup_run_worked(stage);
    }
    health_judge(stage);
    if (is_judged(stage) && stage->ping_sent_ms == 0 && now >= stage->ping_next_ms &&
        stage->eof_mono_ms == 0) {
        stage->ping_sent_ms = now;
        link_send(stage->link, WIRE_PING, now, NULL);
    }
}
