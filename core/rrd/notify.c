/* SPDX-License-Identifier: MIT */
/*
 * notify.c - tell a service manager how the daemon is.
 *
 * A datagram that finds no room is sent again by the next turn; nobody ever waits for it.
 */
#include "core/rrd/notify.h"

#include "core/common/mem.h"
#include "core/common/text.h"
#include "core/rrd/reload.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define STATUS_INTERVAL_MS 1000u
#define MORE_TIME "EXTEND_TIMEOUT_USEC=30000000"

enum stand { NOTHING, READY, RELOADING, STOPPING };

struct notify {
    struct rrd *rrd;
    struct event *watchdog;
    enum stand told;
    char status[120];
    uint64_t status_mono_ms;
    int fd; /* negative: nobody listens */
};

static bool
tell(const struct notify *n, const char *text)
{
    return send(n->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* A path, or behind @ a name that is in no file system. Returns a descriptor or a negative errno.
 */
static int
connect_to(const char *where)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const size_t n = strlen(where);
    const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    int fd;
    int rc;

    if ((where[0] != '/' && where[0] != '@') || n >= sizeof addr.sun_path) {
        return -EAFNOSUPPORT;
    }
    memcpy(addr.sun_path, where, n);
    addr.sun_path[0] = where[0] == '@' ? '\0' : where[0];
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    rc = fd < 0 || connect(fd, (const struct sockaddr *)&addr, size) != 0 ? -errno : fd;
    if (rc < 0 && fd >= 0) {
        (void)close(fd);
    }
    return rc;
}

/* The loop turns. */
static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)tell(arg, "WATCHDOG=1");
}

static void
start_watchdog(struct notify *n, const char *usec, const char *pid)
{
    int64_t us = 0;
    int64_t whose = getpid();

    if (usec == NULL || usec[0] == '\0' ||
        (pid != NULL && text_int(pid, &whose) == 0 && whose != getpid())) {
        return;
    }
    if (text_int(usec, &us) != 0 || us < 2) {
        log_warn("notify", "WATCHDOG_USEC is no number of microseconds: \"%.40s\"", usec);
        return;
    }
    const struct timeval half = {us / 2 / 1000000, us / 2 % 1000000};

    n->watchdog = event_new(n->rrd->base, -1, EV_PERSIST, on_watchdog, n);
    (void)event_add(n->watchdog, &half);
}

struct notify *
notify_new(struct rrd *rrd)
{
    static const char *const names[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};
    const char *where = getenv(names[0]);
    struct notify *n = mem_zalloc(1, sizeof *n);

    n->rrd = rrd;
    n->fd = where == NULL || where[0] == '\0' ? -1 : connect_to(where);
    if (n->fd >= 0) {
        start_watchdog(n, getenv(names[1]), getenv(names[2]));
    } else if (where != NULL && where[0] != '\0') {
        log_warn("notify", "cannot reach NOTIFY_SOCKET=%.108s: %s", where, strerror(-n->fd));
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unsetenv(names[i]);
    }
    return n;
}

void
notify_free(struct notify *n)
{
    if (n == NULL) {
        return;
    }
    if (n->watchdog != NULL) {
        event_free(n->watchdog);
    }
    if (n->fd >= 0) {
        (void)close(n->fd);
    }
    free(n);
}

static enum stand
stand_of(const struct rrd *rrd)
{
    return rrd->is_stopping ? STOPPING : reload_is_on(rrd) ? RELOADING : READY;
}

static void
tell_status(struct notify *n)
{
    const struct rrd *rrd = n->rrd;
    char text[sizeof n->status];
    size_t n_ready = 0;
    size_t n_enabled = 0;

    for (size_t i = 0; i < rrd->n_stages; i++) {
        n_enabled += rrd->stages[i]->conf->is_enabled;
        n_ready += rrd->stages[i]->sup.state == SUP_READY;
    }
    (void)snprintf(text, sizeof text, "STATUS=%zu of %zu stages ready%s", n_ready, n_enabled,
                   rrd->full[0] == '\0' ? "" : ", the store is full: new events wait");
    if (strcmp(text, n->status) != 0 && tell(n, text)) {
        memcpy(n->status, text, sizeof text);
    }
}

void
notify_look(struct notify *n)
{
    const enum stand stand = stand_of(n->rrd);
    const uint64_t now = sys_mono_ms();
    struct timespec ts;
    char text[80];

    if (n->fd < 0) {
        return;
    }
    if (stand != n->told) {
        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        (void)snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                       (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000);
        n->told = tell(n, stand == READY       ? "READY=1"
                          : stand == RELOADING ? text
                                               : "STOPPING=1")
                      ? stand
                      : n->told;
    }
    if (n->status_mono_ms == 0 || now - n->status_mono_ms >= STATUS_INTERVAL_MS) {
        n->status_mono_ms = now;
        tell_status(n);
        if (stand == STOPPING) {
            (void)tell(n, MORE_TIME); /* stages have limits of their own, one after the other */
        }
    }
}
