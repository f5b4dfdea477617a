/* SPDX-License-Identifier: MIT */
/*
 * confd.h - read one key of a conf.d, and set keys in the text of a file of one, line by line.
 *
 * Validation is rrd's business (rrd --check); to set keys, this knows just enough to find `key =
 * value` lines.
 */
#ifndef RR_CORE_RRCTL_CONFD_H
#define RR_CORE_RRCTL_CONFD_H

#include <stdbool.h>

/* Value of section.key in the conf.d of a daemon's directory, in a new string; NULL when it is not
 * set or nothing can be read. */
char *confd_get_new(const char *dir, const char *section, const char *key);

/* Whether it has a section. */
bool confd_has(const char *dir, const char *section);

/*
 * Set section.key in a text, which is replaced: its line, also one that is commented out, else a
 * line is added to the section. section is as in the file: "core", "stage selfplay". Returns
 * whether the text has that section.
 */
bool confd_set(char **text, const char *section, const char *key, const char *value);

#endif
