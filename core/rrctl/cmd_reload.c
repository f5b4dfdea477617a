/* SPDX-License-Identifier: MIT */
/*
 * cmd_reload.c - rrctl reload: have the daemon take over a changed configuration.
 */
#include "core/rrctl/client.h"
#include "core/rrctl/jget.h"
#include "core/rrctl/rrctl.h"

#include <stdio.h>
#include <string.h>

/* A trainer may take minutes to save its work, another to become ready. */
#define RELOAD_WAIT_S 300.0

static void
print_list(const json_t *list, const char *what)
{
    size_t i;
    const json_t *name;

    json_array_foreach(list, i, name)
    {
        (void)printf("%s %s\n", what, json_string_value(name));
    }
}

static void
print_plan(const json_t *plan, bool is_dry)
{
    size_t i;
    const json_t *step;

    if (!json_is_true(json_object_get(plan, "changes"))) {
        (void)puts("nothing changes");
        return;
    }
    json_array_foreach(json_object_get(plan, "stages"), i, step)
    {
        const char *why = jget_str(step, "why");

        (void)printf("%-8s %s%s%s%s\n", jget_str(step, "action"), jget_str(step, "stage"),
                     why[0] == '\0' ? "" : " (", why, why[0] == '\0' ? "" : ")");
    }
    print_list(json_object_get(plan, "lost"), "nobody reads its queue any more:");
    print_list(json_object_get(plan, "unread"), "nobody reads events of type");
    (void)puts(is_dry ? "nothing was done (--dry-run)" : "done");
}

int
cmd_reload(struct rrctl *app, struct rr_err *err)
{
    const bool is_dry = args_has(&app->args, "dry-run");
    double wait_s = RELOAD_WAIT_S;
    json_t *args = json_pack("{s:b}", "dry_run", (int)is_dry);
    json_t *plan = NULL;
    int rc = args_number(&app->args, "wait", 0.1, 86400, &wait_s, err);

    if (rc == 0) {
        rc = ask_long(app, (int64_t)(wait_s * 1000), "reload", args, &plan, err);
    }
    json_decref(args);
    if (rc < 0) {
        return rc;
    }
    if (app->json) {
        (void)json_dumpf(plan, stdout, JSON_COMPACT);
        (void)putchar('\n');
    } else {
        print_plan(plan, is_dry);
    }
    json_decref(plan);
    return 0;
}
