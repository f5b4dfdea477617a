/* SPDX-License-Identifier: MIT */
/*
 * ctl_cmds.c - the commands of the control socket, one small function each.
 */
#include "config.h"

#include "core/rrd/ctl.h"

#include "core/common/mem.h"
#include "core/common/wire.h"
#include "core/rrd/reload.h"
#include "core/rrd/route.h"
#include "core/rrd/sup_run.h"
#include "core/rrd/upgrade.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of the texts in one answer, about; the rest is asked for again. */
#define KEYS_BYTES_MAX 262144u

int64_t
ctl_int(const struct ctl_ask *ask, const char *key, int64_t other)
{
    const json_t *value = json_object_get(ask->args, key);

    return json_is_integer(value) ? (int64_t)json_integer_value(value) : other;
}

int
ctl_find_stage(struct ctl_ask *ask, const char *key, struct rr_err *err)
{
    const struct rrd *rrd = ask->rrd;
    const char *name = jget_text(ask->args, key);
    struct text_list names = {0};
    char hint[TEXT_HINT_BYTES];

    if (name == NULL) {
        return rr_err_set(err, RR_E_INPUT, "the name of a stage is missing");
    }
    for (size_t i = 0; i < rrd->n_stages; i++) {
        if (strcmp(rrd->stages[i]->conf->name, name) == 0) {
            ask->stage = rrd->stages[i];
        }
        text_list_add(&names, rrd->stages[i]->conf->name);
    }
    if (ask->stage == NULL) {
        (void)rr_err_set(err, RR_E_INPUT, "there is no stage \"%.60s\"%s", name,
                         text_hint(name, (const char *const *)names.v, hint));
    }
    text_list_free(&names);
    return ask->stage == NULL ? RR_E_INPUT : 0;
}

/* Let a life event happen to a stage and say what state that led to. */
static int
change_stage(struct ctl_ask *ask, enum sup_event ev, struct rr_err *err)
{
    int rc = ctl_find_stage(ask, "stage", err);
    struct stage *stage = ask->stage;

    if (rc == 0 && ask->rrd->is_stopping) {
        rc = rr_err_set(err, RR_E_BUSY, "the daemon stops");
    }
    if (rc == 0 && !stage->conf->is_enabled && ev != SUP_EV_STOP) {
        rc = rr_err_set(err, RR_E_CONFIG, "stage %s is not enabled: set enabled = yes in conf.d",
                        stage->conf->name);
    }
    if (rc == 0 && reload_has(stage, ev)) {
        rc = rr_err_set(err, RR_E_BUSY,
                        "a reload or an upgrade has stage %s in hand (%s): wait for its end",
                        stage->conf->name, reload_phase(ask->rrd));
    }
    if (rc == 0) {
        sup_run_event(stage, ev);
        ask->result = json_pack("{s:s, s:s}", "stage", stage->conf->name, "state",
                                sup_state_name(stage->sup.state));
    }
    return rc;
}

static int
cmd_start(struct ctl_ask *ask, struct rr_err *err)
{
    return change_stage(ask, SUP_EV_START, err);
}

static int
cmd_restart(struct ctl_ask *ask, struct rr_err *err)
{
    return change_stage(ask, SUP_EV_RESTART, err);
}

static int
cmd_stop(struct ctl_ask *ask, struct rr_err *err)
{
    if (json_object_get(ask->args, "stage") != NULL) {
        return change_stage(ask, SUP_EV_STOP, err);
    }
    daemon_stop(ask->rrd);
    ask->result = json_pack("{s:s}", "state", "stopping");
    return 0;
}

static int
cmd_reload(struct ctl_ask *ask, struct rr_err *err)
{
    return reload_begin(ask->rrd, jget_is(ask->args, "dry_run"), NULL,
                        ctl_later_new(ask->stream, NULL), err);
}

static int
cmd_upgrade(struct ctl_ask *ask, struct rr_err *err)
{
    struct upgrade *u = NULL;
    int rc;

    if (jget_is(ask->args, "list")) {
        ask->result = upgrade_list_new(ask->rrd, err);
        return ask->result == NULL ? err->code : 0;
    }
    if (!ctl_socket_is_owner(&ask->stream->peer)) {
        return rr_err_set(err, -EPERM,
                          "an upgrade brings code: it is for the daemon's own user and root");
    }
    rc = upgrade_new(ask->rrd, ask->args, &u, err);
    return rc != 0 ? rc : reload_begin(ask->rrd, false, u, ctl_later_new(ask->stream, NULL), err);
}

