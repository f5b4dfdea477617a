/* SPDX-License-Identifier: MIT */
/*
 * harm.c - acts of the puppet that end, stop or bloat its process, and children that outlive it.
 */
#include <rr/plugin.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <unwind.h>

#include "tests/puppet/puppet.h"

/* Children that the puppet leaves behind end by themselves, should a test fail to find them. */
#define ORPHAN_LIFE_S 60

/* Set in init, which has returned long since when somebody jumps there. */
jmp_buf puppet_long_gone;

/* Leaked memory; seen from outside, so that no compiler leaves out what fills it. */
static void *volatile lost;

/* Die by a signal even where a sanitizer catches it. */
static void
die_by(int signo)
{
    (void)signal(signo, SIG_DFL);
    (void)raise(signo);
}

static int
act_segv(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    die_by(SIGSEGV);
    return 0;
}

static int
act_abort(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    die_by(SIGABRT);
    return 0;
}

static int
act_kill(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    die_by(SIGKILL);
    return 0;
}

static int
act_bus(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    die_by(SIGBUS);
    return 0;
}

static int
act_fpe(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    die_by(SIGFPE);
    return 0;
}

static int
act_ill(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    die_by(SIGILL);
    return 0;
}

__attribute__((noinline)) static int
fall(volatile const char *above)
{
    volatile char room[4096];

    room[0] = above[0];
    return room[0] == 0 ? 0 : fall(room) + room[0];
}

static int
act_overflow(struct rr_ctx *ctx, struct rr_err *err)
{
    const volatile char top = 1;

    (void)ctx;
    (void)err;
    (void)signal(SIGSEGV, SIG_DFL);
    return fall(&top);
}

static int
act_double_free(struct rr_ctx *ctx, struct rr_err *err)
{
    void *volatile block = malloc(100);

    (void)ctx;
    (void)err;
    free(block);
    free(block);
    return 0;
}

/* What the C++ runtime does with an exception that nobody catches. */
static int
act_throw(struct rr_ctx *ctx, struct rr_err *err)
{
    static struct _Unwind_Exception thrown;

    (void)ctx;
    (void)err;
    (void)_Unwind_RaiseException(&thrown);
    abort();
}

/* Out of this callback, into one that has returned. */
static int
act_longjmp(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    longjmp(puppet_long_gone, 1);
}

static int
act_exit_call(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    exit(0);
}

static int
act_thread_exit(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    pthread_exit(NULL);
}

static int
act_exit0(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    _exit(0);
}

static int
act_exit1(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    _exit(1);
}

static int
act_exit69(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    _exit(69);
}

static int
act_exit78(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    _exit(78);
}

/* Never return; pings are still answered. */
static int
act_hang(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    while (pause() != 0) {
        /* a signal came; go on */
    }
    return 0;
}

/* Stop the whole process: no ping is answered. */
static int
act_freeze(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    (void)raise(SIGSTOP);
    return 0;
}

/* Hang without minding SIGTERM. */
static int
act_stubborn(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)signal(SIGTERM, SIG_IGN);
    return act_hang(ctx, err);
}

static int
act_leak(struct rr_ctx *ctx, struct rr_err *err)
{
    const size_t bytes = (size_t)rr_opt_int(ctx, "room");

    lost = malloc(bytes);
    if (lost == NULL) {
        rr_err_set(err, -ENOMEM, "no memory to lose");
        return RR_RETRY;
    }
    memset(lost, 1, bytes);
    return 0;
}

/* Leave a child in the background; deaf: it minds no SIGTERM and leads a session of its own. */
static int
leave_child(int deaf, struct rr_err *err)
{
    const pid_t pid = fork();

    if (pid < 0) {
        rr_err_set(err, -errno, "fork: %s", strerror(errno));
        return RR_RETRY;
    }
    if (pid == 0) {
        if (deaf) {
            (void)setsid();
            (void)signal(SIGTERM, SIG_IGN);
        }
        (void)alarm(ORPHAN_LIFE_S);
        for (;;) {
            (void)pause();
        }
    }
    return 0;
}

static int
act_fork(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    return leave_child(0, err);
}

