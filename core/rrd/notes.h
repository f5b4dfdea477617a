/* SPDX-License-Identifier: MIT */
/*
 * notes.h - the one-line summaries that stages show in status.
 */
#ifndef RR_CORE_NOTES_H
#define RR_CORE_NOTES_H

#include "core/rrd/rrd.h"

/* Read the notes of a stage from the store. */
int notes_load(struct stage *stage, struct rr_err *err);

/* Set the note of a configuration ("" is the stage's own). It becomes durable with the next tick:
 * a note is for people, and not worth a sync of its own. */
void notes_set(struct stage *stage, const char *config, const char *text);

/* Write what is not written yet; needs a commit afterwards. */
void notes_flush(struct stage *stage);

#endif
