/* SPDX-License-Identifier: MIT */
/*
 * curriculum.c - how much self-play each configuration gets, and how deep it searches.
 *
 * Owns: the one store of weights (durable key cfg/CONFIG). Reacts to verdicts and evaluations; the
 * reactions are in weights.h and in the table below. Does not: ask for games (the scheduler does).
 */
#include <rr/events.h>
#include <rr/plugin.h>
#include <rr/state.h>

#include "plugins/curriculum/weights.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEY_BYTES 256
#define CONFIGS_KEY "configs" /* names of all configurations seen, for idle() */
#define IDLE_MS 60000u
#define TOLD 0.01 /* a weight that moved by less is not told */

/* Fewer games than this say nothing about a win rate. */
#define EVALUATION_GAMES_MIN 5u

/* The reactions: what a configuration needs more of when it is weak or stuck, less when it is well.
 * Bands and sizes as in the system that this one follows. */
#define WEAK_BELOW 0.45
#define STRONG_ABOVE 0.65
#define DELTA_EVALUATION 0.15
#define DELTA_PROMOTED (-0.10)
#define DELTA_REJECTED 0.15
#define DELTA_EARLY_STOP 0.30

static const struct rr_opt options[] = {
    {"half_life", RR_OPT_DURATION, 0, "6h", "1min..", "time in which a reaction fades to a half"},
    {"evaluation_cooldown", RR_OPT_DURATION, 0, "5min", "0s..",
     "evaluations of a configuration within this time move its weight once"},
    {"plateau_rejections", RR_OPT_INT, 0, "3", "1..",
     "rejected models in a row from which on the search budget of self-play rises"},
    {"plateau_step", RR_OPT_REAL, 0, "0.25", "0..4", "by how much it rises with each one"},
    {"plateau_limit", RR_OPT_REAL, 0, "2", "1..16", "largest factor of the search budget"},
    RR_OPT_END};

static const struct rr_port consumes[] = {{&rr_type_evaluation_completed, 0, 0},
                                          {&rr_type_model_promoted, 0, 0},
                                          {&rr_type_promotion_rejected, 0, 0},
                                          {&rr_type_training_completed, 0, 0},
                                          {0}};
static const struct rr_port produces[] = {{&rr_type_curriculum_updated, 0, 0}, {0}};

struct curriculum {
    const char *config;
    struct weights weights;
    double told_weight, told_budget;
    uint64_t rejections; /* in a row */
    uint64_t updates;    /* told so far: numbers the emits */
};

static int
make_key(char *key, const char *config, struct rr_err *err)
{
    const int length = snprintf(key, KEY_BYTES, "cfg/%s", config);

    return length > 0 && length < KEY_BYTES
               ? 0
               : rr_err_set(err, RR_E_INPUT, "configuration key %.60s... is too long", config);
}

static int
load(struct rr_ctx *ctx, const char *config, struct curriculum *c, int *known, struct rr_err *err)
{
    char key[KEY_BYTES];
    json_t *json = NULL;
    const json_t *item;
    size_t i;
    int rc = make_key(key, config, err);

    *c = (struct curriculum){.config = config, .told_weight = 1.0, .told_budget = 1.0};
    rc = rc != 0 ? rc : rr_state_load(ctx, key, &json, err);
    *known = json != NULL;
    if (rc != 0 || json == NULL) {
        return rc;
    }
    c->told_weight = rr_state_f64(json, "weight");
    c->told_budget = rr_state_f64(json, "budget_scale");
    c->rejections = rr_state_u64(json, "rejections");
    c->updates = rr_state_u64(json, "updates");
    json_array_foreach(json_object_get(json, "deltas"), i, item) {
        weights_add(&c->weights, rr_state_str(item, "source"), rr_state_f64(item, "delta"),
                    rr_state_u64(item, "time_ms"));
    }
    json_decref(json);
    return 0;
}

