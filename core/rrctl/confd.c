/* SPDX-License-Identifier: MIT */
/*
 * confd.c - read one key of a conf.d, and set keys in the text of a file, line by line.
 */
#include "core/rrctl/confd.h"

#include "core/common/mem.h"
#include "core/common/paths.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)64 << 10) /* rrd refuses larger ones */

static int
is_ini_file(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);

    return length > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + length - 4, ".ini") == 0;
}

static const char *
skip(const char *at, const char *end, const char *chars)
{
    while (at < end && strchr(chars, *at) != NULL) {
        at++;
    }
    return at;
}

/* What stands behind `key =` in a line that sets it, else NULL. */
static const char *
value_of(const char *line, const char *end, const char *key)
{
    const size_t n = strlen(key);

    if ((size_t)(end - line) < n || memcmp(line, key, n) != 0) {
        return NULL;
    }
    line = skip(line + n, end, " \t");
    return line < end && *line == '=' ? skip(line + 1, end, " \t") : NULL;
}

/* Where in a text a key stands or would be added. */
struct spot {
    bool has_section;
    size_t at, bytes;  /* the line to replace, also one that is commented out; bytes 0: insert at */
    const char *value; /* NULL: not set */
    size_t value_bytes;
};

static struct spot
find_spot(const char *text, const char *section, const char *key)
{
    struct spot spot = {.has_section = false};
    bool is_inside = false;
    const char *next;

    for (const char *line = text; *line != '\0'; line = next) {
        const char *end = strchrnul(line, '\n');
        const char *value;

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
        value = is_inside ? value_of(line, end, key) : NULL;
        if (value != NULL) {
            spot.value = value;
            spot.value_bytes = (size_t)(end - value);
        }
        if (value != NULL ||
            (is_inside && spot.bytes == 0 && line < end && strchr("#;", *line) != NULL &&
             value_of(skip(line + 1, end, " "), end, key) != NULL)) {
            spot.at = (size_t)(line - text);
            spot.bytes = (size_t)(next - line);
        }
        if (value != NULL) {
            break;
        }
    }
    return spot;
}

/* Whether a conf.d has the section. *value is that of the key, new, or NULL when it is not set. */
static bool
look(const char *dir, const char *section, const char *key, char **value)
{
    char *conf = paths_join_new(dir, "conf.d");
    struct dirent **entries = NULL;
    const int count = scandir(conf, &entries, is_ini_file, alphasort);
    bool is_found = false;

    *value = NULL;
    for (int i = 0; i < count; i++) {
        char *path = paths_join_new(conf, entries[i]->d_name);
        char *text = NULL;
        size_t bytes;

        if (!is_found && paths_read_new(path, FILE_BYTES_MAX, &text, &bytes, NULL) == 0) {
            const struct spot spot = find_spot(text, section, key);

            is_found = spot.has_section;
            *value = spot.value == NULL ? NULL : mem_dupn(spot.value, spot.value_bytes);
        }
        free(text);
        free(path);
        free(entries[i]);
    }
    free(entries);
    free(conf);
    return is_found;
}

char *
confd_get_new(const char *dir, const char *section, const char *key)
{
    char *value;

    (void)look(dir, section, key, &value);
    return value;
}

bool
confd_has(const char *dir, const char *section)
{
    char *value;
    const bool has = look(dir, section, "", &value);

    free(value);
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
