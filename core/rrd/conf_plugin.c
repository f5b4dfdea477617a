/* SPDX-License-Identifier: MIT */
/*
 * conf_plugin.c - the part of the configuration that needs plugins: find them, learn what they
 * declare, check the options of stages, let each plugin judge its own.
 *
 * The daemon opens no plugin; rrd-worker does, in a child process with a time limit.
 */
#include "core/rrd/conf.h"

#include "core/common/mem.h"
#include "core/common/sha256.h"
#include "core/rrd/conf_schema.h"
#include "core/rrd/helper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A plugin that loads a GPU library takes a second; one that takes five is stuck. */
#define PROBE_LIMIT_MS 5000
#define PROBE_WIDTH 8

static char *
find_file(const struct conf *conf, const char *plugin)
{
    for (size_t i = 0; i < conf->plugin_dirs.n; i++) {
        char *file = mem_printf("%s/%s.so", conf->plugin_dirs.v[i], plugin);

        if (access(file, F_OK) == 0) {
            return file;
        }
        free(file);
    }
    return NULL;
}

/* The names of all plugins that could be meant. */
static void
list_plugins(const struct conf *conf, struct text_list *names)
{
    for (size_t i = 0; i < conf->plugin_dirs.n; i++) {
        DIR *d = opendir(conf->plugin_dirs.v[i]);
        const struct dirent *entry;

        while (d != NULL && (entry = readdir(d)) != NULL) {
            const size_t n = strlen(entry->d_name);

            if (n > 3 && strcmp(entry->d_name + n - 3, ".so") == 0) {
                char *name = mem_dupn(entry->d_name, n - 3);

                text_list_add(names, name);
                free(name);
            }
        }
        if (d != NULL) {
            (void)closedir(d);
        }
    }
}

static void
locate(struct conf *conf, struct conf_stage *s)
{
    struct text_list names = {0};
    const char *near;

    s->file = find_file(conf, s->plugin);
    if (s->file != NULL) {
        return;
    }
    list_plugins(conf, &names);
    text_list_add(&names, ""); /* so that v is never NULL */
    near = text_suggest(s->plugin, (const char *const *)names.v);
    conf_problem(conf, s->place, "there is no plugin file %s.so in %s%s%s%s", s->plugin,
                 conf->plugin_path, near == NULL || near[0] == '\0' ? "" : " (did you mean \"",
                 near == NULL ? "" : near, near == NULL || near[0] == '\0' ? "" : "\"?)");
    text_list_free(&names);
    s->is_bad = true;
}

/* The last line that a helper printed is its verdict; it begins with the program's name. */
static const char *
last_line(char *text)
{
    size_t n = strlen(text);
    const char *line;
    static const char own_name[] = "rrd-worker: ";

    while (n > 0 && text[n - 1] == '\n') {
        text[--n] = '\0';
    }
    line = strrchr(text, '\n');
    line = line == NULL ? text : line + 1;
    return strncmp(line, own_name, sizeof own_name - 1) == 0 ? line + sizeof own_name - 1 : line;
}

/* Describe how a helper failed. */
static char *
failure_new(struct helper *h, const char *what)
{
    const char *line = last_line(h->complaint);

    if (h->is_late) {
        return mem_printf("%s did not end within %d s", what, PROBE_LIMIT_MS / 1000);
    }
    if (h->signal != 0) {
        return mem_printf("%s ended by signal %s%s%s", what, sigabbrev_np(h->signal),
                          line[0] == '\0' ? "" : ": ", line);
    }
    return mem_printf("%s", line[0] == '\0' ? "it ended without a message" : line);
}

static struct conf_plugin *
plugin_of(struct conf *conf, const char *file)
{
    for (size_t i = 0; i < conf->n_plugins; i++) {
        if (strcmp(conf->plugins[i].file, file) == 0) {
            return &conf->plugins[i];
        }
    }
    return NULL;
}

static void
take_probe(struct conf *conf, struct conf_plugin *plugin, struct helper *h)
{
    struct rr_err err = RR_ERR_INIT;
    char *why = NULL;

    if (h->status != 0 || h->is_late) {
        why = failure_new(h, "loading it");
    } else if (manifest_parse(&plugin->manifest, h->out, h->n_out, &err) != 0) {
        why = mem_dup(err.text);
    }
    plugin->is_loaded = why == NULL;
    for (size_t i = 0; i < conf->n_stages && why != NULL; i++) {
        struct conf_stage *s = &conf->stages[i];

        if (s->file != NULL && strcmp(s->file, plugin->file) == 0) {
            conf_problem(conf, s->place, "plugin %s%s%s",
                         strstr(why, plugin->file) == NULL ? plugin->file : "",
                         strstr(why, plugin->file) == NULL ? ": " : "", why);
            s->is_bad = true;
            conf->n_load_problems++;
        }
    }
    free(why);
}

