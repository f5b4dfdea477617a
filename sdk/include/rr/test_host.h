/* SPDX-License-Identifier: MIT */
/*
 * rr/test_host.h - the host that rr/test.h gives to a plugin: tables in memory.
 *
 * Include rr/test.h, which says what this is for.
 */
#ifndef RR_TEST_HOST_H
#define RR_TEST_HOST_H

#include <rr/plugin.h>

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One emitted event. Owned by the harness. */
struct rr_test_emit {
    const struct rr_event_type *type;
    char *key; /* NULL when it had none */
    char *config;
    void *payload; /* copy of the struct, texts included */
    int now;       /* 1: by rr_emit_now */
};

struct rr_test_pair {
    char *key;
    char *text; /* NULL: deleted */
};

struct rr_test_value {
    const struct rr_opt *row;
    char *text;
    int64_t i;
    double r;
};

/* A table that grows; rows of `bytes` each. */
struct rr_test_table {
    void *rows;
    size_t n;
};

struct rr_test {
    struct rr_ctx ctx; /* first: pass it on to functions of the plugin that want one */
    const struct rr_plugin *plugin;
    struct rr_err err;                /* of the last callback */
    struct rr_test_table opts;        /* struct rr_test_value */
    struct rr_test_table facts;       /* struct rr_test_pair */
    struct rr_test_table emits;       /* struct rr_test_emit, of callbacks that returned RR_DONE */
    struct rr_test_table fresh;       /* struct rr_test_emit, of the callback that runs */
    struct rr_test_table store;       /* struct rr_test_pair, the durable keys */
    struct rr_test_table puts;        /* struct rr_test_pair, of the callback that runs */
    struct rr_test_table notes;       /* struct rr_test_pair, by config */
    const struct rr_event_type *type; /* of the event in hand */
    const void *payload;
    int in_event, in_tx;
    int stop;         /* set it to 1 to make rr_should_stop say so */
    int quiet;        /* set it to 1 to keep log lines off standard error */
    int refused;      /* the callback that runs was refused an emit or put */
    unsigned dropped; /* emits with a key seen before */
    unsigned logs[4]; /* lines by level */
    uint32_t idle_ms;
    uint64_t progress_done, progress_total;
    uint64_t next_id;
};

__attribute__((noreturn, format(printf, 1, 2))) static inline void
rr_test_die(const char *fmt, ...)
{
    va_list ap;
    (void)fputs("rr/test.h: ", stderr);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    abort();
}

static inline char *
rr_test_dup(const char *s)
{
    char *copy = s == NULL ? NULL : strdup(s);
    if (s != NULL && copy == NULL) {
        rr_test_die("no memory");
    }
    return copy;
}

/* Add a zeroed row. */
static inline void *
rr_test_add(struct rr_test_table *table, size_t bytes)
{
    char *rows = realloc(table->rows, (table->n + 1) * bytes);
    if (rows == NULL) {
        rr_test_die("no memory");
    }
    table->rows = rows;
    return memset(rows + bytes * table->n++, 0, bytes);
}

static inline struct rr_test_pair *
rr_test_find(const struct rr_test_table *table, const char *key)
{
    struct rr_test_pair *pairs = table->rows;
    for (size_t i = 0; i < table->n; i++) {
        if (strcmp(pairs[i].key, key) == 0) {
            return &pairs[i];
        }
    }
    return NULL;
}

static inline void
rr_test_set(struct rr_test_table *table, const char *key, const char *text)
{
    struct rr_test_pair *pair = rr_test_find(table, key);
    if (pair == NULL) {
        pair = rr_test_add(table, sizeof *pair);
        pair->key = rr_test_dup(key);
    }
    char *copy = rr_test_dup(text);
    free(pair->text);
    pair->text = copy;
}

static inline void
rr_test_clear_pairs(struct rr_test_table *table)
{
    struct rr_test_pair *pairs = table->rows;
    for (size_t i = 0; i < table->n; i++) {
        free(pairs[i].key);
        free(pairs[i].text);
    }
    free(table->rows);
    memset(table, 0, sizeof *table);
}

static inline int
rr_test_is_text(uint32_t kind)
{
    return kind == RR_FIELD_STR || kind == RR_FIELD_JSON;
}

