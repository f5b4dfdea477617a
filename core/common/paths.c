/* SPDX-License-Identifier: MIT */
/*
 * paths.c - siblings of the running program, and small file helpers.
 */
#include "core/common/paths.h"

#include "core/common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
paths_init(struct paths *paths, struct rr_err *err)
{
    char self[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    char *plugins;
    struct stat st;

    memset(paths, 0, sizeof *paths);
    if (n < 0) {
        const int code = -errno;

        return rr_err_set(err, code, "cannot read /proc/self/exe: %s (is /proc mounted?)",
                          strerror(-code));
    }
    self[n] = '\0';
    paths->self_dir = mem_dup(dirname(self));
    plugins = paths_join_new(paths->self_dir, "plugins");
    paths->is_build_tree = stat(plugins, &st) == 0 && S_ISDIR(st.st_mode);
    if (paths->is_build_tree) {
        paths->libexec_dir = mem_dup(paths->self_dir);
        paths->sbin_dir = mem_dup(paths->self_dir);
        paths->lib_dir = mem_dup(paths->self_dir);
        paths->plugin_dir = plugins;
    } else {
        paths->libexec_dir = mem_dup(RR_PKGLIBEXECDIR);
        paths->sbin_dir = mem_dup(RR_SBINDIR);
        paths->lib_dir = mem_dup(RR_LIBDIR);
        paths->plugin_dir = mem_dup(RR_PLUGINDIR);
        free(plugins);
    }
    return 0;
}

void
paths_fini(struct paths *paths)
{
    free(paths->self_dir);
    free(paths->libexec_dir);
    free(paths->sbin_dir);
    free(paths->plugin_dir);
    free(paths->lib_dir);
    memset(paths, 0, sizeof *paths);
}

char *
paths_join_new(const char *a, const char *b)
{
    return b[0] == '/' ? mem_dup(b) : mem_printf("%s/%s", a, b);
}

void
paths_plugin_dirs(const struct paths *paths, const char *dir, const char *plugin_path,
                  struct text_list *out)
{
    struct text_list words = {0};

    text_list_split(&words, plugin_path);
    for (size_t i = 0; i < words.n; i++) {
        char *one = paths_join_new(dir, words.v[i]);

        text_list_add(out, one);
        free(one);
    }
    text_list_add(out, paths->plugin_dir);
    text_list_free(&words);
}

char *
paths_real_new(const char *path, struct rr_err *err)
{
    char *real = realpath(path, NULL);

    if (real == NULL) {
        const int code = -errno;

        (void)rr_err_set(err, code, "%s: %s", path, strerror(-code));
    }
    return real;
}

int
paths_mkdir(const char *path, unsigned mode, struct rr_err *err)
{
    if (mkdir(path, (mode_t)mode) != 0 && errno != EEXIST) {
        const int code = -errno;

        return rr_err_set(err, code, "cannot make the directory %s: %s", path, strerror(-code));
    }
    return 0;
}

int
paths_mkdirs(const char *path, unsigned mode, struct rr_err *err)
{
    char part[PATH_MAX];
    int rc = 0;

    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part) {
        return rr_err_set(err, -ENAMETOOLONG,
                          "cannot make the directory %.120s...: the name is "
                          "too long",
                          path);
    }
    for (char *slash = strchr(part + 1, '/'); slash != NULL && rc == 0;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        rc = paths_mkdir(part, mode, err);
        *slash = '/';
    }
    return rc != 0 ? rc : paths_mkdir(path, mode, err);
}

int
paths_sync(const char *dir)
{
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int rc = fd < 0 || fsync(fd) != 0 ? -errno : 0;

    if (fd >= 0) {
        (void)close(fd);
    }
    return rc;
}

int
paths_trust(const struct stat *st, struct rr_err *err)
{
    const bool is_shared = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0;

    if (st->st_uid != 0 && st->st_uid != geteuid()) {
        return rr_err_set(err, -EPERM,
                          "it belongs to user %u, who could change it: chown it to root, or run "
                          "this as that user",
                          (unsigned)st->st_uid);
    }
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0 && !is_shared) {
        return rr_err_set(err, -EPERM,
                          "others than its owner may write to it (mode %04o): chmod go-w",
                          (unsigned)(st->st_mode & 07777));
    }
    return 0;
}

int
paths_read_new(const char *path, size_t max, char **out, size_t *size, struct rr_err *err)
{
    /* O_NONBLOCK: a pipe must be refused, not waited for */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    char *text = NULL;
    size_t have = 0;
    int rc = 0;

    if (fd < 0) {
        rc = -errno;
        return rr_err_set(err, rc, "cannot open %s: %s", path, strerror(-rc));
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        rc = rr_err_set(err, RR_E_INPUT, "%s is not a regular file", path);
        goto out;
    }
    text = mem_zalloc(mem_add(max, 2), 1);
    while (have <= max) {
        const ssize_t n = read(fd, text + have, max + 1 - have);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            rc = -errno;
            rc = rr_err_set(err, rc, "cannot read %s: %s", path, strerror(-rc));
            goto out;
        }
        if (n == 0) {
            break;
        }
        have += (size_t)n;
    }
    if (have > max) {
        rc = rr_err_set(err, RR_E_INPUT, "%s is larger than %zu bytes", path, max);
        goto out;
    }
    text[have] = '\0';
    *out = text;
    *size = have;
    text = NULL;
out:
    free(text);
    (void)close(fd);
    return rc;
}
