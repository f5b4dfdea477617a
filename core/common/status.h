/* SPDX-License-Identifier: MIT */
/*
 * status.h - exit statuses, one table for all programs (rrd.8).
 */
#ifndef RR_CORE_STATUS_H
#define RR_CORE_STATUS_H

/* The man pages list these lines. */
#define STATUS_OK 0          /* done */
#define STATUS_FAILED 1      /* failed; what was said on standard error tells how */
#define STATUS_USAGE 2       /* wrong usage */
#define STATUS_NOT_RUNNING 3 /* the daemon is not running */
#define STATUS_PERMISSION 4  /* no permission */
#define STATUS_BUSY 5        /* busy: a daemon runs there already, or a conf.d is there */
#define STATUS_TIMEOUT 6     /* no answer in time */
#define STATUS_BAD_STORE 65  /* the store is damaged, or of another version */
#define STATUS_PLUGIN 69     /* a plugin cannot be loaded; of a worker: never restarted */
#define STATUS_CONFIG 78     /* the configuration is wrong; of a worker: never restarted */

/* The exit status that tells a negative code, and the code that belongs to an exit status. */
int status_of(int code);
int status_code(int status);

#endif
