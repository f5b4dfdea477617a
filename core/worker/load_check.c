/* SPDX-License-Identifier: MIT */
/*
 * load_check.c - is this a plugin that this host can run?
 *
 * Judges the exported descriptor, the option table and the event tables. Reads only what the
 * plugin's own size says is there.
 */
#include "core/worker/load.h"

#include <stddef.h>
#include <string.h>

#include "core/common/text.h"

/* Tables without an end are found by these limits; no honest plugin comes near them. */
#define OPTIONS_MAX 256
#define PORTS_MAX 64
#define FIELDS_MAX 128
#define DESCRIPTOR_MAX 4096

/* Size of the descriptor in minor 0 of this major: all that every plugin must have. */
#define DESCRIPTOR_MIN                                                                             \
    (offsetof(struct rr_plugin, fini) + sizeof(((const struct rr_plugin *)NULL)->fini))

static int
check_versions(const struct rr_plugin *head, struct rr_err *err)
{
    if (head->magic != RR_PLUGIN_MAGIC) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "\"%s\" has magic 0x%08x, not 0x%08x: it is no plugin of this daemon; "
                          "declare it with RR_PLUGIN()",
                          RR_PLUGIN_SYMBOL, head->magic, RR_PLUGIN_MAGIC);
    }
    if (head->abi_major != RR_PLUGIN_ABI_MAJOR) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "compiled for plugin ABI %u.%u, this host has %u.%u: majors must be "
                          "equal; rebuild it with this host's headers",
                          head->abi_major, head->abi_minor, RR_PLUGIN_ABI_MAJOR,
                          RR_PLUGIN_ABI_MINOR);
    }
    if (head->abi_minor > RR_PLUGIN_ABI_MINOR) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "compiled for plugin ABI %u.%u, this host has only %u.%u: install a "
                          "newer rrd, or rebuild it with older headers",
                          head->abi_major, head->abi_minor, RR_PLUGIN_ABI_MAJOR,
                          RR_PLUGIN_ABI_MINOR);
    }
    if (head->size < DESCRIPTOR_MIN || head->size > DESCRIPTOR_MAX) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "its descriptor says a size of %u bytes, possible are %zu to %d: rebuild "
                          "it, and set .size by RR_PLUGIN() only",
                          head->size, DESCRIPTOR_MIN, DESCRIPTOR_MAX);
    }
    return 0;
}

static int
check_names(const struct rr_plugin *api, const char *file_name, struct rr_err *err)
{
    if (api->name == NULL || !text_is_name(api->name)) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "its name \"%.60s\" is not lower-case letters, digits and _ (at most %d)",
                          api->name == NULL ? "" : api->name, TEXT_NAME_MAX);
    }
    if (file_name != NULL && strcmp(api->name, file_name) != 0) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "its descriptor says name \"%s\", its file says \"%.60s\": rename one of "
                          "them",
                          api->name, file_name);
    }
    if (api->version == NULL || api->version[0] == '\0') {
        return rr_err_set(err, RR_E_PLUGIN, "it states no version: set .version");
    }
    if (api->summary == NULL || api->summary[0] == '\0') {
        return rr_err_set(err, RR_E_PLUGIN, "it states no summary: set .summary to one line");
    }
    return 0;
}

static int
check_option(const struct plugin *plugin, size_t index, struct rr_err *err)
{
    const struct rr_opt *row = plugin_option(plugin, index);
    struct text_value ignored;

    if (!text_is_name(row->key)) {
        return rr_err_set(err, RR_E_PLUGIN, "option %zu: key \"%.60s\" is not a lower-case name",
                          index, row->key);
    }
    if (row->type < RR_OPT_STRING || row->type > RR_OPT_LIST) {
        return rr_err_set(err, RR_E_PLUGIN, "option \"%s\": unknown type %u", row->key, row->type);
    }
    if ((row->flags & ~RR_OPT_REQUIRED) != 0) {
        return rr_err_set(err, RR_E_PLUGIN, "option \"%s\": unknown flags 0x%x", row->key,
                          row->flags);
    }
    if (row->help == NULL || row->help[0] == '\0') {
        return rr_err_set(err, RR_E_PLUGIN, "option \"%s\": it has no help text", row->key);
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(plugin_option(plugin, i)->key, row->key) == 0) {
            return rr_err_set(err, RR_E_PLUGIN, "option \"%s\" is declared twice", row->key);
        }
    }
    if ((row->flags & RR_OPT_REQUIRED) != 0) {
        return row->fallback == NULL
                   ? 0
                   : rr_err_set(err, RR_E_PLUGIN,
                                "option \"%s\" is required and has a default: drop one", row->key);
    }
    if (row->fallback == NULL) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "option \"%s\" has no default: give one or flag it RR_OPT_REQUIRED",
                          row->key);
    }
    if (text_opt_value(row, row->fallback, &ignored, err) != 0) {
        rr_err_wrap(err, "option \"%s\": default", row->key);
        err->code = RR_E_PLUGIN;
        return RR_E_PLUGIN;
    }
    return 0;
}

