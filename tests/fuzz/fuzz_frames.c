/* SPDX-License-Identifier: MIT */
/*
 * fuzz_frames.c - a worker that sends frames in any order: what the daemon makes of them.
 *
 * An input is a list of frames, each [type][id][length, 2 bytes][body]. An id from 128 on stands
 * for the lease in hand. The daemon is the real one but for clocks and processes
 * (tests/fake/world.c). After each input: no more leases than the credit allows, and the store
 * counts what it has.
 */
#include "core/rrd/frames.h"
#include "core/rrd/link.h"
#include "core/rrd/route.h"
#include "core/rrd/sup_run.h"
#include "tests/fake/world.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { CREDIT = 4 };

static void
set_up(void)
{
    world_begin(1);
    world_plug(CREDIT);
    world.stages[0].retry_delay_ms = 1;
    (void)atexit(world_end);
}

/* The stage has a worker that is ready and, if possible, events. */
static void
make_ready(struct stage *stage)
{
    json_t *payload = json_pack("{s:i}", "n", 1);

    for (int i = 0; stage->sup.state != SUP_READY; i++) {
        check(i < 100);
        if (stage->sup.state == SUP_STARTING) {
            world_ready(0);
        } else if (stage->sup.state == SUP_DOWN || stage->sup.state == SUP_FAILED) {
            sup_run_event(stage, SUP_EV_START);
        }
        world_pass(31000);
    }
    if (stage->n_leases < 2) {
        (void)route_inject(&world.rrd, "T_IN", "", NULL, payload, NULL, NULL, NULL);
        store_drain(world.rrd.store);
    }
    route_dispatch(&world.rrd);
    json_decref(payload);
}

static void
check_store(void)
{
    struct store_counts c = {0};

    check(store_counts(world.rrd.store, "s0", &c, NULL) == 0);
    check(c.ready < 1000000 && c.delayed < 1000000 && c.buried < 1000000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rr_err err = RR_ERR_INIT;
    struct stage *stage;
    int rc = 0;

    if (world.manifest.name == NULL) {
        set_up();
    }
    stage = world.rrd.stages[0];
    make_ready(stage);
    while (rc == 0 && size >= 4) {
        const size_t length = (size_t)data[2] << 8 | data[3];
        const struct lease *l = route_current(stage);
        struct wire_frame frame = {.type = data[0],
                                   .id = data[1] < 128 ? data[1]
                                         : l == NULL   ? 0
                                                       : l->number,
                                   .epoch = stage->epoch,
                                   .body = (const char *)data + 4,
                                   .body_bytes = length < size - 4 ? length : size - 4};
        json_t *body = wire_type_known(frame.type, 0) ? wire_body_new(&frame, &err) : NULL;

        rc = body == NULL ? RR_E_PROTO : frames_take(stage, &frame, body, &err);
        data += 4 + frame.body_bytes;
        size -= 4 + frame.body_bytes;
        json_decref(body);
        if (stage->link == NULL || stage->sup.state != SUP_READY) {
            break;
        }
    }
    if (rc != 0) {
        frames_broken(stage, err.text[0] == '\0' ? "a body that is none" : err.text);
    }
    check(stage->n_leases <= CREDIT);
    store_drain(world.rrd.store);
    world_pass(10);
    store_drain(world.rrd.store);
    check(stage->n_leases <= CREDIT);
    check_store();
    return 0;
}
