/* SPDX-License-Identifier: MIT */
/*
 * cmd_graph.c - rrctl check and graph.
 *
 * Both run rrd where the daemon's own code has to judge: there is one validation, not two.
 */
#include "core/rrctl/jget.h"
#include "core/rrctl/proc.h"
#include "core/rrctl/rrctl.h"

#include <errno.h>
#include <stdio.h>

int
cmd_check(struct rrctl *app, struct rr_err *err)
{
    const bool graph = args_has(&app->args, "graph");
    const bool effective = args_has(&app->args, "effective");

    if (graph && effective) {
        return rr_err_set(err, RR_E_INPUT, "--graph and --effective exclude each other");
    }
    return proc_become_rrd(app,
                           (const char *const[]){"--check",
                                                 graph       ? "--graph"
                                                 : effective ? "--effective"
                                                             : NULL,
                                                 NULL},
                           err);
}

int
cmd_graph(struct rrctl *app, struct rr_err *err)
{
    const bool dot = args_has(&app->args, "dot");
    json_t *args = json_pack("{s:s}", "format", app->json ? "json" : dot ? "dot" : "text");
    json_t *result = NULL;
    const int rc = ask(app, "graph", args, &result, err);

    json_decref(args);
    if (rc == -ECONNREFUSED) {
        const char *form = app->json ? "--graph=json" : dot ? "--graph=dot" : "--graph";

        app->json = false; /* the graph alone, as the daemon gives it */
        return proc_become_rrd(app, (const char *const[]){"--check", form, NULL}, err);
    }
    if (rc < 0) {
        return rc;
    }
    if (json_is_string(result)) {
        (void)fputs(json_string_value(result), stdout);
    } else {
        (void)json_dumpf(result, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    }
    json_decref(result);
    return 0;
}
