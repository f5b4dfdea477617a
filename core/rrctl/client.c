/* SPDX-License-Identifier: MIT */
/*
 * client.c - questions to a running daemon over its control socket.
 *
 * Owns: the connection, the limits on time and size of an answer.
 * Does not: know any command; print anything.
 */
#include "core/rrctl/client.h"

#include "core/common/mem.h"
#include "core/common/paths.h"
#include "core/common/status.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A status with 64 stages is about 40 KB; a long dead-letter list some MB. */
#define LINE_BYTES_MAX ((size_t)16 << 20)
#define REQUEST_BYTES_MAX 4096

int64_t
client_now_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
client_limit(struct client *cl, int timeout_ms)
{
    cl->deadline_ms = client_now_ms() + timeout_ms;
}

static int
fail_connect(int code, const char *dir, struct rr_err *err)
{
    switch (code) {
    case ENOENT:
    case ECONNREFUSED:
        return rr_err_set(err, -ECONNREFUSED, "rrd is not running in %s (rrctl start starts it)",
                          dir);
    case EACCES:
    case EPERM:
        return rr_err_set(err, -EACCES,
                          "no permission for the control socket in %s/run: use the account that "
                          "runs rrd, or its control_group",
                          dir);
    case EAGAIN:
        return rr_err_set(err, RR_E_TIMEOUT, "rrd in %s does not accept connections", dir);
    case ENOTDIR:
        return rr_err_set(err, -ECONNREFUSED, "%s is not the directory of an rrd", dir);
    default:
        return rr_err_set(err, -code, "cannot connect to rrd in %s: %s", dir, strerror(code));
    }
}

