/* SPDX-License-Identifier: MIT */
/*
 * test_slots.c - sharing of slots: nothing over the limit, nobody starves.
 */
#include "core/rrd/slots.h"
#include "tests/tap.h"

static void
test_basic(void)
{
    const struct slots_need one[] = {{0, 1}};
    const struct slots_need two[] = {{0, 2}};
    struct slots_waiter w[] = {{.since = 30, .needs = one, .n_needs = 1, .user = 0},
                               {.since = 10, .needs = two, .n_needs = 1, .user = 1},
                               {.since = 20, .needs = NULL, .n_needs = 0, .user = 2}};
    int64_t spare[] = {2};

    slots_decide(w, 3, spare);
    ok(w[0].user == 1 && w[0].may_go, "the oldest goes");
    ok(w[1].user == 2 && w[1].may_go, "one that needs nothing goes");
    ok(w[2].user == 0 && !w[2].may_go && w[2].blocked_by == 0, "what is left over waits");
    is_int(spare[0], 0, "nothing is left");
}

static void
test_reserves(void)
{
    const struct slots_need one[] = {{0, 1}};
    const struct slots_need two[] = {{0, 2}};
    struct slots_waiter w[] = {{.since = 1, .needs = two, .n_needs = 1},
                               {.since = 2, .needs = one, .n_needs = 1}};
    int64_t spare[] = {1};

    slots_decide(w, 2, spare);
    ok(!w[0].may_go && !w[1].may_go, "a younger one does not pass an older one that needs more");
}

/* Two small stages with endless events against one that needs every slot. */
static void
test_no_starvation(void)
{
    const struct slots_need one[] = {{0, 1}};
    const struct slots_need all[] = {{0, 2}};
    uint64_t since[3] = {1, 2, 3}; /* the third needs all */
    int busy[3] = {0};             /* steps that are left */
    int done[3] = {0};
    uint64_t next = 4;
    int64_t used = 0;
    bool is_within = true;

    for (int t = 0; t < 3000; t++) {
        struct slots_waiter w[3];
        int64_t spare[1];
        size_t n = 0;

        for (size_t i = 0; i < 3; i++) {
            if (busy[i] > 0 && --busy[i] == 0) {
                used -= i == 2 ? 2 : 1;
                done[i]++;
                since[i] = next++;
            }
        }
        for (size_t i = 0; i < 3; i++) {
            if (busy[i] == 0) {
                w[n++] = (struct slots_waiter){
                    .since = since[i], .needs = i == 2 ? all : one, .n_needs = 1, .user = i};
            }
        }
        spare[0] = 2 - used;
        slots_decide(w, n, spare);
        for (size_t i = 0; i < n; i++) {
            if (w[i].may_go) {
                busy[w[i].user] = 3 + (int)w[i].user;
                used += w[i].user == 2 ? 2 : 1;
            }
        }
        is_within = is_within && used <= 2;
    }
    ok(is_within, "never more than there are");
    ok(done[2] > 200, "the stage that needs all slots gets its turns (%d)", done[2]);
    ok(done[0] > 200 && done[1] > 200, "and so do the others (%d, %d)", done[0], done[1]);
}

int
main(void)
{
    test_basic();
    test_reserves();
    test_no_starvation();
    return tap_done();
}
