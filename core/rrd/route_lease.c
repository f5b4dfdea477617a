/* SPDX-License-Identifier: MIT */
/*
 * route_lease.c - the events that workers have, in the order in which they got them.
 *
 * Does not: end leases by outcomes (route.c), or choose who gets an event (route_dispatch.c).
 */
#include "core/rrd/route.h"

#include "core/common/fail.h"
#include "core/common/mem.h"
#include "core/rrd/health.h"
#include "core/rrd/link.h"
#include "core/rrd/sys.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct lease *
route_current(const struct stage *stage)
{
    struct lease *l = stage->leases;

    while (l != NULL && l->is_ending) {
        l = l->next;
    }
    return l;
}

bool
route_is_leased(const struct stage *stage, uint64_t id)
{
    for (const struct lease *l = stage->leases; l != NULL; l = l->next) {
        if (l->item.id == id) {
            return true;
        }
    }
    return false;
}

void
route_begin_current(struct stage *stage)
{
    struct lease *l = route_current(stage);

    memset(&stage->progress, 0, sizeof stage->progress);
    health_alive(stage);
    if (l != NULL && !stage->is_aside) {
        l->since_ms = sys_wall_ms();
        l->since_mono_ms = sys_mono_ms();
    }
}

void
route_aside(struct stage *stage, bool is_on)
{
    stage->is_aside = is_on;
    route_begin_current(stage);
}

static void
use_slots(const struct stage *stage, int64_t sign)
{
    for (size_t i = 0; i < stage->conf->n_slots; i++) {
        stage->rrd->slots_used[stage->conf->slots[i].slot] += sign * stage->conf->slots[i].count;
    }
}

void
route_lease(struct stage *stage, const struct store_item *item, const char *type,
            const char *config, char *body_take)
{
    struct lease *l = mem_zalloc(1, sizeof *l);
    struct lease **at = &stage->leases;
    const bool is_first = route_current(stage) == NULL;

    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = l;
    l->number = ++stage->rrd->last_lease;
    l->item = *item;
    (void)snprintf(l->type, sizeof l->type, "%s", type);
    (void)snprintf(l->config, sizeof l->config, "%s", config);
    if (stage->n_leases++ == 0) {
        use_slots(stage, 1);
    }
    if (is_first) {
        route_begin_current(stage);
    }
    log_debug("route", "event delivered stage=%s event=%" PRIu64 " type=%s", stage->conf->name,
              item->id, type);
    FAIL("route.lease.before");
    link_send_text(stage->link, WIRE_EVENT, l->number, body_take);
    FAIL("route.lease.after");
}

void
route_release(struct stage *stage, struct lease *l)
{
    struct lease **at = &stage->leases;

    while (*at != l) {
        at = &(*at)->next;
    }
    *at = l->next;
    free(l);
    if (--stage->n_leases == 0) {
        use_slots(stage, -1);
    }
    daemon_wake(stage->rrd);
}
