/* SPDX-License-Identifier: MIT */
/*
 * test_store.c - events, queues and keys through a reopened store; damage; pruning.
 */
#include "core/rrd/store.h"
#include "tests/tap.h"

#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
take_first(void *arg, const char *queue, const struct store_item *item)
{
    (void)queue;
    *(struct store_item *)arg = *item;
    return false;
}

/* The entry that is delivered next. */
static int
store_next(struct store *st, const char *queue, uint64_t now_ms, struct store_item *out,
           uint64_t *due_ms, struct rr_err *err)
{
    const int rc =
        store_due(st, queue, now_ms, take_first, memset(out, 0, sizeof *out), due_ms, err);

    return rc != 0 ? rc : out->is_damaged ? RR_E_CORRUPT : out->id == 0 ? RR_E_EMPTY : 0;
}

static char dir[256];
static struct rr_err err;

static struct store *
open_store(uint64_t retain)
{
    struct store *st = NULL;

    if (store_open(dir, &(struct store_conf){.map_bytes = 64u << 20, .retain_events = retain}, &st,
                   &err) != 0) {
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

static void
append(struct store_op *op, const char *type, const char *key, const char *const *queues, size_t n)
{
    const struct store_event ev = {.type = type,
                                   .source = "test",
                                   .config = "c",
                                   .key = key,
                                   .time_ms = 5,
                                   .payload = "{\"k\":\"v\"}"};

    store_op_append(op, &ev, queues, n);
}

/* What the last operation came to. */
static struct {
    int told, rc;
    uint64_t ids[600];
    size_t n_ids;
} last;

static void
on_done(void *arg, const struct store_result *r)
{
    (void)arg;
    last.told++;
    last.rc = r->rc;
    last.n_ids = r->n_ids;
    err = r->err;
    if (r->ids != NULL) {
        memcpy(last.ids, r->ids, r->n_ids * sizeof *r->ids);
    }
}

/* Have an operation done; returns its result. */
static int
done(struct store *st, struct store_op *op)
{
    store_submit(st, op, on_done, NULL);
    store_drain(st);
    return last.rc;
}

static void
test_transaction(void)
{
    const char *const queues[] = {"a", "b"};
    struct store *st = open_store(1000);
    struct store_op *op = store_op_new();
    struct store_item item = {.state = STORE_READY, .id = 77};
    struct store_counts c;
    uint64_t due;
    char *text = NULL;
    uint64_t id;

    append(op, "T_ONE", NULL, queues, 2);
    store_op_text(op, STORE_KEY, "a", "key", "value");
    is_int(store_next(st, "a", 10, &item, &due, &err), RR_E_EMPTY,
           "nothing before it is submitted");
    store_submit(st, op, on_done, NULL);
    ok(last.told == 0 && !store_is_idle(st), "nobody is told but by store_finish()");
    store_drain(st);
    ok(last.told == 1 && last.rc == 0 && store_is_idle(st), "then the owner is");
    id = last.ids[0];
    op = store_op_new();
    append(op, "T_TWO", NULL, queues, 1);
    item = (struct store_item){.state = STORE_READY, .id = 77};
    store_op_take(op, "a", &item, true);
    ok(done(st, op) != 0, "an operation fails as a whole: %s", err.text);
    ok(store_next(st, "a", 10, &item, &due, &err) == 0 && item.id == id, "its event is there");
    (void)store_counts(st, "a", &c, &err);
    ok(c.ready == 1 && c.in_total == 1, "the one that failed left nothing");
    store_close(st);

    st = open_store(1000);
    is_int((int64_t)(id >> 40), 1, "ids begin with the number of the start");
    is_int((int64_t)store_start(st), 2, "starts are counted");
    ok(store_text_new(st, STORE_KEY, "a", "key", &text, &err) == 0 && strcmp(text, "value") == 0,
       "a durable key survives");
    free(text);
    is_int(store_text_new(st, STORE_KEY, "b", "key", &text, &err), RR_E_EMPTY,
           "keys belong to one stage");
    ok(store_event_new(st, id, &text, &err) == 0 && strstr(text, "\"payload\":{\"k\":\"v\"}"),
       "so does the event");
    json_t *doc = json_loads(text, 0, NULL);
    is_int(json_integer_value(json_object_get(doc, "id")), (int64_t)id,
           "which is JSON with its id");
    json_decref(doc);
    free(text);
    store_close(st);
}

static void
test_order(void)
{
    const char *const queue[] = {"o"};
    struct store *st = open_store(10000);
    struct store_item item;
    uint64_t due;
    uint64_t before = 0;
    size_t wrong = 0;

    last.told = 0;
    for (int i = 0; i < 1000; i++) {
        struct store_op *op = store_op_new();

        append(op, "T_ORDER", NULL, queue, 1);
        store_submit(st, op, on_done, NULL);
    }
    store_drain(st);
    is_int(last.told, 1000, "each of many operations is called back once");
    for (int i = 0; i < 1000; i++) {
        struct store_op *op = store_op_new();

        wrong += store_next(st, "o", 10, &item, &due, &err) != 0 || item.id <= before;
        before = item.id;
        store_op_take(op, "o", &item, true);
        wrong += done(st, op) != 0;
    }
    ok(wrong == 0 && store_next(st, "o", 10, &item, &due, &err) == RR_E_EMPTY,
       "and they are delivered in their order");
    store_close(st);
}

static void
test_close(void)
{
    const char *const queue[] = {"c"};
    struct store *st = open_store(10000);
    struct store_counts c;

    last.told = 0;
    for (int i = 0; i < 300; i++) {
        struct store_op *op = store_op_new();

        append(op, "T_CLOSE", NULL, queue, 1);
        store_submit(st, op, on_done, NULL);
    }
    store_close(st);
    st = open_store(10000);
    (void)store_counts(st, "c", &c, &err);
    ok(c.ready == 300 && last.told == 0, "what was submitted before the close is durable");
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
    struct store_op *op;
    uint64_t ids[3];
    uint64_t due;

    op = store_op_new();
    for (size_t i = 0; i < 3; i++) {
        append(op, "T_Q", NULL, queue, 1);
    }
    (void)done(st, op);
    memcpy(ids, last.ids, sizeof ids);

    (void)store_next(st, "q", 10, &item, &due, &err);
    op = store_op_new();
    store_op_move(op, "q", &item, STORE_DELAYED, 1000, &now);
    (void)done(st, op);
    (void)store_next(st, "q", 999, &item, &due, &err);
    ok(item.id == ids[1] && due == 1000, "a delayed event lets the next one pass");
    (void)store_next(st, "q", 1000, &item, &due, &err);
    ok(item.id == ids[0] && item.item.attempts == 1 && strcmp(item.item.error, "it broke") == 0,
       "when it is due it goes first, with its history");
    op = store_op_new();
    store_op_move(op, "q", &item, STORE_BURIED, 0, &now);
    (void)done(st, op);
    ok(store_find(st, "q", ids[0], &item, &err) == 0 && item.state == STORE_BURIED,
       "buried, and found");
    (void)store_next(st, "q", 5000, &item, &due, &err);
    op = store_op_new();
    store_op_take(op, "q", &item, true);
    store_op_take(op, "q", &item, true);
    ok(done(st, op) != 0, "an entry is not taken twice");
    op = store_op_new();
    store_op_take(op, "q", &item, true);
    is_int(done(st, op), 0, "but once");
    (void)store_counts(st, "q", &c, &err);
    ok(c.ready == 1 && c.delayed == 0 && c.buried == 1 && c.in_total == 3 && c.done_total == 1,
       "counters");
    store_close(st);
}

/* Whoever looks for an entry finds it, also while it goes from one state to another. */
static void
test_find(void)
{
    const char *const queue[] = {"f"};
    struct store *st = open_store(1000);
    struct store_op *op = store_op_new();
    struct store_item item;
    struct store_item found;
    int looks = 0;
    int missed = 0;

    append(op, "T_F", NULL, queue, 1);
    (void)done(st, op);
    missed += store_find(st, "f", last.ids[0], &item, &err) != 0;
    for (int i = 0; i < 500; i++) {
        const enum store_state to = item.state == STORE_READY ? STORE_BURIED : STORE_READY;

        op = store_op_new();
        store_op_move(op, "f", &item, to, 0, &item.item);
        store_submit(st, op, NULL, NULL);
        for (; !store_is_idle(st); looks++) {
            missed += store_find(st, "f", item.id, &found, &err) != 0;
            store_finish(st);
        }
        item.state = to;
    }
    is_int(missed, 0, "an entry that moves is found each time");
    diag("%d times", looks);
    store_close(st);
}

static void
test_keys(void)
{
    const char *const queue[] = {"k"};
    struct store *st = open_store(1000);
    struct store_op *op = store_op_new();
    struct store_counts c;
    json_t *types = json_object();
    uint64_t stored = 0;
    uint64_t dropped = 0;

    append(op, "T_K", "once", queue, 1);
    append(op, "T_K", "once", queue, 1);
    append(op, "T_L", "once", queue, 1);
    (void)done(st, op);
    ok(last.n_ids == 3 && last.ids[0] != 0, "a new key");
    is_int((int64_t)last.ids[1], 0, "the same key in one operation");
    ok(last.ids[2] != 0, "the same key of another type");
    store_close(st);
    st = open_store(1000);
    op = store_op_new();
    append(op, "T_K", "once", queue, 1);
    (void)done(st, op);
    is_int((int64_t)last.ids[0], 0, "the same key after a restart");
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
    struct store_op *op;
    struct store_item item;
    uint64_t pinned;
    uint64_t due;
    char *text = NULL;
    int n = 0;

    fresh_dir();
    st = open_store(100);
    op = store_op_new();
    append(op, "T_P", "pinned", queue, 1);
    for (int i = 0; i < 500; i++) {
        char key[32];

        (void)snprintf(key, sizeof key, "n%d", i);
        append(op, "T_P", key, NULL, 0);
    }
    (void)done(st, op);
    pinned = last.ids[0];
    (void)store_events(st, 0, count_event, &n, &err);
    is_int(n, 101, "the log keeps what it was told, and what a queue needs");
    ok(store_event_new(st, pinned, &text, &err) == 0, "an old event that a queue needs stays");
    free(text);
    op = store_op_new();
    append(op, "T_P", "n499", NULL, 0);
    append(op, "T_P", "n0", NULL, 0);
    (void)store_next(st, "p", 10, &item, &due, &err);
    store_op_take(op, "p", &item, true);
    (void)done(st, op);
    is_int((int64_t)last.ids[0], 0, "a recent key is known");
    ok(last.ids[1] != 0, "a key goes with its event");
    is_int(store_event_new(st, pinned, &text, &err), RR_E_EMPTY, "until no queue needs it");
    store_close(st);
}

/* Flip one byte of the stored text of an event, through LMDB so that only the record is damaged,
 * and add one whose key is no id. */
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
        k = (MDB_val){1, (uint8_t[]){0xff}};
        (void)mdb_put(txn, dbi, &k, &v, 0);
        (void)mdb_txn_commit(txn);
    }
    mdb_env_close(env);
}

