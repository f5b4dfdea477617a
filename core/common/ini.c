/* SPDX-License-Identifier: MIT */
/*
 * ini.c - read conf.d.
 *
 * The packaged inih takes an indented line as more text of the key above, cuts lines at 199 bytes
 * and section names at 49, ends a line at a NUL, drops text after " ;", and reads a header that
 * lacks its bracket as no header at all. Each of these would change what somebody meant without a
 * word, so check_line() refuses them first. inih has no line numbers either: its reader function
 * counts.
 */
#include "core/common/ini.h"

#include "core/common/jget.h"
#include "core/common/mem.h"
#include "core/common/paths.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX_BYTES (64u * 1024u)
#define FILES_MAX 256
#define LINE_MAX_BYTES 198 /* inih's buffer of 200 less newline and NUL */
#define SECTION_MAX_BYTES 48

struct reader {
    const char *next;
    const char *shown;
    int line;
    char place[300]; /* of that line */
    struct ini *ini;
    json_t *section; /* the one begun last in this file, NULL before it */
    struct text_list *problems;
};

/* Say what is wrong with a section header, NULL when nothing is. */
static const char *
check_header(const char *line, size_t n)
{
    if (line[n - 1] != ']') {
        return "a section header must end with \"]\" and nothing behind it";
    }
    if (n == 2) {
        return "a section needs a name: [core] or [stage NAME]";
    }
    if (n - 2 > SECTION_MAX_BYTES) {
        return "the name of a section may have 48 bytes";
    }
    return NULL;
}

static const char *
check_pair(const char *line, size_t n)
{
    const char *equals = memchr(line, '=', n);
    const char *colon = memchr(line, ':', n);

    if (equals == NULL || (colon != NULL && colon < equals)) {
        return "this is neither \"key = value\", nor \"[section]\", nor a comment";
    }
    if (equals == line) {
        return "there is no key before \"=\"";
    }
    for (size_t i = 1; i < n; i++) {
        if (line[i] == ';' && isblank((unsigned char)line[i - 1])) {
            return "a comment behind a value would be cut off: put it on a line of its own";
        }
    }
    return NULL;
}

static const char *
check_line(const char *line, size_t n)
{
    if (n > LINE_MAX_BYTES) {
        return "a line may have 198 bytes";
    }
    for (size_t i = 0; i < n; i++) {
        if (line[i] == '\r' && i == n - 1) {
            return "the line ends with CR LF: save the file with Unix line ends";
        }
        if ((unsigned char)line[i] < 0x20 && line[i] != '\t') {
            return line[i] == '\0' ? "the line holds a NUL byte"
                                   : "the line holds a control character";
        }
    }
    while (n > 0 && isblank((unsigned char)line[n - 1])) {
        n--;
    }
    if (n == 0 || line[0] == '#' || line[0] == ';') {
        return NULL;
    }
    if (isblank((unsigned char)line[0])) {
        return "the line is indented: it would be read as more text of the key above";
    }
    return line[0] == '[' ? check_header(line, n) : check_pair(line, n);
}

/* Look at every line; returns whether inih may see the text. */
static bool
check_text(const char *text, size_t size, const char *shown, struct text_list *problems)
{
    const size_t before = problems->n;
    const char *end = text + size;
    int line = 0;

    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text_list_printf(problems,
                         "%s:1: the file begins with a byte order mark: save it as UTF-8 "
                         "without one",
                         shown);
        return false;
    }
    for (const char *p = text; p < end;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        const size_t n = (size_t)((newline == NULL ? end : newline) - p);
        const char *why = check_line(p, n);

        line++;
        if (why != NULL) {
            text_list_printf(problems, "%s:%d: %s", shown, line, why);
        }
        p += n + 1;
    }
    if (problems->n == before && !text_is_utf8(text, size)) {
        text_problem(problems, shown, "the file is not UTF-8 text");
    }
    return problems->n == before;
}

/* Hand inih one line, as fgets would. */
static char *
read_line(char *buf, int cap, void *stream)
{
    struct reader *r = stream;
    const size_t n = strcspn(r->next, "\n");

    if (r->next[0] == '\0') {
        return NULL;
    }
    (void)snprintf(buf, (size_t)cap, "%.*s\n", (int)n, r->next);
    r->next += n + (r->next[n] == '\n' ? 1 : 0);
    (void)snprintf(r->place, sizeof r->place, "%s:%d", r->shown, ++r->line);
    /* inih tells nothing about a header, so an empty section would go unseen */
    if (buf[0] == '[') {
        char *name = mem_dupn(buf + 1, strcspn(buf + 1, "]"));
        const char *before = jget_text(r->ini->places, name);

        if (before != NULL) {
            text_problem(r->problems, r->place, "section [%s] was begun before at %s", name,
                         before);
        } else {
            (void)json_object_set_new(r->ini->places, name, json_string(r->place));
        }
        if (json_object_get(r->ini->keys, name) == NULL) {
            (void)json_object_set_new(r->ini->keys, name, json_object());
        }
        r->section = json_object_get(r->ini->keys, name);
        free(name);
    }
    return buf;
}

