/* SPDX-License-Identifier: MIT */
/*
 * check_opinion.c - holds the rules of thumb of a game to what rr-game(3) promises of evaluate.
 */
#include <math.h>
#include <string.h>

#include "sdk/game/check.h"

/* A correlation counts when it is so many times what chance makes of that many games. */
#define CLEAR 3.5

int
check_evaluate(struct checker *ck)
{
    const int32_t mover = ck->g->mover(ck->v, ck->state);
    float share[2][RR_GAME_MAX_SEATS];

    for (uint32_t level = 1; level <= RR_GAME_LEVELS; level++) {
        float sum = 0;
        bool in_range = true;

        memset(share, 0, sizeof share);
        ck->g->evaluate(ck->v, ck->state, level, share[0]);
        ck->g->evaluate(ck->v, ck->state, level, share[1]);
        for (uint32_t s = 0; s < ck->v->seats; s++) {
            sum += share[0][s];
            in_range = in_range && share[0][s] >= 0.0F && share[0][s] <= 1.0F;
        }
        if (!in_range || !(sum > 0.999F && sum < 1.001F)) {
            return BROKEN(ck, "evaluate at level %u gave shares that are not 0 to 1 with sum 1",
                          level);
        }
        if (memcmp(share[0], share[1], sizeof share[0]) != 0) {
            return BROKEN(ck, "%s", "evaluate said two things of one state");
        }
    }
    /* The later in the game, the more can be known: each position counts half of the next. */
    ck->opinion.weight[mover] = ck->opinion.weight[mover] / 2 + 1;
    for (uint32_t s = 0; s < ck->v->seats; s++) {
        ck->opinion.said[mover][s] = ck->opinion.said[mover][s] / 2 + (double)share[0][s];
    }
    return 0;
}

void
check_opinion_end(struct checker *ck, const float *share)
{
    struct opinion *o = &ck->opinion;

    for (uint32_t m = 0; m < ck->v->seats; m++) {
        for (uint32_t s = 0; o->weight[m] > 0 && s < ck->v->seats; s++) {
            const double x = o->said[m][s] / o->weight[m];
            const double r = (double)share[s];

            o->x[m][s] += x;
            o->xx[m][s] += x * x;
            o->r[m][s] += r;
            o->rr[m][s] += r * r;
            o->xr[m][s] += x * r;
        }
        o->games[m] += o->weight[m] > 0;
    }
    memset(o->weight, 0, sizeof o->weight);
    memset(o->said, 0, sizeof o->said);
}

/* How what was said while seat m was to act goes with what became of it: the correlation, in units
 * of what chance makes. */
static double
agreement(const struct opinion *o, uint32_t m, uint32_t seats)
{
    const double n = o->games[m];
    double xx = 0;
    double rr = 0;
    double xr = 0;

    for (uint32_t s = 0; n > 2 && s < seats; s++) {
        xx += o->xx[m][s] / n - o->x[m][s] * o->x[m][s] / n / n;
        rr += o->rr[m][s] / n - o->r[m][s] * o->r[m][s] / n / n;
        xr += o->xr[m][s] / n - o->x[m][s] * o->r[m][s] / n / n;
    }
    return xx > 1e-9 && rr > 1e-9 ? xr / sqrt(xx * rr) * sqrt(n) : 0;
}

int
check_opinions(struct checker *ck)
{
    double most = 0;
    double least = 0;
    uint32_t right = 0;
    uint32_t wrong = 0;

    for (uint32_t m = 0; m < ck->v->seats; m++) {
        const double c = agreement(&ck->opinion, m, ck->v->seats);

        right = c > most ? m : right;
        wrong = c < least ? m : wrong;
        most = fmax(c, most);
        least = fmin(c, least);
    }
    if (most < CLEAR || least > -CLEAR) {
        return 0;
    }
    return BROKEN(ck,
                  "over all games evaluate speaks for the winner when seat %u is to act, and for "
                  "the loser when seat %u is: shares are by absolute seat",
                  right, wrong);
}
