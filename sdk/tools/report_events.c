/* SPDX-License-Identifier: MIT */
/*
 * report_events.c - from the event log to the facts of a run.
 *
 * Every event type has one small function that adds it up; types that it does not know are passed
 * over, because a daemon may run other stages too.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/tools/report.h"

#define RANDOM_ELO 400.0

const char *const report_versus_name[VS_COUNT] = {"random", "champion", "first"};
const char *const report_time_name[TIME_COUNT] = {"selfplay", "data_sync", "npz_export",
                                                  "trainer_cpu", "gauntlet"};

static uint64_t
number(const json_t *object, const char *name)
{
    const json_int_t value = json_integer_value(json_object_get(object, name));

    return value > 0 ? (uint64_t)value : 0;
}

static double
real(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static void
text(char *to, size_t size, const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));

    (void)snprintf(to, size, "%s", value == NULL ? "" : value);
}

static struct report_config *
config_of(struct report *report, const char *name)
{
    struct report_config *grown;

    for (size_t i = 0; i < report->configs; i++) {
        if (strcmp(report->config[i].name, name) == 0) {
            return &report->config[i];
        }
    }
    grown = realloc(report->config, (report->configs + 1) * sizeof *grown);
    if (grown == NULL) {
        return NULL;
    }
    report->config = grown;
    grown += report->configs++;
    memset(grown, 0, sizeof *grown);
    grown->weight = 1;
    (void)snprintf(grown->name, sizeof grown->name, "%s", name);
    return grown;
}

/* The model of these weights; made when it is new. */
static struct report_model *
model_of(struct report_config *config, const json_t *payload)
{
    char sha256[65];
    struct report_model *grown;

    text(sha256, sizeof sha256, payload, "model_sha256");
    for (size_t i = 0; i < config->models; i++) {
        if (strcmp(config->model[i].sha256, sha256) == 0) {
            return &config->model[i];
        }
    }
    grown = realloc(config->model, (config->models + 1) * sizeof *grown);
    if (grown == NULL) {
        return NULL;
    }
    config->model = grown;
    grown += config->models++;
    memset(grown, 0, sizeof *grown);
    memcpy(grown->sha256, sha256, sizeof sha256);
    grown->generation = number(payload, "generation");
    text(grown->path, sizeof grown->path, payload, "model_path");
    return grown;
}

static int
on_selfplay(struct report_config *config, const json_t *p, uint64_t time_ms)
{
    const uint64_t games = number(p, "games_completed");

    (void)time_ms;
    config->shards++;
    config->games += games;
    config->random_games += number(p, "generation") == 0 ? games : 0;
    config->plies += number(p, "plies");
    config->samples += number(p, "samples");
    config->evaluations += number(p, "evaluations");
    config->seconds[TIME_SELFPLAY] += real(p, "duration_seconds");
    return 0;
}

static int
on_sync(struct report_config *config, const json_t *p, uint64_t time_ms)
{
    (void)time_ms;
    config->synced_games += number(p, "games_synced");
    config->seconds[TIME_SYNC] += real(p, "duration_seconds");
    return 0;
}

static int
on_export(struct report_config *config, const json_t *p, uint64_t time_ms)
{
    (void)time_ms;
    config->exports++;
    config->exported_samples += number(p, "new_samples");
    config->seconds[TIME_EXPORT] += real(p, "duration_seconds");
    return 0;
}

static int
on_blocked(struct report_config *config, const json_t *p, uint64_t time_ms)
{
    (void)p;
    (void)time_ms;
    config->blocked++;
    return 0;
}

static int
on_failed(struct report_config *config, const json_t *p, uint64_t time_ms)
{
    (void)p;
    (void)time_ms;
    config->failed++;
    return 0;
}

static int
on_trained(struct report_config *config, const json_t *p, uint64_t time_ms)
{
    struct report_model *m = model_of(config, p);

    if (m == NULL) {
        return -ENOMEM;
    }
    m->trained_ms = time_ms;
    m->steps = number(p, "steps");
    m->samples = number(p, "samples_trained");
    m->seconds = real(p, "duration_seconds");
    m->loss = real(p, "final_loss");
    m->policy_loss = real(p, "policy_loss");
    m->value_loss = real(p, "value_loss");
    m->best_val_loss = real(p, "best_val_loss");
    m->val_policy_loss = real(p, "val_policy_loss");
    m->val_value_loss = real(p, "val_value_loss");
    config->seconds[TIME_TRAINING] += m->seconds;
    return 0;
}

