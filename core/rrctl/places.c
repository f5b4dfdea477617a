/* SPDX-License-Identifier: MIT */
/*
 * places.c - find the programs and files that belong to this rrctl.
 */
#include "core/rrctl/places.h"

#include "core/common/mem.h"
#include "core/rrctl/confd.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXTERNAL_PREFIX "rrctl-"

static bool
is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *
places_rrd_new(const struct paths *paths, struct rr_err *err)
{
    char *path = paths_join_new(paths->sbin_dir, "rrd");

    if (!is_program(path)) {
        (void)rr_err_set(err, -ENOENT, "no program %s: build or install rrd first", path);
        free(path);
        return NULL;
    }
    return path;
}

char *
places_external_new(const struct paths *paths, const char *name)
{
    const char *dirs[] = {paths->self_dir, paths->libexec_dir};

    for (size_t i = 0; strchr(name, '/') == NULL && i < sizeof dirs / sizeof dirs[0]; i++) {
        char *path = mem_printf("%s/" EXTERNAL_PREFIX "%s", dirs[i], name);
        if (is_program(path)) {
            return path;
        }
        free(path);
    }
    return NULL;
}

const char *
places_data(const struct paths *paths)
{
    return paths->is_build_tree ? paths->self_dir : RR_DATADIR;
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
places_list_externals(const struct paths *paths, struct text_list *names)
{
    const char *dirs[] = {paths->self_dir, paths->libexec_dir};

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
plugin_path_new(const struct paths *paths, const char *dir)
{
    char *list = confd_get_new(dir, "core", "plugin_path");
    struct text_list words = {0};
    struct text_list dirs = {0};

    text_list_split(&words, list == NULL ? "" : list);
    for (size_t i = 0; i < words.n; i++) {
        char *path = paths_join_new(dir, words.v[i]);

        text_list_add(&dirs, path);
        free(path);
    }
    text_list_add(&dirs, paths->plugin_dir);
    char *joined = text_list_join_new(&dirs, ":");

    text_list_free(&dirs);
    text_list_free(&words);
    free(list);
    return joined;
}

int
places_set_env(const struct paths *paths, const char *dir, struct rr_err *err)
{
    const char *old = getenv("LD_LIBRARY_PATH");
    char *absolute = paths_real_new(dir, err);
    char *libraries;
    char *plugins;
    char *self;
    int rc = 0;

    if (absolute == NULL) {
        return err->code;
    }
    plugins = plugin_path_new(paths, absolute);
    self = paths_join_new(paths->self_dir, "rrctl");
    libraries = old == NULL || old[0] == '\0' ? mem_dup(paths->lib_dir)
                                              : mem_printf("%s:%s", paths->lib_dir, old);
    if (setenv("RR_DIR", absolute, 1) < 0 || setenv("RR_PLUGIN_PATH", plugins, 1) < 0 ||
        setenv("RR_CTL", self, 1) < 0 || setenv("LD_LIBRARY_PATH", libraries, 1) < 0) {
        rc = rr_err_set(err, -errno, "cannot set the environment: %s", strerror(errno));
    }
    free(self);
    free(libraries);
    free(plugins);
    free(absolute);
    return rc;
}
