/* SPDX-License-Identifier: MIT */
/*
 * disk.c - the calls that write, with a limit and armed errors.
 */
#include "tests/fake/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct disk disk;

static uint64_t
used(void)
{
    uint64_t bytes = 0;
    DIR *dir = opendir(disk.dir);

    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        struct stat st;

        /* LMDB's lock file is mapped, not written */
        if (strcmp(e->d_name, "lock.mdb") != 0 &&
            fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
            bytes += (uint64_t)st.st_size;
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return bytes;
}

/* Whether a call of this kind fails now: -1 as armed, else 0. */
static int
armed(enum disk_call call)
{
    disk.made[call]++;
    if (disk.fails != call || disk.times == 0) {
        return 0;
    }
    if (disk.after > 0) {
        disk.after--;
        return 0;
    }
    disk.times--;
    errno = disk.error;
    return -1;
}

/* How much of a write of so many bytes at that offset of a file finds room. */
static size_t
room_for(int fd, off_t at, size_t bytes)
{
    struct stat st;

    if (disk.dir == NULL || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        at + (off_t)bytes <= st.st_size) {
        return bytes;
    }
    const int64_t room = (int64_t)disk.capacity - (int64_t)used() + st.st_size - at;

    return room < 0 ? 0 : (uint64_t)room < bytes ? (size_t)room : bytes;
}

static ssize_t
write_at(int fd, const struct iovec *v, int n, off_t at)
{
    size_t bytes = 0;

    for (int i = 0; i < n; i++) {
        bytes += v[i].iov_len;
    }
    if (armed(DISK_WRITE) != 0) {
        if (errno != 0) {
            return -1;
        }
        return syscall(SYS_pwrite64, fd, v[0].iov_base, v[0].iov_len / 2, at);
    }
    const size_t room = room_for(fd, at, bytes);

    if (room == 0) {
        errno = ENOSPC;
        return -1;
    }
    if (room < bytes) { /* what fits is written, as file systems do */
        return syscall(SYS_pwrite64, fd, v[0].iov_base, v[0].iov_len < room ? v[0].iov_len : room,
                       at);
    }
    if (disk.on_write != NULL) {
        disk.on_write(fd, v, n, at);
    }
    return syscall(SYS_pwritev, fd, v, (long)n, at, 0L);
}

ssize_t
pwrite(int fd, const void *data, size_t n, off_t at)
{
    const struct iovec v = {(void *)(uintptr_t)data, n};

    return write_at(fd, &v, 1, at);
}

ssize_t
pwrite64(int fd, const void *data, size_t n, off_t at)
{
    return pwrite(fd, data, n, at);
}

ssize_t
pwritev(int fd, const struct iovec *v, int n, off_t at)
{
    return write_at(fd, v, n, at);
}

ssize_t
pwritev64(int fd, const struct iovec *v, int n, off_t at)
{
    return write_at(fd, v, n, at);
}

ssize_t
writev(int fd, const struct iovec *v, int n)
{
    const off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t some;

    if (at < 0) {
        return syscall(SYS_writev, fd, v, (long)n);
    }
    some = write_at(fd, v, n, at);
    if (some > 0) {
        (void)lseek(fd, at + some, SEEK_SET);
    }
    return some;
}

static int
sync_call(long number, int fd)
{
    const struct timespec moment = {0, 1000000};

    while (disk.is_held) {
        (void)nanosleep(&moment, NULL);
    }
    if (armed(DISK_SYNC) != 0 || syscall(number, fd) != 0) {
        return -1;
    }
    if (disk.on_sync != NULL) {
        disk.on_sync(fd);
    }
    return 0;
}

int
fdatasync(int fd)
{
    return sync_call(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
    return sync_call(SYS_fsync, fd);
}

int
posix_fallocate(int fd, off_t at, off_t n)
{
    if (room_for(fd, at, (size_t)n) < (size_t)n) {
        return ENOSPC;
    }
    return (int)syscall(SYS_fallocate, fd, 0, at, n) == 0 ? 0 : errno;
}

int
posix_fallocate64(int fd, off_t at, off_t n)
{
    return posix_fallocate(fd, at, n);
}

int
statvfs(const char *restrict path, struct statvfs *restrict out)
{
    const uint64_t bytes = disk.dir == NULL ? 0 : used();

    (void)path;
    memset(out, 0, sizeof *out);
    out->f_frsize = 1;
    out->f_bavail = disk.dir == NULL        ? UINT64_C(1) << 40
                    : bytes < disk.capacity ? disk.capacity - bytes
                                            : 0;
    return 0;
}

int
statvfs64(const char *restrict path, struct statvfs64 *restrict out)
{
    return statvfs(path, (struct statvfs *)out);
}
