/* SPDX-License-Identifier: MIT */
/*
 * bench_queue.c - durable queues side by side: the same work by rrd's store, SQLite and Redis.
 *
 *     bench_queue run EVENTS DIR [NAME]     print one line for each (or one): name, events per
 * second bench_queue fill EVENTS DIR QUEUE     put events into a store, and end as if killed
 *     bench_queue latency DIR          of the events that a store remembers: p50 and p99 in ms
 *
 * The work: a producer puts events of 256 bytes into a queue, a consumer takes them out, oldest
 * first. The event stays in a log with its outcome (which stage, when it came and ended), and the
 * queue knows how long it is and how many it has seen. Each side has 64 operations under way: an
 * operation counts when it is durable (as durable as the line says), and the consumer takes an
 * event only when it is there. For SQLite that is a transaction of 64 rows, for Redis a pipeline of
 * 64 commands, each in a thread and a connection of its own; rrd's store groups by itself.
 * sqlite_bare is a queue alone, one table of which taking deletes. Redis keeps the log and the
 * length, and no outcomes.
 */
#include "core/rrd/store.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { IN_FLIGHT = 256, PAYLOAD = 256 };

static char text[PAYLOAD + 1];

static double
now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

__attribute__((noreturn)) static void
die(const char *what, const char *why)
{
    fprintf(stderr, "bench_queue: %s: %s\n", what, why);
    exit(1);
}

/* ---- rrd's store ---- */

struct ours {
    struct store *st;
    long made, ended, all; /* submitted, taken out */
    int putting, taking;   /* under way */
    uint64_t last;         /* id that was taken last */
};

static void
on_put(void *arg, const struct store_result *r)
{
    struct ours *o = arg;

    if (r->rc != 0) {
        die("store", r->err.text);
    }
    o->putting--;
}

static void
on_taken(void *arg, const struct store_result *r)
{
    struct ours *o = arg;

    if (r->rc != 0) {
        die("store", r->err.text);
    }
    o->taking--;
    o->ended++;
}

static void
put_one(struct store_op *op, const char *queue, long number, const char *payload)
{
    const char *const queues[] = {queue};
    const struct store_event ev = {.type = "T",
                                   .source = "bench",
                                   .config = "",
                                   .time_ms = (uint64_t)number,
                                   .payload = payload};

    store_op_append(op, &ev, queues, 1);
}

static bool
take_one(void *arg, const char *queue, const struct store_item *item)
{
    struct ours *o = arg;

    if (item->id > o->last) {
        struct store_op *op = store_op_new();

        o->last = item->id;
        o->taking++;
        store_op_take(op, queue, item, true);
        store_submit(o->st, op, on_taken, o);
    }
    return o->taking < IN_FLIGHT;
}

static void
open_store(const char *dir, struct store **st)
{
    const struct store_conf conf = {.map_bytes = UINT64_C(8) << 30, .retain_events = 200000};
    struct rr_err err = RR_ERR_INIT;

    (void)mkdir(dir, 0700);
    if (store_open(dir, &conf, st, &err) != 0) {
        die(dir, err.text);
    }
}

static double
run_ours(const char *dir, long n)
{
    struct ours o = {.all = n};
    struct rr_err err = RR_ERR_INIT;
    char path[600];
    char payload[PAYLOAD + 10];
    uint64_t due;

    (void)snprintf(payload, sizeof payload, "{\"t\":\"%s\"}", text);
    (void)snprintf(path, sizeof path, "%s/ours", dir);
    open_store(path, &o.st);
    const double begin = now_s();
    while (o.ended < n) {
        struct pollfd p = {.fd = store_fd(o.st), .events = POLLIN};

        for (; o.putting < IN_FLIGHT && o.made < n; o.made++, o.putting++) {
            struct store_op *op = store_op_new();

            put_one(op, "q", o.made, payload);
            store_submit(o.st, op, on_put, &o);
        }
        if (o.taking < IN_FLIGHT / 2) {
            (void)store_due(o.st, "q", 1, take_one, &o, &due, &err);
        }
        (void)poll(&p, 1, 10);
        store_finish(o.st);
    }
    const double seconds = now_s() - begin;

    store_close(o.st);
    return (double)n / seconds;
}

/* ---- SQLite ---- */

struct lite {
    char path[600];
    long n;
    bool is_bare;
};

