/* SPDX-License-Identifier: MIT */
/*
 * link.c - one worker's socket: decode and check what comes, queue what cannot go yet.
 *
 * Does not: know what frames mean (frames.c, route.c).
 */
#include "core/rrd/link.h"

#include "core/common/fail.h"
#include "core/common/mem.h"
#include "core/rrd/frames.h"
#include "core/rrd/rrd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

/* Frames taken in one go, so that one chatty worker does not keep the others waiting. */
#define FRAMES_PER_TURN 64

/* The protocol allows few frames towards a worker at a time; this many waiting means that it does
 * not read any more. */
#define QUEUE_MAX 256

struct packet {
    STAILQ_ENTRY(packet) next;
    size_t n;
    uint8_t bytes[];
};

struct link {
    int fd;
    struct stage *stage;
    struct event *readable, *writable;
    STAILQ_HEAD(, packet) queue;
    size_t n_queued;
    bool is_broken;
    uint8_t *buf;
};

static void
set_broken(struct link *link, const char *why)
{
    if (link->is_broken) {
        return;
    }
    link->is_broken = true;
    (void)event_del(link->readable);
    (void)event_del(link->writable);
    frames_broken(link->stage, why);
}

/* Take one message; false when there is none or the link is at its end. */
static bool
take_frame(struct link *link)
{
    struct rr_err err = RR_ERR_INIT;
    struct wire_frame frame;
    json_t *body = NULL;
    int rc;
    FAIL("link.read");
    const ssize_t n = recv(link->fd, link->buf, RR_WIRE_FRAME_MAX + 1, MSG_DONTWAIT);

    /* A peer that is gone and had not read all shows as ECONNRESET once, before its last frames. */
    if (n < 0 && (errno == EINTR || errno == ECONNRESET)) {
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return false;
    }
    if (n <= 0) {
        set_broken(link, NULL);
        return false;
    }
    rc = wire_decode(link->buf, (size_t)n, 0, &frame, &err);
    if (rc == 0 && frame.epoch != link->stage->epoch) {
        rc = rr_err_set(&err, RR_E_PROTO, "%s frame of epoch %" PRIu64 ", expected %" PRIu64,
                        wire_name(frame.type), frame.epoch, link->stage->epoch);
    }
    if (rc == 0) {
        body = wire_body_new(&frame, &err);
        rc = body == NULL ? RR_E_PROTO : frames_take(link->stage, &frame, body, &err);
        json_decref(body);
    }
    if (rc != 0) {
        set_broken(link, err.text);
    }
    return !link->is_broken;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct link *link = arg;

    (void)fd;
    (void)what;
    for (int i = 0; i < FRAMES_PER_TURN && take_frame(link); i++) {
    }
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct link *link = arg;
    struct packet *p;

    (void)fd;
    (void)what;
    while ((p = STAILQ_FIRST(&link->queue)) != NULL) {
        const ssize_t n = send(link->fd, p->bytes, p->n, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            (void)event_add(link->writable, NULL);
            return;
        }
        /* A worker that is gone shows on the reading side, after its last words. */
        STAILQ_REMOVE_HEAD(&link->queue, next);
        link->n_queued--;
        free(p);
    }
}

struct link *
link_new(struct stage *stage, int fd_take)
{
    struct link *link = mem_zalloc(1, sizeof *link);

    link->fd = fd_take;
    link->stage = stage;
    STAILQ_INIT(&link->queue);
    link->buf = mem_zalloc(RR_WIRE_FRAME_MAX + 1, 1);
    link->readable = event_new(stage->rrd->base, fd_take, EV_READ | EV_PERSIST, on_readable, link);
    link->writable = event_new(stage->rrd->base, fd_take, EV_WRITE, on_writable, link);
    (void)event_add(link->readable, NULL);
    return link;
}

void
link_free(struct link *link)
{
    if (link == NULL) {
        return;
    }
    event_free(link->readable);
    event_free(link->writable);
    for (struct packet *p; (p = STAILQ_FIRST(&link->queue)) != NULL; free(p)) {
        STAILQ_REMOVE_HEAD(&link->queue, next);
    }
    (void)close(link->fd);
    free(link->buf);
    free(link);
}

void
link_send(struct link *link, uint16_t type, uint64_t id, json_t *body_take)
{
    char *text = body_take == NULL ? mem_dup("{}") : json_dumps(body_take, JSON_COMPACT);

    json_decref(body_take);
    link_send_text(link, type, id, text);
}

void
link_send_text(struct link *link, uint16_t type, uint64_t id, char *text_take)
{
    const size_t n = text_take == NULL ? 0 : strlen(text_take);
    struct packet *p;

    if (link->is_broken || text_take == NULL || n > RR_WIRE_BODY_MAX ||
        link->n_queued == QUEUE_MAX) {
        set_broken(link, text_take == NULL || n > RR_WIRE_BODY_MAX
                             ? "a frame to the worker could not be made"
                             : "the worker does not read its frames");
        free(text_take);
        return;
    }
    p = mem_zalloc(1, sizeof *p + RR_WIRE_HEADER_BYTES + n);
    wire_put_header(p->bytes, type, id, link->stage->epoch, (uint32_t)n);
    memcpy(p->bytes + RR_WIRE_HEADER_BYTES, text_take, n);
    p->n = RR_WIRE_HEADER_BYTES + n;
    free(text_take);
    STAILQ_INSERT_TAIL(&link->queue, p, next);
    if (++link->n_queued == 1) {
        on_writable(link->fd, EV_WRITE, link);
    }
}

void
link_drain(struct link *link)
{
    /* What lies there can be read, and no more comes: a child that has its socket would go on. */
    (void)shutdown(link->fd, SHUT_RD);
    while (!link->is_broken && take_frame(link)) {
    }
}
