/* SPDX-License-Identifier: MIT */
/*
 * link.h - the connection to one worker: frames in, frames out.
 */
#ifndef RR_CORE_LINK_H
#define RR_CORE_LINK_H

#include "core/common/wire.h"

#include <jansson.h>
#include <stdint.h>

struct link;
struct stage;

/* Give the frames that come to frames_take(), and the end of the link to frames_broken(): at most
 * once, and nothing is read afterwards. Frames of the stage's present epoch are taken only. */
struct link *link_new(struct stage *stage, int fd_take);
void link_free(struct link *link);

/* Send a frame; body (may be NULL) is taken over. What the socket does not take now is queued. */
void link_send(struct link *link, uint16_t type, uint64_t id, json_t *body_take);
/* The same with a body that is text already; NULL breaks the link. */
void link_send_text(struct link *link, uint16_t type, uint64_t id, char *text_take);

/* Read all that a worker wrote before it died. */
void link_drain(struct link *link);

#endif
