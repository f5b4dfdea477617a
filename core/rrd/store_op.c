/* SPDX-License-Identifier: MIT */
/*
 * store_op.c - operations: lists of changes that own their data, built on the loop's thread.
 *
 * Does not: touch the store.
 */
#include "core/rrd/store_int.h"

#include "core/common/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store_op *
store_op_new(void)
{
    struct store_op *op = mem_zalloc(1, sizeof *op);

    STAILQ_INIT(&op->changes);
    op->result.err = (struct rr_err)RR_ERR_INIT;
    return op;
}

void
store_op_free(struct store_op *op)
{
    struct change *c;

    if (op == NULL) {
        return;
    }
    while ((c = STAILQ_FIRST(&op->changes)) != NULL) {
        STAILQ_REMOVE_HEAD(&op->changes, next);
        if (c->kind == CHANGE_APPEND) {
            free(c->append.text);
        }
        free(c);
    }
    free(op->ids);
    free(op);
}

/* A change with room behind it for the texts that it owns: an event has half a dozen, and blocks of
 * their own for them took a fifth of the time of a busy store. */
static struct change *
add(struct store_op *op, enum change_kind kind, size_t texts_bytes)
{
    struct change *c = mem_zalloc(1, mem_add(sizeof *c, texts_bytes));

    c->kind = kind;
    STAILQ_INSERT_TAIL(&op->changes, c, next);
    return c;
}

static size_t
bytes_of(const char *s)
{
    return s == NULL ? 0 : strlen(s) + 1;
}

/* Copy a text into the room behind a change. */
static char *
keep(char **room, const char *s)
{
    const size_t n = bytes_of(s);
    char *copy = *room;

    if (n == 0) {
        return NULL;
    }
    memcpy(copy, s, n);
    *room += n;
    return copy;
}

static bool
is_plain(const char *s)
{
    for (; *s >= ' ' && *s <= '~' && *s != '"' && *s != '\\'; s++) {
    }
    return *s == '\0';
}

/* Print "name":"value" and what stands before it. Returns whether the value is text. */
static bool
print_member(FILE *out, const char *name, const char *value)
{
    json_t *string = is_plain(value) ? NULL : json_string(value);
    bool is_text = true;

    (void)fputs(name, out);
    if (is_plain(value)) {
        (void)fprintf(out, "\"%s\"", value);
    } else {
        is_text = json_dumpf(string, out, JSON_COMPACT | JSON_ENCODE_ANY) == 0;
    }
    json_decref(string);
    return is_text;
}

/* The JSON text of an event, behind room for the beginning with its id, which is given when it is
 * stored. NULL: not text, or not UTF-8. */
static char *
text_new(const struct store_event *ev, size_t *n)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, n);
    bool is_fine;

    (void)fprintf(out, "%*s,\"time_ms\":%" PRIu64, APPEND_HEAD_BYTES, "", ev->time_ms);
    is_fine = print_member(out, ",\"type\":", ev->type) &&
              print_member(out, ",\"source\":", ev->source) &&
              print_member(out, ",\"config\":", ev->config) && ev->payload != NULL;
    (void)fputs(",\"parents\":[", out);
    if (ev->parent != 0) {
        (void)fprintf(out, "%" PRIu64, ev->parent);
    }
    (void)fprintf(out, "],\"payload\":%s", ev->payload == NULL ? "" : ev->payload);
    is_fine = is_fine && (ev->key == NULL || print_member(out, ",\"key\":", ev->key));
    (void)fputs("}", out);
    if (fclose(out) == 0 && is_fine) {
        return text;
    }
    free(text);
    return NULL;
}

void
store_op_wait(struct store_op *op)
{
    op->is_patient = true;
}

void
store_op_append(struct store_op *op, const struct store_event *ev, const char *const *queues,
                size_t n)
{
    size_t bytes = n * sizeof(char *) + bytes_of(ev->type) + bytes_of(ev->key) +
                   bytes_of(ev->source) + bytes_of(ev->config);
    struct change *c;
    char *room;

    for (size_t i = 0; i < n; i++) {
        bytes += bytes_of(queues[i]);
    }
    c = add(op, CHANGE_APPEND, bytes);
    c->append.queues = (char **)(c + 1);
    c->append.n_queues = n;
    room = (char *)(c->append.queues + n);
    for (size_t i = 0; i < n; i++) {
        c->append.queues[i] = keep(&room, queues[i]);
    }
    c->append.type = keep(&room, ev->type);
    c->append.key = keep(&room, ev->key);
    c->append.source = keep(&room, ev->source);
    c->append.config = keep(&room, ev->config);
    c->append.text = text_new(ev, &c->append.text_n);
    c->append.time_ms = ev->time_ms;
    c->append.parent = ev->parent;
    c->append.is_replay = ev->is_replay;
    op->result.n_ids++;
    if (c->append.text == NULL && op->result.rc == 0) {
        op->result.rc = rr_err_set(&op->result.err, RR_E_INPUT,
                                   "an event of type %s cannot be written as JSON", ev->type);
    } else if (op->result.rc == 0 && c->append.text_n - APPEND_HEAD_BYTES > STORE_EVENT_BYTES_MAX) {
        op->result.rc =
            rr_err_set(&op->result.err, RR_E_INPUT, "an event of type %s has more than %u bytes",
                       ev->type, STORE_EVENT_BYTES_MAX);
    }
}

/* A change of what belongs to a stage. */
static struct change *
add_for(struct store_op *op, enum change_kind kind, const char *stage)
{
    struct change *c = add(op, kind, bytes_of(stage));
    char *room = (char *)(c + 1);

    c->stage = keep(&room, stage);
    return c;
}

void
store_op_replay(struct store_op *op, const char *queue, uint64_t id)
{
    add_for(op, CHANGE_REPLAY, queue)->entry.item.id = id;
}

void
store_op_take(struct store_op *op, const char *queue, const struct store_item *item, bool done)
{
    struct change *c = add_for(op, CHANGE_TAKE, queue);

    c->entry.item = *item;
    c->entry.is_done = done;
}

void
store_op_move(struct store_op *op, const char *queue, const struct store_item *item,
              enum store_state state, uint64_t sort, const struct record_item *now)
{
    struct change *c = add_for(op, CHANGE_MOVE, queue);

    c->entry.item = *item;
    c->entry.now = (struct store_item){.state = state, .sort = sort, .id = item->id, .item = *now};
}

void
store_op_text(struct store_op *op, enum store_text kind, const char *stage, const char *name,
              const char *text)
{
    struct change *c = add(op, CHANGE_TEXT, bytes_of(stage) + bytes_of(name) + bytes_of(text));
    char *room = (char *)(c + 1);

    c->stage = keep(&room, stage);
    c->text.kind = kind;
    c->text.name = keep(&room, name);
    c->text.text = keep(&room, text);
}
