/* SPDX-License-Identifier: MIT */
/*
 * R21: a long queue, filled and drained again and again: the file stops growing.
 */
#include "tests/reliability/store_rig.h"

static const char *const queue[] = {"q"};

static void
fill(struct store *st, int n)
{
    static int number;

    for (int i = 0; i < n;) {
        struct store_op *op = store_op_new();

        for (int k = 0; k < 500 && i < n; k++, i++) {
            rig_add(op, number++, queue, 1);
        }
        (void)rig_do(st, op, NULL);
    }
}

struct drain {
    struct store_op *op;
    int n;
};

static bool
take(void *arg, const char *name, const struct store_item *item)
{
    struct drain *d = arg;

    store_op_take(d->op, name, item, true);
    return ++d->n < 500;
}

static int
drain(struct store *st)
{
    int all = 0;

    for (;;) {
        struct drain d = {.op = store_op_new()};
        uint64_t due;

        (void)store_due(st, "q", 1, take, &d, &due, &rig_err);
        if (d.n == 0) {
            store_op_free(d.op);
            return all;
        }
        if (rig_do(st, d.op, NULL) != 0) {
            return -1;
        }
        all += d.n;
    }
}

int
main(void)
{
    const int n = rig_count(20000, 2000000);
    long bytes[4] = {0};
    struct store *st;
    char path[300];
    int lost = 0;

    if (!rig_begin()) {
        return 1;
    }
    rig_fresh("long");
    rig_path(path, sizeof path, "long", "");
    if (!ok(store_open(path,
                       &(struct store_conf){.map_bytes = UINT64_C(16) << 30, .retain_events = 1000},
                       &st, &rig_err) == 0,
            "R21 a store")) {
        return rig_end();
    }
    for (int round = 0; round < 4; round++) {
        fill(st, n);
        lost += drain(st) != n;
        bytes[round] = rig_size("long");
    }
    is_int(lost, 0, "R21 everything that was put in came out, in each of four rounds");
    ok(bytes[3] <= bytes[1] + bytes[1] / 10,
       "R21 the file does not grow any more: %ld, %ld, %ld, %ld", bytes[0], bytes[1], bytes[2],
       bytes[3]);
    store_close(st);
    return rig_end();
}
