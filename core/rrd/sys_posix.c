/* SPDX-License-Identifier: MIT */
/*
 * sys_posix.c - clocks, signals and ended processes of the real system.
 *
 * Does not: look through /proc (sweep.c).
 */
#include "core/rrd/sys.h"

#include <errno.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>

static uint64_t
clock_ms(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

uint64_t
sys_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

uint64_t
sys_mono_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

uint64_t
sys_steady_ms(void)
{
    static uint64_t base_ms;

    if (base_ms == 0) {
        base_ms = sys_wall_ms() - sys_mono_ms();
    }
    return base_ms + sys_mono_ms();
}

uint32_t
sys_random(void)
{
    uint32_t value = 0;

    (void)getrandom(&value, sizeof value, GRND_NONBLOCK);
    return value;
}

void
sys_kill(pid_t pid, int signo)
{
    (void)kill(pid, signo);
}

pid_t
sys_ended(void)
{
    siginfo_t info = {.si_pid = 0};

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 ? info.si_pid : 0;
}

int
sys_reap(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}
