/* SPDX-License-Identifier: MIT */
/*
 * R22: one old event stays in a queue for ever while many others pass. It pins nothing: the file
 * grows with what is kept, not with what has passed.
 */
#include "tests/reliability/store_rig.h"

struct all {
    struct store_op *op;
    int n;
};

static bool
take(void *arg, const char *name, const struct store_item *item)
{
    struct all *a = arg;

    store_op_take(a->op, name, item, true);
    return ++a->n < 1000;
}

int
main(void)
{
    static const char *const old[] = {"old"};
    static const char *const passing[] = {"passing"};
    const int n = rig_count(20000, 500000);
    struct all all;
    struct store *st;
    uint64_t due;
    char path[300];
    char *text = NULL;
    uint64_t pinned = 0;
    long before = 0;
    int wrong = 0;

    if (!rig_begin()) {
        return 1;
    }
    rig_fresh("pin");
    rig_path(path, sizeof path, "pin", "");
    if (!ok(store_open(path,
                       &(struct store_conf){.map_bytes = UINT64_C(4) << 30, .retain_events = 500},
                       &st, &rig_err) == 0,
            "R22 a store")) {
        return rig_end();
    }
    struct store_op *op = store_op_new();

    rig_add(op, 0, old, 1);
    (void)rig_do(st, op, &pinned);
    for (int i = 1; i <= n; i += 100) {
        op = store_op_new();
        for (int k = 0; k < 100; k++) {
            rig_add(op, i + k, passing, 1);
        }
        wrong += rig_do(st, op, NULL) != 0;
        op = store_op_new();
        all.op = op;
        all.n = 0;
        (void)store_due(st, "passing", 1, take, &all, &due, &rig_err);
        wrong += all.n != 100;
        wrong += rig_do(st, op, NULL) != 0;
        if (i <= n / 10 && i + 100 > n / 10) {
            before = rig_size("pin");
        }
    }
    is_int(wrong, 0, "R22 everything passes");
    ok(store_event_new(st, pinned, &text, &rig_err) == 0, "R22 the old event is there");
    free(text);
    const long traffic = (long)n * 250; /* bytes of events that passed */
    const long growth = rig_size("pin") - before;

    ok(before > 0 && growth < traffic / 20, "R22 the file grew by %ld bytes while %ld passed",
       growth, traffic);
    store_close(st);
    return rig_end();
}
