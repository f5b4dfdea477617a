/* SPDX-License-Identifier: MIT */
/*
 * test_search.c - the search on a game that is solved: known moves, budgets, policies, determinism.
 */
#include <rr/search.h>

#include "tests/kit/toy_game.h"
#include "tests/tap.h"

struct answer {
    struct rr_search_result result;
    struct rr_search_move moves[9];
    struct rr_search_stats stats;
};

/* Search one position alone. */
static void
search_one(const struct rr_variant *v, const struct rr_search_conf *conf, rr_eval_fn eval,
           const struct toy_state *state, uint32_t simulations, uint64_t seed, struct answer *out)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_search *search = NULL;

    if (rr_search_new(&toy_game, v, conf, eval, NULL, &search, &err) != 0 ||
        rr_search_begin(search, 0, state, simulations, 0, seed, &err) != 0) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    while (!rr_search_is_done(search, 0)) {
        if (rr_search_step(search, &err) != 0) {
            printf("Bail out! %s\n", err.text);
            exit(1);
        }
    }
    if (rr_search_result(search, 0, &out->result, &err) != 0) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    memcpy(out->moves, out->result.moves, out->result.count * sizeof out->moves[0]);
    rr_search_stats(search, &out->stats);
    rr_search_free(search);
}

static struct rr_search_conf
conf_of(uint32_t simulations)
{
    struct rr_search_conf conf;

    rr_search_conf_init(&conf);
    conf.max_simulations = simulations;
    return conf;
}

static void
test_known_moves(void)
{
    /* Cells 0..8 in rows; seat 0 begins. */
    static const struct {
        const char *moves;
        rr_move best;
        const char *what;
    } known[] = {
        {"0314", 2, "a win in one is taken"},
        {"0413", 2, "a win comes before a block"},
        {"046", 3, "a threat is blocked"},
    };
    const struct rr_search_conf conf = conf_of(200);

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct toy_state state;
        struct answer answer;
        toy_position(&toy_2p, known[i].moves, &state);
        search_one(&toy_2p, &conf, NULL, &state, 200, 1, &answer);
        is_int((int64_t)answer.result.best, (int64_t)known[i].best, known[i].what);
    }
}

/* Visit every position of the two-player game and compare the search's move with the solution. */
static void
walk(const struct toy_state *state, bool *seen, uint32_t *positions, uint32_t *right)
{
    const struct rr_search_conf conf = conf_of(400);
    const uint32_t key = (uint32_t)state->cells[0] << 9 | state->cells[1];
    rr_move moves[9];
    const uint32_t n = toy_legal(&toy_2p, state, moves);

    if (n == 0 || seen[key]) {
        return;
    }
    seen[key] = true;
    if (n > 1 && n <= 7) {
        struct answer answer;
        struct toy_state next = *state;
        search_one(&toy_2p, &conf, NULL, state, 400, key, &answer);
        toy_apply(&toy_2p, &next, answer.result.best);
        (*positions)++;
        *right += 1.0f - toy_solve(&next) >= toy_solve(state);
    }
    for (uint32_t i = 0; i < n; i++) {
        struct toy_state next = *state;
        toy_apply(&toy_2p, &next, moves[i]);
        walk(&next, seen, positions, right);
    }
}

static void
test_all_positions(void)
{
    static bool seen[1 << 18];
    struct toy_state start;
    uint32_t positions = 0;
    uint32_t right = 0;

    toy_init(&toy_2p, 0, &start);
    walk(&start, seen, &positions, &right);
    diag("%u positions, %u solved", positions, right);
    ok(positions > 3000 && right * 1000u >= positions * 995u,
       "without a net, 400 simulations find a perfect move in 99.5 %% of all positions");
}

static void
check_result(const struct rr_variant *v, const struct answer *a, uint32_t simulations,
             const char *what)
{
    double target = 0.0;
    double prior = 0.0;
    double value = 0.0;
    uint32_t visits = 0;
    bool in_range = true;

    for (uint32_t i = 0; i < a->result.count; i++) {
        target += (double)a->moves[i].target;
        prior += (double)a->moves[i].prior;
        visits += a->moves[i].visits;
        in_range = in_range && a->moves[i].q >= 0.0f && a->moves[i].q <= 1.0f &&
                   a->moves[i].target >= 0.0f;
    }
    for (uint32_t s = 0; s < v->seats; s++) {
        value += (double)a->result.value[s];
    }
    ok(fabs(target - 1.0) < 1e-5 && fabs(prior - 1.0) < 1e-5 && fabs(value - 1.0) < 1e-5 &&
           in_range && visits == simulations,
       "%s: policies and values sum to 1, visits are %u simulations", what, simulations);
}

