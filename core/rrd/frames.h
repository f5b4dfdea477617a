/* SPDX-License-Identifier: MIT */
/*
 * frames.h - what the frames of a worker mean.
 */
#ifndef RR_CORE_FRAMES_H
#define RR_CORE_FRAMES_H

#include "core/rrd/link.h"

/* Callbacks of a link; arg is the struct stage. */
int frames_take(void *arg, const struct wire_frame *frame, const json_t *body, struct rr_err *err);
void frames_broken(void *arg, const char *why);

#endif
