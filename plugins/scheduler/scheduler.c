/* SPDX-License-Identifier: MIT */
/*
 * scheduler.c - keeps the loop turning: asks for games and for trainings.
 *
 * Every event of the loop updates the durable state of its configuration (config.h); then, in the
 * same transaction, and once a second besides, plan.h says what to ask for. Requests are known to
 * be done by their events alone. Owns: SELFPLAY_REQUESTED and TRAINING_REQUESTED.
 */
#include <rr/events.h>
#include <rr/gamekit.h>
#include <rr/plugin.h>

#include "plugins/scheduler/learn.h"
#include "plugins/scheduler/plan.h"
#include "plugins/scheduler/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONFIGS_MAX 64u
#define IDLE_MS 1000u

static const struct rr_opt options[] = {
    {"configs", RR_OPT_LIST, 0, "hex8_2p", "", "configurations to train, all at once"},
    {"outstanding", RR_OPT_INT, 0, "2", "1..16",
     "self-play requests at work or queued, of all configurations together"},
    {"ahead", RR_OPT_INT, 0, "0", "0..16",
     "self-play requests of a configuration while its next model is in the making; 0 waits for the "
     "verdict, which is best where self-play and training share the same cores"},
    {"games_per_request", RR_OPT_INT, 0, "96", "1..1900", "games in one shard"},
    {"games_per_generation", RR_OPT_INT, 0, "384", "1..",
     "games between two exports; should suffice for min_new_samples of npz_export"},
    {"first_games", RR_OPT_INT, 0, "800", "1..",
     "the same while there is no model: games of random moves"},
    {"init", RR_OPT_CHOICE, 0, "latest", "latest|champion",
     "model that a training starts from: the latest trained or the champion"},
    {"max_trainings", RR_OPT_INT, 0, "1", "1..64", "trainings at once, of all configurations"},
    {"cooldown", RR_OPT_DURATION, 0, "10s", "0s..1d",
     "wait after a failed training; doubles with each failure in a row, up to an hour"},
    {"max_data_age", RR_OPT_DURATION, 0, "48h", "1min..",
     "an export whose newest game is older is not trained on: new games are played instead"},
    {"sample_threshold", RR_OPT_INT, 0, "10000", "1..",
     "new samples at which the freshness factor of the priority is full"},
    {"settle", RR_OPT_DURATION, 0, "10s", "1s..1h",
     "wait for an export after the last game of a generation; then more games are requested"},
    {"request_timeout", RR_OPT_DURATION, 0, "4h", "1min..",
     "a self-play request without an answer for so long, while this stage runs, counts as lost"},
    {"training_timeout", RR_OPT_DURATION, 0, "24h", "1min..",
     "a training without an answer for so long counts as failed"},
    {"evaluation_timeout", RR_OPT_DURATION, 0, "12h", "1min..",
     "a verdict that is missing for so long is no longer waited for"},
    {"seed", RR_OPT_INT, 0, "1", "0..", "decides the seeds of all games"},
    RR_OPT_END};

static const struct rr_port consumes[] = {
    {&rr_type_selfplay_complete, 0, 0},           {&rr_type_npz_export_complete, 0, 0},
    {&rr_type_training_completed, 0, 0},          {&rr_type_training_failed, 0, 0},
    {&rr_type_evaluation_completed, 0, 0},        {&rr_type_model_promoted, 0, 0},
    {&rr_type_promotion_rejected, 0, 0},          {&rr_type_curriculum_updated, 0, 0},
    {&rr_type_training_blocked_by_quality, 0, 0}, {0}};
static const struct rr_port produces[] = {
    {&rr_type_selfplay_requested, 0, 0}, {&rr_type_training_requested, 0, 0}, {0}};

struct scheduler {
    size_t count;
    char names[CONFIGS_MAX][CONFIG_NAME_MAX];
    struct watch watches[CONFIGS_MAX];
    struct config configs[CONFIGS_MAX]; /* loaded anew for each handler */
    struct plan_conf plan;
};

static double
seconds_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint64_t
utc_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static int
add_name(struct scheduler *s, const char *name, size_t length, struct rr_err *err)
{
    if (length == 0 || length >= CONFIG_NAME_MAX || s->count == CONFIGS_MAX) {
        return rr_err_set(err, RR_E_CONFIG,
                          "configs: name \"%.*s\" is empty or too long, or one of more than %u",
                          (int)(length < 80 ? length : 80), name, CONFIGS_MAX);
    }
    for (size_t i = 0; i < s->count; i++) {
        if (strlen(s->names[i]) == length && memcmp(s->names[i], name, length) == 0) {
            return rr_err_set(err, RR_E_CONFIG, "configs: %s is there twice", s->names[i]);
        }
    }
    memcpy(s->names[s->count], name, length);
    s->names[s->count++][length] = '\0';
    return 0;
}

static int
parse_configs(struct scheduler *s, const char *list, struct rr_err *err)
{
    int rc = *list == '\0' ? rr_err_set(err, RR_E_CONFIG, "configs: at least one is needed") : 0;

    while (rc == 0 && *list != '\0') {
        size_t length;

        list += strspn(list, " ");
        length = strcspn(list, ", ");
        rc = add_name(s, list, length, err);
        list += length;
        list += strspn(list, " ");
        list += *list == ',';
    }
    return rc;
}

