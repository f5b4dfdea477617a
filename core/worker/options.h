/* SPDX-License-Identifier: MIT */
/*
 * options.h - the values of a plugin's options inside the worker.
 */
#ifndef RR_WORKER_OPTIONS_H
#define RR_WORKER_OPTIONS_H

#include "core/common/text.h"
#include "core/worker/load.h"

#include <jansson.h>

struct stage_option {
    const struct rr_opt *row; /* of the plugin */
    struct text_value value;
};

struct options {
    struct stage_option *v;
    size_t n;
    json_t *texts; /* what the values borrow from */
};

/*
 * Take the values of all options from a JSON object of texts, as the daemon sends them: every key
 * of the table, no other. Options that the object leaves out get their default. The object is kept,
 * and must not change.
 *
 * Returns 0 or RR_E_CONFIG: unknown key, required key absent, value not of the declared type.
 */
int options_init(struct options *o, const struct plugin *plugin, json_t *texts, struct rr_err *err);

void options_fini(struct options *o);

/* Find an option, NULL when the plugin declares none of that name. */
const struct stage_option *options_find(const struct options *o, const char *key);

#endif
