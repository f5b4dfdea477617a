/* SPDX-License-Identifier: MIT */
/*
 * rr/artifact.h - the big files that events name: where they are, and whether they are the ones.
 */
#ifndef RR_ARTIFACT_H
#define RR_ARTIFACT_H

#include <rr/err.h>
#include <rr/host.h>

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

#define RR_ARTIFACT_PATH_MAX 4096

/*
 * Make an absolute path of a name from an event, which is relative to the data directory. Names
 * that are empty, absolute, or climb out by ".." are refused with RR_E_INPUT: events may come from
 * other machines.
 */
int rr_artifact_path(struct rr_ctx *ctx, const char *name, char out[RR_ARTIFACT_PATH_MAX],
                     struct rr_err *err);

/*
 * The same, and compare the contents with sha256 (64 lower-case hex digits). *bytes (may be NULL)
 * gets the size. RR_E_CORRUPT when they differ; -ENOENT when the file is not there.
 */
int rr_artifact_check(struct rr_ctx *ctx, const char *name, const char *sha256,
                      char out[RR_ARTIFACT_PATH_MAX], uint64_t *bytes, struct rr_err *err);

#pragma GCC visibility pop

#endif
