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

typedef int (*command_fn)(struct rrd *rrd, const json_t *args, json_t **result,
                          struct ctl_stream *stream, struct rr_err *err);

int
ctl_find_stage(struct rrd *rrd, const json_t *args, struct stage **out, struct rr_err *err)
{
    const char *name = json_string_value(json_object_get(args, "stage"));
    char hint[TEXT_HINT_BYTES];
    const char **names;

    if (name == NULL) {
        return rr_err_set(err, RR_E_INPUT, "the name of a stage is missing");
    }
    names = mem_zalloc(rrd->n_stages + 1, sizeof *names);
    for (size_t i = 0; i < rrd->n_stages; i++) {
        names[i] = rrd->stages[i]->conf->name;
        if (strcmp(names[i], name) == 0) {
            *out = rrd->stages[i];
            free(names);
            return 0;
        }
    }
    (void)rr_err_set(err, RR_E_INPUT, "there is no stage \"%.60s\"%s", name,
                     text_hint(name, names, hint));
    free(names);
    return RR_E_INPUT;
}

static int
cmd_status(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
           struct rr_err *err)
{
    struct stage *only = NULL;
    const int rc =
        json_object_get(args, "stage") == NULL ? 0 : ctl_find_stage(rrd, args, &only, err);

    (void)stream;
    if (rc != 0) {
        return rc;
    }
    *result = ctl_status_new(rrd, only);
    return *result == NULL ? rr_err_set(err, -ENOMEM, "the answer cannot be written as JSON") : 0;
}

/* Let a life event happen to a stage and say what state that led to. */
static int
change_stage(struct rrd *rrd, const json_t *args, enum sup_event ev, json_t **result,
             struct rr_err *err)
{
    struct stage *stage;
    int rc = ctl_find_stage(rrd, args, &stage, err);

    if (rc == 0 && rrd->is_stopping) {
        rc = rr_err_set(err, RR_E_BUSY, "the daemon stops");
    }
    if (rc == 0 && !stage->conf->is_enabled && ev != SUP_EV_STOP) {
        rc = rr_err_set(err, RR_E_CONFIG, "stage %s is not enabled: set enabled = yes in conf.d",
                        stage->conf->name);
    }
    if (rc == 0 && reload_has(stage, ev)) {
        rc = rr_err_set(err, RR_E_BUSY,
                        "a reload or an upgrade has stage %s in hand (%s): wait for its end",
                        stage->conf->name, reload_phase(rrd));
    }
    if (rc == 0) {
        sup_run_event(stage, ev);
        *result = json_pack("{s:s, s:s}", "stage", stage->conf->name, "state",
                            sup_state_name(stage->sup.state));
    }
    return rc;
}

static int
cmd_start(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
          struct rr_err *err)
{
    (void)stream;
    return change_stage(rrd, args, SUP_EV_START, result, err);
}

static int
cmd_restart(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
            struct rr_err *err)
{
    (void)stream;
    return change_stage(rrd, args, SUP_EV_RESTART, result, err);
}

static int
cmd_reload(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
           struct rr_err *err)
{
    struct ctl_later *later = ctl_later_new(stream);
    const int rc =
        reload_begin(rrd, json_is_true(json_object_get(args, "dry_run")), NULL, later, err);

    (void)result;
    if (rc != 0) {
        ctl_later_cancel(stream);
    }
    return rc;
}

static int
cmd_upgrade(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
            struct rr_err *err)
{
    struct upgrade *u = NULL;
    int rc;

    if (json_is_true(json_object_get(args, "list"))) {
        *result = upgrade_list_new(rrd, err);
        return *result == NULL ? err->code : 0;
    }
    if (!ctl_socket_is_owner(&stream->peer)) {
        return rr_err_set(err, -EPERM,
                          "an upgrade brings code: it is for the daemon's own user and root");
    }
    rc = upgrade_new(rrd, args, &u, err);
    if (rc == 0) {
        rc = reload_begin(rrd, false, u, ctl_later_new(stream), err);
        if (rc != 0) {
            ctl_later_cancel(stream);
        }
    }
    return rc;
}

static int
cmd_stop(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
         struct rr_err *err)
{
    (void)stream;
    if (json_object_get(args, "stage") != NULL) {
        return change_stage(rrd, args, SUP_EV_STOP, result, err);
    }
    daemon_stop(rrd);
    *result = json_pack("{s:s}", "state", "stopping");
    return 0;
}

static int
cmd_graph(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
          struct rr_err *err)
{
    const char *format = json_string_value(json_object_get(args, "format"));
    const char **states = mem_zalloc(rrd->n_stages, sizeof *states);
    long long *depths = mem_zalloc(rrd->n_stages, sizeof *depths);

