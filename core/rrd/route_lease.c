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
    struct lease *l = STAILQ_FIRST(&stage->leases);

    while (l != NULL && l->is_ending) {
        l = STAILQ_NEXT(l, next);
    }
    return l;
}

bool
route_is_leased(const struct stage *stage, uint64_t id)
{
    const struct lease *l;

    STAILQ_FOREACH(l, &stage->leases, next) {
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

int64_t *
route_spare_slots_new(const struct rrd *rrd)
{
    int64_t *spare = mem_zalloc(rrd->conf.n_slots, sizeof *spare);

    for (size_t i = 0; i < rrd->conf.n_slots; i++) {
        spare[i] = rrd->conf.slots[i].total;
    }
    for (size_t i = 0; i < rrd->n_stages; i++) {
        const struct stage *stage = rrd->stages[i];

        for (size_t k = 0; stage->n_leases > 0 && k < stage->conf->n_slots; k++) {
            spare[stage->conf->slots[k].slot] -= stage->conf->slots[k].count;
        }
    }
    return spare;
}

void
route_lease(struct stage *stage, const struct store_item *item, const char *type,
            const char *config, char *body_take)
{
    struct lease *l = mem_zalloc(1, sizeof *l);
    const bool is_first = route_current(stage) == NULL;

    STAILQ_INSERT_TAIL(&stage->leases, l, next);
    stage->n_leases++;
    l->number = ++stage->rrd->last_lease;
    l->item = *item;
    (void)snprintf(l->type, sizeof l->type, "%s", type);
    (void)snprintf(l->config, sizeof l->config, "%s", config);
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
    STAILQ_REMOVE(&stage->leases, l, lease, next);
    stage->n_leases--;
    free(l);
    daemon_wake(stage->rrd);
}
