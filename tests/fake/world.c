/* SPDX-License-Identifier: MIT */
/*
 * world.c - fake clocks and processes under the real supervision.
 */
#include "tests/fake/world.h"

#include "core/common/mem.h"
#include "core/common/wire.h"
#include "core/rrd/health.h"
#include "core/rrd/route.h"
#include "core/rrd/spawn.h"
#include "core/rrd/sup_run.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_MS 20u

struct world world;
static bool frames_seen[WORLD_STAGES][256]; /* by type */
static int last_kill[WORLD_STAGES];

uint64_t
sys_wall_ms(void)
{
    return world.wall_ms;
}

uint64_t
sys_mono_ms(void)
{
    return world.mono_ms;
}

uint64_t
sys_steady_ms(void)
{
    return 1700000000000u + world.mono_ms;
}

/* Delays are then at the lower end of their range. */
uint32_t
sys_random(void)
{
    return 0;
}

static struct world_process *
process_of(pid_t pid)
{
    for (size_t i = 0; i < WORLD_STAGES; i++) {
        if (world.processes[i].stage != NULL && world.processes[i].pid == pid) {
            return &world.processes[i];
        }
    }
    return NULL;
}

/* Whoever starts a program that starts itself would do so for ever. */
int
sys_spawn(char *const *argv, char *const *env, const int *fds, size_t n, bool has_session,
          pid_t *pid)
{
    (void)argv;
    (void)env;
    (void)fds;
    (void)n;
    (void)has_session;
    (void)pid;
    return -EAGAIN;
}

void
sys_kill(pid_t pid, int signo)
{
    struct world_process *p = process_of(pid < 0 ? -pid : pid);

    if (p == NULL || p->has_ended) {
        return;
    }
    last_kill[p->stage->index] = signo;
    if (signo == SIGKILL || world.minds_term) {
        p->has_ended = true;
        p->status = WORLD_SIGNALLED(signo);
    }
}

pid_t
sys_ended(void)
{
    for (size_t i = 0; i < WORLD_STAGES; i++) {
        if (world.processes[i].stage != NULL && world.processes[i].has_ended) {
            return world.processes[i].pid;
        }
    }
    return 0;
}

int
sys_reap(pid_t pid)
{
    struct world_process *p = process_of(pid);
    const int status = p->status;

    (void)close(p->link_fd);
    (void)close(p->log_fd);
    memset(p, 0, sizeof *p);
    return status;
}

void
sys_usage(pid_t pid, struct sys_usage *sum)
{
    (void)pid;
    sum->resident_bytes += world.usage.resident_bytes;
    sum->processes += world.usage.processes;
}

uint64_t
sys_sweep_marked(const char *mark, bool is_dry)
{
    (void)mark;
    (void)is_dry;
    return 0;
}

uint64_t
sys_sweep_orphans(sys_lives_fn lives, void *arg)
{
    (void)lives;
    (void)arg;
    return 0;
}

void
sys_sweep_children(void)
{
}

uint64_t
sys_oom_kills(void)
{
    return world.oom_kills;
}

int
spawn_worker(const struct conf *conf, const struct conf_stage *stage, const char *instance,
             uint64_t epoch, struct spawned *out, struct rr_err *err)
{
    const size_t index = (size_t)(stage - conf->stages);
    struct world_process *p = &world.processes[index];
    int link[2];
    int log[2];

    (void)instance;
    (void)epoch;
    if (world.is_spawn_failing) {
        return rr_err_set(err, -EAGAIN, "no process could be had");
    }
    if (p->stage != NULL) {
        printf("Bail out! a second process of stage %s\n", stage->name);
        exit(1);
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, link) != 0 ||
        pipe2(log, O_NONBLOCK | O_CLOEXEC) != 0) {
        printf("Bail out! no descriptors\n");
        exit(1);
    }
    *p = (struct world_process){.stage = world.rrd.stages[index],
                                .pid = (pid_t)(1000000 + ++world.n_spawned),
                                .link_fd = link[1],
                                .log_fd = log[1]};
    last_kill[index] = 0;
    memset(frames_seen[index], 0, sizeof frames_seen[index]);
    *out = (struct spawned){.pid = p->pid, .link_fd = link[0], .log_fd = log[0]};
    return 0;
}