int
client_open(struct client *cl, const char *dir, int timeout_ms, struct rr_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    char *path = paths_join_new(dir, "run");
    const int run_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int code = run_fd < 0 ? errno : 0;

    free(path);
    *cl = (struct client){.fd = -1, .dir = dir};
    client_limit(cl, timeout_ms);
    if (code != 0) {
        return fail_connect(code, dir, err);
    }
    /* A socket address holds 107 bytes; a directory may lie deeper. */
    (void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/ctl.sock", run_fd);
    cl->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* The limit holds for connect() too, when the queue of a hung daemon is full. */
    if (cl->fd < 0 || setsockopt(cl->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
        connect(cl->fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        code = errno;
        client_close(cl);
    }
    (void)close(run_fd);
    return code == 0 ? 0 : fail_connect(code, dir, err);
}

void
client_close(struct client *cl)
{
    if (cl->fd >= 0) {
        (void)close(cl->fd);
    }
    free(cl->buffer);
    *cl = (struct client){.fd = -1};
}

pid_t
client_peer(const struct client *cl)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    return getsockopt(cl->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ? 0 : peer.pid;
}

/* Send one request. It is so short that it fits into the socket's buffer, or the limit on sending
 * ends the wait for room there. */
static int
send_request(struct client *cl, const char *cmd, json_t *args_take, struct rr_err *err)
{
    char text[REQUEST_BYTES_MAX];
    json_t *request =
        json_pack("{s:i,s:s,s:o*}", "v", CLIENT_PROTOCOL_VERSION, "cmd", cmd, "args", args_take);
    ssize_t n;

    if (request == NULL) {
        return rr_err_set(err, RR_E_INPUT, "%s: a value is not valid UTF-8", cmd);
    }
    const size_t bytes = json_dumpb(request, text, sizeof text - 1, JSON_COMPACT);
    json_decref(request);
    if (bytes == 0 || bytes > sizeof text - 1) {
        return rr_err_set(err, RR_E_INPUT, "the request is longer than %zu bytes", sizeof text - 1);
    }
    text[bytes] = '\n';
    do {
        n = send(cl->fd, text, bytes + 1, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n == (ssize_t)bytes + 1 || (n < 0 && errno == EPIPE)) {
        return 0; /* EPIPE: it has hung up, and may have said why */
    }
    const int rc = n >= 0 || errno == EAGAIN ? RR_E_TIMEOUT : -errno;
    return rr_err_set(err, rc, "rrd in %s does not take the request: %s", cl->dir,
                      rc == RR_E_TIMEOUT ? "timed out" : strerror(-rc));
}

/* Wait, and read once into the buffer. */
static int
fill(struct client *cl, struct rr_err *err)
{
    struct pollfd pfd = {.fd = cl->fd, .events = POLLIN};
    const int64_t left_ms = cl->deadline_ms - client_now_ms();

    if (cl->interrupted != NULL && *cl->interrupted != 0) {
        return -EINTR;
    }
    if (cl->used == LINE_BYTES_MAX) {
        return rr_err_set(err, RR_E_PROTO, "rrd in %s sent a line longer than %zu bytes", cl->dir,
                          LINE_BYTES_MAX);
    }
    if (cl->used == cl->cap) {
        cl->cap = cl->cap == 0 ? 16384 : cl->cap * 2;
        cl->buffer = mem_resize(cl->buffer, cl->cap, 1);
    }
    ssize_t n = poll(&pfd, 1, left_ms <= 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms);
    if (n == 0 && left_ms <= 0) {
        return rr_err_set(err, RR_E_TIMEOUT, "rrd in %s does not answer (hung or stopped?)",
                          cl->dir);
    }
    if (n == 0) {
        return 0;
    }
    n = n < 0 ? n : recv(cl->fd, cl->buffer + cl->used, cl->cap - cl->used, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno == ECONNRESET)) {
        return rr_err_set(err, -ECONNRESET, "rrd in %s closed the connection%s", cl->dir,
                          cl->used > 0 ? " in the middle of an answer" : " without an answer");
    }
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        return rr_err_set(err, -errno, "reading from rrd in %s: %s", cl->dir, strerror(errno));
    }
    cl->used += n < 0 ? 0 : (size_t)n;
    return 0;
}

/* Wait for the next line. *line is new. Returns 0, RR_E_TIMEOUT, -EINTR, -ECONNRESET when the
 * daemon closed the connection, or RR_E_PROTO. */
static int
take_line(struct client *cl, json_t **line, struct rr_err *err)
{
    const char *newline;

    while (cl->used == 0 || (newline = memchr(cl->buffer, '\n', cl->used)) == NULL) {
        const int rc = fill(cl, err);

        if (rc < 0) {
            return rc;
        }
    }
    const size_t bytes = (size_t)(newline - cl->buffer);
    *line = json_loadb(cl->buffer, bytes, JSON_REJECT_DUPLICATES, NULL);
    cl->used -= bytes + 1;
    memmove(cl->buffer, newline + 1, cl->used);
    if (!json_is_object(*line)) {
        json_decref(*line);
        *line = NULL;
        return rr_err_set(err, RR_E_PROTO, "rrd in %s answered what is not a JSON object", cl->dir);
    }
    return 0;
}

/* Judge the line that ends an answer. */
static int
take_result(const struct client *cl, json_t *line, json_t **result, struct rr_err *err)
{
    const json_t *version = json_object_get(line, "v");
    const json_t *ok = json_object_get(line, "ok");
    const char *text = json_string_value(json_object_get(line, "error"));

    if (version != NULL && json_integer_value(version) != CLIENT_PROTOCOL_VERSION) {
        return rr_err_set(err, RR_E_PROTO,
                          "rrd in %s speaks version %lld of the control protocol, this rrctl "
                          "version %d: use the rrctl that came with it",
                          cl->dir, (long long)json_integer_value(version), CLIENT_PROTOCOL_VERSION);
    }
    if (json_is_true(ok)) {
        *result = json_object_get(line, "result");
        *result = *result == NULL ? json_null() : json_incref(*result);
        return 0;
    }
    if (!json_is_false(ok) || text == NULL) {
        return rr_err_set(err, RR_E_PROTO, "rrd in %s gave an answer without ok or error", cl->dir);
    }
    const json_int_t status = json_integer_value(json_object_get(line, "code"));
    return rr_err_set(err, status_code(status > 0 && status < 256 ? (int)status : 1), "%s", text);
}

int
client_call(struct client *cl, const char *cmd, json_t *args_take, json_t **result,
            struct rr_err *err)
{
    json_t *line = NULL;
    int rc = send_request(cl, cmd, args_take, err);

    if (rc == 0) {
        rc = take_line(cl, &line, err);
    }
    if (rc == 0) {
        rc = take_result(cl, line, result, err);
    }
    json_decref(line);
    return rc;
}

int
client_ask(const char *dir, int timeout_ms, const char *cmd, json_t *args_take, json_t **result,
           struct rr_err *err)
{
    struct client cl;
    int rc = client_open(&cl, dir, timeout_ms, err);

    if (rc < 0) {
        json_decref(args_take);
        return rc;
    }
    rc = client_call(&cl, cmd, args_take, result, err);
    client_close(&cl);
    return rc;
}

int
client_follow(struct client *cl, const char *dir, int timeout_ms, json_t *args_take,
              struct rr_err *err)
{
    int rc = client_open(cl, dir, timeout_ms, err);

    if (rc < 0) {
        json_decref(args_take);
        return rc;
    }
    rc = send_request(cl, "events", args_take, err);
    if (rc < 0) {
        client_close(cl);
    }
    return rc;
}

int
client_event(struct client *cl, int timeout_ms, json_t **event, struct rr_err *err)
{
    json_t *end = NULL;
    int rc;

    for (;; json_decref(*event)) {
        *event = NULL;
        client_limit(cl, cl->follows && timeout_ms > 0 ? INT_MAX : timeout_ms);
        rc = take_line(cl, event, err);
        if (rc < 0 || json_object_get(*event, "follows") == NULL) {
            break;
        }
        cl->follows = true;
    }
    if (rc == 0 && json_object_get(*event, "ok") == NULL) {
        return 1;
    }
    rc = rc == 0 ? take_result(cl, *event, &end, err) : rc;
    json_decref(end);
    json_decref(*event);
    *event = NULL;
    return rc;
}
