/* SPDX-License-Identifier: MIT */
/*
 * status.h - exit statuses, one table for all programs (rrd.8).
 */
#ifndef RR_CORE_STATUS_H
#define RR_CORE_STATUS_H

#include <rr/err.h>

#include <errno.h>

#define STATUS_OK 0
#define STATUS_FAILED 1
#define STATUS_USAGE 2
#define STATUS_NOT_RUNNING 3
#define STATUS_PERMISSION 4
#define STATUS_BUSY 5
#define STATUS_TIMEOUT 6
#define STATUS_BAD_STORE 65
#define STATUS_PLUGIN 69
#define STATUS_CONFIG 78

/* The exit status that tells a negative code. */
static inline int
status_of(int code)
{
    switch (code) {
    case 0:
        return STATUS_OK;
    case RR_E_CONFIG:
        return STATUS_CONFIG;
    case RR_E_PLUGIN:
        return STATUS_PLUGIN;
    case RR_E_CORRUPT:
        return STATUS_BAD_STORE;
    case RR_E_BUSY:
        return STATUS_BUSY;
    case RR_E_TIMEOUT:
        return STATUS_TIMEOUT;
    case -EACCES:
    case -EPERM:
        return STATUS_PERMISSION;
    default:
        return STATUS_FAILED;
    }
}

#endif
