/* SPDX-License-Identifier: MIT */
/*
 * files.h - small steps of commands that make files.
 */
#ifndef RR_CORE_RRCTL_FILES_H
#define RR_CORE_RRCTL_FILES_H

#include <rr/err.h>

#include <stddef.h>

/* Write one file that must not exist yet. */
int files_write_new(const char *path, const char *text, size_t bytes, struct rr_err *err);

/* Remove a folder of files: what a failed attempt left. */
void files_remove_dir(const char *path);

#endif
