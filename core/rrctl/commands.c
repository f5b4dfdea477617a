/* SPDX-License-Identifier: MIT */
/*
 * commands.c - the table of rrctl's commands: help texts, completion and dispatch come from it.
 */
#include "core/rrctl/rrctl.h"

#include <stddef.h>

const struct opt_row global_options[] = {
    {"dir", 'C', "DIR", "directory of the daemon; default: $RR_DIR, else ."},
    {"timeout", 't', "TIME", "longest wait for an answer, in seconds or as 500ms; default 10"},
    {"json", 0, NULL, "print JSON"},
    {"help", 'h', NULL, "print help and end"},
    {"version", 'V', NULL, "print the version and end"},
    OPT_ROW_END,
};

#define SET_ROW                                                                                    \
    {                                                                                              \
        "set", 0, "STAGE.KEY=VALUE", "override one option; may be given again and again"           \
    }

static const struct opt_row start_options[] = {
    SET_ROW,
    OPT_ROW_END,
};
static const struct opt_row restart_options[] = {
    SET_ROW,
    {"wait", 'w', "SECONDS", "longest wait for the stop; default 120"},
    OPT_ROW_END,
};
static const struct opt_row stop_options[] = {
    {"wait", 'w', "SECONDS", "longest wait for the daemon's end; default 120"},
    OPT_ROW_END,
};
static const struct opt_row reload_options[] = {
    {"dry-run", 'n', NULL, "only check, and say what would be done"},
    {"wait", 'w', "SECONDS", "longest wait for the end; default 300"},
    OPT_ROW_END,
};
static const struct opt_row upgrade_options[] = {
    {"watch-events", 'n', "N", "keep the new file after N events without a fault; default 20"},
    {"watch-time", 'w', "TIME", "or after TIME (90s, 5min) without one; default 60s"},
    {"undo", 'u', NULL, "go back to the file before the last upgrade, in the same way"},
    {"list", 'l', NULL, "list the files that were kept"},
    OPT_ROW_END,
};
static const struct opt_row status_options[] = {
    {"watch", 'w', NULL, "redraw every second until Ctrl-C"},
    OPT_ROW_END,
};
static const struct opt_row check_options[] = {
    {"graph", 'g', NULL, "print the graph of the stages as well"},
    {"effective", 'e', NULL, "print every option, its value and where it comes from"},
    SET_ROW,
    OPT_ROW_END,
};
static const struct opt_row graph_options[] = {
    {"dot", 'd', NULL, "print it for Graphviz"},
    SET_ROW,
    OPT_ROW_END,
};
static const struct opt_row events_options[] = {
    {"follow", 'f', NULL, "wait for further events, until Ctrl-C"},
    {"type", 'T', "TYPE", "only events of that type"},
    {"config", 'c', "CONFIG", "only events of that configuration key"},
    {"stage", 'S', "STAGE", "only events that this stage emitted"},
    {"from", 0, "TIME", "from that time on: 2026-01-02T15:04, 15:04, 2h (ago), @SECONDS"},
    {"to", 0, "TIME", "up to that time"},
    {"limit", 'n', "N", "at most N events, the newest; default 100, or all of --from and --to"},
    {"after", 'a', "ID", "the first events after that id, instead of the newest"},
    OPT_ROW_END,
};
static const struct opt_row queue_options[] = {
    {"state", 's', "STATE", "list: only what is ready, delayed or buried"},
    {"limit", 'n', "N", "list: at most N events; default 1000"},
    {"all", 'a', NULL, "kick, drop: all that are buried"},
    {"yes", 'y', NULL, "drop: throw many away without a further question"},
    OPT_ROW_END,
};
static const struct opt_row replay_options[] = {
    {"queue", 'q', "STAGE", "stage that gets the events once more"},
    {"from", 0, "TIME", "events from that time on: 2026-01-02T15:04, 15:04, 2h (ago), @SECONDS"},
    {"to", 0, "TIME", "up to that time"},
    {"type", 'T', "TYPE", "only events of that type"},
    {"config", 'c', "CONFIG", "only events of that configuration key"},
    {"dry-run", 0, NULL, "only count them"},
    OPT_ROW_END,
};
static const struct opt_row trace_options[] = {
    {"depth", 0, "N", "at most N steps away from the event; default 20"},
    {"limit", 'n', "N", "at most N events; default 200"},
    {"dot", 'd', NULL, "print it for Graphviz"},
    OPT_ROW_END,
};
static const struct opt_row emit_options[] = {
    {"config", 'c', "CONFIG", "configuration key of the event"},
    {"key", 'k', "KEY", "emit only if no event with that key was emitted before"},
    OPT_ROW_END,
};
static const struct opt_row init_options[] = {
    {"set", 0, "STAGE.KEY=VALUE", "write that value; may be given again and again"},
    OPT_ROW_END,
};
static const struct opt_row run_options[] = {
    {"minutes", 'm', "N", "stop after N minutes"},
    {"iterations", 'n', "N", "stop after N iteration events of this run"},
    {"until", 'u', "TYPE=N", "stop when the directory has N events of TYPE"},
    SET_ROW,
    {"no-report", 0, NULL, "do not run the report program at the end"},
    {"plain", 'p', NULL, "print lines, do not redraw the screen"},
    OPT_ROW_END,
};
static const struct opt_row strict_options[] = {
    {"strict", 0, NULL, "warnings make the exit status bad as well"},
    OPT_ROW_END,
};
static const struct opt_row help_options[] = {
    {"words", 0, NULL, "print commands and their options for scripts"},
    OPT_ROW_END,
};

