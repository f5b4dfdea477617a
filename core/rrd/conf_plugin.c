/* SPDX-License-Identifier: MIT */
/*
 * conf_plugin.c - the part of the configuration that needs plugins: find them, learn what they
 * declare, check the options of stages, let each plugin judge its own.
 *
 * The daemon opens no plugin; probe.c has it done.
 */
#include "core/rrd/conf.h"

#include "core/common/mem.h"
#include "core/rrd/conf_schema.h"
#include "core/rrd/kept.h"
#include "core/rrd/probe.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_KEY "plugin_file"

char *
conf_installed_new(const struct conf *conf, const char *plugin)
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
            const char *dot = strrchr(entry->d_name, '.');

            if (dot != NULL && strcmp(dot, ".so") == 0) {
                text_list_printf(names, "%.*s", (int)(dot - entry->d_name), entry->d_name);
            }
        }
        if (d != NULL) {
            (void)closedir(d);
        }
    }
}

void
conf_stage_use(struct conf_stage *stage, char *file_take)
{
    free(stage->file);
    stage->file = file_take;
    ini_set(stage->values, FILE_KEY, file_take, CONF_BY_UPGRADE);
}

/* A file that somebody named. */
static void
take_file(struct conf *conf, struct conf_stage *s, const char *file)
{
    char *name = mem_printf("/%s.so", s->plugin);

    if (file[0] != '/' || strcmp(strrchr(file, '/'), name) != 0) {
        text_problem(&conf->problems, ini_origin(s->values, FILE_KEY),
                     FILE_KEY ": %s: it must be an absolute path to a file %s", file, name + 1);
        s->is_bad = true;
    } else {
        s->file = mem_dup(file);
    }
    free(name);
}

/* The file of an upgrade goes before the installed one that was there then. */
static void
use_kept(struct conf *conf, struct conf_stage *s, const json_t *record)
{
    char hash[SHA256_HEX_BYTES];

    if (json_object_get(record, s->name) == NULL) {
        return;
    }
    sha256_file(s->file, hash);
    const char *wanted = kept_hash(record, s->name, s->plugin, hash);

    if (wanted == NULL) {
        return;
    }
    char *file = kept_path_new(conf->dir, wanted, s->plugin);

    sha256_file(file, hash);
    if (strcmp(hash, wanted) == 0) {
        conf_stage_use(s, file);
        return;
    }
    text_problem(&conf->warnings, s->place,
                 "%s, which rrctl upgrade has put there, is gone or damaged: the installed file "
                 "counts",
                 file);
    free(file);
}

static void
locate(struct conf *conf, struct conf_stage *s, const json_t *record)
{
    const char *given = ini_text(s->values, FILE_KEY);
    struct text_list names = {0};
    char hint[TEXT_HINT_BYTES];

    if (given[0] != '\0') {
        take_file(conf, s, given);
        return;
    }
    s->file = conf_installed_new(conf, s->plugin);
    use_kept(conf, s, record);
    if (s->file != NULL) {
        return;
    }
    list_plugins(conf, &names);
    text_problem(&conf->problems, s->place, "there is no plugin file %s.so in %s%s", s->plugin,
                 conf->plugin_path, text_hint(s->plugin, (const char *const *)names.v, hint));
    text_list_free(&names);
    s->is_bad = true;
}

static struct probe *
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
take_probe(struct conf *conf, struct conf_stage *s)
{
    const struct probe *p = s->file == NULL ? NULL : plugin_of(conf, s->file);

    if (p == NULL) {
        return;
    }
    memcpy(s->hash, p->hash, sizeof s->hash);
    if (p->why == NULL) {
        s->manifest = &p->manifest;
        return;
    }
    const bool has_file = strstr(p->why, p->file) != NULL;

    text_problem(&conf->problems, s->place, "plugin %s%s%s", has_file ? "" : p->file,
                 has_file ? "" : ": ", p->why);
    s->is_bad = true;
    conf->n_load_problems++;
    conf->n_passing += p->is_passing;
}

static void
probe_all(struct conf *conf)
{
    struct rr_err err = RR_ERR_INIT;

    conf->plugins = mem_zalloc(conf->n_stages, sizeof *conf->plugins);
    for (size_t i = 0; i < conf->n_stages; i++) {
        const struct conf_stage *s = &conf->stages[i];
        struct probe *p = s->file == NULL ? NULL : plugin_of(conf, s->file);

        if (s->file != NULL && p == NULL) {
            p = &conf->plugins[conf->n_plugins++];
            p->file = mem_dup(s->file);
            p->user = s->user;
        } else if (p != NULL && s->user == NULL) {
            p->user = NULL; /* a stage runs it with all our rights */
        }
    }
    if (probe_run(conf, conf->plugins, conf->n_plugins, PROBE_LIMIT_MS, &err) != 0) {
        text_problem(&conf->problems, "plugins", "%s", err.text);
        conf->n_passing++;
        return;
    }
    for (size_t i = 0; i < conf->n_stages; i++) {
        take_probe(conf, &conf->stages[i]);
    }
}

