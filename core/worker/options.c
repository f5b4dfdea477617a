/* SPDX-License-Identifier: MIT */
/*
 * options.c - the values of a plugin's options inside the worker.
 *
 * The daemon has validated them with file and line before; here they are only turned into numbers,
 * by the same parser, so a failure means that the plugin file changed in between.
 */
#include "core/worker/options.h"

#include <stdlib.h>
#include <string.h>

#include "core/common/mem.h"

const struct stage_option *
options_find(const struct options *o, const char *key)
{
    for (size_t i = 0; i < o->n; i++) {
        if (strcmp(o->v[i].row->key, key) == 0) {
            return &o->v[i];
        }
    }
    return NULL;
}

static int
set_option(struct stage_option *opt, const char *text, struct rr_err *err)
{
    if (text == NULL) {
        return rr_err_set(err, RR_E_CONFIG, "option \"%s\" is required and has no value",
                          opt->row->key);
    }
    opt->text = mem_dup(text);
    const int rc = text_opt_value(opt->row, opt->text, &opt->value, err);
    if (rc != 0) {
        rr_err_wrap(err, "option \"%s\"", opt->row->key);
    }
    return rc;
}

static int
reject_unknown(const struct options *o, const json_t *texts, struct rr_err *err)
{
    const char *key;
    const json_t *value;

    json_object_foreach((json_t *)(uintptr_t)texts, key, value)
    {
        if (options_find(o, key) == NULL) {
            return rr_err_set(err, RR_E_CONFIG, "option \"%s\" is not declared by the plugin", key);
        }
        if (!json_is_string(value)) {
            return rr_err_set(err, RR_E_CONFIG, "the value of option \"%s\" is not a text", key);
        }
    }
    return 0;
}

int
options_init(struct options *o, const struct plugin *plugin, const json_t *texts,
             struct rr_err *err)
{
    int rc = 0;

    memset(o, 0, sizeof *o);
    o->v = mem_zalloc(plugin->n_options + 1, sizeof *o->v);
    o->n = plugin->n_options;
    for (size_t i = 0; i < o->n; i++) {
        o->v[i].row = plugin_option(plugin, i);
    }
    rc = reject_unknown(o, texts, err);
    for (size_t i = 0; rc == 0 && i < o->n; i++) {
        const char *text = json_string_value(json_object_get(texts, o->v[i].row->key));
        rc = set_option(&o->v[i], text != NULL ? text : o->v[i].row->fallback, err);
    }
    if (rc != 0) {
        options_fini(o);
    }
    return rc;
}

void
options_fini(struct options *o)
{
    for (size_t i = 0; i < o->n; i++) {
        free(o->v[i].text);
    }
    free(o->v);
    memset(o, 0, sizeof *o);
}
