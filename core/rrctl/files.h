/* SPDX-License-Identifier: MIT */
/*
 * files.h - make folders of files from other folders.
 */
#ifndef RR_CORE_RRCTL_FILES_H
#define RR_CORE_RRCTL_FILES_H

#include <rr/err.h>

/* Make a new string of a name or a text for the copy. */
typedef char *(*files_edit_fn)(const void *arg, const char *text);

/* Copy the files of a folder of ours into another one, which must not hold them yet, with each name
 * and each text as edit makes it. */
int files_copy(const char *from, const char *to, files_edit_fn edit, const void *arg,
               struct rr_err *err);

/* Remove a folder of files: what a failed attempt left. */
void files_remove_dir(const char *path);

#endif
