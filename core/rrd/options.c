/* SPDX-License-Identifier: MIT */
/*
 * options.c - read the command line of rrd. rrd.8 describes the same options.
 */
#include "config.h"

#include "core/rrd/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2

static const char usage[] =
    "usage: rrd [--dir DIR] [--daemon] [--stderr] [--set STAGE.KEY=VALUE]... [--log-level LEVEL]\n"
    "       rrd [--dir DIR] --check [--graph[=text|dot|json]] [--effective] [--json]\n"
    "       rrd [--dir DIR] --dump-events [--type TYPE]\n"
    "       rrd [--dir DIR] --help-stage NAME [--json]\n"
    "       rrd --plugin-check FILE [--strict] [--json]\n"
    "       rrd [--dir DIR] --plugin-list [--json]\n"
    "       rrd [--dir DIR] --doctor [--strict] [--json]\n"
    "       rrd --version | --help\n"
    "\n"
    "Runs the stages that DIR/conf.d describes (default: $RR_DIR, else the current directory).\n"
    "  -C, --dir DIR          directory of the daemon\n"
    "      --daemon           go to the background once every stage has started\n"
    "      --stderr           log to standard error as well (default on a terminal)\n"
    "      --set S.KEY=VALUE  set a key of stage S, or of the core, over what conf.d says\n"
    "      --log-level LEVEL  error, warn, info or debug\n"
    "      --check            check everything that a start checks, and end\n"
    "      --graph[=FORM]     with --check: print the stages and their events\n"
    "      --effective        with --check: print every key, its value and where it comes from\n"
    "      --json             print the result of a check or a list as JSON\n"
    "      --dump-events      print the stored events, one JSON object per line\n"
    "      --type TYPE        with --dump-events: of this type only\n"
    "      --help-stage NAME  print the options of a stage, or of a plugin\n"
    "      --plugin-check F   say all that is wrong with a plugin file\n"
    "      --plugin-list      list the plugins that stages can use\n"
    "      --doctor           look for what is wrong with the directory; standard input\n"
    "                         has the daemon's answer to \"status\"\n"
    "      --strict           warnings make the exit status bad as well\n";

static int
complain(const char *what, const char *value)
{
    fprintf(stderr, "rrd: %s%s\nrrd: --help shows the options\n", what, value);
    return EXIT_USAGE;
}

static int
parse_graph(struct options *opt, const char *form)
{
    if (form == NULL || strcmp(form, "text") == 0) {
        opt->graph = OPT_GRAPH_TEXT;
    } else if (strcmp(form, "dot") == 0) {
        opt->graph = OPT_GRAPH_DOT;
    } else if (strcmp(form, "json") == 0) {
        opt->graph = OPT_GRAPH_JSON;
    } else {
        return complain("--graph prints text, dot or json, not ", form);
    }
    return -1;
}

enum {
    O_DIR = 'C',
    O_FIRST = 256,
    O_CHECK,
    O_GRAPH,
    O_EFFECTIVE,
    O_DUMP,
    O_TYPE,
    O_STAGE,
    O_PLUGIN_CHECK,
    O_PLUGIN_LIST,
    O_DOCTOR,
    O_STRICT,
    O_DAEMON,
    O_STDERR,
    O_SET,
    O_LEVEL,
    O_JSON,
    O_VERSION,
    O_HELP
};

static int
take(struct options *opt, int c, char *value)
{
    switch (c) {
    case O_DIR:
        opt->dir = value;
        return -1;
    case O_CHECK:
        opt->mode = MODE_CHECK;
        return -1;
    case O_GRAPH:
        return parse_graph(opt, value);
    case O_EFFECTIVE:
        opt->wants_effective = true;
        return -1;
    case O_DUMP:
        opt->mode = MODE_DUMP_EVENTS;
        return -1;
    case O_TYPE:
        opt->type = value;
        return -1;
    case O_STAGE:
        opt->mode = MODE_HELP_STAGE;
        opt->stage = value;
        return -1;
    case O_PLUGIN_CHECK:
        opt->mode = MODE_PLUGIN_CHECK;
        opt->file = value;
        return -1;
    case O_PLUGIN_LIST:
        opt->mode = MODE_PLUGIN_LIST;
        return -1;
    case O_DOCTOR:
        opt->mode = MODE_DOCTOR;
        return -1;
    case O_STRICT:
        opt->is_strict = true;
        return -1;
    case O_DAEMON:
        opt->detach = true;
        return -1;
    case O_STDERR:
        opt->to_stderr = true;
        return -1;
    case O_SET:
        text_list_add(&opt->sets, value);
        return -1;
    case O_LEVEL:
        opt->log_level = value;
        return -1;
    case O_JSON:
        opt->wants_json = true;
        return -1;
    case O_VERSION:
        puts("rrd " PACKAGE_VERSION);
        return 0;
    case O_HELP:
        fputs(usage, stdout);
        return 0;
    default:
        fputs("rrd: --help shows the options\n", stderr);
        return EXIT_USAGE;
    }
}

int
options_parse(struct options *opt, int argc, char **argv)
{
    static const struct option table[] = {{"dir", required_argument, NULL, O_DIR},
                                          {"check", no_argument, NULL, O_CHECK},
                                          {"graph", optional_argument, NULL, O_GRAPH},
                                          {"effective", no_argument, NULL, O_EFFECTIVE},
                                          {"dump-events", no_argument, NULL, O_DUMP},
                                          {"type", required_argument, NULL, O_TYPE},
                                          {"help-stage", required_argument, NULL, O_STAGE},
                                          {"plugin-check", required_argument, NULL, O_PLUGIN_CHECK},
                                          {"plugin-list", no_argument, NULL, O_PLUGIN_LIST},
                                          {"doctor", no_argument, NULL, O_DOCTOR},
                                          {"strict", no_argument, NULL, O_STRICT},
                                          {"daemon", no_argument, NULL, O_DAEMON},
                                          {"stderr", no_argument, NULL, O_STDERR},
                                          {"set", required_argument, NULL, O_SET},
                                          {"log-level", required_argument, NULL, O_LEVEL},
                                          {"json", no_argument, NULL, O_JSON},
                                          {"version", no_argument, NULL, O_VERSION},
                                          {"help", no_argument, NULL, O_HELP},
                                          {0}};
    int rc = -1;
    int c;

    memset(opt, 0, sizeof *opt);
    opt->dir = getenv("RR_DIR");
    while (rc < 0 && (c = getopt_long(argc, argv, "C:", table, NULL)) != -1) {
        rc = take(opt, c, optarg);
    }
    if (rc < 0 && optind < argc) {
        rc = complain("unexpected argument ", argv[optind]);
    }
    if (rc < 0 && (opt->graph != OPT_GRAPH_NONE || opt->wants_effective) &&
        opt->mode != MODE_CHECK) {
        rc = complain("--graph and --effective go with --check", "");
    }
    if (rc < 0 && opt->wants_json && (opt->mode == MODE_RUN || opt->mode == MODE_DUMP_EVENTS)) {
        rc = complain("--json goes with --check, --help-stage and what tells of plugins", "");
    }
    if (rc < 0 && opt->type != NULL && opt->mode != MODE_DUMP_EVENTS) {
        rc = complain("--type goes with --dump-events", "");
    }
    if (opt->dir == NULL || opt->dir[0] == '\0') {
        opt->dir = ".";
    }
    return rc;
}

void
options_fini(struct options *opt)
{
    text_list_free(&opt->sets);
}
