/* SPDX-License-Identifier: MIT */
/*
 * test_curriculum.c - weights move by typed deltas, fade, and stay within bounds.
 */
#include <rr/events.h>
#include <rr/test.h>

#include "plugins/curriculum/weights.h"
#include "tests/tap.h"

#define A "hex8_2p"
#define HOUR_MS 3600000u

extern const struct rr_plugin rr_plugin;

static struct rr_test *t;

static void
test_weights(void)
{
    struct weights w = {0};
    const uint64_t half = 6 * HOUR_MS;

    is_near(weights_now(&w, half, 0), 1.0, 0.0, "nothing happened: 1");
    weights_add(&w, "a", 0.4, 0);
    is_near(weights_now(&w, half, 0), 1.4, 1e-9, "a delta counts in full at first");
    is_near(weights_now(&w, half, half), 1.2, 1e-9, "and a half after the half-life");
    weights_add(&w, "b", -0.1, half);
    is_near(weights_now(&w, half, half), 1.1, 1e-9, "deltas add up");
    weights_prune(&w, half, 100 * (uint64_t)half);
    is_int(w.count, 0, "what has faded is dropped");
    for (uint64_t i = 0; i < 100; i++) {
        weights_add(&w, "c", 1.0, i);
    }
    is_int(w.count, WEIGHTS_DELTAS_MAX, "the list is bounded");
    is_near(weights_now(&w, half, 100), 2.0, 0.0, "the weight is at most 2");
    w.count = 0;
    weights_add(&w, "d", -9.0, 0);
    is_near(weights_now(&w, half, 0), 0.5, 0.0, "and at least a half");
    ok(weights_cooling(&w, "d", 1000, 999) && !weights_cooling(&w, "d", 1000, 1000) &&
           !weights_cooling(&w, "a", 1000, 1),
       "a source cools down by itself");
    is_near(weights_budget(2, 3, 0.25, 2.0), 1.0, 0.0, "two rejections: the usual budget");
    is_near(weights_budget(3, 3, 0.25, 2.0), 1.25, 0.0, "three: more");
    is_near(weights_budget(99, 3, 0.25, 2.0), 2.0, 0.0, "up to the limit");
}

static const struct ev_curriculum_updated *
last(void)
{
    return rr_test_payload(t, "CURRICULUM_UPDATED", rr_test_count(t, "CURRICULUM_UPDATED") - 1);
}

static int
evaluated(double win_rate, uint64_t games)
{
    const struct ev_evaluation_completed ev = {
        .config = A, .win_rate = win_rate, .games_played = games, .opponent_results = "[]"};

    return rr_test_event(t, &rr_type_evaluation_completed, A, &ev);
}

static int
promoted(void)
{
    const struct ev_model_promoted ev = {.config = A};

    return rr_test_event(t, &rr_type_model_promoted, A, &ev);
}

static int
rejected(void)
{
    const struct ev_promotion_rejected ev = {.config = A};

    return rr_test_event(t, &rr_type_promotion_rejected, A, &ev);
}

static void
test_stage(void)
{
    const struct ev_training_completed trained = {.config = A, .early_stopped = 1};

    is_int(rr_test_init(t), 0, "the stage starts");
    is_int(rr_test_idle(t), RR_DONE, "with nothing to do");
    is_int(evaluated(0.5, 100), RR_DONE, "an even match");
    is_int((int64_t)rr_test_count(t, NULL), 0, "moves nothing");
    is_int(evaluated(0.9, 4), RR_DONE, "four games");
    is_int((int64_t)rr_test_count(t, NULL), 0, "say nothing");
    is_int(evaluated(0.3, 100), RR_DONE, "a weak model");
    ok(last()->weight > 1.149 && last()->weight < 1.151 && last()->previous_weight == 1.0,
       "gets more self-play");
    is_int(evaluated(0.3, 100), RR_DONE, "again, within the cooldown");
    is_int((int64_t)rr_test_count(t, NULL), 1, "moves nothing");
    is_int(promoted(), RR_DONE, "a promotion");
    is_near(last()->weight, 1.05, 1e-6, "takes some back");
    is_str(last()->trigger, "model promoted", "and says why");
    is_int(rejected(), RR_DONE, "a rejection");
    is_near(last()->weight, 1.20, 1e-6, "gives more");
    ok(last()->budget_scale == 1.0, "with the usual budget");
    (void)rejected();
    (void)rejected();
    is_near(last()->budget_scale, 1.25, 1e-9, "the third in a row deepens the search");
    (void)promoted();
    is_near(last()->budget_scale, 1.0, 1e-9, "a promotion ends that");
    is_int(rr_test_event(t, &rr_type_training_completed, A, &trained), RR_DONE, "an early stop");
    is_near(last()->weight, 1.70, 1e-6, "weighs most");
    is_int(rr_test_idle(t), RR_DONE, "years later (the test's events are old)");
    is_near(last()->weight, 1.0, 1e-9, "everything has faded");
    is_int(rr_test_event(t, &rr_type_model_promoted, "", &(struct ev_model_promoted){.config = A}),
           RR_REJECT, "an event without a configuration is refused");
    diag("%s", rr_test_note(t, A));
}

int
main(void)
{
    test_weights();
    t = rr_test_new(&rr_plugin);
    test_stage();
    rr_test_free(t);
    return tap_done();
}
