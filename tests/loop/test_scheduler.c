/* SPDX-License-Identifier: MIT */
/*
 * test_scheduler.c - the formula, the choice of what to play and train, and a turn of the loop.
 */
#include <rr/events.h>
#include <rr/test.h>

#include "plugins/scheduler/plan.h"
#include "tests/tap.h"

#include <time.h>

#define A "connect4_2p"
#define HOUR_MS 3600000u
#define DAY_MS (24u * HOUR_MS)

extern const struct rr_plugin rr_plugin;

static struct rr_test *t;

static void
test_formula(void)
{
    struct priority_point points[6] = {{0, 1000},          {DAY_MS, 1010},     {2 * DAY_MS, 1020},
                                       {3 * DAY_MS, 1030}, {4 * DAY_MS, 1040}, {5 * DAY_MS, 9}};
    struct priority_input in = {.weight = 1.5,
                                .ever_trained = 1,
                                .hours_since_training = 3,
                                .data_age_hours = 24,
                                .new_samples = 5000,
                                .threshold = 10000,
                                .points = points,
                                .points_count = 3,
                                .open = 1};
    struct priority p = priority_of(&in);

    is_near(p.t, 0.5, 1e-9, "T: half of six hours");
    is_near(p.f, 0.25, 1e-9, "F: a day old, half of the samples");
    is_near(p.v, 0.75, 1e-9, "V: 10 Elo a day");
    is_near(p.p, 1.5 * (0.4 * 0.5 + 0.4 * 0.25 + 0.2 * 0.75), 1e-9, "P: the formula");
    in.points_count = 2;
    is_near(priority_of(&in).v, 0.5, 1e-9, "V: two points say nothing");
    in.hours_since_training = 100;
    in.hours_waiting = 6;
    is_near(priority_of(&in).t, 1.5, 1e-9, "T: starving data add to it");
    in.hours_waiting = 1000;
    is_near(priority_of(&in).t, 2.0, 1e-9, "T: at most 2");
    in.weight = 100;
    is_near(priority_of(&in).w, 2.0, 1e-9, "w: at most 2");
    ok(priority_of(&in).p <= 4.0, "P: never more than 4");
    in.open = 0;
    is_near(priority_of(&in).p, 0.0, 0.0, "G: a closed gate is 0");
    in.ever_trained = 0;
    in.hours_waiting = 0;
    is_near(priority_of(&in).t, 1.0, 1e-9, "T: never trained is 1");
    is_near(priority_velocity(points, 6), 10.0, 1e-9, "one outlier does not move the slope");
}

static struct plan_conf conf = {.outstanding = 2,
                                .ahead = 0,
                                .games_per_request = 10,
                                .games_per_generation = 40,
                                .first_games = 40,
                                .max_trainings = 1,
                                .cooldown_ms = 1000,
                                .max_data_age_ms = DAY_MS,
                                .sample_threshold = 1000};

static void
new_config(struct config *c, const char *name, double weight)
{
    *c = (struct config){.next_request = 1, .weight = weight, .budget_scale = 1.0};
    (void)snprintf(c->name, sizeof c->name, "%s", name);
    (void)snprintf(c->champion.path, sizeof c->champion.path, "m");
}

/* Serve n requests, each finished at once; games[i] counts those of configuration i. */
static void
serve(struct config *configs, size_t count, uint32_t n, uint64_t *played)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t games = 0;
        const int chosen = plan_selfplay(&conf, configs, count, &games);

        if (chosen >= 0) {
            plan_serve(configs, count, (size_t)chosen, games);
            played[chosen] += games;
        }
    }
}

static void
test_shares(void)
{
    struct config configs[2];
    uint64_t played[2] = {0, 0};
    uint64_t games = 0;

    new_config(&configs[0], "a", 2.0);
    new_config(&configs[1], "b", 0.5);
    serve(configs, 2, 1000, played);
    is_near((double)played[0] / (double)played[1], 4.0, 0.05, "shares follow the weights");

    configs[0].export_ready = 1; /* a is held back for long */
    serve(configs, 2, 1000, played);
    configs[0].export_ready = 0;
    played[0] = played[1] = 0;
    serve(configs, 2, 500, played);
    is_near((double)played[0] / (double)played[1], 4.0, 0.1, "time that was missed is not claimed");

    configs[0].out_count = 2;
    is_int(plan_selfplay(&conf, configs, 2, &games), -1, "no more than outstanding requests");
    configs[0].out_count = 0;
    configs[0].games_since = configs[1].games_since = 40;
    is_int(plan_selfplay(&conf, configs, 2, &games), -1, "no more games than a generation takes");
    configs[1].games_since = 33;
    is_int(plan_selfplay(&conf, configs, 2, &games), 1, "what is missing is asked for");
    is_int((int64_t)games, 7, "and not more");
    configs[1].evaluating = 3;
    is_int(plan_selfplay(&conf, configs, 2, &games), -1, "none while a verdict is awaited");
    conf.ahead = 1;
    is_int(plan_selfplay(&conf, configs, 2, &games), 1, "unless running ahead is allowed");
    conf.ahead = 0;
}

