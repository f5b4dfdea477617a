/* SPDX-License-Identifier: MIT */
/*
 * init.h - make the directory of a daemon, with the default configuration in it.
 */
#ifndef RR_CORE_RRCTL_INIT_H
#define RR_CORE_RRCTL_INIT_H

#include "core/common/text.h"
#include "core/rrctl/rrctl.h"

/* Tell whether a directory has a conf.d. */
bool init_is_done(const char *dir);

/*
 * Make dir and its conf.d from the default configuration, then apply every `stage.key=value` of
 * sets to the copied files.
 *
 * A conf.d that is there is never touched (RR_E_BUSY). It appears complete or not at all.
 */
int init_make(const struct paths *paths, const char *dir, const struct text_list *sets,
              struct rr_err *err);

#endif
