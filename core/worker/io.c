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
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/common/jget.h"
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
    struct slot reply; /* or CONFIG; the protocol allows one at a time, so a second is its end */
    struct slot events[RR_WIRE_CREDIT_MAX]; /* ring: the oldest at first_event */
    unsigned first_event, n_events, credit;
    unsigned n_unanswered; /* DONEs without an ACK, that of lease 0 not counted */
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
    if (type == WIRE_DONE && id != 0) {
        /* Counted first: the answer may come before the frame is out. */
        pthread_mutex_lock(&io->lock);
        io->n_unanswered++;
        pthread_mutex_unlock(&io->lock);
    }
    send_frame(io, type, id, body, bytes);
    free(body);
    return 0;
}

/* Put a frame where the main thread takes it. Called with the lock held. */
static void
fill(struct io *io, struct slot *slot, const struct slot *with)
{
    if (slot->body != NULL) {
        broken("a frame came before the last one of its kind was answered");
    }
    *slot = *with;
    pthread_cond_broadcast(&io->arrived);
}

static void
fill_event(struct io *io, const struct slot *with)
{
    if (io->n_events == io->credit) {
        broken("more events came than the credit allows");
    }
    fill(io, &io->events[(io->first_event + io->n_events++) % RR_WIRE_CREDIT_MAX], with);
}

/* Let the daemon send so many events ahead as it says that it will. */
static void
take_credit(struct io *io, const json_t *config)
{
    const int64_t credit = jget_int(config, "credit");

    io->credit = credit < 1                    ? 1
                 : credit < RR_WIRE_CREDIT_MAX ? (unsigned)credit
                                               : RR_WIRE_CREDIT_MAX;
}

/* The outcome of an event is durable, or was refused, which the daemon has logged and deals with.
 */
static void
count_answer(struct io *io)
{
    if (io->n_unanswered == 0) {
        broken("an answer came that nobody asked for");
    }
    io->n_unanswered--;
    pthread_cond_broadcast(&io->arrived);
}

static void
take_frame(struct io *io, const struct wire_frame *frame)
{
    struct rr_err err = RR_ERR_INIT;
    const struct slot slot = {frame->type, frame->id, wire_body_new(frame, &err)};
    bool is_kept = false;

    if (slot.body == NULL) {
        broken(err.text);
    }
    pthread_mutex_lock(&io->lock);
    switch (frame->type) {
    case WIRE_PING:
        break;
    case WIRE_STOP:
        atomic_store(&io->stopping, 1);
        pthread_cond_broadcast(&io->arrived);
        break;
    case WIRE_EVENT:
        fill_event(io, &slot);
        is_kept = true;
        break;
    case WIRE_CONFIG:
        take_credit(io, slot.body);
        fill(io, &io->reply, &slot);
        is_kept = true;
        break;
    default: /* ACK, RESULT, VALUE: wire_decode lets nothing else pass */
        is_kept = frame->type != WIRE_ACK || frame->id == 0;
        if (is_kept) {
            fill(io, &io->reply, &slot);
        } else {
            count_answer(io);
        }
        break;
    }
    pthread_mutex_unlock(&io->lock);
    if (frame->type == WIRE_PING) {
        send_frame(io, WIRE_PONG, frame->id, "{}", 2);
    }
    if (!is_kept) {
        json_decref(slot.body);
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
    io->credit = 1;
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

/* Called with the lock held; body is NULL when there is none. */
static struct slot
next_event(struct io *io)
{
    if (io->n_events == 0) {
        return (struct slot){0};
    }
    const struct slot slot = empty(&io->events[io->first_event]);
    io->first_event = (io->first_event + 1) % RR_WIRE_CREDIT_MAX;
    io->n_events--;
    return slot;
}

int
io_wait_event(struct io *io, uint64_t deadline_ms, uint64_t *lease, json_t **body)
{
    const struct timespec until = {.tv_sec = (time_t)(deadline_ms / 1000),
                                   .tv_nsec = (long)(deadline_ms % 1000) * 1000000};
    int timed_out = 0;
    int rc = IO_TIMEOUT;

    pthread_mutex_lock(&io->lock);
    while (io->n_events == 0 && !atomic_load(&io->stopping) && !timed_out) {
        if (deadline_ms == UINT64_MAX) {
            pthread_cond_wait(&io->arrived, &io->lock);
        } else {
            timed_out = pthread_cond_timedwait(&io->arrived, &io->lock, &until) == ETIMEDOUT;
        }
    }
    if (atomic_load(&io->stopping)) {
        rc = IO_STOP;
    } else if (io->n_events > 0) {
        const struct slot slot = next_event(io);
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
    const struct slot slot = next_event(io);
    pthread_mutex_unlock(&io->lock);
    if (slot.body == NULL) {
        return 0;
    }
    *lease = slot.id;
    json_decref(slot.body);
    return 1;
}

void
io_settle(struct io *io)
{
    pthread_mutex_lock(&io->lock);
    while (io->n_unanswered > 0) {
        pthread_cond_wait(&io->arrived, &io->lock);
    }
    pthread_mutex_unlock(&io->lock);
}

json_t *
io_wait_reply(struct io *io, uint16_t type, uint64_t id)
{
    pthread_mutex_lock(&io->lock);
    while (io->reply.body == NULL && !(type == WIRE_CONFIG && atomic_load(&io->stopping))) {
        pthread_cond_wait(&io->arrived, &io->lock);
    }
    const struct slot slot = empty(&io->reply);
    pthread_mutex_unlock(&io->lock);
    if (slot.body != NULL && (slot.type != type || slot.id != id)) {
        broken("an answer came that nobody asked for");
    }
    return slot.body;
}

int
io_wait_verdict(struct io *io, uint16_t type, uint64_t id, struct rr_err *err)
{
    json_t *answer = io_wait_reply(io, type, id);
    int rc = 0;

    if (!json_is_true(json_object_get(answer, "ok"))) {
        const int64_t code = jget_int(answer, "code");
        const char *text = jget_text(answer, "error");
        rc = rr_err_set(err, code < 0 ? (int)code : RR_E_INPUT, "rrd refused it: %s",
                        text == NULL ? "no reason given" : text);
    }
    json_decref(answer);
    return rc;
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
