/* SPDX-License-Identifier: MIT */
/*
 * R68: frames made of anything, both directions. What is taken is a whole frame of a known type
 * that would be written the same way; everything else is refused with a reason.
 */
#include "core/common/wire.h"
#include "tests/reliability/store_rig.h"

static size_t
mutate(uint64_t *seed, uint8_t *m, size_t n, size_t cap)
{
    for (uint64_t k = rig_random(seed) % 6; k > 0; k--) {
        const size_t at = (size_t)(rig_random(seed) % n);

        switch (rig_random(seed) % 4) {
        case 0:
            m[at] = (uint8_t)rig_random(seed);
            break;
        case 1:
            m[at] ^= (uint8_t)(1u << rig_random(seed) % 8);
            break;
        case 2:
            n = at + 1;
            break;
        default:
            while (n < cap && rig_random(seed) % 16 != 0) {
                m[n++] = (uint8_t)rig_random(seed);
            }
            break;
        }
    }
    return n;
}

int
main(void)
{
    const int n = rig_count(200000, 100000000);
    static uint8_t message[RR_WIRE_FRAME_MAX + 64];
    static uint8_t again[RR_WIRE_FRAME_MAX + 64];
    static const char *const bodies[] = {"", "{}", "{\"emits\":[],\"puts\":{}}", "{\"ok\":true}",
                                         "[1,2,3]"};
    uint64_t seed = 68;
    int taken = 0;
    int refused = 0;
    int silent = 0;
    int different = 0;
    int unknown = 0;

    for (int i = 0; i < n; i++) {
        struct rr_err err = RR_ERR_INIT;
        const char *body = bodies[rig_random(&seed) % (sizeof bodies / sizeof *bodies)];
        const int from_daemon = (int)(rig_random(&seed) % 2);
        struct wire_frame frame = {.type = (uint16_t)(rig_random(&seed) % 80),
                                   .id = rig_random(&seed),
                                   .epoch = rig_random(&seed),
                                   .body = body,
                                   .body_bytes = strlen(body)};
        const int bytes = wire_encode(&frame, message, sizeof message, &err);

        if (bytes <= 0) {
            continue;
        }
        const size_t m = mutate(&seed, message, (size_t)bytes, sizeof message);

        err = (struct rr_err)RR_ERR_INIT;
        if (wire_decode(message, m, from_daemon, &frame, &err) != 0) {
            refused++;
            silent += err.text[0] == '\0';
            continue;
        }
        taken++;
        unknown += !wire_type_known(frame.type, from_daemon);
        const int same = wire_encode(&frame, again, sizeof again, &err);

        different += same != (int)m || memcmp(message, again, m) != 0;
    }
    ok(taken > n / 100 && refused > n / 10, "R68 %d frames: %d taken, %d refused", n, taken,
       refused);
    is_int(silent, 0, "R68 each refusal has a reason");
    is_int(unknown, 0, "R68 no frame of an unknown type is taken");
    is_int(different, 0, "R68 what is taken would be written the same way");
    return tap_done();
}
