/* SPDX-License-Identifier: MIT */
/*
 * cmd_events.c - rrctl events and emit.
 */
#include "core/common/mem.h"
#include "core/rrctl/client.h"
#include "core/rrctl/jget.h"
#include "core/rrctl/proc.h"
#include "core/rrctl/rrctl.h"
#include "core/rrctl/view.h"
#include "core/rrctl/when.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_LIMIT 100
#define TAIL_MAX 1000000 /* newest events that can be asked for when no daemon runs */

/* What `rrctl events` was asked for. */
struct query {
    uint64_t after, limit;
    int64_t from_ms, to_ms; /* -1: no bound */
    const char *type, *config, *stage;
    bool follow;
};

/* The first ones are wanted, else the newest. */
static bool
is_forward(const struct query *query)
{
    return query->after > 0 || query->from_ms >= 0;
}

static int
print_event(const json_t *event, bool json, struct rr_err *err)
{
    struct page page;
    int rc = 0;

    if (json) {
        rc = json_dumpf(event, stdout, JSON_COMPACT) < 0 || putchar('\n') == EOF ? -1 : 0;
        rc = fflush(stdout) == EOF ? -1 : rc;
    } else {
        page_init(&page, stdout);
        view_event(&page, event, false);
        page_end(&page);
        rc = page_write(&page, stdout, false);
        page_free(&page);
    }
    return rc < 0 ? rr_err_set(err, -EIO, "cannot write the output: %s", strerror(errno)) : 0;
}

static json_t *
query_args(const struct query *query)
{
    json_t *args = json_object();

    if (query->after > 0) {
        (void)json_object_set_new(args, "after", json_integer((json_int_t)query->after));
    }
    if (query->from_ms >= 0) {
        (void)json_object_set_new(args, "from_ms", json_integer(query->from_ms));
    }
    if (query->to_ms >= 0) {
        (void)json_object_set_new(args, "to_ms", json_integer(query->to_ms));
    }
    if (query->stage != NULL) {
        (void)json_object_set_new(args, "stage", json_string(query->stage));
    }
    (void)json_object_set_new(args, "limit", json_integer((json_int_t)query->limit));
    (void)json_object_set_new(args, "follow", json_boolean(query->follow));
    if (query->type != NULL) {
        (void)json_object_set_new(args, "type", json_string(query->type));
    }
    if (query->config != NULL) {
        (void)json_object_set_new(args, "config", json_string(query->config));
    }
    return args;
}

/* Read events from a daemon until it says that this was all; with --follow that is never. */
static int
read_live(struct rrctl *app, const struct query *query, struct rr_err *err)
{
    struct client cl;
    json_t *args = query_args(query);
    json_t *line = NULL;
    json_t *result = NULL;
    bool is_end = false;
    bool follows = false;
    int rc = client_open(&cl, app->dir, app->timeout_ms, err);

    if (rc < 0) {
        json_decref(args);
        return rc;
    }
    rc = client_send(&cl, "events", args, app->timeout_ms, err);
    while (rc == 0 && !is_end) {
        rc = client_line(&cl, follows ? INT_MAX : app->timeout_ms, &line, err);
        if (rc == 0 && json_object_get(line, "follows") != NULL) {
            follows = true; /* from here on it may be silent for as long as it likes */
        } else if (rc == 0 && json_object_get(line, "ok") != NULL) {
            rc = client_result(&cl, line, &result, err);
            json_decref(result);
            is_end = true;
        } else if (rc == 0) {
            rc = print_event(line, app->json, err);
        }
        json_decref(line);
        line = NULL;
    }
    json_decref(args);
    client_close(&cl);
    if (rc == -ECONNRESET && query->follow) {
        return rr_err_set(err, -ECONNREFUSED, "rrd in %s has stopped", app->dir);
    }
    return rc;
}

static bool
is_wanted(const struct query *query, const json_t *event)
{
    return (uint64_t)jget_int(event, "id") > query->after &&
           jget_int(event, "time_ms") >= query->from_ms &&
           (query->to_ms < 0 || jget_int(event, "time_ms") <= query->to_ms) &&
           (query->stage == NULL || strcmp(jget_str(event, "source"), query->stage) == 0) &&
           (query->type == NULL || strcmp(jget_str(event, "type"), query->type) == 0) &&
           (query->config == NULL || strcmp(jget_str(event, "config"), query->config) == 0);
}

