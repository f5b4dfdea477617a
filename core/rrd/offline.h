/* SPDX-License-Identifier: MIT */
/*
 * offline.h - what rrd does without running stages: check, dump, help.
 */
#ifndef RR_CORE_OFFLINE_H
#define RR_CORE_OFFLINE_H

#include "core/rrd/conf.h"
#include "core/rrd/options.h"

/* Print problems and warnings to standard error. */
void offline_complain(const struct conf *conf);

/* After --check, with a good configuration. */
void offline_check(const struct conf *conf, const struct options *opt);

/* The same as one JSON object, good or not: {ok,problems,warnings,graph?,effective?}. */
void offline_check_json(const struct conf *conf, const struct options *opt);

/* Print the options of a stage or plugin. Returns an exit status. */
int offline_help(const struct conf *conf, const char *name, bool wants_json);

/* Print stored events; type NULL for all. The daemon must not run. Returns an exit status. */
int offline_dump(const char *dir, const char *type);

#endif
