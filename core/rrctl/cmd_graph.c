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

/* The command line of `rrd --check` with one more option, which may be NULL. */
static int
check_words(struct proc_words *words, const struct rrctl *app, const char *option,
            struct rr_err *err)
{
    int rc = proc_words_init(words, app, err);

    if (rc == 0) {
        rc = proc_words_add(words, "--check", err);
    }
    if (rc == 0 && option != NULL) {
        rc = proc_words_add(words, option, err);
    }
    return rc == 0 ? proc_words_add_sets(words, app, err) : rc;
}

static int
become_check(const struct rrctl *app, const char *option, bool is_json, struct rr_err *err)
{
    struct proc_words words;
    int rc = check_words(&words, app, option, err);

    if (rc == 0 && is_json) {
        rc = proc_words_add(&words, "--json", err);
    }
    if (rc == 0) {
        rc = proc_become(&words, err);
    }
    proc_words_fini(&words);
    return rc;
}

int
cmd_check(struct rrctl *app, struct rr_err *err)
{
    const bool graph = args_has(&app->args, "graph");
    const bool effective = args_has(&app->args, "effective");

    if (graph && effective) {
        return rr_err_set(err, RR_E_INPUT, "--graph and --effective exclude each other");
    }
    return become_check(app, graph ? "--graph" : effective ? "--effective" : NULL, app->json, err);
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
        return become_check(app,
                            app->json ? "--graph=json"
                            : dot     ? "--graph=dot"
                                      : "--graph",
                            false, err);
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
