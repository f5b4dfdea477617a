/* SPDX-License-Identifier: MIT */
/*
 * rule.c - when a candidate becomes the champion.
 *
 * 1. Against random play the lower bound of Wilson's 95 % interval must be over one half.
 * 2. There is a champion: a sequential probability ratio test over pairs of games with seats
 *    exchanged must accept "elo1 stronger" against "elo0 stronger". When it has not decided at its
 *    cap of games, the option at_cap says whether the likelier of the two hypotheses counts, or
 *    the champion stays.
 *
 * Pure: no clock, no files, no host.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "gauntlet.h"

const char *
gauntlet_opponent_name(uint32_t opponent, const struct gauntlet_model *model)
{
    static const char *const names[GAUNTLET_BASELINE] = {"random", "champion", "first"};

    return opponent < GAUNTLET_BASELINE ? names[opponent] : model->sha256;
}

bool
rule_beats_random(const struct rr_score *score, double *low)
{
    double high;

    rr_wilson(score->wins + 0.5 * score->draws, (double)score->games, RR_Z95, low, &high);
    return *low > 0.5;
}

static void
against_champion(const struct gauntlet_rule *rule, const struct gauntlet_match *match,
                 struct gauntlet_verdict *verdict)
{
    const struct rr_sprt *sprt = &rule->sprt;
    const double upper = log((1 - sprt->beta) / sprt->alpha);
    double llr;
    const int outcome = rr_sprt_pairs(sprt, match->pairs, &llr);
    const char *how = "accepted";

    verdict->gate = "champion";
    verdict->measured = llr;
    verdict->required = upper;
    verdict->promoted = outcome == RR_SPRT_ACCEPT_H1;
    if (outcome == RR_SPRT_ACCEPT_H0) {
        how = "refused";
    } else if (outcome == RR_SPRT_GOING) {
        verdict->promoted = rule->cap_likelier && llr > 0;
        verdict->required = rule->cap_likelier ? 0 : upper;
        how = verdict->promoted ? "likelier at the cap" : "undecided at the cap";
        if (rule->cap_likelier && !verdict->promoted) {
            how = "less likely at the cap";
        }
    }
    (void)snprintf(
        verdict->text, sizeof verdict->text,
        "SPRT +%g against %+g Elo (alpha %g, beta %g): %s, LLR %.2f of %.2f after %" PRIu64
        " games, score %.1f %% against champion gen %" PRIu64,
        sprt->elo1, sprt->elo0, sprt->alpha, sprt->beta, how, llr, upper, match->score.games,
        100 * rr_score_rate(&match->score), match->opponent.generation);
}

void
rule_decide(const struct gauntlet_rule *rule, const struct gauntlet_match match[GAUNTLET_OPPONENTS],
            struct gauntlet_verdict *verdict)
{
    const struct rr_score *random = &match[GAUNTLET_RANDOM].score;
    double low;

    *verdict = (struct gauntlet_verdict){.gate = "random", .required = 0.5};
    verdict->promoted = rule_beats_random(random, &low);
    verdict->measured = low;
    (void)snprintf(verdict->text, sizeof verdict->text,
                   "%.1f %% against random play in %" PRIu64
                   " games: Wilson 95 %% lower bound %.3f, must be over 0.5",
                   100 * rr_score_rate(random), random->games, low);
    if (verdict->promoted && match[GAUNTLET_CHAMPION].played) {
        against_champion(rule, &match[GAUNTLET_CHAMPION], verdict);
    }
}
