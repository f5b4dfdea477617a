/* SPDX-License-Identifier: MIT */
/*
 * R13: one flipped bit anywhere in the store. Every damaged record is found by its checksum, set
 * aside with its id, and the rest goes on; damage of the structure is refused.
 */
#include "tests/reliability/store_rig.h"

int
main(void)
{
    const int n = rig_count(200, 10000);
    int count[RIG_CRASH + 1] = {0};
    uint64_t seed = 13;

    if (!rig_begin() || !ok(rig_fill("whole"), "R13 a store with %d events", RIG_EVENTS)) {
        return 1;
    }
    const long bytes = rig_size("whole");

    for (int i = 0; i < n; i++) {
        char path[300];
        uint8_t byte = 0;
        const long at = (long)(rig_random(&seed) % (uint64_t)bytes);

        rig_copy("whole", "flipped");
        rig_path(path, sizeof path, "flipped", "data.mdb");
        const int fd = open(path, O_RDWR | O_CLOEXEC);

        (void)!pread(fd, &byte, 1, at);
        byte ^= (uint8_t)(1u << rig_random(&seed) % 8);
        (void)!pwrite(fd, &byte, 1, at);
        (void)close(fd);
        const enum rig_verdict v = rig_judge_apart("flipped");

        count[v]++;
        if (v == RIG_SILENT || v == RIG_CRASH) {
            diag("byte %ld of %ld: %s", at, bytes, v == RIG_CRASH ? "crash" : "silent");
        }
    }
    ok(count[RIG_CRASH] == 0, "R13 no crash by %d flipped bits", n);
    ok(count[RIG_SILENT] == 0, "R13 never silent: %d in unused places, %d refused, %d found",
       count[RIG_SAME], count[RIG_REFUSED], count[RIG_FOUND]);
    ok(count[RIG_FOUND] > n / 10, "R13 what is found is set aside, and the store goes on");
    return rig_end();
}