static void
test_training_choice(void)
{
    struct config configs[3];
    const uint64_t now = 100 * (uint64_t)DAY_MS;

    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"c", "a", "b"};

        new_config(&configs[i], names[i], 1.0);
        configs[i].export_ready = 1;
        configs[i].export_new = 500;
        configs[i].export_game_ms = now - HOUR_MS;
        configs[i].last_training_ms = now - 12 * HOUR_MS;
    }
    is_int(plan_training(&conf, configs, 3, now), 1, "a tie goes to the name");
    configs[2].last_training_ms -= HOUR_MS;
    is_int(plan_training(&conf, configs, 3, now), 2, "but first to the older training");
    configs[0].weight = 1.2;
    is_int(plan_training(&conf, configs, 3, now), 0, "and before that to the priority");
    configs[0].cooldown_until_ms = now + 1;
    is_int(plan_training(&conf, configs, 3, now), 2, "a cooling one waits");
    configs[2].export_game_ms = now - 2 * (uint64_t)DAY_MS;
    is_int(plan_training(&conf, configs, 3, now), 1, "old games are not trained on");
    (void)snprintf(configs[0].job_id, sizeof configs[0].job_id, "j");
    is_int(plan_training(&conf, configs, 3, now), -1, "one training at a time");
}

/* ---- the plugin ----------------------------------------------------------------------------- */

static const struct ev_selfplay_requested *
request(size_t i)
{
    return rr_test_payload(t, "SELFPLAY_REQUESTED", i);
}

static const struct ev_training_requested *
training(size_t i)
{
    return rr_test_payload(t, "TRAINING_REQUESTED", i);
}

static size_t
requests(void)
{
    return rr_test_count(t, "SELFPLAY_REQUESTED");
}

static size_t
trainings(void)
{
    return rr_test_count(t, "TRAINING_REQUESTED");
}

static int
played(uint64_t number, uint64_t games)
{
    const struct ev_selfplay_complete ev = {
        .config = A, .request = number, .games_completed = games, .samples = games * 10};

    return rr_test_event(t, &rr_type_selfplay_complete, A, &ev);
}

static int
exported(uint64_t number, uint64_t new_samples)
{
    const struct ev_npz_export_complete ev = {.config = A,
                                              .export_no = number,
                                              .npz_path = "npz/x",
                                              .npz_sha256 = "aa",
                                              .sample_count = 5000,
                                              .new_samples = new_samples,
                                              .newest_game_ms = UINT64_C(4000000000000)};

    return rr_test_event(t, &rr_type_npz_export_complete, A, &ev);
}

static int
trained(uint64_t generation)
{
    const struct ev_training_completed ev = {.config = A,
                                             .job_id = "j",
                                             .generation = generation,
                                             .model_path = generation == 1 ? "m1" : "m2",
                                             .model_sha256 = "bb"};

    return rr_test_event(t, &rr_type_training_completed, A, &ev);
}

static int
failed(const char *job, int retryable)
{
    const struct ev_training_failed ev = {
        .config = A, .job_id = job, .retryable = (uint64_t)retryable};

    return rr_test_event(t, &rr_type_training_failed, A, &ev);
}

static int
promoted(uint64_t generation)
{
    const struct ev_model_promoted ev = {
        .config = A, .model_path = "m1", .model_sha256 = "bb", .generation = generation};

    return rr_test_event(t, &rr_type_model_promoted, A, &ev);
}

static int
rejected(uint64_t generation)
{
    const struct ev_promotion_rejected ev = {.config = A, .generation = generation};

    return rr_test_event(t, &rr_type_promotion_rejected, A, &ev);
}

static void
test_first_generation(void)
{
    is_int(rr_test_idle(t), RR_DONE, "the first tick");
    is_int((int64_t)requests(), 2, "asks for two shards");
    ok(request(0)->request == 1 && request(1)->request == 2 && request(0)->games == 20 &&
           request(0)->model_path[0] == '\0' && request(0)->generation == 0 &&
           request(0)->seed != request(1)->seed && request(0)->seed < (1ull << 53),
       "of random games, with seeds of their own");
    is_int(rr_test_idle(t), RR_DONE, "another tick");
    is_int((int64_t)requests(), 2, "asks for nothing more");
    is_int(played(1, 20), RR_DONE, "one is played");
    is_int(played(2, 20), RR_DONE, "and the other");
    is_int((int64_t)requests(), 2, "the generation is complete: no more games");
    is_int(exported(1, 500), RR_DONE, "the export");
    is_int((int64_t)trainings(), 1, "leads to a training at once");
    ok(strcmp(training(0)->job_id, A "-g0001") == 0 && training(0)->generation == 1 &&
           strcmp(training(0)->npz_path, "npz/x") == 0 && training(0)->init_model[0] == '\0' &&
           training(0)->new_samples == 500,
       "from fresh weights");
    is_int(exported(1, 500), RR_DONE, "data while it runs");
    is_int((int64_t)trainings(), 1, "start no second one");
}

