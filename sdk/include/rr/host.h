/* SPDX-License-Identifier: MIT */
/*
 * rr/host.h - what the host offers to a plugin: a table of functions, and wrappers to call them.
 *
 * The table grows at its end only; RR_HOST_HAS tells whether the running host has a function.
 * Everything is called on the thread that the host called the plugin on, but for opt_*, fact, log
 * and should_stop, which may be called on every thread. A call on the wrong thread aborts the
 * worker.
 */
#ifndef RR_HOST_H
#define RR_HOST_H

#include <rr/err.h>
#include <rr/event.h>

#include <stddef.h>
#include <stdint.h>

struct rr_host;

/* Opaque but for its first members. */
struct rr_ctx {
    const struct rr_host *host;
    void *user; /* the plugin's own */
};

#define RR_LOG_ERROR 0u
#define RR_LOG_WARN 1u
#define RR_LOG_INFO 2u
#define RR_LOG_DEBUG 3u

struct rr_host {
    uint32_t size; /* sizeof(struct rr_host) of the host */
    uint16_t abi_major, abi_minor;

    /* Options, validated and with defaults filled in. Asking for a key that the plugin did not
     * declare, or with the wrong kind, aborts: that is a bug of the plugin. */
    const char *(*opt_str)(struct rr_ctx *, const char *key); /* string, choice, list */
    int64_t (*opt_int)(struct rr_ctx *, const char *key);     /* int, bool, duration ms, size */
    double (*opt_real)(struct rr_ctx *, const char *key);

    /* Facts, borrowed for the life of the process: "stage" (name of this stage), "data_dir"
     * (absolute; big files live below it), "state_dir" (absolute), "plugin_path" (colon separated
     * absolute directories), "version". NULL when unknown. */
    const char *(*fact)(struct rr_ctx *, const char *name);

    /* Write one line to the log. */
    void (*log)(struct rr_ctx *, uint32_t level, const char *text);

    /* Decode the payload of an event into the struct of a type that the plugin consumes. */
    int (*decode)(struct rr_ctx *, const struct rr_event *, const struct rr_event_type *, void *out,
                  struct rr_err *);

    /* Add an event to what this handler will commit. key: NULL inside event(), where the causing
     * event identifies it; required in idle(). An emit whose key was committed before, by any
     * stage, is dropped and counted, never doubled. config: the envelope's configuration key, or
     * "". Checked against the declared type at once. A handler that returns RR_DONE although an
     * emit or put was refused has not done its work: that counts as RR_RETRY. */
    int (*emit)(struct rr_ctx *, const struct rr_event_type *, const char *key, const char *config,
                const void *payload, struct rr_err *);

    /* The same, but durable and routed when the call returns, whatever becomes of the handler.
     * key is required: a retry then does not emit it again. */
    int (*emit_now)(struct rr_ctx *, const struct rr_event_type *, const char *key,
                    const char *config, const void *payload, struct rr_err *);

    /* Durable keys of this stage, at most 255 bytes of name and 32 KiB of text. put joins what the
     * handler commits (NULL deletes); get sees what was committed and this handler's own puts,
     * returns a copy borrowed until the next get, or NULL when there is none (err->code 0) or it
     * failed. */
    int (*put)(struct rr_ctx *, const char *key, const char *text, struct rr_err *);
    const char *(*get)(struct rr_ctx *, const char *key, struct rr_err *);

    /* Tell how far the current handler is; shown as a bar, and proof of life. total 0: unknown. */
    void (*progress)(struct rr_ctx *, uint64_t done, uint64_t total, const char *text);

    /* Set this stage's one-line summary in status: the last result, a rate, an Elo. Kept until the
     * next one, across restarts. config "" is the stage's own line; else one line per config. */
    void (*note)(struct rr_ctx *, const char *config, const char *text);

    /* 1 when the handler should come to an end: save what a retry can go on from, and return
     * RR_RETRY. That retry does not count as an attempt. */
    int (*should_stop)(struct rr_ctx *);

    /* Interval of the idle callback in milliseconds, 0 for none. */
    void (*set_idle_ms)(struct rr_ctx *, uint32_t interval_ms);
    /* new members are added here only */
};

#define RR_HOST_HAS(ctx, fn)                                                                       \
    ((ctx)->host->size >= offsetof(struct rr_host, fn) + sizeof((ctx)->host->fn) &&                \
     (ctx)->host->fn != NULL)

static inline const char *
rr_opt_str(struct rr_ctx *ctx, const char *key)
{
    return ctx->host->opt_str(ctx, key);
}

static inline int64_t
rr_opt_int(struct rr_ctx *ctx, const char *key)
{
    return ctx->host->opt_int(ctx, key);
}

static inline double
rr_opt_real(struct rr_ctx *ctx, const char *key)
{
    return ctx->host->opt_real(ctx, key);
}

static inline const char *
rr_fact(struct rr_ctx *ctx, const char *name)
{
    return ctx->host->fact(ctx, name);
}

__attribute__((format(printf, 3, 4))) static inline void
rr_log(struct rr_ctx *ctx, uint32_t level, const char *fmt, ...)
{
    char line[1024];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    ctx->host->log(ctx, level, line);
}

static inline int
rr_decode(struct rr_ctx *ctx, const struct rr_event *event, const struct rr_event_type *type,
          void *out, struct rr_err *err)
{
    return ctx->host->decode(ctx, event, type, out, err);
}

static inline int
rr_emit(struct rr_ctx *ctx, const struct rr_event_type *type, const char *key, const char *config,
        const void *payload, struct rr_err *err)
{
    return ctx->host->emit(ctx, type, key, config, payload, err);
}

static inline int
rr_emit_now(struct rr_ctx *ctx, const struct rr_event_type *type, const char *key,
            const char *config, const void *payload, struct rr_err *err)
{
    return ctx->host->emit_now(ctx, type, key, config, payload, err);
}

static inline int
rr_put(struct rr_ctx *ctx, const char *key, const char *text, struct rr_err *err)
{
    return ctx->host->put(ctx, key, text, err);
}

static inline const char *
rr_get(struct rr_ctx *ctx, const char *key, struct rr_err *err)
{
    return ctx->host->get(ctx, key, err);
}

static inline void
rr_progress(struct rr_ctx *ctx, uint64_t done, uint64_t total, const char *text)
{
    ctx->host->progress(ctx, done, total, text);
}

__attribute__((format(printf, 3, 4))) static inline void
rr_note(struct rr_ctx *ctx, const char *config, const char *fmt, ...)
{
    char line[256];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    ctx->host->note(ctx, config, line);
}

static inline int
rr_should_stop(struct rr_ctx *ctx)
{
    return ctx->host->should_stop(ctx);
}

static inline void
rr_set_idle_ms(struct rr_ctx *ctx, uint32_t interval_ms)
{
    ctx->host->set_idle_ms(ctx, interval_ms);
}

#endif
