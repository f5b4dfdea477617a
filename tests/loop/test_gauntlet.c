/* SPDX-License-Identifier: MIT */
/*
 * test_gauntlet.c - the gauntlet stage: its rule and its table of ratings alone, then whole
 * evaluations of small nets that play Connect Four.
 */
#include "plugins/gauntlet/gauntlet.h"
#include "tests/loop/loop.h"
#include "tests/tap.h"

#include <rr/net.h>
#include <rr/test.h>

#include <errno.h>

extern const struct rr_plugin rr_plugin;

static struct gauntlet_match
result(uint64_t wins, uint64_t losses)
{
    /* every opening won or lost from both seats */
    return (struct gauntlet_match){
        .played = true,
        .score = {.games = wins + losses, .wins = (double)wins, .losses = (double)losses},
        .pairs = {losses / 2, 0, (wins % 2 + losses % 2) / 2, 0, wins / 2}};
}

static void
test_rule(void)
{
    const struct gauntlet_rule strict = {.sprt = {0, 70, 0.05, 0.05}, .champion_games = 64};
    struct gauntlet_rule lenient = strict;
    struct gauntlet_match match[GAUNTLET_OPPONENTS] = {0};
    struct gauntlet_verdict v;

    lenient.cap_likelier = true;
    match[GAUNTLET_RANDOM] = result(14, 6);
    rule_decide(&strict, match, &v);
    ok(!v.promoted && strcmp(v.gate, "random") == 0, "14 of 20 against random is not enough");
    diag("%s", v.text);
    match[GAUNTLET_RANDOM] = result(15, 5);
    rule_decide(&strict, match, &v);
    ok(v.promoted, "15 of 20 is, for the first model");

    match[GAUNTLET_CHAMPION] = result(36, 28);
    rule_decide(&strict, match, &v);
    ok(!v.promoted && strcmp(v.gate, "champion") == 0, "36 : 28 does not decide the test");
    diag("%s", v.text);
    rule_decide(&lenient, match, &v);
    ok(v.promoted, "but is likelier at elo1, which at_cap = likelier takes");
    diag("%s", v.text);
    match[GAUNTLET_CHAMPION] = result(33, 31);
    rule_decide(&lenient, match, &v);
    ok(!v.promoted, "33 : 31 is not");
    diag("%s", v.text);
    match[GAUNTLET_CHAMPION] = result(60, 4);
    rule_decide(&strict, match, &v);
    ok(v.promoted && v.measured >= v.required, "60 : 4 is accepted by the test itself");
    diag("%s", v.text);
    match[GAUNTLET_CHAMPION] = result(4, 60);
    rule_decide(&lenient, match, &v);
    ok(!v.promoted, "4 : 60 is refused");
    diag("%s", v.text);
    match[GAUNTLET_RANDOM] = result(10, 10);
    match[GAUNTLET_CHAMPION] = result(60, 4);
    rule_decide(&lenient, match, &v);
    ok(!v.promoted && strcmp(v.gate, "random") == 0, "who cannot beat random is never promoted");
}

static struct gauntlet_model
model_number(uint32_t n)
{
    struct gauntlet_model m = {.generation = n};

    (void)snprintf(m.sha256, sizeof m.sha256, "%064u", n);
    (void)snprintf(m.path, sizeof m.path, "models/hex8_2p/g%04u-0000010000000001.safetensors", n);
    return m;
}

/* 500 generations: the durable key stays small, the first and the champion stay in it. */
static void
test_table(void)
{
    struct table *table = calloc(1, sizeof *table);
    struct table *again = calloc(1, sizeof *again);
    struct rr_err err = RR_ERR_INIT;
    const struct gauntlet_model champion = model_number(7);
    size_t longest = 0;
    int rc = table_parse(table, NULL, &err);

    for (uint32_t n = 1; n <= 500 && rc == 0; n++) {
        const struct gauntlet_model model = model_number(n);
        const struct rr_score vs_random = {20, 19, 0, 1};
        const struct rr_score vs_other = {64, 36.5, 1, 26.5};
        size_t self = table_add(table, &model, 32);

        if (n == 7) {
            table->champion = champion;
        }
        (void)snprintf(table->player[self].match, sizeof table->player[self].match,
                       "matches/hex8_2p/g%04u-0000010000000001.json", n);
        table_score(table, self, 0, &vs_random);
        if (n > 1) {
            const struct gauntlet_model before = model_number(n - 1);
            table_score(table, self, 1, &vs_random);
            table_score(table, self, (size_t)table_find(table, before.sha256, 32), &vs_other);
        }

        char *text = table_dump(table);
        longest = strlen(text) > longest ? strlen(text) : longest;
        rc = table_parse(again, text, &err);
        free(text);
    }
    is_int(rc, 0, "500 generations go through the table");
    ok(longest < 32 * 1024 - 512, "its text stays small (%zu bytes)", longest);
    ok(again->players == table->players && again->pairings == table->pairings,
       "what is stored is read back");
    is_int(table_find(table, model_number(1).sha256, 32), 1, "the first generation stays");
    ok(table_find(table, champion.sha256, 32) > 0, "the champion stays");
    ok(table_find(table, model_number(8).sha256, 32) < 0, "old ones leave");
    is_int(table_find(table, champion.sha256, 64), -1, "another budget is another player");
    is_int(table_rate(again, &err), 0, "ratings can be made");
    is_near(again->player[0].rating.elo, 400, 0, "random play is 400");
    ok(again->player[again->players - 1].rating.elo > again->player[1].rating.elo,
       "who wins more is rated higher");
    ok(table_parse(again, "{\"players\":[]}", &err) == RR_E_CORRUPT, "a broken table is refused");
    free(table);
    free(again);
}

