/* SPDX-License-Identifier: MIT */
/*
 * proc.c - find and run our other programs.
 */
#include "core/rrctl/proc.h"

#include "core/common/mem.h"
#include "core/common/status.h"
#include "core/rrctl/confd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXTERNAL_PREFIX "rrctl-"

static bool
is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *
proc_external_new(const struct rrctl *app, const char *name)
{
    const char *dirs[] = {app->paths.self_dir, app->paths.libexec_dir};

    for (size_t i = 0; strchr(name, '/') == NULL && i < sizeof dirs / sizeof dirs[0]; i++) {
        char *path = mem_printf("%s/" EXTERNAL_PREFIX "%s", dirs[i], name);
        if (is_program(path)) {
            return path;
        }
        free(path);
    }
    return NULL;
}

static bool
has_name(const struct text_list *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++) {
        if (strcmp(names->v[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void
proc_list_externals(const struct rrctl *app, struct text_list *names)
{
    const char *dirs[] = {app->paths.self_dir, app->paths.libexec_dir};

    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        DIR *dir = opendir(dirs[i]);
        const struct dirent *entry;

        while (dir != NULL && (entry = readdir(dir)) != NULL) {
            char *path = paths_join_new(dirs[i], entry->d_name);
            const char *name = entry->d_name + strlen(EXTERNAL_PREFIX);

            /* A dot in the name means leftovers of an editor or a build. */
            if (strncmp(entry->d_name, EXTERNAL_PREFIX, strlen(EXTERNAL_PREFIX)) == 0 &&
                strchr(name, '.') == NULL && is_program(path) && !has_name(names, name)) {
                text_list_add(names, name);
            }
            free(path);
        }
        if (dir != NULL) {
            (void)closedir(dir);
        }
    }
    if (names->n > 0) {
        qsort(names->v, names->n, sizeof *names->v, compare_names);
    }
}

/* The plugin directories of a configuration and the built-in one, joined by colons. */
static char *
plugin_path_new(const struct rrctl *app, const char *dir)
{
    char *list = confd_get_new(dir, "core", "plugin_path");
    struct text_list dirs = {0};

    paths_plugin_dirs(&app->paths, dir, list == NULL ? "" : list, &dirs);
    char *joined = text_list_join_new(&dirs, ":");

    text_list_free(&dirs);
    free(list);
    return joined;
}

int
proc_set_env(const struct rrctl *app, struct rr_err *err)
{
    const char *old = getenv("LD_LIBRARY_PATH");
    const bool is_new = old == NULL || old[0] == '\0';
    const char *lib_dir = app->paths.lib_dir;
    char *dir = paths_real_new(app->dir, err);
    int rc = 0;

    if (dir == NULL) {
        return err->code;
    }
    char *plugins = plugin_path_new(app, dir);
    char *self = paths_join_new(app->paths.self_dir, "rrctl");
    char *libraries = is_new ? mem_dup(lib_dir) : mem_printf("%s:%s", lib_dir, old);
    if (setenv("RR_DIR", dir, 1) < 0 || setenv("RR_PLUGIN_PATH", plugins, 1) < 0 ||
        setenv("RR_CTL", self, 1) < 0 || setenv("LD_LIBRARY_PATH", libraries, 1) < 0) {
        rc = rr_err_set(err, -errno, "cannot set the environment: %s", strerror(errno));
    }
    free(libraries);
    free(self);
    free(plugins);
    free(dir);
    return rc;
}

int
proc_rrd(const struct rrctl *app, struct text_list *words, struct rr_err *err)
{
    char *path = paths_join_new(app->paths.sbin_dir, "rrd");
    const int rc = is_program(path) ? 0
                                    : rr_err_set(err, -ENOENT,
                                                 "no program %s: build or install rrd first", path);

    text_list_add(words, path);
    text_list_add(words, "--dir");
    text_list_add(words, app->dir);
    free(path);
    return rc;
}

int
proc_become(const struct text_list *words, struct rr_err *err)
{
    (void)fflush(stdout);
    (void)execv(words->v[0], words->v);
    return rr_err_set(err, -errno, "cannot run %s: %s", words->v[0], strerror(errno));
}

int
proc_become_rrd(const struct rrctl *app, const char *option, const char *operand,
                struct rr_err *err)
{
    struct text_list words = {0};
    int rc = proc_rrd(app, &words, err);

    text_list_add(&words, option);
    if (operand != NULL) {
        text_list_add(&words, operand);
    }
    if (args_has(&app->args, "strict")) {
        text_list_add(&words, "--strict");
    }
    if (app->json) {
        text_list_add(&words, "--json");
    }
    args_each(&app->args, "set", "--set", &words);
    rc = rc == 0 ? proc_become(&words, err) : rc;
    text_list_free(&words);
    return rc;
}

int
proc_wait(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Start it, with output_fd as its standard output unless that is -1. */
static int
spawn(const struct text_list *words, int output_fd, pid_t *pid, struct rr_err *err)
{
    posix_spawn_file_actions_t actions;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc == 0) {
        rc = output_fd < 0 ? 0
                           : posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO);
        rc = rc == 0 ? posix_spawn(pid, words->v[0], &actions, NULL, words->v, environ) : rc;
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    return rc == 0 ? 0 : rr_err_set(err, -rc, "cannot run %s: %s", words->v[0], strerror(rc));
}

int
proc_run(const struct text_list *words, struct rr_err *err)
{
    pid_t pid;
    int rc;

    (void)fflush(stdout);
    if (spawn(words, -1, &pid, err) < 0) {
        return err->code;
    }
    rc = proc_wait(pid);
    return rc < 0 ? rr_err_set(err, rc, "waiting for %s: %s", words->v[0], strerror(-rc)) : rc;
}

int
proc_open(const struct text_list *words, FILE **out, pid_t *pid, struct rr_err *err)
{
    int fds[2];
    int rc;

    if (pipe2(fds, O_CLOEXEC) < 0 || (*out = fdopen(fds[0], "r")) == NULL) {
        return rr_err_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
    }
    rc = spawn(words, fds[1], pid, err);
    (void)close(fds[1]);
    if (rc < 0) {
        (void)fclose(*out);
    }
    return rc;
}

/* In the child: everything up to exec. Not posix_spawn, which cannot ask for the signal of a
 * parent's death; this process is small, so that fork costs nothing. */
static void
become_daemon(const struct text_list *words, int output_fd, pid_t parent)
{
    const int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setsid();
    if (null_fd < 0 || dup2(null_fd, 0) < 0 || dup2(output_fd, 1) < 0 || dup2(output_fd, 2) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent) {
        _exit(STATUS_FAILED);
    }
    (void)execv(words->v[0], words->v);
    (void)dprintf(2, "cannot run %s: %s\n", words->v[0], strerror(errno));
    _exit(STATUS_FAILED);
}

pid_t
proc_start(const struct text_list *words, int output_fd, struct rr_err *err)
{
    const pid_t parent = getpid();
    const pid_t pid = fork();

    if (pid == 0) {
        become_daemon(words, output_fd, parent);
    }
    if (pid < 0) {
        return rr_err_set(err, -errno, "cannot start %s: %s", words->v[0], strerror(errno));
    }
    return pid;
}

int
proc_wait_gone(pid_t pid, int timeout_ms)
{
    struct pollfd pfd = {.events = POLLIN};
    int rc = 0;

    pfd.fd = pidfd_open(pid, 0);
    if (pfd.fd < 0) {
        return errno == ESRCH ? 0 : -errno;
    }
    const int n = poll(&pfd, 1, timeout_ms);
    if (n <= 0) {
        rc = n == 0 ? RR_E_TIMEOUT : -errno;
    }
    (void)close(pfd.fd);
    return rc;
}
