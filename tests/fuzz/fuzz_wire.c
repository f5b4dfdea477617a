/* SPDX-License-Identifier: MIT */
/*
 * fuzz_wire.c - messages of either side: header, body, payload by field table, and back. What is
 * taken would be written the same way; everything else is refused with a reason.
 *
 * The first byte of an input says which side sent the message (bit 0), and whether (bit 1) it gets
 * the header that it should have, of the type in the second byte, so that bodies are reached.
 */
#include "core/common/wire.h"
#include "core/rrd/manifest.h"
#include "core/worker/codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/puppet/puppet.h"

#include <string.h>

/* What decodes comes back the same when it is encoded. */
static void
try_payload(const json_t *payload)
{
    struct rr_err err = RR_ERR_INIT;
    struct ev_puppet_done done;
    json_t *texts = json_array();

    if (codec_decode(&rr_type_puppet_done, payload, texts, &done, &err) == 0) {
        json_t *again = codec_encode_new(&rr_type_puppet_done, &done, &err);
        const char *name;
        json_t *value;

        check(again != NULL);
        json_object_foreach(again, name, value) {
            const json_t *was = json_object_get(payload, name);

            /* a whole number is taken as a real one */
            check(json_equal(was, value) ||
                  (json_is_number(was) && json_number_value(was) == json_number_value(value)));
        }
        json_decref(again);
    } else {
        check(err.code != 0 && err.text[0] != '\0');
    }
    json_decref(texts);
}

static void
try_declared(const json_t *payload)
{
    static struct manifest m;
    static const char text[] =
        "{\"name\":\"x\",\"version\":\"1\",\"options\":[],\"consumes\":[],\"produces\":[{\"type\":"
        "\"PUPPET_DONE\",\"version\":1,\"fields\":[{\"name\":\"number\",\"kind\":\"u64\"},"
        "{\"name\":\"ratio\",\"kind\":\"f64\"},{\"name\":\"text\",\"kind\":\"str\"}]}]}";
    struct rr_err err = RR_ERR_INIT;

    if (m.name == NULL) {
        check(manifest_parse(&m, text, strlen(text), &err) == 0);
    }
    (void)manifest_check_payload(&m.produces[0], payload, &err);
}

static void
try_message(const uint8_t *message, size_t bytes, int from_daemon)
{
    static uint8_t again[RR_WIRE_FRAME_MAX];
    struct wire_frame frame;
    struct rr_err err = RR_ERR_INIT;
    json_t *body;

    if (wire_decode(message, bytes, from_daemon, &frame, &err) != 0) {
        check(err.code == RR_E_PROTO && err.text[0] != '\0');
        return;
    }
    check(wire_type_known(frame.type, from_daemon) &&
          frame.body_bytes + RR_WIRE_HEADER_BYTES == bytes);
    check(wire_encode(&frame, again, sizeof again, &err) == (int)bytes &&
          memcmp(again, message, bytes) == 0);
    body = wire_body_new(&frame, &err);
    if (body == NULL) {
        check(err.code == RR_E_PROTO && err.text[0] != '\0');
        return;
    }
    const json_t *row = json_array_get(json_object_get(body, "emits"), 0);
    const json_t *payload = json_object_get(row == NULL ? body : row, "payload");

    try_payload(payload);
    try_declared(payload);
    json_decref(body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t message[RR_WIRE_FRAME_MAX + 2];

    if (size < 2) {
        return 0;
    }
    if ((data[0] & 2) == 0) {
        try_message(data + 1, size - 1, data[0] & 1);
    } else if (size - 2 <= RR_WIRE_BODY_MAX) {
        wire_put_header(message, data[1], 1, 1, (uint32_t)(size - 2));
        memcpy(message + RR_WIRE_HEADER_BYTES, data + 2, size - 2);
        try_message(message, RR_WIRE_HEADER_BYTES + size - 2, data[0] & 1);
    }
    return 0;
}
