/* SPDX-License-Identifier: MIT */
/*
 * harm.c - acts of the puppet that end, stop or bloat its process, and children that outlive it.
 */
#include <rr/plugin.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
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

/* Die by a signal even where a sanitizer catches it; or stop by one, so that no ping is answered.
 */
ACT(die_by)
{
    (void)signal((int)with, SIG_DFL);
    (void)raise((int)with);
    return 0;
}

__attribute__((noinline)) static int
fall(volatile const char *above)
{
    volatile char room[4096];

    room[0] = above[0];
    return room[0] == 0 ? 0 : fall(room) + room[0];
}

ACT(overflow)
{
    const volatile char top = 1;

    (void)signal(SIGSEGV, SIG_DFL);
    return fall(&top);
}

ACT(double_free)
{
    void *volatile block = malloc(100);

    free(block);
    free(block);
    return 0;
}

/* What the C++ runtime does with an exception that nobody catches. */
ACT(throw)
{
    static struct _Unwind_Exception thrown;

    (void)_Unwind_RaiseException(&thrown);
    abort();
}

/* Out of this callback, into one that has returned. */
ACT(longjmp)
{
    longjmp(puppet_long_gone, 1);
}

ACT(exit_call)
{
    exit(0);
}

ACT(thread_exit)
{
    pthread_exit(NULL);
}

ACT(exit)
{
    _exit((int)with);
}

/* Never return; pings are still answered. */
ACT(hang)
{
    while (pause() != 0) {
        /* a signal came; go on */
    }
    return 0;
}

/* Hang without minding SIGTERM. */
ACT(stubborn)
{
    (void)signal(SIGTERM, SIG_IGN);
    return act_hang(ctx, with, err);
}

ACT(leak)
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
ACT(fork)
{
    const bool deaf = with != 0;
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

/* Take memory, with a pause of so many ns after each MB, until somebody stops it or `room` is
 * reached.
 */
ACT(grow)
{
    enum { STEP_BYTES = 1000000 };
    const size_t room = (size_t)rr_opt_int(ctx, "room");
    const struct timespec pause_time = {.tv_nsec = with};

    for (size_t taken = 0; taken < room; taken += STEP_BYTES) {
        lost = malloc(STEP_BYTES);
        if (lost == NULL) {
            rr_err_set(err, -ENOMEM, "no memory left to take");
            return RR_RETRY;
        }
        memset(lost, 1, STEP_BYTES);
        rr_progress(ctx, taken, room, "growing");
        (void)nanosleep(&pause_time, NULL);
    }
    return act_hang(ctx, with, err);
}

/* A fork bomb, with a bound for the sake of the machine: each process forks until there have been
 * BOMB_MAX, then waits deaf. With its own each child leads a session. */
#define BOMB_MAX 1000

ACT(bomb)
{
    const bool has_sessions = with != 0;
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

/* A process that is never where one looks: again and again it goes on as a child of its own, which
 * leads a session. */
ACT(runner)
{
    const time_t end = time(NULL) + 20;

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
ACT(daemonize)
{
    char sleep_program[] = "sleep";
    char seconds[] = "60";
    char *const argv[] = {sleep_program, seconds, NULL};
    char *const bare[] = {NULL};

    if (fork() == 0) {
        (void)setsid();
        if (fork() == 0) {
            (void)execve("/bin/sleep", argv, bare);
        }
        _exit(0);
    }
    return 0;
}

/* Overwrite the environment that this process began with, as some programs do to show a title. */
ACT(title)
{
    for (char **word = environ; *word != NULL; word++) {
        memset(*word, 0, strlen(*word));
    }
    return 0;
}

const struct puppet_act puppet_harms[] = {
    {"segv", act_die_by, SIGSEGV},
    {"abort", act_die_by, SIGABRT},
    {"kill", act_die_by, SIGKILL},
    {"bus", act_die_by, SIGBUS},
    {"fpe", act_die_by, SIGFPE},
    {"ill", act_die_by, SIGILL},
    {"freeze", act_die_by, SIGSTOP},
    {"overflow", act_overflow, 0},
    {"double_free", act_double_free, 0},
    {"throw", act_throw, 0},
    {"longjmp", act_longjmp, 0},
    {"exit_call", act_exit_call, 0},
    {"thread_exit", act_thread_exit, 0},
    {"exit0", act_exit, 0},
    {"exit1", act_exit, 1},
    {"exit69", act_exit, 69},
    {"exit78", act_exit, 78},
    {"hang", act_hang, 0},
    {"stubborn", act_stubborn, 0},
    {"leak", act_leak, 0},
    {"leak_on", act_grow, 100000000},
    {"hog", act_grow, 0},
    {"fork", act_fork, 0},
    {"fork_deaf", act_fork, 1},
    {"bomb", act_bomb, 0},
    {"bomb_sessions", act_bomb, 1},
    {"runner", act_runner, 0},
    {"daemonize", act_daemonize, 0},
    {"title", act_title, 0},
    {0},
};
