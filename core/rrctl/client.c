/* SPDX-License-Identifier: MIT */
/*
 * client.c - questions to a running daemon over its control socket.
 *
 * Owns: the connection, the limits on time and size of an answer.
 * Does not: know any command; print anything.
 */
#include "core/rrctl/client.h"
#include "core/common/status.h"

#include "core/rrctl/rrctl.h"

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

static int64_t
now_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Wait until the descriptor is ready. Returns 0, RR_E_TIMEOUT, -EINTR or a negative errno value. */
static int
wait_ready(const struct client *cl, short events, int64_t deadline_ms)
{
    struct pollfd pfd = {.fd = cl->fd, .events = events};

    for (;;) {
        const int64_t left = deadline_ms - now_ms();
        if (cl->interrupted != NULL && *cl->interrupted != 0) {
            return -EINTR;
        }
        const int n = poll(&pfd, 1, left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left);
        if (n > 0) {
            return 0;
        }
        if (n == 0 && left <= 0) {
            return RR_E_TIMEOUT;
        }
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
    }
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
    char path[PATH_MAX];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    int code = 0;

    memset(cl, 0, sizeof *cl);
    cl->fd = -1;
    (void)snprintf(cl->dir, sizeof cl->dir, "%s", dir);
    if (snprintf(path, sizeof path, "%s/run", dir) >= (int)sizeof path) {
        return rr_err_set(err, -ENAMETOOLONG, "directory name too long");
    }
    const int run_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (run_fd < 0) {
        return fail_connect(errno, dir, err);
    }
    /* A socket address holds 107 bytes; a directory may lie deeper. */
    (void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/ctl.sock", run_fd);
    cl->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (cl->fd < 0) {
        code = errno;
        goto out;
    }
    /* Limits connect() too, when the queue of a hung daemon is full. */
    (void)setsockopt(cl->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(cl->fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        code = errno;
    }
out:
    (void)close(run_fd);
    if (code != 0) {
        client_close(cl);
        return fail_connect(code, dir, err);
    }
    return 0;
}

void
client_close(struct client *cl)
{
    if (cl->fd >= 0) {
        (void)close(cl->fd);
    }
    free(cl->buffer);
    memset(cl, 0, sizeof *cl);
    cl->fd = -1;
}

pid_t
client_peer(const struct client *cl)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    return getsockopt(cl->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ? 0 : peer.pid;
}

int
client_send(struct client *cl, const char *cmd, json_t *args, int timeout_ms, struct rr_err *err)
{
    const int64_t deadline_ms = now_ms() + timeout_ms;
    char text[REQUEST_BYTES_MAX];
    json_t *request =
        args == NULL
            ? json_pack("{s:i,s:s,s:{}}", "v", CLIENT_PROTOCOL_VERSION, "cmd", cmd, "args")
            : json_pack("{s:i,s:s,s:O}", "v", CLIENT_PROTOCOL_VERSION, "cmd", cmd, "args", args);
    size_t sent = 0;
    int rc = 0;

    if (request == NULL) {
        return rr_err_set(err, RR_E_INPUT, "%s: a value is not valid UTF-8", cmd);
    }
    const size_t bytes = json_dumpb(request, text, sizeof text - 1, JSON_COMPACT);
    json_decref(request);
    if (bytes == 0 || bytes > sizeof text - 1) {
        return rr_err_set(err, RR_E_INPUT, "%s: the request is longer than %zu bytes", cmd,
                          sizeof text - 1);
    }
    text[bytes] = '\n';
    while (sent < bytes + 1) {
        const ssize_t n = send(cl->fd, text + sent, bytes + 1 - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            sent += (size_t)n;
            continue;
        }
        if (n < 0 && errno == EPIPE) {
            return 0; /* it has hung up, and may have said why */
        }
        rc = n < 0 && errno != EAGAIN && errno != EINTR ? -errno
                                                        : wait_ready(cl, POLLOUT, deadline_ms);
        if (rc == -EINTR) {
            return rc;
        }
        if (rc < 0) {
            return rr_err_set(err, rc, "rrd in %s does not take the request: %s", cl->dir,
                              rc == RR_E_TIMEOUT ? "timed out" : strerror(-rc));
        }
    }
    return 0;
}

/* Make room for more of the answer. */
static int
grow(struct client *cl, struct rr_err *err)
{
    if (cl->used < cl->cap) {
        return 0;
    }
    if (cl->cap >= LINE_BYTES_MAX) {
        return rr_err_set(err, RR_E_PROTO, "rrd in %s sent a line longer than %zu bytes", cl->dir,
                          LINE_BYTES_MAX);
    }
    const size_t cap = cl->cap == 0 ? 16384 : cl->cap * 2;
    char *buffer = realloc(cl->buffer, cap);
    if (buffer == NULL) {
        return rr_err_set(err, -ENOMEM, "out of memory");
    }
    cl->buffer = buffer;
    cl->cap = cap;
    return 0;
}

/* Read once into the buffer. */
static int
fill(struct client *cl, int64_t deadline_ms, struct rr_err *err)
{
    int rc = grow(cl, err);

    if (rc < 0) {
        return rc;
    }
    rc = wait_ready(cl, POLLIN, deadline_ms);
    if (rc == RR_E_TIMEOUT) {
        return rr_err_set(err, rc, "rrd in %s does not answer (hung or stopped?)", cl->dir);
    }
    if (rc < 0) {
        return rr_err_set(err, rc, "waiting for rrd in %s: %s", cl->dir, strerror(-rc));
    }
    const ssize_t n = recv(cl->fd, cl->buffer + cl->used, cl->cap - cl->used, MSG_DONTWAIT);
    if (n > 0) {
        cl->used += (size_t)n;
        return 0;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    if (n == 0 || errno == ECONNRESET) {
        return rr_err_set(err, -ECONNRESET, "rrd in %s closed the connection%s", cl->dir,
                          cl->used > 0 ? " in the middle of an answer" : " without an answer");
    }
    return rr_err_set(err, -errno, "reading from rrd in %s: %s", cl->dir, strerror(errno));
}

int
client_line(struct client *cl, int timeout_ms, json_t **line, struct rr_err *err)
{
    const int64_t deadline_ms = now_ms() + timeout_ms;
    char *newline = NULL;
    json_error_t why;

    while (newline == NULL) {
        if (cl->used > cl->scanned) {
            newline = memchr(cl->buffer + cl->scanned, '\n', cl->used - cl->scanned);
            cl->scanned = cl->used;
        }
        if (newline == NULL) {
            const int rc = fill(cl, deadline_ms, err);
            if (rc < 0) {
                return rc;
            }
        }
    }
    const size_t bytes = (size_t)(newline - cl->buffer);
    *line = json_loadb(cl->buffer, bytes, JSON_REJECT_DUPLICATES, &why);
    cl->used -= bytes + 1;
    cl->scanned = 0;
    memmove(cl->buffer, newline + 1, cl->used);
    if (!json_is_object(*line)) {
        json_decref(*line);
        *line = NULL;
        return rr_err_set(err, RR_E_PROTO, "rrd in %s answered what is not a JSON object", cl->dir);
    }
    return 0;
}

int
client_result(struct client *cl, json_t *line, json_t **result, struct rr_err *err)
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
client_ask(const char *dir, int timeout_ms, const volatile sig_atomic_t *interrupted,
           const char *cmd, json_t *args, json_t **result, struct rr_err *err)
{
    const int64_t deadline_ms = now_ms() + timeout_ms;
    struct client cl;
    json_t *line = NULL;
    int rc = client_open(&cl, dir, timeout_ms, err);

    if (rc < 0) {
        return rc;
    }
    cl.interrupted = interrupted;
    rc = client_send(&cl, cmd, args, (int)(deadline_ms - now_ms()), err);
    if (rc == 0) {
        rc = client_line(&cl, (int)(deadline_ms - now_ms()), &line, err);
    }
    if (rc == 0) {
        rc = client_result(&cl, line, result, err);
    }
    json_decref(line);
    client_close(&cl);
    return rc;
}
