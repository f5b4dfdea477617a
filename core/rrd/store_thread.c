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
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Bounds what one failed commit undoes, and what a crash repeats. */
#define OPS_PER_COMMIT 1024
/* Of the map: a commit adds about so much at most, and then the space that is left is looked at
 * again. Else a burst would fill it within a second, and nothing be left for acknowledgements. */
#define PART_PER_LOOK 200
/* Above so many percent of the map keys wait, too. */
#define MAP_TIGHT 96u
/* While the map is full: what appends cannot remove old events then. */
#define MAP_FULL 93u
#define PRUNES_PER_TICK 128

static struct store_op *
take_first(struct op_list *list)
{
    struct store_op *op = STAILQ_FIRST(list);

    if (op != NULL) {
        STAILQ_REMOVE_HEAD(list, next);
    }
    return op;
}

static int
apply(struct store *st, struct store_op *op, struct rr_err *err)
{
    struct change *c;
    size_t n_ids = 0;
    int rc = 0;

    free(op->ids); /* of an attempt that was thrown away */
    op->ids = mem_zalloc(op->result.n_ids, sizeof *op->ids);
    op->result.ids = op->ids;
    st->replayed = 0;
    STAILQ_FOREACH(c, &op->changes, next) {
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
        case CHANGE_PRUNE:
            rc = store_do_prune(st, err);
            break;
        }
        if (rc != 0) {
            break;
        }
    }
    return rc;
}

/* Apply all that have no result yet. Returns 0, or 1 when one of them failed: it has its result
 * now, and the transaction holds half of it. Or -ENOSPC: there is no room for all of them. */
