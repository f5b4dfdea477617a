/* SPDX-License-Identifier: MIT */
/*
 * store.c - the store's environment: opening, upgrading, closing; transactions that write.
 *
 * Owns: the LMDB environment.
 * Does not: write but through its thread (store_thread.c) once it is open, or know tables
 * (store_table.c), events and queues (store_event.c, store_queue.c) and durable texts
 * (store_text.c).
 */
#include "core/rrd/store_int.h"

#include "core/common/fail.h"
#include "core/common/mem.h"
#include "core/common/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT "rrd-store 3"
#define FORMAT_N (sizeof FORMAT - 1)

/* A disk that failed once may have lost what it said it had, and a second attempt would not tell.
 */
static int
fail_write(struct rr_err *err, int rc, const char *what)
{
    if (rc == EIO || rc == MDB_PANIC) {
        return rr_err_set(err, RR_E_CORRUPT,
                          "the disk failed while the store was written (%s); check the disk, then "
                          "start again",
                          mdb_strerror(rc));
    }
    return store_fail(err, rc, what);
}

int
store_begin(struct store *st, struct rr_err *err)
{
    const int rc = mdb_txn_begin(st->env, NULL, st->conf.read_only ? MDB_RDONLY : 0, &st->op);

    store_counters_forget(st);
    return rc == 0 ? 0 : fail_write(err, rc, "cannot begin a transaction");
}

int
store_end(struct store *st, int rc, struct rr_err *err)
{
    rc = rc == 0 ? store_counters_write(st, err) : rc;
    if (rc != 0) {
        mdb_txn_abort(st->op);
        return rc;
    }
    errno = 0;
    rc = mdb_txn_commit(st->op);
    if (rc == EIO && errno == 0) {
        rc = ENOSPC; /* so LMDB calls a write that was cut short: the disk is full, not broken */
    }
    return rc == 0 ? 0 : fail_write(err, rc, "cannot commit to the store");
}

/*
 * Format 2 has besides: checksums that cover keys (records of format 1 stay readable) and the
 * tables child and fact. Format 3 notes in the facts which queues need an event; the table ref
 * counted them.
 */
static int
upgrade(struct store *st, char from, struct rr_err *err)
{
    int rc = from == '1' ? store_index_children(st, err) : 0;

    rc = rc == 0 ? store_count_again(st, err) : rc;
    if (rc == 0) {
        rc = mdb_drop(st->op, st->dbi[T_REF], 1);
        rc = rc == 0 ? 0 : store_fail(err, rc, "cannot upgrade the store");
    }
    return rc;
}

/* Bring the format up to ours, or write it into a new store. */
static int
settle_format(struct store *st, struct rr_err *err)
{
    const struct store_key key = store_key_name("format");
    MDB_val found = {0, ""};
    int rc = store_get(st, st->op, T_META, &key, &found, err);
    const char *text = found.mv_data;
    const char number = found.mv_size == FORMAT_N && memcmp(text, FORMAT, FORMAT_N - 1) == 0
                            ? text[FORMAT_N - 1]
                            : '\0';

    if (rc == 0 && (number < '1' || number > FORMAT[FORMAT_N - 1])) {
        return rr_err_set(err, RR_E_CORRUPT,
                          "its format is \"%.*s\", this rrd reads up to \"%s\"; "
                          "use an rrd of the release that wrote it, or a newer one",
                          found.mv_size > 40 ? 40 : (int)found.mv_size, text, FORMAT);
    }
    if (st->conf.read_only || (rc == 0 && number == FORMAT[FORMAT_N - 1])) {
        return rc;
    }
    rc = rc == 0 ? upgrade(st, number, err) : rc == RR_E_EMPTY ? 0 : rc;
    return rc == 0 ? store_set(st, T_META, &key, FORMAT, FORMAT_N, err) : rc;
}

static int
open_tables(struct store *st, struct rr_err *err)
{
    for (int t = 0; t < T_COUNT; t++) {
        const bool makes = !st->conf.read_only && t != T_REF;
        const int rc =
            mdb_dbi_open(st->op, store_table_names[t], makes ? MDB_CREATE : 0, &st->dbi[t]);

        if (rc != 0 && (rc != MDB_NOTFOUND || t < T_CHILD)) { /* later ones: some formats only */
            return store_fail(err, rc, store_table_names[t]);
        }
    }
    return 0;
}

/* Open the tables, repair and upgrade them, and count this start, all or nothing. */
static int
begin_life(struct store *st, const struct store_check *check, struct rr_err *err)
{
    int rc = store_begin(st, err);

    if (rc != 0) {
        return rc;
    }
    rc = open_tables(st, err);
    rc = rc == 0 && check->n_damaged > 0 ? store_repair(st, check, err) : rc;
    rc = rc == 0 ? settle_format(st, err) : rc;
    rc = rc == 0 ? store_numbers(st, st->op, T_META, "start", &st->start, err) : rc;
    if (rc == 0 && !st->conf.read_only) {
        const struct store_key key = store_key_name("start");

        st->start++;
        rc = store_set_numbers(st, T_META, &key, &st->start, 1, err);
    }
    return store_end(st, rc, err);
}