static void
test_budgets(void)
{
    static const uint32_t budgets[] = {0, 1, 2, 3, 7, 16, 31, 64, 200};
    struct toy_state start;

    for (size_t i = 0; i < sizeof budgets / sizeof budgets[0]; i++) {
        struct answer answer;
        char what[64];
        struct rr_search_conf conf = conf_of(budgets[i]);
        conf.gumbel_scale = 1.0f;
        conf.considered = i % 2 == 0 ? 16 : 4;
        toy_init(&toy_2p, 0, &start);
        search_one(&toy_2p, &conf, toy_eval_2p, &start, budgets[i], i, &answer);
        (void)snprintf(what, sizeof what, "two seats, m = %u", conf.considered);
        check_result(&toy_2p, &answer, budgets[i], what);
        search_one(&toy_3p, &conf, toy_eval_3p, &start, budgets[i], i, &answer);
        (void)snprintf(what, sizeof what, "three seats, m = %u", conf.considered);
        check_result(&toy_3p, &answer, budgets[i], what);
    }
}

static void
test_halving(void)
{
    struct toy_state start;
    struct answer answer;
    struct rr_search_conf conf = conf_of(24);
    uint32_t count[25] = {0};

    /* m = 4 of 9 moves, 24 simulations, 2 phases: 3 rounds of 4, then 6 of 2. */
    conf.considered = 4;
    conf.gumbel_scale = 1.0f;
    toy_init(&toy_2p, 0, &start);
    search_one(&toy_2p, &conf, toy_eval_2p, &start, 24, 5, &answer);
    for (uint32_t i = 0; i < 9; i++) {
        count[answer.moves[i].visits]++;
    }
    ok(count[0] == 5 && count[3] == 2 && count[9] == 2,
       "sequential halving: five moves unvisited, two visited 3 and two 9 times");
}

/* Noise changes what is searched; a quiet search has none, whatever its seed. */
static void
test_quiet(void)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_search *search = NULL;
    struct rr_search_conf conf = conf_of(9);
    struct toy_state start;
    rr_move noisy[40];
    rr_move quiet[40];
    bool noisy_differ = false;
    bool quiet_differ = false;
    int rc;

    conf.gumbel_scale = 1.0f;
    conf.considered = 4;
    toy_init(&toy_2p, 0, &start);
    rc = rr_search_new(&toy_game, &toy_2p, &conf, NULL, NULL, &search, &err);
    for (uint32_t i = 0; rc == 0 && i < 80; i++) {
        struct rr_search_result result;
        rc = rr_search_begin(search, 0, &start, 9, i % 2 == 0 ? 0 : RR_SEARCH_QUIET, i, &err);
        rc = rc == 0 ? rr_search_step(search, &err) : rc;
        rc = rc == 0 ? rr_search_result(search, 0, &result, &err) : rc;
        *(i % 2 == 0 ? &noisy[i / 2] : &quiet[i / 2]) = rc == 0 ? result.best : RR_MOVE_NONE;
        noisy_differ = noisy_differ || noisy[i / 2] != noisy[0];
        quiet_differ = quiet_differ || (i % 2 == 1 && quiet[i / 2] != quiet[0]);
    }
    ok(rc == 0 && noisy_differ && !quiet_differ, "noise varies the move, a quiet search does not");
    rr_search_free(search);
}

static void
test_policy_only(void)
{
    struct toy_state start;
    struct answer answer;
    const struct rr_search_conf conf = conf_of(0);
    uint32_t best = 0;
    float difference = 0.0f;

    toy_init(&toy_2p, 0, &start);
    search_one(&toy_2p, &conf, toy_eval_2p, &start, 0, 1, &answer);
    for (uint32_t i = 0; i < 9; i++) {
        best = answer.moves[i].prior > answer.moves[best].prior ? i : best;
        difference += fabsf(answer.moves[i].prior - answer.moves[i].target);
    }
    ok(answer.result.best == answer.moves[best].move && difference < 1e-5f,
       "no simulations: the net's favourite, and its policy as the target");
}

static void
test_forced(void)
{
    struct toy_state state;
    struct answer answer;
    const struct rr_search_conf conf = conf_of(50);

    toy_position(&toy_2p, "01243578", &state); /* only cell 6 is free */
    search_one(&toy_2p, &conf, toy_eval_2p, &state, 50, 1, &answer);
    ok(answer.result.best == 6 && answer.result.count == 1 && answer.stats.evaluations == 0 &&
           answer.stats.simulations == 0,
       "a forced move costs nothing");

    /* Two cells free: after either, the last move is forced, so every leaf is a finished game. */
    toy_position(&toy_2p, "0124357", &state);
    search_one(&toy_2p, &conf, toy_eval_2p, &state, 50, 1, &answer);
    ok(answer.stats.evaluations == 1 && answer.stats.terminal_leaves == 50,
       "forced moves inside the tree are played through to the end of the game");
}

