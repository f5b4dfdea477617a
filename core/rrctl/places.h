/* SPDX-License-Identifier: MIT */
/*
 * places.h - the programs and files that belong to this rrctl.
 *
 * Run from a build tree everything comes from there; installed, from the directories that were
 * compiled in.
 */
#ifndef RR_CORE_RRCTL_PLACES_H
#define RR_CORE_RRCTL_PLACES_H

#include "core/common/paths.h"
#include "core/common/text.h"

#include <rr/err.h>

/* Path of the daemon's executable in a new string; NULL with *err filled when it is not there. */
char *places_rrd_new(const struct paths *paths, struct rr_err *err);

/* Path of the program rrctl-NAME in a new string; NULL when there is none. */
char *places_external_new(const struct paths *paths, const char *name);

/* Folder of the default configuration ("conf.d") and of the plugin template ("template"). */
const char *places_data(const struct paths *paths);

/* Add the NAME of every rrctl-NAME that can be run, in order of names. */
void places_list_externals(const struct paths *paths, struct text_list *names);

/*
 * Set RR_DIR, RR_CTL (this program), RR_PLUGIN_PATH and LD_LIBRARY_PATH of this process for a
 * program of ours that is about to be executed. core.plugin_path of the directory's configuration
 * is searched first.
 */
int places_set_env(const struct paths *paths, const char *dir, struct rr_err *err);

#endif
