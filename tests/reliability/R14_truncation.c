/* SPDX-License-Identifier: MIT */
/*
 * R14: a file that was cut off anywhere is refused before it is opened, with what to do.
 */
#include "tests/reliability/store_rig.h"

int
main(void)
{
    const int n = rig_count(50, 1000);
    int count[RIG_CRASH + 1] = {0};
    uint64_t seed = 14;

    if (!rig_begin() || !ok(rig_fill("whole"), "R14 a store with %d events", RIG_EVENTS)) {
        return 1;
    }
    const long bytes = rig_size("whole");

    for (int i = 0; i < n; i++) {
        char path[300];
        static const long little[] = {1, 100, 4095, 4096, 4097, 8192};
        const long to =
            i < 6 ? bytes - little[i] : 1 + (long)(rig_random(&seed) % (uint64_t)(bytes - 1));

        rig_copy("whole", "cut");
        rig_path(path, sizeof path, "cut", "data.mdb");
        (void)!truncate(path, to);
        count[rig_judge_apart("cut")]++;
    }
    is_int(count[RIG_REFUSED], n, "R14 each is refused, none crashes");
    rig_copy("whole", "cut");
    char path[300];

    rig_path(path, sizeof path, "cut", "data.mdb");
    (void)!truncate(path, bytes / 2);
    is_int(rig_judge("cut"), RIG_REFUSED, "R14 refused");
    ok(strstr(rig_err.text, "cut off") != NULL && strstr(rig_err.text, "restore") != NULL,
       "R14 the message says what it is and what to do: %s", rig_err.text);
    return rig_end();
}
