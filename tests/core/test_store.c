/* SPDX-License-Identifier: MIT */
/*
 * test_store.c - events, queues and keys through a reopened store; damage; pruning.
 */
#include "core/rrd/store.h"
#include "tests/tap.h"

#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[256];
static struct rr_err err;

static struct store *
open_store(uint64_t retain)
{
    struct store *st = NULL;

    if (store_open(dir, 64u << 20, retain, false, &st, &err) != 0) {
        diag("%s", err.text);
        exit(1);
    }
    return st;
}

static void
fresh_dir(void)
{
    char path[300];

    (void)snprintf(path, sizeof path, "%s/data.mdb", dir);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/lock.mdb", dir);
    (void)unlink(path);
}

static uint64_t
append(struct store *st, const char *type, const char *key, const char *const *queues, size_t n)
{
    json_t *payload = json_pack("{s:s}", "k", "v");
    const struct store_event ev = {.type = type,
                                   .source = "test",
                                   .config = "c",
                                   .key = key,
                                   .time_ms = 5,
                                   .payload = payload};
    uint64_t id = 0;

    if (store_append(st, &ev, queues, n, &id, &err) != 0) {
        diag("%s", err.text);
    }
    json_decref(payload);
    return id;
}

static int told_rc = 1;

static void
on_done(void *arg, int rc, const struct rr_err *e)
{
    (void)e;
    told_rc = rc;
    ++*(int *)arg;
}

static void
test_transaction(void)
{
    const char *const queues[] = {"a", "b"};
    struct store *st = open_store(1000);
    struct store_item item;
    struct store_counts c;
    uint64_t due;
    char *text = NULL;
    int told = 0;
    uint64_t id;

    (void)store_op_begin(st, &err);
    id = append(st, "T_ONE", NULL, queues, 2);
    (void)store_put(st, "a", "key", "value", &err);
    (void)store_op_end(st, true, on_done, &told, &err);
    is_int(told, 0, "nobody is told before the commit");
    is_int(store_next(st, "a", 10, &item, &due, &err), RR_E_EMPTY, "and nothing is delivered");
    (void)store_op_begin(st, &err);
    (void)append(st, "T_TWO", NULL, queues, 1);
    (void)store_op_end(st, false, on_done, &told, &err);
    is_int(store_commit(st), 0, "commit");
    ok(told == 1 && told_rc == 0, "the owner of the kept operation is told");
    ok(store_next(st, "a", 10, &item, &due, &err) == 0 && item.id == id, "its event is there");
    (void)store_counts(st, "a", &c, &err);
    ok(c.ready == 1 && c.in_total == 1, "the other operation left nothing");
    store_close(st);

    st = open_store(1000);
    is_int((int64_t)(id >> 40), 1, "ids begin with the number of the start");
    is_int((int64_t)store_start(st), 2, "starts are counted");
    ok(store_get_new(st, "a", "key", &text, &err) == 0 && strcmp(text, "value") == 0,
       "a durable key survives");
    free(text);
    is_int(store_get_new(st, "b", "key", &text, &err), RR_E_EMPTY, "keys belong to one stage");
    ok(store_event_new(st, id, &text, &err) == 0 && strstr(text, "\"payload\":{\"k\":\"v\"}"),
       "so does the event");
    free(text);
    store_close(st);
}

static void
test_queue(void)
{
    const char *const queue[] = {"q"};
    struct store *st = open_store(1000);
    struct record_item now = {.attempts = 1, .in_ms = 5, .error = "it broke"};
    struct store_item item;
    struct store_counts c;
    uint64_t ids[3];
    uint64_t due;

    (void)store_op_begin(st, &err);
    for (size_t i = 0; i < 3; i++) {
        ids[i] = append(st, "T_Q", NULL, queue, 1);
    }
    (void)store_op_end(st, true, NULL, NULL, &err);
    (void)store_commit(st);

    (void)store_next(st, "q", 10, &item, &due, &err);
    (void)store_op_begin(st, &err);
    (void)store_move(st, "q", &item, STORE_DELAYED, 1000, &now, &err);
    (void)store_op_end(st, true, NULL, NULL, &err);
    (void)store_commit(st);
    (void)store_next(st, "q", 999, &item, &due, &err);
    ok(item.id == ids[1] && due == 1000, "a delayed event lets the next one pass");
    (void)store_next(st, "q", 1000, &item, &due, &err);
    ok(item.id == ids[0] && item.item.attempts == 1 && strcmp(item.item.error, "it broke") == 0,
       "when it is due it goes first, with its history");
    (void)store_op_begin(st, &err);
    (void)store_move(st, "q", &item, STORE_BURIED, 0, &now, &err);
    (void)store_op_end(st, true, NULL, NULL, &err);
    (void)store_commit(st);
    ok(store_find(st, "q", ids[0], &item, &err) == 0 && item.state == STORE_BURIED,
       "buried, and found");
    (void)store_next(st, "q", 5000, &item, &due, &err);
    (void)store_op_begin(st, &err);
    is_int(store_take(st, "q", &item, true, &err), 0, "taken");
    ok(store_take(st, "q", &item, true, &err) != 0, "but not twice");
    (void)store_op_end(st, false, NULL, NULL, &err);
    (void)store_op_begin(st, &err);
    (void)store_take(st, "q", &item, true, &err);
    (void)store_op_end(st, true, NULL, NULL, &err);
    (void)store_commit(st);
    (void)store_counts(st, "q", &c, &err);
    ok(c.ready == 1 && c.delayed == 0 && c.buried == 1 && c.in_total == 3 && c.done_total == 1,
       "counters");
    store_close(st);
}

