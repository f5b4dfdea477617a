/* SPDX-License-Identifier: MIT */
/*
 * manifest.h - what a plugin declares, as `rrd-worker --probe` told it.
 */
#ifndef RR_CORE_MANIFEST_H
#define RR_CORE_MANIFEST_H

#include <rr/err.h>
#include <rr/opt.h>

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct manifest_field {
    const char *name;
    uint32_t kind; /* RR_FIELD_* */
    const char *unit;
};

/* An event type that the plugin consumes or produces. */
struct manifest_port {
    const char *type;
    const char *alias; /* NULL for none */
    int64_t version;
    struct manifest_field *fields;
    size_t n_fields;
};

struct manifest {
    json_t *doc; /* owns every text below */
    const char *name, *version, *summary;
    struct rr_opt *options; /* ends with {0} */
    size_t n_options;
    struct manifest_port *consumes, *produces;
    size_t n_consumes, n_produces;
};

/* Read the JSON text of a probe. Returns 0 or RR_E_PLUGIN. */
int manifest_parse(struct manifest *m, const char *text, size_t n, struct rr_err *err);
void manifest_fini(struct manifest *m);

/* The port of a type or its alias, NULL when the plugin has none. */
const struct manifest_port *manifest_port(const struct manifest_port *ports, size_t n,
                                          const char *type);

/* Whether the plugin has a callback, "check" for instance. */
bool manifest_offers(const struct manifest *m, const char *callback);

/* Check a payload against a port: every declared field there, of its kind, and no other.
 * Returns 0 or RR_E_INPUT with a message that names the field. */
int manifest_check_payload(const struct manifest_port *port, const json_t *payload,
                           struct rr_err *err);

#endif
