/* SPDX-License-Identifier: MIT */
/*
 * ctl_socket.c - make the control socket, and know whom it serves.
 */
#include "core/rrd/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A peer in more groups than that is known by his first one only. */
#define GROUPS_MAX 256

/* Whether the peer belongs to the control group, by any of its groups. */
static bool
is_member(evutil_socket_t fd, const struct ucred *peer, int64_t gid)
{
    gid_t groups[GROUPS_MAX];
    socklen_t n = sizeof groups;

    if (gid < 0 || peer->gid == (gid_t)gid) {
        return gid >= 0;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n) != 0) {
        return false;
    }
    for (size_t i = 0; i < n / sizeof groups[0]; i++) {
        if (groups[i] == (gid_t)gid) {
            return true;
        }
    }
    return false;
}

bool
ctl_socket_is_owner(const struct ucred *peer)
{
    return peer->uid == 0 || peer->uid == geteuid();
}

/* Who may write to the folder of the socket could put another one in its place. */
static int
check_dir(const char *dir, struct rr_err *err)
{
    struct stat st;
    int rc;

    if (stat(dir, &st) != 0) {
        return rr_err_set(err, -errno, "cannot look at %s: %s", dir, strerror(errno));
    }
    rc = paths_trust(&st, err);
    return rc == 0 ? 0 : rr_err_wrap(err, "%.120s, where rrd answers", dir);
}

/* Let the members of a group come in, or with gid -1 nobody else. */
static int
give_group(int dir_fd, gid_t gid, struct rr_err *err)
{
    char self[32];

    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", dir_fd); /* it is an O_PATH one */
    if (gid == (gid_t)-1) {
        (void)chmod(self, 0700); /* the socket itself is 0600 */
        return 0;
    }
    if (fchownat(dir_fd, "ctl.sock", (uid_t)-1, gid, AT_SYMLINK_NOFOLLOW) != 0 ||
        fchmodat(dir_fd, "ctl.sock", 0660, 0) != 0 || chown(self, (uid_t)-1, gid) != 0 ||
        chmod(self, 0710) != 0) {
        return rr_err_set(err, -errno,
                          "control_group: cannot give run/ctl.sock to the group: %s (the user of "
                          "rrd must be a member of it, or root)",
                          strerror(errno));
    }
    return 0;
}

/* The path of a socket may have 107 bytes; a directory's descriptor makes any path short. */
static int
listen_in(int dir_fd, int64_t gid, int backlog, struct rr_err *err)
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
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) != 0 || listen(fd, backlog) != 0) {
        rc = -errno;
        (void)rr_err_set(err, rc, "cannot make the control socket run/ctl.sock: %s", strerror(-rc));
    }
    (void)umask(old);
    if (rc == 0) {
        rc = give_group(dir_fd, (gid_t)gid, err);
    }
    if (rc != 0) {
        (void)unlinkat(dir_fd, "ctl.sock", 0);
        (void)close(fd);
        return rc;
    }
    return fd;
}

bool
ctl_socket_serves(int fd, int64_t gid, struct ucred *peer)
{
    socklen_t n = sizeof *peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &n) == 0 &&
           (ctl_socket_is_owner(peer) || is_member(fd, peer, gid));
}

int
ctl_socket_listen(const char *dir, int64_t gid, int backlog, int *dir_fd, struct rr_err *err)
{
    char *run = paths_join_new(dir, "run");
    int rc = check_dir(dir, err);

    *dir_fd = -1;
    if (rc == 0) {
        rc = check_dir(run, err);
    }
    if (rc == 0) {
        *dir_fd = open(run, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        rc = *dir_fd >= 0 ? 0 : -errno;
        if (rc != 0) {
            (void)rr_err_set(err, rc, "cannot open the folder %s: %s", run, strerror(-rc));
        }
    }
    free(run);
    return rc == 0 ? listen_in(*dir_fd, gid, backlog, err) : rc;
}
