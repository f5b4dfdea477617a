/* SPDX-License-Identifier: MIT */
/*
 * load.h - turn a file into a checked plugin.
 *
 * Every check has its own message, which names both sides and what to do. dlclose is never used:
 * to unload a plugin is to end the process.
 */
#ifndef RR_WORKER_LOAD_H
#define RR_WORKER_LOAD_H

#include <rr/plugin.h>

#include "core/common/sha256.h"
#include "core/worker/rights.h"

#include <stddef.h>
#include <stdint.h>

/* A loaded plugin. Nothing here is ever freed: it is part of the process image. */
struct plugin {
    struct rr_plugin api; /* what the plugin says, zero where its minor does not know a member */
    char sha256[SHA256_HEX_BYTES];
    size_t n_options;
    int n_threads; /* of this process when it was loaded */
};

/*
 * Load a plugin file.
 *
 * With state_dir the file is copied to state_dir/plugins/NAME-HASH.so and opened there, so that
 * replacing the original does not disturb this process; NULL opens the file itself. With rights
 * this process drops them before any code of the plugin runs. The descriptor, option table and
 * event tables are checked in full. Returns 0 or RR_E_PLUGIN.
 */
int load_plugin(const char *path, const char *state_dir, const struct rights *rights,
                struct plugin *out, struct rr_err *err);

/* Row i of the option table, with the row size that the plugin was compiled with. */
const struct rr_opt *plugin_option(const struct plugin *plugin, size_t i);

/* Check what a descriptor says, without the file around it. file_name is what .name must be, NULL
 * for any. Fills out->api and out->n_options. Part of load_plugin; public for rr/test.h's sake and
 * the tests. Returns 0 or RR_E_PLUGIN. */
int load_check_descriptor(const void *symbol, const char *file_name, struct plugin *out,
                          struct rr_err *err);

#endif
