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
    const char *dir;           /* NULL: a disk without limits */
    _Atomic uint64_t capacity; /* bytes of the files in dir */
    /* A test sets these while the store's thread runs. */
    _Atomic enum disk_call fails;
    _Atomic int after; /* so many calls succeed before */
    _Atomic int times; /* and so many fail */
    _Atomic int error; /* with that errno; 0: a write is cut short */
    _Atomic int made[DISK_CALLS];
    _Atomic bool is_held; /* syncs do not return before this is false */
    /* For a recorder, NULL for none: a write begins, a sync has succeeded. On any thread. */
    void (*_Atomic on_write)(int fd, const struct iovec *v, int n, off_t at);
    void (*_Atomic on_sync)(int fd);
};

extern struct disk disk;

#endif
