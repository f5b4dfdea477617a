/* SPDX-License-Identifier: MIT */
/*
 * cmd_queue.c - rrctl queue and keys: what the store holds for a stage.
 */
#include "core/common/jget.h"
#include "core/common/text.h"
#include "core/rrctl/out.h"
#include "core/rrctl/rrctl.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_LIMIT 1000

static void
print_item(const json_t *item)
{
    const char *state = jget_str(item, "state");
    const char *config = jget_str(item, "config");
    const char *error = jget_str(item, "error");
    struct page page;

    page_init(&page);
    page_put(&page, OUT_BOLD, "%s", jget_str(item, "stage"));
    page_put(&page, OUT_PLAIN, " %" PRId64, jget_int(item, "id"));
    page_put(&page, strcmp(state, "buried") == 0 ? OUT_RED : OUT_PLAIN, " %s", state);
    page_put(&page, OUT_PLAIN, " %s%s%s", jget_str(item, "type"), config[0] == '\0' ? "" : " ",
             config);
    if (jget_is(item, "replay")) {
        page_put(&page, OUT_DIM, " replay");
    }
    if (jget_int(item, "due_ms") > 0) {
        page_put(&page, OUT_DIM, " due %s", out_time(jget_int(item, "due_ms")));
    }
    if (jget_int(item, "attempts") > 0) {
        page_put(&page, OUT_DIM, " attempts %" PRId64, jget_int(item, "attempts"));
    }
    if (error[0] != '\0') {
        page_put(&page, OUT_YELLOW, ": %s", error);
    }
    page_end(&page);
    (void)page_print(&page);
}

/* Ask page by page until the last one; take judges each and returns false to end. */
typedef bool (*page_fn)(void *arg, const json_t *result);

static int
each_page(struct rrctl *app, const char *cmd, json_t *args, page_fn take, void *arg,
          struct rr_err *err)
{
    /* What one answer ends with the next request begins with. */
    const char *next = strcmp(cmd, "keys") == 0 ? "after" : "next";
    bool is_more = true;
    int rc = 0;

    (void)json_object_del(args, next);
    while (rc == 0 && is_more) {
        json_t *result = NULL;

        rc = ask(app, cmd, json_incref(args), &result, err);
        is_more = rc == 0 && take(arg, result);
        (void)json_object_set(args, next, json_object_get(result, "next"));
        json_decref(result);
    }
    return rc;
}

struct listing {
    json_t *items; /* with --json */
    int64_t left, shown;
    bool is_cut;
};

static bool
take_list(void *arg, const json_t *result)
{
    struct listing *l = arg;
    const bool is_more = jget_is(result, "more");
    const json_t *items = json_object_get(result, "items");
    size_t i = 0;

    for (; i < json_array_size(items) && l->left > 0; i++, l->left--, l->shown++) {
        json_t *item = json_array_get(items, i);

        if (l->items == NULL) {
            print_item(item);
        } else {
            (void)json_array_append(l->items, item);
        }
    }
    l->is_cut = i < json_array_size(items) || (l->left == 0 && is_more);
    return l->left > 0 && is_more;
}

static int
list(struct rrctl *app, struct rr_err *err)
{
    const char *stage = app->args.operand_count > 1 ? app->args.operands[1] : NULL;
    struct listing l = {.items = app->json ? json_array() : NULL, .left = DEFAULT_LIMIT};
    json_t *args = json_pack("{s:s, s:s*}", "op", "list", "state", args_get(&app->args, "state"));
    json_t *queues = NULL;
    const json_t *name;
    size_t i;
    int rc = args_integer(&app->args, "limit", &l.left, err);

    if (rc == 0 && stage != NULL) {
        queues = json_pack("{s:[s]}", "queues", stage);
    } else if (rc == 0) {
        rc = ask(app, "queue", json_pack("{s:s}", "op", "names"), &queues, err);
    }
    json_array_foreach(json_object_get(queues, "queues"), i, name) {
        (void)json_object_set_new(args, "stage", json_deep_copy(name));
        rc = rc == 0 ? each_page(app, "queue", args, take_list, &l, err) : rc;
    }
    if (rc == 0 && stage != NULL && l.shown == 0) {
        json_t *ignored = NULL;

        /* The queue of a stage that was removed may be asked for, a name that is none may not. */
        rc = ask(app, "status", json_pack("{s:s}", "stage", stage), &ignored, err);
        json_decref(ignored);
    }
    if (rc == 0 && app->json) {
        (void)say_json(json_pack("{s:O, s:b}", "items", l.items, "more", (int)l.is_cut),
                       JSON_INDENT(2));
    } else if (rc == 0 && l.is_cut) {
        (void)puts("(and more: --limit N)");
    } else if (rc == 0 && l.shown == 0) {
        (void)puts("nothing is queued");
    }
    json_decref(args);
    json_decref(queues);
    json_decref(l.items);
    return rc;
}

static bool
take_count(void *arg, const json_t *result)
{
    *(int64_t *)arg += jget_int(result, "count");
    return jget_is(result, "more");
}

