/* SPDX-License-Identifier: MIT */
/*
 * plugins.c - what is wrong with a plugin file, and which files there are.
 *
 * A start judges by the same code (probe.c, core/worker/load*.c); here it is told in full, and with
 * what would hurt later.
 */
#include "core/rrd/plugins.h"

#include "core/common/elf.h"
#include "core/common/jget.h"
#include "core/common/mem.h"
#include "core/common/status.h"
#include "core/rrd/probe.h"
#include "core/rrd/report.h"

#include <rr/plugin.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Loading a plugin is a matter of milliseconds; a start is more patient. */
#define CHECK_LIMIT_MS 2000
/* Some lines are a habit; more than this fills logs. */
#define PRINTED_MAX (1u << 20)

/* "stage" for ours, X for what exports rr_X, "" for anything else. Borrowed from look. */
static const char *
kind_of(const struct elf_look *look)
{
    for (size_t i = 0; i < look->exports.n; i++) {
        const char *name = look->exports.v[i];

        if (strcmp(name, RR_PLUGIN_SYMBOL) == 0) {
            return "stage";
        }
        if (strncmp(name, "rr_", 3) == 0 && strchr(name + 3, '_') == NULL) {
            return name + 3;
        }
    }
    return "";
}

/* The names of symbols that are exported beside the descriptor, "" for none. Those of the linker do
 * not count. */
static char *
others_new(const struct elf_look *look)
{
    struct text_list others = {0};

    for (size_t i = 0; i < look->exports.n && others.n < 10; i++) {
        const char *name = look->exports.v[i];

        if (name[0] != '_' && strcmp(name, RR_PLUGIN_SYMBOL) != 0) {
            text_list_add(&others, name);
        }
    }
    char *all = text_list_join_new(&others, ", ");

    text_list_free(&others);
    return all;
}

/* What its symbols tell. Returns whether it is a plugin for a stage, or pretends to be. */
static bool
look_at_symbols(struct report *r, const struct elf_look *look)
{
    const char *kind = kind_of(look);
    char *others = others_new(look);
    char *needs = text_list_join_new(&look->needs, ", ");
    const bool is_other = kind[0] != '\0' && strcmp(kind, "stage") != 0;

    if (is_other) {
        report_fail(r, "look whether rrctl has a command for that kind",
                    "it is no stage plugin, but one of kind \"%s\"", kind);
    }
    report_about(r, "exports");
    if (!is_other && others[0] != '\0') {
        report_warn(r,
                    "compile with -fvisibility=hidden, or make them static: they could meet "
                    "symbols of the same name",
                    "beside %s: %s", RR_PLUGIN_SYMBOL, others);
    } else if (!is_other) {
        report_ok(r, "nothing but its descriptor");
    }
    report_about(r, "libraries");
    report_ok(r, "%s", needs[0] == '\0' ? "none" : needs);
    report_about(r, "memory");
    if (look->wants_exec_stack) {
        report_warn(r,
                    "give its assembly a .note.GNU-stack section, avoid nested functions, or link "
                    "with -Wl,-z,noexecstack",
                    "it wants an executable stack, which hardened systems refuse");
    }
    if (look->has_text_relocations) {
        report_warn(r, "compile everything with -fPIC",
                    "it has text relocations, which hardened systems refuse");
    }
    free(others);
    free(needs);
    return !is_other;
}

/* What can be seen without loading it. Returns false when there is nothing to load. */
static bool
look_at_file(struct report *r, const char *file)
{
    const int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct rr_err err = RR_ERR_INIT;
    struct elf_look look = {0};
    bool is_stage = false;
    struct stat st;

    report_about(r, "file");
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        report_fail(r, NULL, "%s: %s", file, fd < 0 ? strerror(errno) : "not a regular file");
    } else {
        const struct passwd *pw = getpwuid(st.st_uid);

        report_ok(r, "%s: %lld bytes, mode %04o, owner %s", file, (long long)st.st_size,
                  (unsigned)(st.st_mode & 07777), pw == NULL ? "unknown" : pw->pw_name);
        report_about(r, "form");
        if (elf_check(fd, &err) != 0) {
            report_fail(r, NULL, "%s", err.text);
        } else {
            elf_look(fd, &look);
            is_stage = look_at_symbols(r, &look);
        }
    }
    elf_look_free(&look);
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_stage;
}

static void
say_abi(struct report *r, const struct manifest *m)
{
    const char *abi = jget_text(m->doc, "abi");
    const char *host = jget_text(m->doc, "host_abi");
    unsigned major = 0;
    unsigned minor = 0;

    report_about(r, "abi");
    if (abi == NULL || host == NULL || sscanf(abi, "%u.%u", &major, &minor) != 2) {
        report_fail(r, NULL, "rrd-worker does not tell its ABI");
    } else if (minor == 0) {
        report_ok(r, "%s: this host has %s and takes it; so does every host with %u.x", abi, host,
                  major);
    } else {
        report_ok(r,
                  "%s: this host has %s and takes it; hosts with %u.0 to %u.%u refuse it as too "
                  "new",
                  abi, host, major, major, minor - 1);
    }
}

