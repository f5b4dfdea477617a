/* SPDX-License-Identifier: MIT */
/*
 * host.c - the services of rr/host.h, as a worker process gives them.
 *
 * Owns: option values, facts, and what the running handler has emitted, put and borrowed.
 * Threads: the main thread; log, options, facts and should_stop from any.
 */
#include "core/worker/host.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/common/jget.h"
#include "core/common/mem.h"
#include "core/common/wire.h"
#include "core/worker/codec.h"

/* Progress frames: a burst, then so many per second. A person looks at them. */
#define PROGRESS_BURST 20
#define PROGRESS_EVERY_MS 100
#define LOG_TEXT_MAX 2048
#define NOTE_TEXT_MAX 255

/* Room for the frame around the emits and puts: {"emits":[],"puts":{}}. */
#define DONE_FRAME_BYTES 32

struct host {
    struct rr_ctx ctx; /* first: the plugin's pointer is ours */
    struct io *io;
    const struct plugin *plugin;
    struct options options;
    json_t *facts;
    pthread_t thread;
    enum phase phase;
    const json_t *payload; /* of the event in hand, borrowed */
    json_t *emits;         /* array */
    json_t *puts;          /* object */
    json_t *texts;         /* what decode lent */
    json_t *value;         /* what get lent */
    size_t collected_bytes;
    struct rr_err refused; /* first emit or put of this handler that failed */
    uint64_t request;
    uint32_t idle_ms;
    unsigned progress_tokens;
    uint64_t progress_ms;
};

static const char *const phase_names[] = {
    [PHASE_NONE] = "no callback", [PHASE_CHECK] = "check()", [PHASE_INIT] = "init()",
    [PHASE_EVENT] = "event()",    [PHASE_IDLE] = "idle()",   [PHASE_DRAIN] = "drain()",
    [PHASE_FINI] = "fini()",
};

/* ctx is the first member of a host. */
static struct host *
host_of(struct rr_ctx *ctx)
{
    return (struct host *)(void *)ctx;
}

static void
send_log(struct host *host, uint32_t level, const char *text)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    const char *name = names[level > RR_LOG_DEBUG ? RR_LOG_DEBUG : level];

    if (host->io == NULL) {
        FILE *to = level == RR_LOG_ERROR ? stdout : stderr;
        (void)fprintf(to, "%s\n", text);
        (void)fflush(to); /* the plugin may crash next */
        return;
    }
    json_t *body =
        json_pack("{s:s, s:o}", "level", name, "text", codec_text_new(text, LOG_TEXT_MAX));
    (void)io_send(host->io, WIRE_LOG, 0, body, NULL);
}