struct model {
    char path[64];
    char sha256[RR_SHA256_HEX];
};

static struct model
make_model(const char *name, uint64_t seed)
{
    static const struct rr_tower tower = {
        .io = {.height = 6, .width = 7, .planes = 2, .scalars = 1, .policy_planes = 1, .seats = 2},
        .channels = 8,
        .blocks = 1,
        .head_channels = 8};
    const char *const meta[] = {"layout", "connect4/1/connect4_2p", NULL};
    struct model model = {.sha256 = ""};
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *net = NULL;
    char path[400];
    char *graph = NULL;

    (void)snprintf(model.path, sizeof model.path, "%s.safetensors", name);
    (void)snprintf(path, sizeof path, "%s/%s", loop_dir, model.path);
    ok(rr_tower_graph(&tower, &graph, &err) == 0 && rr_net_new(graph, seed, &net, &err) == 0 &&
           rr_model_save(net, meta, path, &err) == 0 &&
           rr_sha256_file(path, model.sha256, NULL, &err) == 0,
       "model %s", name);
    free(graph);
    rr_net_free(net);
    return model;
}

static struct ev_training_completed
trained(const struct model *model, uint64_t generation)
{
    return (struct ev_training_completed){.config = LOOP_CONFIG,
                                          .job_id = "job",
                                          .generation = generation,
                                          .model_path = model->path,
                                          .model_sha256 = model->sha256,
                                          .npz_path = "",
                                          .architecture = ""};
}

static struct rr_test *
new_stage(void)
{
    struct rr_test *t = rr_test_new(&rr_plugin);

    rr_test_fact(t, "data_dir", loop_dir);
    rr_test_fact(t, "plugin_path", loop_plugins);
    rr_test_opt(t, "simulations", "24");
    rr_test_opt(t, "random_games", "20");
    rr_test_opt(t, "champion_games", "16");
    rr_test_opt(t, "first_games", "6");
    rr_test_opt(t, "baselines", "heuristic:2");
    rr_test_opt(t, "baseline_games", "4");
    rr_test_opt(t, "threads", "2");
    if (rr_test_check(t) != 0) {
        printf("Bail out! %s\n", t->err.text);
        exit(1);
    }
    return t;
}

static void
test_first(struct rr_test *t, const struct model *model)
{
    const struct ev_training_completed done = trained(model, 1);

    if (!is_int(rr_test_event_again(t, &rr_type_training_completed, LOOP_CONFIG, &done, 65, 1),
                RR_DONE, "the first model is judged")) {
        diag("%s", t->err.text);
        return;
    }
    const struct ev_evaluation_completed *e = rr_test_payload(t, "EVALUATION_COMPLETED", 0);
    is_int((int64_t)e->games_played, 24, "by 20 games against random play, 4 against a baseline");
    ok(strstr(e->opponent_results, "\"opponent\":\"heuristic:2\"") != NULL, "which is named: %s",
       e->opponent_results);
    is_str(e->match_path, "matches/" LOOP_CONFIG "/g0001-0000000000000041.json", "with a record");
    ok(e->elo > 400 && e->elo_ci > 0, "Elo %.0f +-%.0f", e->elo, e->elo_ci);
    diag("%s", e->opponent_results);
    is_int((int64_t)rr_test_count(t, "MODEL_PROMOTED"), 1, "search beats random play: promoted");
    const struct ev_model_promoted *p = rr_test_payload(t, "MODEL_PROMOTED", 0);
    ok(p->previous_elo == 400 && p->supersedes[0] == '\0', "there was no champion before");
    diag("%s", p->rule);
    ok(strstr(rr_test_note(t, LOOP_CONFIG), "champion gen 1") != NULL, "note: %s",
       rr_test_note(t, LOOP_CONFIG));
}

