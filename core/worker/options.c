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

#include "core/common/jget.h"
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
set_option(struct stage_option *opt, const json_t *texts, struct rr_err *err)
{
    const char *text = jget_text(texts, opt->row->key);

    if (text == NULL) {
        text = opt->row->fallback;
    }
    if (text == NULL) {
        return rr_err_set(err, RR_E_CONFIG, "option \"%s\" is required and has no value",
                          opt->row->key);
    }
    const int rc = text_opt_value(opt->row, text, &opt->value, err);
    return rc == 0 ? 0 : rr_err_wrap(err, "option \"%s\"", opt->row->key);
}

static int
reject_unknown(const struct options *o, struct rr_err *err)
{
    const char *key;
    const json_t *value;

    json_object_foreach(o->texts, key, value) {
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
options_init(struct options *o, const struct plugin *plugin, json_t *texts, struct rr_err *err)
{
    o->v = mem_zalloc(plugin->n_options, sizeof *o->v);
    o->n = plugin->n_options;
    o->texts = json_incref(texts);
    for (size_t i = 0; i < o->n; i++) {
        o->v[i].row = plugin_option(plugin, i);
    }
    int rc = reject_unknown(o, err);
    for (size_t i = 0; rc == 0 && i < o->n; i++) {
        rc = set_option(&o->v[i], texts, err);
    }
    if (rc != 0) {
        options_fini(o);
    }
    return rc;
}

void
options_fini(struct options *o)
{
    free(o->v);
    json_decref(o->texts);
    memset(o, 0, sizeof *o);
}
