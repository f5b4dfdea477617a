/* SPDX-License-Identifier: MIT */
/*
 * plugins.h - `rrd --plugin-check` and `rrd --plugin-list`: look at plugin files without running
 * stages.
 */
#ifndef RR_CORE_PLUGINS_H
#define RR_CORE_PLUGINS_H

#include "core/rrd/conf.h"
#include "core/rrd/options.h"

/* Judge one file and print the findings. Needs no configuration. Returns an exit status. */
int plugins_check(const struct paths *paths, const struct options *opt);

/* List what lies on the plugin path, and which stages use it. Returns an exit status. */
int plugins_list(const struct conf *conf, bool is_json);

#endif
