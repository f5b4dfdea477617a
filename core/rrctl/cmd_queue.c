/* SPDX-License-Identifier: MIT */
/*
 * cmd_queue.c - rrctl queue and keys: what the store holds for a stage.
 */
#include "core/common/mem.h"
#include "core/common/text.h"
#include "core/rrctl/jget.h"
#include "core/rrctl/out.h"
#include "core/rrctl/rrctl.h"

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
    char buf[OUT_NUMBER_MAX];

    page_init(&page, stdout);
    page_put(&page, OUT_BOLD, "%s", jget_str(item, "stage"));
    page_put(&page, OUT_PLAIN, " %" PRId64, jget_int(item, "id"));
    page_put(&page, strcmp(state, "buried") == 0 ? OUT_RED : OUT_PLAIN, " %s", state);
    page_put(&page, OUT_PLAIN, " %s%s%s", jget_str(item, "type"), config[0] == '\0' ? "" : " ",
             config);
    if (json_is_true(json_object_get(item, "replay"))) {
        page_put(&page, OUT_DIM, " replay");
    }
    if (jget_int(item, "due_ms") > 0) {
        page_put(&page, OUT_DIM, " due %s", out_time(jget_int(item, "due_ms"), buf, sizeof buf));
    }
    if (jget_int(item, "attempts") > 0) {
        page_put(&page, OUT_DIM, " attempts %" PRId64, jget_int(item, "attempts"));
    }
    if (error[0] != '\0') {
        page_put(&page, OUT_YELLOW, ": %s", error);
    }
    page_end(&page);
    (void)page_write(&page, stdout, false);
    page_free(&page);
}

