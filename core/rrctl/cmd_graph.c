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
#include <stdlib.h>
#include <string.h>

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
become_check(const struct rrctl *app, const char *option, struct rr_err *err)
{
    struct proc_words words;
    int rc = check_words(&words, app, option, err);

    if (rc == 0) {
        rc = proc_become(&words, err);
    }
    proc_words_fini(&words);
    return rc;
}

/* The lines of a text as a JSON array. */
static json_t *
lines_json(char *text)
{
    json_t *lines = json_array();
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        (void)json_array_append_new(lines, json_string(line));
    }
    return lines;
}

/* "[stage a]" and "key = value    # origin" as {"stage a": {"key": {"value", "origin"}}}. */
static json_t *
effective_json(char *text)
{
    static const char mark[] = "    # ";
    json_t *sections = json_object();
    json_t *section = NULL;
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *equals = strstr(line, " = ");
        char *origin = NULL;

        if (line[0] == '[') {
            line[strcspn(line, "]")] = '\0';
            section = json_object();
            (void)json_object_set_new(sections, line + 1, section);
            continue;
        }
        /* A value may hold the mark itself; the origin comes last. */
        for (char *at = line; (at = strstr(at, mark)) != NULL; at++) {
            origin = at;
        }
        if (section == NULL || equals == NULL || origin == NULL || origin < equals) {
            continue;
        }
        *equals = '\0';
        *origin = '\0';
        /* An empty value shares its blank with the mark. */
        (void)json_object_set_new(section, line,
                                  json_pack("{s:s,s:s}", "value",
                                            equals + 3 > origin ? "" : equals + 3, "origin",
                                            origin + strlen(mark)));
    }
    return sections;
}

/* Print what the check says as one JSON object. */
static int
check_json(const struct rrctl *app, bool graph, bool effective, struct rr_err *err)
{
    struct proc_words words;
    char *output = NULL;
    char *complaints = NULL;
    json_t *said = json_object();
    const char *option = graph ? "--graph=json" : effective ? "--effective" : NULL;
    int rc = check_words(&words, app, option, err);

    if (rc == 0) {
        rc = proc_capture(&words, &output, &complaints, err);
    }
    if (rc >= 0) {
        (void)json_object_set_new(said, "status", json_integer(rc));
        (void)json_object_set_new(said, "messages", lines_json(complaints));
        if (rc == 0 && graph) {
            (void)json_object_set_new(said, "graph", json_loads(output, 0, NULL));
        } else if (rc == 0 && effective) {
            (void)json_object_set_new(said, "effective", effective_json(output));
        }
        (void)json_dumpf(said, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    }
    json_decref(said);
    free(complaints);
    free(output);
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
    if (app->json) {
        return check_json(app, graph, effective, err);
    }
    return become_check(app, graph ? "--graph" : effective ? "--effective" : NULL, err);
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
        return become_check(app, app->json ? "--graph=json" : dot ? "--graph=dot" : "--graph", err);
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
