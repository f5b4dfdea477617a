/* SPDX-License-Identifier: MIT */
/*
 * offline.c - print the configuration, the graph, option tables and stored events.
 */
#include "core/rrd/offline.h"

#include "core/common/jget.h"
#include "core/common/mem.h"
#include "core/common/status.h"
#include "core/rrd/conf_schema.h"
#include "core/rrd/lock.h"
#include "core/rrd/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
offline_complain(const struct conf *conf)
{
    for (size_t i = 0; i < conf->warnings.n; i++) {
        fprintf(stderr, "%s (warning)\n", conf->warnings.v[i]);
    }
    for (size_t i = 0; i < conf->problems.n; i++) {
        fprintf(stderr, "%s\n", conf->problems.v[i]);
    }
}

static void
print_json(json_t *doc_take, size_t flags)
{
    (void)json_dumpf(doc_take, stdout, flags);
    putchar('\n');
    json_decref(doc_take);
}

/* {section: {key: {"value", "origin"}}} */
static json_t *
effective_new(const struct conf *conf)
{
    json_t *all = json_pack("{s:O}", "core", conf->values);

    for (size_t i = 0; i < conf->n_stages; i++) {
        char *section = mem_printf("stage %s", conf->stages[i].name);

        (void)json_object_set(all, section, conf->stages[i].values);
        free(section);
    }
    return all;
}

static void
print_effective(const struct conf *conf)
{
    json_t *all = effective_new(conf);
    const char *between = "";
    const char *section;
    const char *key;
    json_t *values;
    json_t *value;

    json_object_foreach(all, section, values) {
        printf("%s[%s]\n", between, section);
        json_object_foreach(values, key, value) {
            printf("%s = %s    # %s\n", key, ini_text(values, key), ini_origin(values, key));
        }
        between = "\n";
    }
    json_decref(all);
}

static void
check_json(const struct conf *conf, const struct options *opt)
{
    json_t *doc =
        json_pack("{s:b, s:o, s:o}", "ok", (int)(conf->problems.n == 0), "problems",
                  conf_list_json(&conf->problems), "warnings", conf_list_json(&conf->warnings));

    if (opt->graph != NULL) {
        (void)json_object_set_new(doc, "graph",
                                  graph_drawing_new(&conf->graph, "json", NULL, NULL));
    }
    if (opt->wants_effective) {
        (void)json_object_set_new(doc, "effective", effective_new(conf));
    }
    print_json(doc, JSON_COMPACT);
}

int
offline_check(const struct conf *conf, const struct options *opt)
{
    if (opt->wants_json) {
        check_json(conf, opt);
        return conf_status(conf);
    }
    offline_complain(conf);
    if (conf->problems.n > 0) {
        return conf_status(conf);
    }
    if (opt->wants_effective) {
        print_effective(conf);
    }
    if (opt->graph != NULL) {
        json_t *drawing = graph_drawing_new(&conf->graph, opt->graph, NULL, NULL);

        if (json_is_string(drawing)) {
            fputs(json_string_value(drawing), stdout);
            json_decref(drawing);
        } else {
            print_json(drawing, JSON_COMPACT);
        }
    }
    if (!opt->wants_effective && opt->graph == NULL) {
        printf("%zu stages, %zu plugins: ok\n", conf->n_stages, conf->n_plugins);
    }
    return STATUS_OK;
}

static void
print_rows(const struct rr_opt *rows)
{
    for (; rows->key != NULL; rows++) {
        const bool has_range = rows->range != NULL && rows->range[0] != '\0';

        printf("  %s = %s\n      %s%s%s%s. %s\n", rows->key,
               rows->fallback == NULL ? "(must be given)" : rows->fallback,
               text_opt_type(rows->type), has_range ? " " : "", has_range ? rows->range : "",
               (rows->flags & RR_OPT_REQUIRED) != 0 ? ", required" : "",
               rows->help == NULL ? "" : rows->help);
    }
}