static int
cmd_graph(struct ctl_ask *ask, struct rr_err *err)
{
    struct rrd *rrd = ask->rrd;
    const char *format = jget_text(ask->args, "format");
    const char **states = mem_zalloc(rrd->n_stages, sizeof *states);
    long long *depths = mem_zalloc(rrd->n_stages, sizeof *depths);

    (void)err;
    for (size_t i = 0; i < rrd->n_stages; i++) {
        struct store_counts c = {0};

        (void)store_counts(rrd->store, rrd->stages[i]->conf->name, &c, NULL);
        depths[i] = (long long)(c.ready + c.delayed);
        states[i] = rrd->stages[i]->conf->is_enabled ? sup_state_name(rrd->stages[i]->sup.state)
                                                     : "disabled";
    }
    ask->result =
        graph_drawing_new(&rrd->conf.graph, format == NULL ? "text" : format, states, depths);
    free(depths);
    free(states);
    return 0;
}

static void
on_emitted(void *arg, const struct store_result *r)
{
    ctl_answer(arg, r->rc,
               r->rc != 0
                   ? NULL
                   : json_pack("{s:I, s:b}", "id", (json_int_t)r->ids[0], "known", r->ids[0] == 0),
               r->err.text);
}

static int
cmd_emit(struct ctl_ask *ask, struct rr_err *err)
{
    const char *type = jget_text(ask->args, "type");
    const char *config = jget_text(ask->args, "config");
    const char *key = jget_text(ask->args, "key");

    if (type == NULL) {
        return rr_err_set(err, RR_E_INPUT, "the type of the event is missing");
    }
    if ((config != NULL && strlen(config) > RR_WIRE_NAME_MAX) ||
        (key != NULL && strlen(key) > RR_WIRE_NAME_MAX)) {
        return rr_err_set(err, RR_E_INPUT, "config and key may have %u bytes", RR_WIRE_NAME_MAX);
    }
    return route_inject(ask->rrd, type, config == NULL ? "" : config, key,
                        json_object_get(ask->args, "payload"), on_emitted,
                        ctl_later_new(ask->stream, NULL), err);
}

static int
cmd_get(struct ctl_ask *ask, struct rr_err *err)
{
    const char *key = jget_text(ask->args, "key");
    char *text = NULL;
    int rc = ctl_find_stage(ask, "stage", err);

    if (rc == 0 && key == NULL) {
        rc = rr_err_set(err, RR_E_INPUT, "the name of the key is missing");
    }
    if (rc == 0) {
        rc = store_text_new(ask->rrd->store, STORE_KEY, ask->stage->conf->name, key, &text, err);
    }
    if (rc == RR_E_EMPTY) {
        (void)rr_err_set(err, rc, "stage %s has no key \"%.100s\"", ask->stage->conf->name, key);
    }
    if (rc == 0) {
        ask->result = json_pack("{s:s, s:s}", "key", key, "value", text);
    }
    free(text);
    return rc;
}

/* What one answer has of a stage's keys. */
struct keys_page {
    json_t *keys;
    size_t bytes;
    bool is_more;
    char last[RR_WIRE_NAME_MAX + 1]; /* of the keys */
};

static bool
add_key(void *arg, const char *name, const char *text)
{
    struct keys_page *p = arg;

    if (p->bytes > KEYS_BYTES_MAX) {
        p->is_more = true;
        return false;
    }
    (void)snprintf(p->last, sizeof p->last, "%s", name);
    p->bytes += strlen(name) + strlen(text);
    (void)json_object_set_new(p->keys, name, json_string(text));
    return true;
}

static int
cmd_keys(struct ctl_ask *ask, struct rr_err *err)
{
    struct keys_page p = {.keys = json_object()};
    int rc = ctl_find_stage(ask, "stage", err);

    if (rc == 0) {
        rc = store_texts(ask->rrd->store, STORE_KEY, ask->stage->conf->name,
                         jget_text(ask->args, "after"), add_key, &p, err);
    }
    if (rc == 0) {
        ask->result = json_pack("{s:s, s:O, s:s?}", "stage", ask->stage->conf->name, "keys", p.keys,
                                "next", p.is_more ? p.last : NULL);
    }
    json_decref(p.keys);
    return rc;
}

