/* SPDX-License-Identifier: MIT */
/*
 * io.c - the worker's end of the link.
 *
 * Owns: the socket and the I/O thread. Does not: know what a handler is.
 * Threads: the I/O thread runs read_loop() and below; all else is called from the main thread,
 * io_send() and io_stopping() from any. The thread is never joined: it ends with the process.
 */
#include "core/worker/io.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/common/mem.h"
#include "core/common/wire.h"

/* A frame that waits for the main thread. */
struct slot {
    uint16_t type;
    uint64_t id;
    json_t *body; /* NULL: empty */
};

struct io {
    int fd;
    uint64_t epoch;
    pthread_t thread;
    pthread_mutex_t send_lock; /* one frame at a time; never taken with lock held */
    pthread_mutex_t lock;      /* guards the slots */
    pthread_cond_t arrived;
    /* The protocol allows one of each at a time, so a second one is its end. */
    struct slot config;
    struct slot event;
    struct slot reply;
    atomic_int stopping;
    atomic_int closing;
    uint8_t in[RR_WIRE_FRAME_MAX + 1]; /* one more shows a frame that is too long */
};

void
io_die_with_group(void)
{
    if (getpgrp() == getpid()) {
        (void)kill(0, SIGKILL);
    }
    _exit(1);
}

uint64_t
io_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

__attribute__((noreturn)) static void
broken(const char *what)
{
    (void)fprintf(stderr, "rrd-worker: link to rrd: %s\n", what);
    (void)fflush(stderr);
    io_die_with_group();
}

/* The link has ended. */
static void
ended(struct io *io)
{
    if (atomic_load(&io->closing)) {
        pthread_exit(NULL);
    }
    io_die_with_group();
}

