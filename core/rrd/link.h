/* SPDX-License-Identifier: MIT */
/*
 * link.h - the connection to one worker: frames in, frames out.
 */
#ifndef RR_CORE_LINK_H
#define RR_CORE_LINK_H

#include "core/common/wire.h"

#include <rr/err.h>

#include <event2/event.h>
#include <jansson.h>
#include <stdint.h>

struct link;

/* A frame arrived; body is borrowed. Returning negative (with *err) means that the worker broke
 * the protocol: the link then reads no more. */
typedef int (*link_frame_fn)(void *arg, const struct wire_frame *frame, const json_t *body,
                             struct rr_err *err);
/* The link can be used no more: why is NULL at a plain end of file. Called at most once. */
typedef void (*link_broken_fn)(void *arg, const char *why);

struct link *link_new(struct event_base *base, int fd_take, uint64_t epoch, link_frame_fn on_frame,
                      link_broken_fn on_broken, void *arg);
void link_free(struct link *link);

/* Send a frame; body (may be NULL) is taken over. What the socket does not take now is queued. */
void link_send(struct link *link, uint16_t type, uint64_t id, json_t *body_take);
/* The same with a body that is text already; NULL breaks the link. */
void link_send_text(struct link *link, uint16_t type, uint64_t id, char *text_take);

/* Read all that a worker wrote before it died. */
void link_drain(struct link *link);

#endif