static int
apply_all(struct store *st, struct op_list *batch, struct rr_err *err)
{
    const bool is_one = STAILQ_NEXT(STAILQ_FIRST(batch), next) == NULL;
    struct store_op *op;

    STAILQ_FOREACH(op, batch, next) {
        struct store_result *r = &op->result;

        if (r->rc != 0) {
            continue;
        }
        FAIL("store.op.begun");
        r->rc = apply(st, op, &r->err);
        FAIL("store.op.applied");
        if (r->rc == -ENOSPC && (!is_one || op->weight == OP_APPENDS)) {
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
        rc = store_begin(st, err);
        if (rc != 0) {
            return rc;
        }
        rc = apply_all(st, batch, err);
        FAIL("store.commit.before");
        rc = store_end(st, rc, err);
        FAIL("store.commit.after");
    } while (rc > 0);
    return rc;
}

static void
fail(struct store_op *op, const struct rr_err *why)
{
    if (op->result.rc == 0) {
        op->result.rc = why->code;
        op->result.err = *why;
    }
}

static void
fail_all(struct op_list *batch, const struct rr_err *why)
{
    struct store_op *op;

    STAILQ_FOREACH(op, batch, next) {
        fail(op, why);
    }
}

/* There is no room: what adds so much is put off (*waiting) or fails, the rest stays. */
static void
put_off(struct op_list *batch, enum op_weight weight, struct op_list *waiting, bool may_wait,
        const struct rr_err *why)
{
    struct op_list rest = STAILQ_HEAD_INITIALIZER(rest);
    struct store_op *op;

    while ((op = take_first(batch)) != NULL) {
        const bool adds = op->weight >= weight && op->result.rc == 0;
        const bool waits = adds && may_wait && op->is_patient;

        if (adds && !waits) {
            fail(op, why);
        }
        STAILQ_INSERT_TAIL(waits ? waiting : &rest, op, next);
    }
    STAILQ_CONCAT(batch, &rest);
}

/* A full store has room for small steps only: each frees the pages that the next one needs. */
static int
commit_singly(struct store *st, struct op_list *batch, struct rr_err *health)
{
    struct op_list done = STAILQ_HEAD_INITIALIZER(done);
    struct store_op *op;
    int rc = 0;

    while ((op = take_first(batch)) != NULL) {
        struct op_list one = STAILQ_HEAD_INITIALIZER(one);

        STAILQ_INSERT_TAIL(&one, op, next);
        if (op->result.rc == 0 && rc == 0) {
            rc = commit_once(st, &one, health);
        }
        if (rc != 0) {
            fail(op, health);
        }
        STAILQ_CONCAT(&done, &one);
    }
    STAILQ_CONCAT(batch, &done);
    return rc;
}

/* Commit a batch. When the disk turns out to be full, the ballast makes room for what only takes
 * away. */
static void
commit(struct store *st, struct op_list *batch, struct op_list *waiting, bool may_wait,
       struct rr_err *health)
{
    *health = (struct rr_err)RR_ERR_INIT;
    if (STAILQ_EMPTY(batch) || commit_once(st, batch, health) == 0) {
        return;
    }
    if (health->code == -ENOSPC) {
        store_give_ballast(st);
        put_off(batch, OP_APPENDS, waiting, may_wait, health);
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
    struct store_op *op;
    size_t added = 0;

    while (STAILQ_EMPTY(&st->work) && !st->is_closing) {
        (void)pthread_cond_wait(&st->has_work, &st->lock);
    }
    STAILQ_INIT(batch);
    for (int i = 0; i < OPS_PER_COMMIT && added <= st->conf.map_bytes / PART_PER_LOOK &&
                    (op = take_first(&st->work)) != NULL;
         i++) {
        STAILQ_INSERT_TAIL(batch, op, next);
        added += op->added;
    }
    st->added += added;
    return !STAILQ_EMPTY(batch);
}

/* Let those that wait for room be looked at again, before what came later. */
static void
wake_waiting(struct store *st)
{
    STAILQ_CONCAT(&st->waiting, &st->work);
    STAILQ_CONCAT(&st->work, &st->waiting);
    st->n_wakes++;
    (void)pthread_cond_signal(&st->has_work);
}

/* Look at the space that is left; returns whether it is too little. Only who looks once a second
 * may find that there is room again: the thread would try in vain without a pause if a commit
 * failed all the same. */
static bool
look(struct store *st, bool may_clear, struct rr_err *err)
{
    struct rr_err space = RR_ERR_INIT;
    bool was_full;

    (void)pthread_mutex_lock(&st->lock);
    was_full = st->space.code != 0;
    (void)pthread_mutex_unlock(&st->lock);
    (void)store_look_at_space(st, was_full, &space);
    const unsigned use = space.code == 0 ? 0 : store_map_use(st);

    (void)pthread_mutex_lock(&st->lock);
    const bool is_tight = use > MAP_TIGHT || (st->is_tight && !may_clear);
    const bool is_eased =
        may_clear && st->space.code != 0 && (space.code == 0 || (st->is_tight && !is_tight));

    if (space.code != 0 || may_clear) {
        st->space = space;
        st->is_tight = is_tight;
    }
    if (is_eased) {
        wake_waiting(st);
    }
    (void)pthread_mutex_unlock(&st->lock);
    *err = space;
    return space.code != 0;
}

/* With the lock held and no batch in hand, which could be newer than what waits. */
static void
look_after_burst(struct store *st)
{
    struct rr_err ignored;

    if (st->added > st->conf.map_bytes / PART_PER_LOOK) {
        st->added = 0;
        (void)pthread_mutex_unlock(&st->lock);
        (void)look(st, false, &ignored);
        (void)pthread_mutex_lock(&st->lock);
    }
}

static void *
thread_main(void *arg)
{
    struct store *st = arg;
    struct op_list batch;
    const uint64_t one = 1;

    (void)pthread_mutex_lock(&st->lock);
    while (next_batch(st, &batch)) {
        struct op_list waiting = STAILQ_HEAD_INITIALIZER(waiting);
        struct rr_err health = st->health;
        const bool may_wait = !st->is_hasty && !st->is_closing;
        const uint64_t n_wakes = st->n_wakes;

        if (st->space.code != 0) {
            put_off(&batch, st->is_tight ? OP_PUTS : OP_APPENDS, &waiting, may_wait, &st->space);
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
        STAILQ_CONCAT(&st->waiting, &waiting);
        if (st->n_wakes != n_wakes) {
            wake_waiting(st); /* these, too, before what came since */
        }
        STAILQ_CONCAT(&st->results, &batch);
        (void)!write(st->fd, &one, sizeof one); /* at its limit it is readable anyway */
        look_after_burst(st);
    }
    (void)pthread_mutex_unlock(&st->lock);
    return NULL;
}

bool
store_tick(struct store *st, struct rr_err *err)
{
    const bool is_full = look(st, true, err);
    const bool prunes = is_full && store_map_use(st) >= MAP_FULL;

    for (int i = 0; prunes && i < PRUNES_PER_TICK; i++) {
        store_submit(st, store_op_prune_new(), NULL, NULL);
    }
    return is_full;
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

    STAILQ_INIT(&st->work);
    STAILQ_INIT(&st->results);
    STAILQ_INIT(&st->waiting);
    (void)pthread_mutex_init(&st->lock, NULL);
    (void)pthread_cond_init(&st->has_work, NULL);
    st->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (st->fd < 0) {
        return rr_err_set(err, -errno, "cannot make an eventfd: %s", strerror(errno));
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
    struct store_op *op;

    while ((op = take_first(list)) != NULL) {
        store_op_free(op);
    }
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
    STAILQ_INSERT_TAIL(&st->work, op_take, next);
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
    struct op_list done = STAILQ_HEAD_INITIALIZER(done);
    struct store_op *op;
    uint64_t count;

    if (read(st->fd, &count, sizeof count) < 0 && errno != EAGAIN) {
        return;
    }
    (void)pthread_mutex_lock(&st->lock);
    STAILQ_CONCAT(&done, &st->results);
    (void)pthread_mutex_unlock(&st->lock);
    while ((op = take_first(&done)) != NULL) {
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
        (void)poll(&(struct pollfd){.fd = st->fd, .events = POLLIN}, 1, -1);
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