static int
act_fork_deaf(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    return leave_child(1, err);
}

/* Take memory, as fast as can be or 10 MB a second, until somebody stops it or `room` is reached.
 */
static int
take_memory(struct rr_ctx *ctx, size_t step, long pause_ns, struct rr_err *err)
{
    const size_t room = (size_t)rr_opt_int(ctx, "room");
    const struct timespec pause_time = {.tv_nsec = pause_ns};

    for (size_t taken = 0; taken < room; taken += step) {
        lost = malloc(step);
        if (lost == NULL) {
            rr_err_set(err, -ENOMEM, "no memory left to take");
            return RR_RETRY;
        }
        memset(lost, 1, step);
        rr_progress(ctx, taken, room, "growing");
        (void)nanosleep(&pause_time, NULL);
    }
    return act_hang(ctx, err);
}

static int
act_leak_on(struct rr_ctx *ctx, struct rr_err *err)
{
    return take_memory(ctx, 1000000, 100000000, err);
}

static int
act_hog(struct rr_ctx *ctx, struct rr_err *err)
{
    return take_memory(ctx, 1000000, 0, err);
}

/* A fork bomb, with a bound for the sake of the machine: each process forks until there have been
 * BOMB_MAX, then waits deaf. With its own each child leads a session. */
#define BOMB_MAX 1000

static int
bomb(int has_sessions)
{
    atomic_int *forks =
        mmap(NULL, sizeof *forks, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (forks == MAP_FAILED) {
        return RR_RETRY;
    }
    while (atomic_fetch_add(forks, 1) < BOMB_MAX) {
        if (fork() == 0) {
            (void)alarm(ORPHAN_LIFE_S);
            (void)signal(SIGTERM, SIG_IGN);
            if (has_sessions) {
                (void)setsid();
            }
        }
    }
    for (;;) {
        (void)pause();
    }
}

static int
act_bomb(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    return bomb(0);
}

static int
act_bomb_sessions(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
    (void)err;
    return bomb(1);
}

/* A process that is never where one looks: again and again it goes on as a child of its own, which
 * leads a session. */
static int
act_runner(struct rr_ctx *ctx, struct rr_err *err)
{
    const time_t end = time(NULL) + 20;

    (void)ctx;
    (void)err;
    if (fork() != 0) {
        return 0;
    }
    while (time(NULL) < end) {
        if (fork() != 0) {
            _exit(0);
        }
        (void)setsid();
    }
    _exit(0);
}

/* A daemon of the old school: forks twice, leads a session, has nothing of its worker's
 * environment. */
static int
act_daemonize(struct rr_ctx *ctx, struct rr_err *err)
{
    char sleep_program[] = "sleep";
    char seconds[] = "60";
    char *const argv[] = {sleep_program, seconds, NULL};
    char *const bare[] = {NULL};

    (void)ctx;
    (void)err;
    if (fork() == 0) {
        (void)setsid();
        if (fork() == 0) {
            (void)execve("/bin/sleep", argv, bare);
        }
        _exit(0);
    }
    return 0;
}

const struct puppet_act puppet_harms[] = {
    {"segv", act_segv},
    {"abort", act_abort},
    {"kill", act_kill},
    {"bus", act_bus},
    {"fpe", act_fpe},
    {"ill", act_ill},
    {"overflow", act_overflow},
    {"double_free", act_double_free},
    {"throw", act_throw},
    {"longjmp", act_longjmp},
    {"exit_call", act_exit_call},
    {"thread_exit", act_thread_exit},
    {"leak_on", act_leak_on},
    {"hog", act_hog},
    {"bomb", act_bomb},
    {"bomb_sessions", act_bomb_sessions},
    {"runner", act_runner},
    {"daemonize", act_daemonize},
    {"exit0", act_exit0},
    {"exit1", act_exit1},
    {"exit69", act_exit69},
    {"exit78", act_exit78},
    {"hang", act_hang},
    {"freeze", act_freeze},
    {"stubborn", act_stubborn},
    {"leak", act_leak},
    {"fork", act_fork},
    {"fork_deaf", act_fork_deaf},
    {0},
};
