/* SPDX-License-Identifier: MIT */
/*
 * doctor.h - `rrctl doctor`: what is wrong with a directory and its daemon, and what to do.
 *
 * Changes nothing, and judges by the code that a start runs: configuration, plugins, store, rights.
 */
#ifndef RR_CORE_DOCTOR_H
#define RR_CORE_DOCTOR_H

#include "core/rrd/conf.h"
#include "core/rrd/lock.h"
#include "core/rrd/options.h"
#include "core/rrd/report.h"

#include <jansson.h>

/* Look at everything and print the findings. Standard input has what the daemon answers to
 * "status", or {code, error} when it does not. Returns an exit status. */
int doctor(const struct conf *conf, const struct options *opt);

/* For doctor*.c: one examination. */
struct doctor {
    struct report report;
    const struct conf *conf;
    json_t *daemon; /* its status; NULL when it did not answer */
    json_t *silence;
    struct lock_view lock;
    int lock_fd; /* -ENOENT when nothing ever ran here */
};

/* What the daemon says of itself and its stages, against what lies there (doctor_daemon.c). */
void doctor_ask_daemon(struct doctor *d);

#endif