static void
test_failure(void)
{
    is_int(failed("other", 1), RR_DONE, "a failure of an unknown job");
    is_int((int64_t)trainings(), 1, "changes nothing");
    is_int(failed(A "-g0001", 1), RR_DONE, "the training fails");
    (void)rr_test_idle(t);
    is_int((int64_t)trainings(), 2, "and is repeated after its wait, here 0 s");
    is_str(training(1)->job_id, A "-g0001.2", "as a job of its own");
    is_int(trained(1), RR_DONE, "it comes to its end");
    (void)rr_test_idle(t);
    is_int((int64_t)requests(), 2, "no games before the verdict");
    is_int(promoted(1), RR_DONE, "promoted");
    is_int((int64_t)requests(), 4, "games with the new champion are asked for at once");
    ok(strcmp(request(2)->model_path, "m1") == 0 && request(2)->generation == 1 &&
           request(2)->games == 10,
       "by name and generation");
}

static void
test_second_generation(void)
{
    for (uint64_t i = 3; i < 7; i++) {
        (void)played(i, 10);
    }
    is_int((int64_t)requests(), 6, "four shards make a generation");
    (void)exported(2, 400);
    is_int((int64_t)trainings(), 3, "its training");
    ok(strcmp(training(2)->init_model, "m1") == 0 && training(2)->generation == 2,
       "starts from the latest model");
    (void)trained(2);
    is_int(rejected(2), RR_DONE, "it is rejected");
    is_int((int64_t)requests(), 8, "play goes on");
    ok(request(7)->generation == 1, "with the champion");
    (void)trained(2);
    is_int((int64_t)requests(), 8, "a repeated event changes nothing");
}

static void
test_settle(void)
{
    const size_t before = requests();

    for (uint64_t i = 7; i < 11; i++) {
        (void)played(i, 10);
    }
    is_int((int64_t)requests(), (int64_t)before + 2, "a generation without an export");
    rr_test_opt(t, "settle", "1s");
    for (int i = 0; i < 40 && requests() == before + 2; i++) {
        const struct timespec wait = {0, 50000000};

        (void)nanosleep(&wait, NULL);
        (void)rr_test_idle(t);
    }
    is_int((int64_t)requests(), (int64_t)before + 4, "asks for more games after a while");
}

static void
test_lost(void)
{
    const size_t before = requests();

    t->quiet = 1;
    rr_test_opt(t, "request_timeout", "1ms");
    (void)rr_test_idle(t);
    for (int i = 0; i < 40 && requests() == before; i++) {
        const struct timespec wait = {0, 5000000};

        (void)nanosleep(&wait, NULL);
        (void)rr_test_idle(t);
    }
    ok(requests() > before && t->logs[RR_LOG_WARN] > 0, "a lost request is given up, and told");
    rr_test_opt(t, "request_timeout", "4h");
}

static void
test_init(void)
{
    struct rr_test *other = rr_test_new(&rr_plugin);
    char plugins[512];

    (void)snprintf(plugins, sizeof plugins, "%s/plugins",
                   getenv("RR_BUILDDIR") == NULL ? "." : getenv("RR_BUILDDIR"));
    rr_test_opt(other, "configs", "nosuch_2p");
    rr_test_fact(other, "plugin_path", plugins);
    is_int(rr_test_check(other), RR_E_CONFIG, "a configuration that no game has fails the check");
    is_int(rr_test_init(other), RR_E_CONFIG, "a configuration that no game has is refused");
    ok(strstr(other->err.text, "nosuch_2p") != NULL, "by name");
    rr_test_opt(other, "configs", "a,a");
    is_int(rr_test_check(other), RR_E_CONFIG, "a name twice is refused");
    rr_test_free(other);
    t = rr_test_new(&rr_plugin);
    t->quiet = 1;
    rr_test_fact(t, "plugin_path", plugins);
    rr_test_opt(t, "configs", A);
    rr_test_opt(t, "games_per_request", "10");
    rr_test_opt(t, "games_per_generation", "40");
    rr_test_opt(t, "first_games", "40");
    rr_test_opt(t, "cooldown", "0s");
    is_int(rr_test_init(t), 0, "the stage starts");
}

int
main(void)
{
    test_formula();
    test_shares();
    test_training_choice();
    test_init();
    test_first_generation();
    test_failure();
    test_second_generation();
    test_settle();
    test_lost();
    diag("%s", rr_test_note(t, A));
    rr_test_fini(t);
    rr_test_free(t);
    return tap_done();
}
