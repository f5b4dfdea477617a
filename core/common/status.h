/* SPDX-License-Identifier: MIT */
/*
 * status.h - exit statuses, one table for all programs (rrd.8).
 */
#ifndef RR_CORE_STATUS_H
#define RR_CORE_STATUS_H

#define STATUS_OK 0
#define STATUS_FAILED 1
#define STATUS_USAGE 2
#define STATUS_NOT_RUNNING 3
#define STATUS_PERMISSION 4
#define STATUS_BUSY 5
#define STATUS_TIMEOUT 6
#define STATUS_BAD_STORE 65
#define STATUS_PLUGIN 69 /* of a worker: never restarted */
#define STATUS_CONFIG 78 /* of a worker: never restarted */

/* The exit status that tells a negative code, and the code that belongs to an exit status. */
int status_of(int code);
int status_code(int status);

#endif
