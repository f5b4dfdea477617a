/* SPDX-License-Identifier: MIT */
/*
 * cmd_check.c - rrctl check, graph, plugin and doctor.
 *
 * rrd judges, with the code that a start runs: there is one validation, not two.
 */
#include "core/rrctl/proc.h"
#include "core/rrctl/rrctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int
cmd_check(struct rrctl *app, struct rr_err *err)
{
    const bool graph = args_has(&app->args, "graph");
    const bool effective = args_has(&app->args, "effective");

    if (graph && effective) {
        return rr_err_set(err, RR_E_INPUT, "--graph and --effective exclude each other");
    }
    return proc_become_rrd(app, "--check",
                           graph       ? "--graph"
                           : effective ? "--effective"
                                       : NULL,
                           err);
}

static void
print_graph(const struct rrctl *app, const json_t *graph)
{
    (void)app;
    (void)fputs(json_string_value(graph), stdout);
}

int
cmd_graph(struct rrctl *app, struct rr_err *err)
{
    const bool dot = args_has(&app->args, "dot");
    const char *format = app->json ? "json" : dot ? "dot" : "text";
    json_t *result = NULL;
    /* what would be is no matter of the daemon that runs */
    const int rc = args_has(&app->args, "set")
                       ? -ECONNREFUSED
                       : ask(app, "graph", json_pack("{s:s}", "format", format), &result, err);

    if (rc == -ECONNREFUSED) {
        const char *form = app->json ? "--graph=json" : dot ? "--graph=dot" : "--graph";

        app->json = false; /* the graph alone, as the daemon gives it */
        return proc_become_rrd(app, "--check", form, err);
    }
    /* What is no text is an answer in JSON, whoever gave it. */
    app->json = app->json || !json_is_string(result);
    return rc < 0 ? rc : say(app, result, JSON_INDENT(2), print_graph);
}

int
cmd_plugin(struct rrctl *app, struct rr_err *err)
{
    const char *what = app->args.operands[0];
    const char *file = app->args.operands[1];
    const int n = app->args.operand_count;

    if (strcmp(what, "list") == 0 && n == 1) {
        return proc_become_rrd(app, "--plugin-list", NULL, err);
    }
    if (strcmp(what, "check") == 0 && n == 2) {
        return proc_become_rrd(app, "--plugin-check", file, err);
    }
    if (strcmp(what, "new") == 0 && n > 1) {
        return cmd_plugin_new(app, err);
    }
    return rr_err_set(err, RR_E_INPUT, "usage: rrctl plugin %s", app->command->operands);
}

int
cmd_doctor(struct rrctl *app, struct rr_err *err)
{
    struct rr_err why = RR_ERR_INIT;
    json_t *status = NULL;
    const int fd = memfd_create("status", MFD_CLOEXEC);

    /* What the daemon says goes along as standard input; so does that it says nothing. */
    if (ask(app, "status", NULL, &status, &why) != 0) {
        status = json_pack("{s:i, s:s}", "code", why.code, "error", why.text);
    }
    const bool is_there = fd >= 0 && json_dumpfd(status, fd, JSON_COMPACT) == 0 &&
                          lseek(fd, 0, SEEK_SET) == 0 && dup2(fd, STDIN_FILENO) == 0;

    json_decref(status);
    if (!is_there) {
        return rr_err_set(err, -EIO, "cannot hand the daemon's status on: %s", strerror(errno));
    }
    return proc_become_rrd(app, "--doctor", NULL, err);
}
