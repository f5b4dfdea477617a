/* SPDX-License-Identifier: MIT */
/*
 * options.h - the command line of rrd.
 */
#ifndef RR_CORE_OPTIONS_H
#define RR_CORE_OPTIONS_H

#include "core/common/text.h"

#include <stdbool.h>

enum options_mode {
    MODE_RUN,
    MODE_CHECK,
    MODE_DUMP_EVENTS,
    MODE_HELP_STAGE,
    MODE_PLUGIN_CHECK,
    MODE_PLUGIN_LIST,
    MODE_DOCTOR
};

enum options_graph { OPT_GRAPH_NONE, OPT_GRAPH_TEXT, OPT_GRAPH_DOT, OPT_GRAPH_JSON };

struct options {
    enum options_mode mode;
    const char *dir;
    struct text_list sets;
    enum options_graph graph;
    bool wants_effective;
    bool wants_json;
    bool is_strict;        /* warnings count as failures */
    const char *file;      /* of --plugin-check */
    const char *type;      /* of --dump-events */
    const char *stage;     /* of --help-stage */
    const char *log_level; /* over the configured one */
    bool to_stderr;
    bool detach;
};

/* Returns -1 to go on, else the exit status to end with at once (after --help, or 2). */
int options_parse(struct options *opt, int argc, char **argv);
void options_fini(struct options *opt);

#endif