/* The newest events seen so far, the oldest of them at [seen % limit]. */
struct tail {
    json_t **events;
    uint64_t limit, seen;
};

static int
print_tail(struct tail *tail, bool json, struct rr_err *err)
{
    int rc = 0;

    for (uint64_t i = 0; i < tail->limit; i++) {
        json_t *event = tail->events[(tail->seen + i) % tail->limit];
        if (event != NULL && rc == 0) {
            rc = print_event(event, json, err);
        }
        json_decref(event);
    }
    return rc;
}

/* Print what rrd --dump-events prints, as far as it was asked for. */
static int
filter_dump(FILE *pipe, const struct query *query, bool json, struct rr_err *err)
{
    struct tail tail = {.limit = query->limit < TAIL_MAX ? query->limit : TAIL_MAX};
    uint64_t left = query->limit;
    char *line = NULL;
    size_t cap = 0;
    int rc = 0;

    tail.limit = is_forward(query) ? 0 : tail.limit;
    tail.events = mem_zalloc(tail.limit + 1, sizeof *tail.events);
    while (rc == 0 && left > 0 && getline(&line, &cap, pipe) > 0) {
        json_t *event = json_loads(line, 0, NULL);
        if (event == NULL) {
            rc = rr_err_set(err, RR_E_PROTO, "rrd --dump-events printed what is not JSON");
        } else if (is_wanted(query, event) && is_forward(query)) {
            rc = print_event(event, json, err);
            left--;
        } else if (is_wanted(query, event)) {
            json_decref(tail.events[tail.seen % tail.limit]);
            tail.events[tail.seen++ % tail.limit] = json_incref(event);
        }
        json_decref(event);
    }
    const int printed = print_tail(&tail, json, err);
    free(tail.events);
    free(line);
    return rc < 0 ? rc : printed;
}

static int
read_offline(struct rrctl *app, const struct query *query, struct rr_err *err)
{
    struct proc_words words;
    FILE *pipe = NULL;
    pid_t pid = 0;
    int status = 0;
    int rc = proc_words_init(&words, app, err);

    if (rc == 0) {
        rc = proc_words_add(&words, "--dump-events", err);
    }
    if (rc == 0 && query->type != NULL) {
        rc = proc_words_add(&words, "--type", err);
        rc = rc < 0 ? rc : proc_words_add(&words, query->type, err);
    }
    if (rc == 0) {
        rc = proc_open(&words, &pipe, &pid, err);
    }
    if (rc == 0) {
        rc = filter_dump(pipe, query, app->json, err);
        (void)fclose(pipe);
        status = proc_wait(pid);
        /* It dies of SIGPIPE when it had more to say than we wanted. */
        rc = rc == 0 && status > 0 && status < 128 ? status : rc;
    }
    proc_words_fini(&words);
    return rc;
}

int
cmd_events(struct rrctl *app, struct rr_err *err)
{
    struct query query = {
        .limit = DEFAULT_LIMIT,
        .from_ms = -1,
        .to_ms = -1,
        .type = args_get(&app->args, "type"),
        .config = args_get(&app->args, "config"),
        .stage = args_get(&app->args, "stage"),
        .follow = args_has(&app->args, "follow"),
    };
    int rc = args_integer(&app->args, "after", &query.after, err);

    if (rc == 0) {
        rc = when_option(&app->args, "from", &query.from_ms, err);
    }
    if (rc == 0) {
        rc = when_option(&app->args, "to", &query.to_ms, err);
    }
    if (query.from_ms >= 0 || query.to_ms >= 0) {
        query.limit = INT64_MAX; /* the bounds are what was asked for */
    }
    if (rc == 0) {
        rc = args_integer(&app->args, "limit", &query.limit, err);
    }
    if (rc == 0 && (query.limit > INT64_MAX || query.after > INT64_MAX)) {
        rc = rr_err_set(err, RR_E_INPUT, "number too large");
    }
    if (rc == 0 && query.follow && query.to_ms >= 0) {
        rc = rr_err_set(err, RR_E_INPUT, "--follow has no end, so --to says nothing");
    }
    if (rc < 0) {
        return rc;
    }
    rc = read_live(app, &query, err);
    if (rc == -ECONNREFUSED && !query.follow) {
        return read_offline(app, &query, err);
    }
    return rc;
}

