/* SPDX-License-Identifier: MIT */
/*
 * reload.h - another configuration for the running daemon, wholly or not at all.
 *
 *     checking:  a process of its own runs the whole check, plugins included; problems end it here
 *        |
 *     stopping:  what goes or changes ends (it drains); the rest runs on
 *        |
 *     swap:      the new configuration is the configuration, in one turn of the loop
 *        |
 *     starting:  what is new or changed starts; when all is ready, that was it
 *        |
 *     watching:  only of an upgrade (upgrade.h): until it has passed its trial
 *        |  one of them dies, fails, or is not ready in time
 *     undoing:   stopping and starting the other way: the old configuration is back
 */
#ifndef RR_CORE_RELOAD_H
#define RR_CORE_RELOAD_H

#include "core/rrd/ctl.h"
#include "core/rrd/rrd.h"

struct reload;
struct upgrade;

/*
 * Begin to reload. later (NULL: only the log hears) is answered at the end: {"plan": …}, or why it
 * was not done. is_dry ends after the check, with the plan. With an upgrade (else NULL) it is that
 * instead, and the answer what it did.
 *
 * Returns 0, or RR_E_BUSY when one is under way or the daemon stops.
 */
int reload_begin(struct rrd *rrd, bool is_dry, struct upgrade *upgrade_take,
                 struct ctl_later *later, struct rr_err *err);

/* Each turn of the loop: go on where something was waited for. */
void reload_turn(struct rrd *rrd);

/* What it does now, "" for nothing. */
const char *reload_phase(const struct rrd *rrd);

/* Whether one is about to stop or start this stage, so that nobody else may let ev happen to it. */
bool reload_has(const struct stage *stage, enum sup_event ev);

/* Whether one is under way that is no dry run. */
bool reload_is_on(const struct rrd *rrd);

#endif
