/* SPDX-License-Identifier: MIT */
/*
 * R54: whole lives of stages in fake time: limits, delays and the breaker at the moment when they
 * should act, whatever the wall clock does, and whatever this process missed while it stood still.
 */
#include "core/common/mem.h"
#include "core/common/wire.h"
#include "core/rrd/health.h"
#include "core/rrd/route.h"
#include "core/rrd/sup_run.h"
#include "tests/fake/world.h"
#include "tests/tap.h"

#include <signal.h>

#define HOUR_MS 3600000LL
#define YEAR_MS (365 * 24 * HOUR_MS)

static struct stage *
stage(size_t i)
{
    return world.rrd.stages[i];
}

static void
is_state(size_t i, enum sup_state want, const char *what)
{
    is_str(sup_state_name(stage(i)->sup.state), sup_state_name(want), what);
}

/* One stage whose worker is ready. */
static void
begin_ready(void)
{
    world_begin(1);
    sup_run_event(stage(0), SUP_EV_START);
    world_pass(0);
    world_ready(0);
}

static const char *
last_kind(size_t i)
{
    return stage(i)->last_exit.kind;
}

static void
test_crashes(void)
{
    uint64_t delay = 160; /* 200 ms less 20 % */
    bool is_exact = true;

    begin_ready();
    is_state(0, SUP_READY, "R54 a stage starts and is ready");
    for (int death = 1; death <= 7; death++) {
        world_exit(0, WORLD_SIGNALLED(SIGSEGV));
        world_pass(delay - 1);
        is_exact = is_exact && stage(0)->sup.state == SUP_BACKOFF;
        world_pass(2);
        is_exact = is_exact && stage(0)->sup.state == SUP_STARTING;
        world_ready(0);
        delay *= 2;
    }
    ok(is_exact, "R54 after each of 7 deaths the delay is over to the millisecond, and doubled");
    is_str(sup_breaker_name(&stage(0)->breaker, stage(0)->sup.state), "closed",
           "R54 the breaker is closed yet");
    world_exit(0, WORLD_SIGNALLED(SIGSEGV));
    is_str(sup_breaker_name(&stage(0)->breaker, stage(0)->sup.state), "open",
           "R54 the eighth opens it");
    world_pass(23998);
    is_state(0, SUP_BACKOFF, "R54 an open one waits for the longest delay");
    world_pass(3);
    is_state(0, SUP_STARTING, "R54 then makes a trial");
    world_ready(0);
    world_pass(59000);
    is_str(sup_breaker_name(&stage(0)->breaker, stage(0)->sup.state), "trial",
           "R54 which is one for a minute");
    world_pass(2000);
    is_str(sup_breaker_name(&stage(0)->breaker, stage(0)->sup.state), "closed",
           "R54 and closes it then");
    world_exit(0, WORLD_EXITED(1));
    world_pass(161);
    is_state(0, SUP_STARTING, "R54 the delays begin anew after that minute");
    is_int((int64_t)json_array_size(stage(0)->deaths), 9, "R54 all deaths are in the history");
    world_end();
}

