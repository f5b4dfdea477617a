/* SPDX-License-Identifier: MIT */
/*
 * probe.c - have rrd-worker look at plugins, and put what came of it into words.
 */
#include "core/rrd/probe.h"

#include "core/common/mem.h"
#include "core/common/sha256.h"
#include "core/common/status.h"
#include "core/rrd/conf_schema.h"
#include "core/rrd/helper.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROBE_WIDTH 8
/* Of a command line, with the NULL at its end. */
#define WORDS_MAX 6

/* rrd-worker's own words begin with its name; the rest was written by the plugin. */
static const char own_name[] = "rrd-worker: ";

/* The last line of a text without its end, which is cut off. */
static const char *
last_line(char *text)
{
    size_t n = strlen(text);
    const char *line;

    while (n > 0 && text[n - 1] == '\n') {
        text[--n] = '\0';
    }
    line = strrchr(text, '\n');
    return line == NULL ? text : line + 1;
}

/* Describe how a helper failed, NULL when it did not. */
static char *
failure_new(struct helper *h, const char *what, int limit_ms)
{
    const char *line = last_line(h->complaint);

    text_clean(h->complaint);
    switch (h->limit) {
    case HELPER_TIME:
        return mem_printf("%s did not end within %d s%s", what, limit_ms / 1000,
                          h->complaint_bytes > h->n_complaint ? ", and printed without end" : "");
    case HELPER_MEMORY:
        return mem_printf("%s took more than %u MiB of memory", what, HELPER_MEMORY_BYTES >> 20);
    case HELPER_PROCESSES:
        return mem_printf("%s started more than %u processes", what, HELPER_PROCESSES_MAX);
    case HELPER_WITHIN:
        break;
    }
    if (h->signal != 0) {
        return mem_printf("%s ended by signal %s%s%s", what, sigabbrev_np(h->signal),
                          line[0] == '\0' ? "" : ": ", line);
    }
    if (h->status != STATUS_OK && strncmp(line, own_name, sizeof own_name - 1) == 0) {
        return mem_dup(line + sizeof own_name - 1);
    }
    if (h->status != STATUS_OK || h->n_out == 0) {
        return mem_printf("%s ended the process with exit status %d: a plugin must not call exit()",
                          what, h->status);
    }
    return NULL;
}

/* Run one helper for each of n files; the caller takes the results. */
struct batch {
    char *worker;
    char **argvs;
    struct helper *helpers;
    size_t n;
};

static void
batch_init(struct batch *b, size_t n, const struct paths *paths)
{
    b->worker = paths_join_new(paths->libexec_dir, "rrd-worker");
    b->argvs = mem_zalloc(mem_mul(n, WORDS_MAX), sizeof *b->argvs);
    b->helpers = mem_zalloc(n, sizeof *b->helpers);
    b->n = n;
}

static void
batch_set(struct batch *b, size_t i, const char *flag, const char *file, const char *user)
{
    char **argv = &b->argvs[WORDS_MAX * i];

    *argv++ = b->worker;
    if (user != NULL && user[0] != '\0') {
        *argv++ = mem_dup("--user");
        *argv++ = mem_dup(user);
    }
    *argv++ = mem_dup(flag);
    *argv++ = mem_dup(file);
    b->helpers[i].argv = &b->argvs[WORDS_MAX * i];
}

static void
batch_fini(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        helper_fini(&b->helpers[i]);
        for (size_t k = 1; k < WORDS_MAX; k++) {
            free(b->argvs[WORDS_MAX * i + k]);
        }
    }
    free(b->helpers);
    free(b->argvs);
    free(b->worker);
}

static void
take_probe(struct probe *p, struct helper *h, int limit_ms)
{
    struct rr_err err = RR_ERR_INIT;
    const struct rr_opt *row;

    p->printed_bytes = h->complaint_bytes;
    p->ran_ms = h->ran_ms;
    p->why = failure_new(h, "loading it", limit_ms);
    if (p->why == NULL && manifest_parse(&p->manifest, h->out, h->n_out, &err) != 0) {
        p->why = mem_dup(err.text);
    }
    for (row = p->manifest.options; p->why == NULL && row->key != NULL; row++) {
        if (conf_schema_find(conf_stage_keys, row->key) != NULL) {
            p->why = mem_printf("it declares the option \"%s\", which is a key of every stage: "
                                "give it another name",
                                row->key);
        }
    }
    p->printed = h->complaint;
    h->complaint = NULL;
}

int
probe_run(struct probe *probes, size_t n, const struct paths *paths, int limit_ms, char *const *env,
          struct rr_err *err)
{
    struct batch b;

    batch_init(&b, n, paths);
    for (size_t i = 0; i < n; i++) {
        sha256_file(probes[i].file, probes[i].hash);
        batch_set(&b, i, "--probe", probes[i].file, probes[i].user);
    }
    const int rc = helper_run(b.helpers, n, PROBE_WIDTH, limit_ms, env, err);

    for (size_t i = 0; rc == 0 && i < n; i++) {
        take_probe(&probes[i], &b.helpers[i], limit_ms);
    }
    batch_fini(&b);
    return rc;
}

void
probe_fini(struct probe *p)
{
    manifest_fini(&p->manifest);
    free(p->file);
    free(p->why);
    free(p->printed);
    memset(p, 0, sizeof *p);
}

static void
take_verdict(struct probe_opts *p, struct helper *h, int limit_ms)
{
    char *rest = h->out;
    char *line;

    if (h->status != STATUS_CONFIG || h->n_out == 0 || h->limit != HELPER_WITHIN) {
        p->why = failure_new(h, "its check of the options", limit_ms);
        return;
    }
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (line[0] != '\0') {
            text_list_add(&p->problems, line);
        }
    }
}

int
probe_options(struct probe_opts *all, size_t n, const struct paths *paths, int limit_ms,
              char *const *env, struct rr_err *err)
{
    struct batch b;

    batch_init(&b, n, paths);
    for (size_t i = 0; i < n; i++) {
        batch_set(&b, i, "--check-options", all[i].file, all[i].user);
        b.helpers[i].input = all[i].input;
    }
    const int rc = helper_run(b.helpers, n, PROBE_WIDTH, limit_ms, env, err);

    for (size_t i = 0; rc == 0 && i < n; i++) {
        take_verdict(&all[i], &b.helpers[i], limit_ms);
    }
    batch_fini(&b);
    return rc;
}

void
probe_opts_fini(struct probe_opts *p)
{
    free(p->input);
    free(p->why);
    text_list_free(&p->problems);
    memset(p, 0, sizeof *p);
}