static void
print_json(const json_t *doc)
{
    (void)json_dumpf(doc, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
    (void)putchar('\n');
}

/* Ask for pages until the last one; take judges each and returns false to end. */
typedef bool (*page_fn)(void *arg, const json_t *result);

static int
each_page(struct rrctl *app, json_t *args, page_fn take, void *arg, struct rr_err *err)
{
    bool is_more = true;
    int rc = 0;

    (void)json_object_del(args, "next");
    while (rc == 0 && is_more) {
        json_t *result = NULL;

        rc = ask(app, "queue", args, &result, err);
        is_more = rc == 0 && take(arg, result) && json_is_true(json_object_get(result, "more"));
        (void)json_object_set(args, "next", json_object_get(result, "next"));
        json_decref(result);
    }
    return rc;
}

struct listing {
    json_t *items; /* with --json */
    uint64_t left, shown;
    bool is_cut;
};

static bool
take_list(void *arg, const json_t *result)
{
    struct listing *l = arg;
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
    l->is_cut = i < json_array_size(items) ||
                (l->left == 0 && json_is_true(json_object_get(result, "more")));
    return l->left > 0;
}

static int
list(struct rrctl *app, const char *stage, struct rr_err *err)
{
    struct listing l = {.items = app->json ? json_array() : NULL, .left = DEFAULT_LIMIT};
    json_t *queues = NULL;
    json_t *args = json_pack("{s:s}", "op", "list");
    const char *state = args_get(&app->args, "state");
    int rc = args_integer(&app->args, "limit", &l.left, err);

    if (rc == 0 && stage != NULL) {
        queues = json_pack("{s:[s]}", "queues", stage);
    } else if (rc == 0) {
        json_t *ask_names = json_pack("{s:s}", "op", "names");

        rc = ask(app, "queue", ask_names, &queues, err);
        json_decref(ask_names);
    }
    if (state != NULL) {
        (void)json_object_set_new(args, "state", json_string(state));
    }
    for (size_t i = 0; rc == 0 && i < json_array_size(json_object_get(queues, "queues")); i++) {
        (void)json_object_set(args, "stage", json_array_get(json_object_get(queues, "queues"), i));
        rc = each_page(app, args, take_list, &l, err);
    }
    if (rc == 0 && app->json) {
        json_t *doc = json_pack("{s:O, s:b}", "items", l.items, "more", (int)l.is_cut);

        print_json(doc);
        json_decref(doc);
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
    return true;
}

/* "12", or "12-40". */
static int
parse_ids(const char *text, int64_t *first, int64_t *last, struct rr_err *err)
{
    char *copy = mem_dup(text);
    char *dash = strchr(copy, '-');
    int rc = 0;

    if (dash != NULL) {
        *dash = '\0';
    }
    if (text_int(copy, first) != 0 || *first < 0 ||
        (dash == NULL ? 0 : text_int(dash + 1, last) != 0 || *last < *first)) {
        rc = rr_err_set(err, RR_E_INPUT, "'%s' is not the id of an event, nor a range FROM-TO",
                        text);
    } else if (dash == NULL) {
        *last = *first;
    }
    free(copy);
    return rc;
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
    if (rc == 0 && ids != NULL && first == last) {
        (void)json_object_set_new(args, "id", json_integer(first));
    } else if (rc == 0 && ids != NULL) {
        (void)json_object_set_new(args, "first", json_integer(first));
        (void)json_object_set_new(args, "last", json_integer(last));
    }
    rc = rc == 0 ? each_page(app, args, take_count, count, err) : rc;
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
    if (is_all) {
        rc = change(app, op, stage, NULL, &count, err);
    }
    for (int i = 2; rc == 0 && i < app->args.operand_count; i++) {
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
    json_t *args;
    json_t *result = NULL;
    int64_t id;
    int rc;

    if (app->args.operand_count != 3 || text_int(app->args.operands[2], &id) != 0) {
        return rr_err_set(err, RR_E_INPUT, "usage: rrctl queue show STAGE ID");
    }
    args = json_pack("{s:s, s:s, s:I}", "op", "show", "stage", app->args.operands[1], "id",
                     (json_int_t)id);
    rc = ask(app, "queue", args, &result, err);
    json_decref(args);
    if (rc == 0) {
        print_json(result);
        json_decref(result);
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
        return app->args.operand_count < 2
                   ? rr_err_set(err, RR_E_INPUT, "usage: rrctl queue %s STAGE ID...|FROM-TO|--all",
                                op)
                   : change_all(app, op, err);
    }
    if (strcmp(op, "list") != 0) {
        return rr_err_set(err, RR_E_INPUT, "no operation '%s': want list, show, kick or drop", op);
    }
    if (app->args.operand_count > 2) {
        return rr_err_set(err, RR_E_INPUT, "usage: rrctl queue list [STAGE]");
    }
    return list(app, app->args.operand_count > 1 ? app->args.operands[1] : NULL, err);
}

/* All keys of a stage, page by page, into one answer. */
static int
ask_keys(struct rrctl *app, json_t *args, json_t **all, struct rr_err *err)
{
    bool is_more = true;
    int rc = 0;

    *all = json_pack("{s:O, s:{}}", "stage", json_object_get(args, "stage"), "keys");
    while (rc == 0 && is_more) {
        json_t *result = NULL;

        rc = ask(app, "keys", args, &result, err);
        (void)json_object_update(json_object_get(*all, "keys"), json_object_get(result, "keys"));
        is_more = json_is_string(json_object_get(result, "next"));
        (void)json_object_set(args, "after", json_object_get(result, "next"));
        json_decref(result);
    }
    return rc;
}

int
cmd_keys(struct rrctl *app, struct rr_err *err)
{
    const bool is_one = app->args.operand_count > 1;
    json_t *args = json_pack("{s:s}", "stage", app->args.operands[0]);
    json_t *result = NULL;
    const char *name;
    const json_t *value;
    int rc;

    if (is_one) {
        (void)json_object_set_new(args, "key", json_string(app->args.operands[1]));
        rc = ask(app, "get", args, &result, err);
    } else {
        rc = ask_keys(app, args, &result, err);
    }
    json_decref(args);
    if (rc == 0 && app->json) {
        (void)json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
        (void)putchar('\n');
    } else if (rc == 0 && is_one) {
        (void)puts(jget_str(result, "value"));
    } else if (rc == 0) {
        json_object_foreach(json_object_get(result, "keys"), name, value)
        {
            (void)printf("%s = %s\n", name, json_string_value(value));
        }
    }
    json_decref(result);
    return rc;
}
