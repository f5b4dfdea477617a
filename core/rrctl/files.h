/* SPDX-License-Identifier: MIT */
/*
 * files.h - make folders of files from those of the installation.
 */
#ifndef RR_CORE_RRCTL_FILES_H
#define RR_CORE_RRCTL_FILES_H

#include <rr/err.h>

/* Make a new string of a name or a text for the copy. */
typedef char *(*files_edit_fn)(const void *arg, const char *text);

/* Copy the files of a folder, with each name and each text as edit makes it. The new folder appears
 * complete or not at all, and never over what somebody made meanwhile (RR_E_BUSY). */
int files_make(const char *from, const char *to, files_edit_fn edit, const void *arg,
               struct rr_err *err);

#endif
