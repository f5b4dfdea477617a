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

/* --check: problems, and of a good configuration what was asked for; or with --json all as one
 * object, {ok, problems, warnings, graph?, effective?}. Returns an exit status. */
int offline_check(const struct conf *conf, const struct options *opt);

/* --help-stage: the options of a stage or plugin. Returns an exit status. */
int offline_help(const struct conf *conf, const struct options *opt);

/* Print stored events; type NULL for all. The daemon must not run. Returns an exit status. */
int offline_dump(const char *dir, const char *type);

#endif