/* Same position, seeds and budget in slot 0, with and without company in other slots. */
static void
test_independence(void)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_search *search = NULL;
    struct rr_search_conf conf = conf_of(60);
    struct toy_state start;
    struct answer alone;
    struct rr_search_result result = {0};

    conf.gumbel_scale = 1.0f;
    conf.symmetries = true;
    toy_init(&toy_2p, 0, &start);
    search_one(&toy_2p, &conf, toy_eval_2p, &start, 60, 77, &alone);

    conf.slots = 7;
    conf.cache_entries = 1000;
    int rc = rr_search_new(&toy_game, &toy_2p, &conf, toy_eval_2p, NULL, &search, &err);
    for (uint32_t i = 0; rc == 0 && i < 7; i++) {
        rc = rr_search_begin(search, i, &start, i == 3 ? 60 : 10 * i, 0, i == 3 ? 77 : i, &err);
    }
    for (int i = 0; rc == 0 && i < 100; i++) {
        rc = rr_search_step(search, &err);
    }
    rc = rc == 0 ? rr_search_result(search, 3, &result, &err) : rc;
    struct rr_search_stats stats;
    rr_search_stats(search, &stats);
    diag("%" PRIu64 " simulations, %" PRIu64 " evaluations, %" PRIu64 " cache hits",
         stats.simulations, stats.evaluations, stats.cache_hits);
    ok(rc == 0 && result.best == alone.result.best &&
           memcmp(result.moves, alone.moves, sizeof alone.moves) == 0 &&
           memcmp(result.value, alone.result.value, sizeof result.value) == 0,
       "a search is the same bit for bit beside others, with symmetries and a shared cache");
    ok(stats.cache_hits > 50, "the cache is hit");
    rr_search_free(search);
}

static int
eval_broken(void *user, uint32_t n, const uint8_t *planes, const float *scalars, float *policy,
            float *value, struct rr_err *err)
{
    (void)toy_eval_2p(user, n, planes, scalars, policy, value, err);
    policy[4] = NAN;
    return 0;
}

static int
eval_failing(void *user, uint32_t n, const uint8_t *planes, const float *scalars, float *policy,
             float *value, struct rr_err *err)
{
    (void)user;
    (void)n;
    (void)planes;
    (void)scalars;
    (void)policy;
    (void)value;
    return rr_err_set(err, RR_E_MISMATCH, "no answer");
}

static void
test_errors(void)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_search *search = NULL;
    struct rr_search_conf conf = conf_of(8);
    struct toy_state state;
    struct rr_search_result result;

    toy_init(&toy_2p, 0, &state);
    (void)rr_search_new(&toy_game, &toy_2p, &conf, eval_broken, NULL, &search, &err);
    (void)rr_search_begin(search, 0, &state, 8, 0, 1, &err);
    is_int(rr_search_step(search, &err), RR_E_MISMATCH, "a number that is not finite is refused");
    is_int(rr_search_result(search, 0, &result, &err), RR_E_INPUT, "and leaves no result");
    is_int(rr_search_begin(search, 0, &state, 9, 0, 1, &err), RR_E_INPUT, "too many simulations");
    is_int(rr_search_begin(search, 1, &state, 8, 0, 1, &err), RR_E_INPUT, "no such slot");
    toy_position(&toy_2p, "03142", &state);
    is_int(rr_search_begin(search, 0, &state, 8, 0, 1, &err), RR_E_INPUT, "the game is over");
    rr_search_free(search);

    toy_init(&toy_2p, 0, &state);
    (void)rr_search_new(&toy_game, &toy_2p, &conf, eval_failing, NULL, &search, &err);
    (void)rr_search_begin(search, 0, &state, 8, 0, 1, &err);
    is_int(rr_search_step(search, &err), RR_E_MISMATCH, "an evaluator's error is passed on");
    is_str(err.text, "no answer", "with its words");
    rr_search_free(search);
    conf.slots = 0;
    is_int(rr_search_new(&toy_game, &toy_2p, &conf, NULL, NULL, &search, &err), RR_E_INPUT,
           "no slots");
}

int
main(void)
{
    test_known_moves();
    test_all_positions();
    test_budgets();
    test_halving();
    test_quiet();
    test_policy_only();
    test_forced();
    test_independence();
    test_errors();
    return tap_done();
}