static void
test_second(struct rr_test *t, const struct model *model)
{
    const struct ev_training_completed done = trained(model, 2);

    if (!is_int(rr_test_event_again(t, &rr_type_training_completed, LOOP_CONFIG, &done, 66, 1),
                RR_DONE, "the second model is judged")) {
        diag("%s", t->err.text);
        return;
    }
    const struct ev_evaluation_completed *e = rr_test_payload(t, "EVALUATION_COMPLETED", 1);
    ok(e->games_played > 24 && e->games_played <= 40,
       "one match serves for champion and first generation (%d games)", (int)e->games_played);
    ok(strstr(e->opponent_results, "\"champion\"") != NULL &&
           strstr(e->opponent_results, "\"first\"") != NULL,
       "and is told for both");
    is_int((int64_t)(rr_test_count(t, "MODEL_PROMOTED") + rr_test_count(t, "PROMOTION_REJECTED")),
           2, "each evaluation has one verdict");
}

/* The worker died after the record was made: the handler reads it and says the same. */
static void
test_again(struct rr_test *t, struct rr_test *fresh, const struct model *model)
{
    const struct ev_training_completed done = trained(model, 1);

    is_int(rr_test_event_again(fresh, &rr_type_training_completed, LOOP_CONFIG, &done, 65, 2),
           RR_DONE, "an event whose record is there already");
    const struct ev_evaluation_completed *one = rr_test_payload(t, "EVALUATION_COMPLETED", 0);
    const struct ev_evaluation_completed *two = rr_test_payload(fresh, "EVALUATION_COMPLETED", 0);
    ok(one->elo == two->elo && one->duration_seconds == two->duration_seconds &&
           strcmp(one->opponent_results, two->opponent_results) == 0,
       "says the same, without new games");

    const size_t verdicts =
        rr_test_count(t, "MODEL_PROMOTED") + rr_test_count(t, "PROMOTION_REJECTED");
    is_int(rr_test_event(t, &rr_type_training_completed, LOOP_CONFIG, &done), RR_DONE,
           "weights that were judged before");
    is_int((int64_t)rr_test_count(t, "EVALUATION_COMPLETED"), 3, "are told again");
    is_int((int64_t)(rr_test_count(t, "MODEL_PROMOTED") + rr_test_count(t, "PROMOTION_REJECTED")),
           (int64_t)verdicts, "but not promoted again");
}

static void
test_trouble(struct rr_test *t, const struct model *model)
{
    struct ev_training_completed done = trained(model, 9);

    t->stop = 1;
    is_int(rr_test_event(t, &rr_type_training_completed, LOOP_CONFIG, &done), RR_RETRY,
           "a stop gives the event back");
    t->stop = 0;
    done.model_sha256 = "0000000000000000000000000000000000000000000000000000000000000000";
    is_int(rr_test_event(t, &rr_type_training_completed, LOOP_CONFIG, &done), RR_REJECT,
           "a model with another hash is never judged");
    ok(strstr(t->err.text, model->path) != NULL, "in words: %s", t->err.text);
    done = trained(model, 9);
    done.model_path = "missing.safetensors";
    is_int(rr_test_event(t, &rr_type_training_completed, LOOP_CONFIG, &done), RR_REJECT,
           "nor is one that is not there");
    rr_test_opt(t, "elo1", "-1");
    is_int(rr_test_check(t), RR_E_CONFIG, "elo1 below elo0 is refused");
    rr_test_opt(t, "elo1", "70");
    is_int(rr_test_check(t), 0, "(and above it, taken)");
    rr_test_opt(t, "baselines", "heuristic,champion");
    is_int(rr_test_check(t), RR_E_CONFIG, "a baseline that nobody knows is refused");
    ok(strstr(t->err.text, "\"champion\"") != NULL, "by name: %s", t->err.text);
    rr_test_opt(t, "baselines", "random");
    is_int(rr_test_check(t), RR_E_CONFIG, "random play is met anyway");
    rr_test_opt(t, "baselines", "mcts_light,heuristic:1,heuristic:2,heuristic:3,heuristic:4");
    is_int(rr_test_check(t), RR_E_CONFIG, "five are too many");
}

int
main(void)
{
    struct rr_test *t;
    struct rr_test *fresh;

    if (loop_begin() != 0) {
        return 1;
    }
    test_rule();
    test_table();

    const struct model one = make_model("one", 1);
    const struct model two = make_model("two", 2);
    const struct model three = make_model("three", 3);
    t = new_stage();
    fresh = new_stage();
    test_first(t, &one);
    test_second(t, &two);
    test_again(t, fresh, &one);
    test_trouble(t, &three);
    rr_test_free(t);
    rr_test_free(fresh);
    is_int(loop_end(), 0, "nothing is left behind");
    return tap_done();
}
