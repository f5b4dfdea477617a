/* SPDX-License-Identifier: MIT */
/*
 * rrd.h - the running daemon: what hangs together while the event loop turns.
 */
#ifndef RR_CORE_RRD_H
#define RR_CORE_RRD_H

#include "core/common/log.h"
#include "core/common/paths.h"
#include "core/rrd/conf.h"
#include "core/rrd/store.h"
#include "core/rrd/sup.h"
#include "core/rrd/sys.h"

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

struct ctl;
struct link;
struct notify;
struct options;
struct reload;
struct rrd;
struct stage_log;

/* An event that a worker has. It lives here only: see store.h. */
struct lease {
    STAILQ_ENTRY(lease) next;
    bool is_ending;  /* its outcome is under way; the entry is untouchable until the commit */
    uint64_t number; /* unique while the daemon runs */
    struct store_item item;
    char type[TEXT_TYPE_MAX + 1];
    char config[256];
    uint64_t since_ms; /* its handling began, UTC; 0: others are before it */
    uint64_t since_mono_ms;
};

struct stage_progress {
    uint64_t done, total;
    char text[128];
    uint64_t since_ms; /* UTC time of the first report in this handler, 0: none yet */
    uint64_t since_mono_ms;
    uint64_t first_done;
};

/* How the last process of a stage ended. */
struct stage_exit {
    uint64_t time_ms; /* 0: none yet */
    char kind[8];     /* see deaths.h */
    int code, signal;
    char text[200];
};

/* Totals of the queue at one moment, to tell rates. */
#define STAGE_SAMPLES 13 /* one each 5 s: a minute */
struct stage_sample {
    uint64_t mono_ms, in, done;
};

/* Of a worker with a new plugin file: see upgrade.h. */
struct stage_trial {
    bool is_on;
    uint64_t done; /* events that it has finished */
    char fault[200];
};

struct stage {
    struct rrd *rrd;
    struct stage *next_retired;
    const struct conf_stage *conf;
    size_t index;

    struct sup sup;
    uint64_t state_since_ms; /* UTC */
    uint64_t due_ms;         /* monotonic: the time of this state is over; 0: no limit */
    uint64_t next_start_ms;  /* UTC, in BACKOFF */
    struct sup_breaker breaker;
    uint64_t restarts;
    json_t *deaths;         /* the last ones, see deaths.h */
    bool was_ready;         /* once in this run of the daemon */
    uint64_t ready_mono_ms; /* since when this process is; 0: not yet */
    char hash[65];          /* of the plugin file that this process has loaded */
    bool is_asked;          /* this process was told to stop */
    bool was_wanted;        /* before a reload stopped it */
    struct stage_trial trial;
    struct stage_exit last_exit;
    char sick[160];  /* why it is ended by force, "" when it is not */
    char fatal[200]; /* what the worker said last about its own end */

    pid_t pid; /* 0: none */
    uint64_t epoch;
    struct link *link;
    struct stage_log *log;
    uint64_t ping_sent_ms; /* monotonic; 0: none on its way */
    uint64_t ping_next_ms;
    uint64_t alive_mono_ms; /* last sign of progress */
    uint64_t eof_mono_ms;   /* the worker closed its socket; 0: it did not */
    struct sys_usage usage; /* when it was looked at last */
    uint64_t oom_kills;     /* of the machine, when the worker was started */

    STAILQ_HEAD(, lease) leases; /* in the order of delivery, which is that of the answers */
    size_t n_leases;
    bool is_aside;                 /* the worker runs what belongs to no event */
    STAILQ_HEAD(, waiter) waiters; /* for commits of this stage, oldest first (route.c) */
    struct waiter *held;     /* what the worker adds outside an event, while there is no room */
    uint16_t open_request;   /* frame that waits for its answer; 0: none */
    bool is_full;            /* its queue, by its marks */
    struct stage *waits_for; /* that one has a full queue that this one fills; NULL: none */
    size_t n_changes;        /* of its queue, under way: nothing is delivered meanwhile */
    struct stage_progress progress;
    bool is_short; /* of slots, when it was looked at last */
    size_t short_slot;
    uint64_t next_due_ms;
    json_t *notes;       /* {config: {text, time_ms}} */
    json_t *dirty_notes; /* those that are not written yet */
    struct stage_sample samples[STAGE_SAMPLES];
    size_t n_samples;
};

struct rrd {
    struct conf conf;
    struct paths paths;
    struct store *store;
    struct event_base *base;
    struct event *turn;    /* look and dispatch, at the end of the current turn */
    struct event *results; /* of the store */
    struct event *tick;    /* each second */
    struct event *due;     /* when a delayed event becomes due */
    struct event *alarm;   /* when the next due_ms of a stage is reached */
    struct event *signals[5];
    int lock_fd; /* of the state directory */
    struct log_file log_file;
    const struct text_list *sets; /* options of the command line over the configuration */
    struct reload *reload;        /* under way, NULL for none */
    struct stage *retired; /* no longer configured; freed when nothing of them is under way */
    struct stage **stages; /* by index in the graph; each stays where it is while it exists */
    size_t n_stages;
    struct ctl *ctl;
    struct notify *notify; /* to a service manager */
    char instance[40];     /* marks the processes of this state directory */
    uint64_t started_ms;
    uint64_t last_lease, last_epoch;
    uint64_t seen_mono_ms;   /* the loop ran last */
    uint64_t n_swept;        /* leftovers of workers that were killed and not told of yet */
    char full[200];          /* why the store is full, "" when it is not */
    uint64_t store_pause_ms; /* monotonic: nothing is dispatched before */
    bool has_look;           /* dependencies may have changed */
    bool wants_reload;       /* SIGHUP came */
    bool is_stopping;
    bool is_hurried;
    bool was_told; /* the parent of --daemon knows that we run */
    int tell_fd;   /* pipe to it, -1 for none */
    int exit_status;
};

/* In daemon.c: the life of the daemon, from a validated configuration to the last process gone. */

/* Keep SIGHUP and SIGUSR1 waiting (SIG_BLOCK) until somebody minds them (SIG_UNBLOCK): they end no
 * daemon that starts or ends. */
void daemon_hold_signals(int how);

/* Run until stopped. rrd->conf and rrd->paths are filled, the rest is zero but for tell_fd.
 * Returns the exit status. */
int daemon_run(struct rrd *rrd, const struct options *opt);

/* Have the turn run soon: something for it to commit, dispatch or look at. */
void daemon_wake(struct rrd *rrd);

/* Begin the end. A second call is in a hurry. */
void daemon_stop(struct rrd *rrd);

#endif
