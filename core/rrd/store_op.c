/* SPDX-License-Identifier: MIT */
/*
 * store_op.c - operations: lists of changes that own their data, built on the loop's thread.
 *
 * Does not: touch the store.
 */
#include "core/rrd/store_int.h"

#include "core/common/mem.h"

#include <stdlib.h>
#include <string.h>

struct store_op *
store_op_new(void)
{
    struct store_op *op = mem_zalloc(1, sizeof *op);

    op->last = &op->first;
    op->result.err = (struct rr_err)RR_ERR_INIT;
    return op;
}

static void
change_free(struct change *c)
{
    switch (c->kind) {
    case CHANGE_APPEND:
        for (size_t i = 0; i < c->append.n_queues; i++) {
            free(c->append.queues[i]);
        }
        free(c->append.queues);
        free(c->append.type);
        free(c->append.key);
        free(c->append.rest);
        free(c->append.source);
        free(c->append.config);
        break;
    case CHANGE_TEXT:
        free(c->text.name);
        free(c->text.text);
        break;
    default:
        break;
    }
    free(c->stage);
    free(c);
}

void
store_op_free(struct store_op *op)
{
    struct change *next;

    if (op == NULL) {
        return;
    }
    for (struct change *c = op->first; c != NULL; c = next) {
        next = c->next;
        change_free(c);
    }
    free(op->ids);
    free(op);
}

static struct change *
add(struct store_op *op, enum change_kind kind, const char *stage)
{
    struct change *c = mem_zalloc(1, sizeof *c);

    c->kind = kind;
    c->stage = stage == NULL ? NULL : mem_dup(stage);
    *op->last = c;
    op->last = &c->next;
    return c;
}

/* The JSON text of an event without its id, which is given when it is stored. */
static char *
rest_new(const struct store_event *ev)
{
    json_t *doc = json_pack("{s:I, s:s, s:s, s:s, s:[], s:O}", "time_ms", (json_int_t)ev->time_ms,
                            "type", ev->type, "source", ev->source, "config", ev->config, "parents",
                            "payload", ev->payload);
    char *text;

    if (doc != NULL && ev->parent != 0) {
        (void)json_array_append_new(json_object_get(doc, "parents"),
                                    json_integer((json_int_t)ev->parent));
    }
    if (doc != NULL && ev->key != NULL) {
        (void)json_object_set_new(doc, "key", json_string(ev->key));
    }
    text = doc == NULL ? NULL : json_dumps(doc, JSON_COMPACT);
    json_decref(doc);
    if (text != NULL) {
        text[0] = ','; /* it goes on from {"id":1 */
    }
    return text;
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

    c->append.type = mem_dup(ev->type);
    c->append.key = ev->key == NULL ? NULL : mem_dup(ev->key);
    c->append.rest = rest_new(ev);
    c->append.time_ms = ev->time_ms;
    c->append.parent = ev->parent;
    c->append.is_replay = ev->is_replay;
    c->append.source = mem_dup(ev->source);
    c->append.config = mem_dup(ev->config);
    c->append.queues = mem_zalloc(n, sizeof *c->append.queues);
    for (; c->append.n_queues < n; c->append.n_queues++) {
        c->append.queues[c->append.n_queues] = mem_dup(queues[c->append.n_queues]);
    }
    op->result.n_ids++;
    if (c->append.rest == NULL && op->result.rc == 0) {
        op->result.rc = rr_err_set(&op->result.err, RR_E_INPUT,
                                   "an event of type %s cannot be written as JSON", ev->type);
    } else if (op->result.rc == 0 && strlen(c->append.rest) > STORE_EVENT_BYTES_MAX) {
        op->result.rc =
            rr_err_set(&op->result.err, RR_E_INPUT, "an event of type %s has more than %u bytes",
                       ev->type, STORE_EVENT_BYTES_MAX);
    }
}

void
store_op_replay(struct store_op *op, const char *queue, uint64_t id)
{
    add(op, CHANGE_REPLAY, queue)->entry.item.id = id;
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
    c->entry.state = state;
    c->entry.sort = sort;
    c->entry.now = *now;
}

static void
add_text(struct store_op *op, enum store_table table, const char *stage, const char *name,
         const char *text)
{
    struct change *c = add(op, CHANGE_TEXT, stage);

    c->text.table = table;
    c->text.name = mem_dup(name);
    c->text.text = text == NULL ? NULL : mem_dup(text);
}

void
store_op_put(struct store_op *op, const char *stage, const char *key, const char *text)
{
    add_text(op, T_PUT, stage, key, text);
}

void
store_op_note(struct store_op *op, const char *stage, const char *config, const char *json)
{
    add_text(op, T_NOTE, stage, config, json);
}

void
store_op_hist(struct store_op *op, const char *stage, const char *json)
{
    add_text(op, T_HIST, stage, "", json);
}
