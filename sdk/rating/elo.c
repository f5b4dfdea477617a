/* SPDX-License-Identifier: MIT */
/*
 * elo.c - maximum-likelihood ratings of all players at once (Bradley & Terry 1952).
 *
 * The log likelihood is concave in the ratings, so Newton's method with step halving finds its one
 * maximum; the inverse of the information matrix there gives the intervals.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include <rr/rating.h>

#define ROUNDS_MAX 200
#define STEP_MAX                                                                                   \
    2.0 /* in units of ln(odds): a perfect score must not throw the first step away                \
         */
#define STEP_DONE 1e-10 /* far below what is printed */

static const double elo_per_nat = 400 / 2.302585092994046; /* 400 / ln 10 */

struct fit {
    const struct rr_pairing *pairings;
    size_t count;
    size_t players;
    size_t free;    /* players without an anchor */
    size_t *row;    /* of the matrix, for each player; SIZE_MAX for anchors */
    double *prior;  /* of each pairing: how many drawn games it is given */
    double *rating; /* ln(odds) */
    double *trial;
    double *gradient;
    double *info; /* free x free, then its Cholesky factor */
};

static double
likelihood(const struct fit *fit, const double *rating)
{
    double sum = 0;

    for (size_t k = 0; k < fit->count; k++) {
        const struct rr_pairing *p = &fit->pairings[k];
        const double d = rating[p->a] - rating[p->b];
        const double wins = p->score_a + fit->prior[k] / 2;
        const double losses = p->games - p->score_a + fit->prior[k] / 2;

        /* log of the logistic function, without overflow on either side */
        sum -= wins * (fmax(-d, 0) + log1p(exp(-fabs(d))));
        sum -= losses * (fmax(d, 0) + log1p(exp(-fabs(d))));
    }
    return sum;
}

static void
derive(struct fit *fit)
{
    const size_t n = fit->free;

    for (size_t i = 0; i < n; i++) {
        fit->gradient[i] = 0;
    }
    for (size_t i = 0; i < n * n; i++) {
        fit->info[i] = 0;
    }
    for (size_t k = 0; k < fit->count; k++) {
        const struct rr_pairing *p = &fit->pairings[k];
        const double games = p->games + fit->prior[k];
        const double expected = 1 / (1 + exp(fit->rating[p->b] - fit->rating[p->a]));
        const double surplus = p->score_a + fit->prior[k] / 2 - games * expected;
        const double weight = games * expected * (1 - expected);
        const size_t a = fit->row[p->a];
        const size_t b = fit->row[p->b];

        if (a != SIZE_MAX) {
            fit->gradient[a] += surplus;
            fit->info[a * n + a] += weight;
        }
        if (b != SIZE_MAX) {
            fit->gradient[b] -= surplus;
            fit->info[b * n + b] += weight;
        }
        if (a != SIZE_MAX && b != SIZE_MAX) {
            fit->info[a * n + b] -= weight;
            fit->info[b * n + a] -= weight;
        }
    }
}

/* Replace info by its lower Cholesky factor. */
static bool
factor(double *m, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t i = j; i < n; i++) {
            double sum = m[i * n + j];
            for (size_t k = 0; k < j; k++) {
                sum -= m[i * n + k] * m[j * n + k];
            }
            if (i > j) {
                m[i * n + j] = sum / m[j * n + j];
            } else if (sum > 0) {
                m[j * n + j] = sqrt(sum);
            } else {
                return false;
            }
        }
    }
    return true;
}

/* x = M^-1 x, with M given by its factor. */
static void
solve(const double *l, size_t n, double *x)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            x[i] -= l[i * n + k] * x[k];
        }
        x[i] /= l[i * n + i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++) {
            x[i] -= l[k * n + i] * x[k];
        }
        x[i] /= l[i * n + i];
    }
}

/* Try the Newton step, halved until the likelihood does not fall. Returns the step's size. */
static double
advance(struct fit *fit)
{
    const double before = likelihood(fit, fit->rating);
    double largest = 0;

    for (size_t i = 0; i < fit->free; i++) {
        largest = fmax(largest, fabs(fit->gradient[i]));
    }

    double scale = largest > STEP_MAX ? STEP_MAX / largest : 1;

    for (int halving = 0; halving < 40; halving++, scale /= 2) {
        for (size_t i = 0; i < fit->players; i++) {
            const size_t row = fit->row[i];
            fit->trial[i] = fit->rating[i] + (row == SIZE_MAX ? 0 : scale * fit->gradient[row]);
        }
        if (likelihood(fit, fit->trial) >= before) {
            memcpy(fit->rating, fit->trial, fit->players * sizeof fit->trial[0]);
            return scale * largest;
        }
    }
    return 0; /* no step is better within the precision of a double: this is the maximum */
}

