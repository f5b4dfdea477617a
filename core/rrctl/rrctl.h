/* SPDX-License-Identifier: MIT */
/*
 * rrctl.h - what the commands of rrctl share: their table and the invocation.
 */
#ifndef RR_CORE_RRCTL_H
#define RR_CORE_RRCTL_H

#include "core/common/paths.h"
#include "core/rrctl/args.h"

#include <rr/err.h>

#include <jansson.h>
#include <stdbool.h>

/* One run of rrctl. */
struct rrctl {
    const struct command *command;
    struct args args;   /* options and operands of the command */
    struct paths paths; /* where our programs and files are */
    const char *dir;    /* the daemon's directory, as given */
    int timeout_ms;     /* of one request */
    bool json;
};

/*
 * What a command does: returns 0, a negative code with *err filled (main prints it and exits with
 * the status that belongs to the code), or a positive exit status when everything has been said.
 */
typedef int command_fn(struct rrctl *app, struct rr_err *err);

struct command {
    const char *name;
    const char *operands; /* for the usage line, "" for none */
    const char *summary;  /* half a line */
    const char *help;     /* paragraphs, each line at most 78 columns */
    const struct opt_row *options;
    int min_operands, max_operands;
    command_fn *run;
};

extern const struct command commands[]; /* ends with a NULL name */
extern const struct opt_row global_options[];

const struct command *command_find(const char *name);
/* Become rrctl-NAME, NAME and its arguments in argv; returns a code only when that fails. */
int run_external(struct rrctl *app, int argc, const char *const *argv, struct rr_err *err);

/* Ask the daemon of app->dir one question; args may be NULL. *result is new. */
int ask(const struct rrctl *app, const char *cmd, json_t *args_take, json_t **result,
        struct rr_err *err);

/* The same for what may take longer than --timeout. That the daemon answers at all is seen first.
 */
int ask_long(const struct rrctl *app, int64_t wait_ms, const char *cmd, json_t *args_take,
             json_t **result, struct rr_err *err);

/* Print one JSON value with a newline; flags as json_dumpf() has them. Returns 0 or -1. */
int say_json(json_t *doc_take, size_t flags);

/* Say what came of a command: with --json as JSON, else as print does it. Returns 0. */
typedef void (*say_fn)(const struct rrctl *app, const json_t *doc);
int say(const struct rrctl *app, json_t *doc_take, size_t flags, say_fn print);

/* The commands, in files cmd_*.c. */
command_fn cmd_start, cmd_stop, cmd_restart, cmd_reload, cmd_upgrade, cmd_status, cmd_why,
    cmd_check;
command_fn cmd_graph, cmd_events, cmd_replay, cmd_trace, cmd_queue, cmd_keys, cmd_emit, cmd_init;
command_fn cmd_run, cmd_plugin, cmd_plugin_new, cmd_doctor, cmd_help, cmd_version;

void help_command(const struct command *command);

/* Whether a directory has a conf.d. */
bool init_is_done(const char *dir);

/* Make dir and its conf.d from the default configuration, with every `stage.key=value` of sets in
 * it. A conf.d that is there is never touched (RR_E_BUSY); a new one appears complete or not at
 * all.
 */
int init_make(const struct rrctl *app, const char *dir, const struct text_list *sets,
              struct rr_err *err);

#endif
