/* SPDX-License-Identifier: MIT */
/*
 * disk.h - a disk that fills up and fails, for one directory.
 *
 * disk.c defines the calls by which LMDB and the store write, so that a program linked with it gets
 * ENOSPC when the files of the directory would outgrow the disk, and whatever error is armed.
 */
#ifndef TESTS_DISK_H
#define TESTS_DISK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum disk_call { DISK_NONE, DISK_WRITE, DISK_SYNC, DISK_CALLS };

struct disk {
    const char *dir;   /* NULL: a disk without limits */
    uint64_t capacity; /* bytes of the files in dir */
    enum disk_call fails;
    int after; /* so many calls succeed before */
    int times; /* and so many fail */
    int error; /* with that errno; 0: a write is cut short */
    int made[DISK_CALLS];
    bool is_held; /* syncs do not return before this is false */
    /* For a recorder, NULL for none: a write begins, a sync has succeeded. On any thread. */
    void (*on_write)(int fd, const struct iovec *v, int n, off_t at);
    void (*on_sync)(int fd);
};

extern struct disk disk;

#endif
