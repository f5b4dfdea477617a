/* SPDX-License-Identifier: MIT */
/*
 * R21: a long queue, filled and drained again and again: the file stops growing.
 */
#include "tests/reliability/store_rig.h"

enum { AT_ONCE = 500 };

static void
fill(struct store *st, int n)
{
    static int number;

    for (; n > 0; n -= AT_ONCE) {
        (void)rig_append(st, "q", number, n < AT_ONCE ? n : AT_ONCE);
        number += AT_ONCE;
    }
}

static int
drain(struct store *st)
{
    int all = 0;
    int n;

    while ((n = rig_end_some(st, "q", AT_ONCE, true)) > 0) {
        all += n;
    }
    return n < 0 ? n : all;
}

int
main(void)
{
    const int n = rig_count(20000, 10000000);
    const int rounds = rig_count(4, 2);
    long first = 0;
    long last = 0;
    struct store *st;
    int lost = 0;

    if (!rig_begin()) {
        return 1;
    }
    rig_fresh("long");
    if (!ok(rig_open_as(
                "long",
                &(struct store_conf){.map_bytes = UINT64_C(16) << 30, .retain_events = 1000},
                &st) == 0,
            "R21 a store")) {
        return rig_end();
    }
    for (int round = 0; round < rounds; round++) {
        fill(st, n);
        lost += drain(st) != n;
        last = rig_size("long");
        first = first == 0 ? last : first;
    }
    is_int(lost, 0, "R21 everything that was put in came out, in each round");
    ok(last <= first + first / 10, "R21 the file does not grow any more: %ld bytes, then %ld",
       first, last);
    store_close(st);
    return rig_end();
}
