/* SPDX-License-Identifier: MIT */
/*
 * cmd_events.c - rrctl events, replay and emit.
 */
#include "core/common/jget.h"
#include "core/common/mem.h"
#include "core/rrctl/client.h"
#include "core/rrctl/proc.h"
#include "core/rrctl/rrctl.h"
#include "core/rrctl/view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_LIMIT 100
#define TAIL_MAX 1000000 /* newest events that can be asked for when no daemon runs */

/* Type, configuration and stage, and the bounds in time: what events and replay are asked for in
 * the same words. What was not given is left out. */
static int
filter_new(const struct rrctl *app, json_t **filter, struct rr_err *err)
{
    static const char *const times[][2] = {{"from", "from_ms"}, {"to", "to_ms"}};

    *filter = json_pack("{s:s*, s:s*, s:s*}", "type", args_get(&app->args, "type"), "config",
                        args_get(&app->args, "config"), "stage", args_get(&app->args, "stage"));
    for (int i = 0; i < 2; i++) {
        int64_t time_ms;

        if (args_time(&app->args, times[i][0], &time_ms, err) < 0) {
            json_decref(*filter);
            *filter = NULL;
            return err->code;
        }
        if (args_has(&app->args, times[i][0])) {
            (void)json_object_set_new(*filter, times[i][1], json_integer(time_ms));
        }
    }
    return 0;
}

static int
print_event(const struct rrctl *app, json_t *event, struct rr_err *err)
{
    struct page page;
    int rc;

    if (app->json) {
        rc = say_json(json_incref(event), JSON_COMPACT);
    } else {
        page_init(&page);
        view_event(&page, event, false);
        page_end(&page);
        rc = page_print(&page);
    }
    return rc < 0 ? rr_err_set(err, -EIO, "cannot write the output: %s", strerror(errno)) : 0;
}

/* Read events from a daemon until it says that this was all; with --follow that is never. */
static int
read_live(struct rrctl *app, json_t *query, struct rr_err *err)
{
    struct client cl;
    json_t *event = NULL;
    int rc = client_follow(&cl, app->dir, app->timeout_ms, json_incref(query), err);

    if (rc < 0) {
        return rc;
    }
    while (rc == 0 && (rc = client_event(&cl, app->timeout_ms, &event, err)) > 0) {
        rc = print_event(app, event, err);
        json_decref(event);
    }
    client_close(&cl);
    if (rc == -ECONNRESET && jget_is(query, "follow")) {
        return rr_err_set(err, -ECONNREFUSED, "rrd in %s has stopped", app->dir);
    }
    return rc;
}

static bool
is_same(const json_t *query, const char *key, const json_t *event, const char *member)
{
    return json_object_get(query, key) == NULL ||
           strcmp(jget_str(query, key), jget_str(event, member)) == 0;
}

static bool
is_wanted(const json_t *query, const json_t *event)
{
    const int64_t time_ms = jget_int(event, "time_ms");

    return jget_int(event, "id") > jget_int(query, "after") &&
           time_ms >= jget_int(query, "from_ms") &&
           (json_object_get(query, "to_ms") == NULL || time_ms <= jget_int(query, "to_ms")) &&
           is_same(query, "stage", event, "source") && is_same(query, "type", event, "type") &&
           is_same(query, "config", event, "config");
}

/* Print what rrd --dump-events prints, as far as it was asked for: the first events from a place
 * on, else the newest. */
static int
filter_dump(const struct rrctl *app, FILE *pipe, const json_t *query, struct rr_err *err)
{
    const bool is_forward =
        jget_int(query, "after") > 0 || json_object_get(query, "from_ms") != NULL;
    const int64_t limit = jget_int(query, "limit");
    const int64_t n_kept = is_forward || limit < 1 ? 1 : limit < TAIL_MAX ? limit : TAIL_MAX;
    json_t **kept = mem_zalloc((size_t)n_kept, sizeof *kept); /* the oldest at [seen % n_kept] */
    int64_t seen = 0;
    char *line = NULL;
    size_t cap = 0;
    int rc = 0;

    while (rc == 0 && (is_forward ? seen < limit : limit > 0) && getline(&line, &cap, pipe) > 0) {
        json_t *event = json_loads(line, 0, NULL);

        if (event == NULL) {
            rc = rr_err_set(err, RR_E_PROTO, "rrd --dump-events printed what is not JSON");
        } else if (is_wanted(query, event) && is_forward) {
            rc = print_event(app, event, err);
            seen++;
        } else if (is_wanted(query, event)) {
            json_decref(kept[seen % n_kept]);
            kept[seen++ % n_kept] = json_incref(event);
        }
        json_decref(event);
    }
    for (int64_t i = 0; i < n_kept; i++) {
        json_t *event = kept[(seen + i) % n_kept];

        rc = rc == 0 && event != NULL ? print_event(app, event, err) : rc;
        json_decref(event);
    }
    free(kept);
    free(line);
    return rc;
}

