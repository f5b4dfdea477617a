/* SPDX-License-Identifier: MIT */
/*
 * rr/test.h - run a plugin's callbacks inside a unit test: no daemon, no worker, no frames.
 *
 *     #include "plugin.c"                      (or: extern const struct rr_plugin rr_plugin;)
 *     #include <rr/test.h>
 *
 *     struct rr_test *t = rr_test_new(&rr_plugin);
 *     rr_test_opt(t, "greeting", "hello");
 *     rr_test_init(t);
 *     struct ev_hello_asked ask = {.who = "world"};
 *     assert(rr_test_event(t, &rr_type_hello_asked, "", &ask) == RR_DONE);
 *     assert(rr_test_count(t, "HELLO_SAID") == 1);
 *     const struct ev_hello_said *said = rr_test_payload(t, "HELLO_SAID", 0);
 *     rr_test_free(t);
 *
 * The harness keeps the contract of the daemon: what a handler emits and puts counts when it
 * returns RR_DONE and is dropped otherwise; emits with a key that was seen before are dropped; what
 * the real host refuses is refused here, with two exceptions: texts are not checked to be UTF-8,
 * JSON fields not to be JSON. Wrong use of the harness itself ends the program with a message.
 *
 * Include it in one file of a test program. Header only; links nothing.
 */
#ifndef RR_TEST_H
#define RR_TEST_H

#include <rr/plugin.h>
#include <rr/test_host.h>

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Set a fact; "stage" is the plugin's name and "version" is "test" until set otherwise. */
static inline void
rr_test_fact(struct rr_test *t, const char *name, const char *value)
{
    rr_test_set(&t->facts, name, value);
}

/* Make a harness for a plugin, with all options at their defaults. */
static inline struct rr_test *
rr_test_new(const struct rr_plugin *plugin)
{
    static const struct rr_host host = {
        .size = sizeof(struct rr_host),
        .abi_major = RR_PLUGIN_ABI_MAJOR,
        .abi_minor = RR_PLUGIN_ABI_MINOR,
        .opt_str = rr_test_opt_str,
        .opt_int = rr_test_opt_int,
        .opt_real = rr_test_opt_real,
        .fact = rr_test_get_fact,
        .log = rr_test_log,
        .decode = rr_test_decode,
        .emit = rr_test_host_emit,
        .emit_now = rr_test_host_emit_now,
        .put = rr_test_host_put,
        .get = rr_test_host_get,
        .progress = rr_test_host_progress,
        .note = rr_test_host_note,
        .should_stop = rr_test_host_should_stop,
        .set_idle_ms = rr_test_host_set_idle_ms,
    };
    struct rr_test *t = calloc(1, sizeof *t);
    if (t == NULL) {
        rr_test_die("no memory");
    }
    t->ctx.host = &host;
    t->plugin = plugin;
    t->next_id = (UINT64_C(1) << 40) + 1;
    for (const struct rr_opt *row = plugin->options; row != NULL && row->key != NULL; row++) {
        struct rr_test_value *value = rr_test_add(&t->opts, sizeof *value);
        value->row = row;
        if (row->fallback != NULL) {
            rr_test_opt(t, row->key, row->fallback);
        }
    }
    rr_test_fact(t, "stage", plugin->name);
    rr_test_fact(t, "version", "test");
    return t;
}

/* Free it, with all that it kept. */
static inline void
rr_test_free(struct rr_test *t)
{
    struct rr_test_value *values = t->opts.rows;
    for (size_t i = 0; i < t->opts.n; i++) {
        free(values[i].text);
    }
    free(values);
    rr_test_clear_pairs(&t->facts);
    rr_test_clear_pairs(&t->store);
    rr_test_clear_pairs(&t->puts);
    rr_test_clear_pairs(&t->notes);
    rr_test_clear_emits(&t->emits);
    rr_test_clear_emits(&t->fresh);
    free(t);
}

/* End a callback: keep what it did when it is done, else drop it. */
static inline int
rr_test_settle(struct rr_test *t, int result)
{
    if (result == RR_DONE && t->refused) {
        rr_err_set(&t->err, RR_E_INPUT, "the handler says done, but an emit or put was refused");
        result = RR_RETRY;
    }
    if (result == RR_DONE) {
        const struct rr_test_emit *fresh = t->fresh.rows;
        for (size_t i = 0; i < t->fresh.n; i++) {
            memcpy(rr_test_add(&t->emits, sizeof *fresh), &fresh[i], sizeof *fresh);
        }
        free(t->fresh.rows);
        memset(&t->fresh, 0, sizeof t->fresh);
        const struct rr_test_pair *puts = t->puts.rows;
        for (size_t i = 0; i < t->puts.n; i++) {
            rr_test_set(&t->store, puts[i].key, puts[i].text);
        }
    }
    rr_test_clear_emits(&t->fresh);
    rr_test_clear_pairs(&t->puts);
    t->refused = t->in_tx = t->in_event = 0;
    return result;
}