    (void)err;
    (void)stream;
    for (size_t i = 0; i < rrd->n_stages; i++) {
        struct store_counts c = {0};

        (void)store_counts(rrd->store, rrd->stages[i]->conf->name, &c, NULL);
        depths[i] = (long long)(c.ready + c.delayed);
        states[i] = rrd->stages[i]->conf->is_enabled ? sup_state_name(rrd->stages[i]->sup.state)
                                                     : "disabled";
    }
    *result = graph_drawing_new(&rrd->conf.graph, format == NULL ? "text" : format, states, depths);
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
cmd_emit(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
         struct rr_err *err)
{
    const char *type = json_string_value(json_object_get(args, "type"));
    const char *config = json_string_value(json_object_get(args, "config"));
    const char *key = json_string_value(json_object_get(args, "key"));
    int rc;

    (void)result;
    if (type == NULL) {
        return rr_err_set(err, RR_E_INPUT, "the type of the event is missing");
    }
    if ((config != NULL && strlen(config) > RR_WIRE_NAME_MAX) ||
        (key != NULL && strlen(key) > RR_WIRE_NAME_MAX)) {
        return rr_err_set(err, RR_E_INPUT, "config and key may have %u bytes", RR_WIRE_NAME_MAX);
    }
    struct ctl_later *later = ctl_later_new(stream);

    rc = route_inject(rrd, type, config == NULL ? "" : config, key,
                      json_object_get(args, "payload"), on_emitted, later, err);
    if (rc != 0) {
        ctl_later_cancel(stream);
    }
    return rc;
}

static int
cmd_get(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
        struct rr_err *err)
{
    const char *key = json_string_value(json_object_get(args, "key"));
    struct stage *stage;
    char *text = NULL;
    int rc = ctl_find_stage(rrd, args, &stage, err);

    (void)stream;
    if (rc == 0 && key == NULL) {
        rc = rr_err_set(err, RR_E_INPUT, "the name of the key is missing");
    }
    if (rc == 0) {
        rc = store_get_new(rrd->store, stage->conf->name, key, &text, err);
        if (rc == RR_E_EMPTY) {
            (void)rr_err_set(err, rc, "stage %s has no key \"%.100s\"", stage->conf->name, key);
        }
    }
    if (rc == 0) {
        *result = json_pack("{s:s, s:s}", "key", key, "value", text);
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
cmd_keys(struct rrd *rrd, const json_t *args, json_t **result, struct ctl_stream *stream,
         struct rr_err *err)
{
    const char *after = json_string_value(json_object_get(args, "after"));
    struct keys_page p = {.keys = json_object()};
    struct stage *stage;
    int rc = ctl_find_stage(rrd, args, &stage, err);

    (void)stream;
    if (rc == 0) {
        rc = store_keys(rrd->store, stage->conf->name, after, add_key, &p, err);
    }
    if (rc == 0) {
        *result = json_pack("{s:s, s:O, s:s?}", "stage", stage->conf->name, "keys", p.keys, "next",
                            p.is_more ? p.last : NULL);
    }
    json_decref(p.keys);
    return rc;
}

/* Say who changed something. */
static void
tell(enum log_level level, const char *cmd, const json_t *args, const struct ucred *peer, int rc)
{
    const char *op = json_string_value(json_object_get(args, "op"));
    const char *stage = json_string_value(json_object_get(args, "stage"));
    /* "after" and "next" go on where the last request of the same command ended */
    const bool only_looks = (op != NULL && strcmp(op, "kick") != 0 && strcmp(op, "drop") != 0) ||
                            json_is_true(json_object_get(args, "dry_run")) ||
                            json_object_get(args, "after") != NULL ||
                            json_object_get(args, "next") != NULL;

    stage = stage == NULL ? json_string_value(json_object_get(args, "queue")) : stage;
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
    json_object_foreach((json_t *)(uintptr_t)args, key, value)
    {
        const size_t n = strlen(key);
        const char *at = known;

        (void)value;
        while (n > 0 && (at = strstr(at, key)) != NULL &&
               ((at != known && at[-1] != ' ') || (at[n] != ' ' && at[n] != '\0'))) {
            at += n;
        }
        if (n == 0 || at == NULL) {
            return rr_err_set(err, RR_E_INPUT, "%s of rrd %s has no argument \"%.40s\" (but: %s)",
                              cmd, PACKAGE_VERSION, key, known[0] == '\0' ? "none" : known);
        }
    }
    return 0;
}

int
ctl_command(struct rrd *rrd, const char *cmd, const json_t *args, json_t **result,
            struct ctl_stream *stream, struct rr_err *err)
{
    /* rrd-protocol.7 lists these rows. */
    static const struct {
        const char *name;
        command_fn fn;
        bool is_told; /* the log says who did it */
        const char *args;
    } table[] = {
        {"status", cmd_status, false, "stage"},
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
            int rc = check_args(cmd, table[i].args, args, err);

            rc = rc != 0 ? rc : table[i].fn(rrd, args, result, stream, err);
            tell(table[i].is_told ? LOG_INFO : LOG_DEBUG, cmd, args, &stream->peer, rc);
            if (rc != 0 && err->code == 0) {
                err->code = rc;
            }
            return rc;
        }
    }
    return rr_err_set(err, RR_E_INPUT, "rrd %s knows no command \"%.40s\"", PACKAGE_VERSION, cmd);
}
