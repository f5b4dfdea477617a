/* SPDX-License-Identifier: MIT */
/*
 * confd.c - read one key of a conf.d, and set keys in the text of a file, line by line.
 */
#include "core/rrctl/confd.h"

#include "core/common/ini.h"
#include "core/common/mem.h"
#include "core/common/paths.h"

#include <stdlib.h>
#include <string.h>

static const char *
skip(const char *at, const char *end, const char *chars)
{
    while (at < end && strchr(chars, *at) != NULL) {
        at++;
    }
    return at;
}

/* Whether a line sets the key. */
static bool
is_set(const char *line, const char *end, const char *key)
{
    const size_t n = strlen(key);

    if ((size_t)(end - line) < n || memcmp(line, key, n) != 0) {
        return false;
    }
    line = skip(line + n, end, " \t");
    return line < end && *line == '=';
}

/* Where in a text a key stands or would be added. */
struct spot {
    bool has_section;
    size_t at, bytes; /* the line to replace, also one that is commented out; bytes 0: insert at */
};

static struct spot
find_spot(const char *text, const char *section, const char *key)
{
    struct spot spot = {.has_section = false};
    bool is_inside = false;
    bool is_found = false;
    const char *next;

    for (const char *line = text; *line != '\0' && !is_found; line = next) {
        const char *end = strchrnul(line, '\n');

        next = *end == '\n' ? end + 1 : end;
        while (end > line && strchr(" \t\r", end[-1]) != NULL) {
            end--;
        }
        if (end - line > 2 && line[0] == '[' && end[-1] == ']') {
            const size_t n = (size_t)(end - line) - 2;

            is_inside = strlen(section) == n && memcmp(line + 1, section, n) == 0;
            if (is_inside) {
                spot.has_section = true;
                spot.at = (size_t)(next - text);
            }
            continue;
        }
        is_found = is_inside && is_set(line, end, key);
        if (is_found ||
            (is_inside && spot.bytes == 0 && line < end && strchr("#;", *line) != NULL &&
             is_set(skip(line + 1, end, " "), end, key))) {
            spot.at = (size_t)(line - text);
            spot.bytes = (size_t)(next - line);
        }
    }
    return spot;
}

/* The keys of a section of a conf.d, NULL when it has no such section. New reference. */
static json_t *
section_new(const char *dir, const char *section)
{
    char *confd = paths_join_new(dir, "conf.d");
    struct text_list problems = {0};
    struct ini ini;

    ini_read(&ini, confd, "conf.d", &problems);
    json_t *keys = json_incref(json_object_get(ini.keys, section));

    ini_free(&ini);
    text_list_free(&problems);
    free(confd);
    return keys;
}

char *
confd_get_new(const char *dir, const char *section, const char *key)
{
    json_t *keys = section_new(dir, section);
    char *value = mem_dup(ini_text(keys, key));

    json_decref(keys);
    return value;
}

bool
confd_has(const char *dir, const char *section)
{
    json_t *keys = section_new(dir, section);
    const bool has = keys != NULL;

    json_decref(keys);
    return has;
}

bool
confd_set(char **text, const char *section, const char *key, const char *value)
{
    const struct spot spot = find_spot(*text, section, key);

    if (spot.has_section) {
        const bool needs_newline = spot.at > 0 && (*text)[spot.at - 1] != '\n';
        char *changed =
            mem_printf("%.*s%s%s = %s\n%s", (int)spot.at, *text, needs_newline ? "\n" : "", key,
                       value, *text + spot.at + spot.bytes);

        free(*text);
        *text = changed;
    }
    return spot.has_section;
}
