/* SPDX-License-Identifier: MIT */
/*
 * ctl.c - accept, take requests, send answers; limits on all of it.
 *
 * Does not: make the socket and know whom it serves (ctl_socket.c); know commands (ctl_cmds.c).
 */
#include "config.h"

#include "core/rrd/ctl.h"

#include "core/common/mem.h"
#include "core/common/status.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX 4096u
#define CONNECTIONS_MAX 64
/* Members of the control group: each uid, and all of them. The rest is for the owner and root. */
#define GUEST_MAX 16
#define GUESTS_MAX 48
#define IDLE_LIMIT_S 300
/* From the first byte of a request to its last one. */
#define REQUEST_LIMIT_MS 10000u
/* Further requests of one who has not read so much of what he asked for wait. */
#define OUTPUT_MAX 65536u

struct conn {
    struct ctl *ctl;
    struct conn *next;
    struct bufferevent *bev;
    struct ctl_stream stream;
    uint64_t used;          /* grows with each request of anybody */
    uint64_t begun_mono_ms; /* a request of which only a part has come; 0: none */
    bool is_eof;            /* the peer sends no more, but may wait for answers */
    bool is_closing;        /* after what is still to be sent */
};

struct ctl_later {
    struct conn *conn; /* NULL: the asker is gone */
    json_t *result;    /* or NULL */
};

struct ctl {
    struct rrd *rrd;
    struct evconnlistener *listener;
    struct conn *conns;
    size_t n_conns;
    uint64_t n_used;
    bool is_deaf; /* until the next turn */
    int dir_fd;
};

/* Send what can be sent at once. */
static void
flush(struct conn *conn)
{
    struct evbuffer *out = bufferevent_get_output(conn->bev);

    (void)evbuffer_unfreeze(out, 1);
    (void)evbuffer_write(out, bufferevent_getfd(conn->bev));
}

static void
conn_free(struct conn *conn)
{
    struct conn **at = &conn->ctl->conns;

    while (*at != conn) {
        at = &(*at)->next;
    }
    *at = conn->next;
    conn->ctl->n_conns--;
    if (conn->stream.later != NULL) {
        conn->stream.later->conn = NULL;
    }
    json_decref(conn->stream.filter.members);
    bufferevent_free(conn->bev);
    free(conn);
}

static void
send_json(struct conn *conn, json_t *doc_take)
{
    char *text = doc_take == NULL ? NULL : json_dumps(doc_take, JSON_COMPACT);

    if (text != NULL) {
        (void)bufferevent_write(conn->bev, text, strlen(text));
        (void)bufferevent_write(conn->bev, "\n", 1);
    }
    free(text);
    json_decref(doc_take);
}

static void
send_error(struct conn *conn, int code, const char *why)
{
    char *text = mem_dup(why);

    text_mend(text); /* it may quote half a character of what was asked */
    send_json(conn, json_pack("{s:b, s:i, s:s}", "ok", 0, "code", code, "error", text));
    free(text);
}

static void
send_outcome(struct conn *conn, int rc, json_t *result_take, const char *why)
{
    if (rc == 0) {
        send_json(conn, json_pack("{s:b, s:o}", "ok", 1, "result",
                                  result_take == NULL ? json_object() : result_take));
        return;
    }
    json_decref(result_take);
    send_error(conn, rc == RR_E_INPUT || rc == RR_E_EMPTY ? STATUS_USAGE : status_of(rc), why);
}

struct ctl_later *
ctl_later_new(struct ctl_stream *stream, json_t *result_take)
{
    struct ctl_later *later = mem_zalloc(1, sizeof *later);

    *later = (struct ctl_later){stream->conn, result_take};
    stream->later = later;
    return later;
}

static void take_requests(struct conn *conn);

static void
pump_conn(struct conn *conn)
{
    struct rr_err err = RR_ERR_INIT;

    if (!conn->stream.is_on) {
        return;
    }
    if (ctl_events_pump(conn->ctl->rrd, &conn->stream, bufferevent_get_output(conn->bev), &err) !=
        0) {
        conn->stream.is_on = false;
        send_error(conn, STATUS_FAILED, err.text);
    } else if (!conn->stream.is_on) {
        send_json(conn, json_pack("{s:b, s:b}", "ok", 1, "end", 1));
    }
}

void
ctl_pump(struct ctl *ctl)
{
    if (ctl->is_deaf) {
        ctl->is_deaf = evconnlistener_enable(ctl->listener) != 0;
    }
    for (struct conn *conn = ctl->conns, *next; conn != NULL; conn = next) {
        const bool was_on = conn->stream.is_on;

        next = conn->next;
        pump_conn(conn);
        if (was_on && !conn->stream.is_on) {
            take_requests(conn); /* the next one may have come meanwhile */
        }
    }
}