/* The text field at an offset of a payload. */
static inline const char *
rr_test_text_at(const void *payload, uint32_t offset)
{
    const char *text;
    memcpy(&text, (const char *)payload + offset, sizeof text);
    return text;
}

static inline void *
rr_test_copy_payload(const struct rr_event_type *type, const void *payload)
{
    char *copy = malloc(type->struct_size);
    if (copy == NULL) {
        rr_test_die("no memory");
    }
    memcpy(copy, payload, type->struct_size);
    for (const struct rr_field *f = type->fields; f->name != NULL; f++) {
        if (rr_test_is_text(f->kind)) {
            char *text = rr_test_dup(rr_test_text_at(payload, f->offset));
            memcpy(copy + f->offset, &text, sizeof text);
        }
    }
    return copy;
}

static inline void
rr_test_clear_emits(struct rr_test_table *table)
{
    struct rr_test_emit *emits = table->rows;
    for (size_t i = 0; i < table->n; i++) {
        for (const struct rr_field *f = emits[i].type->fields; f->name != NULL; f++) {
            if (rr_test_is_text(f->kind)) {
                char *text;
                memcpy(&text, (char *)emits[i].payload + f->offset, sizeof text);
                free(text);
            }
        }
        free(emits[i].key);
        free(emits[i].config);
        free(emits[i].payload);
    }
    free(table->rows);
    memset(table, 0, sizeof *table);
}

/* ---- options ---- */

/* Factor of a unit, 0 when the option type has no such unit. */
static inline double
rr_test_unit(uint32_t type, const char *unit)
{
    static const struct {
        uint32_t type;
        const char *unit;
        double factor;
    } units[] = {
        {RR_OPT_DURATION, "ms", 1},
        {RR_OPT_DURATION, "s", 1000},
        {RR_OPT_DURATION, "min", 60000},
        {RR_OPT_DURATION, "h", 3600000},
        {RR_OPT_DURATION, "d", 86400000},
        {RR_OPT_SIZE, "B", 1},
        {RR_OPT_SIZE, "KiB", 1024},
        {RR_OPT_SIZE, "MiB", 1048576},
        {RR_OPT_SIZE, "GiB", 1073741824.},
        {RR_OPT_INT, "", 1},
        {RR_OPT_REAL, "", 1},
    };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].type == type && strcmp(units[i].unit, unit) == 0) {
            return units[i].factor;
        }
    }
    return 0;
}

static inline struct rr_test_value *
rr_test_value_of(struct rr_test *t, const char *key)
{
    struct rr_test_value *values = t->opts.rows;
    for (size_t i = 0; i < t->opts.n; i++) {
        if (strcmp(values[i].row->key, key) == 0) {
            return &values[i];
        }
    }
    rr_test_die("option \"%s\" is not in the plugin's table", key);
}

/* Set an option, written as in an ini file. Ranges are not checked: the daemon does that. */
static inline void
rr_test_opt(struct rr_test *t, const char *key, const char *text)
{
    struct rr_test_value *value = rr_test_value_of(t, key);
    const uint32_t type = value->row->type;
    char *end = NULL;

    if (type == RR_OPT_BOOL) {
        if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0) {
            rr_test_die("option \"%s\": \"%s\" is not yes or no", key, text);
        }
        value->i = text[0] == 'y';
    } else if (type != RR_OPT_STRING && type != RR_OPT_CHOICE && type != RR_OPT_LIST) {
        value->r = strtod(text, &end);
        const double factor = rr_test_unit(type, end);
        if (end == text || factor == 0) {
            rr_test_die("option \"%s\": \"%s\" has no number or not the right unit", key, text);
        }
        value->i = type == RR_OPT_INT ? strtoll(text, NULL, 10) : (int64_t)(value->r * factor);
    }
    char *copy = rr_test_dup(text);
    free(value->text);
    value->text = copy;
}

static inline const struct rr_test_value *
rr_test_given(struct rr_ctx *ctx, const char *key)
{
    const struct rr_test_value *value = rr_test_value_of((struct rr_test *)(void *)ctx, key);
    if (value->text == NULL) {
        rr_test_die("option \"%s\" is required: set it with rr_test_opt", key);
    }
    return value;
}

