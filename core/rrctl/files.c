/* SPDX-License-Identifier: MIT */
/*
 * files.c - make folders of files from those of the installation.
 */
#include "core/rrctl/files.h"

#include "core/common/mem.h"
#include "core/common/paths.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)64 << 10)

/* Write one file that must not exist yet. */
static int
write_new(const char *path, const char *text, struct rr_err *err)
{
    FILE *file = fopen(path, "wxe");
    int rc = 0;

    if (file == NULL) {
        return rr_err_set(err, -errno, "cannot create %s: %s", path, strerror(errno));
    }
    if (fputs(text, file) == EOF) {
        rc = -errno;
    }
    if (fclose(file) == EOF && rc == 0) {
        rc = -errno;
    }
    return rc == 0 ? 0 : rr_err_set(err, rc, "cannot write %s: %s", path, strerror(-rc));
}

static int
copy(const char *from, const char *to, files_edit_fn edit, const void *arg, struct rr_err *err)
{
    char *text = NULL;
    size_t bytes = 0;
    int rc = paths_read_new(from, FILE_BYTES_MAX, &text, &bytes, err);

    if (rc == 0) {
        char *edited = edit(arg, text);

        rc = write_new(to, edited, err);
        free(edited);
    }
    free(text);
    return rc;
}

/* Remove a folder of files. */
static void
remove_dir(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    (void)rmdir(path);
}

int
files_make(const char *from, const char *to, files_edit_fn edit, const void *arg,
           struct rr_err *err)
{
    char *staging = mem_printf("%s.new-%d", to, (int)getpid());
    DIR *dir = opendir(from);
    const struct dirent *entry;
    int rc = 0;

    if (dir == NULL) {
        rc = rr_err_set(err, -errno, "cannot read %s: %s (the installation lacks it)", from,
                        strerror(errno));
        free(staging);
        return rc;
    }
    /* rrd takes nothing from a folder that others may write to. */
    rc = paths_mkdir(staging, 0755, err);
    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        char *name = edit(arg, entry->d_name);
        char *old = paths_join_new(from, entry->d_name);
        char *new = paths_join_new(staging, name);

        /* local.mk is there in the source tree only. */
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "local.mk") != 0) {
            rc = copy(old, new, edit, arg, err);
        }
        free(new);
        free(old);
        free(name);
    }
    (void)closedir(dir);
    /* Over a folder that is not empty it does nothing. */
    if (rc == 0 && rename(staging, to) != 0) {
        rc = rr_err_set(err, errno == ENOTEMPTY ? RR_E_BUSY : -errno, "cannot make %s: %s", to,
                        strerror(errno));
    }
    if (rc != 0) {
        remove_dir(staging);
    }
    free(staging);
    return rc;
}
