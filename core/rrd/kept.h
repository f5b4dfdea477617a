/* SPDX-License-Identifier: MIT */
/*
 * kept.h - plugin files that run in place of the installed ones, and the record that says so.
 *
 *     D/state/upgrades/HASH/NAME.so    the files
 *     D/state/upgrades/record.json     {STAGE: {"plugin", "hash", "installed", "previous", "from",
 *                                      "time_ms"}}
 *
 * An entry holds while the installed file is the one of its making ("installed", a hash): a file
 * that is installed later wins. The record is replaced as a whole, after the files that it names
 * are durable, so whoever dies in between, a start finds one version or the other.
 */
#ifndef RR_CORE_KEPT_H
#define RR_CORE_KEPT_H

#include "core/common/sha256.h"
#include "core/rrd/conf.h"

#include <rr/err.h>

#include <jansson.h>

/* Read the record of a directory; {} when there is none. NULL with *err filled when it is damaged.
 */
json_t *kept_load(const char *dir, struct rr_err *err);

/* Make entries {STAGE: entry} durable, all of them or none: that a start runs hash for a stage, as
 * long as the file with the hash installed is the installed one. previous and from are "" when
 * there is nothing to go back to. */
int kept_set(const char *dir, json_t *entries_take, struct rr_err *err);

/* The hash that a start runs for a stage by its entry; NULL when the installed file counts. */
const char *kept_hash(const json_t *record, const char *stage, const char *plugin,
                      const char *installed);

/* Where the file with that hash is, or would be. */
char *kept_path_new(const char *dir, const char *hash, const char *plugin);

/* Copy a file with that very hash to its place. Returns 0, -ESTALE when it has another one, or
 * another negative errno. */
int kept_copy(const char *dir, const char *from, const char *hash, const char *plugin,
              struct rr_err *err);

/* Remove the files that neither an entry nor a stage of conf, the configuration in force, names,
 * and what a copy that was cut short has left. */
void kept_prune(const struct conf *conf);

#endif
