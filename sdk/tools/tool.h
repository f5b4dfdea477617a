/* SPDX-License-Identifier: MIT */
/*
 * tool.h - what the programs behind rrctl that play games have in common.
 */
#ifndef RR_SDK_TOOL_H
#define RR_SDK_TOOL_H

#include <stddef.h>

/* Where games are: as told (may be NULL), else as RR_PLUGIN_PATH says, else the folder plugins
 * beside the program, else the installed one. */
void tool_plugins(const char *told, char *dirs, size_t size);

#endif