const struct command commands[] = {
    {"start", "[STAGE]", "start the daemon, or one stage",
     "Without STAGE, start the daemon of the directory in the background and wait\n"
     "until its stages are ready. With STAGE, start one stage of a running daemon: one\n"
     "that was stopped or has failed for good.\n",
     start_options, 0, 1, cmd_start},
    {"stop", "[STAGE]", "stop the daemon, or one stage",
     "Stop gracefully: every stage may save its work first. Without STAGE, stop all\n"
     "stages and the daemon, and wait until it has ended.\n",
     stop_options, 0, 1, cmd_stop},
    {"restart", "[STAGE]", "stop and start again",
     "Without STAGE, stop and start the daemon, which then reads its configuration\n"
     "again; when that is wrong, nothing is stopped. With STAGE, give that stage a new\n"
     "worker process.\n",
     restart_options, 0, 1, cmd_restart},
    {"reload", "", "take over a changed configuration",
     "Check conf.d as `rrctl check` does, and bring the running daemon to it: stages that\n"
     "are new are started, those that are gone are stopped, those with other options or\n"
     "another plugin file are restarted, and all others run on. When anything is wrong,\n"
     "or a stage does not become ready, the old configuration stays or comes back, and\n"
     "the exit status says so. Queues keep their events.\n",
     reload_options, 0, 0, cmd_reload},
    {"upgrade", "STAGE|PLUGIN FILE.so", "try another plugin file, and keep it or go back",
     "Check FILE.so with the options in use, let the worker of the stage (or of each stage\n"
     "of the plugin) finish what it has in hand, and start it with that file. It is kept\n"
     "when it has finished some events, or when some time has passed. When the new worker\n"
     "dies, is not ready in time, breaks a limit, or retries or rejects an event, the old\n"
     "file is back at once and the event waits where it was. What was kept also runs after\n"
     "a restart of the daemon, until another file is installed. --undo STAGE|PLUGIN goes\n"
     "back by hand.\n",
     upgrade_options, 0, 2, cmd_upgrade},
    {"status", "[STAGE]", "show what every stage does",
     "Show each stage: its state, its queue (!N: events that were buried), how many\n"
     "events it has handled, and what it does now or waits for; slots, counts of\n"
     "events by type, and the stages' notes by configuration key. With STAGE also what\n"
     "its worker takes, its breaker and how its last workers died, with their last\n"
     "lines.\n",
     status_options, 0, 1, cmd_status},
    {"why", "STAGE", "say what a stage waits for",
     "Say in plain words why a stage does nothing now, and what that in turn waits\n"
     "for.\n",
     NULL, 1, 1, cmd_why},
    {"check", "", "check the configuration",
     "Check conf.d with the code that the daemon starts with, plugins included. Every\n"
     "problem is printed with file and line; the exit status is then 78. Works while\n"
     "the daemon runs, and while it does not.\n",
     check_options, 0, 0, cmd_check},
    {"graph", "", "draw the graph of stages and events",
     "Draw which stage gives events to which; with live states when the daemon runs.\n",
     graph_options, 0, 0, cmd_graph},
    {"events", "", "list events",
     "List the newest events, oldest first, also when the daemon is not running. With\n"
     "--json each line is one event as the store has it.\n",
     events_options, 0, 0, cmd_events},
    {"replay", "--queue STAGE --from TIME", "give stored events to a stage once more",
     "Put stored events that the stage consumes back into its queue, in their order,\n"
     "marked as replays. What the stage emitted for them then is not stored again, and\n"
     "files that it made are found done; so a replay repeats what is missing.\n",
     replay_options, 0, 0, cmd_replay},
    {"trace", "EVENT", "show what caused an event and what it caused",
     "Show the tree of events from the first cause down, with times and with how each\n"
     "stage handled them, for the event with that id.\n",
     trace_options, 1, 1, cmd_trace},
    {"queue", "[list|show|kick|drop] [STAGE] [ID...]", "look after waiting and buried events",
     "  list [STAGE]          what waits, is delayed, leased or buried\n"
     "  show STAGE ID         one event with its payload and last error\n"
     "  kick STAGE ID...      put events back into the queue, attempts begin anew\n"
     "  drop STAGE ID...      throw events away\n"
     "ID may be a range FROM-TO, or --all stands for it: the buried events of that range\n"
     "(kick: the delayed ones, too). To drop more than one needs --yes.\n",
     queue_options, 0, 60, cmd_queue},
    {"keys", "STAGE [KEY]", "show the durable keys of a stage",
     "Show what a stage has put into the store, or the text of one key.\n", NULL, 1, 2, cmd_keys},
    {"emit", "TYPE JSON", "put an event into the stream",
     "Emit an event of a type that some stage of the graph declares. JSON is its\n"
     "payload and is checked against the declared fields.\n",
     emit_options, 2, 2, cmd_emit},
    {"init", "[DIR]", "make the directory of a daemon",
     "Make DIR (default: the one of --dir) with the default configuration in conf.d.\n"
     "A conf.d that is there already is left alone.\n",
     init_options, 0, 1, cmd_init},
    {"run", "[CONFIG]", "run in the foreground with live progress",
     "Make the directory ready if it has no conf.d, start the daemon, show what happens\n"
     "until time is up, the iterations are done, Ctrl-C or trouble, stop cleanly and run\n"
     "the report program. The same command goes on from there. CONFIG sets the option\n"
     "that core.run_argument names; iterations are counted by core.iteration_event.\n"
     "\n"
     "The first Ctrl-C stops gracefully, the second hurries, the third kills. When a\n"
     "daemon runs in the directory already, it is watched and left running.\n",
     run_options, 0, 1, cmd_run},
    {"plugin", "check FILE | list | new NAME [FOLDER]", "judge, list or begin plugins",
     "  check FILE            all that is wrong with a plugin file, or will be; status 69\n"
     "                        when it cannot be used. Needs no daemon and no directory.\n"
     "  list                  the plugins that stages can use, and which stages do\n"
     "  new NAME [FOLDER]     copy the template under that name; `make all check` in it\n"
     "                        builds and tests it\n",
     strict_options, 1, 3, cmd_plugin},
    {"doctor", "", "find what is wrong with the directory or the daemon",
     "Look at the state directory, disk, store, lock, leftover processes, clock, limits,\n"
     "plugins, configuration, logs and socket, and say what to do about what is wrong.\n"
     "Changes nothing. Works while the daemon runs, and while it does not.\n",
     strict_options, 0, 0, cmd_doctor},
    {"help", "[COMMAND | stage NAME]", "explain a command, or the options of a stage",
     "Explain a command; with `stage NAME` print the options of a stage plugin.\n", help_options, 0,
     2, cmd_help},
    {"version", "", "print the version", "Print the version.\n", NULL, 0, 0, cmd_version},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
