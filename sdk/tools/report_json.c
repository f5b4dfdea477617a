/* SPDX-License-Identifier: MIT */
/*
 * report_json.c - the report for programs; the same figures as report_text.c.
 */
#include <string.h>

#include "sdk/tools/report.h"

static json_t *
score_json(const struct rr_score *score, double low, double high)
{
    return json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:f}", "games", (json_int_t)score->games,
                     "wins", score->wins, "draws", score->draws, "losses", score->losses, "rate",
                     rr_score_rate(score), "low", low, "high", high);
}

static json_t *
model_json(const struct report_model *m)
{
    static const char *const verdict[] = {"none", "promoted", "rejected"};
    json_t *o = json_pack(
        "{s:I, s:s, s:s, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:s, s:s}", "generation",
        (json_int_t)m->generation, "sha256", m->sha256, "path", m->path, "trained_ms",
        (json_int_t)m->trained_ms, "steps", (json_int_t)m->steps, "samples", (json_int_t)m->samples,
        "seconds", m->seconds, "loss", m->loss, "policy_loss", m->policy_loss, "value_loss",
        m->value_loss, "best_val_loss", m->best_val_loss, "val_policy_loss", m->val_policy_loss,
        "val_value_loss", m->val_value_loss, "verdict", verdict[m->verdict], "reason", m->reason);

    if (m->is_rated) {
        (void)json_object_set_new(o, "rated_ms", json_integer((json_int_t)m->rated_ms));
        (void)json_object_set_new(o, "elo", json_real(m->elo));
        (void)json_object_set_new(o, "elo_ci", json_real(m->ci));
        (void)json_object_set_new(o, "match_path", json_string(m->match));
    }
    for (int k = 0; k < VS_COUNT; k++) {
        const struct report_versus *v = &m->versus[k];
        char name[32];

        if (v->is_known) {
            json_t *row = score_json(&v->score, v->low, v->high);
            (void)json_object_set_new(row, "generation", json_integer((json_int_t)v->generation));
            (void)json_object_set_new(row, "simulations", json_integer((json_int_t)v->simulations));
            (void)snprintf(name, sizeof name, "against_%s", report_versus_name[k]);
            (void)json_object_set_new(o, name, row);
        }
    }
    return o;
}

static json_t *
final_json(const struct report_final *f)
{
    json_t *o;

    if (!f->is_done) {
        return json_null();
    }
    o = score_json(&f->score, f->low, f->high);
    (void)json_object_set_new(o, "wanted", json_real(f->wanted));
    (void)json_object_set_new(o, "pass", json_boolean(rr_score_rate(&f->score) >= f->wanted));
    (void)json_object_set_new(o, "seconds", json_real(f->seconds));
    return o;
}

static json_t *
config_json(const struct report_config *c)
{
    const struct report_model *champion = report_champion(c);
    json_t *models = json_array();
    json_t *seconds = json_object();

    for (size_t i = 0; i < c->models; i++) {
        (void)json_array_append_new(models, model_json(&c->model[i]));
    }
    for (int i = 0; i < TIME_COUNT; i++) {
        (void)json_object_set_new(seconds, report_time_name[i], json_real(c->seconds[i]));
    }
    json_t *o =
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:o, s:o}",
                  "config", c->name, "shards", (json_int_t)c->shards, "games", (json_int_t)c->games,
                  "random_games", (json_int_t)c->random_games, "plies", (json_int_t)c->plies,
                  "samples", (json_int_t)c->samples, "evaluations", (json_int_t)c->evaluations,
                  "games_verified", (json_int_t)c->synced_games, "exports", (json_int_t)c->exports,
                  "exported_samples", (json_int_t)c->exported_samples, "blocked",
                  (json_int_t)c->blocked, "trainings_failed", (json_int_t)c->failed,
                  "curriculum_weight", c->weight, "stage_seconds", seconds, "models", models);
    (void)json_object_set_new(o, "champion",
                              champion == NULL ? json_null() : json_string(champion->path));
    (void)json_object_set_new(
        o, "final",
        json_pack("{s:I, s:o, s:o, s:b, s:s}", "simulations", (json_int_t)c->simulations,
                  "against_random", final_json(&c->final[0]), "against_first",
                  final_json(&c->final[1]), "pass", (int)report_passes(c), "note", c->final_note));
    return o;
}

json_t *
report_to_json(const struct report *report)
{
    json_t *configs = json_array();

    for (size_t i = 0; i < report->configs; i++) {
        (void)json_array_append_new(configs, config_json(&report->config[i]));
    }
    return json_pack("{s:i, s:s, s:I, s:I, s:I, s:o}", "version", 1, "dir", report->dir, "events",
                     (json_int_t)report->events, "first_ms", (json_int_t)report->first_ms,
                     "last_ms", (json_int_t)report->last_ms, "configs", configs);
}
