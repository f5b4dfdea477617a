/* SPDX-License-Identifier: MIT */
/*
 * conf_schema.c - the tables of the core's own keys. rrd.conf.5 lists them (`make docs`).
 */
#include "core/rrd/conf_schema.h"

#include <string.h>

const struct rr_opt conf_core_keys[] = {
    {"plugin_path", RR_OPT_LIST, 0, "", "",
     "Directories with plugins of your own, searched in this order before the built-in one; a "
     "relative one begins at the daemon's directory."},
    {"slots", RR_OPT_LIST, 0, "cpu:auto", "",
     "Slots that stages share, as name:count; auto is the number of processors."},
    {"retain_events", RR_OPT_INT, CONF_FIXED, "200000", "100..",
     "Events that the log keeps; older ones go when no queue needs them any more."},
    {"store_size", RR_OPT_SIZE, CONF_FIXED, "16GiB", "16MiB..1024GiB",
     "Most that the store may grow to; the space is not taken before it is needed."},
    {"disk_reserve", RR_OPT_SIZE, CONF_FIXED, "64MiB", "0B..1024GiB",
     "Free space on the disk of the store below which new events wait, so that events that are "
     "being handled can still be ended."},
    {"log_level", RR_OPT_CHOICE, 0, "info", "error|warn|info|debug",
     "Least important lines that are written to the log."},
    {"log_size", RR_OPT_SIZE, CONF_FIXED, "10MiB", "64KiB..1GiB",
     "Size at which a log file is renamed and a new one begun."},
    {"log_files", RR_OPT_INT, CONF_FIXED, "10", "1..100", "Log files that are kept of each kind."},
    {"control_group", RR_OPT_STRING, CONF_FIXED, "", "",
     "Group whose members may use rrctl on this daemon, for all but upgrades; they must be "
     "able to enter the daemon's directory. Empty: only that user and root."},
    {"run_argument", RR_OPT_STRING, 0, "scheduler.configs", "",
     "Option that `rrctl run CONFIG` sets, as stage.key."},
    {"iteration_event", RR_OPT_STRING, 0, "EVALUATION_COMPLETED", "",
     "Event type that `rrctl run` counts as the end of an iteration."},
    {"report", RR_OPT_STRING, 0, "report", "",
     "Program rrctl-NAME that `rrctl run` runs at its end; empty for none."},
    RR_OPT_END};

