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

/* A change and its names fit, the text of an event is a block more. With larger ones the heap
 * shrank and grew all the time while a few hundred operations were under way. */
#define ROOM_BYTES 640

static void *
block_new(size_t bytes)
{
    return mem_resize(NULL, bytes, 1);
}
#define obstack_chunk_alloc block_new
#define obstack_chunk_free free

struct store_op *
store_op_new(void)
{
    struct store_op *op = mem_zalloc(1, sizeof *op);

    obstack_begin(&op->room, ROOM_BYTES);
    STAILQ_INIT(&op->changes);
    op->result.err = (struct rr_err)RR_ERR_INIT;
    return op;
}

void
store_op_free(struct store_op *op)
{
    if (op != NULL) {
        obstack_free(&op->room, NULL);
        free(op->ids);
        free(op);
    }
}

static char *
keep(struct store_op *op, const char *s)
{
    const size_t n = s == NULL ? 0 : strlen(s) + 1;

    return n == 0 ? NULL : memcpy(obstack_alloc(&op->room, (int)n), s, n);
}

/* What a record costs besides its text: entries of queues, facts, keys. */
#define RECORD_BYTES 256

static void
weigh(struct store_op *op, enum op_weight weight, size_t bytes)
{
    op->weight = weight > op->weight ? weight : op->weight;
    op->added += RECORD_BYTES + bytes;
}

/* stage NULL: it belongs to none. */
static struct change *
add(struct store_op *op, enum change_kind kind, const char *stage)
{
    struct change *c = obstack_alloc(&op->room, sizeof *c);

    memset(c, 0, sizeof *c);
    c->kind = kind;
    c->stage = keep(op, stage);
    STAILQ_INSERT_TAIL(&op->changes, c, next);
    return c;
}

static bool
is_plain(const char *s)
{
    for (; *s >= ' ' && *s <= '~' && *s != '"' && *s != '\\'; s++) {
    }
    return *s == '\0';
}

/* A text as it stands between the quotes of JSON; NULL: it is not text. */
static const char *
escaped(struct store_op *op, const char *s)
{
    char *text;
    char *copy;
    json_t *string;

    if (is_plain(s)) {
        return s;
    }
    string = json_string(s);
    text = json_dumps(string, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(string);
    if (text == NULL) {
        return NULL;
    }
    text[strlen(text) - 1] = '\0';
    copy = keep(op, text + 1);
    free(text);
    return copy;
}

/* Print the JSON text of an event, behind room for the beginning with its id, which is given when
 * it is stored. Returns whether it can be one: not without a payload, or with what is not UTF-8. */
static bool
print_text(struct store_op *op, const struct store_event *ev)
{
    const char *type = escaped(op, ev->type);
    const char *source = escaped(op, ev->source);
    const char *config = escaped(op, ev->config);
    const char *key = escaped(op, ev->key == NULL ? "" : ev->key);
    char parent[24] = "";

    if (type == NULL || source == NULL || config == NULL || key == NULL || ev->payload == NULL) {
        return false;
    }
    if (ev->parent != 0) {
        (void)snprintf(parent, sizeof parent, "%" PRIu64, ev->parent);
    }
    (void)obstack_printf(&op->room,
                         "%*s,\"time_ms\":%" PRIu64 ",\"type\":\"%s\",\"source\":\"%s\","
                         "\"config\":\"%s\",\"parents\":[%s],\"payload\":%s",
                         APPEND_HEAD_BYTES, "", ev->time_ms, type, source, config, parent,
                         ev->payload);
    if (ev->key != NULL) {
        (void)obstack_printf(&op->room, ",\"key\":\"%s\"", key);
    }
    obstack_1grow(&op->room, '}');
    return true;
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
    struct change *c = add(op, CHANGE_APPEND, NULL);
    struct rr_err *err = &op->result.err;
    const bool is_json = print_text(op, ev);

    c->append.text_n = obstack_object_size(&op->room);
    weigh(op, OP_APPENDS, c->append.text_n);
    c->append.text = obstack_finish(&op->room);
    c->append.queues = obstack_alloc(&op->room, (int)(n * sizeof *c->append.queues));
    c->append.n_queues = n;
    for (size_t i = 0; i < n; i++) {
        c->append.queues[i] = keep(op, queues[i]);
    }
    c->append.type = keep(op, ev->type);
    c->append.key = keep(op, ev->key);
    c->append.source = keep(op, ev->source);
    c->append.config = keep(op, ev->config);
    c->append.time_ms = ev->time_ms;
    c->append.parent = ev->parent;
    c->append.is_replay = ev->is_replay;
    op->result.n_ids++;
    if (!is_json && op->result.rc == 0) {
        op->result.rc =
            rr_err_set(err, RR_E_INPUT, "an event of type %s cannot be written as JSON", ev->type);
    } else if (op->result.rc == 0 && c->append.text_n - APPEND_HEAD_BYTES > STORE_EVENT_BYTES_MAX) {
        op->result.rc = rr_err_set(err, RR_E_INPUT, "an event of type %s has more than %u bytes",
                                   ev->type, STORE_EVENT_BYTES_MAX);
    }
}

void
store_op_replay(struct store_op *op, const char *queue, uint64_t id)
{
    add(op, CHANGE_REPLAY, queue)->entry.item.id = id;
    weigh(op, OP_APPENDS, 0);
}

void
store_op_take(struct store_op *op, const char *queue, const struct store_item *item, bool done)
{
    struct change *c = add(op, CHANGE_TAKE, queue);

    c->entry.item = *item;
    c->entry.is_done = done;
}

void
store_op_move(struct store_op *op, const char *queue, const struct store_item *item,
              enum store_state state, uint64_t sort, const struct record_item *now)
{
    struct change *c = add(op, CHANGE_MOVE, queue);

    c->entry.item = *item;
    c->entry.now = (struct store_item){.state = state, .sort = sort, .id = item->id, .item = *now};
}

void
store_op_text(struct store_op *op, enum store_text kind, const char *stage, const char *name,
              const char *text)
{
    struct change *c = add(op, CHANGE_TEXT, stage);

    c->text.kind = kind;
    c->text.name = keep(op, name);
    c->text.text = keep(op, text);
    if (text != NULL && kind != STORE_HIST) { /* of which a stage has one */
        weigh(op, OP_PUTS, strlen(text));
    }
}

struct store_op *
store_op_prune_new(void)
{
    struct store_op *op = store_op_new();

    (void)add(op, CHANGE_PRUNE, NULL);
    return op;
}
