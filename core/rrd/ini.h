/* SPDX-License-Identifier: MIT */
/*
 * ini.h - read the files of conf.d into a list of keys with their places.
 *
 * inih splits the lines; everything that it would accept in silence (see ini.c) is refused before
 * it sees the text. All problems are collected, not only the first.
 */
#ifndef RR_CORE_INI_H
#define RR_CORE_INI_H

#include "core/common/text.h"

#include <rr/err.h>

#include <stddef.h>

struct ini_key {
    char *section; /* "core", "stage selfplay" */
    char *key;
    char *value;
    char *place; /* "conf.d/20-trainer.ini:14" */
};

struct ini_section {
    char *name;
    char *place;
};

struct ini {
    struct ini_key *keys;
    size_t n_keys;
    struct ini_section *sections;
    size_t n_sections;
};

/*
 * Read all files NN-name.ini of a directory in the byte order of their names. shown is what stands
 * for the directory in messages.
 *
 * Returns 0; problems with the text are added to problems as "file:line: message". A directory that
 * cannot be read is a problem too.
 */
void ini_read(struct ini *ini, const char *dir, const char *shown, struct text_list *problems);
void ini_free(struct ini *ini);

#endif
