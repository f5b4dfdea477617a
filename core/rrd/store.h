/* SPDX-License-Identifier: MIT */
/*
 * store.h - durable events, queues and keys.
 *
 * Changes are made by operations. An operation is a list of changes that happen together or not at
 * all. It is data: the loop builds it and submits it, and the store's own thread (store_thread.c)
 * applies it, makes it durable together with whatever else has come meanwhile (group commit), and
 * hands the result back. So a slow disk never holds up the loop. Nobody may act on an operation
 * (answer a worker, deliver an event) before its callback says 0.
 *
 * Operations are applied in the order in which they were submitted, and their callbacks are called
 * in that order by store_finish(), on the loop's thread. The functions that read run on the loop's
 * thread as well and see what is committed.
 *
 * A lease is not in the store: the entry of a leased event stays where it was until the handler's
 * operation removes it. So a daemon that dies needs no recovery of leases, and counts no attempts.
 *
 * Tables (all keys sort as bytes; numbers in keys are big endian):
 *
 *     meta   name                          format, start, floor (events up to it were looked at for
 *                                          pruning), kept (of these: queues needed them), dropped
 *                                          (emits with a known key)
 *     event  id                            the event as JSON
 *     queue  stage \0 state sort id        attempts, time, last error; state is r (sort 0),
 *                                          d (sort = due time) or b (sort 0)
 *     key    type \0 key                   id of the event that was emitted with this key
 *     put    stage \0 key                  durable keys of stages
 *     note   stage \0 config               notes of stages (JSON)
 *     hist   stage                         restarts and last deaths (JSON, deaths.h)
 *     stat   stage                         ready, delayed, buried, in_total, done_total
 *     type   type                          events ever stored
 *     child  parent id, id                 (nothing): what an event caused
 *     fact   id, stage                     outcome, attempts, in_ms, end time: how it was handled;
 *                                          outcome 0: the queue has it still
 */
#ifndef RR_CORE_STORE_H
#define RR_CORE_STORE_H

#include "core/rrd/record.h"

#include <rr/err.h>

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

struct store_op;

struct store_result {
    int rc; /* 0: durable. Otherwise nothing of the operation happened, and err says why */
    struct rr_err err;
    const uint64_t *ids; /* of its store_op_append()s, in order; 0 where the key was known */
    size_t n_ids;
};

typedef void (*store_done_fn)(void *arg, const struct store_result *result);

enum store_state { STORE_READY = 'r', STORE_DELAYED = 'd', STORE_BURIED = 'b' };

/* One entry of a queue. */
struct store_item {
    enum store_state state;
    uint64_t sort;   /* due time of a delayed one */
    uint64_t id;     /* of the event */
    bool is_damaged; /* the record; item.error says how */
    struct record_item item;
};

/* Texts that a stage owns. */
enum store_text {
    STORE_KEY,  /* its durable keys */
    STORE_NOTE, /* its notes, by configuration: JSON */
    STORE_HIST  /* how it ended, named "": JSON */
};

struct store_counts {
    uint64_t ready, delayed, buried;
    uint64_t in_total, done_total;
};

/* Longest text of a stored event, what stands around the payload included: with an attempt beside
 * it, it has to fit in one frame to a worker. */
#define STORE_EVENT_BYTES_MAX 65000u

/* A new event. Everything is borrowed until store_op_append() returns. */
struct store_event {
    const char *type;
    const char *source;
    const char *config;
    const char *key; /* NULL: not deduplicated */
    uint64_t time_ms;
    uint64_t parent; /* id of the causing event, 0 for none */
    bool is_replay;  /* the parent is handled once more: what it caused then is not stored again */
    const char *payload; /* JSON text; NULL (it cannot be written as such) is a problem */
};

/*
 * Open the store in a directory that exists, made when it is missing, and count this start.
 *
 * The caller holds the lock of the state directory. Events beyond retain_events are removed, the
 * oldest first, as soon as no queue needs them. There must be no other thread yet.
 */
struct store_conf {
    uint64_t map_bytes;     /* most that it may grow to */
    uint64_t retain_events; /* kept when no queue needs them */
    uint64_t reserve_bytes; /* of disk, for acknowledgements; 0: none */
    bool read_only;         /* opens without counting a start */
};
int store_open(const char *dir, const struct store_conf *conf, struct store **out,
               struct rr_err *err);
/* What was submitted is made durable first; its callbacks are not called. */
void store_close(struct store *st);

/* Number of this start; ids of events made by it are (start << 40) + 1, 2, … */
uint64_t store_start(const struct store *st);

/* Building an operation. Problems are kept in it and come back with its result. */
struct store_op *store_op_new(void);
void store_op_free(struct store_op *op); /* of one that is not submitted */
/* Append to the log and to queues (names of stages). */
void store_op_append(struct store_op *op, const struct store_event *ev, const char *const *queues,
                     size_t n);
/* Put a stored event into a queue once more, marked as a replay, unless it is there. An event that
 * is not stored any more makes the operation fail. */
void store_op_replay(struct store_op *op, const char *queue, uint64_t id);
/* Remove an entry; done: it counts as handled, else as dropped. */
void store_op_take(struct store_op *op, const char *queue, const struct store_item *item,
                   bool done);
