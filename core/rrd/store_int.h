/* SPDX-License-Identifier: MIT */
/*
 * store_int.h - what the store*.c files share and nobody else includes.
 */
#ifndef RR_CORE_STORE_INT_H
#define RR_CORE_STORE_INT_H

#include "core/rrd/store.h"
#include "core/rrd/store_verify.h"

#include <lmdb.h>
#include <pthread.h>

enum store_table {
    T_META,
    T_EVENT,
    T_QUEUE,
    T_KEY,
    T_PUT,
    T_NOTE,
    T_HIST,
    T_STAT,
    T_TYPE,
    T_CHILD,
    T_FACT,
    T_REF, /* of formats 1 and 2 only: how many queues needed an event */
    T_COUNT
};

enum change_kind { CHANGE_APPEND, CHANGE_REPLAY, CHANGE_TAKE, CHANGE_MOVE, CHANGE_TEXT };

/* One change of an operation. Texts are its own. */
struct change {
    struct change *next;
    enum change_kind kind;
    char *stage; /* queue, or owner of a text */
    union {
        struct {
            char *type, *key; /* key NULL: not deduplicated */
            char *text;       /* JSON, behind room for its beginning with the id */
            size_t text_n;    /* with that room */
            char **queues;
            size_t n_queues;
            uint64_t time_ms, parent;
            char *source, *config;
            bool is_replay;
        } append;
        struct {
            struct store_item item; /* CHANGE_REPLAY: only the id */
            bool is_done;           /* CHANGE_TAKE */
            enum store_state state; /* CHANGE_MOVE */
            uint64_t sort;
            struct record_item now;
        } entry;
        struct {
            enum store_table table;
            char *name, *text; /* text NULL: delete */
        } text;
    };
};

/* {"id":18446744073709551615 */
#define APPEND_HEAD_BYTES 26

struct store_op {
    struct store_op *next;
    struct change *first, **last;
    store_done_fn fn;
    void *arg;
    struct store_result result;
    uint64_t *ids;
    bool is_patient; /* waits when the store is full */
};

struct op_list {
    struct store_op *first, **last;
};

enum { COUNTER_MAX = 8 };

struct counter {
    enum store_table table;
    char *name;
    size_t count;
    uint64_t numbers[COUNTER_MAX];
};

struct store {
    MDB_env *env;
    MDB_dbi dbi[T_COUNT];
    uint64_t start;
    uint64_t retain_events;
    bool read_only;
    uint64_t reserve; /* bytes of disk that stay free for acknowledgements */
    char *dir, *ballast_path;
    char *clean_path; /* a file that is there when the last end was clean */

    /* of the thread alone */
    MDB_txn *op; /* of the operation that is being applied, child of the batch */
    uint64_t seq;
    struct counter *counters; /* that the batch has changed */
    size_t n_counters;
    uint64_t replayed; /* last child that this operation emitted once more */

    /* of the loop alone */
    uint64_t looked_ms; /* at the space, monotonic */
    size_t n_open;      /* operations that were not called back yet */
    int fd;             /* eventfd */

    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t has_work, has_results;
    struct op_list work, results;
    struct op_list waiting; /* for room: they append, and the store is full */
    bool is_closing;
    bool is_hasty;        /* nothing waits any more: it is refused */
    struct rr_err space;  /* why it is full; code 0: it is not */
    struct rr_err health; /* of the last commit; code 0: fine */
};

extern const char *const store_table_names[T_COUNT];

/* Longest key that LMDB takes, as it is built by default. */
#define STORE_KEY_MAX 511

int store_fail(struct rr_err *err, int rc, const char *what);

/* A read transaction; ended by mdb_txn_abort. */
int store_read(struct store *st, MDB_txn **txn, struct rr_err *err);
/* "a\0b": returns the length, 0 when it does not fit. b NULL gives the prefix "a\0". */
size_t store_key2(uint8_t *out, const char *a, const char *b);

int store_set(struct store *st, MDB_txn *txn, enum store_table t, const void *key, size_t key_n,
              enum record_kind kind, const void *data, size_t n, struct rr_err *err);