static void
lite_do(sqlite3 *db, const char *sql)
{
    char *why = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        die(sql, why == NULL ? "?" : why);
    }
}

static sqlite3 *
lite_open(const struct lite *l)
{
    sqlite3 *db;

    if (sqlite3_open(l->path, &db) != SQLITE_OK) {
        die(l->path, sqlite3_errmsg(db));
    }
    (void)sqlite3_busy_timeout(db, 60000);
    lite_do(db, "PRAGMA journal_mode=WAL");
    lite_do(db, "PRAGMA synchronous=FULL");
    lite_do(db, "CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY, body TEXT NOT NULL)");
    lite_do(db, "CREATE TABLE IF NOT EXISTS queue (stage TEXT, id INTEGER, attempts INTEGER, "
                "in_ms INTEGER, PRIMARY KEY (stage, id)) WITHOUT ROWID");
    lite_do(db, "CREATE TABLE IF NOT EXISTS fact (id INTEGER, stage TEXT, outcome INTEGER, "
                "attempts INTEGER, in_ms INTEGER, end_ms INTEGER, PRIMARY KEY (id, stage)) "
                "WITHOUT ROWID");
    lite_do(db, "CREATE TABLE IF NOT EXISTS stat (stage TEXT PRIMARY KEY, ready INTEGER, "
                "in_total INTEGER, done_total INTEGER) WITHOUT ROWID");
    lite_do(db, "INSERT OR IGNORE INTO stat VALUES ('q', 0, 0, 0)");
    return db;
}

static sqlite3_stmt *
lite_ready(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        die(sql, sqlite3_errmsg(db));
    }
    return stmt;
}

static void
lite_step(sqlite3 *db, sqlite3_stmt *stmt)
{
    if (sqlite3_step(stmt) != SQLITE_DONE) {
        die("sqlite", sqlite3_errmsg(db));
    }
    (void)sqlite3_reset(stmt);
}

static void *
lite_produce(void *arg)
{
    const struct lite *l = arg;
    sqlite3 *db = lite_open(l);
    sqlite3_stmt *put = lite_ready(db, "INSERT INTO event (body) VALUES (?)");
    sqlite3_stmt *enter = lite_ready(db, "INSERT INTO queue VALUES ('q', ?, 0, 1)");
    sqlite3_stmt *count = lite_ready(db, "UPDATE stat SET ready = ready + ?1, "
                                         "in_total = in_total + ?1 WHERE stage = 'q'");

    for (long i = 0; i < l->n;) {
        const long first = i;

        lite_do(db, "BEGIN IMMEDIATE");
        for (; i - first < IN_FLIGHT && i < l->n; i++) {
            (void)sqlite3_bind_text(put, 1, text, PAYLOAD, SQLITE_STATIC);
            lite_step(db, put);
            if (!l->is_bare) {
                (void)sqlite3_bind_int64(enter, 1, sqlite3_last_insert_rowid(db));
                lite_step(db, enter);
            }
        }
        if (!l->is_bare) {
            (void)sqlite3_bind_int64(count, 1, i - first);
            lite_step(db, count);
        }
        lite_do(db, "COMMIT");
    }
    (void)sqlite3_finalize(put);
    (void)sqlite3_finalize(enter);
    (void)sqlite3_finalize(count);
    (void)sqlite3_close(db);
    return NULL;
}

static void
lite_take(const struct lite *l, sqlite3 *db, sqlite3_stmt *const *take, const sqlite3_int64 *ids,
          int n)
{
    lite_do(db, "BEGIN IMMEDIATE");
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < (l->is_bare ? 1 : 2); k++) {
            (void)sqlite3_bind_int64(take[k], 1, ids[i]);
            lite_step(db, take[k]);
        }
    }
    if (!l->is_bare) {
        (void)sqlite3_bind_int64(take[2], 1, n);
        lite_step(db, take[2]);
    }
    lite_do(db, "COMMIT");
}

