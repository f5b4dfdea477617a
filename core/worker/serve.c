/* SPDX-License-Identifier: MIT */
/*
 * serve.c - the life of a worker process.
 *
 * Owns: the order of the callbacks, and what their results mean to the daemon.
 * Does not: collect what a handler does (host.c) or read frames (io.c).
 */
#include "core/worker/serve.h"
#include "core/common/fail.h"
#include "core/common/status.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/common/wire.h"
#include "core/worker/codec.h"
#include "core/worker/host.h"
#include "core/worker/io.h"
#include "core/worker/load.h"

#define ERROR_TEXT_MAX 240

struct worker {
    const struct serve_args *args;
    struct io *io;
    struct plugin plugin;
    struct host *host;
    uint64_t idle_done_ms; /* when idle ended last */
    uint64_t idle_failures;
};

/* For the signal handler only, which a plugin's forked child has, too. */
static pid_t told_parent, self;

/* The kernel sends SIGCONT when the daemon dies: it reaches a stopped process, too, and means
 * nothing to one whose daemon lives. Most see the end of the link first; one that waits in .fini
 * does not. */
static void
on_continued(int signo)
{
    (void)signo;
    if (getpid() == self && getppid() != told_parent) {
        io_die_with_group();
    }
}

/* Tie this process to its parent and close what it should not have inherited. */
static int
settle(const struct serve_args *args)
{
    const struct sigaction cont = {.sa_handler = on_continued, .sa_flags = SA_RESTART};
    char name[16];
    int type = 0;
    socklen_t bytes = sizeof type;

    told_parent = args->parent;
    self = getpid();
    (void)sigaction(SIGCONT, &cont, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)prctl(PR_SET_PDEATHSIG, SIGCONT);
    rights_limit(&args->rights);
    if (getppid() != args->parent) {
        (void)fprintf(stderr, "rrd-worker: rrd (pid %ld) is gone already\n", (long)args->parent);
        return STATUS_FAILED;
    }
    if (getsockopt(SERVE_FD_LINK, SOL_SOCKET, SO_TYPE, &type, &bytes) != 0 ||
        type != SOCK_SEQPACKET) {
        (void)fprintf(stderr,
                      "rrd-worker: descriptor %d is no link to rrd; rrd starts this "
                      "program, people use rrctl\n",
                      SERVE_FD_LINK);
        return STATUS_USAGE;
    }
    const int flags = fcntl(SERVE_FD_LINK, F_GETFL);
    (void)fcntl(SERVE_FD_LINK, F_SETFL, flags & ~O_NONBLOCK);
    (void)fcntl(SERVE_FD_LINK, F_SETFD, FD_CLOEXEC);
    (void)fcntl(SERVE_FD_LOCK, F_SETFD, FD_CLOEXEC);
    (void)close_range(SERVE_FD_LOCK + 1, ~0U, 0);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)snprintf(name, sizeof name, "rrd:%s", args->stage);
    (void)prctl(PR_SET_NAME, name); /* what top and ps show */
    return 0;
}

static const char *
reason(const struct rr_err *err)
{
    return err->text[0] == '\0' ? "no reason given" : err->text;
}

/* Send RETRY, REJECT or FATAL for a lease. */
static void
send_refusal(struct worker *w, uint16_t type, uint64_t lease, const char *why)
{
    json_t *body = json_pack("{s:o}", "error", codec_text_new(why, ERROR_TEXT_MAX));
    if (type == WIRE_RETRY) {
        json_object_set_new(body, "stop", json_boolean(io_stopping(w->io)));
    }
    (void)io_send(w->io, type, lease, body, NULL);
}

static void
send_hello(struct worker *w)
{
    char abi[16];
    (void)snprintf(abi, sizeof abi, "%u.%u", RR_PLUGIN_ABI_MAJOR, RR_PLUGIN_ABI_MINOR);

    json_t *body = json_pack("{s:s, s:s, s:o, s:s, s:i}", "abi", abi, "name", w->plugin.api.name,
                             "version", codec_text_new(w->plugin.api.version, ERROR_TEXT_MAX),
                             "sha256", w->plugin.sha256, "pid", (int)getpid());
    (void)io_send(w->io, WIRE_HELLO, 0, body, NULL);
}

/* Send what the callback collected. That of an event is durable later, and the daemon looks after
 * it; that of no event (lease 0) is waited for. Returns 0, or the reason why it counts for nothing:
 * refused by the daemon or by ourselves (-ECANCELED). */
static int
commit(struct worker *w, uint64_t lease, struct rr_err *err)
{
    struct rr_err refused = RR_ERR_INIT;
    json_t *body = host_collect(w->host, &refused);

    if (body == NULL && refused.code != 0) {
        return rr_err_set(err, -ECANCELED, "%s", refused.text);
    }
    if (body == NULL) {
        if (lease == 0) {
            return 0; /* idle had nothing to say */
        }
        body = json_pack("{s:[], s:{}}", "emits", "puts");
    }
    if (io_send(w->io, WIRE_DONE, lease, body, err) != 0) {
        return -ECANCELED;
    }
    if (lease != 0) {
        return 0;
    }
    return io_wait_verdict(w->io, WIRE_ACK, 0, err) == 0 ? 0 : RR_E_INPUT;
}