static bool
count_without_id(void *arg, uint64_t id, const char *text, size_t n)
{
    (void)text;
    (void)n;
    *(int *)arg += id == 0;
    return true;
}

static void
test_damage(void)
{
    const char *const queue[] = {"d"};
    struct store *st = open_store(1000);
    struct store_op *op = store_op_new();
    char *text = NULL;
    uint64_t id;
    int without_id = 0;
    int whole = 0;
    int all = 0;

    append(op, "T_D", NULL, queue, 1);
    (void)done(st, op);
    id = last.ids[0];
    (void)store_events(st, 0, count_event, &all, &err);
    store_close(st);
    damage_event(id);
    st = open_store(1000);
    is_int(store_event_new(st, id, &text, &err), RR_E_CORRUPT, "a flipped bit is found");
    (void)store_events(st, 0, count_event, &whole, &err);
    is_int(whole, all - 1, "the others are read past it");
    (void)store_events(st, 0, count_without_id, &without_id, &err);
    is_int(without_id, 0, "what has no id ends the walk: from there nobody could go on");
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
    is_int(store_open(dir, &(struct store_conf){.map_bytes = 64u << 20, .retain_events = 100}, &st,
                      &err),
           RR_E_CORRUPT, "a file that is no store is refused");
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
    test_order();
    test_close();
    test_queue();
    test_find();
    test_keys();
    test_prune();
    test_damage();
    test_foreign();
    fresh_dir();
    (void)rmdir(dir);
    return tap_done();
}
