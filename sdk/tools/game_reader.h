/* SPDX-License-Identifier: MIT */
/*
 * game_reader.h - lines of recorded games, gzipped or not.
 */
#ifndef RR_TOOLS_GAME_READER_H
#define RR_TOOLS_GAME_READER_H

#include <zlib.h>

#include <rr/err.h>

struct reader {
    gzFile gz;
    const char *file; /* borrowed */
    char *line;       /* current line without its end */
    size_t cap;
    unsigned long number; /* of the current line, from 1 */
};

int reader_open(struct reader *r, const char *file, struct rr_err *err);

/* Step to the next line. Returns 1, 0 at the end of the file, or a negative code (unreadable or
 * cut-off data, a line that is longer than any record can be). */
int reader_next(struct reader *r, struct rr_err *err);

void reader_close(struct reader *r);

#endif
