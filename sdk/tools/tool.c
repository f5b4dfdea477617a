/* SPDX-License-Identifier: MIT */
/*
 * tool.c - what the programs behind rrctl that play games have in common.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/tools/tool.h"

void
tool_plugins(const char *told, char *dirs, size_t size)
{
    const char *env = getenv("RR_PLUGIN_PATH");
    char self[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (told == NULL && env != NULL && env[0] != '\0') {
        told = env;
    }
    if (told != NULL) {
        (void)snprintf(dirs, size, "%s", told);
        return;
    }
    if (n > 0) {
        self[n] = '\0';
        *strrchr(self, '/') = '\0';
        if (snprintf(dirs, size, "%s/plugins", self) < (int)size && access(dirs, X_OK) == 0) {
            return;
        }
    }
    (void)snprintf(dirs, size, "%s", RR_PLUGINDIR);
}