static int
save(struct rr_ctx *ctx, const struct curriculum *c, struct rr_err *err)
{
    char key[KEY_BYTES];
    json_t *deltas = json_array();
    json_t *json;
    int rc = make_key(key, c->config, err);

    for (uint32_t i = 0; i < c->weights.count; i++) {
        const struct weights_delta *d = &c->weights.deltas[i];

        json_array_append_new(deltas, json_pack("{s:s, s:f, s:I}", "source", d->source, "delta",
                                                d->delta, "time_ms", (json_int_t)d->time_ms));
    }
    json = json_pack("{s:f, s:f, s:I, s:I, s:o?}", "weight", c->told_weight, "budget_scale",
                     c->told_budget, "rejections", (json_int_t)c->rejections, "updates",
                     (json_int_t)c->updates, "deltas", deltas);
    if (rc == 0) {
        rc = json == NULL ? rr_err_set(err, -ENOMEM, "out of memory")
                          : rr_state_store(ctx, key, json, err);
    }
    json_decref(json);
    return rc;
}

/* Add the configuration to the list that idle() walks. */
static int
enlist(struct rr_ctx *ctx, const char *config, struct rr_err *err)
{
    json_t *names = NULL;
    int rc = rr_state_load(ctx, CONFIGS_KEY, &names, err);

    if (rc != 0) {
        return rc;
    }
    if (names == NULL) {
        names = json_array();
    }
    rc = json_array_append_new(names, json_string(config)) != 0
             ? rr_err_set(err, -ENOMEM, "out of memory")
             : rr_state_store(ctx, CONFIGS_KEY, names, err);
    json_decref(names);
    return rc;
}

/* Emit what changed enough to be told. Returns 1 when it did, 0 when not, or a negative code. */
static int
tell(struct rr_ctx *ctx, struct curriculum *c, const char *trigger, uint64_t now_ms,
     struct rr_err *err)
{
    const uint64_t half_life = (uint64_t)rr_opt_int(ctx, "half_life");
    const double weight = weights_now(&c->weights, half_life, now_ms);
    const double budget =
        weights_budget(c->rejections, (uint64_t)rr_opt_int(ctx, "plateau_rejections"),
                       rr_opt_real(ctx, "plateau_step"), rr_opt_real(ctx, "plateau_limit"));
    const struct ev_curriculum_updated out = {.config = c->config,
                                              .weight = weight,
                                              .previous_weight = c->told_weight,
                                              .budget_scale = budget,
                                              .trigger = trigger};
    char key[KEY_BYTES + 32];
    int rc;

    if (fabs(weight - c->told_weight) < TOLD && fabs(budget - c->told_budget) < TOLD) {
        return 0;
    }
    (void)snprintf(key, sizeof key, "cu/%s/%" PRIu64, c->config, ++c->updates);
    rc = rr_emit(ctx, &rr_type_curriculum_updated, key, c->config, &out, err);
    c->told_weight = weight;
    c->told_budget = budget;
    rr_note(ctx, c->config, "weight %.2f, search budget x%.2f, %" PRIu64 " rejected in a row (%s)",
            weight, budget, c->rejections, trigger);
    return rc == 0 ? 1 : rc;
}

/* The reaction to an evaluation; trigger gets words when there is one. */
static void
react_to_evaluation(struct rr_ctx *ctx, struct curriculum *c,
                    const struct ev_evaluation_completed *ev, uint64_t now_ms, char *trigger,
                    size_t cap)
{
    const uint64_t cooldown = (uint64_t)rr_opt_int(ctx, "evaluation_cooldown");

    if (ev->games_played < EVALUATION_GAMES_MIN ||
        weights_cooling(&c->weights, "evaluation", cooldown, now_ms)) {
        return;
    }
    if (ev->win_rate < WEAK_BELOW || ev->win_rate > STRONG_ABOVE) {
        weights_add(&c->weights, "evaluation",
                    ev->win_rate < WEAK_BELOW ? DELTA_EVALUATION : -DELTA_EVALUATION, now_ms);
        (void)snprintf(trigger, cap, "evaluation: win rate %.2f", ev->win_rate);
    }
}

