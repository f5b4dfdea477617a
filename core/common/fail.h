/* SPDX-License-Identifier: MIT */
/*
 * fail.h - named places where a test lets the process die.
 *
 * FAIL("store.commit.before") costs nothing in a normal build. In the build of tests/crash/
 * (RR_FAIL_POINTS) the environment decides: with RR_FAIL=NAME:N the N-th pass of that place ends
 * the process by SIGKILL, once: only who can make the file named by RR_FAIL_FLAG dies, so that a
 * process that is started again lives. `rrd --list-fail-points` prints all names.
 */
#ifndef RR_COMMON_FAIL_H
#define RR_COMMON_FAIL_H

#ifdef RR_FAIL_POINTS

struct fail_point {
    const char *name;
};

void fail_pass(const char *name);
void fail_list(void);

#define FAIL(point)                                                                                \
    do {                                                                                           \
        static const char fail_name[] = point;                                                     \
        static const struct fail_point fail_here                                                   \
            __attribute__((used, section("fail_points"), aligned(8))) = {fail_name};               \
        fail_pass(fail_here.name);                                                                 \
    } while (0)

#else
#define FAIL(point) ((void)0)
#endif

#endif
