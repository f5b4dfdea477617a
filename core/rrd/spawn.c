/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - the process of a worker: its descriptors, directories, lock, priority and processors.
 */
#include "core/rrd/spawn.h"

#include "core/common/log.h"
#include "core/common/mem.h"
#include "core/rrd/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is made for a worker: the first two stay here. */
enum { FD_LOG_READ, FD_OURS, FD_LOG_WRITE, FD_THEIRS, FD_LOCK, FDS };

/* Of each plugin: the one in use, and the one to go back to. */
#define COPIES_KEPT 2

/* Take the lock of the stage, and make what lies between its worker and us. */
static int
make_fds(const struct conf *conf, const struct conf_stage *stage, int *fds, struct rr_err *err)
{
    char *path = mem_printf("%s/state/stages/%s.lock", conf->dir, stage->name);
    int pipe_ends[2] = {-1, -1};
    int sockets[2] = {-1, -1};
    int rc = 0;

    fds[FD_LOCK] = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fds[FD_LOCK] < 0) {
        rc = -errno;
        (void)rr_err_set(err, rc, "cannot open %s: %s", path, strerror(-rc));
    } else if (flock(fds[FD_LOCK], LOCK_EX | LOCK_NB) != 0) {
        rc = rr_err_set(err, RR_E_BUSY, "an older process of this stage is still there (%s)", path);
    } else if (pipe2(pipe_ends, O_CLOEXEC) != 0 ||
               socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
        rc = -errno;
        (void)rr_err_set(err, rc, "cannot make the descriptors of a worker: %s", strerror(-rc));
    }
    free(path);
    fds[FD_LOG_READ] = pipe_ends[0];
    fds[FD_LOG_WRITE] = pipe_ends[1];
    fds[FD_OURS] = sockets[0];
    fds[FD_THEIRS] = sockets[1];
    (void)fcntl(fds[FD_LOG_READ], F_SETFL, O_NONBLOCK);
    (void)fcntl(fds[FD_OURS], F_SETFL, O_NONBLOCK);
    return rc;
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

/* Let a worker that runs as somebody else reach its own directories, and no others but data/, which
 * is for the group that conf_data_gid() tells. */
static int
give_dirs(const struct conf *conf, const struct conf_stage *stage, struct rr_err *err)
{
    const uid_t keep = (uid_t)-1;
    const gid_t data_gid = conf_data_gid(conf);
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
                {"data", keep, data_gid, 02770}};
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
    int fds[FDS] = {-1, -1, -1, -1, -1};
    struct text_list words = {0};
    struct text_list env = {0};
    int rc = make_stage_dir(conf, stage, err);

    conf_env(conf, &env);
    text_list_printf(&env, "RR_WORKER=%s/%s/%" PRIu64, instance, stage->name, epoch);
    text_list_printf(&words, "%s/rrd-worker", conf->paths->libexec_dir);
    text_list_printf(&words, "--stage=%s", stage->name);
    text_list_printf(&words, "--plugin=%s", stage->file);
    text_list_printf(&words, "--parent=%ld", (long)getpid());
    text_list_printf(&words, "--epoch=%" PRIu64, epoch);
    text_list_printf(&words, "--state=%s/state", conf->dir);
    text_list_printf(&words, "--open-files=%" PRId64, stage->open_files);
    text_list_printf(&words, "--core-size=%" PRId64, stage->core_size_bytes);
    if (stage->user != NULL) {
        text_list_printf(&words, "--user=%s", stage->user);
    }
    rc = rc == 0 ? make_fds(conf, stage, fds, err) : rc;
    if (rc == 0) {
        const int its[] = {-1, fds[FD_LOG_WRITE], fds[FD_LOG_WRITE], fds[FD_THEIRS], fds[FD_LOCK]};

        rc = sys_spawn(words.v, env.v, its, sizeof its / sizeof its[0], true, &out->pid);
        if (rc != 0) {
            (void)rr_err_set(err, rc, "cannot run %s: %s", words.v[0], strerror(-rc));
        }
    }
    if (rc == 0) {
        set_priority(stage, out->pid);
        out->link_fd = fds[FD_OURS];
        out->log_fd = fds[FD_LOG_READ];
    }
    for (int i = rc == 0 ? FD_LOG_WRITE : 0; i < FDS; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
    text_list_free(&words);
    text_list_free(&env);
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
    int64_t *used_ns = mem_zalloc(n > 0 ? (size_t)n : 1, sizeof *used_ns);

    for (int i = 0; i < n; i++) {
        struct stat st;

        if (fstatat(dir, files[i]->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
            used_ns[i] = st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
        }
    }
    for (int i = 0; i < n; i++) {
        const char *file = files[i]->d_name;
        const size_t bytes = name_bytes(file);
        int newer = bytes == 0 ? COPIES_KEPT : 0;

        for (int k = 0; k < n && newer < COPIES_KEPT; k++) {
            newer += name_bytes(files[k]->d_name) == bytes &&
                     strncmp(files[k]->d_name, file, bytes) == 0 && used_ns[k] > used_ns[i];
        }
        if (newer >= COPIES_KEPT && used_ns[i] > 0 && unlinkat(dir, file, 0) == 0) {
            log_debug("sup", "old copy of a plugin removed file=%s", file);
        }
    }
    for (int i = 0; i < n; i++) {
        free(files[i]);
    }
    if (dir >= 0) {
        (void)close(dir);
    }
    free(used_ns);
    free(files);
    free(path);
}
