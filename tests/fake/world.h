/* SPDX-License-Identifier: MIT */
/*
 * world.h - a machine that is not there: clocks that tests turn, processes that are only numbers.
 *
 * world.c defines what sys.h and spawn_worker() promise, so a program linked with it runs the real
 * sup_run.c and health.c through whole lives of stages without a process and without waiting.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "core/rrd/rrd.h"

#define WORLD_STAGES 8

/* One process that "runs". */
struct world_process {
    const struct stage *stage; /* NULL: free */
    pid_t pid;
    int link_fd, log_fd; /* the worker's ends */
    bool has_ended;
    int status; /* as waitpid tells it */
    int killed; /* the last signal that came */
};

struct world {
    struct rrd rrd;
    uint64_t wall_ms, mono_ms;
    uint64_t oom_kills;
    struct sys_usage usage; /* of every process */
    bool is_spawn_failing;
    bool minds_term;   /* workers end by SIGTERM */
    bool is_answering; /* workers read their frames and answer pings */
    uint64_t next_tick_ms;
    unsigned n_spawned;
    struct world_process processes[WORLD_STAGES];
    struct conf_stage stages[WORLD_STAGES];
    struct manifest manifest; /* of stage 0, see world_plug() */
    struct graph_edge edges[WORLD_STAGES * WORLD_STAGES];
    size_t order[WORLD_STAGES];
    char dir[64];
};

extern struct world world;

/* Make a world of n stages s0, s1, … with the default limits, all DOWN. */
void world_begin(size_t n);
void world_end(void);

/* Stage 0 gets a plugin p, which makes T_OUT of T_IN, so many events at a time; both have a number
 * n.
 */
void world_plug(unsigned credit);

/* Stage from depends on stage to. */
void world_depend(size_t from, size_t to, enum graph_kind kind);

/* Let time pass in steps of at most 1 s, with everything that happens in it. */
void world_pass(uint64_t ms);

/* The worker of a stage becomes ready, or ends with a status as waitpid tells it. */
void world_ready(size_t stage);
void world_exit(size_t stage, int status);
#define WORLD_EXITED(code) ((code) << 8)
#define WORLD_SIGNALLED(signo) (signo)

/* Whether the worker of a stage got a frame of this type since it was asked last. */
bool world_got(size_t stage, uint16_t type);
/* The last signal to the worker of a stage, 0 for none. */
int world_killed(size_t stage);

#endif