static int
check_options(struct plugin *plugin, struct rr_err *err)
{
    const uint32_t row_bytes = plugin->api.opt_size;

    plugin->n_options = 0;
    if (plugin->api.options == NULL) {
        return 0;
    }
    if (row_bytes < sizeof(struct rr_opt) || row_bytes > DESCRIPTOR_MAX) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "its option rows have %u bytes, possible are %zu to %d: set .opt_size by "
                          "RR_PLUGIN() only",
                          row_bytes, sizeof(struct rr_opt), DESCRIPTOR_MAX);
    }
    while (plugin_option(plugin, plugin->n_options)->key != NULL) {
        if (plugin->n_options == OPTIONS_MAX) {
            return rr_err_set(err, RR_E_PLUGIN,
                              "its option table has more than %d rows: end it with RR_OPT_END",
                              OPTIONS_MAX);
        }
        const int rc = check_option(plugin, plugin->n_options, err);
        if (rc != 0) {
            return rc;
        }
        plugin->n_options++;
    }
    return 0;
}

static int
check_field(const struct rr_event_type *type, size_t index, struct rr_err *err)
{
    const struct rr_field *field = &type->fields[index];

    if (text_field_kind(field->kind) == NULL) {
        return rr_err_set(err, RR_E_PLUGIN, "event %s: field %.60s has unknown kind %u", type->name,
                          field->name, field->kind);
    }
    if (field->offset > type->struct_size || type->struct_size - field->offset < 8) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "event %s: field %.60s lies at %u, outside its struct of %u bytes",
                          type->name, field->name, field->offset, type->struct_size);
    }
    if (field->unit == NULL || field->help == NULL || field->help[0] == '\0') {
        return rr_err_set(err, RR_E_PLUGIN, "event %s: field %.60s has no help text", type->name,
                          field->name);
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(type->fields[i].name, field->name) == 0) {
            return rr_err_set(err, RR_E_PLUGIN, "event %s: field %.60s is declared twice",
                              type->name, field->name);
        }
    }
    return 0;
}

static int
check_type(const struct rr_event_type *type, struct rr_err *err)
{
    if (type->size < sizeof *type || type->size > DESCRIPTOR_MAX) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "an event type says a size of %u bytes, expected %zu: declare it with "
                          "RR_EVENT_TYPE()",
                          type->size, sizeof *type);
    }
    if (type->name == NULL || !text_is_type(type->name) ||
        (type->alias != NULL && !text_is_type(type->alias))) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "event type \"%.60s\": names are upper-case letters, digits and _",
                          type->name == NULL ? "" : type->name);
    }
    if (type->version == 0 || type->fields == NULL) {
        return rr_err_set(err, RR_E_PLUGIN, "event %s: no version or no field table", type->name);
    }
    for (size_t i = 0; type->fields[i].name != NULL; i++) {
        if (i == FIELDS_MAX) {
            return rr_err_set(err, RR_E_PLUGIN,
                              "event %s: more than %d fields; is the end of the table missing?",
                              type->name, FIELDS_MAX);
        }
        const int rc = check_field(type, i, err);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int
check_ports(const struct rr_port *ports, const char *which, struct rr_err *err)
{
    for (size_t i = 0; ports != NULL && ports[i].type != NULL; i++) {
        if (i == PORTS_MAX) {
            return rr_err_set(err, RR_E_PLUGIN,
                              "%s: more than %d event types; is the end of the table missing?",
                              which, PORTS_MAX);
        }
        if (ports[i].flags != 0) {
            return rr_err_set(err, RR_E_PLUGIN, "%s: row %zu has unknown flags 0x%x", which, i,
                              ports[i].flags);
        }
        const int rc = check_type(ports[i].type, err);
        if (rc != 0) {
            rr_err_wrap(err, "%s", which);
            return rc;
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(ports[k].type->name, ports[i].type->name) == 0) {
                return rr_err_set(err, RR_E_PLUGIN, "%s: event %s is listed twice", which,
                                  ports[i].type->name);
            }
        }
    }
    return 0;
}

static int
check_callbacks(const struct rr_plugin *api, struct rr_err *err)
{
    if (api->consumes != NULL && api->consumes[0].type != NULL && api->event == NULL) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "it consumes events and has no .event callback to handle them");
    }
    if (api->event == NULL && api->idle == NULL) {
        return rr_err_set(err, RR_E_PLUGIN, "it has neither .event nor .idle: it could do nothing");
    }
    if (api->flags != 0) {
        return rr_err_set(err, RR_E_PLUGIN, "its descriptor has unknown flags 0x%x", api->flags);
    }
    return 0;
}

const struct rr_opt *
plugin_option(const struct plugin *plugin, size_t i)
{
    const char *rows = (const char *)(const void *)plugin->api.options;
    return (const struct rr_opt *)(const void *)(rows + i * plugin->api.opt_size);
}

int
load_check_descriptor(const void *symbol, const char *file_name, struct plugin *out,
                      struct rr_err *err)
{
    /* Only the members that never move may be looked at before the size is known to be sane. */
    struct rr_plugin head;
    memset(&head, 0, sizeof head);
    memcpy(&head, symbol, offsetof(struct rr_plugin, opt_size));
    int rc = check_versions(&head, err);
    if (rc != 0) {
        return rc;
    }
    memset(&out->api, 0, sizeof out->api);
    memcpy(&out->api, symbol, head.size < sizeof out->api ? head.size : sizeof out->api);

    rc = check_names(&out->api, file_name, err);
    if (rc == 0) {
        rc = check_options(out, err);
    }
    if (rc == 0) {
        rc = check_ports(out->api.consumes, "consumes", err);
    }
    if (rc == 0) {
        rc = check_ports(out->api.produces, "produces", err);
    }
    return rc != 0 ? rc : check_callbacks(&out->api, err);
}