/* ---- the host table ---- */

static inline const char *
rr_test_opt_str(struct rr_ctx *ctx, const char *key)
{
    return rr_test_given(ctx, key)->text;
}

static inline int64_t
rr_test_opt_int(struct rr_ctx *ctx, const char *key)
{
    return rr_test_given(ctx, key)->i;
}

static inline double
rr_test_opt_real(struct rr_ctx *ctx, const char *key)
{
    return rr_test_given(ctx, key)->r;
}

static inline const char *
rr_test_get_fact(struct rr_ctx *ctx, const char *name)
{
    const struct rr_test_pair *pair = rr_test_find(&((struct rr_test *)(void *)ctx)->facts, name);
    return pair == NULL ? NULL : pair->text;
}

static inline void
rr_test_log(struct rr_ctx *ctx, uint32_t level, const char *text)
{
    struct rr_test *t = (struct rr_test *)(void *)ctx;
    static const char *const names[] = {"error", "warn", "info", "debug"};

    level = level > RR_LOG_DEBUG ? RR_LOG_DEBUG : level;
    t->logs[level]++;
    if (!t->quiet) {
        (void)fprintf(stderr, "# %s: %s\n", names[level], text);
    }
}

static inline const struct rr_field *
rr_test_field(const struct rr_event_type *type, const char *name)
{
    for (const struct rr_field *f = type->fields; f->name != NULL; f++) {
        if (strcmp(f->name, name) == 0) {
            return f;
        }
    }
    return NULL;
}

static inline int
rr_test_decode(struct rr_ctx *ctx, const struct rr_event *event, const struct rr_event_type *type,
               void *out, struct rr_err *err)
{
    struct rr_test *t = (struct rr_test *)(void *)ctx;

    if (!t->in_event || strcmp(event->type, type->name) != 0) {
        return rr_err_set(err, RR_E_INPUT, "the event is a %s, not a %s", event->type, type->name);
    }
    memset(out, 0, type->struct_size);
    for (const struct rr_field *f = type->fields; f->name != NULL; f++) {
        const struct rr_field *from = rr_test_field(t->type, f->name);
        if (from == NULL || from->kind != f->kind) {
            return rr_err_set(err, RR_E_INPUT, "%s.%s: the payload has no such field", type->name,
                              f->name);
        }
        memcpy((char *)out + f->offset, (const char *)t->payload + from->offset, 8);
    }
    return 0;
}

static inline int
rr_test_check_field(const struct rr_event_type *type, const struct rr_field *f, const void *payload,
                    struct rr_err *err)
{
    uint64_t number;
    double real;

    memcpy(&number, (const char *)payload + f->offset, sizeof number);
    memcpy(&real, (const char *)payload + f->offset, sizeof real);
    if (rr_test_is_text(f->kind) && rr_test_text_at(payload, f->offset) == NULL) {
        return rr_err_set(err, RR_E_INPUT, "%s.%s: text is NULL", type->name, f->name);
    }
    if (f->kind == RR_FIELD_F64 && !isfinite(real)) {
        return rr_err_set(err, RR_E_INPUT, "%s.%s: number is not finite", type->name, f->name);
    }
    if (f->kind == RR_FIELD_BOOL && number > 1) {
        return rr_err_set(err, RR_E_INPUT, "%s.%s: not 0 or 1", type->name, f->name);
    }
    if (f->kind == RR_FIELD_U64 && number > (uint64_t)INT64_MAX) {
        return rr_err_set(err, RR_E_INPUT, "%s.%s: over 2^63-1", type->name, f->name);
    }
    return 0;
}

static inline int
rr_test_key_seen(const struct rr_test_table *table, const char *type, const char *key)
{
    const struct rr_test_emit *emits = table->rows;
    for (size_t i = 0; i < table->n; i++) {
        if (emits[i].key != NULL && strcmp(emits[i].key, key) == 0 &&
            strcmp(emits[i].type->name, type) == 0) {
            return 1;
        }
    }
    return 0;
}

