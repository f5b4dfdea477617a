/* SPDX-License-Identifier: MIT */
/*
 * store_rig.h - a store with known contents, copied, damaged and looked at, for the tests R10-R22.
 */
#ifndef TESTS_STORE_RIG_H
#define TESTS_STORE_RIG_H

#include "core/rrd/store.h"
#include "tests/tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RIG_EVENTS = 200, RIG_MAP = 16 << 20 };

static char rig_dir[200];
static struct rr_err rig_err;
static int rig_rc;
static uint64_t rig_ids[RIG_EVENTS];

/* Deterministic numbers (splitmix64). */
static inline uint64_t
rig_random(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* RR_FULL=1: the full figure. */
static inline int
rig_count(int small, int full)
{
    return getenv("RR_FULL") != NULL ? full : small;
}

static inline void
rig_path(char *out, size_t cap, const char *store, const char *file)
{
    (void)snprintf(out, cap, "%s/%s%s%s", rig_dir, store, file[0] == '\0' ? "" : "/", file);
}

static inline void
rig_remove(const char *path)
{
    DIR *dir = opendir(path);

    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        char name[1000];

        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            (void)snprintf(name, sizeof name, "%.600s/%.300s", path, e->d_name);
            if (unlink(name) != 0) {
                rig_remove(name);
            }
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    (void)rmdir(path);
}

/* Interrupted: what a full figure has written may be gigabytes. */
static inline void
rig_interrupted(int signo)
{
    (void)signo;
    (void)execl("/bin/rm", "rm", "-rf", "--", rig_dir, (char *)NULL);
    _exit(1);
}

static inline bool
rig_begin(void)
{
    const char *tmp = getenv("TMPDIR");

    (void)signal(SIGINT, rig_interrupted);
    (void)signal(SIGTERM, rig_interrupted);
    (void)snprintf(rig_dir, sizeof rig_dir, "%s/rr-rig.XXXXXX", tmp == NULL ? "/tmp" : tmp);
    return mkdtemp(rig_dir) != NULL;
}

/* The same in memory, where that can be had. */
static inline bool
rig_begin_fast(void)
{
    if (access("/dev/shm", W_OK) == 0) {
        (void)setenv("TMPDIR", "/dev/shm", 1);
    }
    return rig_begin();
}

static inline int
rig_end(void)
{
    rig_remove(rig_dir);
    return tap_done();
}

/* An empty directory for a store of that name. */
static inline void
rig_fresh(const char *store)
{
    char path[300];

    rig_path(path, sizeof path, store, "");
    rig_remove(path);
    (void)mkdir(path, 0700);
}

static uint64_t rig_retain = 100000; /* events */

static inline int
rig_open_as(const char *store, const struct store_conf *conf, struct store **out)
{
    char path[300];

    rig_path(path, sizeof path, store, "");
    rig_err = (struct rr_err)RR_ERR_INIT;
    return store_open(path, conf, out, &rig_err);
}

static inline int
rig_open(const char *store, struct store **out)
{
    return rig_open_as(
        store, &(struct store_conf){.map_bytes = RIG_MAP, .retain_events = rig_retain}, out);
}

static inline void
rig_told(void *arg, const struct store_result *r)
{
    rig_rc = r->rc;
    rig_err = r->err;
    if (arg != NULL && r->rc == 0 && r->n_ids > 0) {
        *(uint64_t *)arg = r->ids[0];
    }
}

static inline int
rig_do(struct store *st, struct store_op *op_take, uint64_t *id)
{
    store_submit(st, op_take, rig_told, id);
    store_drain(st);
    return rig_rc;
}

static inline void
rig_add(struct store_op *op, int number, const char *const *queues, size_t n)
{
    char key[32];
    char payload[100];
    const struct store_event ev = {.type = "T_RIG",
                                   .source = "rig",
                                   .config = "c",
                                   .key = key,
                                   .time_ms = 1000 + (uint64_t)number,
                                   .payload = payload};

    (void)snprintf(key, sizeof key, "key-%d", number);
    (void)snprintf(payload, sizeof payload,
                   "{\"number\":%d,\"text\":\"the quick brown fox jumps over the dog\"}", number);
    store_op_append(op, &ev, queues, n);
}

static inline bool
rig_keep(void *arg, const char *queue, const struct store_item *item)
{
    (void)queue;
    *(struct store_item *)arg = *item;
    return false;
}

/* Add n events, number and on, to one queue in one operation. */
static inline int
rig_append(struct store *st, const char *queue, int number, int n)
{
    struct store_op *op = store_op_new();

    for (int i = 0; i < n; i++) {
        rig_add(op, number + i, &queue, 1);
    }
    return rig_do(st, op, NULL);
}

/* The next entry of a queue that can be delivered. */
static inline int
rig_next(struct store *st, const char *queue, struct store_item *out)
{
    uint64_t due = 0;
    int rc;

    out->id = 0;
    rc = store_due(st, queue, 1, rig_keep, out, &due, &rig_err);
    return rc != 0 ? rc : out->id == 0 ? RR_E_EMPTY : 0;
}

struct rig_taking {
    struct store_item items[1000];
    int n, most;
    int error;
};

static inline void
rig_taken(void *arg, const struct store_result *r)
{
    struct rig_taking *t = arg;

    if (r->rc != 0) {
        t->error = r->rc;
        rig_err = r->err;
    }
}

static inline bool
rig_gather(void *arg, const char *queue, const struct store_item *item)
{
    struct rig_taking *t = arg;

    (void)queue;
    t->items[t->n] = *item;
    return ++t->n < t->most;
}

/* End the next events of a queue, up to so many, in one operation or one each. They are submitted
 * when the walk is over: a store that is full cannot use the pages that a walk still looks at.
 * Returns how many, or an error. */
static inline int
rig_end_some(struct store *st, const char *queue, int most, bool at_once)
{
    static struct rig_taking t;
    struct store_op *op = NULL;
    uint64_t due = 0;

    t.n = t.error = 0;
    t.most = most;
    (void)store_due(st, queue, 1, rig_gather, &t, &due, &rig_err);
    for (int i = 0; i < t.n; i++) {
        op = op == NULL ? store_op_new() : op;
        store_op_take(op, queue, &t.items[i], true);
        if (!at_once || i + 1 == t.n) {
            store_submit(st, op, rig_taken, &t);
            op = NULL;
        }
    }
    store_drain(st);
    return t.error != 0 ? t.error : t.n;
}

/* Fill a store: events in two queues, some handled, some buried, durable keys, notes. */
static inline bool
rig_fill(const char *store)
{
    static const char *const queues[] = {"left", "right"};
    struct store_item item;
    struct store *st;

    rig_fresh(store);
    if (rig_open(store, &st) != 0) {
        return false;
    }
    for (int i = 0; i < RIG_EVENTS; i++) {
        struct store_op *op = store_op_new();

        rig_add(op, i, queues, (size_t)(1 + i % 2));
        (void)rig_do(st, op, &rig_ids[i]);
    }
    for (int i = 0; i < 20 && rig_next(st, "left", &item) == 0; i++) {
        struct store_op *op = store_op_new();
        char name[16];

        (void)snprintf(name, sizeof name, "k%d", i);
        if (i % 4 == 0) {
            store_op_move(op, "left", &item, STORE_BURIED, 0, &item.item);
        } else {
            store_op_take(op, "left", &item, true);
        }
        store_op_text(op, STORE_KEY, "left", name, "a durable value");
        store_op_text(op, STORE_NOTE, "left", name, "{\"text\":\"a note\"}");
        (void)rig_do(st, op, NULL);
    }
    store_close(st);
    return true;
}

static inline long
rig_size(const char *store)
{
    char path[300];
    struct stat st;

    rig_path(path, sizeof path, store, "data.mdb");
    return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

/* Copy the data file of a store; the copy looks as after an unclean end. */
static inline void
rig_copy(const char *from, const char *to)
{
    static char buffer[1 << 20];
    char path[300];
    FILE *in;
    FILE *out;
    size_t n;

    rig_fresh(to);
    rig_path(path, sizeof path, from, "data.mdb");
    in = fopen(path, "rb");
    rig_path(path, sizeof path, to, "data.mdb");
    out = fopen(path, "wb");
    while (in != NULL && out != NULL && (n = fread(buffer, 1, sizeof buffer, in)) > 0) {
        (void)fwrite(buffer, 1, n, out);
    }
    if (in != NULL) {
        (void)fclose(in);
    }
    if (out != NULL) {
        (void)fclose(out);
        (void)chmod(path, 0600);
    }
}

/* What a damaged store turned out to be. */
enum rig_verdict {
    RIG_SAME,    /* everything is there and right */
    RIG_REFUSED, /* not opened, with 65 */
    RIG_FOUND,   /* opened; what is damaged says so */
    RIG_SILENT,  /* something is missing or different, and nobody said so */
    RIG_CRASH
};

struct rig_look {
    int right, damaged, wrong;
};

static inline bool
rig_event(void *arg, uint64_t id, const char *text, size_t n)
{
    struct rig_look *look = arg;
    json_t *doc = text == NULL ? NULL : json_loadb(text, n, 0, NULL);
    const json_t *payload = json_object_get(doc, "payload");
    const json_int_t number = json_integer_value(json_object_get(payload, "number"));

    if (text == NULL) {
        look->damaged++;
    } else if (number < 0 || number >= RIG_EVENTS || rig_ids[number] != id ||
               (uint64_t)json_integer_value(json_object_get(doc, "id")) != id) {
        look->wrong++;
    } else {
        look->right++;
    }
    json_decref(doc);
    return true;
}

static inline bool
rig_entry(void *arg, const char *queue, const struct store_item *item)
{
    struct rig_look *look = arg;

    (void)queue;
    if (strstr(item->item.error, "damaged") != NULL || strstr(item->item.error, "checksum")) {
        look->damaged++;
    } else {
        look->right++;
    }
    return true;
}

static inline bool
rig_text(void *arg, const char *name, const char *text)
{
    struct rig_look *look = arg;

    (void)name;
    look->right += strcmp(text, "a durable value") == 0;
    look->wrong += strcmp(text, "a durable value") != 0;
    return true;
}

struct rig_queues {
    struct store *st;
    struct rig_look *look;
    uint64_t entries;
};

/* Any queue: a flipped bit may have made the name of another. */
static inline bool
rig_queue(void *arg, const char *name, const char *text)
{
    struct rig_queues *q = arg;
    struct store_counts c = {0};

    (void)text;
    (void)store_items(q->st, name, NULL, rig_entry, q->look, &rig_err);
    (void)store_counts(q->st, name, &c, &rig_err);
    q->entries += c.ready + c.delayed + c.buried;
    return true;
}

/* Events, entries and durable keys that a sound store has, and what this one has. */
static inline enum rig_verdict
rig_judge(const char *store)
{
    const int all = RIG_EVENTS + (RIG_EVENTS - 15) + RIG_EVENTS / 2 + 20;
    struct rig_look look = {0};
    struct rig_queues queues = {.look = &look};
    struct store_item item;
    struct store *st;
    int rc = rig_open(store, &st);

    if (rc != 0) {
        return rc == RR_E_CORRUPT && rig_err.text[0] != '\0' ? RIG_REFUSED : RIG_SILENT;
    }
    (void)store_events(st, 0, rig_event, &look, &rig_err);
    queues.st = st;
    (void)store_queues(st, rig_queue, &queues, &rig_err);
    (void)store_texts(st, STORE_KEY, "left", NULL, rig_text, &look, &rig_err);
    for (int i = 0; i < 20; i++) {
        char name[16];
        char *text = NULL;

        (void)snprintf(name, sizeof name, "k%d", i);
        if (store_text_new(st, STORE_KEY, "left", name, &text, &rig_err) == RR_E_CORRUPT) {
            look.damaged++;
        }
        free(text);
    }
    look.wrong += queues.entries != RIG_EVENTS * 3 / 2 - 15;
    /* It goes on: what can be handled is handled, and new events come in. */
    for (int i = 0; i < 5 && rig_next(st, "left", &item) == 0; i++) {
        static const char *const queue[] = {"left"};
        struct store_op *op = store_op_new();

        store_op_take(op, "left", &item, true);
        rig_add(op, RIG_EVENTS + i, queue, 1);
        look.wrong += rig_do(st, op, NULL) != 0;
    }
    store_close(st);
    if (look.wrong > 0 || look.right + look.damaged != all) {
        diag("right %d, damaged %d, wrong %d, of %d", look.right, look.damaged, look.wrong, all);
        return RIG_SILENT;
    }
    return look.damaged == 0 ? RIG_SAME : RIG_FOUND;
}

/* rig_judge() in a process of its own, so that a crash is a verdict, too. */
static inline enum rig_verdict
rig_judge_apart(const char *store)
{
    int status = 0;
    pid_t pid;

    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        (void)dup2(null, STDERR_FILENO);
        (void)alarm(60);
        const enum rig_verdict v = rig_judge(store);
        (void)fflush(stdout);
        _exit((int)v);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
        return RIG_CRASH;
    }
    return (enum rig_verdict)WEXITSTATUS(status);
}

#endif
