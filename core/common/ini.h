/* SPDX-License-Identifier: MIT */
/*
 * ini.h - read the files of conf.d: keys with the places where they stand.
 *
 * inih splits the lines; everything that it would accept in silence (see ini.c) is refused before
 * it sees the text. All problems are collected, not only the first.
 */
#ifndef RR_CORE_INI_H
#define RR_CORE_INI_H

#include "core/common/text.h"

#include <jansson.h>
#include <stdbool.h>

struct ini {
    json_t *keys;   /* {section: {key: {"value", "origin"}}}; "core" is always there */
    json_t *places; /* {section: "conf.d/20-trainer.ini:14"} */
};

/*
 * Read all files NN-name.ini of a directory in the byte order of their names. shown is what stands
 * for the directory in messages.
 *
 * Problems with the text are added to problems as "file:line: message". A directory that cannot be
 * read is a problem too.
 */
void ini_read(struct ini *ini, const char *dir, const char *shown, struct text_list *problems);
void ini_free(struct ini *ini);

/* One key of a section: set it, look at it (NULL when it is not there). */
void ini_set(json_t *section, const char *key, const char *value, const char *origin);
const char *ini_text(const json_t *section, const char *key);
const char *ini_origin(const json_t *section, const char *key);

/*
 * Take what --set has, "core.key=value" or "NAME.key=value" for a stage, apart: the section as in
 * the file and the key in new strings, the value within set. Returns whether it is that, in UTF-8
 * and on one line; if not, nothing is made.
 */
bool ini_split_set(const char *set, char **section, char **key, const char **value);

#endif
