/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - posix_spawn of a worker, its descriptors, lock, priority and processors.
 *
 * Never plain fork: the store must not be inherited, and posix_spawn stays fast when the daemon is
 * large.
 */
#include "core/rrd/spawn.h"

#include "core/common/log.h"
#include "core/common/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FD_NULL, FD_LOG_READ, FD_LOG_WRITE, FD_OURS, FD_THEIRS, FD_LOCK, FDS };

/* Of each plugin: the one in use, and the one to go back to. */
#define COPIES_KEPT 2

/* Numbers above what the worker gets, so that no dup2 overwrites a source. */
#define FD_FLOOR 16

static int
lift(int fd)
{
    int up;

    if (fd < 0) {
        return -1;
    }
    up = fcntl(fd, F_DUPFD_CLOEXEC, FD_FLOOR);
    (void)close(fd);
    return up;
}

static int
take_stage_lock(const struct conf *conf, const struct conf_stage *stage, int *out,
                struct rr_err *err)
{
    char *path = mem_printf("%s/state/stages/%s.lock", conf->dir, stage->name);
    int fd = lift(open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    int rc = 0;

    if (fd < 0) {
        rc = -errno;
        (void)rr_err_set(err, rc, "cannot open %s: %s", path, strerror(-rc));
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        rc = rr_err_set(err, RR_E_BUSY, "an older process of this stage is still there (%s)", path);
        (void)close(fd);
        fd = -1;
    }
    free(path);
    *out = fd;
    return rc;
}

static int
make_fds(int *fds, struct rr_err *err)
{
    int pair[2];
    int rc;

    fds[FD_NULL] = lift(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (pipe2(pair, O_CLOEXEC) == 0) {
        fds[FD_LOG_READ] = lift(pair[0]);
        fds[FD_LOG_WRITE] = lift(pair[1]);
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0) {
        fds[FD_OURS] = lift(pair[0]);
        fds[FD_THEIRS] = lift(pair[1]);
    }
    for (int i = 0; i < FD_LOCK; i++) {
        if (fds[i] < 0) {
            rc = errno == 0 ? -EMFILE : -errno;
            return rr_err_set(err, rc, "cannot make the descriptors of a worker: %s",
                              strerror(-rc));
        }
    }
    (void)fcntl(fds[FD_LOG_READ], F_SETFL, O_NONBLOCK);
    (void)fcntl(fds[FD_OURS], F_SETFL, O_NONBLOCK);
    return 0;
}

static int
spawn_process(char *const *argv, char *const *env, const int *fds, pid_t *pid)
{
    static const struct {
        int from, to;
    } plan[] = {{FD_NULL, 0}, {FD_LOG_WRITE, 1}, {FD_LOG_WRITE, 2}, {FD_THEIRS, 3}, {FD_LOCK, 4}};
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    sigset_t none;
    sigset_t all;
    int rc = posix_spawn_file_actions_init(&fa);

    if (rc != 0) {
        return -rc;
    }
    (void)posix_spawnattr_init(&attr);
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)posix_spawnattr_setsigmask(&attr, &none);
    (void)posix_spawnattr_setsigdefault(&attr, &all);
    (void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    for (size_t i = 0; rc == 0 && i < sizeof plan / sizeof plan[0]; i++) {
        rc = posix_spawn_file_actions_adddup2(&fa, fds[plan[i].from], plan[i].to);
    }
    if (rc == 0) {
        rc = posix_spawn(pid, argv[0], &fa, &attr, argv, env);
    }
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&fa);
    return -rc;
}

/* From outside, right after the start: the plugin is not loaded yet, so no thread escapes it. */
static void
set_priority(const struct conf_stage *stage, pid_t pid)
{
    cpu_set_t cpus;

    if (stage->niceness != 0) {
        (void)setpriority(PRIO_PROCESS, (id_t)pid, (int)stage->niceness);
    }
    if (stage->cpu.n > 0) {
        CPU_ZERO(&cpus);
        for (size_t i = 0; i < stage->cpu.n; i++) {
            CPU_SET((size_t)atoi(stage->cpu.v[i]), &cpus);
        }
        (void)sched_setaffinity(pid, sizeof cpus, &cpus);
    }
}

/* Let a worker that runs as somebody else reach its own directories, and no others. */
static int
give_dirs(const struct conf *conf, const struct conf_stage *stage, struct rr_err *err)
{
    const uid_t keep = (uid_t)-1;
    const struct passwd *pw = getpwnam(stage->user);
    const struct {
        const char *name;
        uid_t uid;
        gid_t gid;
        mode_t mode;
    } dirs[] = {{"state", keep, (gid_t)-1, 0711},
                {"state/plugins", keep, (gid_t)-1, 0711},
                {"state/stages", keep, (gid_t)-1, 0711},
                {stage->name, pw == NULL ? keep : pw->pw_uid, (gid_t)-1, 0700},
                {"data", keep, pw == NULL ? (gid_t)-1 : pw->pw_gid, 02770}};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof dirs / sizeof dirs[0]; i++) {
        char *path = mem_printf("%s/%s%s", conf->dir,
                                dirs[i].name == stage->name ? "state/stages/" : "", dirs[i].name);

        if (chown(path, dirs[i].uid, dirs[i].gid) != 0 || chmod(path, dirs[i].mode) != 0) {
            rc = -errno;
            (void)rr_err_set(err, rc, "cannot give %s to user %s of stage %s: %s", path,
                             stage->user, stage->name, strerror(-rc));
        }
        free(path);
    }
    return rc;
}

