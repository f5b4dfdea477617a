/* SPDX-License-Identifier: MIT */
/*
 * rrctl_report.c - `rrctl report`: what a run has done and how strong its last net is.
 *
 * Owns: arguments, where events come from, and the three files that it writes.
 * Does not: talk to the daemon; `rrctl events` does, whether one runs or not.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/tools/report.h"

enum { EXIT_NO_DATA = 1, EXIT_USAGE = 2 };

/* More events than a daemon keeps. */
#define EVENTS_LIMIT "1000000000"

struct options {
    const char *dir;
    const char *events; /* file to read instead of asking */
    uint32_t games;
    bool no_match;
    bool json;
};

static const char help_text[] =
    "usage: rrctl report [--dir DIR] [--games N] [--no-match] [--json]\n"
    "\n"
    "Sum up a run: generations, games, samples, losses, results with their intervals, Elo, time\n"
    "of each stage. Then play the last promoted net of each configuration against random play and\n"
    "against the first trained generation, and say whether it wins 95 % and 65 %. Writes\n"
    "report.txt, report.json and curve.png into DIR.\n"
    "\n"
    "  --dir DIR      directory of the daemon (default: $RR_DIR, else .)\n"
    "  --games N      games of each of the two matches (default 200)\n"
    "  --no-match     sum up only\n"
    "  --json         print report.json instead of report.txt\n"
    "  --events FILE  read events from FILE, as `rrctl events --json` prints them\n"
    "  --help         this text\n"
    "\n"
    "Exit status: 0 a report was made, 1 there is nothing to report or it could not be made,\n"
    "2 wrong usage.\n";

static int
usage(const char *what)
{
    fprintf(stderr, "rrctl report: %s (rrctl report --help explains)\n", what);
    return EXIT_USAGE;
}

/* A program beside this one (in a build tree), or else whatever PATH has. */
static void
beside(char out[PATH_MAX], const char *name)
{
    char self[PATH_MAX - 32];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (n > 0) {
        self[n] = '\0';
        *strrchr(self, '/') = '\0';
        (void)snprintf(out, PATH_MAX, "%s/%s", self, name);
        if (access(out, F_OK) == 0) {
            return;
        }
    }
    (void)snprintf(out, PATH_MAX, "%s", name);
}

static void
default_plugins(char out[PATH_MAX])
{
    const char *env = getenv("RR_PLUGIN_PATH");

    if (env != NULL && env[0] != '\0') {
        (void)snprintf(out, PATH_MAX, "%s", env);
        return;
    }
    beside(out, "plugins");
    if (strchr(out, '/') == NULL) {
        (void)snprintf(out, PATH_MAX, "%s", RR_PLUGINDIR);
    }
}

/* Start `rrctl -C DIR events --json`, whose output is *out: the rrctl that started this program,
 * one beside it, or one in PATH. */
static int
ask(const char *dir, FILE **out, pid_t *pid, struct rr_err *err)
{
    char program[PATH_MAX];
    int ends[2];

    if (getenv("RR_CTL") != NULL) {
        (void)snprintf(program, sizeof program, "%s", getenv("RR_CTL"));
    } else {
        beside(program, "rrctl");
    }
    if (pipe(ends) != 0) {
        return rr_err_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
    }
    *pid = fork();
    if (*pid == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)execlp(program, program, "-C", dir, "events", "--json", "--limit", EVENTS_LIMIT,
                     (char *)NULL);
        fprintf(stderr, "rrctl report: cannot run %s: %s\n", program, strerror(errno));
        _exit(127);
    }
    (void)close(ends[1]);
    *out = *pid < 0 ? NULL : fdopen(ends[0], "r");
    if (*out == NULL) {
        (void)close(ends[0]);
        return rr_err_set(err, -errno, "cannot run %s: %s", program, strerror(errno));
    }
    return 0;
}

static int
read_lines(struct report *report, FILE *in, struct rr_err *err)
{
    char *line = NULL;
    size_t cap = 0;
    int rc = 0;

    while (rc == 0 && getline(&line, &cap, in) > 0) {
        json_error_t why;
        json_t *event = json_loads(line, 0, &why);
        rc = event == NULL ? rr_err_set(err, RR_E_INPUT, "an event is no JSON: %s", why.text)
                           : report_take(report, event, err);
        json_decref(event);
    }
    free(line);
    return rc;
}

static int
read_events(struct report *report, const struct options *o, struct rr_err *err)
{
    FILE *in = NULL;
    pid_t pid = -1;
    int status = 0;
    int rc;

    if (o->events != NULL) {
        in = fopen(o->events, "r");
        rc = in == NULL ? rr_err_set(err, -errno, "%s: %s", o->events, strerror(errno)) : 0;
    } else {
        rc = ask(report->dir, &in, &pid, err);
    }
    if (rc != 0) {
        return rc;
    }
    rc = read_lines(report, in, err);
    (void)fclose(in);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (rc == 0 && status != 0) {
        rc = rr_err_set(err, RR_E_EMPTY, "the events of %s cannot be read", report->dir);
    }
    return rc;
}