/* Which file was left by a clean end: one that was put in its place, a copy perhaps, is another. */
static char *
stamp_new(const char *dir)
{
    char *path = mem_printf("%s/data.mdb", dir);
    struct stat st;
    char *stamp =
        stat(path, &st) != 0
            ? mem_dup("")
            : mem_printf("%llu %lld %lld.%09ld\n", (unsigned long long)st.st_ino,
                         (long long)st.st_size, (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);

    free(path);
    return stamp;
}

static bool
was_clean(const struct store *st)
{
    char *stamp = stamp_new(st->dir);
    char *found = NULL;
    size_t n;
    const bool is_same = paths_read_new(st->clean_path, 100, &found, &n, NULL) == 0 &&
                         stamp[0] != '\0' && strcmp(found, stamp) == 0;

    free(found);
    free(stamp);
    return is_same;
}

/* From now on the end is unclean, until store_close() says otherwise. */
static int
begin_unclean(const char *dir, const char *clean_path, struct rr_err *err)
{
    int rc = unlink(clean_path) != 0 && errno != ENOENT ? -errno : 0;

    rc = rc == 0 ? paths_sync(dir) : rc;
    return rc == 0 ? 0 : rr_err_set(err, rc, "cannot remove %s: %s", clean_path, strerror(-rc));
}

/* A store that was made just now is not in its directory for good, nor is that in its own, up to
 * the one that the operator made. */
static int
settle(const char *dir, struct rr_err *err)
{
    static const char *const ups[] = {"", "/..", "/../.."};
    int rc = 0;

    for (size_t i = 0; i < sizeof ups / sizeof ups[0] && rc == 0; i++) {
        char *path = mem_printf("%s%s", dir, ups[i]);

        rc = paths_sync(path);
        free(path);
    }
    return rc == 0 ? 0 : rr_err_set(err, rc, "cannot sync %s: %s", dir, strerror(-rc));
}

static int
open_env(struct store *st, struct rr_err *err)
{
    /* Never WRITEMAP (a full disk would be a SIGBUS), never NOSYNC (an ack is a promise). */
    const unsigned flags = MDB_NOTLS | (st->conf.read_only ? MDB_RDONLY : 0u);
    int rc = mdb_env_create(&st->env);

    rc = rc == 0 ? mdb_env_set_maxdbs(st->env, T_COUNT) : rc;
    rc = rc == 0 ? mdb_env_set_mapsize(st->env, st->conf.map_bytes) : rc;
    rc = rc == 0 ? mdb_env_open(st->env, st->dir, flags, 0600) : rc;
    return rc == 0 ? 0 : store_fail(err, rc, "cannot open");
}

int
store_open(const char *dir, const struct store_conf *conf, struct store **out, struct rr_err *err)
{
    struct store *st = mem_zalloc(1, sizeof *st);
    const bool writes = !conf->read_only;
    struct store_check check = {0};
    int rc;

    st->conf = *conf;
    st->space = (struct rr_err)RR_ERR_INIT;
    st->health = (struct rr_err)RR_ERR_INIT;
    st->dir = mem_dup(dir);
    st->ballast_path = mem_printf("%s/ballast", dir);
    st->clean_path = mem_printf("%s/clean", dir);
    const bool is_clean = was_clean(st);

    rc = store_verify(dir, writes && !is_clean, &check, err);
    FAIL("store.open.verified");
    rc = rc == 0 && writes ? begin_unclean(dir, st->clean_path, err) : rc;
    rc = rc == 0 ? open_env(st, err) : rc;
    FAIL("store.open.opened");
    rc = rc == 0 ? begin_life(st, &check, err) : rc;
    rc = rc == 0 && writes && !is_clean ? settle(dir, err) : rc;
    FAIL("store.open.counted");
    rc = rc == 0 && writes ? store_thread_start(st, err) : rc;
    free(check.damaged);
    if (rc != 0) {
        (void)rr_err_wrap(err, "store");
        st->health.code = rc; /* the end is not a clean one */
        store_close(st);
        return rc;
    }
    *out = st;
    return 0;
}

void
store_close(struct store *st)
{
    if (st == NULL) {
        return;
    }
    FAIL("store.close.begin");
    store_thread_stop(st);
    FAIL("store.close.written");
    if (st->env != NULL) {
        mdb_env_close(st->env);
    }
    if (!st->conf.read_only && st->health.code == 0) {
        const int fd = open(st->clean_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        char *stamp = stamp_new(st->dir);

        /* Without it the next start looks at every record: slower, not wrong. */
        if (fd >= 0) {
            (void)dprintf(fd, "%s", stamp);
            (void)close(fd);
        }
        free(stamp);
    }
    store_counters_forget(st);
    free(st->counters);
    free(st->ballast_path);
    free(st->clean_path);
    free(st->dir);
    free(st);
}

uint64_t
store_start(const struct store *st)
{
    return st->start;
}