static void
take_versus(struct report_model *m, const json_t *row)
{
    const char *name = json_string_value(json_object_get(row, "opponent"));

    for (int i = 0; name != NULL && i < VS_COUNT; i++) {
        struct report_versus *v = &m->versus[i];
        if (strcmp(name, report_versus_name[i]) != 0) {
            continue;
        }
        v->is_known = true;
        v->generation = number(row, "generation");
        text(v->sha256, sizeof v->sha256, row, "sha256");
        v->simulations = number(row, "simulations");
        v->score.games = number(row, "games");
        v->score.wins = real(row, "wins");
        v->score.draws = real(row, "draws");
        v->score.losses = real(row, "losses");
        v->low = real(row, "low");
        v->high = real(row, "high");
    }
}

static int
on_rated(struct report_config *config, const json_t *p, uint64_t time_ms)
{
    struct report_model *m = model_of(config, p);
    size_t i;
    json_t *row;

    if (m == NULL) {
        return -ENOMEM;
    }
    if (m->is_rated) {
        return 0; /* said again; the first time counts */
    }
    m->is_rated = true;
    m->rated_ms = time_ms;
    m->games = number(p, "games_played");
    m->elo = real(p, "elo");
    m->ci = real(p, "elo_ci");
    text(m->match, sizeof m->match, p, "match_path");
    json_array_foreach(json_object_get(p, "opponent_results"), i, row) {
        take_versus(m, row);
    }
    config->simulations = m->versus[VS_RANDOM].simulations;
    config->seconds[TIME_GAUNTLET] += real(p, "duration_seconds");
    return 0;
}

static int
on_promoted(struct report_config *config, const json_t *p, uint64_t time_ms)
{
    struct report_model *m = model_of(config, p);

    (void)time_ms;
    if (m == NULL) {
        return -ENOMEM;
    }
    m->verdict = VERDICT_PROMOTED;
    text(m->reason, sizeof m->reason, p, "rule");
    return 0;
}

static int
on_rejected(struct report_config *config, const json_t *p, uint64_t time_ms)
{
    struct report_model *m = model_of(config, p);

    (void)time_ms;
    if (m == NULL) {
        return -ENOMEM;
    }
    m->verdict = VERDICT_REJECTED;
    text(m->reason, sizeof m->reason, p, "reason");
    return 0;
}

static int
on_curriculum(struct report_config *config, const json_t *p, uint64_t time_ms)
{
    (void)time_ms;
    config->curriculum_updates++;
    config->weight = real(p, "weight");
    return 0;
}

static const struct {
    const char *type;
    int (*take)(struct report_config *config, const json_t *payload, uint64_t time_ms);
} takers[] = {
    {"SELFPLAY_COMPLETE", on_selfplay},  {"DATA_SYNC_COMPLETED", on_sync},
    {"NPZ_EXPORT_COMPLETE", on_export},  {"TRAINING_BLOCKED_BY_QUALITY", on_blocked},
    {"TRAINING_COMPLETED", on_trained},  {"TRAINING_FAILED", on_failed},
    {"EVALUATION_COMPLETED", on_rated},  {"MODEL_PROMOTED", on_promoted},
    {"PROMOTION_REJECTED", on_rejected}, {"CURRICULUM_UPDATED", on_curriculum},
};

int
report_take(struct report *report, const json_t *event, struct rr_err *err)
{
    const char *type = json_string_value(json_object_get(event, "type"));
    const json_t *payload = json_object_get(event, "payload");
    const char *name = json_string_value(json_object_get(payload, "config"));
    const uint64_t time_ms = number(event, "time_ms");

    if (type == NULL || !json_is_object(payload)) {
        return rr_err_set(err, RR_E_INPUT, "an event has no type or no payload");
    }
    for (size_t i = 0; i < sizeof takers / sizeof takers[0]; i++) {
        struct report_config *config;
        int rc;

        if (strcmp(takers[i].type, type) != 0 || name == NULL) {
            continue;
        }
        config = config_of(report, name);
        rc = config == NULL ? -ENOMEM : takers[i].take(config, payload, time_ms);
        if (rc != 0) {
            return rr_err_set(err, rc, "no memory for the report");
        }
        report->events++;
        report->first_ms =
            report->first_ms == 0 || time_ms < report->first_ms ? time_ms : report->first_ms;
        report->last_ms = time_ms > report->last_ms ? time_ms : report->last_ms;
        return 0;
    }
    return 0;
}

