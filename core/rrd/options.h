/* SPDX-License-Identifier: MIT */
/*
 * options.h - the command line of rrd.
 */
#ifndef RR_CORE_OPTIONS_H
#define RR_CORE_OPTIONS_H

#include "core/common/text.h"

enum options_mode {
    MODE_RUN,
    MODE_CHECK,
    MODE_DUMP_EVENTS,
    MODE_HELP_STAGE,
    MODE_PLUGIN_CHECK,
    MODE_PLUGIN_LIST,
    MODE_DOCTOR
};

/* Switches are ints for getopt_long(). */
struct options {
    int mode; /* MODE_* */
    const char *dir;
    struct text_list sets;
    const char *graph; /* "text", "dot" or "json"; NULL: none */
    int wants_effective, wants_json;
    int is_strict;         /* warnings count as failures */
    const char *file;      /* of --plugin-check */
    const char *type;      /* of --dump-events */
    const char *stage;     /* of --help-stage */
    const char *log_level; /* over the configured one */
    int to_stderr, detach;
};

/* Returns -1 to go on, else the exit status to end with at once (after --help, or 2). */
int options_parse(struct options *opt, int argc, char **argv);
void options_fini(struct options *opt);

#endif
