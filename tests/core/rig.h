/* SPDX-License-Identifier: MIT */
/*
 * rig.h - play the daemon to one rrd-worker: start it, send frames, expect frames.
 *
 * Everything ends the test program with a message when the worker does not do as expected within a
 * time that no honest machine needs.
 */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/common/wire.h"
#include "tests/tap.h"

#define RIG_LIMIT_MS 20000
#define RIG_EPOCH 3

struct rig {
    int fd;
    pid_t pid;
    char dir[256]; /* made for this rig; state and data lie in it */
    char stderr_path[300];
    uint8_t in[RR_WIRE_FRAME_MAX];
};

__attribute__((noreturn, format(printf, 1, 2))) static inline void
rig_die(const char *fmt, ...)
{
    va_list ap;
    printf("Bail out! ");
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    fflush(stdout);
    exit(1);
}

static inline const char *
rig_build_dir(void)
{
    const char *dir = getenv("RR_BUILDDIR");
    return dir == NULL ? "." : dir;
}

static inline void
rig_child(const struct rig *rig, const char *plugin, int link)
{
    char parent[32];
    char program[512];
    char state[300];
    const int err = open(rig->stderr_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int lock = open("/dev/null", O_RDWR);

    (void)snprintf(parent, sizeof parent, "%ld", (long)getppid());
    (void)snprintf(program, sizeof program, "%s/rrd-worker", rig_build_dir());
    (void)snprintf(state, sizeof state, "%s", rig->dir);
    /* Out of the way of 1 .. 4 first. */
    const int high_link = fcntl(link, F_DUPFD, 20);
    const int high_lock = fcntl(lock, F_DUPFD, 20);
    const int high_err = fcntl(err, F_DUPFD, 20);
    if (dup2(high_err, 1) < 0 || dup2(high_err, 2) < 0 || dup2(high_link, 3) < 0 ||
        dup2(high_lock, 4) < 0) {
        _exit(99);
    }
    (void)setsid();
    (void)execl(program, program, "--stage", "rigged", "--plugin", plugin, "--parent", parent,
                "--epoch", "3", "--state", state, (char *)NULL);
    _exit(98);
}

/* Start a worker on a plugin file. */
static inline void
rig_start(struct rig *rig, const char *plugin)
{
    int pair[2];
    const char *tmp = getenv("TMPDIR");

    (void)snprintf(rig->dir, sizeof rig->dir, "%s/rig-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(rig->dir) == NULL ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
        rig_die("rig: %s", strerror(errno));
    }
    (void)snprintf(rig->stderr_path, sizeof rig->stderr_path, "%s/stderr", rig->dir);
    rig->pid = fork();
    if (rig->pid == 0) {
        rig_child(rig, plugin, pair[1]);
    }
    close(pair[1]);
    rig->fd = pair[0];
}

/* Send a frame, whose body is JSON text, unless the worker has gone; tells whether it was there. */
static inline bool
rig_send_if_there(struct rig *rig, uint16_t type, uint64_t id, const char *body)
{
    static uint8_t out[RR_WIRE_FRAME_MAX];
    const struct wire_frame frame = {
        .type = type, .id = id, .epoch = RIG_EPOCH, .body = body, .body_bytes = strlen(body)};
    const int bytes = wire_encode(&frame, out, sizeof out, NULL);

    return bytes >= 0 && send(rig->fd, out, (size_t)bytes, MSG_NOSIGNAL) == bytes;
}

/* The same to a worker that has to be there. */
static inline void
rig_send(struct rig *rig, uint16_t type, uint64_t id, const char *body)
{
    if (!rig_send_if_there(rig, type, id, body)) {
        rig_die("rig: cannot send %s: %s", wire_name(type), strerror(errno));
    }
}

/* Receive one frame; its body as a new reference, NULL at the end of the link. */
static inline json_t *
rig_receive(struct rig *rig, uint16_t *type, uint64_t *id)
{
    struct pollfd ready = {.fd = rig->fd, .events = POLLIN};
    struct wire_frame frame;
    struct rr_err err = RR_ERR_INIT;

    if (poll(&ready, 1, RIG_LIMIT_MS) != 1) {
        rig_die("rig: no frame in %d ms", RIG_LIMIT_MS);
    }
    const ssize_t got = recv(rig->fd, rig->in, sizeof rig->in, 0);
    if (got <= 0) {
        return NULL;
    }
    if (wire_decode(rig->in, (size_t)got, 0, &frame, &err) != 0 || frame.epoch != RIG_EPOCH) {
        rig_die("rig: bad frame: %s", err.text);
    }
    json_t *body = wire_body_new(&frame, &err);
    if (body == NULL) {
        rig_die("rig: %s", err.text);
    }
    *type = frame.type;
    *id = frame.id;
    return body;
}

/* Wait for a frame of a type with an id; LOG, NOTE, PROGRESS and ASIDE in between are skipped
 * unless asked for. Returns its body, a new reference. */
static inline json_t *
rig_expect(struct rig *rig, uint16_t want, uint64_t id)
{
    for (;;) {
        uint16_t type = 0;
        uint64_t got_id = 0;
        json_t *body = rig_receive(rig, &type, &got_id);
        if (body == NULL) {
            rig_die("rig: the link ended, expected %s", wire_name(want));
        }
        if (type == want && got_id == id) {
            return body;
        }
        char *text = json_dumps(body, JSON_COMPACT);
        if (type != WIRE_LOG && type != WIRE_NOTE && type != WIRE_PROGRESS && type != WIRE_ASIDE) {
            rig_die("rig: got %s id %llu %s, expected %s id %llu", wire_name(type),
                    (unsigned long long)got_id, text, wire_name(want), (unsigned long long)id);
        }
        free(text);
        json_decref(body);
    }
}

/* The same, when the body does not matter. */
static inline void
rig_expect_only(struct rig *rig, uint16_t want, uint64_t id)
{
    json_decref(rig_expect(rig, want, id));
}

/* Start, and come to the point where the worker waits for CONFIG. */
static inline void
rig_hello(struct rig *rig, const char *plugin)
{
    rig_start(rig, plugin);
    rig_expect_only(rig, WIRE_HELLO, 0);
}

/* Send CONFIG with these options (JSON object text). */
static inline void
rig_config(struct rig *rig, const char *options)
{
    char text[4096];
    (void)snprintf(text, sizeof text,
                   "{\"stage\":\"rigged\",\"options\":%s,\"facts\":{\"stage\":\"rigged\","
                   "\"data_dir\":\"%s/data\",\"state_dir\":\"%s\",\"plugin_path\":\"\","
                   "\"version\":\"test\"}}",
                   options, rig->dir, rig->dir);
    rig_send(rig, WIRE_CONFIG, 0, text);
}

/* Wait for the worker's end. Returns its exit status, or -signal. */
static inline int
rig_status(struct rig *rig)
{
    uint16_t type;
    uint64_t id;
    json_t *body;
    int status = 0;

    while ((body = rig_receive(rig, &type, &id)) != NULL) {
        json_decref(body);
    }
    if (waitpid(rig->pid, &status, 0) != rig->pid) {
        rig_die("rig: waitpid: %s", strerror(errno));
    }
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* What the worker wrote to standard error and output so far. */
static inline const char *
rig_stderr(const struct rig *rig)
{
    static char text[8192];
    FILE *file = fopen(rig->stderr_path, "r");
    size_t bytes = 0;
    if (file != NULL) {
        bytes = fread(text, 1, sizeof text - 1, file);
        fclose(file);
    }
    text[bytes] = '\0';
    return text;
}

/* Close the link and remove the directory. */
static inline void
rig_end(struct rig *rig)
{
    char command[600];
    close(rig->fd);
    (void)snprintf(command, sizeof command, "rm -rf -- '%s'", rig->dir);
    if (system(command) != 0) {
        diag("could not remove %s", rig->dir);
    }
}

#endif