static void
test_limits(void)
{
    begin_ready();
    world_pass(300000);
    is_state(0, SUP_READY, "R54 a healthy worker is left alone");
    world.is_answering = false;
    world_pass(62000);
    is_state(0, SUP_READY, "R54 ping_limit does not act before its time");
    world_pass(4000);
    is_str(last_kind(0), "sick", "R54 but then");
    world_end();

    world_begin(1);
    sup_run_event(stage(0), SUP_EV_START);
    world_pass(50000);
    sup_clock_set(stage(0), 60000);
    world_pass(59999);
    is_state(0, SUP_STARTING, "R54 progress in init begins the start_limit anew");
    world_pass(2);
    is_int(world_killed(0), SIGKILL, "R54 without any the worker is killed");
    is_str(stage(0)->last_exit.text, "not ready within its start_limit", "R54 and it is said why");
    world_end();

    begin_ready();
    world.stages[0].progress_limit_ms = 5000;
    world.stages[0].event_limit_ms = 20000;
    route_lease(stage(0), &(struct store_item){.id = 1}, "T", "", mem_dup("{}"));
    for (int i = 0; i < 4; i++) {
        health_alive(stage(0));
        world_pass(4000);
    }
    is_state(0, SUP_READY, "R54 a handler that makes progress goes on");
    health_alive(stage(0));
    world_pass(4100);
    ok(strstr(stage(0)->last_exit.text, "(event_limit)") != NULL, "R54 until its event_limit");
    world_end();

    begin_ready();
    world.stages[0].progress_limit_ms = 1500;
    world_pass(3000);
    route_lease(stage(0), &(struct store_item){.id = 1}, "T", "", mem_dup("{}"));
    health_alive(stage(0));
    world_pass(1500);
    is_state(0, SUP_READY, "R33 at its progress_limit a handler goes on");
    world_pass(20);
    ok(strstr(stage(0)->last_exit.text, "(progress_limit)") != NULL,
       "R33 20 ms later it is over, not at the next full second");
    world_end();

    begin_ready();
    sup_run_event(stage(0), SUP_EV_STOP);
    world_pass(0);
    ok(world_got(0, WIRE_STOP), "R54 a stop asks");
    world_pass(9999);
    is_int(world_killed(0), 0, "R54 waits for stop_limit");
    world_pass(1);
    is_int(world_killed(0), SIGTERM, "R54 sends TERM");
    world_pass(9999);
    is_state(0, SUP_TERMINATING, "R54 waits for 10 s");
    world_pass(2);
    is_int(world_killed(0), SIGKILL, "R54 sends KILL");
    is_state(0, SUP_DOWN, "R54 and it is down");
    is_str(last_kind(0), "sick", "R54 an end by force is a death");
    world_end();
}

static void
test_resources(void)
{
    begin_ready();
    world.stages[0].memory_limit_bytes = 64 << 20;
    world.usage.resident_bytes = 64 << 20;
    world_pass(5000);
    is_state(0, SUP_READY, "R54 at its memory_limit a worker is well");
    world.usage.resident_bytes++;
    world_pass(1100);
    is_str(last_kind(0), "sick", "R54 above it is ended");
    ok(strstr(stage(0)->last_exit.text, "(memory_limit)") != NULL, "R54 the limit is named");
    world_end();

    begin_ready();
    world.usage.processes = 257;
    world_pass(1100);
    ok(strstr(stage(0)->last_exit.text, "(process_limit)") != NULL,
       "R54 so is one with too many processes");
    world_end();

    begin_ready();
    world.oom_kills++;
    world_exit(0, WORLD_SIGNALLED(SIGKILL));
    is_str(last_kind(0), "oom", "R54 the kernel's OOM killer is recognised");
    world_pass(200);
    world_exit(0, WORLD_SIGNALLED(SIGKILL));
    is_str(last_kind(0), "signal", "R54 a kill by somebody else is not taken for it");
    world_end();

    world_begin(1);
    world.is_spawn_failing = true;
    sup_run_event(stage(0), SUP_EV_START);
    world_pass(0);
    is_state(0, SUP_BACKOFF, "R54 a process that cannot be made is tried again");
    is_str(last_kind(0), "spawn", "R54 and is in the history");
    world.is_spawn_failing = false;
    world_pass(161);
    is_state(0, SUP_STARTING, "R54 when it can be made the stage starts");
    world_exit(0, WORLD_EXITED(78));
    is_state(0, SUP_FAILED, "R54 exit 78 is final");
    world_pass(HOUR_MS / 60);
    is_state(0, SUP_FAILED, "R54 for all time");
    sup_run_event(stage(0), SUP_EV_START);
    world_pass(0);
    is_state(0, SUP_STARTING, "R54 but for the operator");
    world_end();
}

