/* SPDX-License-Identifier: MIT */
/*
 * test_wire.c - frames: what is encoded comes back, and everything else is refused.
 */
#include "core/common/wire.h"

#include <errno.h>

#include "tests/tap.h"

static uint8_t message[RR_WIRE_FRAME_MAX];

static int
make(uint16_t type, const char *body)
{
    const struct wire_frame frame = {
        .type = type,
        .id = UINT64_C(0x0102030405060708),
        .epoch = 7,
        .body = body,
        .body_bytes = strlen(body),
    };
    return wire_encode(&frame, message, sizeof message, NULL);
}

static void
test_round_trip(void)
{
    struct wire_frame frame;
    struct rr_err err = RR_ERR_INIT;
    const int bytes = make(WIRE_DONE, "{\"a\":1}");

    is_int(bytes, 32 + 7, "a frame is its header and its body");
    ok(memcmp(message, "RRF1\2\0\3\0\7\0\0\0\0\0\0\0\10\7\6\5\4\3\2\1\7", 25) == 0,
       "the header is little endian");
    is_int(wire_decode(message, (size_t)bytes, 0, &frame, &err), 0, "it decodes");
    is_int(frame.type, WIRE_DONE, "type comes back");
    ok(frame.id == UINT64_C(0x0102030405060708) && frame.epoch == 7, "id and epoch come back");
    is_int((int64_t)frame.body_bytes, 7, "body length comes back");
    json_t *body = wire_body_new(&frame, &err);
    is_int(json_integer_value(json_object_get(body, "a")), 1, "body parses");
    json_decref(body);
}

static void
refused(size_t bytes, int from_daemon, const char *text, const char *what)
{
    struct wire_frame frame;
    struct rr_err err = RR_ERR_INIT;
    const int rc = wire_decode(message, bytes, from_daemon, &frame, &err);
    if (!ok(rc == RR_E_PROTO && strstr(err.text, text) != NULL, "%s", what)) {
        diag("rc %d, text \"%s\"", rc, err.text);
    }
}

static void
test_refusals(void)
{
    size_t bytes = (size_t)make(WIRE_DONE, "{}");
    refused(0, 0, "shorter", "empty message");
    refused(31, 0, "shorter", "short header");
    refused(bytes, 1, "not one that a daemon sends", "a worker's frame from the daemon");
    refused(bytes - 1, 0, "carries 1", "body cut short");
    refused(bytes + 1, 0, "carries 3", "body too long");
    message[12] = 1;
    refused(bytes, 0, "flags", "unknown flags");
    (void)make(WIRE_DONE, "{}");
    message[0] ^= 1;
    refused(bytes, 0, "magic", "wrong magic");
    (void)make(WIRE_DONE, "{}");
    message[4] = 1;
    refused(bytes, 0, "protocol version 1", "other version");
    bytes = (size_t)make(WIRE_PING, "{}");
    refused(bytes, 0, "not one that a worker sends", "a daemon's frame from the worker");
    (void)make(0, "{}");
    refused(bytes, 0, "unknown", "type 0");
    (void)make(999, "{}");
    refused(bytes, 1, "unknown", "type 999");
}

static void
test_limits(void)
{
    static char body[RR_WIRE_BODY_MAX + 2];
    struct rr_err err = RR_ERR_INIT;
    struct wire_frame frame = {.type = WIRE_LOG, .body = body, .body_bytes = RR_WIRE_BODY_MAX};

    memset(body, 'x', sizeof body);
    is_int(wire_encode(&frame, message, sizeof message, &err), (int)RR_WIRE_FRAME_MAX,
           "the largest body fits");
    is_int(wire_decode(message, RR_WIRE_FRAME_MAX, 0, &frame, &err), 0, "and decodes");
    frame.body = body;
    frame.body_bytes = RR_WIRE_BODY_MAX + 1;
    is_int(wire_encode(&frame, message, sizeof message, &err), -EMSGSIZE, "one more is refused");
    frame.body_bytes = 10;
    is_int(wire_encode(&frame, message, 41, &err), -EMSGSIZE, "so is too little room");
}

static void
test_bodies(void)
{
    static const char *const bad[] = {
        "", "[]", "1", "{", "{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}", "{} {}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct rr_err err = RR_ERR_INIT;
        const struct wire_frame frame = {
            .type = WIRE_LOG, .body = bad[i], .body_bytes = strlen(bad[i])};
        ok(wire_body_new(&frame, &err) == NULL && err.code == RR_E_PROTO, "refuse body '%s'",
           bad[i]);
    }
}

static void
test_names(void)
{
    int named = 1;
    for (uint16_t type = 0; type < 200; type++) {
        const int known = wire_type_known(type, 0) || wire_type_known(type, 1);
        named &= wire_name(type) != NULL && known == (strcmp(wire_name(type), "unknown") != 0);
    }
    ok(named, "every type has a name and nothing else has");
    is_str(wire_name(WIRE_DRAINED), "DRAINED", "last of the worker");
    is_str(wire_name(WIRE_STOP), "STOP", "last of the daemon");
}

int
main(void)
{
    test_round_trip();
    test_refusals();
    test_limits();
    test_bodies();
    test_names();
    return tap_done();
}