static void
check_options(struct conf *conf, struct conf_stage *s)
{
    const struct manifest *m = s->manifest;
    const size_t before = conf->problems.n;
    char hint[TEXT_HINT_BYTES];
    const char *key;
    json_t *entry;

    json_object_foreach(s->values, key, entry) {
        const struct rr_opt *row = conf_schema_find(m->options, key);
        const char *text = ini_text(s->values, key);
        const char *place = ini_origin(s->values, key);
        struct rr_err err = RR_ERR_INIT;
        struct text_value parsed;

        if (conf_schema_find(conf_stage_keys, key) != NULL) {
            continue;
        }
        if (row == NULL) {
            text_problem(&conf->problems, place, "option \"%s\" is not known to plugin %s%s", key,
                         m->name, conf_schema_hint(key, m->options, conf_stage_keys, hint));
        } else if (text_opt_value(row, text, &parsed, &err) != 0) {
            text_problem(&conf->problems, place, "%s: %s", key, err.text);
        }
    }
    for (const struct rr_opt *row = m->options; row->key != NULL; row++) {
        if (json_object_get(s->values, row->key) != NULL) {
            continue;
        }
        if (row->fallback == NULL) {
            text_problem(&conf->problems, s->place, "option \"%s\" of plugin %s must be given: %s",
                         row->key, m->name, row->help == NULL ? "" : row->help);
        } else {
            ini_set(s->values, row->key, row->fallback, "default");
        }
    }
    s->is_bad = s->is_bad || conf->problems.n != before;
}

static void
take_verdict(struct conf *conf, struct conf_stage *s, const struct probe *p)
{
    s->is_bad = p->why != NULL || p->problems.n > 0;
    if (p->why != NULL) {
        text_problem(&conf->problems, s->place, "plugin %s: %s", s->plugin, p->why);
        conf->n_passing += p->is_passing;
    }
    for (size_t i = 0; i < p->problems.n; i++) {
        text_problem(&conf->problems, s->place, "%s: %s", s->name, p->problems.v[i]);
    }
}

/* Let every plugin that offers it judge the options of its stages. */
static void
judge_all(struct conf *conf)
{
    struct probe *all = mem_zalloc(conf->n_stages, sizeof *all);
    struct conf_stage **stages = mem_zalloc(conf->n_stages, sizeof(struct conf_stage *));
    struct rr_err err = RR_ERR_INIT;
    size_t n = 0;

    for (size_t i = 0; i < conf->n_stages; i++) {
        struct conf_stage *s = &conf->stages[i];

        if (!s->is_bad && s->manifest != NULL && manifest_offers(s->manifest, "check")) {
            json_t *doc = conf_stage_json(conf, s);

            all[n].file = mem_dup(s->file);
            all[n].user = s->user;
            all[n].input = json_dumps(doc, JSON_COMPACT);
            stages[n++] = s;
            json_decref(doc);
        }
    }
    if (probe_run(conf, all, n, PROBE_LIMIT_MS, &err) != 0) {
        text_problem(&conf->problems, "plugins", "%s", err.text);
        conf->n_passing++;
    }
    for (size_t i = 0; i < n; i++) {
        if (err.code == 0) {
            take_verdict(conf, stages[i], &all[i]);
        }
        probe_fini(&all[i]);
    }
    free(stages);
    free(all);
}

void
conf_plugins(struct conf *conf)
{
    struct rr_err err = RR_ERR_INIT;
    json_t *record = kept_load(conf->dir, &err);

    if (record == NULL) {
        text_problem(&conf->problems, "upgrades", "%s", err.text);
    }
    for (size_t i = 0; i < conf->n_stages; i++) {
        if (!conf->stages[i].is_bad) {
            locate(conf, &conf->stages[i], record);
        }
    }
    json_decref(record);
    probe_all(conf);
    for (size_t i = 0; i < conf->n_stages; i++) {
        if (conf->stages[i].manifest != NULL) {
            check_options(conf, &conf->stages[i]);
        }
    }
    judge_all(conf);
}
