/* SPDX-License-Identifier: MIT */
/*
 * stage_log.c - lines of workers.
 */
#include "core/rrd/stage_log.h"

#include "core/common/mem.h"
#include "core/rrd/sys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024
/* Of a line that is kept to be shown with a death. */
#define TAIL_BYTES 200
/* A plugin that prints in a tight loop must not fill the disk or keep the daemon busy. */
#define LINES_PER_SECOND 200

struct stage_log {
    struct rrd *rrd;
    char *stage;
    struct log_file file;
    int fd;
    struct event *readable;
    char line[LINE_MAX_BYTES + 1];
    size_t n;
    bool is_cut; /* the rest of a line that was too long is thrown away */
    char last[TAIL_BYTES];
    json_t *tail; /* the last lines, oldest first */
    uint64_t second;
    unsigned lines, dropped;
};

struct stage_log *
stage_log_new(struct rrd *rrd, const char *stage)
{
    struct stage_log *log = mem_zalloc(1, sizeof *log);
    char *path = mem_printf("%s/log/%s.log", rrd->conf.dir, stage);
    struct rr_err err = RR_ERR_INIT;

    log->rrd = rrd;
    log->stage = mem_dup(stage);
    log->fd = -1;
    log->tail = json_array();
    if (log_file_open(&log->file, path, rrd->conf.log_size, (int)rrd->conf.log_files, &err) != 0) {
        log_warn("log", "%s", err.text);
    }
    free(path);
    return log;
}

void
stage_log_tick(struct stage_log *log)
{
    const uint64_t second = sys_mono_ms() / 1000;

    if (second == log->second) {
        return;
    }
    log->second = second;
    log->lines = 0;
    log_file_look(&log->file);
    if (log->dropped > 0) {
        log_warn("log", "lines dropped stage=%s count=%u", log->stage, log->dropped);
        log->dropped = 0;
    }
}

/* Whether one more line may be written in this second. */
static bool
has_room(struct stage_log *log)
{
    stage_log_tick(log);
    if (log->lines == LINES_PER_SECOND) {
        log->dropped++;
        return false;
    }
    log->lines++;
    return true;
}

void
stage_log_line(struct stage_log *log, enum log_level level, const char *text)
{
    char line[LINE_MAX_BYTES + 256];
    char kept[TAIL_BYTES];
    size_t n;

    text_copy(kept, sizeof kept, text);
    (void)json_array_append_new(log->tail, json_string(kept));
    if (json_array_size(log->tail) > STAGE_LOG_TAIL) {
        (void)json_array_remove(log->tail, 0);
    }
    if (level == LOG_ERROR) {
        memcpy(log->last, kept, sizeof kept);
    }
    if (!has_room(log)) {
        return;
    }
    n = log_format(line, sizeof line, level, log->stage, text);
    log_file_write(&log->file, line, n);
    if (level <= LOG_WARN) {
        log_write(level, log->stage, "%s", text);
    }
}

const char *
stage_log_last(const struct stage_log *log)
{
    return log->last;
}

json_t *
stage_log_tail_new(const struct stage_log *log)
{
    return json_copy(log->tail);
}

static void
end_line(struct stage_log *log)
{
    if (log->n > 0 && !log->is_cut) {
        log->line[log->n] = '\0';
        text_clean(log->line);
        stage_log_line(log, LOG_INFO, log->line);
        text_copy(log->last, sizeof log->last, log->line);
    }
    log->n = 0;
}

/* Returns false at the end of the pipe. */
static bool
read_some(struct stage_log *log)
{
    char buf[4096];
    ssize_t got;

    errno = 0; /* at the end of the pipe nothing sets it */
    got = read(log->fd, buf, sizeof buf);

    if (got < 0 && errno == EINTR) {
        return true;
    }
    if (got <= 0) {
        return false;
    }
    for (ssize_t i = 0; i < got; i++) {
        if (buf[i] == '\n') {
            end_line(log);
            log->is_cut = false;
        } else if (log->n < LINE_MAX_BYTES && !log->is_cut) {
            log->line[log->n++] = buf[i] == '\0' ? '?' : buf[i];
        } else if (!log->is_cut) {
            end_line(log);
            log->is_cut = true;
        }
    }
    return true;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct stage_log *log = arg;

    (void)fd;
    (void)what;
    if (!read_some(log) && errno != EAGAIN) {
        (void)event_del(log->readable);
    }
}

void
stage_log_attach(struct stage_log *log, int fd_take)
{
    stage_log_detach(log);
    log->fd = fd_take;
    log->n = 0;
    log->is_cut = false;
    log->last[0] = '\0';
    (void)json_array_clear(log->tail);
    log->readable = event_new(log->rrd->base, fd_take, EV_READ | EV_PERSIST, on_readable, log);
    (void)event_add(log->readable, NULL);
}

void
stage_log_detach(struct stage_log *log)
{
    if (log->fd < 0) {
        return;
    }
    /* a limit, because a grandchild may print for ever */
    for (int i = 0; i < 64 && read_some(log); i++) {
    }
    end_line(log);
    event_free(log->readable);
    (void)close(log->fd);
    log->readable = NULL;
    log->fd = -1;
}

void
stage_log_reopen(struct stage_log *log)
{
    log_file_reopen(&log->file);
}

void
stage_log_free(struct stage_log *log)
{
    if (log == NULL) {
        return;
    }
    stage_log_detach(log);
    log_file_close(&log->file);
    json_decref(log->tail);
    free(log->stage);
    free(log);
}
