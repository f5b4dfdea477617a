/* SPDX-License-Identifier: MIT */
/*
 * ctl.c - listen, check the peer, take requests, send answers.
 *
 * Does not: know commands (ctl_cmds.c).
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
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define REQUEST_MAX 4096u
#define CONNECTIONS_MAX 64
#define IDLE_LIMIT_S 300

struct conn {
    struct ctl *ctl;
    struct conn *next;
    struct bufferevent *bev;
    struct ctl_stream stream;
    bool is_closing; /* after what is still to be sent */
};

struct ctl_later {
    struct conn *conn; /* NULL: the asker is gone */
};

struct ctl {
    struct rrd *rrd;
    struct evconnlistener *listener;
    struct conn *conns;
    size_t n_conns;
    int dir_fd;
};

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
    send_json(conn, json_pack("{s:b, s:i, s:s}", "ok", 0, "code", code, "error", why));
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
ctl_later_new(struct ctl_stream *stream)
{
    struct ctl_later *later = mem_zalloc(1, sizeof *later);

    later->conn = stream->conn;
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
    const char *cmd = json_string_value(json_object_get(request, "cmd"));
    const json_int_t version = json_integer_value(json_object_get(request, "v"));
    json_t *result = NULL;

    if (cmd == NULL) {
        send_error(conn, STATUS_USAGE, "a request is one JSON object {\"v\":1,\"cmd\":…}");
    } else if (version != CTL_PROTOCOL_VERSION) {
        (void)rr_err_set(&err, RR_E_PROTO,
                         "rrd %s speaks version %d of the control protocol, the request is of "
                         "version %d: use an rrctl of the same release",
                         PACKAGE_VERSION, CTL_PROTOCOL_VERSION, (int)version);
        send_error(conn, STATUS_FAILED, err.text);
    } else if (ctl_command(conn->ctl->rrd, cmd, json_object_get(request, "args"), &result,
                           &conn->stream, &err) != 0) {
        send_outcome(conn, err.code, NULL, err.text);
    } else if (conn->stream.is_on) {
        pump_conn(conn);
    } else if (conn->stream.later == NULL) {
        send_outcome(conn, 0, result, "");
    }
    json_decref(request);
}

void
ctl_later_cancel(struct ctl_stream *stream)
{
    free(stream->later);
    stream->later = NULL;
}

void
ctl_answer(struct ctl_later *later, int rc, json_t *result_take, const char *why)
{
    struct conn *conn = later->conn;

    free(later);
    if (conn == NULL) {
        json_decref(result_take);
        return;
    }
    conn->stream.later = NULL;
    send_outcome(conn, rc, result_take, why);
    take_requests(conn);
}

static void
take_requests(struct conn *conn)
{
    struct evbuffer *in = bufferevent_get_input(conn->bev);

    while (!conn->stream.is_on && conn->stream.later == NULL && !conn->is_closing) {
        size_t n = 0;
        char *line = evbuffer_readln(in, &n, EVBUFFER_EOL_LF);

        if (line == NULL || n > REQUEST_MAX) {
            if (line != NULL || evbuffer_get_length(in) > REQUEST_MAX) {
                send_error(conn, STATUS_USAGE, "the request is longer than 4096 bytes");
                conn->is_closing = true;
                (void)bufferevent_disable(conn->bev, EV_READ);
            }
            free(line);
            return;
        }
        answer(conn, line, n);
        free(line);
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
    }
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
    struct conn *conn = arg;

    if ((what & BEV_EVENT_TIMEOUT) != 0 && conn->stream.is_on && (what & BEV_EVENT_READING) != 0) {
        (void)bufferevent_enable(bev, EV_READ); /* one that follows has nothing to say */
        return;
    }
    conn_free(conn);
}

static bool
is_allowed(evutil_socket_t fd)
{
    struct ucred cred;
    socklen_t n = sizeof cred;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0) {
        return false;
    }
    if (cred.uid != 0 && cred.uid != geteuid()) {
        log_warn("ctl", "control connection refused uid=%ld pid=%ld", (long)cred.uid,
                 (long)cred.pid);
        return false;
    }
    return true;
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr, int addr_n,
          void *arg)
{
    static const char busy[] =
        "{\"ok\":false,\"code\":5,\"error\":\"rrd has too many control connections\"}\n";
    const struct timeval limit = {IDLE_LIMIT_S, 0};
    struct ctl *ctl = arg;
    struct conn *conn;

    (void)listener;
    (void)addr;
    (void)addr_n;
    if (!is_allowed(fd) || ctl->n_conns == CONNECTIONS_MAX) {
        (void)send(fd, busy, ctl->n_conns == CONNECTIONS_MAX ? sizeof busy - 1 : 0,
                   MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)close(fd);
        return;
    }
    conn = mem_zalloc(1, sizeof *conn);
    conn->ctl = ctl;
    conn->stream.conn = conn;
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

/* The path of a socket may have 107 bytes; a directory's descriptor makes any path short. */
static int
listen_in(int dir_fd, struct rr_err *err)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t old;
    int rc = 0;

    (void)snprintf(addr.sun_path, sizeof addr.sun_path, "/proc/self/fd/%d/ctl.sock", dir_fd);
    if (fd < 0) {
        rc = -errno;
        return rr_err_set(err, rc, "cannot make the control socket: %s", strerror(-rc));
    }
    (void)unlinkat(dir_fd, "ctl.sock", 0); /* of a daemon that died: we hold the lock */
    old = umask(0177);
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) != 0 || listen(fd, CONNECTIONS_MAX) != 0) {
        rc = -errno;
        (void)rr_err_set(err, rc, "cannot make the control socket run/ctl.sock: %s", strerror(-rc));
    }
    (void)umask(old);
    if (rc != 0) {
        (void)close(fd);
        return rc;
    }
    return fd;
}

int
ctl_open(struct rrd *rrd, struct ctl **out, struct rr_err *err)
{
    struct ctl *ctl = mem_zalloc(1, sizeof *ctl);
    char *dir = paths_join_new(rrd->conf.dir, "run");
    int fd = -1;
    int rc = 0;

    ctl->rrd = rrd;
    ctl->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (ctl->dir_fd < 0) {
        rc = -errno;
        (void)rr_err_set(err, rc, "cannot open %s: %s", dir, strerror(-rc));
    } else {
        fd = listen_in(ctl->dir_fd, err);
        rc = fd < 0 ? fd : 0;
    }
    if (rc == 0) {
        ctl->listener = evconnlistener_new(rrd->base, on_accept, ctl,
                                           LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
        if (ctl->listener == NULL) {
            (void)close(fd);
            rc = rr_err_set(err, -ENOMEM, "cannot watch the control socket");
        }
    }
    free(dir);
    if (rc != 0) {
        ctl_close(ctl);
        return rc;
    }
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
        struct evbuffer *out = bufferevent_get_output(ctl->conns->bev);

        /* The loop has ended, and with it the sending: the answer to `stop` may still lie here. */
        (void)evbuffer_unfreeze(out, 1);
        (void)evbuffer_write(out, bufferevent_getfd(ctl->conns->bev));
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
