/* SPDX-License-Identifier: MIT */
/*
 * R15: the store has grown to store_size. New events wait; what is handled can be ended, and that
 * makes room.
 */
#include "tests/reliability/store_rig.h"

int
main(void)
{
    const int rounds = rig_count(2, 20);
    struct rr_err why = RR_ERR_INIT;
    struct store_item item;
    struct store *st;
    int wrong = 0;
    int stored = 0;
    int ended = 0;

    if (!rig_begin()) {
        return 1;
    }
    rig_fresh("map");
    if (!ok(rig_open_as("map", &(struct store_conf){.map_bytes = 4u << 20, .retain_events = 100},
                        &st) == 0,
            "R15 a store of 4 MiB")) {
        return rig_end();
    }
    for (int r = 0; r < rounds; r++) {
        while (!store_tick(st, &why)) {
            wrong += rig_append(st, "q", stored, 10) != 0;
            stored += 10;
        }
        wrong += strstr(why.text, "store_size") == NULL;
        wrong += rig_append(st, "q", -1 - r, 1) != -ENOSPC;
        while (rig_next(st, "q", &item) == 0) {
            struct store_op *op = store_op_new();

            store_op_take(op, "q", &item, true);
            if (rig_do(st, op, NULL) != 0) {
                diag("%s", rig_err.text);
                wrong++;
                break;
            }
            ended++;
            if (ended % 500 > 50) { /* the rest faster */
                const int n = rig_end_some(st, "q", 200, false);

                if (n < 0) {
                    diag("%s", rig_err.text);
                    wrong++;
                    break;
                }
                ended += n;
            }
        }
    }
    is_int(wrong, 0, "R15 new events stop at the limit, acknowledgements never do");
    is_int(ended, stored, "R15 every event was ended");
    ok(!store_tick(st, &why), "R15 then there is room again %s", why.text);
    store_close(st);
    return rig_end();
}
