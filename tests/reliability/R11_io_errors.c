/* SPDX-License-Identifier: MIT */
/*
 * R11: the disk fails. A failed write or sync is the end of writing, never tried again as if
 * nothing had happened: after a failed sync the kernel may have dropped what it could not write.
 */
#include "tests/fake/disk.h"
#include "tests/reliability/store_rig.h"

static void
test(enum disk_call call, const char *what)
{
    const int n = rig_count(20, 100);
    int silent = 0;
    int went_on = 0;
    int lost = 0;
    int n_failed = 0;
    bool is_clear = true;

    for (int i = 0; i < n; i++) {
        struct rr_err health = RR_ERR_INIT;
        struct store_counts c = {0};
        struct store *st;
        uint64_t promised = 0;

        rig_fresh("eio");
        disk.fails = DISK_NONE;
        if (rig_open("eio", &st) != 0) {
            lost++;
            continue;
        }
        disk.fails = call;
        disk.after = i;
        disk.times = 1; /* once; after it everything would succeed */
        disk.error = EIO;
        bool has_failed = false;

        for (int k = 0; k < n + 20; k++) {
            const int rc = rig_append(st, "q", k, 1);

            went_on += has_failed && rc == 0;
            if (rc != 0 && !has_failed) {
                has_failed = true;
                n_failed++;
                is_clear = is_clear && rc == RR_E_CORRUPT && strstr(rig_err.text, "disk failed");
            }
            promised += rc == 0;
        }
        silent += disk.times == 0 && !has_failed;
        silent += has_failed && store_health(st, &health) != RR_E_CORRUPT;
        disk.fails = DISK_NONE;
        store_close(st);
        if (rig_open("eio", &st) != 0) {
            diag("%s", rig_err.text);
            lost++;
            continue;
        }
        (void)store_counts(st, "q", &c, &rig_err);
        lost += c.ready < promised;
        store_close(st);
    }
    is_int(silent, 0, what);
    is_int(went_on, 0, "R11 nothing is written after it");
    is_int(lost, 0, "R11 a restart has everything that was promised");
    ok(is_clear && n_failed > n / 2, "R11 the message says that the disk failed: %s", rig_err.text);
}

int
main(void)
{
    if (!rig_begin()) {
        return 1;
    }
    test(DISK_WRITE, "R11 a failed write is never passed over");
    test(DISK_SYNC, "R11 a failed sync is never passed over");
    return rig_end();
}
