/* SPDX-License-Identifier: MIT */
/*
 * fail.c - dies where it is told to; part of the programs of tests/crash/ only.
 */
#include "core/common/fail.h"

#ifdef RR_FAIL_POINTS

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The linker gathers them. */
extern const struct fail_point __start_fail_points[];
extern const struct fail_point __stop_fail_points[];

void
fail_pass(const char *name)
{
    static atomic_int passes;
    const char *wish = getenv("RR_FAIL");
    const char *flag = getenv("RR_FAIL_FLAG");
    const size_t n = strlen(name);

    if (wish == NULL || flag == NULL || strncmp(wish, name, n) != 0 || wish[n] != ':' ||
        atomic_fetch_add(&passes, 1) + 1 != atoi(wish + n + 1)) {
        return;
    }
    if (open(flag, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) >= 0) {
        (void)kill(getpid(), SIGKILL);
    }
}

void
fail_list(void)
{
    for (const struct fail_point *p = __start_fail_points; p < __stop_fail_points; p++) {
        (void)puts(p->name);
    }
}

#else
/* C has no empty files. */
typedef int fail_nothing;
#endif
