/* SPDX-License-Identifier: MIT */
/*
 * bench_queue.c - durable queues side by side: the same work by rrd's store, SQLite and Redis.
 *
 *     bench_queue run EVENTS DIR       print one line for each: name, events per second
 *     bench_queue fill EVENTS DIR QUEUE     put events into a store, and end as if killed
 *     bench_queue latency DIR          of the events that a store remembers: p50 and p99 in ms
 *
 * The work: a producer puts events of 256 bytes into a queue, a consumer takes them out, oldest
 * first. Each has 64 operations under way: an operation counts when it is durable (as durable as
 * the line says), and the consumer takes an event only when it is there. For SQLite that is a
 * transaction of 64 rows, for Redis a pipeline of 64 commands, each in a thread and a connection of
 * its own; rrd's store groups by itself.
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

enum { IN_FLIGHT = 64, PAYLOAD = 256 };

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
put_one(struct store *st, struct store_op *op, const char *queue, long number)
{
    const char *const queues[] = {queue};
    json_t *payload = json_pack("{s:s}", "t", text);
    const struct store_event ev = {.type = "T",
                                   .source = "bench",
                                   .config = "",
                                   .time_ms = (uint64_t)number,
                                   .payload = payload};

    (void)st;
    store_op_append(op, &ev, queues, 1);
    json_decref(payload);
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
    uint64_t due;

    (void)snprintf(path, sizeof path, "%s/ours", dir);
    open_store(path, &o.st);
    const double begin = now_s();
    while (o.ended < n) {
        struct pollfd p = {.fd = store_fd(o.st), .events = POLLIN};

        for (; o.putting < IN_FLIGHT && o.made < n; o.made++, o.putting++) {
            struct store_op *op = store_op_new();

            put_one(o.st, op, "q", o.made);
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
lite_open(const char *path)
{
    sqlite3 *db;

    if (sqlite3_open(path, &db) != SQLITE_OK) {
        die(path, sqlite3_errmsg(db));
    }
    (void)sqlite3_busy_timeout(db, 60000);
    lite_do(db, "PRAGMA journal_mode=WAL");
    lite_do(db, "PRAGMA synchronous=FULL");
    lite_do(db, "CREATE TABLE IF NOT EXISTS q (id INTEGER PRIMARY KEY, body TEXT NOT NULL)");
    return db;
}

static void *
lite_produce(void *arg)
{
    const struct lite *l = arg;
    sqlite3 *db = lite_open(l->path);
    sqlite3_stmt *put;

    (void)sqlite3_prepare_v2(db, "INSERT INTO q (body) VALUES (?)", -1, &put, NULL);
    for (long i = 0; i < l->n;) {
        lite_do(db, "BEGIN IMMEDIATE");
        for (int k = 0; k < IN_FLIGHT && i < l->n; k++, i++) {
            (void)sqlite3_bind_text(put, 1, text, PAYLOAD, SQLITE_STATIC);
            if (sqlite3_step(put) != SQLITE_DONE) {
                die("INSERT", sqlite3_errmsg(db));
            }
            (void)sqlite3_reset(put);
        }
        lite_do(db, "COMMIT");
    }
    (void)sqlite3_finalize(put);
    (void)sqlite3_close(db);
    return NULL;
}

static double
run_lite(const char *dir, long n)
{
    struct lite l = {.n = n};
    sqlite3_stmt *get;
    sqlite3_stmt *del;
    pthread_t thread;
    long ended = 0;

    (void)snprintf(l.path, sizeof l.path, "%s/sqlite.db", dir);
    sqlite3 *db = lite_open(l.path);
    (void)sqlite3_prepare_v2(db, "SELECT id, body FROM q ORDER BY id LIMIT 64", -1, &get, NULL);
    (void)sqlite3_prepare_v2(db, "DELETE FROM q WHERE id = ?", -1, &del, NULL);
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
        lite_do(db, "BEGIN IMMEDIATE");
        for (int i = 0; i < some; i++) {
            (void)sqlite3_bind_int64(del, 1, ids[i]);
            if (sqlite3_step(del) != SQLITE_DONE) {
                die("DELETE", sqlite3_errmsg(db));
            }
            (void)sqlite3_reset(del);
        }
        lite_do(db, "COMMIT");
        ended += some;
    }
    const double seconds = now_s() - begin;

    (void)pthread_join(thread, NULL);
    (void)sqlite3_finalize(get);
    (void)sqlite3_finalize(del);
    (void)sqlite3_close(db);
    return (double)n / seconds;
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
    redisReply *r = redisCommand(c, "XREADGROUP GROUP g me COUNT 64 BLOCK 100 STREAMS q >");
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
    struct store *st;

    open_store(dir, &st);
    for (long i = 0; i < n;) {
        struct store_op *op = store_op_new();

        for (int k = 0; k < 1000 && i < n; k++, i++) {
            put_one(st, op, queue, i);
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

int
main(int argc, char **argv)
{
    memset(text, 'x', PAYLOAD);
    if (argc == 4 && strcmp(argv[1], "run") == 0) {
        const long n = atol(argv[2]);

        printf("ours %.0f\n", run_ours(argv[3], n));
        printf("sqlite_full %.0f\n", run_lite(argv[3], n));
        printf("redis_always %.0f\n", run_red(argv[3], n, "always"));
        printf("redis_everysec %.0f\n", run_red(argv[3], n, "everysec"));
        return 0;
    }
    if (argc == 5 && strcmp(argv[1], "fill") == 0) {
        return fill(argv[3], atol(argv[2]), argv[4]);
    }
    if (argc == 3 && strcmp(argv[1], "latency") == 0) {
        return latency(argv[2]);
    }
    fprintf(stderr, "usage: bench_queue run EVENTS DIR | fill EVENTS DIR QUEUE | latency DIR\n");
    return 2;
}
