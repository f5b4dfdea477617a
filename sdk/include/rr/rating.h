/* SPDX-License-Identifier: MIT */
/*
 * rr/rating.h - strength from results: intervals, sequential tests, Elo.
 *
 * Ratings are a pure function of immutable match records; nothing is updated in place.
 */
#ifndef RR_RATING_H
#define RR_RATING_H

#include <rr/err.h>

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

/* Results of one side against another: shares of the win count as score (a draw is half). */
struct rr_score {
    uint64_t games;
    double wins, draws, losses;
};

double rr_score_rate(const struct rr_score *score); /* 0 .. 1; 0.5 when there are no games */

/* Two-sided 95 % of a normal distribution, in standard deviations. */
#define RR_Z95 1.959963984540054

/* Wilson score interval (Wilson 1927) with z standard deviations; 0 .. 1 when trials is 0. */
void rr_wilson(double successes, double trials, double z, double *low, double *high);

/* Expected score of a player that is `elo` stronger than its opponent, and the inverse. */
double rr_elo_expected(double elo);
double rr_elo_difference(double rate);

#define RR_SPRT_GOING 0
#define RR_SPRT_ACCEPT_H1 1
#define RR_SPRT_ACCEPT_H0 2

struct rr_sprt {
    double elo0, elo1; /* hypotheses, logistic Elo; elo0 < elo1 */
    double alpha, beta;
};

/*
 * Sequential probability ratio test (Wald 1945) over pairs of games with seats exchanged:
 * pairs[k] counts pairs that scored k half points (0 .. 4).
 *
 * The distribution of pair results is a nuisance parameter: each hypothesis takes the one that
 * explains the results best among all whose mean is the hypothesis's expected score (a generalised
 * ratio test). *llr may be NULL.
 */
int rr_sprt_pairs(const struct rr_sprt *sprt, const uint64_t pairs[5], double *llr);

/* One pairing in the table that ratings are made from. a and b index players. */
struct rr_pairing {
    uint32_t a, b;
    double score_a; /* points of a */
    double games;
};

struct rr_elo {
    double elo;
    double ci; /* half width of a 95 % interval; 0 for anchors */
};

/*
 * Maximum-likelihood Elo of all players at once (Bradley-Terry). A weak prior, one drawn game of
 * each player that has no anchor, spread over the opponents that it really met, keeps perfect
 * scores finite. anchor[i] not NaN fixes player i's rating. A player that no chain of pairings
 * connects to an anchor has no rating: RR_E_INPUT.
 */
int rr_elo_fit(const struct rr_pairing *pairings, size_t count, const double *anchor,
               size_t players, struct rr_elo *out, struct rr_err *err);

#pragma GCC visibility pop

#endif
