/* SPDX-License-Identifier: MIT */
/*
 * files.c - make folders of files from other folders.
 */
#include "core/rrctl/files.h"

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
copy_file(const char *from, const char *to, files_edit_fn edit, const void *arg, struct rr_err *err)
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

int
files_copy(const char *from, const char *to, files_edit_fn edit, const void *arg,
           struct rr_err *err)
{
    DIR *dir = opendir(from);
    const struct dirent *entry;
    int rc = 0;

    if (dir == NULL) {
        return rr_err_set(err, -errno, "cannot read %s: %s", from, strerror(errno));
    }
    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        char *name = edit(arg, entry->d_name);
        char *old = paths_join_new(from, entry->d_name);
        char *new = paths_join_new(to, name);

        /* local.mk is there in the source tree only. */
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "local.mk") != 0) {
            rc = copy_file(old, new, edit, arg, err);
        }
        free(new);
        free(old);
        free(name);
    }
    (void)closedir(dir);
    return rc;
}

void
files_remove_dir(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char *file = paths_join_new(path, entry->d_name);
        (void)unlink(file);
        free(file);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    (void)rmdir(path);
}
