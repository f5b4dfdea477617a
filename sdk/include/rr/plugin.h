/* SPDX-License-Identifier: MIT */
/*
 * rr/plugin.h - the stage plugin ABI: the one constant that a plugin exports.
 *
 *     RR_PLUGIN(.name = "hello", .version = "1.0", .summary = "says hello",
 *               .options = options, .consumes = consumes, .produces = produces,
 *               .event = on_event)
 *
 * A plugin is a shared object NAME.so whose descriptor says the same NAME. It links nothing of
 * ours: every service comes from the host table (rr/host.h) that its context carries. One worker
 * process runs one plugin and calls it from one thread; a plugin may start threads of its own,
 * which call only what rr/host.h allows them.
 *
 * A handler (event, idle) is a transaction. What it emits and puts becomes durable together, when
 * it returns RR_DONE, or not at all. An event whose handler did not end is delivered again.
 *
 * ABI rules: magic, size and the version numbers never move. Minor goes up when a member is added
 * at the end, major when anything else changes. A host takes a plugin of its own major whose minor
 * is not above its own; it copies min(plugin's size, own size) bytes into a zeroed struct, so a
 * callback that the plugin does not know is "not offered".
 *
 * ABI change log:
 *   1.0  first version
 */
#ifndef RR_PLUGIN_H
#define RR_PLUGIN_H

#include <rr/err.h>
#include <rr/event.h>
#include <rr/host.h>
#include <rr/opt.h>

#include <stdint.h>

#define RR_PLUGIN_MAGIC 0x5252504cu /* "RRPL" */
#define RR_PLUGIN_ABI_MAJOR 1
#define RR_PLUGIN_ABI_MINOR 0
#define RR_PLUGIN_SYMBOL "rr_plugin"

/* What a callback returns. Anything else counts as RR_RETRY and is logged as a plugin bug. */
#define RR_DONE 0
#define RR_RETRY 1  /* not now: deliver again, later; counts as an attempt */
#define RR_REJECT 2 /* never: bury this event with the error text */
#define RR_FATAL 3  /* this process is no longer good: restart it, then deliver again */

/* An event type that a plugin consumes or produces. */
struct rr_port {
    const struct rr_event_type *type; /* NULL ends the table */
    uint32_t flags;                   /* 0 */
    uint32_t reserved;
};

struct rr_plugin {
    uint32_t magic;                       /* RR_PLUGIN_MAGIC */
    uint32_t size;                        /* sizeof(struct rr_plugin) as the plugin was compiled */
    uint16_t abi_major, abi_minor;        /* of the header it was compiled with */
    uint32_t opt_size;                    /* sizeof(struct rr_opt), to walk the table */
    uint32_t flags;                       /* 0 */
    uint32_t reserved;                    /* 0 */
    const char *name, *version, *summary; /* one line each; the name is that of the file */
    const struct rr_opt *options;         /* NULL for none */
    const struct rr_port *consumes;       /* NULL for none */
    const struct rr_port *produces;       /* NULL for none */

    /* Judge the options (rr_opt_* work on ctx, nothing else does); no side effects. May be NULL. */
    int (*check)(struct rr_ctx *ctx, struct rr_err *err);
    /* Get ready; may be slow, and reports progress when it is. Keep state in ctx->user. RR_E_CONFIG
     * says that the configuration is wrong: the stage is then not restarted. */
    int (*init)(struct rr_ctx *ctx, struct rr_err *err);
    /* Handle one event. */
    int (*event)(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err);
    /* Act without an event: called every rr_set_idle_ms milliseconds while no event is handled.
     * What it emits needs a key, because nothing else makes a repetition recognisable. */
    int (*idle)(struct rr_ctx *ctx, struct rr_err *err);
    /* Called once before a graceful stop, after the last event. */
    int (*drain)(struct rr_ctx *ctx, struct rr_err *err);
    /* Free everything. Called at the end of a graceful stop only. */
    void (*fini)(struct rr_ctx *ctx);
    /* new members are added here only */
};

#define RR_EXPORT __attribute__((visibility("default")))

#define RR_PLUGIN(...)                                                                             \
    RR_EXPORT extern const struct rr_plugin rr_plugin;                                             \
    RR_EXPORT const struct rr_plugin rr_plugin = {.magic = RR_PLUGIN_MAGIC,                        \
                                                  .size = sizeof(struct rr_plugin),                \
                                                  .abi_major = RR_PLUGIN_ABI_MAJOR,                \
                                                  .abi_minor = RR_PLUGIN_ABI_MINOR,                \
                                                  .opt_size = sizeof(struct rr_opt),               \
                                                  __VA_ARGS__};

#endif