static void
test_keys(void)
{
    const char *const queue[] = {"k"};
    struct store *st = open_store(1000);
    struct store_counts c;
    json_t *types = json_object();
    uint64_t stored = 0;
    uint64_t dropped = 0;

    (void)store_op_begin(st, &err);
    ok(append(st, "T_K", "once", queue, 1) != 0, "a new key");
    is_int((int64_t)append(st, "T_K", "once", queue, 1), 0, "the same key in one operation");
    ok(append(st, "T_L", "once", queue, 1) != 0, "the same key of another type");
    (void)store_op_end(st, true, NULL, NULL, &err);
    (void)store_commit(st);
    store_close(st);
    st = open_store(1000);
    (void)store_op_begin(st, &err);
    is_int((int64_t)append(st, "T_K", "once", queue, 1), 0, "the same key after a restart");
    (void)store_op_end(st, true, NULL, NULL, &err);
    (void)store_commit(st);
    (void)store_counts(st, "k", &c, &err);
    is_int((int64_t)c.in_total, 2, "nothing was queued twice");
    (void)store_totals(st, types, &stored, &dropped, &err);
    is_int((int64_t)dropped, 2, "what was dropped is counted");
    is_int(json_integer_value(json_object_get(types, "T_K")), 1, "events by type");
    json_decref(types);
    store_close(st);
}

static bool
count_event(void *arg, uint64_t id, const char *text, size_t n)
{
    (void)id;
    (void)n;
    *(int *)arg += text != NULL;
    return true;
}

static void
test_prune(void)
{
    const char *const queue[] = {"p"};
    struct store *st;
    struct store_item item;
    uint64_t pinned;
    uint64_t due;
    char *text = NULL;
    int n = 0;

    fresh_dir();
    st = open_store(100);
    (void)store_op_begin(st, &err);
    pinned = append(st, "T_P", "pinned", queue, 1);
    for (int i = 0; i < 500; i++) {
        char key[32];

        (void)snprintf(key, sizeof key, "n%d", i);
        (void)append(st, "T_P", key, NULL, 0);
    }
    (void)store_op_end(st, true, NULL, NULL, &err);
    (void)store_commit(st);
    (void)store_events(st, 0, count_event, &n, &err);
    is_int(n, 100, "the log keeps what it was told");
    ok(store_event_new(st, pinned, &text, &err) == 0, "an old event that a queue needs stays");
    free(text);
    (void)store_op_begin(st, &err);
    ok(append(st, "T_P", "n499", NULL, 0) == 0, "a recent key is known");
    ok(append(st, "T_P", "n0", NULL, 0) != 0, "a key goes with its event");
    (void)store_next(st, "p", 10, &item, &due, &err);
    (void)store_take(st, "p", &item, true, &err);
    (void)store_op_end(st, true, NULL, NULL, &err);
    (void)store_commit(st);
    is_int(store_event_new(st, pinned, &text, &err), RR_E_EMPTY, "until no queue needs it");
    store_close(st);
}

/* Flip one byte of the stored text of an event, through LMDB so that only the record is damaged. */
static void
damage_event(uint64_t id)
{
    uint8_t key[8];
    uint8_t copy[1024];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val k = {sizeof key, key};
    MDB_val v;

    record_put_be64(key, id);
    (void)mdb_env_create(&env);
    (void)mdb_env_set_maxdbs(env, 16);
    (void)mdb_env_set_mapsize(env, 64u << 20);
    if (mdb_env_open(env, dir, 0, 0600) == 0 && mdb_txn_begin(env, NULL, 0, &txn) == 0 &&
        mdb_dbi_open(txn, "event", 0, &dbi) == 0 && mdb_get(txn, dbi, &k, &v) == 0 &&
        v.mv_size < sizeof copy) {
        memcpy(copy, v.mv_data, v.mv_size);
        copy[v.mv_size / 2] ^= 4;
        v.mv_data = copy;
        (void)mdb_put(txn, dbi, &k, &v, 0);
        (void)mdb_txn_commit(txn);
    }
    mdb_env_close(env);
}

static void
test_damage(void)
{
    const char *const queue[] = {"d"};
    struct store *st = open_store(1000);
    char *text = NULL;
    uint64_t id;
    int whole = 0;
    int all = 0;

    (void)store_op_begin(st, &err);
    id = append(st, "T_D", NULL, queue, 1);
    (void)store_op_end(st, true, NULL, NULL, &err);
    (void)store_commit(st);
    (void)store_events(st, 0, count_event, &all, &err);
    store_close(st);
    damage_event(id);
    st = open_store(1000);
    is_int(store_event_new(st, id, &text, &err), RR_E_CORRUPT, "a flipped bit is found");
    (void)store_events(st, 0, count_event, &whole, &err);
    is_int(whole, all - 1, "the others are read past it");
    store_close(st);
}

static void
test_foreign(void)
{
    struct store *st = NULL;
    char path[300];
    FILE *f;

    fresh_dir();
    (void)snprintf(path, sizeof path, "%s/data.mdb", dir);
    f = fopen(path, "w");
    for (int i = 0; f != NULL && i < 4096; i++) {
        fputs("not a database\n", f);
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    is_int(store_open(dir, 64u << 20, 100, false, &st, &err), RR_E_CORRUPT,
           "a file that is no store is refused");
    diag("%s", err.text);
}

int
main(void)
{
    const char *tmp = getenv("TMPDIR");

    (void)snprintf(dir, sizeof dir, "%s/rr-store.XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(dir) == NULL) {
        return 1;
    }
    test_transaction();
    test_queue();
    test_keys();
    test_prune();
    test_damage();
    test_foreign();
    fresh_dir();
    (void)rmdir(dir);
    return tap_done();
}