/* The process is no longer good: tell why and leave without another word from the plugin. */
__attribute__((noreturn)) static void
give_up(struct worker *w, uint64_t lease, const char *why)
{
    io_closing(w->io);
    send_refusal(w, WIRE_FATAL, lease, why);
    (void)fflush(NULL);
    _exit(STATUS_FAILED);
}

/* Tell the daemon how the event ended. */
static void
finish_event(struct worker *w, uint64_t lease, int result, const struct rr_err *why)
{
    struct rr_err err = RR_ERR_INIT;
    char text[ERROR_TEXT_MAX];

    switch (result) {
    case RR_DONE:
        if (commit(w, lease, &err) != 0) {
            host_log(w->host, RR_LOG_ERROR, "%s", err.text);
            send_refusal(w, WIRE_RETRY, lease, err.text);
        }
        break;
    case RR_RETRY:
        send_refusal(w, WIRE_RETRY, lease, reason(why));
        break;
    case RR_REJECT:
        send_refusal(w, WIRE_REJECT, lease, reason(why));
        break;
    case RR_FATAL:
        give_up(w, lease, reason(why));
    default:
        (void)snprintf(text, sizeof text, "bug in plugin %s: event() returned %d (%.100s)",
                       w->plugin.api.name, result, reason(why));
        host_log(w->host, RR_LOG_ERROR, "%s", text);
        send_refusal(w, WIRE_RETRY, lease, text);
        break;
    }
}

/* The type that the plugin knows an event by: its own name for it. NULL when it consumes no such.
 */
static const struct rr_event_type *
consumed_type(const struct worker *w, const char *name)
{
    const struct rr_port *port = w->plugin.api.consumes;
    for (; port != NULL && port->type != NULL; port++) {
        if (strcmp(port->type->name, name) == 0 ||
            (port->type->alias != NULL && strcmp(port->type->alias, name) == 0)) {
            return port->type;
        }
    }
    return NULL;
}

static void
handle_event(struct worker *w, uint64_t lease, json_t *body)
{
    json_int_t id = 0;
    json_int_t attempt = 0;
    json_int_t time_ms = 0;
    const char *type = NULL;
    const char *source = NULL;
    const char *config = NULL;
    json_t *payload = NULL;
    struct rr_err err = RR_ERR_INIT;

    if (json_unpack(body, "{s:I, s:I, s:I, s:s, s:s, s:s, s:o}", "id", &id, "attempt", &attempt,
                    "time_ms", &time_ms, "type", &type, "source", &source, "config", &config,
                    "payload", &payload) != 0 ||
        !json_is_object(payload)) {
        give_up(w, lease, "the EVENT frame is not complete");
    }
    const struct rr_event_type *known = consumed_type(w, type);
    if (known == NULL) {
        (void)rr_err_set(&err, RR_E_INPUT, "plugin %s does not consume %s", w->plugin.api.name,
                         type);
        send_refusal(w, WIRE_REJECT, lease, err.text);
        return;
    }
    char *text = json_dumps(payload, JSON_COMPACT);
    if (text == NULL) {
        give_up(w, lease, "no memory for the payload");
    }
    const struct rr_event event = {
        .size = sizeof event,
        .attempt = (uint32_t)attempt,
        .id = (uint64_t)id,
        .time_ms = (uint64_t)time_ms,
        .type = known->name,
        .source = source,
        .config = config,
        .payload = text,
    };
    host_begin(w->host, PHASE_EVENT, payload);
    FAIL("worker.event.before");
    const int result = w->plugin.api.event(host_ctx(w->host), &event, &err);
    FAIL("worker.event.after");
    finish_event(w, lease, result, &err);
    FAIL("worker.done.sent");
    host_end(w->host);
    free(text);
}

/* Tell that what runs now belongs to no event, so that its harm is not counted against one. */
static void
send_aside(struct worker *w, int on)
{
    (void)io_send(w->io, WIRE_ASIDE, 0, json_pack("{s:b}", "on", on), NULL);
}

/* Run a callback that belongs to no event, and commit what it did. */
static int
run_aside(struct worker *w, enum phase phase, host_callback_fn callback, struct rr_err *err)
{
    send_aside(w, 1);
    host_begin(w->host, phase, NULL);
    int rc = callback(host_ctx(w->host), err);
    if (rc == RR_DONE) {
        rc = commit(w, 0, err);
    }
    host_end(w->host);
    send_aside(w, 0);
    return rc;
}