static inline int
rr_test_emit_to(struct rr_test *t, struct rr_test_table *table, const struct rr_event_type *type,
                const char *key, const char *config, const void *payload, struct rr_err *err)
{
    const struct rr_port *port = t->plugin->produces;
    while (port != NULL && port->type != NULL && strcmp(port->type->name, type->name) != 0) {
        port++;
    }
    if (port == NULL || port->type == NULL) {
        return rr_err_set(err, RR_E_INPUT, "the plugin does not declare that it produces %s",
                          type->name);
    }
    if (key == NULL && (!t->in_event || table == &t->emits)) {
        return rr_err_set(err, RR_E_INPUT, "emit of %s: a key is required here", type->name);
    }
    for (const struct rr_field *f = type->fields; f->name != NULL; f++) {
        const int rc = rr_test_check_field(type, f, payload, err);
        if (rc != 0) {
            return rc;
        }
    }
    if (key != NULL && (rr_test_key_seen(&t->emits, type->name, key) ||
                        rr_test_key_seen(&t->fresh, type->name, key))) {
        t->dropped++;
        return 0;
    }
    struct rr_test_emit *emit = rr_test_add(table, sizeof *emit);
    emit->type = type;
    emit->key = rr_test_dup(key);
    emit->config = rr_test_dup(config == NULL ? "" : config);
    emit->payload = rr_test_copy_payload(type, payload);
    emit->now = table == &t->emits;
    return 0;
}

static inline int
rr_test_host_emit(struct rr_ctx *ctx, const struct rr_event_type *type, const char *key,
                  const char *config, const void *payload, struct rr_err *err)
{
    struct rr_test *t = (struct rr_test *)(void *)ctx;
    const int rc = t->in_tx
                       ? rr_test_emit_to(t, &t->fresh, type, key, config, payload, err)
                       : rr_err_set(err, RR_E_INPUT, "rr_emit is for event(), idle() and drain()");
    t->refused |= rc != 0;
    return rc;
}

static inline int
rr_test_host_emit_now(struct rr_ctx *ctx, const struct rr_event_type *type, const char *key,
                      const char *config, const void *payload, struct rr_err *err)
{
    struct rr_test *t = (struct rr_test *)(void *)ctx;
    return rr_test_emit_to(t, &t->emits, type, key, config, payload, err);
}

static inline int
rr_test_host_put(struct rr_ctx *ctx, const char *key, const char *text, struct rr_err *err)
{
    struct rr_test *t = (struct rr_test *)(void *)ctx;

    if (!t->in_tx || key == NULL || key[0] == '\0' || strlen(key) > 255 ||
        (text != NULL && strlen(text) > 32768)) {
        t->refused = 1;
        return rr_err_set(err, RR_E_INPUT,
                          "rr_put is for event(), idle() and drain(), with at most "
                          "255 bytes of key and 32 KiB of text");
    }
    rr_test_set(&t->puts, key, text);
    return 0;
}

static inline const char *
rr_test_host_get(struct rr_ctx *ctx, const char *key, struct rr_err *err)
{
    struct rr_test *t = (struct rr_test *)(void *)ctx;
    const struct rr_test_pair *pair = rr_test_find(&t->puts, key);

    rr_err_set(err, 0, "%s", "");
    if (pair == NULL) {
        pair = rr_test_find(&t->store, key);
    }
    return pair == NULL ? NULL : pair->text;
}

static inline void
rr_test_host_progress(struct rr_ctx *ctx, uint64_t done, uint64_t total, const char *text)
{
    struct rr_test *t = (struct rr_test *)(void *)ctx;
    (void)text;
    t->progress_done = done;
    t->progress_total = total;
}

static inline void
rr_test_host_note(struct rr_ctx *ctx, const char *config, const char *text)
{
    rr_test_set(&((struct rr_test *)(void *)ctx)->notes, config == NULL ? "" : config, text);
}

static inline int
rr_test_host_should_stop(struct rr_ctx *ctx)
{
    return ((struct rr_test *)(void *)ctx)->stop;
}

static inline void
rr_test_host_set_idle_ms(struct rr_ctx *ctx, uint32_t interval_ms)
{
    ((struct rr_test *)(void *)ctx)->idle_ms = interval_ms;
}

#endif
