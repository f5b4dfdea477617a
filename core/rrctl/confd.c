/* SPDX-License-Identifier: MIT */
/*
 * confd.c - read one key of a conf.d, and set keys in it, line by line.
 */
#include "core/rrctl/confd.h"

#include "core/common/mem.h"
#include "core/common/paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)64 << 10) /* rrd refuses larger ones */

enum line_kind { LINE_OTHER, LINE_SECTION, LINE_KEY, LINE_COMMENTED_KEY };

struct line {
    enum line_kind kind;
    const char *name; /* of the section or key */
    size_t name_bytes;
    const char *value;
    size_t value_bytes;
};

static int
is_ini_file(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);

    return length > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + length - 4, ".ini") == 0;
}

static int
compare_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool
is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Take apart one line without its newline. */
static struct line
parse_line(const char *text, size_t bytes)
{
    struct line line = {.kind = LINE_OTHER};
    const char *end = text + bytes;
    bool is_commented = false;

    while (end > text && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) {
        end--;
    }
    if (end - text > 2 && text[0] == '[' && end[-1] == ']') {
        line.kind = LINE_SECTION;
        line.name = text + 1;
        line.name_bytes = (size_t)(end - text) - 2;
        return line;
    }
    if (text < end && (*text == '#' || *text == ';')) {
        is_commented = true;
        text++;
        while (text < end && *text == ' ') {
            text++;
        }
    }
    line.name = text;
    while (text < end && is_key_char(*text)) {
        text++;
    }
    line.name_bytes = (size_t)(text - line.name);
    while (text < end && (*text == ' ' || *text == '\t')) {
        text++;
    }
    if (line.name_bytes == 0 || text == end || *text != '=') {
        return line;
    }
    text++;
    while (text < end && (*text == ' ' || *text == '\t')) {
        text++;
    }
    line.kind = is_commented ? LINE_COMMENTED_KEY : LINE_KEY;
    line.value = text;
    line.value_bytes = (size_t)(end - text);
    return line;
}

static bool
line_is(const struct line *line, enum line_kind kind, const char *name)
{
    return line->kind == kind && line->name_bytes == strlen(name) &&
           memcmp(line->name, name, line->name_bytes) == 0;
}

/* Where in a text the key stands or would be added. */
struct spot {
    bool has_section, has_key;
    size_t at, bytes; /* the line to replace; bytes 0: insert at */
    struct line line; /* of the key, when has_key */
};

static struct spot
find_spot(const char *text, size_t bytes, const char *section, const char *key)
{
    struct spot spot = {.has_section = false};
    bool is_inside = false;

    for (size_t at = 0; at < bytes;) {
        const char *newline = memchr(text + at, '\n', bytes - at);
        const size_t length = newline == NULL ? bytes - at : (size_t)(newline - text) - at;
        const size_t next = at + length + (newline != NULL);
        const struct line line = parse_line(text + at, length);

        if (line.kind == LINE_SECTION) {
            is_inside = line_is(&line, LINE_SECTION, section);
            if (is_inside) {
                spot.has_section = true;
                spot.at = next;
            }
        } else if (is_inside && line_is(&line, LINE_KEY, key)) {
            spot.has_key = true;
            spot.at = at;
            spot.bytes = next - at;
            spot.line = line;
            return spot;
        } else if (is_inside && spot.bytes == 0 && line_is(&line, LINE_COMMENTED_KEY, key)) {
            spot.at = at;
            spot.bytes = next - at;
        }
        at = next;
    }
    return spot;
}

/* Look through the ini files until one holds the section. Returns 1 and its path, text (both new)
 * and spot, 0 when none does, or a negative code. */
static int
find_file(const char *dir, const char *section, const char *key, char **path, char **text,
          struct spot *spot, struct rr_err *err)
{
    char *conf = paths_join_new(dir, "conf.d");
    struct dirent **entries = NULL;
    size_t bytes = 0;
    int rc = 0;
    const int count = scandir(conf, &entries, is_ini_file, compare_bytes);

    if (count < 0) {
        rc = rr_err_set(err, -errno, "cannot read %s: %s", conf, strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        if (rc == 0) {
            *path = paths_join_new(conf, entries[i]->d_name);
            *text = NULL;
            rc = paths_read_new(*path, FILE_BYTES_MAX, text, &bytes, err);
            if (rc == 0) {
                *spot = find_spot(*text, bytes, section, key);
                rc = spot->has_section ? 1 : 0;
            }
            if (rc != 1) {
                free(*text);
                free(*path);
            }
        }
        free(entries[i]);
    }
    free(entries);
    free(conf);
    return rc;
}

char *
confd_get_new(const char *dir, const char *section, const char *key)
{
    char *path;
    char *text;
    char *value = NULL;
    struct spot spot;

    if (find_file(dir, section, key, &path, &text, &spot, NULL) == 1) {
        if (spot.has_key) {
            value = mem_dupn(spot.line.value, spot.line.value_bytes);
        }
        free(text);
        free(path);
    }
    return value;
}

/* Replace a file in one step, so that a crash leaves the old or the new one. */
static int
write_file(const char *path, const char *text, size_t at, size_t skipped, const char *line)
{
    char *temp = mem_printf("%s.new", path);
    int rc = 0;

    const int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL) {
        rc = -errno;
        goto out;
    }
    if (fwrite(text, 1, at, file) != at || fputs(line, file) == EOF ||
        fputs(text + at + skipped, file) == EOF || fflush(file) == EOF || fsync(fd) < 0) {
        rc = -errno;
    }
    if (fclose(file) == EOF && rc == 0) {
        rc = -errno;
    }
    if (rc == 0 && rename(temp, path) < 0) {
        rc = -errno;
    }
    if (rc < 0) {
        (void)unlink(temp);
    }
out:
    free(temp);
    return rc;
}

int
confd_set(const char *dir, const char *section, const char *key, const char *value,
          struct rr_err *err)
{
    char *path;
    char *text;
    char *line;
    struct spot spot;
    int rc = find_file(dir, section, key, &path, &text, &spot, err);

    if (rc == 0) {
        return rr_err_set(err, -ENOENT, "no file in %s/conf.d has a section [%s]", dir, section);
    }
    if (rc < 0) {
        return rc;
    }
    const bool needs_newline = spot.at > 0 && text[spot.at - 1] != '\n';
    line = mem_printf("%s%s = %s\n", needs_newline ? "\n" : "", key, value);
    rc = write_file(path, text, spot.at, spot.bytes, line);
    if (rc < 0) {
        (void)rr_err_set(err, rc, "cannot write %s: %s", path, strerror(-rc));
    }
    free(line);
    free(text);
    free(path);
    return rc;
}
