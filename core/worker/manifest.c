/* SPDX-License-Identifier: MIT */
/*
 * manifest.c - what a plugin says about itself, as JSON.
 *
 * The daemon learns about plugins from this text only; it never opens one.
 */
#include "core/worker/manifest.h"

#include <stdio.h>
#include <string.h>

#include "core/common/text.h"
#include "core/worker/codec.h"

#define TEXT_MAX 2048

static void
set_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, text == NULL ? json_null() : codec_text_new(text, TEXT_MAX));
}

static json_t *
options_new(const struct plugin *plugin)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < plugin->n_options; i++) {
        const struct rr_opt *opt = plugin_option(plugin, i);
        json_t *row = json_object();
        set_text(row, "key", opt->key);
        set_text(row, "type", text_opt_type(opt->type));
        json_object_set_new(row, "flags", json_integer(opt->flags));
        set_text(row, "fallback", opt->fallback);
        set_text(row, "range", opt->range == NULL ? "" : opt->range);
        set_text(row, "help", opt->help);
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *
fields_new(const struct rr_event_type *type)
{
    json_t *rows = json_array();

    for (const struct rr_field *field = type->fields; field->name != NULL; field++) {
        json_t *row = json_object();
        set_text(row, "name", field->name);
        set_text(row, "kind", text_field_kind(field->kind));
        set_text(row, "unit", field->unit);
        set_text(row, "help", field->help);
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *
ports_new(const struct rr_port *ports)
{
    json_t *rows = json_array();

    for (; ports != NULL && ports->type != NULL; ports++) {
        json_t *row = json_object();
        set_text(row, "type", ports->type->name);
        set_text(row, "alias", ports->type->alias);
        json_object_set_new(row, "version", json_integer(ports->type->version));
        json_object_set_new(row, "fields", fields_new(ports->type));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *
callbacks_new(const struct rr_plugin *api)
{
    const struct {
        const char *name;
        int offered;
    } all[] = {
        {"check", api->check != NULL}, {"init", api->init != NULL},   {"event", api->event != NULL},
        {"idle", api->idle != NULL},   {"drain", api->drain != NULL}, {"fini", api->fini != NULL},
    };
    json_t *names = json_array();

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].offered) {
            json_array_append_new(names, json_string(all[i].name));
        }
    }
    return names;
}

json_t *
manifest_new(const struct plugin *plugin)
{
    const struct rr_plugin *api = &plugin->api;
    char abi[16];
    json_t *manifest = json_object();

    (void)snprintf(abi, sizeof abi, "%u.%u", api->abi_major, api->abi_minor);
    set_text(manifest, "name", api->name);
    set_text(manifest, "version", api->version);
    set_text(manifest, "summary", api->summary);
    set_text(manifest, "abi", abi);
    (void)snprintf(abi, sizeof abi, "%u.%u", RR_PLUGIN_ABI_MAJOR, RR_PLUGIN_ABI_MINOR);
    set_text(manifest, "host_abi", abi);
    set_text(manifest, "sha256", plugin->sha256);
    json_object_set_new(manifest, "threads", json_integer(plugin->n_threads));
    json_object_set_new(manifest, "options", options_new(plugin));
    json_object_set_new(manifest, "consumes", ports_new(api->consumes));
    json_object_set_new(manifest, "produces", ports_new(api->produces));
    json_object_set_new(manifest, "callbacks", callbacks_new(api));
    return manifest;
}
