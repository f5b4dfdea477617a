/* SPDX-License-Identifier: MIT */
/*
 * link.c - one worker's socket: decode and check what comes, queue what cannot go yet.
 *
 * Does not: know what frames mean (sup_run.c, route.c).
 */
#include "core/rrd/link.h"

#include "core/common/fail.h"
#include "core/common/mem.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Frames taken in one go, so that one chatty worker does not keep the others waiting. */
#define FRAMES_PER_TURN 64

/* The protocol allows few frames towards a worker at a time; this many waiting means that it does
 * not read any more. */
#define QUEUE_MAX 256

struct packet {
    struct packet *next;
    size_t n;
    uint8_t bytes[];
};

struct link {
    int fd;
    uint64_t epoch;
    struct event *readable, *writable;
    link_frame_fn on_frame;
    link_broken_fn on_broken;
    void *arg;
    struct packet *first, **last;
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
    link->on_broken(link->arg, why);
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

    if (n < 0 && errno == EINTR) {
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
    if (rc == 0 && frame.epoch != link->epoch) {
        rc = rr_err_set(&err, RR_E_PROTO, "%s frame of epoch %llu, expected %llu",
                        wire_name(frame.type), (unsigned long long)frame.epoch,
                        (unsigned long long)link->epoch);
    }
    if (rc == 0) {
        body = wire_body_new(&frame, &err);
        rc = body == NULL ? RR_E_PROTO : link->on_frame(link->arg, &frame, body, &err);
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

    (void)fd;
    (void)what;
    while (link->first != NULL) {
        struct packet *p = link->first;
        const ssize_t n = send(link->fd, p->bytes, p->n, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            (void)event_add(link->writable, NULL);
            return;
        }
        /* A worker that is gone shows on the reading side, after its last words. */
        link->first = p->next;
        link->n_queued--;
        free(p);
    }
    link->last = &link->first;
}

struct link *
link_new(struct event_base *base, int fd_take, uint64_t epoch, link_frame_fn on_frame,
         link_broken_fn on_broken, void *arg)
{
    struct link *link = mem_zalloc(1, sizeof *link);

    link->fd = fd_take;
    link->epoch = epoch;
    link->on_frame = on_frame;
    link->on_broken = on_broken;
    link->arg = arg;
    link->last = &link->first;
    link->buf = mem_zalloc(RR_WIRE_FRAME_MAX + 1, 1);
    link->readable = event_new(base, fd_take, EV_READ | EV_PERSIST, on_readable, link);
    link->writable = event_new(base, fd_take, EV_WRITE, on_writable, link);
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
    while (link->first != NULL) {
        struct packet *p = link->first;

        link->first = p->next;
        free(p);
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

    if (link->is_broken || text_take == NULL || n > RR_WIRE_BODY_MAX) {
        free(text_take);
        set_broken(link, "a frame to the worker could not be made");
        return;
    }
    if (link->n_queued == QUEUE_MAX) {
        free(text_take);
        set_broken(link, "the worker does not read its frames");
        return;
    }
    p = mem_zalloc(1, sizeof *p + RR_WIRE_HEADER_BYTES + n);
    wire_put_header(p->bytes, type, id, link->epoch, (uint32_t)n);
    memcpy(p->bytes + RR_WIRE_HEADER_BYTES, text_take, n);
    p->n = RR_WIRE_HEADER_BYTES + n;
    free(text_take);
    *link->last = p;
    link->last = &p->next;
    link->n_queued++;
    if (link->n_queued == 1) {
        on_writable(link->fd, EV_WRITE, link);
    }
}

void
link_drain(struct link *link)
{
    while (!link->is_broken && take_frame(link)) {
    }
}
