/* SPDX-License-Identifier: MIT */
/*
 * main.c - rrctl: the table of commands, dispatch, exit status.
 *
 * A word that is no command is looked for as a program rrctl-WORD, as git does, so that tools of a
 * domain plug in without the core knowing them.
 */
#include "core/common/status.h"
#include "core/common/text.h"
#include "core/rrctl/client.h"
#include "core/rrctl/proc.h"
#include "core/rrctl/rrctl.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 10000

const struct command *
command_find(const char *name)
{
    for (const struct command *c = commands; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
    }
    return NULL;
}

int
ask(const struct rrctl *app, const char *cmd, json_t *args_take, json_t **result,
    struct rr_err *err)
{
    return client_ask(app->dir, app->timeout_ms, cmd, args_take, result, err);
}

int
ask_long(const struct rrctl *app, int64_t wait_ms, const char *cmd, json_t *args_take,
         json_t **result, struct rr_err *err)
{
    const int most_ms = wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
    json_t *ignored = NULL;
    const int rc = ask(app, "status", NULL, &ignored, err);

    json_decref(ignored);
    if (rc < 0) {
        json_decref(args_take);
        return rc;
    }
    return client_ask(app->dir, most_ms, cmd, args_take, result, err);
}

int
say_json(json_t *doc_take, size_t flags)
{
    const bool is_said = json_dumpf(doc_take, stdout, flags | JSON_ENCODE_ANY) == 0 &&
                         putchar('\n') != EOF && fflush(stdout) != EOF;

    json_decref(doc_take);
    return is_said ? 0 : -1;
}

int
say(const struct rrctl *app, json_t *doc_take, size_t flags, say_fn print)
{
    if (app->json) {
        (void)say_json(doc_take, flags);
    } else {
        print(app, doc_take);
        json_decref(doc_take);
    }
    return 0;
}

/* Take the global options out of what was parsed. */
static int
set_globals(struct rrctl *app, struct rr_err *err)
{
    const char *from_env = getenv("RR_DIR");
    const char *dir = args_get(&app->args, "dir");
    const char *timeout = args_get(&app->args, "timeout");
    int64_t ms = DEFAULT_TIMEOUT_MS;
    double seconds = 0;

    app->dir = dir != NULL ? dir : from_env != NULL && from_env[0] != '\0' ? from_env : ".";
    app->json = args_has(&app->args, "json");
    if (timeout != NULL && text_duration_ms(timeout, &ms) < 0) {
        /* A bare number is in seconds, as with other tools; files want a unit. */
        if (text_real(timeout, &seconds) < 0 || !(seconds > 0 && seconds <= 86400)) {
            return rr_err_set(err, RR_E_INPUT, "--timeout %s: want seconds, or a duration as 500ms",
                              timeout);
        }
        ms = (int64_t)(seconds * 1000);
    }
    if (ms < 1 || ms > 86400000) {
        return rr_err_set(err, RR_E_INPUT, "--timeout %s: want 1ms to 1d", timeout);
    }
    app->timeout_ms = (int)ms;
    return 0;
}

int
run_external(struct rrctl *app, int argc, const char *const *argv, struct rr_err *err)
{
    const char *name = argv[0];
    char *path = proc_external_new(app, name);
    struct text_list words = {0};
    int rc;

    if (path != NULL) {
        text_list_add(&words, path);
        for (int i = 1; i < argc; i++) {
            text_list_add(&words, argv[i]);
        }
        rc = proc_set_env(app, err);
        rc = rc < 0 ? rc : proc_become(&words, err);
    } else {
        proc_list_externals(app, &words);
        for (const struct command *c = commands; c->name != NULL; c++) {
            text_list_add(&words, c->name);
        }
        const char *nearest = text_suggest(name, (const char *const *)words.v);
        rc = rr_err_set(err, RR_E_INPUT, "no command '%s'%s%s%s (rrctl help lists them)", name,
                        nearest == NULL ? "" : " (did you mean ", nearest == NULL ? "" : nearest,
                        nearest == NULL ? "" : "?)");
    }
    text_list_free(&words);
    free(path);
    return rc;
}

/* Parse what stands behind the command's name and run it. */
static int
run_command(struct rrctl *app, int argc, char **argv, int first, struct rr_err *err)
{
    const struct command *c = app->command;

    app->args.tables[0] = c->options;
    if (args_parse(&app->args, argc, argv, first, false, err) < 0 || set_globals(app, err) < 0) {
        return err->code;
    }
    if (args_has(&app->args, "help")) {
        help_command(c);
        return 0;
    }
    if (app->args.operand_count < c->min_operands || app->args.operand_count > c->max_operands) {
        return rr_err_set(err, RR_E_INPUT, "usage: rrctl %s%s%s", c->name,
                          c->operands[0] == '\0' ? "" : " ", c->operands);
    }
    return c->run(app, err);
}

static int
dispatch(struct rrctl *app, int argc, char **argv, struct rr_err *err)
{
    const int at = args_parse(&app->args, argc, argv, 1, true, err);

    if (at < 0 || set_globals(app, err) < 0) {
        return err->code;
    }
    if (args_has(&app->args, "version")) {
        return cmd_version(app, err);
    }
    if (at == argc) {
        /* `rrctl --help` asks for help; `rrctl` alone is a mistake that gets it too. */
        const int rc = cmd_help(app, err);
        return rc != 0 || args_has(&app->args, "help") ? rc : STATUS_USAGE;
    }
    app->command = command_find(argv[at]);
    return app->command != NULL ? run_command(app, argc, argv, at + 1, err)
                                : run_external(app, argc - at, (const char *const *)argv + at, err);
}

int
main(int argc, char **argv)
{
    struct rr_err err = RR_ERR_INIT;
    struct rrctl app = {.args = {.tables = {NULL, global_options}}};
    int rc;

    (void)setlocale(LC_CTYPE, "");
    (void)umask(umask(0) | S_IWGRP | S_IWOTH); /* the daemon refuses files that others may write */
    rc = paths_init(&app.paths, &err);
    for (int i = 1; rc == 0 && i < argc; i++) {
        /* Everything may go into a JSON request. */
        if (!text_is_utf8(argv[i], strlen(argv[i]))) {
            rc = rr_err_set(&err, RR_E_INPUT, "word %d of the command line is not UTF-8", i);
        }
    }
    if (rc == 0) {
        rc = dispatch(&app, argc, argv, &err);
    }
    if (rc < 0) {
        (void)fprintf(stderr, "rrctl%s%s: %s\n", app.command == NULL ? "" : " ",
                      app.command == NULL ? "" : app.command->name, err.text);
    }
    /* What failed before has left the buffer empty: fflush() says it once only. */
    if ((fflush(stdout) == EOF || ferror(stdout) != 0) && rc == 0) {
        (void)fprintf(stderr, "rrctl: cannot write the output: %s\n", strerror(errno));
        rc = STATUS_FAILED;
    }
    paths_fini(&app.paths);
    return rc < 0 ? (rc == RR_E_INPUT ? STATUS_USAGE : status_of(rc)) : rc;
}
