/* SPDX-License-Identifier: MIT */
/*
 * store_thread.c - the one thread of the daemon: applies operations and commits them in groups.
 *
 * LMDB's writer lock belongs to a thread, so every write transaction lives here from its beginning
 * to its end. While one commit waits for the disk the next operations gather; so a busy store needs
 * few syncs, and an idle one loses no time by waiting for company.
 */
#include "core/rrd/store_int.h"

#include "core/common/fail.h"
#include "core/common/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Bounds what one failed commit undoes, and what a crash repeats. */
#define OPS_PER_COMMIT 1024

static void
list_init(struct op_list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

static void
list_add(struct op_list *list, struct store_op *op)
{
    op->next = NULL;
    *list->last = op;
    list->last = &op->next;
}

/* Move all of a list to the end of another. */
static void
list_append(struct op_list *to, struct op_list *from)
{
    if (from->first != NULL) {
        *to->last = from->first;
        to->last = from->last;
        list_init(from);
    }
}

/* Move up to so many operations from the front of one list to an empty one. */
static void
list_take(struct op_list *from, struct op_list *to, size_t most)
{
    struct store_op **end = &from->first;

    while (*end != NULL && most-- > 0) {
        end = &(*end)->next;
    }
    list_init(to);
    if (end == &from->first) {
        return;
    }
    to->first = from->first;
    to->last = end;
    from->first = *end;
    if (from->first == NULL) {
        from->last = &from->first;
    }
    *end = NULL;
}

static int
apply(struct store *st, struct store_op *op, struct rr_err *err)
{
    size_t n_ids = 0;
    int rc = 0;

    st->replayed = 0;
    for (const struct change *c = op->first; rc == 0 && c != NULL; c = c->next) {
        switch (c->kind) {
        case CHANGE_APPEND:
            rc = store_do_append(st, c, &op->ids[n_ids++], err);
            break;
        case CHANGE_REPLAY:
            rc = store_do_replay(st, c, err);
            break;
        case CHANGE_TAKE:
            rc = store_do_take(st, c, err);
            break;
        case CHANGE_MOVE:
            rc = store_do_move(st, c, err);
            break;
        case CHANGE_TEXT:
            rc = store_do_text(st, c, err);
            break;
        }
    }
    return rc;
}

static void
prepare(struct store_op *op)
{
    free(op->ids); /* of an attempt that was thrown away */
    op->ids = mem_zalloc(op->result.n_ids, sizeof *op->ids);
    op->result.ids = op->ids;
}

/* A disk that failed once may have lost what it said it had, and a second attempt would not tell.
 */
static int
commit_error(struct rr_err *err, int rc)
{
    if (rc == EIO || rc == MDB_PANIC) {
        return rr_err_set(err, RR_E_CORRUPT,
                          "the disk failed while the store was written (%s); check the disk, then "
                          "start again",
                          mdb_strerror(rc));
    }
    return store_fail(err, rc, "cannot commit to the store");
}

/* Apply all that have no result yet. Returns 0, or 1 when one of them failed: it has its result
 * now, and the transaction holds half of it. Or -ENOSPC: there is no room for all of them. */
static int
apply_all(struct store *st, struct op_list *batch, struct rr_err *err)
{
    for (struct store_op *op = batch->first; op != NULL; op = op->next) {
        struct store_result *r = &op->result;
        const bool is_alone = op == batch->first && op->next == NULL;

        if (r->rc != 0) {
            continue;
        }
        prepare(op);
        FAIL("store.op.begun");
        r->rc = apply(st, op, &r->err);
        FAIL("store.op.applied");
        if (r->rc == -ENOSPC && !is_alone) {
            *err = r->err;
            r->rc = 0;
            return -ENOSPC;
        }
        if (r->rc != 0) {
            return 1;
        }
    }
    return 0;
}

/*
 * Apply and commit those that have no result yet.
 *
 * All of them share one transaction. When an operation fails, which is rare, the transaction is
 * thrown away and made again without it: a transaction of its own for each, nested in the batch,
 * took two thirds of all time (LMDB copies its lists of dirty pages for each).
 */
static int
commit_once(struct store *st, struct op_list *batch, struct rr_err *err)
{
    const uint64_t seq = st->seq;
    int rc;

    do {
        st->seq = seq;
        store_counters_forget(st);
        rc = mdb_txn_begin(st->env, NULL, 0, &st->op);
        if (rc != 0) {
            st->op = NULL;
            return commit_error(err, rc);
        }
        rc = apply_all(st, batch, err);
        if (rc != 0) {
            mdb_txn_abort(st->op);
            st->op = NULL;
        }
    } while (rc > 0);
    if (rc < 0) {
        return rc;
    }
    rc = store_counters_write(st, err);
    if (rc != 0) {
        mdb_txn_abort(st->op);
        st->op = NULL;
        return rc;
    }
    FAIL("store.commit.before");
    rc = mdb_txn_commit(st->op);
    FAIL("store.commit.after");
    st->op = NULL;
    return rc == 0 ? 0 : commit_error(err, rc);
}

static void
fail_all(struct op_list *batch, const struct rr_err *why)
{
    for (struct store_op *op = batch->first; op != NULL; op = op->next) {
        if (op->result.rc == 0) {
            op->result.rc = why->code;
            op->result.err = *why;
        }
    }
}

/* There is no room: what appends is put off (*waiting) or fails, the rest stays. */
static void
put_off(struct op_list *batch, struct op_list *waiting, bool may_wait, const struct rr_err *why)
{
    struct op_list rest;
    struct store_op *next;

    list_init(&rest);
    for (struct store_op *op = batch->first; op != NULL; op = next) {
        const bool appends = op->result.n_ids > 0 && op->result.rc == 0;

        next = op->next;
        if (appends && may_wait && op->is_patient) {
            list_add(waiting, op);
            continue;
        }
        if (appends) {
            op->result.rc = why->code;
            op->result.err = *why;
        }
        list_add(&rest, op);
    }
    list_init(batch);
    list_append(batch, &rest);
}

/* A full store has room for small steps only: each frees the pages that the next one needs. */
static int
commit_singly(struct store *st, struct op_list *batch, struct rr_err *health)
{
    struct op_list done;
    int rc = 0;

    list_init(&done);
    while (batch->first != NULL) {
        struct op_list one;

        list_take(batch, &one, 1);
        if (one.first->result.rc == 0 && rc == 0) {
            rc = commit_once(st, &one, health);
        }
        if (rc != 0) {
            fail_all(&one, health);
        }
        list_append(&done, &one);
    }
    list_append(batch, &done);
    return rc;
}

/* Commit a batch. When the disk turns out to be full, the ballast makes room for what only takes
 * away. */
static void
commit(struct store *st, struct op_list *batch, struct op_list *waiting, bool may_wait,
       struct rr_err *health)
{
    *health = (struct rr_err)RR_ERR_INIT;
    if (batch->first == NULL || commit_once(st, batch, health) == 0) {
        return;
    }
    if (health->code == -ENOSPC) {
        (void)store_give_ballast(st);
        put_off(batch, waiting, may_wait, health);
        if (commit_singly(st, batch, health) == 0) {
            health->code = -ENOSPC; /* what was put off is not forgotten */
        }
        return; /* some of them may be durable: each has its own result */
    }
    fail_all(batch, health);
}

/* What to do next, with the lock held. Returns false at the end. */
static bool
next_batch(struct store *st, struct op_list *batch)
{
    while (st->work.first == NULL && !st->is_closing) {
        (void)pthread_cond_wait(&st->has_work, &st->lock);
    }
    list_take(&st->work, batch, OPS_PER_COMMIT);
    return batch->first != NULL;
}

static void *
thread_main(void *arg)
{
    struct store *st = arg;
    struct op_list batch;
    const uint64_t one = 1;

    (void)pthread_mutex_lock(&st->lock);
    while (next_batch(st, &batch)) {
        struct rr_err health = st->health;
        struct op_list waiting;
        const bool may_wait = !st->is_hasty && !st->is_closing;

        list_init(&waiting);
        if (st->space.code != 0) {
            put_off(&batch, &waiting, may_wait, &st->space);
        }
        (void)pthread_mutex_unlock(&st->lock);
        if (health.code == RR_E_CORRUPT) {
            fail_all(&batch, &health);
        } else {
            commit(st, &batch, &waiting, may_wait, &health);
        }
        (void)pthread_mutex_lock(&st->lock);
        if (health.code == -ENOSPC && st->space.code == 0) {
            st->space = health; /* until store_tick() finds room */
        }
        st->health = health;
        list_append(&st->waiting, &waiting);
        list_append(&st->results, &batch);
        (void)pthread_cond_signal(&st->has_results);
        if (write(st->fd, &one, sizeof one) != (ssize_t)sizeof one) {
            continue; /* the counter is at its limit, so it is readable anyway */
        }
    }
    (void)pthread_mutex_unlock(&st->lock);
    return NULL;
}

/* Let those that wait for room be looked at again, before what came later. */
static void
wake_waiting(struct store *st)
{
    struct op_list later;

    list_take(&st->work, &later, SIZE_MAX);
    list_append(&st->work, &st->waiting);
    list_append(&st->work, &later);
    (void)pthread_cond_signal(&st->has_work);
}

bool
store_tick(struct store *st, struct rr_err *err)
{
    struct rr_err space = RR_ERR_INIT;
    bool was_full;

    (void)pthread_mutex_lock(&st->lock);
    was_full = st->space.code != 0;
    (void)pthread_mutex_unlock(&st->lock);
    (void)store_look_at_space(st, was_full, &space);
    (void)pthread_mutex_lock(&st->lock);
    st->space = space;
    if (space.code == 0 && st->waiting.first != NULL) {
        wake_waiting(st);
    }
    (void)pthread_mutex_unlock(&st->lock);
    *err = space;
    return space.code != 0;
}

void
store_hurry(struct store *st)
{
    (void)pthread_mutex_lock(&st->lock);
    st->is_hasty = true;
    wake_waiting(st);
    (void)pthread_mutex_unlock(&st->lock);
}

int
store_thread_start(struct store *st, struct rr_err *err)
{
    sigset_t all;
    sigset_t before;
    int rc;

    list_init(&st->work);
    list_init(&st->results);
    list_init(&st->waiting);
    (void)pthread_mutex_init(&st->lock, NULL);
    (void)pthread_cond_init(&st->has_work, NULL);
    (void)pthread_cond_init(&st->has_results, NULL);
    st->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (st->fd < 0) {
        rc = -errno;
        return rr_err_set(err, rc, "cannot make an eventfd: %s", strerror(-rc));
    }
    /* Signals are the loop's. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&st->thread, NULL, thread_main, st);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        (void)close(st->fd);
        return rr_err_set(err, -rc, "cannot start the store's thread: %s", strerror(rc));
    }
    st->has_thread = true;
    return 0;
}

static void
free_all(struct op_list *list)
{
    struct store_op *next;

    for (struct store_op *op = list->first; op != NULL; op = next) {
        next = op->next;
        store_op_free(op);
    }
    list_init(list);
}

void
store_thread_stop(struct store *st)
{
    if (!st->has_thread) {
        return;
    }
    (void)pthread_mutex_lock(&st->lock);
    st->is_closing = true;
    (void)pthread_cond_signal(&st->has_work);
    (void)pthread_mutex_unlock(&st->lock);
    (void)pthread_join(st->thread, NULL);
    st->has_thread = false;
    free_all(&st->results);
    free_all(&st->waiting);
    (void)pthread_cond_destroy(&st->has_results);
    (void)pthread_cond_destroy(&st->has_work);
    (void)pthread_mutex_destroy(&st->lock);
    (void)close(st->fd);
}

void
store_submit(struct store *st, struct store_op *op_take, store_done_fn fn, void *arg)
{
    op_take->fn = fn;
    op_take->arg = arg;
    st->n_open++;
    FAIL("store.submit");
    (void)pthread_mutex_lock(&st->lock);
    list_add(&st->work, op_take);
    (void)pthread_cond_signal(&st->has_work);
    (void)pthread_mutex_unlock(&st->lock);
}

int
store_fd(const struct store *st)
{
    return st->fd;
}

void
store_finish(struct store *st)
{
    struct op_list done;
    struct store_op *next;
    uint64_t count;

    if (read(st->fd, &count, sizeof count) < 0 && errno != EAGAIN) {
        return;
    }
    (void)pthread_mutex_lock(&st->lock);
    list_take(&st->results, &done, SIZE_MAX);
    (void)pthread_mutex_unlock(&st->lock);
    for (struct store_op *op = done.first; op != NULL; op = next) {
        next = op->next;
        st->n_open--;
        FAIL("store.result.before");
        if (op->fn != NULL) {
            op->fn(op->arg, &op->result);
        }
        FAIL("store.result.after");
        store_op_free(op);
    }
}

bool
store_is_idle(const struct store *st)
{
    return st->n_open == 0;
}

void
store_drain(struct store *st)
{
    while (st->n_open > 0) {
        (void)pthread_mutex_lock(&st->lock);
        while (st->results.first == NULL) {
            (void)pthread_cond_wait(&st->has_results, &st->lock);
        }
        (void)pthread_mutex_unlock(&st->lock);
        store_finish(st);
    }
}

int
store_health(struct store *st, struct rr_err *err)
{
    (void)pthread_mutex_lock(&st->lock);
    *err = st->health;
    (void)pthread_mutex_unlock(&st->lock);
    return err->code;
}
