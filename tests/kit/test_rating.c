/* SPDX-License-Identifier: MIT */
/*
 * test_rating.c - intervals, the sequential test and ratings against values known by other means.
 */
#include "tests/tap.h"

#include <rr/rating.h>

static uint64_t random_state = 88172645463325252u;

static double
uniform(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

static void
test_wilson(void)
{
    double low;
    double high;

    rr_wilson(95, 100, RR_Z95, &low, &high);
    is_near(low, 0.88825, 5e-5, "95 of 100: lower bound");
    is_near(high, 0.97846, 5e-5, "95 of 100: upper bound");
    rr_wilson(8, 10, RR_Z95, &low, &high);
    is_near(low, 0.49016, 5e-5, "8 of 10: lower bound");
    is_near(high, 0.94331, 5e-5, "8 of 10: upper bound");
    rr_wilson(0, 10, RR_Z95, &low, &high);
    ok(low == 0, "0 of 10: lower bound is 0");
    is_near(high, 0.27753, 5e-5, "0 of 10: upper bound");
    rr_wilson(0, 0, RR_Z95, &low, &high);
    ok(low == 0 && high == 1, "no games: nothing is known");

    const struct rr_score score = {10, 6, 2, 2};
    is_near(rr_score_rate(&score), 0.7, 1e-12, "a draw is half a point");
    is_near(rr_elo_expected(400), 10.0 / 11, 1e-12, "400 Elo are ten to one");
    is_near(rr_elo_difference(10.0 / 11), 400, 1e-9, "and back");
}

static void
test_sprt_values(void)
{
    const struct rr_sprt sprt = {0, 35, 0.05, 0.05};
    const double s1 = rr_elo_expected(35);
    double llr;

    const uint64_t won[5] = {0, 0, 0, 0, 10};
    is_int(rr_sprt_pairs(&sprt, won, &llr), RR_SPRT_GOING, "10 won pairs do not decide +35");
    is_near(llr, 10 * log(s1 / 0.5), 0.01, "won pairs: log of the ratio of expected scores");

    const uint64_t drawn[5] = {0, 0, 40, 0, 0};
    (void)rr_sprt_pairs(&sprt, drawn, &llr);
    /* the likeliest way to the mean s1 keeps what is possible at one half, the rest wins */
    is_near(llr, 40 * log(1 - (s1 - 0.5) / 0.5), 0.02, "drawn pairs speak against a gain");

    const uint64_t none[5] = {0};
    is_int(rr_sprt_pairs(&sprt, none, &llr), RR_SPRT_GOING, "no pairs, no decision");
    ok(llr == 0, "and no evidence");

    const uint64_t many[5] = {0, 0, 0, 0, 40};
    is_int(rr_sprt_pairs(&sprt, many, NULL), RR_SPRT_ACCEPT_H1, "40 won pairs decide for");
    const uint64_t lost[5] = {40, 0, 0, 0, 0};
    is_int(rr_sprt_pairs(&sprt, lost, NULL), RR_SPRT_ACCEPT_H0, "40 lost pairs decide against");

    /* with results of a usual spread the test agrees with the normal approximation */
    const uint64_t mixed[5] = {20, 50, 110, 70, 30};
    double mean = 0;
    double square = 0;
    for (int i = 0; i < 5; i++) {
        mean += (double)mixed[i] * i / 4 / 280;
        square += (double)mixed[i] * i * i / 16 / 280;
    }
    const double normal = 280 * (s1 - 0.5) * (2 * mean - 0.5 - s1) / (2 * (square - mean * mean));
    (void)rr_sprt_pairs(&sprt, mixed, &llr);
    is_near(llr, normal, 0.03 * fabs(normal), "mixed pairs: close to the normal approximation");
}

/* Share of tests, each of at most `cap` pairs between players `elo` apart, that accept H1. */
static double
accepted(double elo, int cap)
{
    const struct rr_sprt sprt = {0, 70, 0.05, 0.05};
    const double p = rr_elo_expected(elo);
    const int tests = 1500;
    int accept = 0;

    for (int t = 0; t < tests; t++) {
        uint64_t pairs[5] = {0};
        int verdict = RR_SPRT_GOING;

        for (int n = 0; n < cap && verdict == RR_SPRT_GOING; n++) {
            /* openings that favour one seat make the two games of a pair depend on each other */
            const double bias = 0.3 * (uniform() - 0.5);
            const int first = uniform() < p + bias * (1 - p) ? 2 : 0;
            const int second = uniform() < p - bias * (1 - p) ? 2 : 0;
            pairs[first + second]++;
            verdict = rr_sprt_pairs(&sprt, pairs, NULL);
        }
        accept += verdict == RR_SPRT_ACCEPT_H1;
    }
    return (double)accept / tests;
}

static void
test_sprt_errors(void)
{
    const double equal = accepted(0, 400);
    const double better = accepted(70, 400);

    diag("equal players accepted %.4f, +70 Elo accepted %.4f", equal, better);
    ok(equal <= 0.05, "equal players are promoted in at most alpha of the tests");
    ok(better >= 0.94, "players at elo1 are promoted in 1 - beta of the tests");
}

static void
test_elo_two(void)
{
    const double anchor[] = {400, NAN};
    const struct rr_pairing pairing[] = {{1, 0, 75, 100}};
    struct rr_elo out[2];
    struct rr_err err = RR_ERR_INIT;

    is_int(rr_elo_fit(pairing, 1, anchor, 2, out, &err), 0, "two players");
    is_near(out[0].elo, 400, 0, "an anchor stays");
    ok(out[0].ci == 0, "and has no interval");
    is_near(out[1].elo, 400 + 400 * log10(75.5 / 25.5), 1e-6, "75 of 100 with one drawn game");
    const double p = 75.5 / 101;
    is_near(out[1].ci, RR_Z95 * 400 / log(10) / sqrt(101 * p * (1 - p)), 1e-6, "its interval");

    const struct rr_pairing perfect[] = {{0, 1, 0, 20}};
    is_int(rr_elo_fit(perfect, 1, anchor, 2, out, &err), 0, "a perfect score");
    is_near(out[1].elo, 400 + 400 * log10(20.5 / 0.5), 1e-6, "is finite");
}

static void
test_elo_many(void)
{
    enum { PLAYERS = 12, PAIRS = PLAYERS * (PLAYERS - 1) / 2 };
    double anchor[PLAYERS];
    struct rr_pairing pairing[PAIRS];
    struct rr_elo out[PLAYERS];
    struct rr_err err = RR_ERR_INIT;
    size_t count = 0;
    double worst = 0;

    for (uint32_t i = 0; i < PLAYERS; i++) {
        anchor[i] = i == 0 ? 400 : NAN;
        for (uint32_t j = 0; j < i; j++) {
            /* exact expectations of ratings 400, 500, 600, ... */
            const double rate = rr_elo_expected(100.0 * (i - j));
            pairing[count++] = (struct rr_pairing){i, j, 1e4 * rate, 1e4};
        }
    }
    is_int(rr_elo_fit(pairing, count, anchor, PLAYERS, out, &err), 0, "twelve players");
    for (uint32_t i = 0; i < PLAYERS; i++) {
        worst = fmax(worst, fabs(out[i].elo - (400 + 100.0 * i)));
    }
    ok(worst < 1, "ratings that made the scores are found again (worst %.3f)", worst);

    const struct rr_pairing island[] = {{1, 0, 5, 10}, {2, 3, 5, 10}};
    is_int(rr_elo_fit(island, 2, anchor, 4, out, &err), RR_E_INPUT, "an island has no rating");
    ok(strstr(err.text, "player 2") != NULL, "and the message names it: %s", err.text);
    const struct rr_pairing bad[] = {{1, 0, 11, 10}};
    is_int(rr_elo_fit(bad, 1, anchor, 2, out, &err), RR_E_INPUT, "more points than games");
    const struct rr_pairing self[] = {{1, 1, 1, 2}};
    is_int(rr_elo_fit(self, 1, anchor, 2, out, &err), RR_E_INPUT, "a player against itself");
}

int
main(void)
{
    test_wilson();
    test_sprt_values();
    test_sprt_errors();
    test_elo_two();
    test_elo_many();
    return tap_done();
}