static void
run_idle(struct worker *w)
{
    struct rr_err err = RR_ERR_INIT;
    const int rc = run_aside(w, PHASE_IDLE, w->plugin.api.idle, &err);

    w->idle_done_ms = io_now_ms();
    if (rc == RR_DONE) {
        w->idle_failures = 0;
        return;
    }
    if (rc == RR_FATAL) {
        give_up(w, 0, reason(&err));
    }
    /* It comes again by itself; say so at the 1st, 2nd, 4th, 8th ... failure in a row. */
    w->idle_failures++;
    if ((w->idle_failures & (w->idle_failures - 1)) == 0) {
        host_log(w->host, RR_LOG_WARN, "idle() failed %llu times in a row, result %d: %s",
                 (unsigned long long)w->idle_failures, rc, reason(&err));
    }
}

static void
work(struct worker *w)
{
    w->idle_done_ms = io_now_ms();
    for (;;) {
        uint64_t lease = 0;
        json_t *body = NULL;
        const uint32_t every_ms = w->plugin.api.idle == NULL ? 0 : host_idle_ms(w->host);
        const uint64_t deadline_ms = every_ms == 0 ? UINT64_MAX : w->idle_done_ms + every_ms;

        /* An idle that is due goes before a waiting event, or a full queue would starve it. */
        const int due = deadline_ms <= io_now_ms() && !io_stopping(w->io);
        const int rc = due ? IO_TIMEOUT : io_wait_event(w->io, deadline_ms, &lease, &body);
        if (rc == IO_STOP) {
            return;
        }
        if (rc == IO_TIMEOUT) {
            run_idle(w);
            continue;
        }
        handle_event(w, lease, body);
        json_decref(body);
    }
}

/* Run check and init. Returns 0 or an exit status. */
static int
prepare(struct worker *w)
{
    struct rr_err err = RR_ERR_INIT;

    if (host_call(w->host, PHASE_CHECK, w->plugin.api.check, &err) != 0) {
        host_log(w->host, RR_LOG_ERROR, "configuration refused: %s", reason(&err));
        return STATUS_CONFIG;
    }
    const int rc = host_call(w->host, PHASE_INIT, w->plugin.api.init, &err);
    if (rc != 0) {
        host_log(w->host, RR_LOG_ERROR, "init failed (%d): %s", rc, reason(&err));
        return rc == RR_E_CONFIG || err.code == RR_E_CONFIG ? STATUS_CONFIG : STATUS_FAILED;
    }
    return 0;
}

static void
wind_up(struct worker *w)
{
    struct rr_err err = RR_ERR_INIT;
    uint64_t lease = 0;

    while (io_take_event(w->io, &lease)) {
        send_refusal(w, WIRE_RETRY, lease, "the stage stops");
    }
    io_settle(w->io);
    if (w->plugin.api.drain != NULL &&
        run_aside(w, PHASE_DRAIN, w->plugin.api.drain, &err) != RR_DONE) {
        host_log(w->host, RR_LOG_WARN, "drain failed: %s", reason(&err));
    }
    io_closing(w->io);
    FAIL("worker.drain.after");
    (void)io_send(w->io, WIRE_DRAINED, 0, NULL, NULL);
    if (w->plugin.api.fini != NULL) {
        host_begin(w->host, PHASE_FINI, NULL);
        w->plugin.api.fini(host_ctx(w->host));
        host_end(w->host);
    }
}

/* Everything between the start of the I/O thread and the end. Returns the exit status. */
static int
live(struct worker *w)
{
    struct rr_err err = RR_ERR_INIT;

    if (load_plugin(w->args->plugin, w->args->state, &w->args->rights, &w->plugin, &err) != 0) {
        (void)fprintf(stderr, "rrd-worker: %s: %s\n", w->args->plugin, err.text);
        return STATUS_PLUGIN;
    }
    FAIL("worker.loaded");
    send_hello(w);
    json_t *config = io_wait_reply(w->io, WIRE_CONFIG, 0);
    if (config == NULL) {
        io_closing(w->io);
        (void)io_send(w->io, WIRE_DRAINED, 0, NULL, NULL);
        return 0;
    }
    w->host = host_new(w->io, &w->plugin, config, &err);
    json_decref(config);
    if (w->host == NULL) {
        (void)fprintf(stderr, "rrd-worker: %s\n", err.text);
        return err.code == RR_E_CONFIG ? STATUS_CONFIG : STATUS_FAILED;
    }
    FAIL("worker.init.before");
    const int status = prepare(w);
    if (status != 0) {
        return status;
    }
    FAIL("worker.init.after");
    (void)io_send(w->io, WIRE_READY, 0, NULL, NULL);
    work(w);
    FAIL("worker.drain.before");
    wind_up(w);
    FAIL("worker.fini.after");
    return 0;
}

int
serve(const struct serve_args *args)
{
    struct worker w = {.args = args};
    struct rr_err err = RR_ERR_INIT;

    int status = settle(args);
    if (status != 0) {
        return status;
    }
    w.io = io_new(SERVE_FD_LINK, args->epoch, &err);
    if (w.io == NULL) {
        (void)fprintf(stderr, "rrd-worker: %s\n", err.text);
        return STATUS_FAILED;
    }
    status = live(&w);
    io_closing(w.io);
    host_free(w.host);
    return status;
}
