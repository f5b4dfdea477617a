/* SPDX-License-Identifier: MIT */
/*
 * foul.c - acts of the puppet that break the protocol behind the worker's back: frames of its own
 * on the worker's socket.
 */
#include <rr/plugin.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/common/wire.h"
#include "tests/puppet/puppet.h"

#define LINK 3

#define NO_OUTCOME "{\"emits\":[],\"puts\":{}}"

/* What is wrong with a frame itself; CUT: only ten bytes of it are sent. */
enum fault { NONE, MAGIC, VERSION, EPOCH, LENGTH, CUT };

#define X60 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

enum {
    BAD_MAGIC,
    BAD_VERSION,
    BAD_EPOCH,
    BAD_TYPE,
    BAD_LENGTH,
    BAD_JSON,
    BAD_BODY,
    HALF_FRAME,
    DONE_UNKNOWN,
    DONE_TWICE,
    DONE_UNDECLARED,
    HELLO_AGAIN,
    LONG_NOTE,
    EMIT_FLOOD,
    GET_FLOOD
};

static const struct {
    uint16_t type;
    uint64_t id;
    const char *body;
    enum fault fault;
} frames[] = {
    [BAD_MAGIC] = {WIRE_PONG, 0, "{}", MAGIC},
    [BAD_VERSION] = {WIRE_PONG, 0, "{}", VERSION},
    [BAD_EPOCH] = {WIRE_PONG, 0, "{}", EPOCH},
    [BAD_TYPE] = {WIRE_EVENT, 1, "{}", NONE},
    [BAD_LENGTH] = {WIRE_PONG, 0, "{}", LENGTH},
    [BAD_JSON] = {WIRE_LOG, 0, "{\"level\":", NONE},
    [BAD_BODY] = {WIRE_LOG, 0, "[1]", NONE},
    [HALF_FRAME] = {WIRE_PONG, 0, "{}", CUT},
    [DONE_UNKNOWN] = {WIRE_DONE, 987654321, NO_OUTCOME, NONE},
    /* The first event of a daemon has lease 1; the worker answers it for the second time. */
    [DONE_TWICE] = {WIRE_DONE, 1, NO_OUTCOME, NONE},
    [DONE_UNDECLARED] = {WIRE_DONE, 1,
                         "{\"emits\":[{\"type\":\"PUPPET_SECRET\",\"version\":1,\"key\":null,"
                         "\"config\":\"\",\"payload\":{\"number\":1}}],\"puts\":{}}",
                         NONE},
    [HELLO_AGAIN] = {WIRE_HELLO, 0, "{\"name\":\"puppet\"}", NONE},
    [LONG_NOTE] = {WIRE_NOTE, 0, "{\"config\":\"" X60 X60 X60 X60 X60 X60 "\",\"text\":\"a\"}",
                   NONE},
    [EMIT_FLOOD] = {WIRE_EMIT, 1,
                    "{\"type\":\"PUPPET_DONE\",\"version\":1,\"key\":\"k\",\"config\":\"\","
                    "\"payload\":{\"number\":1,\"attempt\":1,\"difference\":1,\"ratio\":1.5,"
                    "\"flag\":true,\"text\":\"flood\",\"more\":{}}}",
                    NONE},
    [GET_FLOOD] = {WIRE_GET, 1, "{\"key\":\"applied\"}", NONE},
};

static void
put_body(uint16_t type, uint64_t id, const char *body, enum fault fault)
{
    const size_t bytes = strlen(body);
    const char *mark = getenv("RR_WORKER"); /* INSTANCE/STAGE/EPOCH */
    const char *epoch = mark == NULL ? NULL : strrchr(mark, '/');
    struct {
        uint32_t magic;
        uint16_t version, type;
        uint32_t bytes, flags;
        uint64_t id, epoch;
        char body[RR_WIRE_BODY_MAX];
    } f = {
        .magic = RR_WIRE_MAGIC + (fault == MAGIC),
        .version = RR_WIRE_VERSION + (fault == VERSION),
        .type = type,
        .bytes = fault == LENGTH ? 1u << 30 : (uint32_t)bytes,
        .id = id,
        .epoch = (epoch == NULL ? 0 : strtoull(epoch + 1, NULL, 10)) - (fault == EPOCH),
    };

    memcpy(f.body, body, bytes);
    (void)send(LINK, &f, fault == CUT ? 10 : RR_WIRE_HEADER_BYTES + bytes, MSG_NOSIGNAL);
}

/* Send frame `with`, with an id that is so much higher than its own. */
static void
put(long with, uint64_t more_id)
{
    put_body(frames[with].type, frames[with].id + more_id, frames[with].body, frames[with].fault);
}

ACT(frame)
{
    put(with, 0);
    return 0;
}

ACT(flood)
{
    for (uint64_t i = 0; i < 1000; i++) {
        put(with, i);
    }
    return 0;
}

/* A gibibyte in one frame: the kernel does not take it, and it must not be taken. */
ACT(giant)
{
    const size_t bytes = (size_t)1 << 30;
    void *all = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (all != MAP_FAILED) {
        (void)send(LINK, all, bytes, MSG_NOSIGNAL);
        (void)munmap(all, bytes);
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
    while (!rr_should_stop(ctx)) {
        rr_log(ctx, RR_LOG_INFO, "on and on");
    }
    return RR_RETRY;
}

ACT(spin)
{
    for (volatile uint64_t i = 1; i != 0; i++) {
    }
    return 0;
}

/* Die, and leave the socket to children that send without end what takes long to read. */
ACT(heirs)
{
    const int n_heirs = 12;
    static char body[RR_WIRE_BODY_MAX];
    size_t n = (size_t)snprintf(body, sizeof body, "{\"x\":[0");

    while (n < sizeof body - 10) {
        n += (size_t)snprintf(body + n, sizeof body - n, ",[]");
    }
    (void)snprintf(body + n, sizeof body - n, "]}");
    for (int i = 0; i < n_heirs; i++) {
        if (fork() == 0) {
            (void)setsid();
            (void)alarm(30);
            for (;;) {
                put_body(WIRE_PROGRESS, 0, body, NONE);
            }
        }
    }
    _exit(1);
}

const struct puppet_act puppet_fouls[] = {
    {"bad_magic", act_frame, BAD_MAGIC},
    {"bad_version", act_frame, BAD_VERSION},
    {"bad_epoch", act_frame, BAD_EPOCH},
    {"bad_type", act_frame, BAD_TYPE},
    {"bad_length", act_frame, BAD_LENGTH},
    {"bad_json", act_frame, BAD_JSON},
    {"bad_body", act_frame, BAD_BODY},
    {"half_frame", act_frame, HALF_FRAME},
    {"giant", act_giant, 0},
    {"done_unknown", act_frame, DONE_UNKNOWN},
    {"done_twice", act_frame, DONE_TWICE},
    {"done_undeclared", act_frame, DONE_UNDECLARED},
    {"hello_again", act_frame, HELLO_AGAIN},
    {"long_note", act_frame, LONG_NOTE},
    {"emit_flood", act_flood, EMIT_FLOOD},
    {"get_flood", act_flood, GET_FLOOD},
    {"emit_loop", act_emit_loop, 0},
    {"log_loop", act_log_loop, 0},
    {"spin", act_spin, 0},
    {"heirs", act_heirs, 0},
    {0},
};