/* A file that cannot be read has no hash; the probe says why. */
static void
hash_file(struct conf_stage *s)
{
    const int fd = open(s->file, O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        (void)sha256_fd(fd, s->hash, NULL, NULL);
        (void)close(fd);
    }
}

static void
probe_all(struct conf *conf)
{
    char *worker = paths_join_new(conf->paths->libexec_dir, "rrd-worker");
    char flag[] = "--probe";
    struct helper *helpers;
    char **argvs;
    char **env = conf_env_new(conf, NULL);
    struct rr_err err = RR_ERR_INIT;

    conf->plugins = mem_zalloc(conf->n_stages, sizeof *conf->plugins);
    for (size_t i = 0; i < conf->n_stages; i++) {
        const struct conf_stage *s = &conf->stages[i];

        if (s->file != NULL) {
            hash_file(&conf->stages[i]);
        }
        if (s->file != NULL && plugin_of(conf, s->file) == NULL) {
            conf->plugins[conf->n_plugins++].file = mem_dup(s->file);
        }
    }
    helpers = mem_zalloc(conf->n_plugins, sizeof *helpers);
    argvs = mem_zalloc(mem_mul(conf->n_plugins, 4), sizeof *argvs);
    for (size_t i = 0; i < conf->n_plugins; i++) {
        argvs[4 * i] = worker;
        argvs[4 * i + 1] = flag;
        argvs[4 * i + 2] = conf->plugins[i].file;
        helpers[i].argv = &argvs[4 * i];
    }
    if (helper_run(helpers, conf->n_plugins, PROBE_WIDTH, PROBE_LIMIT_MS, env, &err) != 0) {
        conf_problem(conf, "plugins", "%s", err.text);
    } else {
        for (size_t i = 0; i < conf->n_plugins; i++) {
            take_probe(conf, &conf->plugins[i], &helpers[i]);
        }
    }
    for (size_t i = 0; i < conf->n_plugins; i++) {
        helper_fini(&helpers[i]);
    }
    conf_env_free(env);
    free(helpers);
    free(argvs);
    free(worker);
}

/* What a key that the plugin does not have was meant to be. */
static const char *
suggest_key(const struct manifest *m, const char *key)
{
    const char **names = mem_zalloc(m->n_options + 64, sizeof *names);
    const char *best;
    size_t n = 0;

    for (size_t i = 0; i < m->n_options; i++) {
        names[n++] = m->options[i].key;
    }
    for (const struct rr_opt *row = conf_stage_keys; row->key != NULL; row++) {
        names[n++] = row->key;
    }
    best = text_suggest(key, names);
    free(names);
    return best;
}

static void
check_options(struct conf *conf, struct conf_stage *s)
{
    const struct manifest *m = s->manifest;
    const size_t before = conf->problems.n;

    for (size_t i = 0; i < m->n_options; i++) {
        if (conf_schema_find(conf_stage_keys, m->options[i].key) != NULL) {
            conf_problem(conf, s->place,
                         "plugin %s declares the option \"%s\", which is a key of every stage",
                         s->file, m->options[i].key);
        }
    }
    for (size_t i = 0; i < s->n_values; i++) {
        const struct conf_value *value = &s->values[i];
        const struct rr_opt *row = conf_schema_find(m->options, value->key);
        struct rr_err err = RR_ERR_INIT;
        struct text_value parsed;

        if (conf_schema_find(conf_stage_keys, value->key) != NULL) {
            continue;
        }
        if (row == NULL) {
            const char *near = suggest_key(m, value->key);

            conf_problem(conf, value->origin, "option \"%s\" is not known to plugin %s%s%s%s",
                         value->key, m->name, near == NULL ? "" : " (did you mean \"",
                         near == NULL ? "" : near, near == NULL ? "" : "\"?)");
        } else if (text_opt_value(row, value->text, &parsed, &err) != 0) {
            conf_problem(conf, value->origin, "%s: %s", value->key, err.text);
        } else {
            (void)json_object_set_new(s->options, value->key, json_string(value->text));
        }
    }
    for (size_t i = 0; i < m->n_options; i++) {
        const struct rr_opt *row = &m->options[i];
        bool is_given = false;

        for (size_t k = 0; k < s->n_values; k++) {
            is_given = is_given || strcmp(s->values[k].key, row->key) == 0;
        }
        if (is_given) {
            continue;
        }
        if (row->fallback == NULL) {
            conf_problem(conf, s->place, "option \"%s\" of plugin %s must be given: %s", row->key,
                         m->name, row->help == NULL ? "" : row->help);
            continue;
        }
        (void)json_object_set_new(s->options, row->key, json_string(row->fallback));
        conf_value_add(&s->values, &s->n_values, row->key, row->fallback, "default");
    }
    s->is_bad = s->is_bad || conf->problems.n != before;
}

