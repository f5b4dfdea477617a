/* SPDX-License-Identifier: MIT */
/*
 * manifest.c - read what a plugin declares; judge payloads by it.
 */
#include "core/rrd/manifest.h"

#include "core/common/jget.h"
#include "core/common/mem.h"
#include "core/common/text.h"

#include <rr/event.h>

#include <stdlib.h>
#include <string.h>

static int
parse_field(struct manifest_field *field, const json_t *row, struct rr_err *err)
{
    const char *kind = jget_text(row, "kind");

    field->name = jget_text(row, "name");
    field->unit = jget_text(row, "unit");
    for (uint32_t k = RR_FIELD_STR; kind != NULL && k <= RR_FIELD_JSON; k++) {
        field->kind = strcmp(kind, text_field_kind(k)) == 0 ? k : field->kind;
    }
    if (field->name == NULL || field->kind == 0) {
        return rr_err_set(err, RR_E_PLUGIN, "its manifest has a field without name or kind");
    }
    return 0;
}

static int
parse_port(struct manifest_port *port, const json_t *row, struct rr_err *err)
{
    const json_t *fields = json_object_get(row, "fields");

    port->type = jget_text(row, "type");
    port->alias = jget_text(row, "alias");
    port->version = jget_int(row, "version");
    if (port->type == NULL || !text_is_type(port->type) ||
        (port->alias != NULL && !text_is_type(port->alias))) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "event type \"%.70s\" is not a name in upper case of at most %d letters, "
                          "digits and _",
                          port->type == NULL ? "" : port->type, TEXT_TYPE_MAX);
    }
    port->n_fields = json_array_size(fields);
    port->fields = mem_zalloc(port->n_fields, sizeof *port->fields);
    for (size_t i = 0; i < port->n_fields; i++) {
        const int rc = parse_field(&port->fields[i], json_array_get(fields, i), err);

        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int
parse_ports(struct manifest_port **ports, size_t *n, const json_t *rows, struct rr_err *err)
{
    *n = json_array_size(rows);
    *ports = mem_zalloc(*n, sizeof **ports);
    for (size_t i = 0; i < *n; i++) {
        const int rc = parse_port(&(*ports)[i], json_array_get(rows, i), err);

        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static uint32_t
option_type(const char *name)
{
    for (uint32_t t = RR_OPT_STRING; name != NULL && t <= RR_OPT_LIST; t++) {
        if (strcmp(name, text_opt_type(t)) == 0) {
            return t;
        }
    }
    return 0;
}

static int
parse_options(struct manifest *m, const json_t *rows, struct rr_err *err)
{
    m->n_options = json_array_size(rows);
    m->options = mem_zalloc(mem_add(m->n_options, 1), sizeof *m->options);
    for (size_t i = 0; i < m->n_options; i++) {
        const json_t *row = json_array_get(rows, i);
        struct rr_opt *opt = &m->options[i];

        opt->key = jget_text(row, "key");
        opt->type = option_type(jget_text(row, "type"));
        opt->flags = (uint32_t)jget_int(row, "flags");
        opt->fallback = jget_text(row, "fallback");
        opt->range = jget_text(row, "range");
        opt->help = jget_text(row, "help");
        if (opt->key == NULL || opt->type == 0) {
            return rr_err_set(err, RR_E_PLUGIN, "its manifest has an option without key or type");
        }
    }
    return 0;
}

int
manifest_parse(struct manifest *m, const char *text, size_t n, struct rr_err *err)
{
    int rc = 0;

    memset(m, 0, sizeof *m);
    m->doc = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
    m->name = jget_text(m->doc, "name");
    m->version = jget_text(m->doc, "version");
    m->summary = jget_text(m->doc, "summary");
    if (m->name == NULL || m->version == NULL) {
        rc = rr_err_set(err, RR_E_PLUGIN, "rrd-worker printed no manifest for it");
    }
    if (rc == 0) {
        rc = parse_options(m, json_object_get(m->doc, "options"), err);
    }
    if (rc == 0) {
        rc = parse_ports(&m->consumes, &m->n_consumes, json_object_get(m->doc, "consumes"), err);
    }
    if (rc == 0) {
        rc = parse_ports(&m->produces, &m->n_produces, json_object_get(m->doc, "produces"), err);
    }
    if (rc != 0) {
        manifest_fini(m);
    }
    return rc;
}

static void
free_ports(struct manifest_port *ports, size_t n)
{
    for (size_t i = 0; ports != NULL && i < n; i++) {
        free(ports[i].fields);
    }
    free(ports);
}

void
manifest_fini(struct manifest *m)
{
    free_ports(m->consumes, m->n_consumes);
    free_ports(m->produces, m->n_produces);
    free(m->options);
    json_decref(m->doc);
    memset(m, 0, sizeof *m);
}

const struct manifest_port *
manifest_port(const struct manifest_port *ports, size_t n, const char *type)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(ports[i].type, type) == 0 ||
            (ports[i].alias != NULL && strcmp(ports[i].alias, type) == 0)) {
            return &ports[i];
        }
    }
    return NULL;
}

bool
manifest_offers(const struct manifest *m, const char *callback)
{
    const json_t *name;
    size_t i;

    json_array_foreach(json_object_get(m->doc, "callbacks"), i, name) {
        if (json_is_string(name) && strcmp(json_string_value(name), callback) == 0) {
            return true;
        }
    }
    return false;
}

static bool
fits(uint32_t kind, const json_t *value)
{
    switch (kind) {
    case RR_FIELD_STR:
        return json_is_string(value);
    case RR_FIELD_U64:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case RR_FIELD_I64:
        return json_is_integer(value);
    case RR_FIELD_F64:
        return json_is_number(value);
    case RR_FIELD_BOOL:
        return json_is_boolean(value);
    default:
        return true;
    }
}

int
manifest_check_payload(const struct manifest_port *port, const json_t *payload, struct rr_err *err)
{
    if (!json_is_object(payload)) {
        return rr_err_set(err, RR_E_INPUT, "the payload of %s is not a JSON object", port->type);
    }
    for (size_t i = 0; i < port->n_fields; i++) {
        const json_t *value = json_object_get(payload, port->fields[i].name);

        if (value == NULL) {
            return rr_err_set(err, RR_E_INPUT, "the payload of %s lacks the field \"%s\"",
                              port->type, port->fields[i].name);
        }
        if (!fits(port->fields[i].kind, value)) {
            return rr_err_set(err, RR_E_INPUT, "field \"%s\" of %s is not of kind %s",
                              port->fields[i].name, port->type,
                              text_field_kind(port->fields[i].kind));
        }
    }
    if (json_object_size(payload) != port->n_fields) {
        const char *key;
        const json_t *value;

        json_object_foreach((json_t *)(uintptr_t)payload, key, value) {
            size_t i = 0;

            (void)value;
            while (i < port->n_fields && strcmp(port->fields[i].name, key) != 0) {
                i++;
            }
            if (i == port->n_fields) {
                return rr_err_set(err, RR_E_INPUT, "%s has no field \"%.60s\"", port->type, key);
            }
        }
    }
    return 0;
}
