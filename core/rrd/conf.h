/* SPDX-License-Identifier: MIT */
/*
 * conf.h - the validated configuration.
 *
 * conf_load() does all that a start needs to know and changes nothing on disk; `rrd --check` and a
 * start run exactly the same code. All problems are collected: bytes, syntax, the core's keys,
 * plugins, their options, their own check callbacks, the graph.
 */
#ifndef RR_CORE_CONF_H
#define RR_CORE_CONF_H

#include "core/common/ini.h"
#include "core/common/paths.h"
#include "core/common/text.h"
#include "core/rrd/graph.h"
#include "core/rrd/manifest.h"
#include "core/rrd/slots.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct conf_slot {
    char *name;
    int64_t total;
};

struct conf_stage {
    char *name;
    char *place;                     /* of its section */
    const char *plugin;              /* borrowed from values or name */
    char *file;                      /* of the plugin; NULL when not found */
    char hash[65];                   /* of the file's content, SHA-256 in hex */
    const struct manifest *manifest; /* NULL when the file could not be probed */
    bool is_enabled;
    struct text_list needs, after, waits;
    struct slots_need *slots;
    size_t n_slots;
    int64_t start_limit_ms, ping_limit_ms, progress_limit_ms, event_limit_ms, stop_limit_ms,
        term_limit_ms;
    int64_t retry_delay_ms, restart_delay_ms, restart_max_ms;
    int64_t attempts, niceness, breaker, credit, queue_high, queue_low;
    int64_t memory_limit_bytes, process_limit, open_files, core_size_bytes;
    char *user; /* NULL: the daemon's own */
    struct text_list cpu;
    json_t *values; /* every key, also of the plugin, as those of the core */
    bool is_bad;    /* it has a problem already: later checks are left out */
};

struct conf {
    char *dir; /* absolute */
    const struct paths *paths;
    struct text_list plugin_dirs; /* absolute; the built-in one is last */
    char *plugin_path;            /* the same, separated by colons */
    struct conf_slot *slots;
    size_t n_slots;
    int64_t retain_events, store_size, disk_reserve, log_size, log_files;
    const char *log_level; /* borrowed from values */
    int64_t control_gid;   /* -1: none */
    json_t *values;        /* of [core], {key: {"value", "origin"}} (ini.h); an origin is "default",
                            * "conf.d/10-a.ini:3" or "command line" */
    struct conf_stage *stages;
    size_t n_stages;
    struct probe *plugins; /* the files of all stages, each once (probe.h) */
    size_t n_plugins;
    struct graph graph;
    struct text_list problems, warnings;
    size_t n_load_problems; /* of the problems: plugins that cannot be loaded */
    size_t n_passing;       /* of the problems: of this moment, as time or memory that was short */
};

/*
 * Read and check everything. sets is a list of "stage.key=value".
 *
 * Returns 0, or RR_E_CONFIG when there are problems. The conf must be freed in every case.
 */
int conf_load(struct conf *conf, const char *dir, const struct paths *paths,
              const struct text_list *sets);
void conf_free(struct conf *conf);

/* The exit status for what conf_load found: 0, 69 when there is nothing but plugins that cannot be
 * loaded, else 78. */
int conf_status(const struct conf *conf);

/* Index of a stage, -1 when there is none. */
long conf_stage_index(const struct conf *conf, const char *name);

/* The words of a list as JSON. New reference. */
json_t *conf_list_json(const struct text_list *list);

/* What the worker of a stage with a manifest is told in its CONFIG frame. New reference. */
json_t *conf_stage_json(const struct conf *conf, const struct conf_stage *stage);

/* The group that may write to data/: that of the first stage with a user of its own; -1 when none
 * has one. A folder has one group, whoever starts last. */
gid_t conf_data_gid(const struct conf *conf);

/* Environment of worker processes: this process's own with the kit's directory in front of
 * LD_LIBRARY_PATH, RR_PLUGIN_PATH and one compute thread by default. */
void conf_env(const struct conf *conf, struct text_list *env);

/* Where the installed file of a plugin is, in a new string; NULL when there is none. */
char *conf_installed_new(const struct conf *conf, const char *plugin);

/* Have that file stand for the plugin of a stage: one with the same content, or one that was put in
 * place of the installed one by rrctl upgrade. */
void conf_stage_use(struct conf_stage *stage, char *file_take);
#define CONF_BY_UPGRADE "rrctl upgrade" /* the origin that it gets */

/* For conf.c: find plugins, learn what they declare, check options against it (conf_plugin.c). */
void conf_plugins(struct conf *conf);

#endif