static void
print_ports(const char *word, const struct manifest_port *ports, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        printf("%s %s%s%s\n", word, ports[i].type, ports[i].alias == NULL ? "" : ", alias ",
               ports[i].alias == NULL ? "" : ports[i].alias);
        for (size_t k = 0; k < ports[i].n_fields; k++) {
            const struct manifest_field *f = &ports[i].fields[k];

            printf("  %s: %s%s%s\n", f->name, text_field_kind(f->kind),
                   f->unit == NULL || f->unit[0] == '\0' ? "" : ", ",
                   f->unit == NULL ? "" : f->unit);
        }
    }
}

static json_t *
rows_json_new(const struct rr_opt *rows)
{
    json_t *all = json_array();

    for (; rows->key != NULL; rows++) {
        (void)json_array_append_new(
            all, json_pack("{s:s, s:s, s:b, s:s?, s:s?, s:s?}", "key", rows->key, "type",
                           text_opt_type(rows->type), "required",
                           (int)((rows->flags & RR_OPT_REQUIRED) != 0), "default", rows->fallback,
                           "range", rows->range, "help", rows->help));
    }
    return all;
}

static void
print_help(const struct manifest *m)
{
    printf("plugin %s %s: %s\n", m->name, m->version, m->summary == NULL ? "" : m->summary);
    print_ports("consumes", m->consumes, m->n_consumes);
    print_ports("produces", m->produces, m->n_produces);
    printf("options of the plugin:\n");
    print_rows(m->options);
    printf("keys of every stage:\n");
    print_rows(conf_stage_keys);
}

int
offline_help(const struct conf *conf, const struct options *opt)
{
    const bool is_core = strcmp(opt->stage, "core") == 0;
    const struct manifest *m = NULL;

    for (size_t i = 0; i < conf->n_stages && m == NULL && !is_core; i++) {
        const struct conf_stage *s = &conf->stages[i];

        if (strcmp(s->name, opt->stage) == 0 ||
            (s->plugin != NULL && strcmp(s->plugin, opt->stage) == 0)) {
            m = s->manifest;
        }
    }
    if (is_core && opt->wants_json) {
        print_json(json_pack("{s:o}", "core", rows_json_new(conf_core_keys)), JSON_INDENT(2));
    } else if (is_core) {
        printf("[core]\n");
        print_rows(conf_core_keys);
    } else if (m == NULL) {
        fprintf(stderr, "rrd: conf.d has no stage \"%s\" with a plugin that can be loaded\n",
                opt->stage);
        offline_complain(conf);
        return STATUS_FAILED;
    } else if (opt->wants_json) {
        print_json(
            json_pack("{s:O, s:o}", "plugin", m->doc, "stage", rows_json_new(conf_stage_keys)),
            JSON_INDENT(2));
    } else {
        print_help(m);
    }
    return STATUS_OK;
}

static bool
print_event(void *arg, uint64_t id, const char *text, size_t n)
{
    const char *type = *(const char **)arg;
    bool is_wanted = true;

    if (text == NULL) {
        fprintf(stderr, "rrd: event %" PRIu64 " is damaged\n", id);
        return true;
    }
    if (type != NULL) {
        json_t *doc = json_loadb(text, n, 0, NULL);
        const char *own = jget_text(doc, "type");

        is_wanted = own != NULL && strcmp(own, type) == 0;
        json_decref(doc);
    }
    return !is_wanted || printf("%.*s\n", (int)n, text) > 0;
}

int
offline_dump(const char *dir, const char *type)
{
    const struct store_conf sc = {.map_bytes = 1u << 30, .read_only = true};
    struct rr_err err = RR_ERR_INIT;
    struct store *store = NULL;
    char instance[40];
    char *state = paths_join_new(dir, "state");
    char *path = paths_join_new(state, "store");
    int lock = -1;
    int rc = 0;

    if (access(path, F_OK) == 0) { /* else nothing ever ran here: no events */
        lock = lock_take(state, instance, sizeof instance, &err);
        rc = lock < 0 ? lock : store_open(path, &sc, &store, &err);
        rc = rc < 0 ? rc : store_events(store, 0, print_event, &type, &err);
    }
    if (rc != 0) {
        fprintf(stderr, "rrd: %s\n", err.text);
    }
    store_close(store);
    if (lock >= 0) {
        (void)close(lock);
    }
    free(path);
    free(state);
    return status_of(rc);
}
