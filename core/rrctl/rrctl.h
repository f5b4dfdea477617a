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
 * A command. run returns 0, a negative code with *err filled (main prints it and exits with the
 * status that belongs to the code), or a positive exit status when everything has been said.
 */
struct command {
    const char *name;
    const char *operands; /* for the usage line, "" for none */
    const char *summary;  /* half a line */
    const char *help;     /* paragraphs, each line at most 78 columns */
    const struct opt_row *options;
    int min_operands, max_operands;
    int (*run)(struct rrctl *app, struct rr_err *err);
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

/* cmd_life.c */
int cmd_start(struct rrctl *app, struct rr_err *err);
int cmd_stop(struct rrctl *app, struct rr_err *err);
int cmd_restart(struct rrctl *app, struct rr_err *err);
int cmd_reload(struct rrctl *app, struct rr_err *err);

/* cmd_upgrade.c */
int cmd_upgrade(struct rrctl *app, struct rr_err *err);

/* cmd_status.c */
int cmd_status(struct rrctl *app, struct rr_err *err);
int cmd_why(struct rrctl *app, struct rr_err *err);
int cmd_check(struct rrctl *app, struct rr_err *err);
int cmd_graph(struct rrctl *app, struct rr_err *err);

/* cmd_events.c */
int cmd_events(struct rrctl *app, struct rr_err *err);
int cmd_emit(struct rrctl *app, struct rr_err *err);
int cmd_replay(struct rrctl *app, struct rr_err *err);

/* cmd_trace.c */
int cmd_trace(struct rrctl *app, struct rr_err *err);

/* cmd_queue.c */
int cmd_queue(struct rrctl *app, struct rr_err *err);
int cmd_keys(struct rrctl *app, struct rr_err *err);

/* cmd_init.c */
int cmd_init(struct rrctl *app, struct rr_err *err);
/* Whether a directory has a conf.d. */
bool init_is_done(const char *dir);
/* Make dir and its conf.d from the default configuration, then apply every `stage.key=value` of
 * sets to the copied files. A conf.d that is there is never touched (RR_E_BUSY); a new one appears
 * complete or not at all. */
int init_make(const struct rrctl *app, const char *dir, const struct text_list *sets,
              struct rr_err *err);

/* cmd_run.c */
int cmd_run(struct rrctl *app, struct rr_err *err);

/* cmd_plugin.c */
int cmd_plugin(struct rrctl *app, struct rr_err *err);
int cmd_doctor(struct rrctl *app, struct rr_err *err);

/* cmd_help.c */
int cmd_help(struct rrctl *app, struct rr_err *err);
int cmd_version(struct rrctl *app, struct rr_err *err);
void help_command(const struct command *command);

#endif