void
ini_set(json_t *keys, const char *key, const char *value, const char *origin)
{
    (void)json_object_set_new(keys, key, json_pack("{s:s, s:s}", "value", value, "origin", origin));
}

const char *
ini_text(const json_t *keys, const char *key)
{
    return jget_text(json_object_get(keys, key), "value");
}

const char *
ini_origin(const json_t *keys, const char *key)
{
    return jget_text(json_object_get(keys, key), "origin");
}

static int
on_key(void *user, const char *section, const char *key, const char *value)
{
    struct reader *r = user;
    const char *before = ini_origin(r->section, key);

    (void)section;
    if (r->section == NULL) {
        text_problem(r->problems, r->place, "key \"%s\" stands before any [section]", key);
    } else if (before != NULL) {
        text_problem(r->problems, r->place, "key \"%s\" was set before at %s", key, before);
    } else {
        ini_set(r->section, key, value, r->place);
    }
    return 1;
}

static void
read_file(struct ini *ini, const char *path, const char *shown, struct text_list *problems)
{
    struct rr_err err = RR_ERR_INIT;
    struct stat st;
    char *text = NULL;
    size_t size = 0;

    if (paths_read_new(path, FILE_MAX_BYTES, &text, &size, &err) != 0) {
        text_list_add(problems, err.text);
        return;
    }
    if (stat(path, &st) == 0 && paths_trust(&st, &err) != 0) {
        text_problem(problems, shown, "%s", err.text);
    }
    if (check_text(text, size, shown, problems)) {
        struct reader r = {.next = text, .shown = shown, .ini = ini, .problems = problems};

        (void)ini_parse_stream(read_line, &r, on_key, &r);
    }
    free(text);
}

/* Not an editor's copy, nor a README. */
static int
is_ini(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return dot != NULL && strcmp(dot, ".ini") == 0 && entry->d_name[0] != '.';
}

static bool
is_config_name(const char *name)
{
    return isdigit((unsigned char)name[0]) && isdigit((unsigned char)name[1]) && name[2] == '-' &&
           name[3] != '.';
}

void
ini_read(struct ini *ini, const char *dir, const char *shown, struct text_list *problems)
{
    struct dirent **entries = NULL;
    const int n = scandir(dir, &entries, is_ini, alphasort);
    struct rr_err err = RR_ERR_INIT;
    struct stat st;
    int n_files = 0;

    ini->keys = json_pack("{s:{}}", "core");
    ini->places = json_object();
    if (n < 0) {
        text_problem(problems, shown, "cannot read the directory: %s (`rrctl init` makes one)",
                     strerror(errno));
    } else if (stat(dir, &st) == 0 && paths_trust(&st, &err) != 0) {
        text_problem(problems, shown, "%s", err.text);
    }
    for (int i = 0; i < n; i++) {
        char *path = paths_join_new(dir, entries[i]->d_name);
        char *place = paths_join_new(shown, entries[i]->d_name);

        if (!is_config_name(entries[i]->d_name)) {
            text_problem(problems, shown, "%s: the name must be NN-name.ini (two digits first)",
                         entries[i]->d_name);
        } else if (!text_is_utf8(place, strlen(place))) {
            /* it could not be the origin of a key, nor stand in an answer */
            text_mend(place);
            text_problem(problems, place, "the name of the file is not UTF-8 text");
        } else if (++n_files <= FILES_MAX) {
            read_file(ini, path, place, problems);
        }
        free(place);
        free(path);
        free(entries[i]);
    }
    if (n_files > FILES_MAX) {
        text_problem(problems, shown, "%d files; at most %d are read", n_files, FILES_MAX);
    } else if (n_files == 0 && problems->n == 0) {
        text_problem(problems, shown, "no file NN-name.ini in it (`rrctl init` makes some)");
    }
    free(entries);
}

void
ini_free(struct ini *ini)
{
    json_decref(ini->keys);
    json_decref(ini->places);
}

bool
ini_split_set(const char *set, char **section, char **key, const char **value)
{
    const size_t n_section = strcspn(set, ".=");
    const size_t n = strcspn(set, "=");

    if (n_section == 0 || set[n_section] != '.' || n == n_section + 1 || set[n] != '=' ||
        strpbrk(set, "\r\n") != NULL || !text_is_utf8(set, strlen(set))) {
        return false;
    }
    *section = strncmp(set, "core.", 5) == 0 ? mem_dup("core")
                                             : mem_printf("stage %.*s", (int)n_section, set);
    *key = mem_dupn(set + n_section + 1, n - n_section - 1);
    *value = set + n + 1;
    return true;
}
