/* SPDX-License-Identifier: MIT */
/*
 * log.c - log lines, log files with limits.
 *
 * Owns: the one global of the program, the process's own log.
 * Does not: decide what is worth a line.
 */
#include "core/common/log.h"

#include "core/common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static struct {
    struct log_file *file;
    enum log_echo echo;
    enum log_level most;
} own = {NULL, LOG_ECHO_LINES, LOG_INFO};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static void
write_all(int fd, const char *text, size_t n)
{
    while (n > 0) {
        const ssize_t done = write(fd, text, n);

        if (done < 0 && errno != EINTR) {
            return; /* there is no place left to complain to */
        }
        if (done > 0) {
            text += done;
            n -= (size_t)done;
        }
    }
}

int
log_file_open(struct log_file *file, const char *path, int64_t max_bytes, int max_files,
              struct rr_err *err)
{
    memset(file, 0, sizeof *file);
    file->path = mem_dup(path);
    file->max_bytes = max_bytes;
    file->max_files = max_files;
    file->fd = -1;
    log_file_reopen(file);
    if (file->fd < 0) {
        const int code = -errno;

        return rr_err_set(err, code, "cannot write the log %s: %s", path, strerror(-code));
    }
    return 0;
}

void
log_file_reopen(struct log_file *file)
{
    struct stat st;

    if (file->fd >= 0) {
        (void)close(file->fd);
    }
    file->fd = open(file->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    file->size_bytes = 0;
    if (file->fd >= 0 && fstat(file->fd, &st) == 0) {
        file->size_bytes = st.st_size;
    }
}

void
log_file_look(struct log_file *file)
{
    struct stat st;

    if (file->fd < 0 || fstat(file->fd, &st) != 0 || st.st_nlink == 0) {
        log_file_reopen(file);
    }
}

static void
rotate(struct log_file *file)
{
    for (int i = file->max_files - 1; i >= 1; i--) {
        char *to = mem_printf("%s.%d", file->path, i);
        char *from = i == 1 ? mem_dup(file->path) : mem_printf("%s.%d", file->path, i - 1);

        (void)rename(from, to); /* a file that is not there yet is the usual case */
        free(from);
        free(to);
    }
    if (file->max_files <= 1) {
        (void)unlink(file->path);
    }
    log_file_reopen(file);
}

void
log_file_write(struct log_file *file, const char *text, size_t n)
{
    if (file->path == NULL) {
        return;
    }
    if (file->fd < 0) {
        log_file_reopen(file);
    }
    if (file->fd < 0) {
        return;
    }
    if (file->max_bytes > 0 && file->size_bytes > 0 &&
        file->size_bytes + (int64_t)n > file->max_bytes) {
        rotate(file);
    }
    if (file->fd >= 0) {
        write_all(file->fd, text, n);
        file->size_bytes += (int64_t)n;
    }
}

void
log_file_close(struct log_file *file)
{
    if (own.file == file) {
        own.file = NULL;
    }
    if (file->path != NULL && file->fd >= 0) {
        (void)close(file->fd);
    }
    free(file->path);
    memset(file, 0, sizeof *file);
    file->fd = -1;
}

bool
log_has_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long dev;
    unsigned long long ino;
    struct stat st;

    return stream != NULL && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void
log_setup(struct log_file *file, enum log_echo echo, enum log_level most)
{
    own.file = file;
    own.echo = echo;
    own.most = most;
}

void
log_set_level(enum log_level most)
{
    own.most = most;
}

int
log_level_parse(const char *name, enum log_level *out)
{
    for (int i = 0; i < 4; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return 0;
        }
    }
    return RR_E_INPUT;
}

size_t
log_format(char *buf, size_t cap, enum log_level level, const char *area, const char *text)
{
    struct timespec now;
    struct tm utc;
    char stamp[32];
    int n;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    n = snprintf(buf, cap - 1, "%s.%03ldZ %s %s: %s", stamp, now.tv_nsec / 1000000,
                 level_names[level], area, text);
    if (n < 0) {
        n = 0;
    } else if ((size_t)n >= cap - 1) {
        n = (int)cap - 2;
    }
    for (int i = 0; i < n; i++) {
        if ((unsigned char)buf[i] < 0x20 || buf[i] == 0x7f) {
            buf[i] = ' ';
        }
    }
    buf[n] = '\n';
    buf[n + 1] = '\0';
    return (size_t)n + 1;
}

/* The line without its time and level. The journal is never waited for: the file has the line. */
static void
tell_journal(enum log_level level, const char *line)
{
    const char *text = strchr(strchr(line, ' ') + 1, ' ') + 1;
    char told[LINE_MAX_BYTES + 128];
    const int n = snprintf(told, sizeof told, "<%d>%s", level == LOG_ERROR ? 3 : 4, text);

    (void)send(STDERR_FILENO, told, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void
log_write(enum log_level level, const char *area, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    char line[LINE_MAX_BYTES + 128];
    va_list ap;
    size_t n;

    if (level > own.most) {
        return;
    }
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    n = log_format(line, sizeof line, level, area, text);
    if (own.file != NULL) {
        log_file_write(own.file, line, n);
    }
    if (own.echo == LOG_ECHO_LINES) {
        write_all(STDERR_FILENO, line, n);
    } else if (own.echo == LOG_ECHO_JOURNAL && level <= LOG_WARN) {
        tell_journal(level, line);
    }
}