/* "12", or "12-40". */
static int
parse_ids(const char *text, int64_t *first, int64_t *last, struct rr_err *err)
{
    char *end;

    errno = 0;
    *first = strtoll(text, &end, 10);
    *last = *first;
    if (*end == '-' && isdigit((unsigned char)end[1])) {
        *last = strtoll(end + 1, &end, 10);
    }
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || *last < *first) {
        return rr_err_set(err, RR_E_INPUT, "'%s' is not the id of an event, nor a range FROM-TO",
                          text);
    }
    return 0;
}

/* Kick or drop one event, a range, or all. */
static int
change(struct rrctl *app, const char *op, const char *stage, const char *ids, int64_t *count,
       struct rr_err *err)
{
    json_t *args = json_pack("{s:s, s:s}", "op", op, "stage", stage);
    int64_t first = 0;
    int64_t last = 0;
    int rc = ids == NULL ? 0 : parse_ids(ids, &first, &last, err);

    if (rc == 0 && (ids == NULL || first != last) && strcmp(op, "drop") == 0 &&
        !args_has(&app->args, "yes")) {
        rc = rr_err_set(err, RR_E_INPUT,
                        "this throws buried events away for good: say --yes (`rrctl queue list %s "
                        "--state buried` shows them)",
                        stage);
    }
    if (ids != NULL && first == last) {
        (void)json_object_set_new(args, "id", json_integer(first));
    } else if (ids != NULL) {
        (void)json_object_set_new(args, "first", json_integer(first));
        (void)json_object_set_new(args, "last", json_integer(last));
    }
    rc = rc == 0 ? each_page(app, "queue", args, take_count, count, err) : rc;
    json_decref(args);
    return rc;
}

static int
change_all(struct rrctl *app, const char *op, struct rr_err *err)
{
    const bool is_all = args_has(&app->args, "all");
    const char *stage = app->args.operands[1];
    int64_t count = 0;
    int rc = 0;

    if (is_all ? app->args.operand_count != 2 : app->args.operand_count < 3) {
        return rr_err_set(err, RR_E_INPUT, "usage: rrctl queue %s STAGE ID...|FROM-TO|--all", op);
    }
    /* With --all there is no third operand, and NULL stands for all. */
    for (int i = 2; rc == 0 && i < app->args.operand_count + is_all; i++) {
        rc = change(app, op, stage, app->args.operands[i], &count, err);
    }
    if (rc == 0 || count > 0) {
        (void)printf(app->json ? "{\"count\": %" PRId64 "}\n" : "%" PRId64 " %s\n", count,
                     strcmp(op, "kick") == 0 ? "back in the queue" : "dropped");
    }
    return rc;
}

static int
show(struct rrctl *app, struct rr_err *err)
{
    json_t *result = NULL;
    int64_t id;
    int rc;

    if (app->args.operand_count != 3 || text_int(app->args.operands[2], &id) != 0) {
        return rr_err_set(err, RR_E_INPUT, "usage: rrctl queue show STAGE ID");
    }
    rc = ask(app, "queue",
             json_pack("{s:s, s:s, s:I}", "op", "show", "stage", app->args.operands[1], "id",
                       (json_int_t)id),
             &result, err);
    if (rc == 0) {
        (void)say_json(result, JSON_INDENT(2));
    }
    return rc;
}

int
cmd_queue(struct rrctl *app, struct rr_err *err)
{
    const char *op = app->args.operand_count > 0 ? app->args.operands[0] : "list";

    if (strcmp(op, "show") == 0) {
        return show(app, err);
    }
    if (strcmp(op, "kick") == 0 || strcmp(op, "drop") == 0) {
        return change_all(app, op, err);
    }
    if (strcmp(op, "list") != 0) {
        return rr_err_set(err, RR_E_INPUT, "no operation '%s': want list, show, kick or drop", op);
    }
    if (app->args.operand_count > 2) {
        return rr_err_set(err, RR_E_INPUT, "usage: rrctl queue list [STAGE]");
    }
    return list(app, err);
}

static bool
take_keys(void *arg, const json_t *result)
{
    (void)json_object_update(json_object_get(arg, "keys"), json_object_get(result, "keys"));
    return json_is_string(json_object_get(result, "next"));
}

static void
print_keys(const struct rrctl *app, const json_t *result)
{
    const char *name;
    json_t *value;

    if (app->args.operand_count > 1) {
        (void)puts(jget_str(result, "value"));
    }
    json_object_foreach(json_object_get(result, "keys"), name, value) {
        (void)printf("%s = %s\n", name, json_string_value(value));
    }
}

int
cmd_keys(struct rrctl *app, struct rr_err *err)
{
    const char *stage = app->args.operands[0];
    const char *key = app->args.operands[1]; /* or NULL */
    json_t *args = json_pack("{s:s, s:s*}", "stage", stage, "key", key);
    json_t *result = key != NULL ? NULL : json_pack("{s:s, s:{}}", "stage", stage, "keys");
    const int rc = key != NULL ? ask(app, "get", json_incref(args), &result, err)
                               : each_page(app, "keys", args, take_keys, result, err);

    json_decref(args);
    if (rc < 0) {
        json_decref(result);
        return rc;
    }
    return say(app, result, JSON_INDENT(2), print_keys);
}
