/* SPDX-License-Identifier: MIT */
/*
 * cmd_queue.c - rrctl queue and keys: what the store holds for a stage.
 */
#include "core/rrctl/jget.h"
#include "core/rrctl/out.h"
#include "core/rrctl/rrctl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line per waiting event; buried ones with their last error. */
static void
print_list(const json_t *items)
{
    const json_t *item;
    struct page page;
    char buf[OUT_NUMBER_MAX];
    size_t i;

    page_init(&page, stdout);
    json_array_foreach(items, i, item)
    {
        const char *state = jget_str(item, "state");
        const char *config = jget_str(item, "config");
        const char *error = jget_str(item, "error");

        page_put(&page, OUT_BOLD, "%s", jget_str(item, "stage"));
        page_put(&page, OUT_PLAIN, " %" PRId64, jget_int(item, "id"));
        page_put(&page, strcmp(state, "buried") == 0 ? OUT_RED : OUT_PLAIN, " %s", state);
        page_put(&page, OUT_PLAIN, " %s%s%s", jget_str(item, "type"), config[0] == '\0' ? "" : " ",
                 config);
        if (jget_int(item, "due_ms") > 0) {
            page_put(&page, OUT_DIM, " due %s",
                     out_time(jget_int(item, "due_ms"), buf, sizeof buf));
        }
        if (jget_int(item, "attempts") > 0) {
            page_put(&page, OUT_DIM, " attempts %" PRId64, jget_int(item, "attempts"));
        }
        if (error[0] != '\0') {
            page_put(&page, OUT_YELLOW, ": %s", error);
        }
        page_end(&page);
    }
    if (json_array_size(items) == 0) {
        page_put(&page, OUT_PLAIN, "nothing is queued");
        page_end(&page);
    }
    (void)page_write(&page, stdout, false);
    page_free(&page);
}

static void
print_result(const struct rrctl *app, const char *op, const json_t *result)
{
    const json_t *items = json_object_get(result, "items");
    const json_t *count = json_object_get(result, "count");

    if (!app->json && strcmp(op, "list") == 0 && json_is_array(items)) {
        print_list(items);
        if (json_is_true(json_object_get(result, "more"))) {
            (void)puts("(and more)");
        }
    } else if (!app->json && json_is_integer(count)) {
        (void)printf("%" PRId64 " %s\n", (int64_t)json_integer_value(count),
                     strcmp(op, "kick") == 0 ? "back in the queue" : "dropped");
    } else {
        (void)json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
        (void)putchar('\n');
    }
}

int
cmd_queue(struct rrctl *app, struct rr_err *err)
{
    const char *op = app->args.operand_count > 0 ? app->args.operands[0] : "list";
    const char *stage = app->args.operand_count > 1 ? app->args.operands[1] : NULL;
    const char *id = app->args.operand_count > 2 ? app->args.operands[2] : NULL;
    const bool is_list = strcmp(op, "list") == 0;
    const bool is_show = strcmp(op, "show") == 0;
    json_t *args = NULL;
    json_t *result = NULL;
    int rc;

    if (!is_list && !is_show && strcmp(op, "kick") != 0 && strcmp(op, "drop") != 0) {
        return rr_err_set(err, RR_E_INPUT, "no operation '%s': want list, show, kick or drop", op);
    }
    if (is_list ? id != NULL : id == NULL) {
        return rr_err_set(err, RR_E_INPUT,
                          is_list ? "usage: rrctl queue list [STAGE]"
                                  : "usage: rrctl queue %s STAGE %s",
                          op, is_show ? "ID" : "ID|all");
    }
    args = json_pack("{s:s}", "op", op);
    if (stage != NULL) {
        (void)json_object_set_new(args, "stage", json_string(stage));
    }
    if (id != NULL && !is_show && strcmp(id, "all") == 0) {
        (void)json_object_set_new(args, "id", json_string("all"));
    } else if (id != NULL) {
        char *end;
        errno = 0;
        const long long number = strtoll(id, &end, 10);
        if (end == id || *end != '\0' || errno != 0 || number < 0) {
            json_decref(args);
            return rr_err_set(err, RR_E_INPUT, "'%s' is not the id of an event", id);
        }
        (void)json_object_set_new(args, "id", json_integer(number));
    }
    rc = ask(app, "queue", args, &result, err);
    json_decref(args);
    if (rc == 0) {
        print_result(app, op, result);
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
    }
    rc = ask(app, is_one ? "get" : "keys", args, &result, err);
    json_decref(args);
    if (rc < 0) {
        return rc;
    }
    if (app->json) {
        (void)json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
        (void)putchar('\n');
    } else if (is_one) {
        (void)puts(jget_str(result, "value"));
    } else {
        json_object_foreach(json_object_get(result, "keys"), name, value)
        {
            (void)printf("%s = %s\n", name, json_string_value(value));
        }
    }
    json_decref(result);
    return 0;
}