int
cmd_replay(struct rrctl *app, struct rr_err *err)
{
    static const char *const texts[] = {"queue", "type", "config"};
    const bool is_dry = args_has(&app->args, "dry-run");
    json_t *args = json_pack("{s:b}", "dry_run", (int)is_dry);
    int64_t bounds[2] = {-1, -1};
    int64_t count = 0;
    bool is_more = true;
    int rc = when_option(&app->args, "from", &bounds[0], err);

    if (rc == 0) {
        rc = when_option(&app->args, "to", &bounds[1], err);
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (args_has(&app->args, texts[i])) {
            (void)json_object_set_new(args, texts[i], json_string(args_get(&app->args, texts[i])));
        }
    }
    if (rc == 0 && (!args_has(&app->args, "queue") || bounds[0] < 0)) {
        rc = rr_err_set(err, RR_E_INPUT, "usage: rrctl replay --queue STAGE --from TIME");
    }
    (void)json_object_set_new(args, "from_ms", json_integer(bounds[0]));
    if (bounds[1] >= 0) {
        (void)json_object_set_new(args, "to_ms", json_integer(bounds[1]));
    }
    while (rc == 0 && is_more) {
        json_t *result = NULL;

        rc = ask(app, "replay", args, &result, err);
        count += jget_int(result, "count");
        is_more = json_is_true(json_object_get(result, "more"));
        (void)json_object_set(args, "after", json_object_get(result, "next"));
        json_decref(result);
        if (rc == 0 && is_more && !app->json && isatty(STDERR_FILENO) == 1) {
            (void)fprintf(stderr, "\r%" PRId64 " events", count);
        }
    }
    json_decref(args);
    if (rc == 0 && app->json) {
        (void)printf("{\"count\": %" PRId64 ", \"dry_run\": %s}\n", count,
                     is_dry ? "true" : "false");
    } else if (rc == 0 || count > 0) {
        (void)printf("%s%" PRId64 " events %s of %s\n",
                     isatty(STDERR_FILENO) == 1 && count > 0 ? "\r" : "", count,
                     is_dry ? "would be put back into the queue" : "put back into the queue",
                     args_get(&app->args, "queue"));
    }
    return rc;
}

int
cmd_emit(struct rrctl *app, struct rr_err *err)
{
    const char *config = args_get(&app->args, "config");
    const char *key = args_get(&app->args, "key");
    json_error_t why;
    json_t *payload = json_loads(app->args.operands[1], JSON_REJECT_DUPLICATES, &why);
    json_t *args = NULL;
    json_t *result = NULL;
    int rc;

    if (!json_is_object(payload)) {
        rc = rr_err_set(err, RR_E_INPUT, "the payload must be one JSON object: %s",
                        payload == NULL ? why.text : app->args.operands[1]);
        json_decref(payload);
        return rc;
    }
    args = json_pack("{s:s,s:s,s:o}", "type", app->args.operands[0], "config",
                     config == NULL ? "" : config, "payload", payload);
    if (key != NULL) {
        (void)json_object_set_new(args, "key", json_string(key));
    }
    rc = ask(app, "emit", args, &result, err);
    if (rc == 0 && app->json) {
        (void)json_dumpf(result, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
        (void)putchar('\n');
    } else if (rc == 0) {
        if (json_is_true(json_object_get(result, "known"))) {
            (void)printf("key %s is known: no event was added\n", key == NULL ? "" : key);
        } else {
            (void)printf("event %" PRId64 " %s\n", jget_int(result, "id"), app->args.operands[0]);
        }
    }
    json_decref(args);
    json_decref(result);
    return rc;
}
