/* SPDX-License-Identifier: MIT */
/*
 * R12: a page that was written in part, as zeros, or not at all. The store is refused or says what
 * is damaged; it never goes on as if nothing had happened.
 */
#include "tests/reliability/store_rig.h"

/* A store was closed properly, and then a file that is damaged took the place of its own, as a copy
 * does that was made while the store was written. */
static void
test_exchanged(void)
{
    uint64_t seed = 7;
    char path[300];
    int wrong = 0;

    for (int i = 0; i < rig_count(10, 100); i++) {
        uint8_t noise[512];

        if (!rig_fill("exchanged")) {
            wrong++;
            break;
        }
        for (size_t k = 0; k < sizeof noise; k++) {
            noise[k] = (uint8_t)rig_random(&seed);
        }
        rig_path(path, sizeof path, "exchanged", "data.mdb");
        const int fd = open(path, O_RDWR | O_CLOEXEC);
        const uint64_t at = 16 + rig_random(&seed) % ((uint64_t)rig_size("exchanged") / 512 - 16);

        (void)!pwrite(fd, noise, sizeof noise, (off_t)at * 512);
        (void)close(fd);
        const enum rig_verdict v = rig_judge_apart("exchanged");

        wrong += v == RIG_SILENT || v == RIG_CRASH;
    }
    is_int(wrong, 0, "R12 another file than the one that was left clean is looked at as a whole");
}

int
main(void)
{
    static uint8_t page[4096];
    const int n = rig_count(20, 500);
    int count[RIG_CRASH + 1] = {0};
    uint64_t seed = 12;

    if (!rig_begin() || !ok(rig_fill("whole"), "R12 a store with %d events", RIG_EVENTS)) {
        return 1;
    }
    const long pages = rig_size("whole") / (long)sizeof page;

    for (int i = 0; i < n; i++) {
        char path[300];
        /* every fourth time one of the two heads */
        const long at = i % 4 == 0 ? (long)(rig_random(&seed) % 2)
                                   : (long)(rig_random(&seed) % (uint64_t)pages);
        const size_t from = i % 3 == 0 ? 0 : (size_t)(rig_random(&seed) % 8) * 512;

        rig_copy("whole", "torn");
        rig_path(path, sizeof path, "torn", "data.mdb");
        const int fd = open(path, O_RDWR | O_CLOEXEC);
        /* old content: another page's */
        const long other = i % 3 == 2 ? (long)(rig_random(&seed) % (uint64_t)pages) : -1;

        memset(page, 0, sizeof page);
        if (other >= 0) {
            (void)!pread(fd, page, sizeof page, other * (long)sizeof page);
        }
        (void)!pwrite(fd, page + from, sizeof page - from, at * (long)sizeof page + (long)from);
        (void)close(fd);
        const enum rig_verdict v = rig_judge_apart("torn");

        count[v]++;
        if (v == RIG_SILENT || v == RIG_CRASH) {
            diag("page %ld from %zu, content of %ld: %s", at, from, other,
                 v == RIG_CRASH ? "crash" : "silent");
        }
    }
    ok(count[RIG_CRASH] == 0, "R12 no crash");
    ok(count[RIG_SILENT] == 0, "R12 never silent: %d unharmed, %d refused, %d found",
       count[RIG_SAME], count[RIG_REFUSED], count[RIG_FOUND]);
    test_exchanged();
    return rig_end();
}