static inline int
rr_test_call(struct rr_test *t, int (*callback)(struct rr_ctx *, struct rr_err *), int in_tx)
{
    memset(&t->err, 0, sizeof t->err);
    t->err.size = sizeof t->err;
    t->in_tx = in_tx;
    return rr_test_settle(t, callback == NULL ? 0 : callback(&t->ctx, &t->err));
}

/* Run a callback; one that the plugin does not offer gives 0. What went wrong is in t->err. */
static inline int
rr_test_check(struct rr_test *t)
{
    return rr_test_call(t, t->plugin->check, 0);
}

static inline int
rr_test_init(struct rr_test *t)
{
    return rr_test_call(t, t->plugin->init, 0);
}

static inline int
rr_test_idle(struct rr_test *t)
{
    return rr_test_call(t, t->plugin->idle, 1);
}

static inline int
rr_test_drain(struct rr_test *t)
{
    return rr_test_call(t, t->plugin->drain, 1);
}

static inline void
rr_test_fini(struct rr_test *t)
{
    if (t->plugin->fini != NULL) {
        t->plugin->fini(&t->ctx);
    }
}

/* Deliver an event again, as a retry would: same id, given attempt. */
static inline int
rr_test_event_again(struct rr_test *t, const struct rr_event_type *type, const char *config,
                    const void *payload, uint64_t id, uint32_t attempt)
{
    const struct rr_event event = {
        .size = sizeof event,
        .attempt = attempt,
        .id = id,
        .time_ms = UINT64_C(1700000000000),
        .type = type->name,
        .source = "test",
        .config = config,
        .payload = "{}", /* the text form is not made here: decode with rr_decode */
    };
    if (t->plugin->event == NULL) {
        rr_test_die("the plugin has no event callback");
    }
    memset(&t->err, 0, sizeof t->err);
    t->err.size = sizeof t->err;
    t->in_tx = t->in_event = 1;
    t->type = type;
    t->payload = payload;
    return rr_test_settle(t, t->plugin->event(&t->ctx, &event, &t->err));
}

/* Deliver a new event, first attempt. Returns what the handler returned. */
static inline int
rr_test_event(struct rr_test *t, const struct rr_event_type *type, const char *config,
              const void *payload)
{
    return rr_test_event_again(t, type, config, payload, t->next_id++, 1);
}

/* The i-th emitted event of a type, or NULL; type NULL: of all types. */
static inline const struct rr_test_emit *
rr_test_emitted(const struct rr_test *t, const char *type, size_t i)
{
    const struct rr_test_emit *emits = t->emits.rows;
    for (size_t k = 0; k < t->emits.n; k++) {
        if ((type == NULL || strcmp(emits[k].type->name, type) == 0) && i-- == 0) {
            return &emits[k];
        }
    }
    return NULL;
}

/* How many events of a type were emitted; NULL: of all types. */
static inline size_t
rr_test_count(const struct rr_test *t, const char *type)
{
    size_t n = 0;
    while (rr_test_emitted(t, type, n) != NULL) {
        n++;
    }
    return n;
}

/* The struct of the i-th emitted event of a type; there must be so many. */
static inline const void *
rr_test_payload(const struct rr_test *t, const char *type, size_t i)
{
    const struct rr_test_emit *emit = rr_test_emitted(t, type, i);
    if (emit == NULL) {
        rr_test_die("no event %s number %zu was emitted", type, i);
    }
    return emit->payload;
}

/* A durable key as it is stored, or NULL. */
static inline const char *
rr_test_durable(const struct rr_test *t, const char *key)
{
    const struct rr_test_pair *pair = rr_test_find(&t->store, key);
    return pair == NULL ? NULL : pair->text;
}

/* Put a durable key there before a callback; NULL deletes. */
static inline void
rr_test_set_durable(struct rr_test *t, const char *key, const char *text)
{
    rr_test_set(&t->store, key, text);
}

/* The note for a configuration ("" is the stage's own), or NULL. */
static inline const char *
rr_test_note(const struct rr_test *t, const char *config)
{
    const struct rr_test_pair *pair = rr_test_find(&t->notes, config);
    return pair == NULL ? NULL : pair->text;
}

#endif
