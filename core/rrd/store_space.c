/* SPDX-License-Identifier: MIT */
/*
 * store_space.c - room for acknowledgements when the disk or the map is full.
 *
 * Handling an event takes its queue entry away; if that could fail for want of room, a full disk
 * would mean work done twice. So new events stop while there is still room: below `reserve` bytes
 * of free disk, or above 95 % of the map, operations that append wait (their workers wait with
 * them), and all others go on. Those that set durable keys may fill a bit more of the map, since
 * many acknowledgements set one, and most change one that is there. A ballast file is given up when
 * the disk is full all the same, and taken again when there is room.
 */
#include "core/rrd/store_int.h"

#include "core/common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Enough for the pages that some thousand acknowledgements rewrite. */
#define BALLAST_MAX (16u << 20)
/* In percent of the map: new events stop above, and come again below. */
#define MAP_HIGH 95u
#define MAP_LOW 93u

static uint64_t
ballast_bytes(const struct store *st)
{
    return st->conf.reserve_bytes / 4 < BALLAST_MAX ? st->conf.reserve_bytes / 4 : BALLAST_MAX;
}

void
store_give_ballast(struct store *st)
{
    (void)unlink(st->ballast_path);
}

/* Failing is fine: there is no room for it then, and space() sees that, too. */
static void
take_ballast(struct store *st)
{
    int fd;

    if (ballast_bytes(st) == 0 || access(st->ballast_path, F_OK) == 0) {
        return;
    }
    fd = open(st->ballast_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return;
    }
    if (posix_fallocate(fd, 0, (off_t)ballast_bytes(st)) != 0) {
        (void)unlink(st->ballast_path);
    }
    (void)close(fd);
}

/* Pages that a list of free pages holds; LMDB uses them before the map grows. */
static uint64_t
free_pages(struct store *st)
{
    struct store_walk w;
    uint64_t pages = 0;

    store_walk(&w, st, NULL, T_FREE, NULL, 0);
    while (store_next(&w)) {
        size_t n;

        memcpy(&n, w.v.mv_data, sizeof n);
        pages += n;
    }
    (void)store_walk_end(&w, NULL);
    return pages;
}

unsigned
store_map_use(struct store *st)
{
    MDB_envinfo info;
    MDB_stat stat;
    uint64_t used;

    if (mdb_env_info(st->env, &info) != 0 || mdb_env_stat(st->env, &stat) != 0) {
        return 0;
    }
    used = (info.me_last_pgno + 1) * stat.ms_psize;
    if (used > info.me_mapsize / 100 * MAP_LOW) { /* only then it is worth counting */
        used -= free_pages(st) * stat.ms_psize;
    }
    return (unsigned)(used / (info.me_mapsize / 100));
}

int
store_look_at_space(struct store *st, bool was_full, struct rr_err *err)
{
    const unsigned use = store_map_use(st);
    struct statvfs fs;
    uint64_t room;

    if (use > (was_full ? MAP_LOW : MAP_HIGH)) {
        return rr_err_set(err, -ENOSPC,
                          "the store is full: %u %% of store_size are in use; "
                          "lower retain_events, or raise store_size in [core] and restart",
                          use);
    }
    if (st->conf.reserve_bytes == 0 || statvfs(st->dir, &fs) != 0) {
        return 0;
    }
    room = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (room < st->conf.reserve_bytes + (was_full ? ballast_bytes(st) : 0)) {
        return rr_err_set(err, -ENOSPC,
                          "the disk is full: %llu MiB are left for the store, disk_reserve is %llu "
                          "MiB; make room on it",
                          (unsigned long long)(room >> 20),
                          (unsigned long long)(st->conf.reserve_bytes >> 20));
    }
    take_ballast(st);
    return 0;
}
