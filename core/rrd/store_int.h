/* SPDX-License-Identifier: MIT */
/*
 * store_int.h - what the store*.c files share and nobody else includes.
 */
#ifndef RR_CORE_STORE_INT_H
#define RR_CORE_STORE_INT_H

#include "core/rrd/store.h"
#include "core/rrd/store_verify.h"

#include <lmdb.h>
#include <obstack.h>
#include <pthread.h>
#include <sys/queue.h>

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
    T_COUNT,
    T_FREE = T_COUNT /* LMDB's own list of free pages, which has the number 0 */
};

enum change_kind {
    CHANGE_APPEND,
    CHANGE_REPLAY,
    CHANGE_TAKE,
    CHANGE_MOVE,
    CHANGE_TEXT,
    CHANGE_PRUNE
};

/* One change of an operation. Texts lie in the room of the operation. */
struct change {
    STAILQ_ENTRY(change) next;
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
            struct store_item now;  /* CHANGE_MOVE */
            bool is_done;           /* CHANGE_TAKE */
        } entry;
        struct {
            enum store_text kind;
            char *name, *text; /* text NULL: delete */
        } text;
    };
};

/* {"id":18446744073709551615 */
#define APPEND_HEAD_BYTES 26

/* The more an operation adds, the earlier it has to wait while the store fills up. */
enum op_weight { OP_LIGHT, OP_PUTS, OP_APPENDS };

struct store_op {
    STAILQ_ENTRY(store_op) next;
    STAILQ_HEAD(, change) changes;
    struct obstack room; /* of the changes and their texts: a block for each took too long */
    store_done_fn fn;
    void *arg;
    struct store_result result;
    uint64_t *ids;
    enum op_weight weight;
    size_t added;    /* bytes, about */
    bool is_patient; /* waits when the store is full */
};

STAILQ_HEAD(op_list, store_op);

/* Numbers of a queue in the table stat. */
enum stat_index { STAT_READY, STAT_DELAYED, STAT_BURIED, STAT_IN, STAT_DONE, STAT_N };

/* A record of numbers that the batch has changed; tables other than stat have one number. */
struct counter {
    enum store_table table;
    char *name;
    uint64_t numbers[STAT_N];
};

struct store {
    MDB_env *env;
    MDB_dbi dbi[T_FREE + 1];
    struct store_conf conf;
    uint64_t start;
    char *dir, *ballast_path;
    char *clean_path; /* says which data file the last end left clean */

    /* of the thread alone, once it runs */
    MDB_txn *op; /* all that is written is written in it */
    uint64_t seq;
    struct counter *counters;
    size_t n_counters;
    uint64_t replayed; /* last child that this operation emitted once more */
    size_t added;      /* bytes, about, since it looked at the space that is left */

    /* of the loop alone */
    size_t n_open; /* operations that were not called back yet */
    int fd;        /* eventfd */

    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t has_work;
    struct op_list work, results;
    struct op_list waiting; /* for room: they append, and the store is full */
    bool is_closing;
    bool is_hasty;        /* nothing waits any more: it is refused */
    struct rr_err space;  /* why it is full; code 0: it is not */
    bool is_tight;        /* so full that keys wait, too */
    uint64_t n_wakes;     /* so often those that wait for room were let go on */
    struct rr_err health; /* of the last commit; code 0: fine */
};

extern const char *const store_table_names[T_COUNT];

int store_fail(struct rr_err *err, int rc, const char *what);

/* Begin st->op; end it: commit it if rc is 0, else undo everything and return rc. */
int store_begin(struct store *st, struct rr_err *err);
int store_end(struct store *st, int rc, struct rr_err *err);

/* A transaction that sees what is committed; ended by mdb_txn_abort(). */
int store_read(struct store *st, MDB_txn **txn, struct rr_err *err);

/* Keys. One that gets too long stays so: n is above STORE_KEY_MAX, and there is no such record. */
void store_key_add(struct store_key *key, const void *bytes, size_t n);
void store_key_add_number(struct store_key *key, uint64_t number);
struct store_key store_key_name(const char *name);
/* "a\0b"; with "" for b the beginning of all keys of a. */
struct store_key store_key_names(const char *a, const char *b);
struct store_key store_key_id(uint64_t id);
bool store_key_is(const struct store_key *key, const char *name);

/* Write a record, and delete one (which need not be there), in st->op. */
int store_set(struct store *st, enum store_table t, const struct store_key *key, const void *data,
              size_t n, struct rr_err *err);
int store_del(struct store *st, enum store_table t, const struct store_key *key,
              struct rr_err *err);
/* RR_E_EMPTY when there is no such record; *data lies in the map until the transaction ends. */
int store_get(struct store *st, MDB_txn *txn, enum store_table t, const struct store_key *key,
              MDB_val *data, struct rr_err *err);
/* The same from what is committed, in a new string. */
int store_get_text(struct store *st, enum store_table t, const struct store_key *key, char **text,
                   struct rr_err *err);
/* The data of a record that was read with its key. */
int store_record(enum store_table t, const MDB_val *k, const MDB_val *v, MDB_val *data,
                 struct rr_err *err);

/*
 * A walk through a table in the order of its keys:
 *
 *     store_walk(&w, …);
 *     while (store_next(&w)) { … w.k … }
 *     return store_walk_end(&w, err);
 */