const struct rr_opt conf_stage_keys[] = {
    {"plugin", RR_OPT_STRING, 0, "", "",
     "Plugin that the stage runs (file NAME.so); empty: the one with the name of the stage."},
    /* its name may change: a reload compares the content */
    {"plugin_file", RR_OPT_STRING, CONF_LIVE, "", "",
     "That file as the plugin, wherever it is: an absolute path that ends with the plugin's name "
     "and .so. Empty: the file is looked for in plugin_path."},
    {"enabled", RR_OPT_BOOL, CONF_LIVE, "yes", "",
     "no: the stage is checked, but neither started nor given events."},
    {"needs", RR_OPT_LIST, CONF_LIVE, "", "",
     "Stages that must be ready before this one starts, each time that it starts."},
    {"after", RR_OPT_LIST, CONF_LIVE, "", "",
     "Stages that must have been ready once before this one starts."},
    {"waits", RR_OPT_LIST, CONF_LIVE, "", "",
     "Stages whose start is waited for, whether it succeeds or not."},
    {"slots", RR_OPT_LIST, 0, "", "",
     "Slots that an event of this stage takes while it is handled, as name:count; the count may be "
     "all."},
    {"start_limit", RR_OPT_DURATION, CONF_LIVE, "60s", "1s..1d",
     "Time from the start of the process until it is ready; its progress reports begin it anew."},
    {"ping_limit", RR_OPT_DURATION, CONF_LIVE, "60s", "1s..1d",
     "Time without an answer to a ping after which the worker is ended and started again."},
    {"progress_limit", RR_OPT_DURATION, CONF_LIVE, "0s", "0s..7d",
     "Time without a sign of progress in a handler after which the worker is ended; 0s: no limit."},
    {"event_limit", RR_OPT_DURATION, CONF_LIVE, "0s", "0s..30d",
     "Time that the handling of one event may take in all; 0s: no limit."},
    {"stop_limit", RR_OPT_DURATION, CONF_LIVE, "10s", "100ms..1h",
     "Time that the worker has for a graceful stop; then it gets SIGTERM."},
    {"term_limit", RR_OPT_DURATION, CONF_LIVE, "10s", "100ms..1h",
     "Time from SIGTERM to SIGKILL, which goes to all that the worker has started."},
    {"attempts", RR_OPT_INT, CONF_LIVE, "5", "1..1000",
     "Attempts to handle an event before it is buried."},
    {"credit", RR_OPT_INT, 0, "1", "1..256",
     "Events that the worker may have at a time. It handles them one after another; more than one "
     "saves it the wait for the disk between two short events."},
    {"queue_high", RR_OPT_INT, CONF_LIVE, "100000", "0..",
     "Events in the queue of this stage from which on the stages that fill it wait; 0: no limit."},
    {"queue_low", RR_OPT_INT, CONF_LIVE, "0", "0..",
     "Events in the queue, once it was full, down to which they wait; 0: half of queue_high."},
    {"retry_delay", RR_OPT_DURATION, CONF_LIVE, "1s", "0ms..1h",
     "Delay before the second attempt; four times longer before each further one, at most 5 min."},
    {"restart_delay", RR_OPT_DURATION, CONF_LIVE, "200ms", "1ms..1h",
     "Delay before a worker that died is started again; doubles with every death."},
    {"restart_max", RR_OPT_DURATION, CONF_LIVE, "30s", "1ms..1d",
     "Longest delay before a new start; 60 s of being ready begin the delays anew."},
    {"niceness", RR_OPT_INT, 0, "0", "0..19",
     "Scheduling priority of the worker; 19 gives way most."},
    {"breaker", RR_OPT_INT, CONF_LIVE, "8", "2..1000",
     "Deaths in a row, without an event finished or 60 s of being ready, that open the breaker: "
     "then each new start is a trial, made after restart_max, until one succeeds."},
    {"memory_limit", RR_OPT_SIZE, CONF_LIVE, "0B", "0B..1024GiB",
     "Resident memory of the worker and its children, what they share counted for each, over which "
     "it is ended; 0B: no limit."},
    {"process_limit", RR_OPT_INT, CONF_LIVE, "256", "1..10000",
     "Processes, the worker and all that it has started, over which it is ended with them."},
    {"open_files", RR_OPT_INT, 0, "4096", "64..1048576",
     "Files that the worker may have open, as far as the daemon's own limit allows."},
    {"core_size", RR_OPT_SIZE, 0, "0B", "0B..1024GiB",
     "Largest core file that a crashed worker may leave; 0B: none."},
    {"user", RR_OPT_STRING, 0, "", "",
     "User that the worker runs as, with the rights of that user only; needs a daemon that runs as "
     "root. data/ is for the group of the first stage's user. Empty: the daemon's user."},
    {"cpu", RR_OPT_LIST, 0, "", "",
     "Numbers of the processors that the worker may run on; empty: all."},
    RR_OPT_END};

const struct rr_opt *
conf_schema_find(const struct rr_opt *rows, const char *key)
{
    for (; rows->key != NULL; rows++) {
        if (strcmp(rows->key, key) == 0) {
            return rows;
        }
    }
    return NULL;
}

const char *
conf_schema_hint(const char *key, const struct rr_opt *rows, const struct rr_opt *more,
                 char buf[TEXT_HINT_BYTES])
{
    struct text_list names = {0};

    for (; rows->key != NULL; rows++) {
        text_list_add(&names, rows->key);
    }
    for (; more != NULL && more->key != NULL; more++) {
        text_list_add(&names, more->key);
    }
    (void)text_hint(key, (const char *const *)names.v, buf);
    text_list_free(&names);
    return buf;
}
