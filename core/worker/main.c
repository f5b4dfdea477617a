/* SPDX-License-Identifier: MIT */
/*
 * main.c - the command line of rrd-worker.
 *
 * Three ways to run: as the worker of a stage (started by rrd only), to print what a plugin says
 * about itself, and to let a plugin judge its options.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/common/fail.h"
#include "core/common/status.h"
#include "core/common/text.h"
#include "core/worker/host.h"
#include "core/worker/manifest.h"
#include "core/worker/serve.h"

static const char usage[] =
    "usage: rrd-worker [--user NAME] --probe FILE\n"
    "                                          print what a plugin declares, as JSON\n"
    "       rrd-worker [--user NAME] --check-options FILE\n"
    "                                          judge the options on standard input:\n"
    "                                          {\"stage\":..,\"options\":{..},\"facts\":{..}};\n"
    "                                          prints \"ok\" or one problem per line\n"
    "       rrd-worker --stage NAME --plugin FILE --parent PID --epoch N --state DIR\n"
    "                  [--open-files N] [--core-size BYTES] [--user NAME]\n"
    "                                          run a stage; started by rrd only\n"
    "exit status: 0 ok, 1 failed, 2 usage, 69 plugin not loadable, 78 bad configuration\n";

/*
 * A plugin may print while it is loaded. Move standard output out of its way: what it prints goes
 * to standard error, and the stream returned is the real output. NULL when that failed.
 */
static FILE *
keep_stdout(void)
{
    const int real = dup(STDOUT_FILENO);
    if (real < 0) {
        return NULL;
    }
    FILE *out = fdopen(real, "w");
    if (out == NULL || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        close(real);
        return NULL;
    }
    return out;
}

/* Kill all children, and theirs, which become ours. Returns how many there were. */
static unsigned
end_children(void)
{
    unsigned n = 0;
    pid_t ended;

    /* Again and again, because the children of a killed one become ours. */
    for (int pass = 0; pass < 100 && (ended = waitpid(-1, NULL, WNOHANG)) >= 0; pass++) {
        char text[4096] = "";
        char *at = text;
        pid_t pid;

        n += ended > 0;
        FILE *file = fopen("/proc/thread-self/children", "re");

        if (file == NULL || fgets(text, sizeof text, file) == NULL) {
            text[0] = '\0';
        }
        while ((pid = (pid_t)strtol(at, &at, 10)) > 0) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, NULL, 0);
            n++;
        }
        if (file != NULL) {
            (void)fclose(file);
        }
    }
    return n;
}

/*
 * Load a plugin to look at it only: whatever its constructors start is ended.
 *
 * *out gets the real standard output, to be closed by the caller. Returns an exit status; what was
 * wrong has been said.
 */
static int
load_to_look(const char *file, const char *user, struct plugin *plugin, FILE **out)
{
    const struct rights rights = {.user = user};
    const pid_t self = getpid();
    struct rr_err err = RR_ERR_INIT;

    *out = keep_stdout();
    if (*out == NULL) {
        (void)fprintf(stderr, "rrd-worker: standard output: %s\n", strerror(errno));
        return STATUS_FAILED;
    }
    /* A plugin that hangs must not outlive the program that would end it. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    rights_limit(&rights);
    const int rc = load_plugin(file, NULL, &rights, plugin, &err);
    if (getpid() != self) {
        _exit(STATUS_PLUGIN); /* a constructor forked, and this is the child */
    }
    if (end_children() > 0 && rc == 0) {
        (void)rr_err_set(&err, RR_E_PLUGIN,
                         "it starts processes while it is loaded: do that in .init");
    }
    if (err.code != 0) {
        (void)fprintf(stderr, "rrd-worker: %s: %s\n", file, err.text);
        (void)fclose(*out);
        return STATUS_PLUGIN;
    }
    return STATUS_OK;
}

static int
probe(const char *file, const char *user)
{
    struct plugin plugin;
    FILE *out;

    const int status = load_to_look(file, user, &plugin, &out);
    if (status != STATUS_OK) {
        return status;
    }
    json_t *manifest = manifest_new(&plugin);
    const int printed = json_dumpf(manifest, out, JSON_COMPACT) == 0 && fputc('\n', out) != EOF;
    json_decref(manifest);
    if (fclose(out) != 0 || !printed) {
        (void)fprintf(stderr, "rrd-worker: cannot write to standard output\n");
        return STATUS_FAILED;
    }
    return 0;
}

