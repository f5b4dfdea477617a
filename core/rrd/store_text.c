/* SPDX-License-Identifier: MIT */
/*
 * store_text.c - durable texts: keys of stages, their notes, their history.
 */
#include "core/rrd/store_int.h"

#include "core/common/fail.h"
#include "core/common/mem.h"

#include <stdlib.h>
#include <string.h>

static const enum store_table tables[] = {
    [STORE_KEY] = T_PUT, [STORE_NOTE] = T_NOTE, [STORE_HIST] = T_HIST};

int
store_do_text(struct store *st, const struct change *c, struct rr_err *err)
{
    const struct store_key key = store_key_names(c->stage, c->text.name);

    FAIL("store.text");
    if (key.n > STORE_KEY_MAX) {
        return rr_err_set(err, RR_E_INPUT, "the name \"%.40s…\" is too long to be stored",
                          c->text.name);
    }
    if (c->text.text == NULL) {
        return store_del(st, tables[c->text.kind], &key, err);
    }
    return store_set(st, tables[c->text.kind], &key, c->text.text, strlen(c->text.text), err);
}

int
store_texts(struct store *st, enum store_text kind, const char *stage, const char *after,
            store_text_fn fn, void *arg, struct rr_err *err)
{
    const struct store_key from = store_key_names(stage, after == NULL ? "" : after);
    const size_t prefix = strlen(stage) + 1;
    struct store_walk w;
    bool more = true;

    if (from.n > STORE_KEY_MAX) {
        return rr_err_set(err, RR_E_INPUT, "the name of a key is too long");
    }
    store_walk(&w, st, NULL, tables[kind], &from, prefix);
    while (more && store_next(&w)) {
        MDB_val data;

        if (store_walk_data(&w, &data)) {
            char *name = mem_dupn((const char *)w.k.mv_data + prefix, w.k.mv_size - prefix);
            char *text = mem_dupn(data.mv_data, data.mv_size);

            more = (after != NULL && strcmp(name, after) == 0) || fn(arg, name, text);
            free(name);
            free(text);
        }
    }
    return store_walk_end(&w, err);
}

int
store_text_new(struct store *st, enum store_text kind, const char *stage, const char *name,
               char **text, struct rr_err *err)
{
    const struct store_key key = store_key_names(stage, name);

    return store_get_text(st, tables[kind], &key, text, err);
}
