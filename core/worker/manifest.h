/* SPDX-License-Identifier: MIT */
/*
 * manifest.h - what a plugin says about itself, as JSON.
 */
#ifndef RR_WORKER_MANIFEST_H
#define RR_WORKER_MANIFEST_H

#include "core/worker/load.h"

#include <jansson.h>

/*
 * Describe a plugin:
 *
 *     {name,version,summary,abi:"1.0",sha256,
 *      options:[{key,type:"duration",flags,fallback:text|null,range,help}],
 *      consumes:[{type,alias:text|null,version,fields:[{name,kind:"u64",unit,help}]}],
 *      produces:[...],callbacks:["check","init",...]}
 *
 * Texts that are not UTF-8 have question marks in their place. Returns a new reference.
 */
json_t *manifest_new(const struct plugin *plugin);

#endif
