/* SPDX-License-Identifier: MIT */
/*
 * stage_log.h - what a worker prints: cut into lines, limited, written to the stage's own log file.
 */
#ifndef RR_CORE_STAGE_LOG_H
#define RR_CORE_STAGE_LOG_H

#include "core/rrd/rrd.h"

struct stage_log;

/* The log of a stage lives as long as the daemon; workers come and go. */
struct stage_log *stage_log_new(struct rrd *rrd, const char *stage);
void stage_log_free(struct stage_log *log);

/* Read the pipe of a new worker until its end. */
void stage_log_attach(struct stage_log *log, int fd_take);
/* Read what is left and close; a grandchild may still hold the other end. */
void stage_log_detach(struct stage_log *log);

/* Write a line of the plugin; errors and warnings go to the daemon's log as well. */
void stage_log_line(struct stage_log *log, enum log_level level, const char *text);

/* The last line that the worker printed or logged as an error, "" for none. */
const char *stage_log_last(const struct stage_log *log);

/* The last lines that the worker printed or logged, at most STAGE_LOG_TAIL, oldest first: an array
 * of texts (new reference). */
#define STAGE_LOG_TAIL 8
json_t *stage_log_tail_new(const struct stage_log *log);

/* Once a second: look after the file, and say how many lines were dropped, when no further line
 * comes that would. */
void stage_log_tick(struct stage_log *log);

void stage_log_reopen(struct stage_log *log);

#endif