static int
react(struct rr_ctx *ctx, const struct rr_event *event, struct curriculum *c, char *trigger,
      size_t cap, struct rr_err *err)
{
    const uint64_t now_ms = event->time_ms;
    struct ev_evaluation_completed evaluated;
    struct ev_training_completed trained;
    int rc;

    if (strcmp(event->type, "EVALUATION_COMPLETED") == 0) {
        rc = rr_decode(ctx, event, &rr_type_evaluation_completed, &evaluated, err);
        if (rc == 0) {
            react_to_evaluation(ctx, c, &evaluated, now_ms, trigger, cap);
        }
        return rc;
    }
    if (strcmp(event->type, "MODEL_PROMOTED") == 0) {
        weights_add(&c->weights, "promoted", DELTA_PROMOTED, now_ms);
        c->rejections = 0;
        (void)snprintf(trigger, cap, "model promoted");
        return 0;
    }
    if (strcmp(event->type, "PROMOTION_REJECTED") == 0) {
        weights_add(&c->weights, "rejected", DELTA_REJECTED, now_ms);
        c->rejections++;
        (void)snprintf(trigger, cap, "model rejected");
        return 0;
    }
    rc = rr_decode(ctx, event, &rr_type_training_completed, &trained, err);
    if (rc == 0 && trained.early_stopped) {
        weights_add(&c->weights, "early_stop", DELTA_EARLY_STOP, now_ms);
        (void)snprintf(trigger, cap, "training stopped early");
    }
    return rc;
}

static int
on_event(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err)
{
    char trigger[64] = "reactions fade";
    struct curriculum c;
    int known = 0;
    int rc;

    if (event->config[0] == '\0') {
        (void)rr_err_set(err, RR_E_INPUT, "%s without a configuration key", event->type);
        return RR_REJECT;
    }
    rc = load(ctx, event->config, &c, &known, err);
    if (rc != 0) {
        return RR_RETRY;
    }
    if (react(ctx, event, &c, trigger, sizeof trigger, err) != 0) {
        return RR_REJECT;
    }
    weights_prune(&c.weights, (uint64_t)rr_opt_int(ctx, "half_life"), event->time_ms);
    rc = tell(ctx, &c, trigger, event->time_ms, err);
    rc = rc < 0 ? rc : save(ctx, &c, err);
    rc = rc != 0 || known ? rc : enlist(ctx, event->config, err);
    return rc == 0 ? RR_DONE : RR_RETRY;
}

/* Weights move without events too: reactions fade. */
static int
on_idle(struct rr_ctx *ctx, struct rr_err *err)
{
    const uint64_t half_life = (uint64_t)rr_opt_int(ctx, "half_life");
    struct timespec now;
    json_t *names = NULL;
    size_t i;
    const json_t *name;
    uint64_t now_ms;
    int rc = rr_state_load(ctx, CONFIGS_KEY, &names, err);

    (void)clock_gettime(CLOCK_REALTIME, &now);
    now_ms = (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
    json_array_foreach(names, i, name) {
        struct curriculum c;
        int known = 0;
        int told;

        if (rc != 0) {
            break;
        }
        rc = load(ctx, json_string_value(name), &c, &known, err);
        if (rc != 0 || !known) {
            continue;
        }
        weights_prune(&c.weights, half_life, now_ms);
        told = tell(ctx, &c, "reactions fade", now_ms, err);
        rc = told > 0 ? save(ctx, &c, err) : told;
    }
    json_decref(names);
    return rc == 0 ? RR_DONE : RR_RETRY;
}

static int
on_init(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)err;
    rr_set_idle_ms(ctx, IDLE_MS);
    return 0;
}

RR_PLUGIN(.name = "curriculum", .version = "0.1.0",
          .summary = "weighs configurations by how they fare, and deepens search on a plateau",
          .options = options, .consumes = consumes, .produces = produces, .init = on_init,
          .event = on_event, .idle = on_idle)