static void
answer(struct conn *conn, const char *line, size_t n)
{
    struct rr_err err = RR_ERR_INIT;
    json_t *request = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
    const char *cmd = jget_text(request, "cmd");
    const int64_t version = jget_int(request, "v");
    struct ctl_ask ask = {
        .rrd = conn->ctl->rrd, .args = json_object_get(request, "args"), .stream = &conn->stream};

    if (cmd == NULL) {
        send_error(conn, STATUS_USAGE, "a request is one JSON object {\"v\":1,\"cmd\":…}");
    } else if (version != CTL_PROTOCOL_VERSION) {
        (void)rr_err_set(&err, RR_E_PROTO,
                         "rrd %s speaks version %d of the control protocol, the request is of "
                         "version %d: use an rrctl of the same release",
                         PACKAGE_VERSION, CTL_PROTOCOL_VERSION, (int)version);
        send_error(conn, STATUS_FAILED, err.text);
    } else if (ctl_command(&ask, cmd, &err) != 0) {
        send_outcome(conn, err.code, ask.result, err.text);
    } else if (conn->stream.is_on) {
        if (conn->stream.follows) {
            send_json(conn, json_pack("{s:b}", "follows", 1)); /* nothing may come for hours */
        }
        pump_conn(conn);
    } else if (conn->stream.later == NULL) {
        send_outcome(conn, 0, ask.result, "");
    }
    json_decref(request);
}

void
ctl_later_cancel(struct ctl_stream *stream)
{
    json_decref(stream->later->result);
    free(stream->later);
    stream->later = NULL;
}

void
ctl_answer(struct ctl_later *later, int rc, json_t *result_take, const char *why)
{
    struct conn *conn = later->conn;
    json_t *result = result_take != NULL ? result_take : json_incref(later->result);

    json_decref(later->result);
    free(later);
    if (conn == NULL) {
        json_decref(result);
        return;
    }
    conn->stream.later = NULL;
    send_outcome(conn, rc, result, why);
    take_requests(conn);
}

void
ctl_answer_stored(void *later, const struct store_result *r)
{
    ctl_answer(later, r->rc, NULL, r->err.text);
}

/* Say why, and hang up once that is read. */
static void
hang_up(struct conn *conn, int code, const char *why)
{
    send_error(conn, code, why);
    conn->is_closing = true;
    (void)bufferevent_disable(conn->bev, EV_READ);
}

static bool
is_busy(const struct conn *conn)
{
    return conn->stream.is_on || conn->stream.later != NULL;
}

/* Look at a request of which only a part has come. */
static void
wait_for_rest(struct conn *conn)
{
    const size_t n = evbuffer_get_length(bufferevent_get_input(conn->bev));
    const uint64_t now = sys_mono_ms();
    const struct timeval write_limit = {IDLE_LIMIT_S, 0};
    const struct timeval limit = {n > 0 ? REQUEST_LIMIT_MS / 1000 : IDLE_LIMIT_S, 0};

    if (n > REQUEST_MAX) {
        hang_up(conn, STATUS_USAGE, "the request is longer than 4096 bytes");
        return;
    }
    if (n == 0) {
        conn->begun_mono_ms = 0;
    } else if (conn->begun_mono_ms == 0) {
        conn->begun_mono_ms = now;
    } else if (now - conn->begun_mono_ms > REQUEST_LIMIT_MS) {
        hang_up(conn, STATUS_TIMEOUT, "the rest of the request did not come in time");
        return;
    }
    (void)bufferevent_set_timeouts(conn->bev, &limit, &write_limit);
}

/* May free the connection. */
static void
take_requests(struct conn *conn)
{
    struct evbuffer *in = bufferevent_get_input(conn->bev);
    struct evbuffer *out = bufferevent_get_output(conn->bev);

    while (!is_busy(conn) && !conn->is_closing && evbuffer_get_length(out) < OUTPUT_MAX) {
        size_t n = 0;
        char *line = evbuffer_readln(in, &n, EVBUFFER_EOL_LF);

        if (line == NULL) {
            wait_for_rest(conn);
            break;
        }
        conn->used = ++conn->ctl->n_used;
        conn->begun_mono_ms = 0;
        if (n > REQUEST_MAX) {
            hang_up(conn, STATUS_USAGE, "the request is longer than 4096 bytes");
        } else {
            answer(conn, line, n);
        }
        free(line);
    }
    if (conn->is_eof && !is_busy(conn) && evbuffer_get_length(out) == 0) {
        conn_free(conn);
    }
}

static void
on_read(struct bufferevent *bev, void *arg)
{
    (void)bev;
    take_requests(arg);
}

/* Everything is sent. */
static void
on_drained(struct bufferevent *bev, void *arg)
{
    struct conn *conn = arg;

    (void)bev;
    if (conn->is_closing) {
        conn_free(conn);
    } else if (conn->stream.is_on) {
        daemon_wake(conn->ctl->rrd);
    } else {
        take_requests(conn); /* those that waited until he has read */
    }
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
    struct conn *conn = arg;

    const bool is_silent = (what & BEV_EVENT_TIMEOUT) != 0 && (what & BEV_EVENT_READING) != 0;

    if (is_silent && is_busy(conn)) {
        (void)bufferevent_enable(bev, EV_READ); /* who waits for us has nothing to say */
    } else if (is_silent && conn->begun_mono_ms != 0 && !conn->is_closing) {
        hang_up(conn, STATUS_TIMEOUT, "the rest of the request did not come in time");
    } else if ((what & BEV_EVENT_EOF) != 0 && !conn->stream.follows) {
        conn->is_eof = true;
        take_requests(conn);
    } else {
        conn_free(conn);
    }
}