/* The data of a record that was read with its key. */
int store_record(enum record_kind kind, const MDB_val *k, const MDB_val *v, const uint8_t **data,
                 size_t *n, struct rr_err *err);
/* RR_E_EMPTY when there is no such key; *data lies in the map until the transaction ends. */
int store_get(struct store *st, MDB_txn *txn, enum store_table t, const void *key, size_t key_n,
              enum record_kind kind, const uint8_t **data, size_t *n, struct rr_err *err);
/* Deleting what is not there is fine. */
int store_del(struct store *st, MDB_txn *txn, enum store_table t, const void *key, size_t key_n,
              struct rr_err *err);

/* Numbers: add to the number at index of a record of n numbers, which is made when missing. */
int store_add(struct store *st, MDB_txn *txn, enum store_table t, const char *name, size_t index,
              size_t count, int64_t delta, struct rr_err *err);
int store_numbers(struct store *st, MDB_txn *txn, enum store_table t, const char *name,
                  uint64_t *out, size_t count, struct rr_err *err);

/* The same within a batch: gathered in memory, written at its end. st->op only. */
int store_count(struct store *st, enum store_table t, const char *name, size_t index, size_t count,
                int64_t delta, struct rr_err *err);
/* A single number with what the batch has changed. */
int store_counted(struct store *st, enum store_table t, const char *name, uint64_t *out,
                  struct rr_err *err);
int store_counters_write(struct store *st, struct rr_err *err);
void store_counters_forget(struct store *st);

/* A queue has let go of the event; it goes when no other needs it and pruning passed it already. */
int store_let_go(struct store *st, uint64_t id, struct rr_err *err);
/* Add an entry to a queue. */
int store_enqueue(struct store *st, const char *queue, uint64_t id, uint64_t now_ms, bool is_replay,
                  struct rr_err *err);

/* Lineage (store_lineage.c). The id of an event whose parent has this child already is in *known:
 * the handler that is repeated by a replay emits what it emitted then. */
int store_add_child(struct store *st, uint64_t parent, uint64_t child, struct rr_err *err);
int store_known_child(struct store *st, const struct change *c, uint64_t after, uint64_t *known,
                      struct rr_err *err);
int store_add_fact(struct store *st, const char *stage, const struct store_item *item,
                   enum store_outcome outcome, struct rr_err *err);
/* Whether a fact says that its queue has the event still, if only set aside. */
bool store_fact_is_open(const MDB_val *k, const MDB_val *v);
/* Whether an entry of that queue (NULL: of any) needs the event, by its facts. In st->op. */
int store_is_needed(struct store *st, uint64_t id, const char *queue, bool *needed,
                    struct rr_err *err);
int store_forget_lineage(struct store *st, MDB_txn *txn, uint64_t id, const json_t *event,
                         struct rr_err *err);
/* To format 2, which has lineage. */
int store_index_children(struct store *st, struct rr_err *err);

/* Apply one change in st->op. */
int store_do_append(struct store *st, const struct change *c, uint64_t *id, struct rr_err *err);
int store_do_replay(struct store *st, const struct change *c, struct rr_err *err);
int store_do_take(struct store *st, const struct change *c, struct rr_err *err);
int store_do_move(struct store *st, const struct change *c, struct rr_err *err);
int store_do_text(struct store *st, const struct change *c, struct rr_err *err);

/* Make the facts of all that queues need again, and count what is in the queues. In st->op. */
int store_count_again(struct store *st, struct rr_err *err);

/* Put right what damaged records would stop; logs each (store_repair.c). */
int store_repair(struct store *st, const struct store_check *check, struct rr_err *err);

/* 0, or -ENOSPC with what is full and what to do (store_space.c). */
int store_look_at_space(struct store *st, bool was_full, struct rr_err *err);
/* Returns whether there was any. */
bool store_give_ballast(struct store *st);

/* The thread (store_thread.c). */
int store_thread_start(struct store *st, struct rr_err *err);
void store_thread_stop(struct store *st);

#define STAT_READY 0u
#define STAT_DELAYED 1u
#define STAT_BURIED 2u
#define STAT_IN 3u
#define STAT_DONE 4u
#define STAT_N 5u

#endif
