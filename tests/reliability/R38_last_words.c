/* SPDX-License-Identifier: MIT */
/*
 * R38: a worker that dies with frames unread. What it sent before counts, so that its death is put
 * down to the event that it had in hand, and not to one that it had ended.
 */
#include "core/common/wire.h"
#include "core/rrd/route.h"
#include "core/rrd/sup_run.h"
#include "tests/fake/world.h"
#include "tests/tap.h"

#include <signal.h>
#include <sys/socket.h>

enum { EVENTS = 3 };

static uint64_t ids[EVENTS];

static void
on_stored(void *arg, const struct store_result *r)
{
    *(uint64_t *)arg = r->ids[0];
}

static int
attempts_of(uint64_t id)
{
    struct store_item item;

    return store_find(world.rrd.store, "s0", id, &item, NULL) == 0 ? (int)item.item.attempts : -1;
}

/* The worker says that it has ended the event in hand. */
static bool
send_done(const struct stage *stage)
{
    const struct wire_frame f = {.type = WIRE_DONE,
                                 .id = route_current(stage)->number,
                                 .epoch = stage->epoch,
                                 .body = "{\"emits\":[],\"puts\":{}}",
                                 .body_bytes = sizeof "{\"emits\":[],\"puts\":{}}" - 1};
    uint8_t frame[200];
    const int n = wire_encode(&f, frame, sizeof frame, NULL);

    return n > 0 && send(world.processes[0].link_fd, frame, (size_t)n, 0) == n;
}

int
main(void)
{
    struct store_counts counts = {0};
    const struct stage *stage;

    world_begin(1);
    world_plug(EVENTS);
    stage = world.rrd.stages[0];
    sup_run_event(world.rrd.stages[0], SUP_EV_START);
    world_pass(0);
    world_ready(0);
    for (int i = 0; i < EVENTS; i++) {
        json_t *payload = json_pack("{s:i}", "n", i);

        (void)route_inject(&world.rrd, "T_IN", "", NULL, payload, on_stored, &ids[i], NULL);
        json_decref(payload);
    }
    store_drain(world.rrd.store);
    route_dispatch(&world.rrd);
    is_int((int64_t)stage->n_leases, EVENTS, "R38 the worker has all events before it");
    ok(send_done(stage), "R38 it ends the first one");
    world_exit(0, WORLD_SIGNALLED(SIGSEGV));
    store_drain(world.rrd.store);
    (void)store_counts(world.rrd.store, "s0", &counts, NULL);
    is_int((int64_t)counts.done_total, 1, "R38 which is done, although it dies at once");
    is_int(attempts_of(ids[0]), -1, "R38 and will not be tried again");
    is_int(attempts_of(ids[1]), 1, "R38 its death is a failed attempt of the second one");
    is_int(attempts_of(ids[2]), 0, "R38 but not of the third one, which it had not begun");
    world_end();
    return tap_done();
}