void
spawn_prune(const struct conf *conf)
{
    (void)conf;
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

static void
set_stage(struct conf_stage *s, size_t i)
{
    *s = (struct conf_stage){.name = mem_printf("s%zu", i),
                             .is_enabled = true,
                             .start_limit_ms = 60000,
                             .ping_limit_ms = 60000,
                             .stop_limit_ms = 10000,
                             .term_limit_ms = 10000,
                             .restart_delay_ms = 200,
                             .restart_max_ms = 30000,
                             .attempts = 5,
                             .breaker = 8,
                             .process_limit = 256};
}

void
world_begin(size_t n)
{
    struct rr_err err = RR_ERR_INIT;
    struct rrd *rrd = &world.rrd;
    const char *tmp = getenv("TMPDIR");
    char *path;

    memset(&world, 0, sizeof world);
    world.wall_ms = 1700000000000u;
    world.mono_ms = 5000;
    world.usage = (struct sys_usage){1u << 20, 1};
    world.is_answering = true;
    (void)snprintf(world.dir, sizeof world.dir, "%.40s/rr-world.XXXXXX",
                   tmp == NULL ? "/tmp" : tmp);
    rrd->conf.dir = mkdtemp(world.dir);
    path = mem_printf("%s/log", world.dir);
    (void)mkdir(path, 0700);
    free(path);
    log_setup(NULL, LOG_ECHO_NONE, LOG_INFO);
    rrd->conf.log_size = 1 << 20;
    rrd->conf.log_files = 1;
    for (size_t i = 0; i < n; i++) {
        set_stage(&world.stages[i], i);
        world.order[i] = i;
    }
    rrd->conf.stages = world.stages;
    rrd->conf.n_stages = n;
    rrd->conf.graph.edges = world.edges;
    rrd->conf.graph.order = world.order;
    rrd->base = event_base_new();
    rrd->turn = event_new(rrd->base, -1, 0, on_turn, rrd);
    path = mem_printf("%s/store", world.dir);
    (void)mkdir(path, 0700);
    if (store_open(path, &(struct store_conf){.map_bytes = 64u << 20, .retain_events = 1000},
                   &rrd->store, &err) != 0 ||
        sup_run_init(rrd, &err) != 0) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    free(path);
}

void
world_plug(unsigned credit)
{
#define PORT(type)                                                                                 \
    "[{\"type\":\"" type "\",\"version\":1,\"fields\":[{\"name\":\"n\",\"kind\":\"u64\"}]}]"
    static const char text[] = "{\"name\":\"p\",\"version\":\"1\",\"options\":[],"
                               "\"consumes\":" PORT("T_IN") ",\"produces\":" PORT("T_OUT") "}";
    struct rr_err err = RR_ERR_INIT;
    struct conf_stage *stage = &world.stages[0];

    if (manifest_parse(&world.manifest, text, strlen(text), &err) != 0) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    stage->manifest = &world.manifest;
    stage->plugin = (char *)(uintptr_t) "p";
    stage->credit = credit;
    stage->is_enabled = true;
    world.rrd.conf.plugin_path = (char *)(uintptr_t) "";
    world.rrd.conf.graph.nodes = stage;
    world.rrd.conf.graph.n_nodes = 1;
    world.rrd.due = event_new(world.rrd.base, -1, 0, on_turn, NULL);
}

void
world_end(void)
{
    char command[128];

    for (size_t i = 0; i < WORLD_STAGES; i++) {
        if (world.processes[i].stage != NULL) {
            (void)sys_reap(world.processes[i].pid);
        }
    }
    store_drain(world.rrd.store);
    for (size_t i = 0; i < world.rrd.n_stages; i++) {
        struct stage *stage = world.rrd.stages[i];

        while (!STAILQ_EMPTY(&stage->leases)) { /* of a worker that still has some */
            route_release(stage, STAILQ_FIRST(&stage->leases));
        }
    }
    sup_run_fini(&world.rrd);
    store_close(world.rrd.store);
    if (world.rrd.due != NULL) {
        event_free(world.rrd.due);
    }
    event_free(world.rrd.turn);
    event_base_free(world.rrd.base);
    for (size_t i = 0; i < world.rrd.conf.n_stages; i++) {
        free(world.stages[i].name);
    }
    manifest_fini(&world.manifest);
    (void)snprintf(command, sizeof command, "rm -rf -- '%s'", world.dir);
    if (system(command) != 0) {
        diag("could not remove %s", world.dir);
    }
}

void
world_depend(size_t from, size_t to, enum graph_kind kind)
{
    struct graph *g = &world.rrd.conf.graph;

    g->edges[g->n_edges++] =
        (struct graph_edge){.from = from, .to = to, .kind = kind, .is_order = true};
}

/* What the workers do by themselves: read their frames, answer pings. */
static void
run_workers(void)
{
    static uint8_t frame[RR_WIRE_FRAME_MAX];

    for (size_t i = 0; i < WORLD_STAGES; i++) {
        struct world_process *p = &world.processes[i];
        struct wire_frame got;
        ssize_t n;

        while (p->stage != NULL && !p->has_ended && world.is_answering &&
               (n = recv(p->link_fd, frame, sizeof frame, MSG_DONTWAIT)) > 0) {
            if (wire_decode(frame, (size_t)n, 1, &got, NULL) == 0) {
                frames_seen[i][got.type & 0xffu] = true;
            }
            if (got.type == WIRE_PING) {
                health_pong(world.rrd.stages[i]);
            }
        }
    }
}

/* One turn of the loop. */
static void
turn(void)
{
    struct rrd *rrd = &world.rrd;

    run_workers();
    sup_clock_alarm(rrd);
    if (world.mono_ms >= world.next_tick_ms) {
        world.next_tick_ms = world.mono_ms + 1000;
        sup_clock_tick(rrd);
    }
    sup_run_reap(rrd);
    while (rrd->has_look) {
        rrd->has_look = false;
        sup_order_look(rrd);
    }
}

void
world_pass(uint64_t ms)
{
    turn();
    for (const uint64_t end = world.mono_ms + ms; world.mono_ms < end; turn()) {
        const uint64_t step = end - world.mono_ms < STEP_MS ? end - world.mono_ms : STEP_MS;

        world.mono_ms += step;
        world.wall_ms += step;
    }
    run_workers();
}

void
world_ready(size_t stage)
{
    sup_run_event(world.rrd.stages[stage], SUP_EV_READY);
    turn();
}

void
world_exit(size_t stage, int status)
{
    world.processes[stage].has_ended = true;
    world.processes[stage].status = status;
    turn();
}

bool
world_got(size_t stage, uint16_t type)
{
    const bool got = frames_seen[stage][type & 0xffu];

    frames_seen[stage][type & 0xffu] = false;
    return got;
}

int
world_killed(size_t stage)
{
    return last_kill[stage];
}
