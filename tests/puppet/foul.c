/* SPDX-License-Identifier: MIT */
/*
 * foul.c - acts of the puppet that break the protocol behind the worker's back: frames of its own
 * on the worker's socket.
 */
#include <rr/plugin.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "core/common/wire.h"
#include "tests/puppet/puppet.h"

#define LINK 3

/* A frame as it should be, before an act spoils it. */
struct frame {
    uint32_t magic;
    uint16_t version, type;
    uint32_t bytes, flags;
    uint64_t id, epoch;
    char body[400];
};

static struct frame
frame_new(uint16_t type, uint64_t id, const char *body)
{
    struct frame f = {.magic = RR_WIRE_MAGIC, .version = RR_WIRE_VERSION, .type = type, .id = id};
    const char *mark = getenv("RR_WORKER"); /* INSTANCE/STAGE/EPOCH */
    const char *epoch = mark == NULL ? NULL : strrchr(mark, '/');

    f.epoch = epoch == NULL ? 0 : strtoull(epoch + 1, NULL, 10);
    f.bytes = (uint32_t)strlen(body);
    (void)snprintf(f.body, sizeof f.body, "%s", body);
    return f;
}

/* Send so many bytes of it; 0: all. */
static int
put(const struct frame *f, size_t bytes)
{
    (void)send(LINK, f, bytes == 0 ? RR_WIRE_HEADER_BYTES + f->bytes : bytes, MSG_NOSIGNAL);
    return 0;
}

#define ACT(name) static int act_##name(struct rr_ctx *ctx, struct rr_err *err)

#define UNUSED                                                                                     \
    (void)ctx;                                                                                     \
    (void)err

ACT(bad_magic)
{
    struct frame f = frame_new(WIRE_PONG, 0, "{}");
    UNUSED;
    f.magic++;
    return put(&f, 0);
}

ACT(bad_version)
{
    struct frame f = frame_new(WIRE_PONG, 0, "{}");
    UNUSED;
    f.version++;
    return put(&f, 0);
}

ACT(bad_epoch)
{
    struct frame f = frame_new(WIRE_PONG, 0, "{}");
    UNUSED;
    f.epoch--;
    return put(&f, 0);
}

ACT(bad_type)
{
    const struct frame f = frame_new(WIRE_EVENT, 1, "{}");
    UNUSED;
    return put(&f, 0);
}

ACT(bad_length)
{
    struct frame f = frame_new(WIRE_PONG, 0, "{}");
    UNUSED;
    f.bytes = 1u << 30;
    return put(&f, RR_WIRE_HEADER_BYTES + 2);
}

ACT(bad_json)
{
    const struct frame f = frame_new(WIRE_LOG, 0, "{\"level\":");
    UNUSED;
    return put(&f, 0);
}

ACT(bad_body)
{
    const struct frame f = frame_new(WIRE_LOG, 0, "[1]");
    UNUSED;
    return put(&f, 0);
}

ACT(half_frame)
{
    const struct frame f = frame_new(WIRE_PONG, 0, "{}");
    UNUSED;
    return put(&f, 10);
}

/* A gibibyte in one frame: the kernel does not take it, and it must not be taken. */
ACT(giant)
{
    const size_t bytes = (size_t)1 << 30;
    void *all = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    UNUSED;
    if (all != MAP_FAILED) {
        (void)send(LINK, all, bytes, MSG_NOSIGNAL);
        (void)munmap(all, bytes);
    }
    return 0;
}

ACT(done_unknown)
{
    const struct frame f = frame_new(WIRE_DONE, 987654321, "{\"emits\":[],\"puts\":{}}");
    UNUSED;
    return put(&f, 0);
}

/* The first event of a daemon has lease 1; the worker answers it for the second time. */
ACT(done_twice)
{
    const struct frame f = frame_new(WIRE_DONE, 1, "{\"emits\":[],\"puts\":{}}");
    UNUSED;
    return put(&f, 0);
}

ACT(done_undeclared)
{
    const struct frame f = frame_new(WIRE_DONE, 1,
                                     "{\"emits\":[{\"type\":\"PUPPET_SECRET\",\"version\":1,"
                                     "\"key\":null,\"config\":\"\",\"payload\":{\"number\":1}}],"
                                     "\"puts\":{}}");
    UNUSED;
    return put(&f, 0);
}

ACT(hello_again)
{
    const struct frame f = frame_new(WIRE_HELLO, 0, "{\"name\":\"puppet\"}");
    UNUSED;
    return put(&f, 0);
}

ACT(emit_flood)
{
    UNUSED;
    for (uint64_t i = 1; i <= 1000; i++) {
        const struct frame f = frame_new(WIRE_EMIT, i,
                                         "{\"type\":\"PUPPET_DONE\",\"version\":1,\"key\":\"k\","
                                         "\"config\":\"\",\"payload\":{\"number\":1,\"attempt\":1,"
                                         "\"difference\":1,\"ratio\":1.5,\"flag\":true,"
                                         "\"text\":\"flood\",\"more\":{}}}");
        (void)put(&f, 0);
    }
    return 0;
}

ACT(get_flood)
{
    UNUSED;
    for (uint64_t i = 1; i <= 1000; i++) {
        const struct frame f = frame_new(WIRE_GET, i, "{\"key\":\"applied\"}");
        (void)put(&f, 0);
    }
    return 0;
}

/* By the rules, and without end. */
ACT(emit_loop)
{
    const struct ev_puppet_done done = {.text = "again", .more = "null"};
    char key[40];

    for (uint64_t i = 0;; i++) {
        (void)snprintf(key, sizeof key, "loop-%llu", (unsigned long long)i);
        if (rr_emit_now(ctx, &rr_type_puppet_done, key, "", &done, err) != 0) {
            return RR_RETRY;
        }
    }
}

ACT(log_loop)
{
    (void)err;
    while (!rr_should_stop(ctx)) {
        rr_log(ctx, RR_LOG_INFO, "on and on");
    }
    return RR_RETRY;
}

ACT(spin)
{
    UNUSED;
    for (volatile uint64_t i = 1; i != 0; i++) {
    }
    return 0;
}

const struct puppet_act puppet_fouls[] = {
    {"bad_magic", act_bad_magic},
    {"bad_version", act_bad_version},
    {"bad_epoch", act_bad_epoch},
    {"bad_type", act_bad_type},
    {"bad_length", act_bad_length},
    {"bad_json", act_bad_json},
    {"bad_body", act_bad_body},
    {"half_frame", act_half_frame},
    {"giant", act_giant},
    {"done_unknown", act_done_unknown},
    {"done_twice", act_done_twice},
    {"done_undeclared", act_done_undeclared},
    {"hello_again", act_hello_again},
    {"emit_flood", act_emit_flood},
    {"get_flood", act_get_flood},
    {"emit_loop", act_emit_loop},
    {"log_loop", act_log_loop},
    {"spin", act_spin},
    {0},
};