/* Make room for one more: whoever has been silent for longest goes. */
static bool
make_room(struct ctl *ctl)
{
    struct conn *oldest = NULL;

    for (struct conn *c = ctl->conns; c != NULL; c = c->next) {
        if (!is_busy(c) && !c->is_closing && (oldest == NULL || c->used < oldest->used)) {
            oldest = c;
        }
    }
    if (oldest == NULL) {
        return false;
    }
    /* What does not go out at once is of no use to one who reads nothing. */
    send_error(oldest, STATUS_BUSY, "rrd has too many control connections: this one was idle");
    flush(oldest);
    conn_free(oldest);
    return true;
}

/* Returns the exit status for the peer, 0 when he may talk to us. */
static int
judge(struct ctl *ctl, evutil_socket_t fd, struct ucred *peer, const char **why)
{
    size_t own = 0;
    size_t guests = 0;

    *why = "this rrd answers its own user, root and members of control_group only";
    if (!ctl_socket_serves(fd, ctl->rrd->conf.control_gid, peer)) {
        log_warn("ctl", "connection refused uid=%ld gid=%ld pid=%ld", (long)peer->uid,
                 (long)peer->gid, (long)peer->pid);
        return STATUS_PERMISSION;
    }
    for (const struct conn *c = ctl->conns; c != NULL && !ctl_socket_is_owner(peer); c = c->next) {
        guests += !ctl_socket_is_owner(&c->stream.peer);
        own += c->stream.peer.uid == peer->uid;
    }
    *why = "rrd has too many control connections";
    if (own >= GUEST_MAX || guests >= GUESTS_MAX ||
        (ctl->n_conns == CONNECTIONS_MAX && !make_room(ctl))) {
        return STATUS_BUSY;
    }
    return 0;
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr, int addr_n,
          void *arg)
{
    const struct timeval limit = {IDLE_LIMIT_S, 0};
    struct ctl *ctl = arg;
    struct ucred peer = {0};
    struct conn *conn;
    char text[160];
    const char *why;
    const int status = judge(ctl, fd, &peer, &why);

    (void)listener;
    (void)addr;
    (void)addr_n;
    if (status != 0) {
        const int n = snprintf(text, sizeof text, "{\"ok\":false,\"code\":%d,\"error\":\"%s\"}\n",
                               status, why);

        (void)send(fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)close(fd);
        return;
    }
    conn = mem_zalloc(1, sizeof *conn);
    conn->ctl = ctl;
    conn->used = ++ctl->n_used;
    conn->stream.conn = conn;
    conn->stream.peer = peer;
    conn->bev = bufferevent_socket_new(ctl->rrd->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (conn->bev == NULL) {
        (void)close(fd);
        free(conn);
        return;
    }
    conn->next = ctl->conns;
    ctl->conns = conn;
    ctl->n_conns++;
    bufferevent_setcb(conn->bev, on_read, on_drained, on_event, conn);
    bufferevent_setwatermark(conn->bev, EV_READ, 0, (size_t)2 * REQUEST_MAX);
    (void)bufferevent_set_timeouts(conn->bev, &limit, &limit);
    (void)bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
}

/* No descriptors or no memory left. To be told so again at once and without end would help nobody:
 * the next turn of the loop listens again. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
    struct ctl *ctl = arg;
    const int code = errno;

    if (!make_room(ctl)) {
        log_warn("ctl", "cannot accept a connection: %s", strerror(code));
    }
    (void)evconnlistener_disable(listener);
    ctl->is_deaf = true;
}

int
ctl_open(struct rrd *rrd, struct ctl **out, struct rr_err *err)
{
    struct ctl *ctl = mem_zalloc(1, sizeof *ctl);
    int fd;

    ctl->rrd = rrd;
    fd =
        ctl_socket_listen(rrd->conf.dir, rrd->conf.control_gid, CONNECTIONS_MAX, &ctl->dir_fd, err);
    if (fd >= 0) {
        ctl->listener = evconnlistener_new(rrd->base, on_accept, ctl,
                                           LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
        if (ctl->listener == NULL) {
            (void)close(fd);
            fd = rr_err_set(err, -ENOMEM, "cannot watch the control socket");
        }
    }
    if (fd < 0) {
        ctl_close(ctl);
        return fd;
    }
    evconnlistener_set_error_cb(ctl->listener, on_accept_error);
    *out = ctl;
    return 0;
}

void
ctl_close(struct ctl *ctl)
{
    if (ctl == NULL) {
        return;
    }
    while (ctl->conns != NULL) {
        flush(ctl->conns); /* the loop has ended: the answer to `stop` may still lie here */
        conn_free(ctl->conns);
    }
    if (ctl->listener != NULL) {
        evconnlistener_free(ctl->listener);
        (void)unlinkat(ctl->dir_fd, "ctl.sock", 0);
    }
    if (ctl->dir_fd >= 0) {
        (void)close(ctl->dir_fd);
    }
    free(ctl);
}