/* The configurations, each a variant that some game has. */
static int
read_configs(struct rr_ctx *ctx, struct scheduler *s, struct rr_err *err)
{
    int rc = parse_configs(s, rr_opt_str(ctx, "configs"), err);

    for (size_t i = 0; rc == 0 && i < s->count; i++) {
        const struct rr_game *game = NULL;
        const struct rr_variant *variant = NULL;

        rc = rr_game_find(rr_fact(ctx, "plugin_path"), s->names[i], &game, &variant, err);
        if (rc == RR_E_INPUT) {
            rc = err->code = RR_E_CONFIG; /* no game has it; the text names those that exist */
        }
    }
    return rc;
}

static int
on_check(struct rr_ctx *ctx, struct rr_err *err)
{
    struct scheduler *s = calloc(1, sizeof *s);
    int rc;

    if (s == NULL) {
        return rr_err_set(err, -ENOMEM, "out of memory");
    }
    rc = read_configs(ctx, s, err);
    free(s);
    return rc;
}

static int
on_init(struct rr_ctx *ctx, struct rr_err *err)
{
    struct scheduler *s = calloc(1, sizeof *s);
    int rc;

    if (s == NULL) {
        return rr_err_set(err, -ENOMEM, "out of memory");
    }
    rc = read_configs(ctx, s, err);
    for (size_t i = 0; i < s->count; i++) {
        s->watches[i].quiet_since = seconds_now();
    }
    if (rc != 0) {
        free(s);
        return rc;
    }
    s->plan = (struct plan_conf){
        .outstanding = (uint64_t)rr_opt_int(ctx, "outstanding"),
        .ahead = (uint64_t)rr_opt_int(ctx, "ahead"),
        .games_per_request = (uint64_t)rr_opt_int(ctx, "games_per_request"),
        .games_per_generation = (uint64_t)rr_opt_int(ctx, "games_per_generation"),
        .first_games = (uint64_t)rr_opt_int(ctx, "first_games"),
        .max_trainings = (uint64_t)rr_opt_int(ctx, "max_trainings"),
        .cooldown_ms = (uint64_t)rr_opt_int(ctx, "cooldown"),
        .max_data_age_ms = (uint64_t)rr_opt_int(ctx, "max_data_age"),
        .sample_threshold = (uint64_t)rr_opt_int(ctx, "sample_threshold"),
    };
    ctx->user = s;
    rr_set_idle_ms(ctx, IDLE_MS);
    return 0;
}

static void
on_fini(struct rr_ctx *ctx)
{
    free(ctx->user);
    ctx->user = NULL;
}

/* 53 bits: every program that reads the event's JSON can hold the number. */
static uint64_t
seed_of(struct rr_ctx *ctx, const struct config *c, uint64_t request)
{
    uint64_t seed = (uint64_t)rr_opt_int(ctx, "seed");

    for (const char *at = c->name; *at != '\0'; at++) {
        seed = rr_game_random(&seed) ^ (uint8_t)*at;
    }
    seed = rr_game_random(&seed) ^ request;
    return rr_game_random(&seed) >> 11;
}

static int
request_games(struct rr_ctx *ctx, struct scheduler *s, size_t chosen, uint64_t games,
              struct rr_err *err)
{
    struct config *c = &s->configs[chosen];
    const struct ev_selfplay_requested out = {.config = c->name,
                                              .request = c->next_request,
                                              .games = games,
                                              .seed = seed_of(ctx, c, c->next_request),
                                              .model_path = c->champion.path,
                                              .model_sha256 = c->champion.sha256,
                                              .generation = c->champion.generation,
                                              .budget_scale = c->budget_scale};
    char key[CONFIG_NAME_MAX + 32];

    (void)snprintf(key, sizeof key, "sp/%s/%" PRIu64, c->name, c->next_request);
    plan_serve(s->configs, s->count, chosen, games);
    c->out[c->out_count++] = (struct config_request){.number = c->next_request++, .games = games};
    return rr_emit(ctx, &rr_type_selfplay_requested, key, c->name, &out, err);
}

static int
request_training(struct rr_ctx *ctx, struct config *c, struct rr_err *err)
{
    const int latest = strcmp(rr_opt_str(ctx, "init"), "latest") == 0;
    const struct config_model *init = latest ? &c->latest : &c->champion;
    const uint64_t generation = c->latest.generation + 1;
    char name[CONFIG_NAME_MAX];
    char again[24] = "";
    char key[sizeof c->job_id + 8];

    /* A repeated training is a job of its own. */
    if (c->attempts++ > 0) {
        (void)snprintf(again, sizeof again, ".%" PRIu64, c->attempts);
    }
    memcpy(name, c->name, sizeof name);
    (void)snprintf(c->job_id, sizeof c->job_id, "%s-g%04" PRIu64 "%s", name, generation, again);
    (void)snprintf(key, sizeof key, "train/%s", c->job_id);
    c->export_ready = 0;
    c->dirty = 1;

    const struct ev_training_requested out = {.config = c->name,
                                              .job_id = c->job_id,
                                              .generation = generation,
                                              .npz_path = c->npz_path,
                                              .npz_sha256 = c->npz_sha256,
                                              .sample_count = c->export_samples,
                                              .new_samples = c->export_new,
                                              .init_model = init->path,
                                              .init_sha256 = init->sha256};
    return rr_emit(ctx, &rr_type_training_requested, key, c->name, &out, err);
}