static void
test_dependencies(void)
{
    world_begin(4);
    world_depend(1, 0, GRAPH_NEEDS);
    world_depend(2, 0, GRAPH_AFTER);
    world_depend(3, 0, GRAPH_WAITS);
    for (size_t i = 4; i > 0; i--) {
        sup_run_event(stage(i - 1), SUP_EV_START);
    }
    world_pass(100);
    is_int(world.n_spawned, 1, "R54 three kinds of dependants wait for their stage");
    world_exit(0, WORLD_EXITED(1));
    world_pass(0);
    is_state(1, SUP_WAITING, "R54 its death keeps the one that needs it waiting");
    is_state(2, SUP_WAITING, "R54 and the one after it");
    is_state(3, SUP_STARTING, "R54 not the one that only waits for it");
    world_pass(200);
    world_ready(0);
    world_pass(0);
    is_state(1, SUP_STARTING, "R54 its readiness lets the one that needs it start");
    is_state(2, SUP_STARTING, "R54 and the one after it");
    world_exit(0, WORLD_EXITED(1));
    world_exit(1, WORLD_EXITED(1));
    world_exit(2, WORLD_EXITED(1));
    world_pass(330);
    is_state(1, SUP_WAITING, "R54 needs counts at each start");
    is_state(2, SUP_STARTING, "R54 after counts once");
    world_end();
}

/* A jump of the wall clock in each state that has a limit. */
static void
test_wall(void)
{
    const int64_t jumps[] = {1000,    -1000,    HOUR_MS,     -HOUR_MS,
                             YEAR_MS, -YEAR_MS, 2 * HOUR_MS, -24 * HOUR_MS};

    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        bool is_right = true;

        world_begin(1);
        sup_run_event(stage(0), SUP_EV_START);
        world_pass(30000);
        world.wall_ms += (uint64_t)jumps[i];
        world_pass(29000);
        is_right = is_right && stage(0)->sup.state == SUP_STARTING;
        world_ready(0);
        world.wall_ms += (uint64_t)jumps[i];
        world_pass(10000);
        is_right = is_right && stage(0)->sup.state == SUP_READY;
        world_exit(0, WORLD_EXITED(1));
        world.wall_ms += (uint64_t)jumps[i];
        world_pass(159);
        is_right = is_right && stage(0)->sup.state == SUP_BACKOFF;
        world_pass(2);
        is_right = is_right && stage(0)->sup.state == SUP_STARTING;
        world.wall_ms -= (uint64_t)jumps[i];
        world_pass(59000);
        is_right = is_right && stage(0)->sup.state == SUP_STARTING;
        world_pass(1100);
        is_right = is_right && strcmp(last_kind(0), "sick") == 0;
        ok(is_right, "R54 with the wall clock off by %lld s nothing acts early, nothing is lost",
           (long long)(jumps[i] / 1000));
        world_end();
    }
}

static void
test_gaps(void)
{
    begin_ready();
    world_pass(10000);
    world.wall_ms += 8 * HOUR_MS;
    world_pass(20000);
    is_state(0, SUP_READY, "R54 a suspended machine, whose monotonic clock stands still");

    world.is_answering = false;
    world_pass(4000); /* a ping is on its way */
    world.mono_ms += 10 * HOUR_MS / 60;
    world_pass(100); /* an answer may be read only after the limits are looked at */
    is_state(0, SUP_READY, "R54 this process stopped for ten minutes with a ping on its way");
    world.is_answering = true;
    world_pass(1000);
    is_state(0, SUP_READY, "R54 this process stopped for ten minutes: nobody is late for it");
    world.is_answering = false;
    world_pass(66000);
    is_str(last_kind(0), "sick", "R54 the limits still act");
    world_end();

    begin_ready();
    world_exit(0, WORLD_SIGNALLED(SIGSEGV));
    world_pass(1000);
    world_ready(0);
    world_pass(1000);
    world.mono_ms += HOUR_MS;
    world_pass(1000);
    world_exit(0, WORLD_SIGNALLED(SIGSEGV));
    is_int(stage(0)->breaker.deaths, 2, "R54 nor was anybody ready for so long");
    world_end();

    world_begin(1);
    sup_run_event(stage(0), SUP_EV_START);
    world_pass(1000);
    world.mono_ms += HOUR_MS;
    world_pass(50000);
    is_state(0, SUP_STARTING, "R54 nor is a start late");
    is_int(world.n_spawned, 1, "R54 which is the first still");
    world_pass(10000);
    is_str(last_kind(0), "sick", "R54 that limit, too, still acts");
    world_end();
}

int
main(void)
{
    test_crashes();
    test_limits();
    test_resources();
    test_dependencies();
    test_wall();
    test_gaps();
    return tap_done();
}
