/* SPDX-License-Identifier: MIT */
/*
 * config.c - the durable state of a configuration.
 */
#include "plugins/scheduler/config.h"

#include <rr/state.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define KEY_BYTES (CONFIG_NAME_MAX + 8)

static void
copy(char *out, size_t cap, const char *text)
{
    (void)snprintf(out, cap, "%s", text);
}

static void
load_model(const json_t *json, const char *name, struct config_model *model)
{
    const json_t *m = json_object_get(json, name);

    copy(model->path, sizeof model->path, rr_state_str(m, "path"));
    copy(model->sha256, sizeof model->sha256, rr_state_str(m, "sha256"));
    model->generation = rr_state_u64(m, "generation");
}

static json_t *
model_json(const struct config_model *model)
{
    return json_pack("{s:s, s:s, s:I}", "path", model->path, "sha256", model->sha256, "generation",
                     (json_int_t)model->generation);
}

static void
load_lists(const json_t *json, struct config *c)
{
    const json_t *item;
    size_t i;

    json_array_foreach(json_object_get(json, "out"), i, item) {
        if (c->out_count < CONFIG_OUT_MAX) {
            c->out[c->out_count++] = (struct config_request){
                .number = rr_state_u64(item, "request"), .games = rr_state_u64(item, "games")};
        }
    }
    json_array_foreach(json_object_get(json, "elo"), i, item) {
        if (c->points_count < PRIORITY_POINTS_MAX) {
            c->points[c->points_count++] = (struct priority_point){
                .time_ms = rr_state_u64(item, "time_ms"), .elo = rr_state_f64(item, "elo")};
        }
    }
}

static void
load_fields(const json_t *json, struct config *c)
{
    const json_t *e = json_object_get(json, "export");
    const json_t *t = json_object_get(json, "training");

    c->next_request = rr_state_u64(json, "next_request");
    c->games_since = rr_state_u64(json, "games_since");
    c->extra = rr_state_u64(json, "extra");
    c->games_total = rr_state_u64(json, "games_total");
    c->samples_total = rr_state_u64(json, "samples_total");
    c->started = rr_state_f64(json, "started");
    c->served = rr_state_f64(json, "served");
    c->weight = rr_state_f64(json, "weight");
    c->budget_scale = rr_state_f64(json, "budget_scale");
    c->export_ready = json_is_true(json_object_get(e, "ready"));
    copy(c->npz_path, sizeof c->npz_path, rr_state_str(e, "path"));
    copy(c->npz_sha256, sizeof c->npz_sha256, rr_state_str(e, "sha256"));
    c->export_no = rr_state_u64(e, "number");
    c->export_samples = rr_state_u64(e, "samples");
    c->export_new = rr_state_u64(e, "new_samples");
    c->export_game_ms = rr_state_u64(e, "newest_game_ms");
    c->export_ready_ms = rr_state_u64(e, "ready_ms");
    copy(c->job_id, sizeof c->job_id, rr_state_str(t, "job_id"));
    c->attempts = rr_state_u64(t, "attempts");
    c->failures = rr_state_u64(t, "failures");
    c->cooldown_until_ms = rr_state_u64(t, "cooldown_until_ms");
    c->last_training_ms = rr_state_u64(t, "last_ms");
    c->evaluating = rr_state_u64(t, "evaluating");
    load_model(json, "latest", &c->latest);
    load_model(json, "champion", &c->champion);
    load_lists(json, c);
}

int
config_load(struct rr_ctx *ctx, const char *name, struct config *c, struct rr_err *err)
{
    char key[KEY_BYTES];
    json_t *json = NULL;
    int rc;

    *c = (struct config){.next_request = 1, .weight = 1.0, .budget_scale = 1.0};
    copy(c->name, sizeof c->name, name);
    (void)snprintf(key, sizeof key, "cfg/%s", name);
    rc = rr_state_load(ctx, key, &json, err);
    if (rc == 0 && json != NULL) {
        load_fields(json, c);
    }
    json_decref(json);
    return rc;
}

static json_t *
lists_json(const struct config *c, json_t **elo)
{
    json_t *out = json_array();

    *elo = json_array();
    for (uint32_t i = 0; i < c->out_count; i++) {
        json_array_append_new(out, json_pack("{s:I, s:I}", "request", (json_int_t)c->out[i].number,
                                             "games", (json_int_t)c->out[i].games));
    }
    for (uint32_t i = 0; i < c->points_count; i++) {
        json_array_append_new(*elo,
                              json_pack("{s:I, s:f}", "time_ms", (json_int_t)c->points[i].time_ms,
                                        "elo", c->points[i].elo));
    }
    return out;
}

int
config_save(struct rr_ctx *ctx, const struct config *c, struct rr_err *err)
{
    char key[KEY_BYTES];
    json_t *elo;
    json_t *out = lists_json(c, &elo);
    json_t *data = json_pack(
        "{s:b, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "ready", c->export_ready, "path", c->npz_path,
        "sha256", c->npz_sha256, "number", (json_int_t)c->export_no, "samples",
        (json_int_t)c->export_samples, "new_samples", (json_int_t)c->export_new, "newest_game_ms",
        (json_int_t)c->export_game_ms, "ready_ms", (json_int_t)c->export_ready_ms);
    json_t *training = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I}", "job_id", c->job_id, "attempts", (json_int_t)c->attempts,
        "failures", (json_int_t)c->failures, "cooldown_until_ms", (json_int_t)c->cooldown_until_ms,
        "last_ms", (json_int_t)c->last_training_ms, "evaluating", (json_int_t)c->evaluating);
    json_t *priority =
        json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "w", c->priority.w, "T", c->priority.t, "F",
                  c->priority.f, "V", c->priority.v, "G", c->priority.g, "P", c->priority.p);
    json_t *json = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:o?, s:o?, s:o?, s:o?, s:o?, s:o?, s:o?}",
        "next_request", (json_int_t)c->next_request, "games_since", (json_int_t)c->games_since,
        "extra", (json_int_t)c->extra, "games_total", (json_int_t)c->games_total, "samples_total",
        (json_int_t)c->samples_total, "started", c->started, "served", c->served, "weight",
        c->weight, "budget_scale", c->budget_scale, "out", out, "export", data, "training",
        training, "latest", model_json(&c->latest), "champion", model_json(&c->champion), "elo",
        elo, "priority", priority);
    int rc = json == NULL ? rr_err_set(err, -ENOMEM, "out of memory") : 0;

    (void)snprintf(key, sizeof key, "cfg/%s", c->name);
    rc = rc != 0 ? rc : rr_state_store(ctx, key, json, err);
    json_decref(json);
    return rc;
}

uint64_t
config_games_out(const struct config *c)
{
    uint64_t games = 0;

    for (uint32_t i = 0; i < c->out_count; i++) {
        games += c->out[i].games;
    }
    return games;
}

int
config_request_done(struct config *c, uint64_t number)
{
    for (uint32_t i = 0; i < c->out_count; i++) {
        if (c->out[i].number == number) {
            memmove(&c->out[i], &c->out[i + 1], (c->out_count - i - 1) * sizeof c->out[0]);
            c->out_count--;
            c->dirty = 1;
            return 1;
        }
    }
    return 0;
}

void
config_add_point(struct config *c, uint64_t time_ms, double elo)
{
    if (c->points_count == PRIORITY_POINTS_MAX) {
        memmove(&c->points[0], &c->points[1], (PRIORITY_POINTS_MAX - 1) * sizeof c->points[0]);
        c->points_count--;
    }
    c->points[c->points_count++] = (struct priority_point){time_ms, elo};
    c->dirty = 1;
}