static double
lite(const char *dir, long n, bool is_bare)
{
    struct lite l = {.n = n, .is_bare = is_bare};
    pthread_t thread;
    long ended = 0;

    (void)snprintf(l.path, sizeof l.path, "%s/sqlite%s.db", dir, is_bare ? "-bare" : "");
    sqlite3 *db = lite_open(&l);
    sqlite3_stmt *get = lite_ready(
        db, is_bare ? "SELECT id, body FROM event ORDER BY id LIMIT 256"
                    : "SELECT queue.id, body FROM queue JOIN event ON queue.id = event.id "
                      "WHERE stage = 'q' ORDER BY queue.id LIMIT 256");
    sqlite3_stmt *take[] = {
        lite_ready(db, is_bare ? "DELETE FROM event WHERE id = ?"
                               : "DELETE FROM queue WHERE stage = 'q' AND id = ?"),
        lite_ready(db, "INSERT INTO fact VALUES (?, 'q', 1, 0, 1, 2)"),
        lite_ready(db, "UPDATE stat SET ready = ready - ?1, done_total = done_total + ?1 "
                       "WHERE stage = 'q'")};
    const double begin = now_s();

    (void)pthread_create(&thread, NULL, lite_produce, &l);
    while (ended < n) {
        sqlite3_int64 ids[IN_FLIGHT];
        int some = 0;

        while (some < IN_FLIGHT && sqlite3_step(get) == SQLITE_ROW) {
            ids[some++] = sqlite3_column_int64(get, 0);
        }
        (void)sqlite3_reset(get);
        if (some == 0) {
            const struct timespec moment = {0, 100000};

            (void)nanosleep(&moment, NULL);
            continue;
        }
        lite_take(&l, db, take, ids, some);
        ended += some;
    }
    const double seconds = now_s() - begin;

    (void)pthread_join(thread, NULL);
    (void)sqlite3_finalize(get);
    for (int i = 0; i < 3; i++) {
        (void)sqlite3_finalize(take[i]);
    }
    (void)sqlite3_close(db);
    return (double)n / seconds;
}

static double
run_lite(const char *dir, long n)
{
    return lite(dir, n, false);
}

static double
run_bare(const char *dir, long n)
{
    return lite(dir, n, true);
}

/* ---- Redis ---- */

struct red {
    char socket[600];
    long n;
};

static redisContext *
red_open(const char *path)
{
    for (int i = 0; i < 500; i++) {
        const struct timespec moment = {0, 10000000};
        redisContext *c = redisConnectUnix(path);

        if (c != NULL && c->err == 0) {
            return c;
        }
        if (c != NULL) {
            redisFree(c);
        }
        (void)nanosleep(&moment, NULL);
    }
    die(path, "redis-server does not answer");
}

static redisReply *
red_reply(redisContext *c)
{
    redisReply *r = NULL;

    if (redisGetReply(c, (void **)&r) != REDIS_OK || r == NULL || r->type == REDIS_REPLY_ERROR) {
        die("redis", r == NULL ? c->errstr : r->str);
    }
    return r;
}

static void *
red_produce(void *arg)
{
    const struct red *red = arg;
    redisContext *c = red_open(red->socket);

    for (long i = 0; i < red->n;) {
        int some = 0;

        for (; some < IN_FLIGHT && i < red->n; some++, i++) {
            (void)redisAppendCommand(c, "XADD q * t %s", text);
        }
        while (some-- > 0) {
            freeReplyObject(red_reply(c));
        }
    }
    redisFree(c);
    return NULL;
}

static long
red_consume(redisContext *c)
{
    redisReply *r = redisCommand(c, "XREADGROUP GROUP g me COUNT 256 BLOCK 100 STREAMS q >");
    long n = 0;

    if (r == NULL || r->type == REDIS_REPLY_ERROR) {
        die("XREADGROUP", r == NULL ? c->errstr : r->str);
    }
    if (r->type == REDIS_REPLY_ARRAY) {
        const redisReply *rows = r->element[0]->element[1];

        for (n = 0; n < (long)rows->elements; n++) {
            const char *id = rows->element[n]->element[0]->str;

            (void)redisAppendCommand(c, "XACK q g %s", id);
            (void)redisAppendCommand(c, "XDEL q %s", id);
        }
        for (long i = 0; i < 2 * n; i++) {
            freeReplyObject(red_reply(c));
        }
    }
    freeReplyObject(r);
    return n;
}