static bool
print_json(const struct report *report, FILE *out)
{
    json_t *root = report_to_json(report);
    const bool is_printed = root != NULL &&
                            json_dumpf(root, out, JSON_INDENT(1) | JSON_REAL_PRECISION(8)) == 0 &&
                            fputc('\n', out) != EOF;

    json_decref(root);
    return is_printed;
}

static bool
print_text(const struct report *report, FILE *out)
{
    report_write_text(report, out);
    return ferror(out) == 0;
}

static int
write_file(const struct report *report, const char *name,
           bool (*print)(const struct report *, FILE *), struct rr_err *err)
{
    char path[REPORT_PATH_BYTES + 32];
    FILE *file;
    bool is_good;

    (void)snprintf(path, sizeof path, "%s/%s", report->dir, name);
    file = fopen(path, "w");
    if (file == NULL) {
        return rr_err_set(err, -errno, "cannot make %s: %s", path, strerror(errno));
    }
    is_good = print(report, file);
    if (fclose(file) != 0 || !is_good) {
        return rr_err_set(err, -EIO, "cannot write %s", path);
    }
    return 0;
}

static int
write_files(const struct report *report, struct rr_err *err)
{
    char path[REPORT_PATH_BYTES + 32];
    int rc = write_file(report, "report.txt", print_text, err);

    if (rc == 0) {
        rc = write_file(report, "report.json", print_json, err);
    }
    (void)snprintf(path, sizeof path, "%s/curve.png", report->dir);
    return rc == 0 ? report_draw(report, path, err) : rc;
}

static void
measure(struct report *report, const struct options *o)
{
    char plugins[PATH_MAX];

    default_plugins(plugins);
    for (size_t i = 0; i < report->configs; i++) {
        struct report_config *config = &report->config[i];
        struct rr_err why = RR_ERR_INIT;

        if (o->no_match) {
            (void)snprintf(config->final_note, sizeof config->final_note, "not asked for");
        } else if (report_measure(report, config, plugins, o->games, &why) != 0) {
            fprintf(stderr, "rrctl report: %s: %s\n", config->name, why.text);
            (void)snprintf(config->final_note, sizeof config->final_note, "%.150s", why.text);
        }
    }
}

static int
make(struct report *report, const struct options *o, struct rr_err *err)
{
    int rc = read_events(report, o, err);

    if (rc != 0) {
        return rc;
    }
    if (report->configs == 0) {
        return rr_err_set(err, RR_E_EMPTY, "%s: no game has been played yet, nothing to report",
                          report->dir);
    }
    measure(report, o);
    rc = report_rate(report, err);
    return rc == 0 ? write_files(report, err) : rc;
}

/* Returns -1 to go on, or an exit status. */
static int
parse(int argc, char **argv, struct options *o)
{
    static const struct option table[] = {
        {"dir", required_argument, NULL, 'C'},
        {"games", required_argument, NULL, 'n'},
        {"no-match", no_argument, NULL, 'm'},
        {"json", no_argument, NULL, 'j'},
        {"events", required_argument, NULL, 'e'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    char *end;
    unsigned long games;
    int c;

    while ((c = getopt_long(argc, argv, "C:n:", table, NULL)) != -1) {
        switch (c) {
        case 'C':
            o->dir = optarg;
            break;
        case 'n':
            games = strtoul(optarg, &end, 10);
            if (*end != '\0' || games < 2 || games > 1000000 || games % 2 != 0) {
                return usage("--games wants an even number from 2 to 1000000");
            }
            o->games = (uint32_t)games;
            break;
        case 'm':
            o->no_match = true;
            break;
        case 'j':
            o->json = true;
            break;
        case 'e':
            o->events = optarg;
            break;
        case 'h':
            fputs(help_text, stdout);
            return 0;
        default:
            return usage("unknown option");
        }
    }
    return optind < argc ? usage("arguments that are no options") : -1;
}

int
main(int argc, char **argv)
{
    const char *env = getenv("RR_DIR");
    struct options o = {.dir = env != NULL && env[0] != '\0' ? env : ".", .games = 200};
    struct report report = {0};
    struct rr_err err = RR_ERR_INIT;
    int rc = parse(argc, argv, &o);

    if (rc >= 0) {
        return rc;
    }
    if (realpath(o.dir, report.dir) == NULL) {
        fprintf(stderr, "rrctl report: %s: %s\n", o.dir, strerror(errno));
        return EXIT_NO_DATA;
    }
    rc = make(&report, &o, &err);
    if (rc != 0) {
        fprintf(stderr, "rrctl report: %s\n", err.text);
    } else {
        (void)(o.json ? print_json : print_text)(&report, stdout);
    }
    report_free(&report);
    return rc == 0 ? 0 : EXIT_NO_DATA;
}