/* Index of a rated player: 0 is random play, i + 1 model i. -1: not among the events. */
static int
player_of(const struct report_config *config, const char *sha256)
{
    if (sha256[0] == '\0') {
        return 0;
    }
    for (size_t i = 0; i < config->models; i++) {
        if (strcmp(config->model[i].sha256, sha256) == 0) {
            return (int)i + 1;
        }
    }
    return -1;
}

static size_t
add_pairing(struct rr_pairing *pairing, size_t count, int a, int b, const struct rr_score *score)
{
    if (a < 0 || b < 0 || a == b || score->games == 0) {
        return count;
    }
    pairing[count] = (struct rr_pairing){
        .a = (uint32_t)a,
        .b = (uint32_t)b,
        .score_a = score->wins + 0.5 * score->draws,
        .games = (double)score->games,
    };
    return count + 1;
}

static size_t
gather(const struct report_config *config, struct rr_pairing *pairing)
{
    const struct report_model *champion = report_champion(config);
    const struct report_model *first = report_first(config);
    size_t count = 0;

    for (size_t i = 0; i < config->models; i++) {
        const struct report_versus *v = config->model[i].versus;
        for (int k = 0; k < VS_COUNT; k++) {
            /* the match against the champion stands for both when that is the first generation */
            const bool is_twice = k == VS_FIRST && v[VS_CHAMPION].is_known &&
                                  strcmp(v[VS_CHAMPION].sha256, v[VS_FIRST].sha256) == 0;
            if (v[k].is_known && !is_twice) {
                count = add_pairing(pairing, count, (int)i + 1, player_of(config, v[k].sha256),
                                    &v[k].score);
            }
        }
    }
    if (champion != NULL && first != NULL) {
        const int self = player_of(config, champion->sha256);
        count = add_pairing(pairing, count, self, 0, &config->final[0].score);
        count = add_pairing(pairing, count, self, player_of(config, first->sha256),
                            &config->final[1].score);
    }
    return count;
}

static int
rate_config(struct report_config *config, struct rr_err *err)
{
    const size_t players = config->models + 1;
    struct rr_pairing *pairing = calloc(config->models * VS_COUNT + 2, sizeof *pairing);
    double *anchor = calloc(players, sizeof *anchor);
    struct rr_elo *rating = calloc(players, sizeof *rating);
    size_t count;
    int rc = 0;

    if (pairing == NULL || anchor == NULL || rating == NULL) {
        rc = rr_err_set(err, -ENOMEM, "no memory for the ratings");
        goto out;
    }
    count = gather(config, pairing);
    for (size_t i = 0; i < players; i++) {
        /* a model that has not been met yet gets no rating; an anchor keeps it out of the way */
        const bool is_free = i > 0 && config->model[i - 1].is_rated;
        anchor[i] = is_free ? NAN : RANDOM_ELO;
    }
    rc = rr_elo_fit(pairing, count, anchor, players, rating, err);
    for (size_t i = 0; rc == 0 && i < config->models; i++) {
        config->model[i].elo = rating[i + 1].elo;
        config->model[i].ci = rating[i + 1].ci;
    }
out:
    free(pairing);
    free(anchor);
    free(rating);
    return rc;
}

int
report_rate(struct report *report, struct rr_err *err)
{
    for (size_t i = 0; i < report->configs; i++) {
        const int rc = rate_config(&report->config[i], err);
        if (rc != 0) {
            (void)rr_err_wrap(err, "%s", report->config[i].name);
            return rc;
        }
    }
    return 0;
}

void
report_free(struct report *report)
{
    for (size_t i = 0; i < report->configs; i++) {
        free(report->config[i].model);
    }
    free(report->config);
    report->config = NULL;
    report->configs = 0;
}

const struct report_model *
report_champion(const struct report_config *config)
{
    const struct report_model *found = NULL;

    for (size_t i = 0; i < config->models; i++) {
        if (config->model[i].verdict == VERDICT_PROMOTED) {
            found = &config->model[i];
        }
    }
    return found;
}

const struct report_model *
report_first(const struct report_config *config)
{
    return config->models > 0 ? &config->model[0] : NULL;
}