static double
run_red(const char *dir, long n, const char *fsync_word)
{
    struct red red = {.n = n};
    char folder[600];
    pthread_t thread;
    long ended = 0;

    (void)snprintf(folder, sizeof folder, "%s/redis-%s", dir, fsync_word);
    (void)snprintf(red.socket, sizeof red.socket, "%s/redis-%s/s", dir, fsync_word);
    (void)mkdir(folder, 0700);
    const pid_t pid = fork();
    if (pid == 0) {
        (void)execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", red.socket,
                     "--dir", folder, "--appendonly", "yes", "--appendfsync", fsync_word, "--save",
                     "", "--loglevel", "warning", "--logfile", "/dev/null", (char *)NULL);
        _exit(127);
    }
    redisContext *c = red_open(red.socket);
    freeReplyObject(redisCommand(c, "XGROUP CREATE q g $ MKSTREAM"));
    const double begin = now_s();
    (void)pthread_create(&thread, NULL, red_produce, &red);
    while (ended < n) {
        ended += red_consume(c);
    }
    const double seconds = now_s() - begin;

    (void)pthread_join(thread, NULL);
    redisFree(c);
    (void)kill(pid, SIGTERM);
    (void)waitpid(pid, NULL, 0);
    return (double)n / seconds;
}

/* ---- a store for other measurements ---- */

static int
fill(const char *dir, long n, const char *queue)
{
    char payload[PAYLOAD + 10];
    struct store *st;

    (void)snprintf(payload, sizeof payload, "{\"t\":\"%s\"}", text);
    open_store(dir, &st);
    for (long i = 0; i < n;) {
        struct store_op *op = store_op_new();

        for (int k = 0; k < 1000 && i < n; k++, i++) {
            put_one(op, queue, i, payload);
        }
        store_submit(st, op, NULL, NULL);
        store_drain(st);
    }
    _exit(0); /* without store_close(), as after kill -9 */
}

struct latency {
    struct store *st;
    uint64_t *ms;
    size_t n, cap;
};

static bool
add_fact(void *arg, const char *stage, const struct store_fact *fact)
{
    struct latency *l = arg;

    (void)stage;
    if (l->n == l->cap) {
        l->cap = l->cap == 0 ? 65536 : 2 * l->cap;
        l->ms = realloc(l->ms, l->cap * sizeof *l->ms);
    }
    l->ms[l->n++] = fact->end_ms - fact->in_ms;
    return true;
}

static bool
add_event(void *arg, uint64_t id, const char *data, size_t n)
{
    struct latency *l = arg;

    (void)data;
    (void)n;
    (void)store_facts(l->st, id, add_fact, l, NULL);
    return true;
}

static int
by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static int
latency(const char *dir)
{
    const struct store_conf conf = {.map_bytes = UINT64_C(8) << 30, .read_only = true};
    struct rr_err err = RR_ERR_INIT;
    struct latency l = {0};

    if (store_open(dir, &conf, &l.st, &err) != 0) {
        die(dir, err.text);
    }
    (void)store_events(l.st, 0, add_event, &l, &err);
    store_close(l.st);
    if (l.n == 0) {
        die(dir, "no event was handled");
    }
    qsort(l.ms, l.n, sizeof *l.ms, by_size);
    printf("%llu %llu %zu\n", (unsigned long long)l.ms[l.n / 2],
           (unsigned long long)l.ms[l.n * 99 / 100], l.n);
    free(l.ms);
    return 0;
}

static double
run_always(const char *dir, long n)
{
    return run_red(dir, n, "always");
}

static double
run_everysec(const char *dir, long n)
{
    return run_red(dir, n, "everysec");
}

static void
run(const char *dir, long n, const char *only)
{
    static const struct {
        const char *name;
        double (*fn)(const char *dir, long n);
    } all[] = {{"ours", run_ours},
               {"sqlite_full", run_lite},
               {"sqlite_bare", run_bare},
               {"redis_always", run_always},
               {"redis_everysec", run_everysec}};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (only == NULL || strcmp(only, all[i].name) == 0) {
            printf("%s %.0f\n", all[i].name, all[i].fn(dir, n));
        }
    }
}

int
main(int argc, char **argv)
{
    memset(text, 'x', PAYLOAD);
    if ((argc == 4 || argc == 5) && strcmp(argv[1], "run") == 0) {
        run(argv[3], atol(argv[2]), argc == 5 ? argv[4] : NULL);
        return 0;
    }
    if (argc == 5 && strcmp(argv[1], "fill") == 0) {
        return fill(argv[3], atol(argv[2]), argv[4]);
    }
    if (argc == 3 && strcmp(argv[1], "latency") == 0) {
        return latency(argv[2]);
    }
    fprintf(stderr,
            "usage: bench_queue run EVENTS DIR [NAME] | fill EVENTS DIR QUEUE | latency DIR\n");
    return 2;
}
