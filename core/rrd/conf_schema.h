/* SPDX-License-Identifier: MIT */
/*
 * conf_schema.h - the core's own keys, as option tables like those of plugins.
 */
#ifndef RR_CORE_CONF_SCHEMA_H
#define RR_CORE_CONF_SCHEMA_H

#include "core/common/text.h"

extern const struct rr_opt conf_core_keys[];  /* of [core] */
extern const struct rr_opt conf_stage_keys[]; /* of every [stage NAME] */

/* Flags of these rows, for a reload. */
#define CONF_LIVE 0x10000u  /* of a stage: its worker need not know when it changes */
#define CONF_FIXED 0x20000u /* of the core: taken when the daemon starts */

/* The row of a key, or NULL. */
const struct rr_opt *conf_schema_find(const struct rr_opt *rows, const char *key);

/* The key that was meant (text_hint), among those of two tables. more may be NULL. */
const char *conf_schema_hint(const char *key, const struct rr_opt *rows, const struct rr_opt *more,
                             char buf[TEXT_HINT_BYTES]);

#endif
