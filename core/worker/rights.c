/* SPDX-License-Identifier: MIT */
/*
 * rights.c - limits and identity of a worker process.
 */
#include "core/worker/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void
limit(int resource, rlim_t value)
{
    struct rlimit now;

    if (getrlimit(resource, &now) == 0) {
        now.rlim_cur = value < now.rlim_max ? value : now.rlim_max;
        now.rlim_max = now.rlim_cur;
        (void)setrlimit(resource, &now);
    }
}

void
rights_limit(const struct rights *rights)
{
    const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        const ssize_t ignored = write(fd, "500", 3); /* of 1000; the daemon has 0 */

        (void)ignored;
        (void)close(fd);
    }
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)umask(027);
    limit(RLIMIT_CORE, rights->core_bytes);
    if (rights->open_files > 0) {
        limit(RLIMIT_NOFILE, rights->open_files);
    }
}

int
rights_drop(const struct rights *rights, struct rr_err *err)
{
    const pid_t parent = getppid();
    const struct passwd *pw;
    int signo = 0;
    int rc;

    if (rights->user == NULL) {
        return 0;
    }
    (void)prctl(PR_GET_PDEATHSIG, &signo);
    errno = 0;
    pw = getpwnam(rights->user);
    if (pw == NULL) {
        rc = errno == 0 ? -ENOENT : -errno;
        return rr_err_set(err, rc, "there is no user \"%s\"", rights->user);
    }
    (void)setenv("HOME", pw->pw_dir, 1);
    (void)setenv("USER", pw->pw_name, 1);
    (void)setenv("LOGNAME", pw->pw_name, 1);
    if (initgroups(pw->pw_name, pw->pw_gid) != 0 ||
        setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
        setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0) {
        rc = -errno;
        return rr_err_set(err, rc, "cannot become user \"%s\": %s", rights->user, strerror(-rc));
    }
    /* The kernel forgets the parent's death signal when the user changes. */
    (void)prctl(PR_SET_PDEATHSIG, signo);
    if (getppid() != parent) {
        return rr_err_set(err, -ESRCH, "rrd is gone already");
    }
    return 0;
}
