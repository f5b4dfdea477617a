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
take_graph(struct options *opt, const char *form)
{
    opt->graph = form == NULL ? "text" : form;
    return strcmp(opt->graph, "text") == 0 || strcmp(opt->graph, "dot") == 0 ||
                   strcmp(opt->graph, "json") == 0
               ? -1
               : complain("--graph prints text, dot or json, not ", form);
}

static int
take(struct options *opt, int c, char *value)
{
    switch (c) {
    case 0:
        return -1; /* a switch: getopt_long() has set it */
    case 'C':
        opt->dir = value;
        return -1;
    case 'g':
        return take_graph(opt, value);
    case 't':
        opt->type = value;
        return -1;
    case 'n':
        opt->mode = MODE_HELP_STAGE;
        opt->stage = value;
        return -1;
    case 'f':
        opt->mode = MODE_PLUGIN_CHECK;
        opt->file = value;
        return -1;
    case 's':
        text_list_add(&opt->sets, value);
        return -1;
    case 'l':
        opt->log_level = value;
        return -1;
    case 'v':
        puts("rrd " PACKAGE_VERSION);
        return 0;
    case 'h':
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
    /* no letter but C is an option of its own: the others are for take() */
    const struct option table[] = {
        {"dir", required_argument, NULL, 'C'},
        {"check", no_argument, &opt->mode, MODE_CHECK},
        {"graph", optional_argument, NULL, 'g'},
        {"effective", no_argument, &opt->wants_effective, 1},
        {"dump-events", no_argument, &opt->mode, MODE_DUMP_EVENTS},
        {"type", required_argument, NULL, 't'},
        {"help-stage", required_argument, NULL, 'n'},
        {"plugin-check", required_argument, NULL, 'f'},
        {"plugin-list", no_argument, &opt->mode, MODE_PLUGIN_LIST},
        {"doctor", no_argument, &opt->mode, MODE_DOCTOR},
        {"strict", no_argument, &opt->is_strict, 1},
        {"daemon", no_argument, &opt->detach, 1},
        {"stderr", no_argument, &opt->to_stderr, 1},
        {"set", required_argument, NULL, 's'},
        {"log-level", required_argument, NULL, 'l'},
        {"json", no_argument, &opt->wants_json, 1},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
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
    if (rc < 0 && (opt->graph != NULL || opt->wants_effective) && opt->mode != MODE_CHECK) {
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
