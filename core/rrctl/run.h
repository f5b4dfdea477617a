/* SPDX-License-Identifier: MIT */
/*
 * run.h - the parts of `rrctl run`: one daemon from start to stop, watched all the time.
 *
 * cmd_run.c decides when to stop; run_daemon.c starts, attaches and stops the daemon; run_view.c
 * shows what happens.
 */
#ifndef RR_CORE_RRCTL_RUN_H
#define RR_CORE_RRCTL_RUN_H

#include "core/rrctl/client.h"
#include "core/rrctl/rrctl.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define RUN_RECENT_MAX 6 /* iteration events on the screen */

struct run {
    struct rrctl *app;
    const char *config; /* as given, or NULL */

    /* When to stop; 0 and NULL: never. */
    int64_t limit_ms;
    int64_t limit_iterations;
    char *until_type;
    int64_t until_count;

    /* From [core] of the configuration. */
    char *iteration_event;
    char *report; /* path of the report program, NULL for none */

    bool is_new;    /* the directory was made by this run */
    pid_t child;    /* 0: attached to a daemon that somebody else started */
    bool is_reaped; /* the child has ended, with child_status */
    int child_status;
    int output_fd;    /* what the child said, -1 when attached */
    off_t said_bytes; /* of that, printed already */

    struct client follow;     /* iteration events as they come; fd -1 when closed */
    json_t *recent;           /* the newest of them */
    json_t *status;           /* the daemon's last answer, or NULL */
    int64_t status_at_ms;     /* when it came, monotonic */
    int64_t began_ms;         /* monotonic */
    int64_t began_wall_ms;    /* events before that are history */
    int64_t first_iterations; /* of the directory, when this run began */
    const char *stop_reason;  /* NULL while running */
    bool is_hurried;          /* asked twice to stop */

    bool draws;            /* a screen, not lines */
    int64_t line_at_ms;    /* when the last line of lines was printed */
    json_t *printed_notes; /* "stage config" -> text */
};

/* run_daemon.c */

/* Attach to a daemon that runs in the directory, whose status is then known, or make the directory
 * ready for one. */
int run_daemon_prepare(struct run *run, struct rr_err *err);

/* Start the daemon as a child and wait until it answers. */
int run_daemon_start(struct run *run, struct rr_err *err);

/* Look whether the child has ended; is_reaped then tells. */
void run_daemon_reap(struct run *run);

/* Ask the daemon for its status; a failure leaves the old one. */
int run_daemon_poll(struct run *run, struct rr_err *err);

/* Describe how the child ended, with what it said last. Returns the code for its exit status. */
int run_daemon_verdict(struct run *run, struct rr_err *err);

/* cmd_run.c */

/* Events of the iteration type so far: in this run, and in the whole directory. */
int64_t run_iterations(const struct run *run);
int64_t run_count(const struct run *run, const char *type);

/* run_view.c */

/* Show the present state: redraw, or a line when one is due. */
void run_view_tick(struct run *run);

/* Show one iteration event. */
void run_view_event(struct run *run, json_t *event_take);

/* Say one thing that everybody must see. */
__attribute__((format(printf, 2, 3))) void run_view_say(struct run *run, const char *fmt, ...);

/* Leave the screen and print how things ended. */
void run_view_end(struct run *run);

#endif
