/* SPDX-License-Identifier: MIT */
/*
 * sys.h - what supervision asks of the system: clocks, processes, signals, memory.
 *
 * With spawn_worker() this is the seam that tests replace (tests/fake/): whole lives of stages then
 * run without a process and without waiting. A program that defines these functions itself is
 * linked without sys_posix.c.
 */
#ifndef RR_CORE_SYS_H
#define RR_CORE_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* UTC, for people and records only. */
uint64_t sys_wall_ms(void);

/* For every duration and limit. Stands still while the machine is suspended. */
uint64_t sys_mono_ms(void);

/* UTC as it was when this process began, plus the monotonic time since: for times that are stored
 * and must come neither early nor never when somebody sets the clock. */
uint64_t sys_steady_ms(void);

/* A number to spread delays with; not for secrets. */
uint32_t sys_random(void);

/* Start the program argv[0]: its descriptor i is fds[i], or /dev/null for -1, and it has no other
 * of ours. No signal is blocked or ignored. It leads a session of its own, or just a group. Returns
 * 0 or a negative errno. */
int sys_spawn(char *const *argv, char *const *env, const int *fds, size_t n, bool has_session,
              pid_t *pid);

/* Signal a process, or with a negative pid a group. One that is gone is no error. */
void sys_kill(pid_t pid, int signo);

/* A child that has ended, 0 when there is none. It stays a zombie, so that its number and that of
 * its group cannot mean another process, until sys_reap() collects it and returns its status. */
pid_t sys_ended(void);
int sys_reap(pid_t pid);

/* What a process and all its descendants take. */
struct sys_usage {
    uint64_t resident_bytes;
    uint64_t processes;
};

/* Add what a process takes; nothing when it is gone. */
void sys_usage(pid_t pid, struct sys_usage *sum);

/* Kill all processes that carry the mark RR_WORKER=mark… in their environment, wherever they went.
 * Children inherit the mark; a pid is never trusted alone. is_dry: nothing happens to them.
 * Returns how many were found. */
uint64_t sys_sweep_marked(const char *mark, bool is_dry);

/* Whether the worker of the process pid lives, to be told by its session, or by its mark (what
 * stands behind RR_WORKER=; NULL when it has none, as every process for a moment when it is
 * executed). */
typedef int (*sys_lives_fn)(void *arg, pid_t pid, pid_t session, const char *mark);

/*
 * Kill the orphans of workers that do not live (lives is NULL: all of our children). With this
 * process as their subreaper they are children of it; their own children become that when they die,
 * and are found by the next call. Returns how many were killed; each of them is going to show in
 * sys_ended().
 */
uint64_t sys_sweep_orphans(sys_lives_fn lives, void *arg);

/* Kill all children of this process, again and again until none is left or the passes are used up.
 */
void sys_sweep_children(void);

/* Processes that the kernel has killed for want of memory since the machine started. */
uint64_t sys_oom_kills(void);

#endif