struct store_walk {
    MDB_val k, v; /* the record where it stands, as it is stored */
    bool is_back; /* set it before the first step: from the last record before `from` backwards */
    int failed;   /* set it to an error of what is done at a record, and the walk ends with it */
    enum store_table table;
    const struct store_key *from;
    size_t prefix_n;
    MDB_cursor *cur;
    MDB_cursor_op to;
    MDB_txn *own;
    int rc;
};
/* Walk from the first key from `from` on (NULL: all) through the keys that begin with its first
 * prefix_n bytes. It stays the caller's, to the end. txn NULL: see what is committed. */
void store_walk(struct store_walk *w, struct store *st, MDB_txn *txn, enum store_table t,
                const struct store_key *from, size_t prefix_n);
/* The next step goes to the first key from another one on. */
void store_seek(struct store_walk *w, const struct store_key *from);
/* Whether there is a next record. */
bool store_next(struct store_walk *w);
/* Always called. */
int store_walk_end(struct store_walk *w, struct rr_err *err);
/* The data of the record, false when it is damaged. */
bool store_walk_data(const struct store_walk *w, MDB_val *data);
/* The number at the beginning of its key. */
uint64_t store_walk_id(const struct store_walk *w);

/* Records of numbers (store_counters.c). */
int store_set_numbers(struct store *st, enum store_table t, const struct store_key *key,
                      const uint64_t *numbers, size_t count, struct rr_err *err);
/* All of a counter: 0 when there is no such record. */
int store_numbers(struct store *st, MDB_txn *txn, enum store_table t, const char *name,
                  uint64_t *out, struct rr_err *err);
/* Those of a record on a walk, false when it is damaged or has another count of them. */
bool store_walk_numbers(const struct store_walk *w, uint64_t *out, size_t count);
/* Add to a number; it is gathered in memory and written by store_counters_write(). */
int store_count(struct store *st, enum store_table t, const char *name, size_t index, int64_t delta,
                struct rr_err *err);
/* A single number with what was added. */
int store_counted(struct store *st, enum store_table t, const char *name, uint64_t *out,
                  struct rr_err *err);
int store_counters_write(struct store *st, struct rr_err *err);
void store_counters_forget(struct store *st);

/* Events (store_event.c): one as JSON, by its id in st->op or on a walk; NULL when it is damaged or
 * not there. */
json_t *store_event_doc(struct store *st, uint64_t id);
json_t *store_walk_doc(const struct store_walk *w);
/* The record in the table key of an event; false when it has no key. */
bool store_event_key(const json_t *event, struct store_key *key);
/* A queue has let go of the event; it goes when no other needs it and pruning passed it already. */
int store_let_go(struct store *st, uint64_t id, struct rr_err *err);

/* Queues (store_queue.c). What stands in a key behind the name of the queue and its \0. */
#define STORE_ENTRY_BYTES 17u
/* Add an entry. */
int store_enqueue(struct store *st, const char *queue, uint64_t id, uint64_t now_ms, bool is_replay,
                  struct rr_err *err);
/* Which of the numbers of a queue counts the entries in a state. */
enum stat_index store_stat_of(enum store_state state);
/* The entry on a walk through the table queue; false when the key is not of the form of one. */
bool store_walk_item(const struct store_walk *w, struct store_item *out);

/* Lineage (store_lineage.c). The id of an event whose parent has this child already is in *known:
 * the handler that is repeated by a replay emits what it emitted then. */
int store_add_child(struct store *st, uint64_t parent, uint64_t child, struct rr_err *err);
int store_known_child(struct store *st, const struct change *c, uint64_t after, uint64_t *known,
                      struct rr_err *err);
int store_add_fact(struct store *st, const char *stage, const struct store_item *item,
                   enum store_outcome outcome, struct rr_err *err);
/* Whether a fact says that its queue has the event still, if only set aside. */
bool store_fact_is_open(const struct store_walk *w);
/* Whether an entry of that queue (NULL: of any) needs the event, by its facts. In st->op. */
int store_is_needed(struct store *st, uint64_t id, const char *queue, bool *needed,
                    struct rr_err *err);
int store_forget_lineage(struct store *st, uint64_t id, const json_t *event, struct rr_err *err);
/* To format 2, which has lineage. */
int store_index_children(struct store *st, struct rr_err *err);

/* Apply one change in st->op. */
int store_do_append(struct store *st, const struct change *c, uint64_t *id, struct rr_err *err);
int store_do_replay(struct store *st, const struct change *c, struct rr_err *err);
int store_do_take(struct store *st, const struct change *c, struct rr_err *err);
int store_do_move(struct store *st, const struct change *c, struct rr_err *err);
int store_do_text(struct store *st, const struct change *c, struct rr_err *err);
/* Look at some events after the floor unless the log is short enough; forget those that nobody
 * needs. Appending does so, too, but waits while the store is full: then this is an operation. */
int store_do_prune(struct store *st, struct rr_err *err);
struct store_op *store_op_prune_new(void);

/* Make the facts of all that queues need again, and count what is in the queues. In st->op. */
int store_count_again(struct store *st, struct rr_err *err);
/* Put right what damaged records would stop; logs each (store_repair.c). In st->op. */
int store_repair(struct store *st, const struct store_check *check, struct rr_err *err);

/* 0, or -ENOSPC with what is full and what to do (store_space.c). */
int store_look_at_space(struct store *st, bool was_full, struct rr_err *err);
/* Percent of the map that is in use. */
unsigned store_map_use(struct store *st);
void store_give_ballast(struct store *st);

/* The thread (store_thread.c). */
int store_thread_start(struct store *st, struct rr_err *err);
void store_thread_stop(struct store *st);

#endif
