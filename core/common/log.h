/* SPDX-License-Identifier: MIT */
/*
 * log.h - log files with limits, and the process's own log.
 *
 * One line per fact: time, level, area, a short fixed text, then key=value words:
 *
 *     2026-01-02T03:04:05.678Z warn sup: worker died stage=trainer sig=SEGV restarts=3
 */
#ifndef RR_CORE_LOG_H
#define RR_CORE_LOG_H

#include <rr/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* A log file that is renamed to NAME.1, NAME.2 … when it is full. */
struct log_file {
    char *path;
    int fd; /* -1 when it could not be opened; writing tries again */
    int64_t size_bytes;
    int64_t max_bytes;
    int max_files;
};

/* Open or create; a failure to open is reported, and every later write tries again. */
int log_file_open(struct log_file *file, const char *path, int64_t max_bytes, int max_files,
                  struct rr_err *err);
/* Append bytes that end with a newline. */
void log_file_write(struct log_file *file, const char *text, size_t n);
/* Close and open again, after somebody moved the file away. */
void log_file_reopen(struct log_file *file);
/* Make the file again when somebody has removed it. */
void log_file_look(struct log_file *file);
void log_file_close(struct log_file *file);

/* What standard error gets of the log: nothing, its lines, or warnings and errors as the journal of
 * systemd wants them, which has the time and shows the importance itself. */
enum log_echo { LOG_ECHO_NONE, LOG_ECHO_LINES, LOG_ECHO_JOURNAL };

/* Whether standard error is that journal. */
bool log_has_journal(void);

/* Where the process's own log goes: a file (borrowed, may be NULL), standard error, or both. */
void log_setup(struct log_file *file, enum log_echo echo, enum log_level most);

void log_set_level(enum log_level most);
/* Read "error", "warn", "info" or "debug". */
int log_level_parse(const char *name, enum log_level *out);

/* Write one line. Newlines and control bytes in it are replaced. */
void log_write(enum log_level level, const char *area, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Write "TIME level area: text\n" into buf and return its length; used for the files of stages. */
size_t log_format(char *buf, size_t cap, enum log_level level, const char *area, const char *text);

#define log_error(area, ...) log_write(LOG_ERROR, area, __VA_ARGS__)
#define log_warn(area, ...) log_write(LOG_WARN, area, __VA_ARGS__)
#define log_info(area, ...) log_write(LOG_INFO, area, __VA_ARGS__)
#define log_debug(area, ...) log_write(LOG_DEBUG, area, __VA_ARGS__)

#endif
