/* SPDX-License-Identifier: MIT */
/*
 * upgrade.h - another plugin file for stages of the running daemon, on trial before it is kept.
 *
 * It is a reload (reload.h) of nothing but plugin files, with a phase more: when the new workers
 * are ready they are watched, and at the first fault the old file, by its hash, is back. What a
 * worker on trial has failed at stays in the queue where it was, and costs it no attempt. Until the
 * new file is kept, a start of the daemon runs the old one.
 */
#ifndef RR_CORE_UPGRADE_H
#define RR_CORE_UPGRADE_H

#include "core/rrd/plan.h"
#include "core/rrd/rrd.h"

struct upgrade;

/*
 * What the arguments of the command ask for: {"name": stage or plugin, "file" or "undo": true,
 * "watch_events", "watch_ms"}.
 *
 * Returns 0 or why it cannot be.
 */
int upgrade_new(const struct rrd *rrd, const json_t *args, struct upgrade **out,
                struct rr_err *err);
void upgrade_free(struct upgrade *u);

/* Add what the configuration needs for a check with the new files. */
void upgrade_sets(const struct upgrade *u, struct text_list *sets);

/* The check found next good: see that nothing else changes, and have both files in place. */
int upgrade_prepare(struct upgrade *u, struct conf *now, struct conf *next, const struct plan *plan,
                    struct rr_err *err);

/* The workers that are started now are on trial, or are no more. */
void upgrade_try(const struct upgrade *u, bool is_on);

/* 1: all have passed; 0: not yet; -1: one has not, why says how. */
int upgrade_judge(const struct upgrade *u, char *why, size_t cap);

/* From now on a start of the daemon runs the new files, of all stages or of none. */
int upgrade_keep(const struct upgrade *u, struct rr_err *err);

/* It is over, whatever came of it: no worker is on trial, and files that nobody needs go.
 * is_undone: new files were in place. Nothing for NULL. */
void upgrade_end(const struct upgrade *u, bool is_undone);

/* {"stages": [{"stage", "plugin", "was", "hash", "from", "events"}]} */
json_t *upgrade_json_new(const struct upgrade *u);

/* All that were kept, of whatever stages: [{"stage", "plugin", "hash", …, "is_used"}]. NULL with
 * *err filled when the record is damaged. */
json_t *upgrade_list_new(const struct rrd *rrd, struct rr_err *err);

/* Have a stage run the file that its configuration was checked with, whatever the installed one is
 * now; and a start of the daemon too, if it would run the file with the hash bad. */
int upgrade_pin(struct conf *conf, struct conf_stage *s, const char *bad, struct rr_err *err);

/* A worker on trial did something that ends the trial; nothing for others. */
void upgrade_fault(struct stage *stage, const char *why);
/* Its trial is lost already: what it says of events does not count any more. */
bool upgrade_has_failed(const struct stage *stage);

#endif