void
host_log(struct host *host, uint32_t level, const char *fmt, ...)
{
    char text[LOG_TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    send_log(host, level, text);
}

/* The plugin broke the contract in a way that its author must see: say so and abort, which leaves
 * a core with the plugin's own stack. */
__attribute__((noreturn, format(printf, 2, 3))) static void
plugin_bug(struct host *host, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    host_log(host, RR_LOG_ERROR, "bug in plugin %s: %s", host->plugin->api.name, text);
    abort();
}

/* Every call that touches the handler's state goes through here. */
static struct host *
enter(struct rr_ctx *ctx, const char *call)
{
    struct host *host = host_of(ctx);
    if (!pthread_equal(pthread_self(), host->thread)) {
        plugin_bug(host, "it calls %s from a thread of its own", call);
    }
    return host;
}

static const struct stage_option *
need_option(struct host *host, const char *key, const char *call)
{
    const struct stage_option *opt = options_find(&host->options, key);
    if (opt == NULL) {
        plugin_bug(host, "it asks for option \"%s\", which it does not declare", key);
    }
    const uint32_t type = opt->row->type;
    const int textual = type == RR_OPT_STRING || type == RR_OPT_CHOICE || type == RR_OPT_LIST;
    const char *right = textual ? "opt_str" : type == RR_OPT_REAL ? "opt_real" : "opt_int";
    if (strcmp(call, right) != 0) {
        plugin_bug(host, "it asks for option \"%s\" with rr_%s; its type needs rr_%s", key, call,
                   right);
    }
    return opt;
}

static const char *
host_opt_str(struct rr_ctx *ctx, const char *key)
{
    return need_option(host_of(ctx), key, "opt_str")->value.s;
}

static int64_t
host_opt_int(struct rr_ctx *ctx, const char *key)
{
    return need_option(host_of(ctx), key, "opt_int")->value.i;
}

static double
host_opt_real(struct rr_ctx *ctx, const char *key)
{
    return need_option(host_of(ctx), key, "opt_real")->value.r;
}

static const char *
host_fact(struct rr_ctx *ctx, const char *name)
{
    return jget_text(host_of(ctx)->facts, name);
}

static void
host_log_line(struct rr_ctx *ctx, uint32_t level, const char *text)
{
    send_log(host_of(ctx), level, text);
}

static int
host_decode(struct rr_ctx *ctx, const struct rr_event *event, const struct rr_event_type *type,
            void *out, struct rr_err *err)
{
    struct host *host = enter(ctx, "rr_decode");

    if (host->payload == NULL) {
        return rr_err_set(err, RR_E_INPUT, "rr_decode is for event() only");
    }
    if (strcmp(event->type, type->name) != 0 &&
        (type->alias == NULL || strcmp(event->type, type->alias) != 0)) {
        return rr_err_set(err, RR_E_INPUT, "the event is a %s, not a %s", event->type, type->name);
    }
    return codec_decode(type, host->payload, host->texts, out, err);
}

/* How a handler's emit or put ended: it remembers that the handler was refused something, so that
 * it cannot commit without it. */
static int
outcome(struct host *host, int rc, const struct rr_err *why, struct rr_err *err)
{
    if (rc != 0 && host->refused.code == 0) {
        host->refused = *why;
    }
    return rc == 0 ? 0 : rr_err_set(err, rc, "%s", why->text);
}

static const struct rr_event_type *
declared(const struct rr_port *ports, const char *name)
{
    for (; ports != NULL && ports->type != NULL; ports++) {
        if (strcmp(ports->type->name, name) == 0) {
            return ports->type;
        }
    }
    return NULL;
}

static int
check_name(const char *what, const char *text, struct rr_err *err)
{
    if (strnlen(text, RR_WIRE_NAME_MAX + 1) > RR_WIRE_NAME_MAX) {
        return rr_err_set(err, RR_E_INPUT, "%s \"%.40s...\" is longer than %u bytes", what, text,
                          RR_WIRE_NAME_MAX);
    }
    return 0;
}

/* Build one row of emits: {type,version,key,config,payload}. */
static json_t *
emit_row_new(struct host *host, const struct rr_event_type *type, const char *key,
             const char *config, const void *payload, struct rr_err *err)
{
    const struct rr_event_type *known = declared(host->plugin->api.produces, type->name);
    if (known == NULL || known->version != type->version) {
        rr_err_set(err, RR_E_INPUT, "the plugin does not declare that it produces %s version %u",
                   type->name, type->version);
        return NULL;
    }
    if (config == NULL) {
        config = "";
    }
    if (check_name("configuration key", config, err) != 0 ||
        (key != NULL && check_name("emit key", key, err) != 0)) {
        return NULL;
    }
    if (key != NULL && key[0] == '\0') {
        rr_err_set(err, RR_E_INPUT, "the emit key is empty");
        return NULL;
    }
    json_t *object = codec_encode_new(known, payload, err);
    if (object == NULL) {
        return NULL;
    }
    const size_t bytes = io_body_bytes(object);
    if (bytes > RR_WIRE_PAYLOAD_MAX) {
        rr_err_set(err, -EMSGSIZE,
                   "the payload of %s has %zu bytes, at most %u are possible: put large data into "
                   "a file and name it",
                   type->name, bytes, RR_WIRE_PAYLOAD_MAX);
        json_decref(object);
        return NULL;
    }
    /* "o" takes the payload over even when packing fails. */
    json_t *row =
        json_pack("{s:s, s:I, s:s?, s:s, s:o}", "type", type->name, "version",
                  (json_int_t)type->version, "key", key, "config", config, "payload", object);
    if (row == NULL) {
        rr_err_set(err, RR_E_INPUT, "the key or the configuration key is not UTF-8");
    }
    return row;
}

static int
may_collect(const struct host *host, const char *call, struct rr_err *err)
{
    if (host->phase == PHASE_EVENT || host->phase == PHASE_IDLE || host->phase == PHASE_DRAIN) {
        return 0;
    }
    return rr_err_set(err, RR_E_INPUT, "%s is for event(), idle() and drain(), not for %s", call,
                      phase_names[host->phase]);
}

static int
may_ask(const struct host *host, const char *call, struct rr_err *err)
{
    if (host->phase == PHASE_INIT || may_collect(host, call, NULL) == 0) {
        return 0;
    }
    return rr_err_set(err, RR_E_INPUT, "%s is not for %s", call, phase_names[host->phase]);
}

/* Add bytes to what the handler will commit, unless that outgrows one frame. */
static int
reserve(struct host *host, size_t bytes, struct rr_err *err)
{
    if (host->collected_bytes + bytes + DONE_FRAME_BYTES > RR_WIRE_BODY_MAX) {
        return rr_err_set(err, -EMSGSIZE,
                          "what one handler emits and puts is over %u bytes in all: put large data "
                          "into a file and name it",
                          RR_WIRE_BODY_MAX);
    }
    host->collected_bytes += bytes;
    return 0;
}

static int
collect_emit(struct host *host, const struct rr_event_type *type, const char *key,
             const char *config, const void *payload, struct rr_err *err)
{
    int rc = may_collect(host, "rr_emit", err);
    if (rc != 0) {
        return rc;
    }
    if (key == NULL && host->phase != PHASE_EVENT) {
        return rr_err_set(err, RR_E_INPUT,
                          "emit of %s: a key is required in %s, where no event makes a repetition "
                          "recognisable",
                          type->name, phase_names[host->phase]);
    }
    json_t *row = emit_row_new(host, type, key, config, payload, err);
    if (row == NULL) {
        return err->code;
    }
    rc = reserve(host, io_body_bytes(row) + 1, err);
    if (rc == 0) {
        json_array_append(host->emits, row);
    }
    json_decref(row);
    return rc;
}

static int
host_emit(struct rr_ctx *ctx, const struct rr_event_type *type, const char *key, const char *config,
          const void *payload, struct rr_err *err)
{
    struct host *host = enter(ctx, "rr_emit");
    struct rr_err why = RR_ERR_INIT;

    const int rc = collect_emit(host, type, key, config, payload, &why);
    return outcome(host, rc, &why, err);
}

static int
host_emit_now(struct rr_ctx *ctx, const struct rr_event_type *type, const char *key,
              const char *config, const void *payload, struct rr_err *err)
{
    struct host *host = enter(ctx, "rr_emit_now");

    const int rc = may_ask(host, "rr_emit_now", err);
    if (rc != 0) {
        return rc;
    }
    if (key == NULL) {
        return rr_err_set(err, RR_E_INPUT, "rr_emit_now of %s needs a key", type->name);
    }
    struct rr_err why = RR_ERR_INIT;
    json_t *row = emit_row_new(host, type, key, config, payload, &why);
    if (row == NULL) {
        return rr_err_set(err, why.code, "%s", why.text);
    }
    const uint64_t id = ++host->request;
    const int sent = io_send(host->io, WIRE_EMIT, id, row, err);
    return sent != 0 ? sent : io_wait_verdict(host->io, WIRE_RESULT, id, err);
}

static int
check_key(const char *key, struct rr_err *err)
{
    if (key == NULL || key[0] == '\0') {
        return rr_err_set(err, RR_E_INPUT, "a durable key has no name");
    }
    return check_name("durable key", key, err);
}

static int
collect_put(struct host *host, const char *key, const char *text, struct rr_err *err)
{
    int rc = may_collect(host, "rr_put", err);
    if (rc == 0) {
        rc = check_key(key, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (text != NULL && strlen(text) > RR_WIRE_VALUE_MAX) {
        return rr_err_set(err, -EMSGSIZE, "durable key \"%.60s\": %zu bytes of text, at most %u",
                          key, strlen(text), RR_WIRE_VALUE_MAX);
    }
    json_t *pair = json_pack("{s:s?}", key, text);
    if (pair == NULL) {
        return rr_err_set(err, RR_E_INPUT, "durable key \"%.60s\": name or text is not UTF-8", key);
    }
    rc = reserve(host, io_body_bytes(pair), err);
    if (rc == 0) {
        json_object_update(host->puts, pair);
    }
    json_decref(pair);
    return rc;
}

static int
host_put(struct rr_ctx *ctx, const char *key, const char *text, struct rr_err *err)
{
    struct host *host = enter(ctx, "rr_put");
    struct rr_err why = RR_ERR_INIT;

    return outcome(host, collect_put(host, key, text, &why), &why, err);
}

static const char *
host_get(struct rr_ctx *ctx, const char *key, struct rr_err *err)
{
    struct host *host = enter(ctx, "rr_get");
    struct rr_err ignored = RR_ERR_INIT;
    struct rr_err *why = err == NULL ? &ignored : err;

    why->code = 0;
    why->text[0] = '\0';
    if (may_ask(host, "rr_get", why) != 0 || check_key(key, why) != 0) {
        return NULL;
    }
    json_decref(host->value);
    host->value = NULL;

    const json_t *own = json_object_get(host->puts, key);
    if (own != NULL) {
        host->value = json_deep_copy(own); /* a later put must not pull the text away */
        return json_string_value(host->value);
    }
    json_t *body = json_pack("{s:s}", "key", key);
    if (body == NULL) {
        rr_err_set(why, RR_E_INPUT, "the name of the durable key is not UTF-8");
        return NULL;
    }
    const uint64_t id = ++host->request;
    if (io_send(host->io, WIRE_GET, id, body, why) != 0) {
        return NULL;
    }
    json_t *answer = io_wait_reply(host->io, WIRE_VALUE, id);
    const int64_t code = jget_int(answer, "code");
    if (code != 0) {
        const char *text = jget_text(answer, "error");
        rr_err_set(why, (int)code, "cannot read durable key \"%.60s\": %.160s", key,
                   text == NULL ? "no reason given" : text);
    }
    host->value = json_incref(json_object_get(answer, "value"));
    json_decref(answer);
    return json_string_value(host->value);
}

/* Tell whether this progress report may go out; the last one of a job always may. */
static int
progress_allowed(struct host *host, uint64_t done, uint64_t total)
{
    const uint64_t now = io_now_ms();
    const uint64_t earned = (now - host->progress_ms) / PROGRESS_EVERY_MS;

    if (earned > 0) {
        host->progress_ms = now;
        host->progress_tokens = earned + host->progress_tokens > PROGRESS_BURST
                                    ? PROGRESS_BURST
                                    : host->progress_tokens + (unsigned)earned;
    }
    if (host->progress_tokens > 0) {
        host->progress_tokens--;
        return 1;
    }
    return total > 0 && done >= total;
}

static void
host_progress(struct rr_ctx *ctx, uint64_t done, uint64_t total, const char *text)
{
    struct host *host = enter(ctx, "rr_progress");

    if (may_ask(host, "rr_progress", NULL) != 0 || !progress_allowed(host, done, total)) {
        return;
    }
    json_t *body = json_pack("{s:I, s:I, s:o}", "done", (json_int_t)(done & INT64_MAX), "total",
                             (json_int_t)(total & INT64_MAX), "text",
                             codec_text_new(text == NULL ? "" : text, NOTE_TEXT_MAX));
    (void)io_send(host->io, WIRE_PROGRESS, 0, body, NULL);
}

static void
host_note(struct rr_ctx *ctx, const char *config, const char *text)
{
    struct host *host = enter(ctx, "rr_note");

    if (may_ask(host, "rr_note", NULL) != 0) {
        return;
    }
    json_t *body = json_pack("{s:o, s:o}", "config",
                             codec_text_new(config == NULL ? "" : config, RR_WIRE_NAME_MAX), "text",
                             codec_text_new(text == NULL ? "" : text, NOTE_TEXT_MAX));
    (void)io_send(host->io, WIRE_NOTE, 0, body, NULL);
}

static int
host_should_stop(struct rr_ctx *ctx)
{
    const struct host *host = host_of(ctx);
    return host->io != NULL && io_stopping(host->io);
}

static void
host_set_idle_ms(struct rr_ctx *ctx, uint32_t interval_ms)
{
    enter(ctx, "rr_set_idle_ms")->idle_ms = interval_ms;
}

static const struct rr_host table = {
    .size = sizeof(struct rr_host),
    .abi_major = RR_PLUGIN_ABI_MAJOR,
    .abi_minor = RR_PLUGIN_ABI_MINOR,
    .opt_str = host_opt_str,
    .opt_int = host_opt_int,
    .opt_real = host_opt_real,
    .fact = host_fact,
    .log = host_log_line,
    .decode = host_decode,
    .emit = host_emit,
    .emit_now = host_emit_now,
    .put = host_put,
    .get = host_get,
    .progress = host_progress,
    .note = host_note,
    .should_stop = host_should_stop,
    .set_idle_ms = host_set_idle_ms,
};

struct host *
host_new(struct io *io, const struct plugin *plugin, const json_t *config, struct rr_err *err)
{
    json_t *options = json_object_get(config, "options");
    json_t *facts = json_object_get(config, "facts");

    if (!json_is_object(options) || !json_is_object(facts)) {
        rr_err_set(err, RR_E_PROTO, "the configuration has no options or no facts");
        return NULL;
    }
    struct host *host = mem_zalloc(1, sizeof *host);
    host->ctx.host = &table;
    host->io = io;
    host->plugin = plugin;
    host->thread = pthread_self();
    host->progress_tokens = PROGRESS_BURST;
    if (options_init(&host->options, plugin, options, err) != 0) {
        free(host);
        return NULL;
    }
    host->facts = json_incref(facts);
    return host;
}

void
host_free(struct host *host)
{
    if (host == NULL) {
        return;
    }
    host_end(host);
    json_decref(host->value);
    json_decref(host->facts);
    options_fini(&host->options);
    free(host);
}

struct rr_ctx *
host_ctx(struct host *host)
{
    return &host->ctx;
}

void
host_begin(struct host *host, enum phase phase, const json_t *payload)
{
    host_end(host);
    host->phase = phase;
    host->payload = payload;
    host->emits = json_array();
    host->puts = json_object();
    host->texts = json_array();
}

int
host_call(struct host *host, enum phase phase, host_callback_fn callback, struct rr_err *err)
{
    if (callback == NULL) {
        return 0;
    }
    host_begin(host, phase, NULL);
    const int rc = callback(&host->ctx, err);
    host_end(host);
    return rc;
}

json_t *
host_collect(struct host *host, struct rr_err *err)
{
    if (host->refused.code != 0) {
        rr_err_set(err, RR_E_INPUT, "the handler says done, but it was refused this: %.160s",
                   host->refused.text);
        return NULL;
    }
    if (json_array_size(host->emits) == 0 && json_object_size(host->puts) == 0) {
        return NULL;
    }
    return json_pack("{s:O, s:O}", "emits", host->emits, "puts", host->puts);
}

void
host_end(struct host *host)
{
    json_decref(host->emits);
    json_decref(host->puts);
    json_decref(host->texts);
    host->emits = NULL;
    host->puts = NULL;
    host->texts = NULL;
    host->payload = NULL;
    host->collected_bytes = 0;
    memset(&host->refused, 0, sizeof host->refused);
    host->phase = PHASE_NONE;
}

uint32_t
host_idle_ms(const struct host *host)
{
    return host->idle_ms;
}