static int
check(const struct rr_pairing *pairings, size_t count, const double *anchor, size_t players,
      bool *reached, struct rr_err *err)
{
    bool changed = true;

    for (size_t k = 0; k < count; k++) {
        const struct rr_pairing *p = &pairings[k];
        if (p->a >= players || p->b >= players || p->a == p->b) {
            return rr_err_set(err, RR_E_INPUT, "pairing %zu: players %u and %u of %zu", k, p->a,
                              p->b, players);
        }
        if (!(p->games > 0) || !(p->score_a >= 0) || !(p->score_a <= p->games)) {
            return rr_err_set(err, RR_E_INPUT, "pairing %zu: %g points in %g games", k, p->score_a,
                              p->games);
        }
    }
    for (size_t i = 0; i < players; i++) {
        reached[i] = !isnan(anchor[i]);
    }
    while (changed) {
        changed = false;
        for (size_t k = 0; k < count; k++) {
            const struct rr_pairing *p = &pairings[k];
            if (reached[p->a] != reached[p->b]) {
                reached[p->a] = true;
                reached[p->b] = true;
                changed = true;
            }
        }
    }
    for (size_t i = 0; i < players; i++) {
        if (!reached[i]) {
            return rr_err_set(err, RR_E_INPUT,
                              "player %zu cannot be rated: no game connects it to an anchor", i);
        }
    }
    return 0;
}

static int
make(struct fit *fit, const double *anchor, struct rr_err *err)
{
    double *games = calloc(fit->players + 1, sizeof *games);
    double mean = 0;
    size_t anchors = 0;

    fit->row = calloc(fit->players + 1, sizeof *fit->row);
    fit->rating = calloc(fit->players + 1, sizeof *fit->rating);
    fit->trial = calloc(fit->players + 1, sizeof *fit->trial);
    fit->prior = calloc(fit->count + 1, sizeof *fit->prior);
    if (games == NULL || fit->row == NULL || fit->rating == NULL || fit->trial == NULL ||
        fit->prior == NULL) {
        free(games);
        return rr_err_set(err, -ENOMEM, "no memory for %zu ratings", fit->players);
    }
    for (size_t i = 0; i < fit->players; i++) {
        const bool is_free = isnan(anchor[i]);
        fit->row[i] = is_free ? fit->free++ : SIZE_MAX;
        mean += is_free ? 0 : anchor[i] / elo_per_nat;
        anchors += !is_free;
    }
    for (size_t i = 0; i < fit->players; i++) {
        fit->rating[i] = isnan(anchor[i]) ? mean / (double)anchors : anchor[i] / elo_per_nat;
    }
    for (size_t k = 0; k < fit->count; k++) {
        games[fit->pairings[k].a] += fit->pairings[k].games;
        games[fit->pairings[k].b] += fit->pairings[k].games;
    }
    for (size_t k = 0; k < fit->count; k++) {
        const struct rr_pairing *p = &fit->pairings[k];
        fit->prior[k] = (fit->row[p->a] != SIZE_MAX ? p->games / games[p->a] : 0) +
                        (fit->row[p->b] != SIZE_MAX ? p->games / games[p->b] : 0);
    }
    free(games);
    fit->gradient = calloc(fit->free + 1, sizeof *fit->gradient);
    fit->info = calloc(fit->free * fit->free + 1, sizeof *fit->info);
    if (fit->gradient == NULL || fit->info == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory for %zu ratings", fit->players);
    }
    return 0;
}

static int
maximise(struct fit *fit, struct rr_err *err)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        derive(fit);
        if (!factor(fit->info, fit->free)) {
            return rr_err_set(err, -ERANGE, "ratings too far apart to be computed");
        }
        solve(fit->info, fit->free, fit->gradient);
        if (advance(fit) < STEP_DONE) {
            return 0;
        }
    }
    return rr_err_set(err, -ERANGE, "ratings did not settle in %d rounds", ROUNDS_MAX);
}

int
rr_elo_fit(const struct rr_pairing *pairings, size_t count, const double *anchor, size_t players,
           struct rr_elo *out, struct rr_err *err)
{
    struct fit fit = {.pairings = pairings, .count = count, .players = players};
    bool *reached = calloc(players + 1, sizeof *reached);
    int rc;

    if (reached == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory for %zu ratings", players);
    }
    rc = check(pairings, count, anchor, players, reached, err);
    free(reached);
    if (rc == 0) {
        rc = make(&fit, anchor, err);
    }
    if (rc == 0) {
        rc = maximise(&fit, err);
    }
    for (size_t i = 0; rc == 0 && i < players; i++) {
        const size_t row = fit.row[i];

        out[i].elo = row == SIZE_MAX ? anchor[i] : fit.rating[i] * elo_per_nat;
        out[i].ci = 0;
        if (row != SIZE_MAX) {
            memset(fit.gradient, 0, fit.free * sizeof fit.gradient[0]);
            fit.gradient[row] = 1;
            solve(fit.info, fit.free, fit.gradient);
            out[i].ci = RR_Z95 * sqrt(fit.gradient[row]) * elo_per_nat;
        }
    }
    free(fit.row);
    free(fit.rating);
    free(fit.trial);
    free(fit.prior);
    free(fit.gradient);
    free(fit.info);
    return rc;
}
