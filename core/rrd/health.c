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

#define PING_INTERVAL_MS 3000u

void
health_begin(struct stage *stage)
{
    const uint64_t now = sys_mono_ms();

    stage->ping_sent_ms = 0;
    stage->ping_next_ms = now + PING_INTERVAL_MS;
    stage->alive_mono_ms = now;
    stage->eof_mono_ms = 0;
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

static bool
is_over(int64_t limit_ms, uint64_t since, uint64_t now)
{
    return limit_ms > 0 && since > 0 && now > since && now - since > (uint64_t)limit_ms;
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

void
health_tick(struct stage *stage)
{
    /* Time from its last frame to its end that a worker may take; an exiting one needs far less. */
    const int64_t eof_limit_ms = 3000;
    const uint64_t now = sys_mono_ms();
    const struct lease *l = route_current(stage);
    char took[32];
    char why[160];

    if (stage->sup.state == SUP_READY && stage->breaker.is_open &&
        now - stage->ready_mono_ms >= SUP_STABLE_MS) {
        sup_run_worked(stage);
    }
    if (!sup_has_process(stage->sup.state) || stage->sup.state == SUP_KILLING) {
        return;
    }
    if (is_too_large(stage, why, sizeof why)) {
        sup_run_sick(stage, why);
        return;
    }
    if (is_over(eof_limit_ms, stage->eof_mono_ms, now)) {
        sup_run_sick(stage, "the worker closed its socket and did not end");
        return;
    }
    if (is_over(stage->conf->ping_limit_ms, stage->ping_sent_ms, now)) {
        (void)snprintf(why, sizeof why, "no answer to a ping for %s (ping_limit)",
                       text_duration((int64_t)(now - stage->ping_sent_ms), took, sizeof took));
        sup_run_sick(stage, why);
        return;
    }
    if (stage->ping_sent_ms == 0 && now >= stage->ping_next_ms && stage->eof_mono_ms == 0) {
        stage->ping_sent_ms = now;
        link_send(stage->link, WIRE_PING, now, NULL);
    }
    if (stage->sup.state != SUP_READY || l == NULL) {
        return;
    }
    if (is_over(stage->conf->progress_limit_ms, stage->alive_mono_ms, now)) {
        (void)snprintf(why, sizeof why, "no progress for %s (progress_limit)",
                       text_duration((int64_t)(now - stage->alive_mono_ms), took, sizeof took));
        sup_run_sick(stage, why);
    } else if (!stage->is_aside && is_over(stage->conf->event_limit_ms, l->since_mono_ms, now)) {
        (void)snprintf(why, sizeof why, "the handler took longer than %s (event_limit)",
                       text_duration((int64_t)(now - l->since_mono_ms), took, sizeof took));
        sup_run_sick(stage, why);
    }
}