static const char *
doing(const struct config *c, char *out, size_t cap)
{
    if (c->job_id[0] != '\0') {
        (void)snprintf(out, cap, "training %s", c->job_id);
    } else if (c->evaluating != 0) {
        (void)snprintf(out, cap, "verdict on g%" PRIu64 " awaited", c->evaluating);
    } else if (c->export_ready) {
        (void)snprintf(out, cap, "export %" PRIu64 " waits", c->export_no);
    } else {
        (void)snprintf(out, cap, "playing");
    }
    return out;
}

/* One line for each configuration, sent when it says something new. */
static void
tell(struct rr_ctx *ctx, struct scheduler *s, size_t i, uint64_t now_ms)
{
    struct config *c = &s->configs[i];
    struct watch *w = &s->watches[i];
    const char *gate = plan_gate(&s->plan, c, now_ms);
    const struct priority p = plan_priority(&s->plan, c, now_ms);
    char what[CONFIG_NAME_MAX + 48];
    char note[WATCH_NOTE_BYTES];

    c->priority = p;
    (void)snprintf(note, sizeof note,
                   "gen %" PRIu64 ", champion %" PRIu64 ": %s; games %" PRIu64 "/%" PRIu64
                   ", %u out; P %.2f = %.2f (0.4 T %.2f + 0.4 F %.2f + 0.2 V %.2f) G %.0f%s%s",
                   c->latest.generation, c->champion.generation, doing(c, what, sizeof what),
                   c->games_since, plan_target(&s->plan, c), c->out_count, p.p, p.w, p.t, p.f, p.v,
                   p.g, gate == NULL ? "" : ": ", gate == NULL ? "" : gate);
    if (strcmp(note, w->note) != 0) {
        memcpy(w->note, note, sizeof note);
        rr_note(ctx, c->name, "%s", note);
    }
}

/* Decide, emit and save. */
static int
turn(struct rr_ctx *ctx, struct scheduler *s, struct rr_err *err)
{
    const double now = seconds_now();
    const uint64_t now_ms = utc_ms();
    uint64_t games = 0;
    int chosen;
    int rc = 0;

    for (size_t i = 0; i < s->count; i++) {
        watch_drop_lost(ctx, &s->plan, &s->watches[i], &s->configs[i], now, now_ms);
        watch_go_on(ctx, &s->plan, &s->watches[i], &s->configs[i], now);
    }
    while (rc == 0 && (chosen = plan_training(&s->plan, s->configs, s->count, now_ms)) >= 0) {
        rc = request_training(ctx, &s->configs[chosen], err);
    }
    while (rc == 0 && (chosen = plan_selfplay(&s->plan, s->configs, s->count, &games)) >= 0) {
        rc = request_games(ctx, s, (size_t)chosen, games, err);
    }
    for (size_t i = 0; rc == 0 && i < s->count; i++) {
        tell(ctx, s, i, now_ms);
        if (s->configs[i].dirty) {
            rc = config_save(ctx, &s->configs[i], err);
        }
    }
    return rc;
}

static int
load_all(struct rr_ctx *ctx, struct scheduler *s, struct rr_err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < s->count; i++) {
        rc = config_load(ctx, s->names[i], &s->configs[i], err);
    }
    return rc;
}

static int
on_event(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err)
{
    struct scheduler *s = ctx->user;
    size_t i = 0;
    int rc;

    while (i < s->count && strcmp(s->names[i], event->config) != 0) {
        i++;
    }
    if (i == s->count) {
        return RR_DONE; /* a configuration that is not ours (any more) */
    }
    rc = load_all(ctx, s, err);
    if (rc == 0) {
        rc = learn_event(ctx, event, &s->configs[i], &s->plan, err);
        if (rc != 0) {
            return RR_REJECT;
        }
        s->watches[i].quiet_since = seconds_now();
        rc = turn(ctx, s, err);
    }
    return rc == 0 ? RR_DONE : RR_RETRY;
}

static int
on_idle(struct rr_ctx *ctx, struct rr_err *err)
{
    struct scheduler *s = ctx->user;
    int rc = load_all(ctx, s, err);

    rc = rc != 0 ? rc : turn(ctx, s, err);
    return rc == 0 ? RR_DONE : RR_RETRY;
}

RR_PLUGIN(.name = "scheduler", .version = "0.1.0",
          .summary = "asks for self-play and training, by priority, without running ahead",
          .options = options, .consumes = consumes, .produces = produces, .check = on_check,
          .init = on_init, .event = on_event, .idle = on_idle, .fini = on_fini)
