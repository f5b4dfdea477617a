/* SPDX-License-Identifier: MIT */
/*
 * frames.h - what the frames of a worker mean.
 */
#ifndef RR_CORE_FRAMES_H
#define RR_CORE_FRAMES_H

#include "core/common/wire.h"
#include "core/rrd/rrd.h"

/* A frame arrived; body is borrowed. Negative means that the worker broke the protocol. */
int frames_take(struct stage *stage, const struct wire_frame *frame, const json_t *body,
                struct rr_err *err);
/* No more frames will come: why is NULL at a plain end of file. */
void frames_broken(struct stage *stage, const char *why);

#endif