static void
say_ports(struct report *r, const char *what, const struct manifest_port *ports, size_t n)
{
    struct text_list types = {0};

    for (size_t i = 0; i < n; i++) {
        text_list_add(&types, ports[i].type);
    }
    char *all = text_list_join_new(&types, ", ");

    report_about(r, what);
    report_ok(r, "%s", n == 0 ? "nothing" : all);
    free(all);
    text_list_free(&types);
}

static void
say_loading(struct report *r, const struct probe *p)
{
    const json_int_t threads = jget_int(p->manifest.doc, "threads");

    report_ok(r, "%s %s: %s (%" PRIu64 " ms)", p->manifest.name, p->manifest.version,
              p->manifest.summary, p->ran_ms);
    if (p->printed_bytes > 0) {
        report_add(r, p->printed_bytes > PRINTED_MAX ? REPORT_FAIL : REPORT_WARN,
                   "print nothing in constructors; use rr_log in a callback",
                   "it prints %" PRIu64 " bytes while it is loaded: %.60s", p->printed_bytes,
                   p->printed);
    }
    if (threads > 1) {
        report_warn(r, "start them in .init",
                    "it starts %" JSON_INTEGER_FORMAT " threads while it is loaded", threads - 1);
    }
}

/* What the plugin says of the values that it gives its own options. */
static void
ask_about_defaults(struct report *r, const struct conf *conf, const struct probe *p)
{
    struct conf_stage stage = {
        .name = mem_dup(p->manifest.name), .manifest = &p->manifest, .values = json_object()};
    struct rr_err err = RR_ERR_INIT;
    size_t n_required = 0;

    for (const struct rr_opt *row = p->manifest.options; row->key != NULL; row++) {
        n_required += row->fallback == NULL;
        if (row->fallback != NULL) {
            ini_set(stage.values, row->key, row->fallback, "default");
        }
    }
    report_about(r, "options");
    report_ok(r, "%zu, %zu of them must be given", p->manifest.n_options, n_required);
    report_about(r, "defaults");
    if (n_required == 0 && manifest_offers(&p->manifest, "check")) {
        json_t *doc = conf_stage_json(conf, &stage);
        struct probe asked = {.file = mem_dup(p->file), .input = json_dumps(doc, JSON_COMPACT)};

        if (probe_run(conf, &asked, 1, CHECK_LIMIT_MS, &err) != 0) {
            report_fail(r, NULL, "%s", err.text);
        } else if (asked.why != NULL) {
            report_fail(r, "mend .check", "%s", asked.why);
        } else if (asked.problems.n > 0) {
            report_warn(r, "give it defaults that it takes, or flag the option RR_OPT_REQUIRED",
                        "its own check refuses its defaults: %s", asked.problems.v[0]);
        } else {
            report_ok(r, "its own check takes them");
        }
        probe_fini(&asked);
        json_decref(doc);
    }
    json_decref(stage.values);
    free(stage.name);
}

int
plugins_check(const struct paths *paths, const struct options *opt)
{
    const struct conf conf = {
        .dir = mem_dup("/nonexistent"), .paths = paths, .plugin_path = paths->plugin_dir};
    struct probe probe = {.file = realpath(opt->file, NULL)};
    struct rr_err err = RR_ERR_INIT;
    struct report r;
    json_t *more = NULL;

    report_init(&r);
    probe.file = probe.file == NULL ? mem_dup(opt->file) : probe.file;
    if (look_at_file(&r, probe.file)) {
        report_about(&r, "loading");
        if (probe_run(&conf, &probe, 1, CHECK_LIMIT_MS, &err) != 0) {
            report_fail(&r, NULL, "%s", err.text);
        } else if (probe.why != NULL) {
            report_fail(&r, NULL, "%s", probe.why);
        } else {
            say_loading(&r, &probe);
            say_abi(&r, &probe.manifest);
            say_ports(&r, "consumes", probe.manifest.consumes, probe.manifest.n_consumes);
            say_ports(&r, "produces", probe.manifest.produces, probe.manifest.n_produces);
            ask_about_defaults(&r, &conf, &probe);
            more = json_pack("{s:O}", "manifest", probe.manifest.doc);
        }
    }
    const int status = report_print(&r, opt->wants_json, more, opt->is_strict, STATUS_PLUGIN);

    probe_fini(&probe);
    report_fini(&r);
    free(conf.dir);
    return status;
}

/* ---- list ---- */