/* Say who changed something. */
static void
tell(enum log_level level, const char *cmd, const struct ctl_ask *ask, int rc)
{
    const struct ucred *peer = &ask->stream->peer;
    const char *op = jget_text(ask->args, "op");
    const char *stage = jget_text(ask->args, "stage");
    /* "after" and "next" go on where the last request of the same command ended */
    const bool only_looks = (op != NULL && strcmp(op, "kick") != 0 && strcmp(op, "drop") != 0) ||
                            jget_is(ask->args, "dry_run") ||
                            json_object_get(ask->args, "after") != NULL ||
                            json_object_get(ask->args, "next") != NULL;

    stage = stage == NULL ? jget_text(ask->args, "queue") : stage;
    log_write(only_looks ? LOG_DEBUG : level, "ctl", "%s%s%.20s%s%.60s uid=%ld pid=%ld%s", cmd,
              op == NULL ? "" : " ", op == NULL ? "" : op,
              stage == NULL ? "" : " stage=", stage == NULL ? "" : stage, (long)peer->uid,
              (long)peer->pid, rc == 0 ? "" : " refused");
}

/* A misspelt name must not be passed over, nor one that only a newer rrd knows. */
static int
check_args(const char *cmd, const char *known, const json_t *args, struct rr_err *err)
{
    const char *key;
    const json_t *value;

    if (args != NULL && !json_is_object(args)) {
        return rr_err_set(err, RR_E_INPUT, "args is not a JSON object");
    }
    char *all = mem_printf(" %s ", known);
    int rc = 0;

    json_object_foreach((json_t *)(uintptr_t)args, key, value) {
        char *word = mem_printf(" %s ", key);

        (void)value;
        if (strchr(key, ' ') != NULL || strstr(all, word) == NULL) {
            rc = rr_err_set(err, RR_E_INPUT, "%s of rrd %s has no argument \"%.40s\" (but: %s)",
                            cmd, PACKAGE_VERSION, key, known[0] == '\0' ? "none" : known);
        }
        free(word);
    }
    free(all);
    return rc;
}

int
ctl_command(struct ctl_ask *ask, const char *cmd, struct rr_err *err)
{
    /* rrd-protocol.7 lists these rows. */
    static const struct {
        const char *name;
        ctl_command_fn *fn;
        bool is_told; /* the log says who did it */
        const char *args;
    } table[] = {
        {"status", ctl_status, false, "stage"},
        {"why", ctl_why, false, "stage"},
        {"graph", cmd_graph, false, "format"},
        {"events", ctl_events, false, "type config stage from_ms to_ms after limit follow"},
        {"event", ctl_event, false, "id"},
        {"emit", cmd_emit, true, "type config key payload"},
        {"queue", ctl_queue, true, "op stage id first last state limit next"},
        {"replay", ctl_replay, true, "queue type config from_ms to_ms after dry_run"},
        {"keys", cmd_keys, false, "stage after"},
        {"get", cmd_get, false, "stage key"},
        {"start", cmd_start, true, "stage"},
        {"stop", cmd_stop, true, "stage"},
        {"restart", cmd_restart, true, "stage"},
        {"reload", cmd_reload, true, "dry_run"},
        {"upgrade", cmd_upgrade, true, "name file undo list watch_events watch_ms"},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, cmd) == 0) {
            int rc = check_args(cmd, table[i].args, ask->args, err);

            rc = rc != 0 ? rc : table[i].fn(ask, err);
            if (rc != 0 && ask->stream->later != NULL) {
                ctl_later_cancel(ask->stream);
            }
            tell(table[i].is_told ? LOG_INFO : LOG_DEBUG, cmd, ask, rc);
            if (rc != 0 && err->code == 0) {
                err->code = rc;
            }
            return rc;
        }
    }
    return rr_err_set(err, RR_E_INPUT, "rrd %s knows no command \"%.40s\"", PACKAGE_VERSION, cmd);
}
