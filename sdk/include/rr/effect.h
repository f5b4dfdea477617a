/* SPDX-License-Identifier: MIT */
/*
 * rr/effect.h - files made exactly once.
 *
 * A handler that makes a file makes it under a temporary name and renames it, when it is complete
 * and on disk, to a name that follows from the event's id. If the process dies after the rename and
 * before the handler's transaction is committed, the event comes again, and rr_effect_begin finds
 * that the work is done:
 *
 *     struct rr_effect fx;
 *     if (rr_effect_begin(&fx, ctx, event, "games", "shard-", ".bin", err) != 0) {
 *         return RR_RETRY;
 *     }
 *     if (!fx.done) {
 *         if (write_games(fx.temp, err) != 0 || rr_effect_commit(&fx, err) != 0) {
 *             rr_effect_abort(&fx);
 *             return RR_RETRY;
 *         }
 *     }
 *     out.path = fx.name;     ... and rr_emit
 *
 * Nobody changes a file after that. Everything is inline: a plugin links nothing.
 */
#ifndef RR_EFFECT_H
#define RR_EFFECT_H

#include <rr/err.h>
#include <rr/event.h>
#include <rr/host.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define RR_EFFECT_PATH_MAX 4096

struct rr_effect {
    int done; /* 1: the file is there already, made by an earlier run; do not make it again */
    const char *name; /* path below the data directory, for events: "games/shard-....bin" */
    char path[RR_EFFECT_PATH_MAX]; /* absolute */
    char temp[RR_EFFECT_PATH_MAX]; /* absolute; make the file here */
    char dir[RR_EFFECT_PATH_MAX];  /* absolute; holds both */
};

/* Flush a file or directory to disk. */
static inline int
rr_effect_sync(const char *path, int flags, struct rr_err *err)
{
    int rc = 0;
    const int fd = open(path, flags | O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        rc = errno;
    }
    if (fd >= 0 && close(fd) != 0 && rc == 0) {
        rc = errno;
    }
    return rc == 0 ? 0 : rr_err_set(err, -rc, "cannot sync %s: %s", path, strerror(rc));
}

/* Make the directories of path below its first `keep` bytes, which exist; each on disk before the
 * next, so that a file synced in the last of them cannot lose its way. */
static inline int
rr_effect_make_dirs(char *path, size_t keep, struct rr_err *err)
{
    size_t parent_bytes = keep;

    while (path[parent_bytes] != '\0') {
        size_t bytes = parent_bytes + strspn(path + parent_bytes, "/");
        bytes += strcspn(path + bytes, "/");
        const char end = path[bytes];
        path[bytes] = '\0';
        const int made = mkdir(path, 0777);
        int rc = made != 0 && errno != EEXIST ? errno : 0;
        if (rc != 0) {
            rc = rr_err_set(err, -rc, "cannot make the directory %s: %s", path, strerror(rc));
        }
        path[bytes] = end;
        if (made == 0) {
            const char cut = path[parent_bytes];
            path[parent_bytes] = '\0';
            rc = rr_effect_sync(path, O_DIRECTORY, err);
            path[parent_bytes] = cut;
        }
        if (rc != 0) {
            return rc;
        }
        parent_bytes = bytes;
    }
    return 0;
}

/*
 * Begin a file in directory dir below the stage's data directory (it is made if needed), called
 * PREFIX + id of the event in 16 hex digits + SUFFIX. A handler that makes several files for one
 * event gives each another prefix or suffix. event NULL, for idle(): the name is PREFIX + SUFFIX,
 * and the caller makes it one that the same work would get again.
 *
 * Returns 0 with either fx->done set, or fx->temp free to be made (what a run that died left there
 * is removed). Otherwise a negative code.
 */
static inline int
rr_effect_begin(struct rr_effect *fx, struct rr_ctx *ctx, const struct rr_event *event,
                const char *dir, const char *prefix, const char *suffix, struct rr_err *err)
{
    struct stat st;
    char id[24] = "";
    const char *data = rr_fact(ctx, "data_dir");

    memset(fx, 0, offsetof(struct rr_effect, path));
    fx->path[0] = fx->temp[0] = '\0';
    if (data == NULL) {
        return rr_err_set(err, RR_E_INPUT, "the host told no data directory");
    }
    if (event != NULL) {
        (void)snprintf(id, sizeof id, "%016" PRIx64, event->id);
    }
    const size_t data_bytes = strlen(data);
    const int dir_bytes = snprintf(fx->dir, sizeof fx->dir, "%s/%s", data, dir);
    if (dir_bytes < 0 ||
        (size_t)dir_bytes + strlen(prefix) + strlen(suffix) + sizeof id + 8 >= sizeof fx->path) {
        return rr_err_set(err, -ENAMETOOLONG, "the path of a file in %.100s is too long", dir);
    }
    memcpy(fx->path, fx->dir, (size_t)dir_bytes + 1);
    (void)snprintf(fx->path + dir_bytes, sizeof fx->path - (size_t)dir_bytes, "/%s%s%s", prefix, id,
                   suffix);
    memcpy(fx->temp, fx->dir, (size_t)dir_bytes + 1);
    (void)snprintf(fx->temp + dir_bytes, sizeof fx->temp - (size_t)dir_bytes, "/.%s%s%s.tmp",
                   prefix, id, suffix);
    fx->name = fx->path + data_bytes + 1;

    const int rc = rr_effect_make_dirs(fx->dir, data_bytes, err);
    if (rc != 0) {
        return rc;
    }
    if (lstat(fx->path, &st) == 0) {
        /* The rename may have happened and its sync not: make sure before the event is emitted. */
        fx->done = 1;
        return rr_effect_sync(fx->dir, O_DIRECTORY, err);
    }
    if (errno != ENOENT) {
        const int why = errno;
        return rr_err_set(err, -why, "cannot examine %s: %s", fx->path, strerror(why));
    }
    if (unlink(fx->temp) != 0 && errno != ENOENT) {
        const int why = errno;
        return rr_err_set(err, -why, "cannot remove %s: %s", fx->temp, strerror(why));
    }
    return 0;
}

/* The file at fx->temp is complete and closed: bring it to disk under its name. Returns 0, or a
 * negative code; the file is then not visible, or visible and complete. */
static inline int
rr_effect_commit(struct rr_effect *fx, struct rr_err *err)
{
    const int rc = rr_effect_sync(fx->temp, 0, err);
    if (rc != 0) {
        return rc;
    }
    if (rename(fx->temp, fx->path) != 0) {
        const int why = errno;
        return rr_err_set(err, -why, "cannot rename %s to %s: %s", fx->temp, fx->path,
                          strerror(why));
    }
    fx->done = 1;
    return rr_effect_sync(fx->dir, O_DIRECTORY, err);
}

/* Give up: remove what was written at fx->temp. */
static inline void
rr_effect_abort(struct rr_effect *fx)
{
    if (!fx->done) {
        (void)unlink(fx->temp);
    }
}

#endif