static int
judge(const struct plugin *plugin, const json_t *input, FILE *out)
{
    struct rr_err err = RR_ERR_INIT;
    struct host *host = host_new(NULL, plugin, input, &err);
    if (host == NULL) {
        (void)fprintf(out, "%s\n", err.text);
        return STATUS_CONFIG;
    }
    const int rc = host_call(host, PHASE_CHECK, plugin->api.check, &err);
    host_free(host);
    (void)fprintf(out, "%s\n",
                  rc == 0               ? "ok"
                  : err.text[0] == '\0' ? "refused, no reason given"
                                        : err.text);
    return rc == 0 ? 0 : STATUS_CONFIG;
}

static int
check_options(const char *file, const char *user)
{
    struct plugin plugin;
    json_error_t why;
    FILE *out;

    json_t *input = json_loadf(stdin, JSON_REJECT_DUPLICATES, &why);
    if (input == NULL) {
        (void)fprintf(stderr, "rrd-worker: standard input: line %d: %s\n", why.line, why.text);
        return STATUS_USAGE;
    }
    int status = load_to_look(file, user, &plugin, &out);
    if (status == STATUS_OK) {
        status = judge(&plugin, input, out);
        status = fclose(out) == 0 ? status : STATUS_FAILED;
    }
    json_decref(input);
    return status;
}

/* Read a positive decimal number; 0 when it is none, or not given. */
static uint64_t
number(const char *text)
{
    int64_t value;

    return text != NULL && text_int(text, &value) == 0 && value > 0 ? (uint64_t)value : 0;
}

enum {
    OPT_PROBE = 1,
    OPT_CHECK,
    OPT_STAGE,
    OPT_PLUGIN,
    OPT_PARENT,
    OPT_EPOCH,
    OPT_STATE,
    OPT_FILES,
    OPT_CORE,
    OPT_USER,
    OPT_HELP,
    OPT_VERSION
};
static const struct option long_options[] = {
    {"probe", required_argument, NULL, OPT_PROBE},
    {"check-options", required_argument, NULL, OPT_CHECK},
    {"stage", required_argument, NULL, OPT_STAGE},
    {"plugin", required_argument, NULL, OPT_PLUGIN},
    {"parent", required_argument, NULL, OPT_PARENT},
    {"epoch", required_argument, NULL, OPT_EPOCH},
    {"state", required_argument, NULL, OPT_STATE},
    {"open-files", required_argument, NULL, OPT_FILES},
    {"core-size", required_argument, NULL, OPT_CORE},
    {"user", required_argument, NULL, OPT_USER},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {0},
};

int
main(int argc, char **argv)
{
    const char *given[OPT_VERSION] = {NULL};

#ifdef RR_FAIL_POINTS
    if (argc == 2 && strcmp(argv[1], "--list-fail-points") == 0) {
        fail_list();
        return STATUS_OK;
    }
#endif
    for (int c; (c = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        switch (c) {
        case OPT_PROBE:
            return probe(optarg, given[OPT_USER]);
        case OPT_CHECK:
            return check_options(optarg, given[OPT_USER]);
        case OPT_HELP:
            (void)fputs(usage, stdout);
            return 0;
        case OPT_VERSION:
            (void)printf("rrd-worker %s\n", PACKAGE_VERSION);
            return 0;
        case '?':
            (void)fputs(usage, stderr);
            return STATUS_USAGE;
        default:
            given[c] = optarg;
        }
    }
    const struct serve_args args = {
        .stage = given[OPT_STAGE],
        .plugin = given[OPT_PLUGIN],
        .state = given[OPT_STATE],
        .parent = (pid_t)number(given[OPT_PARENT]),
        .epoch = number(given[OPT_EPOCH]),
        .rights = {.user = given[OPT_USER],
                   .open_files = number(given[OPT_FILES]),
                   .core_bytes = number(given[OPT_CORE])},
    };
    if (optind != argc || args.stage == NULL || args.plugin == NULL || args.state == NULL ||
        args.parent <= 0 || args.epoch == 0) {
        (void)fputs(usage, stderr);
        return STATUS_USAGE;
    }
    return serve(&args);
}