static int
is_so(const struct dirent *entry)
{
    const size_t n = strlen(entry->d_name);

    return n > 3 && strcmp(entry->d_name + n - 3, ".so") == 0;
}

static int
is_any(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Add the files of a directory, and of the folders in it: those hold plugins of other kinds. */
static void
add_dir(struct text_list *files, const char *dir, bool is_top)
{
    struct dirent **entries = NULL;
    const int n = scandir(dir, &entries, is_top ? is_any : is_so, alphasort);

    for (int i = 0; i < n; i++) {
        char *path = paths_join_new(dir, entries[i]->d_name);
        struct stat st;

        if (is_so(entries[i])) {
            text_list_add(files, path);
        } else if (is_top && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
            add_dir(files, path, false);
        }
        free(path);
        free(entries[i]);
    }
    free(entries);
}

static char *
kind_of_file_new(const char *file)
{
    const int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct elf_look look = {0};

    if (fd >= 0 && elf_check(fd, NULL) == 0) {
        elf_look(fd, &look);
    }
    char *kind = mem_dup(kind_of(&look));

    elf_look_free(&look);
    if (fd >= 0) {
        (void)close(fd);
    }
    return kind;
}

/* The row of one of all probed files. */
static json_t *
row_new(const struct conf *conf, const struct probe *all, const struct probe *p)
{
    const char *slash = strrchr(p->file, '/');
    char *name = mem_dupn(slash + 1, strlen(slash + 1) - 3);
    char *kind = kind_of_file_new(p->file);
    const bool is_stage = kind[0] == '\0' || strcmp(kind, "stage") == 0;
    const char *hidden_by = NULL;
    json_t *stages = json_array();

    for (size_t i = 0; i < conf->n_stages; i++) {
        const struct conf_stage *s = &conf->stages[i];

        if (s->file != NULL && strcmp(s->file, p->file) == 0) {
            (void)json_array_append_new(stages, json_string(s->name));
        }
    }
    for (const struct probe *q = all; q < p && hidden_by == NULL; q++) {
        hidden_by = strcmp(strrchr(q->file, '/'), slash) == 0 ? q->file : NULL;
    }
    json_t *row =
        json_pack("{s:s, s:s?, s:s, s:s, s:s, s:o, s:s?, s:s?}", "name", name, "version",
                  p->manifest.version, "kind", kind, "file", p->file, "sha256", p->hash, "stages",
                  stages, "hidden_by", hidden_by, "problem", is_stage ? p->why : NULL);

    free(kind);
    free(name);
    return row;
}

static void
print_row(const json_t *row)
{
    static const char *const columns[] = {"name", "version", "kind"};
    const json_t *stages = json_object_get(row, "stages");
    const char *hidden = jget_text(row, "hidden_by");
    const char *problem = jget_text(row, "problem");
    const json_t *stage;
    size_t i;

    for (i = 0; i < 3; i++) {
        const char *text = jget_text(row, columns[i]);

        printf("%-*s ", i == 0 ? 16 : 8, text == NULL || text[0] == '\0' ? "-" : text);
    }
    printf("%.12s %s", jget_text(row, "sha256"), jget_text(row, "file"));
    json_array_foreach(stages, i, stage) {
        printf("%s%s", i == 0 ? " (stage " : ", ", json_string_value(stage));
    }
    puts(json_array_size(stages) > 0 ? ")" : "");
    if (hidden != NULL) {
        printf("%16s hidden by %s\n", "", hidden);
    }
    if (problem != NULL) {
        printf("%16s cannot be loaded: %s\n", "", problem);
    }
}

int
plugins_list(const struct conf *conf, bool is_json)
{
    struct text_list files = {0};
    struct rr_err err = RR_ERR_INIT;
    json_t *rows = json_array();
    const json_t *row;
    size_t i;

    for (i = 0; i < conf->plugin_dirs.n; i++) {
        add_dir(&files, conf->plugin_dirs.v[i], true);
    }
    struct probe *all = mem_zalloc(files.n, sizeof *all);

    for (i = 0; i < files.n; i++) {
        all[i].file = mem_dup(files.v[i]);
    }
    const int rc = probe_run(conf, all, files.n, PROBE_LIMIT_MS, &err);

    for (i = 0; i < files.n; i++) {
        (void)json_array_append_new(rows, row_new(conf, all, &all[i]));
    }
    if (rc != 0) {
        fprintf(stderr, "rrd: %s\n", err.text);
    } else if (is_json) {
        (void)json_dumpf(rows, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        printf("%-16s %-8s %-8s %-12s %s\n", "NAME", "VERSION", "KIND", "SHA-256", "FILE");
        json_array_foreach(rows, i, row) {
            print_row(row);
        }
    }
    for (i = 0; i < files.n; i++) {
        probe_fini(&all[i]);
    }
    free(all);
    text_list_free(&files);
    json_decref(rows);
    return status_of(rc);
}
