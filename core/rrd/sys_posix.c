/* SPDX-License-Identifier: MIT */
/*
 * sys_posix.c - clocks, signals, starts and ends of processes of the real system.
 *
 * Does not: look through /proc (sweep.c).
 */
#include "core/rrd/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Descriptors that a process can be given. */
#define FDS_MAX 8

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

/* Never plain fork: the store must not be inherited, and posix_spawn stays fast when the daemon is
 * large. */
int
sys_spawn(char *const *argv, char *const *env, const int *fds, size_t n, bool has_session,
          pid_t *pid)
{
    const int group = has_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    sigset_t set;
    int up[FDS_MAX];
    size_t n_up = 0;
    int rc = posix_spawn_file_actions_init(&fa);

    (void)posix_spawnattr_init(&attr);
    (void)posix_spawnattr_setflags(&attr,
                                   (short)(group | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    (void)sigemptyset(&set);
    (void)posix_spawnattr_setsigmask(&attr, &set);
    (void)sigfillset(&set);
    (void)posix_spawnattr_setsigdefault(&attr, &set);
    for (size_t i = 0; i < n && rc == 0; i++) {
        if (fds[i] < 0) {
            rc = posix_spawn_file_actions_addopen(&fa, (int)i, "/dev/null", O_RDWR, 0);
            continue;
        }
        /* above the numbers that it gets, so that no dup2 overwrites a source */
        up[n_up] = fcntl(fds[i], F_DUPFD_CLOEXEC, FDS_MAX);
        rc = up[n_up] < 0 ? errno : posix_spawn_file_actions_adddup2(&fa, up[n_up], (int)i);
        n_up += up[n_up] >= 0;
    }
    rc = rc == 0 ? posix_spawn(pid, argv[0], &fa, &attr, argv, env) : rc;
    while (n_up > 0) {
        (void)close(up[--n_up]);
    }
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&fa);
    return -rc;
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