/* Move an entry to another state; sort is the due time for STORE_DELAYED and 0 else. */
void store_op_move(struct store_op *op, const char *queue, const struct store_item *item,
                   enum store_state state, uint64_t sort, const struct record_item *now);
/* Set or (text NULL) delete a text. */
void store_op_text(struct store_op *op, enum store_text kind, const char *stage, const char *name,
                   const char *text);

/* When the store is full, wait for room instead of failing: for workers, which cannot go on
 * without. Only operations that append or replay are concerned, and those that set keys or notes
 * when little is left of the map. */
void store_op_wait(struct store_op *op);

/* Hand an operation over. fn (may be NULL) is called exactly once, by store_finish(). */
void store_submit(struct store *st, struct store_op *op_take, store_done_fn fn, void *arg);
/* Becomes readable when there are results. */
int store_fd(const struct store *st);
/* Call back for all results that there are. */
void store_finish(struct store *st);
/* Whether every operation has been called back. */
bool store_is_idle(const struct store *st);
/* Wait until it is, calling back. */
void store_drain(struct store *st);
/* Each second: look at the space that is left. While there is too little, operations that append
 * (see store_op_wait()) wait or fail with -ENOSPC. Returns whether the store is full; err then says
 * why and what to do. */
bool store_tick(struct store *st, struct rr_err *err);
/* The daemon ends: what waits for room is refused. */
void store_hurry(struct store *st);
/* What became of the last commit: 0, or why it failed. RR_E_CORRUPT is for ever: the disk failed or
 * the file is damaged, and nothing is written any more. */
int store_health(struct store *st, struct rr_err *err);

/* Reading: */

/* Walk a queue: the buried, then the delayed, then the ready. after (NULL: none) is where to go on:
 * behind an entry of that state, sort number and id. fn returns false to end. */
typedef bool (*store_item_fn)(void *arg, const char *queue, const struct store_item *item);
int store_items(struct store *st, const char *queue, const struct store_item *after,
                store_item_fn fn, void *arg, struct rr_err *err);

/* Walk what may be delivered at now_ms: the ready entries, oldest first, and in between the delayed
 * ones that are due. *next_due_ms is the time of the next that is not, 0 for none. */
int store_due(struct store *st, const char *queue, uint64_t now_ms, store_item_fn fn, void *arg,
              uint64_t *next_due_ms, struct rr_err *err);
/* Find the entry of an event. */
int store_find(struct store *st, const char *queue, uint64_t id, struct store_item *out,
               struct rr_err *err);
int store_counts(struct store *st, const char *queue, struct store_counts *out, struct rr_err *err);

enum store_outcome { STORE_OPEN, STORE_DONE, STORE_SET_ASIDE, STORE_DROPPED };

/* How a stage handled an event; one that it has not handled (STORE_OPEN) is not told. */
struct store_fact {
    enum store_outcome outcome;
    uint64_t attempts; /* that failed before */
    uint64_t in_ms;    /* when it joined the queue */
    uint64_t end_ms;
};
typedef bool (*store_fact_fn)(void *arg, const char *stage, const struct store_fact *fact);
int store_facts(struct store *st, uint64_t id, store_fact_fn fn, void *arg, struct rr_err *err);
typedef bool (*store_id_fn)(void *arg, uint64_t id);
/* What an event caused, oldest first. */
int store_children(struct store *st, uint64_t id, store_id_fn fn, void *arg, struct rr_err *err);
/* Id of the first event of that time or later; RR_E_EMPTY when there is none. */
int store_since(struct store *st, uint64_t time_ms, uint64_t *id, struct rr_err *err);

/* Read one event as JSON text; the caller frees it. */
int store_event_new(struct store *st, uint64_t id, char **out, struct rr_err *err);
/* A damaged event has text NULL. */
typedef bool (*store_event_fn)(void *arg, uint64_t id, const char *text, size_t n);
int store_events(struct store *st, uint64_t after, store_event_fn fn, void *arg,
                 struct rr_err *err);
/* The events before an id, the newest first. */
int store_events_back(struct store *st, uint64_t before, store_event_fn fn, void *arg,
                      struct rr_err *err);
/* Id of the newest event, 0 when there is none. */
int store_last(struct store *st, uint64_t *id, struct rr_err *err);
typedef bool (*store_text_fn)(void *arg, const char *name, const char *text);
/* Texts of a stage in the order of their names, those behind the name `after` if it is not NULL. */
int store_texts(struct store *st, enum store_text kind, const char *stage, const char *after,
                store_text_fn fn, void *arg, struct rr_err *err);
/* Returns RR_E_EMPTY when there is none. The caller frees *text. */
int store_text_new(struct store *st, enum store_text kind, const char *stage, const char *name,
                   char **text, struct rr_err *err);
/* Totals over everything. by_type gets {TYPE: count}. */
int store_totals(struct store *st, json_t *by_type, uint64_t *stored, uint64_t *dropped,
                 struct rr_err *err);
/* Names of all stages that have entries in a queue. */
int store_queues(struct store *st, store_text_fn fn, void *arg, struct rr_err *err);

#endif
