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
#include <signal.h>
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

static void
take_manifest(struct probe *p, struct helper *h, int limit_ms)
{
    struct rr_err err = RR_ERR_INIT;
    const struct rr_opt *row;

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
}

static void
take_verdict(struct probe *p, struct helper *h, int limit_ms)
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

static void
take_answer(struct probe *p, struct helper *h, int limit_ms)
{
    if (p->input == NULL) {
        take_manifest(p, h, limit_ms);
    } else {
        take_verdict(p, h, limit_ms);
    }
    p->is_passing = p->why != NULL && (h->limit == HELPER_TIME ||
                                       (h->limit == HELPER_WITHIN && h->signal == SIGKILL));
    p->ran_ms = h->ran_ms;
    p->printed_bytes = h->complaint_bytes;
    p->printed = h->complaint;
    h->complaint = NULL;
}

int
probe_run(const struct conf *conf, struct probe *probes, size_t n, int limit_ms, struct rr_err *err)
{
    static char as_user[] = "--user";
    static char declare[] = "--probe";
    static char judge[] = "--check-options";
    char *worker = paths_join_new(conf->paths->libexec_dir, "rrd-worker");
    char **words = mem_zalloc(mem_mul(n, WORDS_MAX), sizeof *words);
    struct helper *helpers = mem_zalloc(n, sizeof *helpers);
    struct text_list env = {0};

    conf_env(conf, &env);
    for (size_t i = 0; i < n; i++) {
        struct probe *p = &probes[i];
        char **word = &words[WORDS_MAX * i];

        sha256_file(p->file, p->hash);
        helpers[i].argv = word;
        helpers[i].input = p->input;
        *word++ = worker;
        if (p->user != NULL) {
            *word++ = as_user;
            *word++ = p->user;
        }
        *word++ = p->input == NULL ? declare : judge;
        *word = p->file;
    }
    const int rc = helper_run(helpers, n, PROBE_WIDTH, limit_ms, env.v, err);

    for (size_t i = 0; i < n; i++) {
        if (rc == 0) {
            take_answer(&probes[i], &helpers[i], limit_ms);
        }
        helper_fini(&helpers[i]);
    }
    text_list_free(&env);
    free(helpers);
    free(words);
    free(worker);
    return rc;
}

void
probe_fini(struct probe *p)
{
    manifest_fini(&p->manifest);
    text_list_free(&p->problems);
    free(p->file);
    free(p->input);
    free(p->why);
    free(p->printed);
    memset(p, 0, sizeof *p);
}
