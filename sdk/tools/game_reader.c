/* SPDX-License-Identifier: MIT */
/*
 * game_reader.c - lines of recorded games, gzipped or not.
 */
#include "sdk/tools/game_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The longest honest line lists some 100,000 moves; anything beyond is no recorded game. */
#define LINE_MAX_BYTES (16U << 20)
#define LINE_FIRST_BYTES 65536U

int
reader_open(struct reader *r, const char *file, struct rr_err *err)
{
    struct stat st;

    memset(r, 0, sizeof *r);
    r->file = file;
    if (stat(file, &st) != 0) {
        return rr_err_set(err, -errno, "%s: cannot read: %s", file, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return rr_err_set(err, RR_E_INPUT, "%s: not a regular file", file);
    }
    r->gz = gzopen(file, "rbe");
    r->line = malloc(LINE_FIRST_BYTES);
    r->cap = LINE_FIRST_BYTES;
    if (r->gz == NULL || r->line == NULL) {
        const int code = errno != 0 ? errno : ENOMEM;
        reader_close(r);
        return rr_err_set(err, -code, "%s: cannot read: %s", file, strerror(code));
    }
    return 0;
}

static int
bad_data(struct reader *r, struct rr_err *err)
{
    int code = 0;
    const char *what = gzerror(r->gz, &code);

    /* gzerror() puts the file name in front of its message. */
    if (strncmp(what, r->file, strlen(r->file)) == 0 && strlen(what) > strlen(r->file) + 2) {
        what += strlen(r->file) + 2;
    }
    return rr_err_set(err, RR_E_CORRUPT, "%s:%lu: the data ends or breaks off: %s", r->file,
                      r->number + 1, what);
}

static int
grow(struct reader *r, struct rr_err *err)
{
    char *bigger = r->cap < LINE_MAX_BYTES ? realloc(r->line, r->cap * 2) : NULL;

    if (bigger == NULL) {
        return rr_err_set(err, RR_E_INPUT, "%s:%lu: line of more than %zu bytes", r->file,
                          r->number + 1, r->cap);
    }
    r->line = bigger;
    r->cap *= 2;
    return 0;
}

int
reader_next(struct reader *r, struct rr_err *err)
{
    size_t len = 0;

    for (;;) {
        if (gzgets(r->gz, r->line + len, (int)(r->cap - len)) == NULL) {
            int code = 0;
            (void)gzerror(r->gz, &code);
            if (code != Z_OK && code != Z_STREAM_END) {
                return bad_data(r, err);
            }
            if (len == 0) {
                return 0;
            }
            break;
        }
        len += strlen(r->line + len);
        if (len > 0 && r->line[len - 1] == '\n') {
            r->line[--len] = '\0';
            break;
        }
        if (len + 1 < r->cap) {
            continue; /* last line without an end, or cut-off data: the next call tells */
        }
        const int rc = grow(r, err);
        if (rc != 0) {
            return rc;
        }
    }
    r->number++;
    return 1;
}

void
reader_close(struct reader *r)
{
    if (r->gz != NULL) {
        (void)gzclose_r(r->gz);
    }
    free(r->line);
    memset(r, 0, sizeof *r);
}
