/* SPDX-License-Identifier: MIT */
/*
 * host.h - the services of rr/host.h, as a worker process gives them.
 *
 * One host per process. It collects what a handler emits and puts; serve.c sends it when the
 * handler is done, or drops it.
 */
#ifndef RR_WORKER_HOST_H
#define RR_WORKER_HOST_H

#include "core/worker/io.h"
#include "core/worker/load.h"
#include "core/worker/options.h"

#include <rr/host.h>

#include <jansson.h>

/* Which callback runs; decides what the plugin may call. */
enum phase {
    PHASE_NONE,
    PHASE_CHECK, /* options and facts only */
    PHASE_INIT,  /* and durable reads, emit_now, progress */
    PHASE_EVENT, /* everything */
    PHASE_IDLE,  /* emits need a key */
    PHASE_DRAIN, /* as idle */
    PHASE_FINI   /* options and facts only */
};

struct host;

/*
 * Make the host of a process.
 *
 * io is NULL when there is no daemon (--check-options): then everything but options, facts and log
 * is refused, and log lines of level error go to standard output as problems. config is the body of
 * a CONFIG frame: {stage,options,facts}; options and facts are kept. Returns NULL with *err filled
 * (RR_E_CONFIG, RR_E_PROTO).
 */
struct host *host_new(struct io *io, const struct plugin *plugin, const json_t *config,
                      struct rr_err *err);

void host_free(struct host *host);

/* What the plugin's callbacks are called with. */
struct rr_ctx *host_ctx(struct host *host);

/* Enter a callback. payload is the JSON object of the event, borrowed until host_end; NULL when
 * there is none. */
void host_begin(struct host *host, enum phase phase, const json_t *payload);

typedef int (*host_callback_fn)(struct rr_ctx *, struct rr_err *);

/* Run a callback that has no event and commits nothing. Returns its result, 0 when it is NULL. */
int host_call(struct host *host, enum phase phase, host_callback_fn callback, struct rr_err *err);

/* What the callback collected, as the body of a DONE frame (new reference), or NULL for nothing. An
 * emit or put that was refused and then ignored by the plugin makes it fail: RR_E_INPUT in *err. */
json_t *host_collect(struct host *host, struct rr_err *err);

/* Leave the callback: drop what is left and free what was lent to the plugin. */
void host_end(struct host *host);

/* Interval of the idle callback, 0 for none. */
uint32_t host_idle_ms(const struct host *host);

/* Log a line in the worker's own name. */
void host_log(struct host *host, uint32_t level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
