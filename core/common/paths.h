/* SPDX-License-Identifier: MIT */
/*
 * paths.h - where things are: the siblings of a program, and small file helpers.
 *
 * A program that runs from a build tree finds its siblings beside itself; the sign of a build tree
 * is a folder `plugins` next to the program. Otherwise the folders of the installation count.
 */
#ifndef RR_CORE_PATHS_H
#define RR_CORE_PATHS_H

#include "core/common/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct paths {
    bool is_build_tree;
    char *self_dir;    /* directory of the running program */
    char *libexec_dir; /* rrd-worker and rrctl-NAME */
    char *sbin_dir;    /* rrd */
    char *plugin_dir;  /* built-in stage plugins */
    char *lib_dir;     /* shared library of the kit, for LD_LIBRARY_PATH */
};

/* Find everything; returns 0 or a negative errno with *err filled. */
int paths_init(struct paths *paths, struct rr_err *err);
void paths_fini(struct paths *paths);

/* "a/b" in a new string; b alone when it is absolute. */
char *paths_join_new(const char *a, const char *b);

/* The directories of a plugin_path (those of dir where they are relative) and the built-in one. */
void paths_plugin_dirs(const struct paths *paths, const char *dir, const char *plugin_path,
                       struct text_list *out);

/* The absolute form of an existing path in a new string, NULL with *err filled when it fails. */
char *paths_real_new(const char *path, struct rr_err *err);

/* Make one directory; one that is there already is fine. */
int paths_mkdir(const char *path, unsigned mode, struct rr_err *err);

/* The same for a directory whose parents need not exist; those are made as well. */
int paths_mkdirs(const char *path, unsigned mode, struct rr_err *err);

/* Have the names in a directory durable; returns 0 or a negative errno. */
int paths_sync(const char *dir);

/* Whether nobody but root and this user can change a file or a folder: an owner, a mode. A folder
 * where everybody makes files but none changes those of others (as /tmp) will do. Returns 0, or
 * -EPERM with what is wrong and what to do, for the caller to say of which file. */
int paths_trust(const struct stat *st, struct rr_err *err);

/* Read a regular file of at most max bytes into a new string with a NUL behind it. A directory,
 * a pipe or a bigger file is refused. */
int paths_read_new(const char *path, size_t max, char **out, size_t *size, struct rr_err *err);

#endif