static void
send_frame(struct io *io, uint16_t type, uint64_t id, const char *body, size_t bytes)
{
    uint8_t header[RR_WIRE_HEADER_BYTES];
    wire_put_header(header, type, id, io->epoch, (uint32_t)bytes);

    struct iovec parts[2] = {
        {.iov_base = header, .iov_len = sizeof header},
        {.iov_base = (void *)(uintptr_t)body, .iov_len = bytes},
    };
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t sent;

    pthread_mutex_lock(&io->send_lock);
    do {
        sent = sendmsg(io->fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    const int why = errno;
    pthread_mutex_unlock(&io->send_lock);
    if (sent >= 0 || atomic_load(&io->closing)) {
        return;
    }
    if (why == EPIPE || why == ECONNRESET) {
        io_die_with_group();
    }
    broken(strerror(why));
}

size_t
io_body_bytes(const json_t *body)
{
    return json_dumpb(body, NULL, 0, JSON_COMPACT);
}

int
io_send(struct io *io, uint16_t type, uint64_t id, json_t *body_take, struct rr_err *err)
{
    if (body_take == NULL) {
        send_frame(io, type, id, "{}", 2);
        return 0;
    }
    char *body = json_dumps(body_take, JSON_COMPACT);
    json_decref(body_take);
    if (body == NULL) {
        return rr_err_set(err, -ENOMEM, "cannot print a %s frame", wire_name(type));
    }
    const size_t bytes = strlen(body);
    if (bytes > RR_WIRE_BODY_MAX) {
        free(body);
        return rr_err_set(err, -EMSGSIZE, "%s frame of %zu bytes is over the limit of %u",
                          wire_name(type), bytes, RR_WIRE_BODY_MAX);
    }
    send_frame(io, type, id, body, bytes);
    free(body);
    return 0;
}

static void
fill(struct io *io, struct slot *slot, const struct wire_frame *frame)
{
    struct rr_err err = RR_ERR_INIT;
    json_t *body = wire_body_new(frame, &err);
    if (body == NULL) {
        broken(err.text);
    }
    pthread_mutex_lock(&io->lock);
    if (slot->body != NULL) {
        broken("a frame came before the last one of its kind was answered");
    }
    *slot = (struct slot){.type = frame->type, .id = frame->id, .body = body};
    pthread_cond_broadcast(&io->arrived);
    pthread_mutex_unlock(&io->lock);
}

static void
take_frame(struct io *io, const struct wire_frame *frame)
{
    switch (frame->type) {
    case WIRE_PING:
        send_frame(io, WIRE_PONG, frame->id, "{}", 2);
        break;
    case WIRE_STOP:
        pthread_mutex_lock(&io->lock);
        atomic_store(&io->stopping, 1);
        pthread_cond_broadcast(&io->arrived);
        pthread_mutex_unlock(&io->lock);
        break;
    case WIRE_CONFIG:
        fill(io, &io->config, frame);
        break;
    case WIRE_EVENT:
        fill(io, &io->event, frame);
        break;
    default: /* ACK, VALUE: wire_decode lets nothing else pass */
        fill(io, &io->reply, frame);
        break;
    }
}

static void *
read_loop(void *arg)
{
    struct io *io = arg;

    for (;;) {
        struct wire_frame frame;
        struct rr_err err = RR_ERR_INIT;
        const ssize_t got = recv(io->fd, io->in, sizeof io->in, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            ended(io);
        }
        if (wire_decode(io->in, (size_t)got, 1, &frame, &err) != 0) {
            broken(err.text);
        }
        if (frame.epoch != io->epoch) {
            broken("a frame has the epoch of another start of this stage");
        }
        take_frame(io, &frame);
    }
    return NULL;
}

struct io *
io_new(int fd, uint64_t epoch, struct rr_err *err)
{
    pthread_condattr_t clock;
    sigset_t all;
    sigset_t before;

    struct io *io = mem_zalloc(1, sizeof *io);
    io->fd = fd;
    io->epoch = epoch;
    pthread_mutex_init(&io->send_lock, NULL);
    pthread_mutex_init(&io->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&io->arrived, &clock);
    pthread_condattr_destroy(&clock);

    /* Signals are the main thread's and the plugin's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int rc = pthread_create(&io->thread, NULL, read_loop, io);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        rr_err_set(err, -rc, "cannot start the I/O thread: %s", strerror(rc));
        free(io);
        return NULL;
    }
    (void)pthread_setname_np(io->thread, "rr-io");
    (void)pthread_detach(io->thread);
    return io;
}

static struct slot
empty(struct slot *slot)
{
    const struct slot taken = *slot;
    memset(slot, 0, sizeof *slot);
    return taken;
}

json_t *
io_wait_config(struct io *io)
{
    pthread_mutex_lock(&io->lock);
    while (io->config.body == NULL && !atomic_load(&io->stopping)) {
        pthread_cond_wait(&io->arrived, &io->lock);
    }
    const struct slot slot = empty(&io->config);
    pthread_mutex_unlock(&io->lock);
    return slot.body;
}

int
io_wait_event(struct io *io, uint64_t deadline_ms, uint64_t *lease, json_t **body)
{
    const struct timespec until = {.tv_sec = (time_t)(deadline_ms / 1000),
                                   .tv_nsec = (long)(deadline_ms % 1000) * 1000000};
    int timed_out = 0;
    int rc = IO_TIMEOUT;

    pthread_mutex_lock(&io->lock);
    while (io->event.body == NULL && !atomic_load(&io->stopping) && !timed_out) {
        if (deadline_ms == UINT64_MAX) {
            pthread_cond_wait(&io->arrived, &io->lock);
        } else {
            timed_out = pthread_cond_timedwait(&io->arrived, &io->lock, &until) == ETIMEDOUT;
        }
    }
    if (atomic_load(&io->stopping)) {
        rc = IO_STOP;
    } else if (io->event.body != NULL) {
        const struct slot slot = empty(&io->event);
        *lease = slot.id;
        *body = slot.body;
        rc = 0;
    }
    pthread_mutex_unlock(&io->lock);
    return rc;
}

int
io_take_event(struct io *io, uint64_t *lease)
{
    pthread_mutex_lock(&io->lock);
    const struct slot slot = empty(&io->event);
    pthread_mutex_unlock(&io->lock);
    if (slot.body == NULL) {
        return 0;
    }
    *lease = slot.id;
    json_decref(slot.body);
    return 1;
}

json_t *
io_wait_reply(struct io *io, uint16_t type, uint64_t id)
{
    pthread_mutex_lock(&io->lock);
    while (io->reply.body == NULL) {
        pthread_cond_wait(&io->arrived, &io->lock);
    }
    const struct slot slot = empty(&io->reply);
    pthread_mutex_unlock(&io->lock);
    if (slot.type != type || slot.id != id) {
        broken("an answer came that nobody asked for");
    }
    return slot.body;
}

int
io_stopping(const struct io *io)
{
    return atomic_load(&io->stopping);
}

void
io_closing(struct io *io)
{
    atomic_store(&io->closing, 1);
}