static void
take_verdict(struct conf *conf, struct conf_stage *s, struct helper *h)
{
    char *rest = h->out;
    char *line;
    char *why;

    if (h->status == 0 && !h->is_late) {
        return;
    }
    s->is_bad = true;
    if (h->status != 78 || h->n_out == 0) {
        why = failure_new(h, "its check of the options");
        conf_problem(conf, s->place, "plugin %s: %s", s->plugin, why);
        free(why);
        return;
    }
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (line[0] != '\0') {
            conf_problem(conf, s->place, "%s: %s", s->name, line);
        }
    }
}

static bool
has_check(const struct manifest *m)
{
    const json_t *name;
    size_t i;

    json_array_foreach(json_object_get(m->doc, "callbacks"), i, name)
    {
        if (json_is_string(name) && strcmp(json_string_value(name), "check") == 0) {
            return true;
        }
    }
    return false;
}

/* Let every plugin that offers it judge the options of its stages. */
static void
judge_all(struct conf *conf)
{
    char *worker = paths_join_new(conf->paths->libexec_dir, "rrd-worker");
    char flag[] = "--check-options";
    struct helper *helpers = mem_zalloc(conf->n_stages, sizeof *helpers);
    char **argvs = mem_zalloc(mem_mul(conf->n_stages, 4), sizeof *argvs);
    char **inputs = mem_zalloc(conf->n_stages, sizeof *inputs);
    size_t *stages = mem_zalloc(conf->n_stages, sizeof *stages);
    char **env = conf_env_new(conf, NULL);
    struct rr_err err = RR_ERR_INIT;
    size_t n = 0;

    for (size_t i = 0; i < conf->n_stages; i++) {
        json_t *doc;

        if (conf->stages[i].is_bad || conf->stages[i].manifest == NULL ||
            !has_check(conf->stages[i].manifest)) {
            continue;
        }
        doc = conf_stage_json(conf, &conf->stages[i]);
        inputs[n] = json_dumps(doc, JSON_COMPACT);
        json_decref(doc);
        argvs[4 * n] = worker;
        argvs[4 * n + 1] = flag;
        argvs[4 * n + 2] = conf->stages[i].file;
        helpers[n].argv = &argvs[4 * n];
        helpers[n].input = inputs[n];
        stages[n++] = i;
    }
    if (helper_run(helpers, n, PROBE_WIDTH, PROBE_LIMIT_MS, env, &err) != 0) {
        conf_problem(conf, "plugins", "%s", err.text);
    } else {
        for (size_t i = 0; i < n; i++) {
            take_verdict(conf, &conf->stages[stages[i]], &helpers[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        helper_fini(&helpers[i]);
        free(inputs[i]);
    }
    conf_env_free(env);
    free(stages);
    free(inputs);
    free(argvs);
    free(helpers);
    free(worker);
}

void
conf_plugins(struct conf *conf)
{
    for (size_t i = 0; i < conf->n_stages; i++) {
        if (!conf->stages[i].is_bad) {
            locate(conf, &conf->stages[i]);
        }
    }
    probe_all(conf);
    for (size_t i = 0; i < conf->n_stages; i++) {
        struct conf_stage *s = &conf->stages[i];
        const struct conf_plugin *plugin = s->file == NULL ? NULL : plugin_of(conf, s->file);

        if (plugin != NULL && plugin->is_loaded) {
            s->manifest = &plugin->manifest;
            check_options(conf, s);
        }
    }
    judge_all(conf);
}
