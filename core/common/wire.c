/* SPDX-License-Identifier: MIT */
/*
 * wire.c - encode, decode and validate frames.
 *
 * Pure: no descriptors, no clock, no state. Who sends what when is decided by link.c in the daemon
 * and by io.c in the worker.
 */
#include "core/common/wire.h"

#include <errno.h>
#include <string.h>

static const char *const names[] = {
    [WIRE_HELLO] = "HELLO",     [WIRE_READY] = "READY",   [WIRE_DONE] = "DONE",
    [WIRE_RETRY] = "RETRY",     [WIRE_REJECT] = "REJECT", [WIRE_FATAL] = "FATAL",
    [WIRE_EMIT] = "EMIT",       [WIRE_GET] = "GET",       [WIRE_PROGRESS] = "PROGRESS",
    [WIRE_NOTE] = "NOTE",       [WIRE_LOG] = "LOG",       [WIRE_PONG] = "PONG",
    [WIRE_DRAINED] = "DRAINED", [WIRE_ASIDE] = "ASIDE",   [WIRE_CONFIG] = "CONFIG",
    [WIRE_EVENT] = "EVENT",     [WIRE_ACK] = "ACK",       [WIRE_RESULT] = "RESULT",
    [WIRE_VALUE] = "VALUE",     [WIRE_PING] = "PING",     [WIRE_STOP] = "STOP",
};

static void
put_le(uint8_t *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t
get_le(const uint8_t *in, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t)in[i] << (8 * i);
    }
    return value;
}

int
wire_type_known(uint16_t type, int from_daemon)
{
    if (from_daemon) {
        return type >= WIRE_CONFIG && type < WIRE_FROM_DAEMON_END;
    }
    return type >= WIRE_HELLO && type < WIRE_FROM_WORKER_END;
}

const char *
wire_name(uint16_t type)
{
    return type < WIRE_FROM_DAEMON_END && names[type] != NULL ? names[type] : "unknown";
}

void
wire_put_header(uint8_t *out, uint16_t type, uint64_t id, uint64_t epoch, uint32_t body_bytes)
{
    put_le(out, RR_WIRE_MAGIC, 4);
    put_le(out + 4, RR_WIRE_VERSION, 2);
    put_le(out + 6, type, 2);
    put_le(out + 8, body_bytes, 4);
    put_le(out + 12, 0, 4);
    put_le(out + 16, id, 8);
    put_le(out + 24, epoch, 8);
}

int
wire_encode(const struct wire_frame *frame, uint8_t *out, size_t cap, struct rr_err *err)
{
    if (frame->body_bytes > RR_WIRE_BODY_MAX) {
        return rr_err_set(err, -EMSGSIZE, "%s frame of %zu bytes is over the limit of %u",
                          wire_name(frame->type), frame->body_bytes, RR_WIRE_BODY_MAX);
    }
    if (cap < RR_WIRE_HEADER_BYTES + frame->body_bytes) {
        return rr_err_set(err, -EMSGSIZE, "%s frame of %zu bytes does not fit in %zu",
                          wire_name(frame->type), RR_WIRE_HEADER_BYTES + frame->body_bytes, cap);
    }
    wire_put_header(out, frame->type, frame->id, frame->epoch, (uint32_t)frame->body_bytes);
    memcpy(out + RR_WIRE_HEADER_BYTES, frame->body, frame->body_bytes);
    return (int)(RR_WIRE_HEADER_BYTES + frame->body_bytes);
}

int
wire_decode(const uint8_t *message, size_t bytes, int from_daemon, struct wire_frame *frame,
            struct rr_err *err)
{
    memset(frame, 0, sizeof *frame);
    if (bytes < RR_WIRE_HEADER_BYTES) {
        return rr_err_set(err, RR_E_PROTO, "frame of %zu bytes is shorter than its header", bytes);
    }
    if (get_le(message, 4) != RR_WIRE_MAGIC) {
        return rr_err_set(err, RR_E_PROTO, "frame has magic 0x%08x, expected 0x%08x",
                          (unsigned)get_le(message, 4), RR_WIRE_MAGIC);
    }
    if (get_le(message + 4, 2) != RR_WIRE_VERSION) {
        return rr_err_set(err, RR_E_PROTO,
                          "frame has protocol version %u, expected %u; rrd and rrd-worker are of "
                          "different builds",
                          (unsigned)get_le(message + 4, 2), RR_WIRE_VERSION);
    }

    const uint16_t type = (uint16_t)get_le(message + 6, 2);
    if (!wire_type_known(type, from_daemon)) {
        return rr_err_set(err, RR_E_PROTO, "frame type %u (%s) is not one that a %s sends", type,
                          wire_name(type), from_daemon ? "daemon" : "worker");
    }

    const uint64_t body_bytes = get_le(message + 8, 4);
    if (body_bytes > RR_WIRE_BODY_MAX || body_bytes != bytes - RR_WIRE_HEADER_BYTES) {
        return rr_err_set(err, RR_E_PROTO, "%s frame says %llu bytes of body and carries %zu",
                          wire_name(type), (unsigned long long)body_bytes,
                          bytes - RR_WIRE_HEADER_BYTES);
    }
    if (get_le(message + 12, 4) != 0) {
        return rr_err_set(err, RR_E_PROTO, "%s frame has unknown flags 0x%x", wire_name(type),
                          (unsigned)get_le(message + 12, 4));
    }
    frame->type = type;
    frame->id = get_le(message + 16, 8);
    frame->epoch = get_le(message + 24, 8);
    frame->body = (const char *)(message + RR_WIRE_HEADER_BYTES);
    frame->body_bytes = (size_t)body_bytes;
    return 0;
}

json_t *
wire_body_new(const struct wire_frame *frame, struct rr_err *err)
{
    json_error_t why;
    json_t *body = json_loadb(frame->body, frame->body_bytes, JSON_REJECT_DUPLICATES, &why);
    if (body == NULL) {
        rr_err_set(err, RR_E_PROTO, "body of %s frame is not JSON: %s at byte %d",
                   wire_name(frame->type), why.text, why.position);
        return NULL;
    }
    if (!json_is_object(body)) {
        json_decref(body);
        rr_err_set(err, RR_E_PROTO, "body of %s frame is not a JSON object",
                   wire_name(frame->type));
        return NULL;
    }
    return body;
}