/* The directory that a stage has for itself. */
static int
make_stage_dir(const struct conf *conf, const struct conf_stage *stage, struct rr_err *err)
{
    char *path = mem_printf("%s/state/stages/%s", conf->dir, stage->name);
    const int rc = paths_mkdir(path, 0700, err);

    free(path);
    return rc == 0 && stage->user != NULL ? give_dirs(conf, stage, err) : rc;
}

int
spawn_worker(const struct conf *conf, const struct conf_stage *stage, const char *instance,
             uint64_t epoch, struct spawned *out, struct rr_err *err)
{
    int fds[FDS] = {-1, -1, -1, -1, -1, -1};
    char *worker = paths_join_new(conf->paths->libexec_dir, "rrd-worker");
    char *state = paths_join_new(conf->dir, "state");
    char *parent = mem_printf("%ld", (long)getpid());
    char *number = mem_printf("%" PRIu64, epoch);
    char *mark = mem_printf("RR_WORKER=%s/%s/%" PRIu64, instance, stage->name, epoch);
    char **env = conf_env_new(conf, mark);
    char *files = mem_printf("%" PRId64, stage->open_files);
    char *core = mem_printf("%" PRId64, stage->core_size_bytes);
    char names[][13] = {"--stage", "--plugin",     "--parent",    "--epoch",
                        "--state", "--open-files", "--core-size", "--user"};
    char *argv[] = {worker,      names[0], stage->name, names[1],
                    stage->file, names[2], parent,      names[3],
                    number,      names[4], state,       names[5],
                    files,       names[6], core,        stage->user == NULL ? NULL : names[7],
                    stage->user, NULL};
    int rc = take_stage_lock(conf, stage, &fds[FD_LOCK], err);

    if (rc == 0) {
        rc = make_stage_dir(conf, stage, err);
    }
    errno = 0;
    if (rc == 0) {
        rc = make_fds(fds, err);
    }
    if (rc == 0) {
        rc = spawn_process(argv, env, fds, &out->pid);
        if (rc != 0) {
            (void)rr_err_set(err, rc, "cannot run %s: %s", worker, strerror(-rc));
        }
    }
    if (rc == 0) {
        set_priority(stage, out->pid);
        out->link_fd = fds[FD_OURS];
        out->log_fd = fds[FD_LOG_READ];
        fds[FD_OURS] = -1;
        fds[FD_LOG_READ] = -1;
    }
    for (int i = 0; i < FDS; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
    conf_env_free(env);
    free(core);
    free(files);
    free(mark);
    free(number);
    free(parent);
    free(state);
    free(worker);
    return rc;
}

int
spawn_dirs(const struct conf *conf, struct rr_err *err)
{
    static const struct {
        const char *name;
        unsigned mode;
    } dirs[] = {{"data", 0750}, {"state/plugins", 0700}, {"state/stages", 0700}};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof dirs / sizeof dirs[0]; i++) {
        char *path = paths_join_new(conf->dir, dirs[i].name);

        rc = paths_mkdir(path, dirs[i].mode, err);
        free(path);
    }
    return rc;
}

/* Bytes of NAME in the name NAME-HASH.so of a copy; 0 when it is none, but an unfinished one. */
static size_t
name_bytes(const char *file)
{
    const char *dash = strrchr(file, '-');

    return dash == NULL || file[0] == '.' ? 0 : (size_t)(dash - file);
}

void
spawn_prune(const struct conf *conf)
{
    char *path = paths_join_new(conf->dir, "state/plugins");
    struct dirent **files = NULL;
    const int n = scandir(path, &files, NULL, NULL);
    const int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct timespec *used = mem_zalloc(n > 0 ? (size_t)n : 1, sizeof *used);

    for (int i = 0; i < n; i++) {
        struct stat st;

        if (fstatat(dir, files[i]->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
            used[i] = st.st_mtim;
        }
    }
    for (int i = 0; i < n; i++) {
        const char *file = files[i]->d_name;
        const size_t bytes = name_bytes(file);
        int newer = bytes == 0 ? COPIES_KEPT : 0;

        for (int k = 0; k < n && newer < COPIES_KEPT; k++) {
            newer += name_bytes(files[k]->d_name) == bytes &&
                     strncmp(files[k]->d_name, file, bytes) == 0 &&
                     (used[k].tv_sec > used[i].tv_sec ||
                      (used[k].tv_sec == used[i].tv_sec && used[k].tv_nsec > used[i].tv_nsec));
        }
        if (newer >= COPIES_KEPT && used[i].tv_sec > 0 && unlinkat(dir, file, 0) == 0) {
            log_debug("sup", "old copy of a plugin removed file=%s", file);
        }
    }
    for (int i = 0; i < n; i++) {
        free(files[i]);
    }
    if (dir >= 0) {
        (void)close(dir);
    }
    free(used);
    free(files);
    free(path);
}