static int
read_offline(struct rrctl *app, const json_t *query, struct rr_err *err)
{
    const char *type = args_get(&app->args, "type");
    struct text_list words = {0};
    FILE *pipe = NULL;
    pid_t pid = 0;
    int rc = proc_rrd(app, &words, err);

    text_list_add(&words, "--dump-events");
    if (type != NULL) {
        text_list_add(&words, "--type");
        text_list_add(&words, type);
    }
    rc = rc == 0 ? proc_open(&words, &pipe, &pid, err) : rc;
    if (rc == 0) {
        rc = filter_dump(app, pipe, query, err);
        (void)fclose(pipe);
        const int status = proc_wait(pid);
        /* It dies of SIGPIPE when it had more to say than we wanted. */
        rc = rc == 0 && status > 0 && status < 128 ? status : rc;
    }
    text_list_free(&words);
    return rc;
}

int
cmd_events(struct rrctl *app, struct rr_err *err)
{
    const bool is_bounded = args_has(&app->args, "from") || args_has(&app->args, "to");
    const bool follows = args_has(&app->args, "follow");
    int64_t after = 0;
    int64_t limit = is_bounded ? INT64_MAX : DEFAULT_LIMIT; /* the bounds are what is asked for */
    json_t *query;
    int rc;

    if (args_integer(&app->args, "after", &after, err) < 0 ||
        args_integer(&app->args, "limit", &limit, err) < 0) {
        return err->code;
    }
    if (follows && args_has(&app->args, "to")) {
        return rr_err_set(err, RR_E_INPUT, "--follow has no end, so --to says nothing");
    }
    if (filter_new(app, &query, err) < 0) {
        return err->code;
    }
    (void)json_object_set_new(query, "limit", json_integer(limit));
    (void)json_object_set_new(query, "follow", json_boolean(follows));
    (void)json_object_set_new(query, "after", after > 0 ? json_integer(after) : NULL);
    rc = read_live(app, query, err);
    if (rc == -ECONNREFUSED && !follows) {
        rc = read_offline(app, query, err);
    }
    json_decref(query);
    return rc;
}

int
cmd_replay(struct rrctl *app, struct rr_err *err)
{
    const bool is_dry = args_has(&app->args, "dry-run");
    const bool is_seen = isatty(STDERR_FILENO) == 1; /* the count while it goes on */
    const char *queue = args_get(&app->args, "queue");
    json_t *args;
    int64_t count = 0;
    bool is_more = true;
    int rc = filter_new(app, &args, err);

    if (rc == 0 && (queue == NULL || !args_has(&app->args, "from"))) {
        rc = rr_err_set(err, RR_E_INPUT, "usage: rrctl replay --queue STAGE --from TIME");
    }
    (void)json_object_set_new(args, "queue", json_string(queue));
    (void)json_object_set_new(args, "dry_run", json_boolean(is_dry));
    while (rc == 0 && is_more) {
        json_t *result = NULL;

        rc = ask(app, "replay", json_incref(args), &result, err);
        count += jget_int(result, "count");
        is_more = jget_is(result, "more");
        (void)json_object_set(args, "after", json_object_get(result, "next"));
        json_decref(result);
        if (rc == 0 && is_more && !app->json && is_seen) {
            (void)fprintf(stderr, "\r%" PRId64 " events", count);
        }
    }
    json_decref(args);
    if (rc == 0 && app->json) {
        (void)printf("{\"count\": %" PRId64 ", \"dry_run\": %s}\n", count,
                     is_dry ? "true" : "false");
    } else if (rc == 0 || count > 0) {
        (void)printf("%s%" PRId64 " events %s into the queue of %s\n",
                     is_seen && count > 0 ? "\r" : "", count,
                     is_dry ? "would be put back" : "put back", queue);
    }
    return rc;
}

static void
print_emitted(const struct rrctl *app, const json_t *result)
{
    if (jget_is(result, "known")) {
        (void)printf("key %s is known: no event was added\n", args_get(&app->args, "key"));
    } else {
        (void)printf("event %" PRId64 " %s\n", jget_int(result, "id"), app->args.operands[0]);
    }
}

int
cmd_emit(struct rrctl *app, struct rr_err *err)
{
    const char *config = args_get(&app->args, "config");
    json_error_t why;
    json_t *payload = json_loads(app->args.operands[1], JSON_REJECT_DUPLICATES, &why);
    json_t *args;
    json_t *result = NULL;
    int rc;

    if (!json_is_object(payload)) {
        rc = rr_err_set(err, RR_E_INPUT, "the payload must be one JSON object: %s",
                        payload == NULL ? why.text : app->args.operands[1]);
        json_decref(payload);
        return rc;
    }
    args = json_pack("{s:s, s:s, s:o, s:s*}", "type", app->args.operands[0], "config",
                     config == NULL ? "" : config, "payload", payload, "key",
                     args_get(&app->args, "key"));
    rc = ask(app, "emit", args, &result, err);
    return rc < 0 ? rc : say(app, result, JSON_COMPACT, print_emitted);
}
