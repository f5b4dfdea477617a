/* SPDX-License-Identifier: MIT */
/*
 * files.c - small steps of commands that make files.
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

int
files_write_new(const char *path, const char *text, size_t bytes, struct rr_err *err)
{
    FILE *file = fopen(path, "wxe");
    int rc = 0;

    if (file == NULL) {
        return rr_err_set(err, -errno, "cannot create %s: %s", path, strerror(errno));
    }
    if (fwrite(text, 1, bytes, file) != bytes) {
        rc = -errno;
    }
    if (fclose(file) == EOF && rc == 0) {
        rc = -errno;
    }
    return rc == 0 ? 0 : rr_err_set(err, rc, "cannot write %s: %s", path, strerror(-rc));
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
