/* SPDX-License-Identifier: MIT */
/*
 * rules.h - the numbers of one variant, and where the executable reference departs from the
 * written specification.
 *
 * A rule set is a choice of these departures: `reference` has all of them, because the recorded
 * games were made so; `canonical` has none and is what the specification says.
 * doc/decisions/0030-rule-sets.md explains each.
 */
#ifndef RINGRIFT_RULES_H
#define RINGRIFT_RULES_H

#include "board.h"

/* The one table of departures: number of the rule, and what happens when the switch is on. */
#define RULES_DEVIATIONS(X)                                                                        \
    X(R075, "no territory phase before a forced elimination when no region may be taken")          \
    X(R081, "two and three rings may be placed only where one may")                                \
    X(R112, "a recovery slide searches its line twice and may take another than it was for")       \
    X(R120, "a line must also have the base length of the board")                                  \
    X(R142, "a pocket behind collapsed cells alone is a region only when one player is in it")     \
    X(R145, "a fence grows through markers of all colours, over square offsets on hex8 too")

#define RULES_BIT(rule, what) RULES_BIT_##rule,
#define RULES_MASK(rule, what) RULES_##rule = 1 << RULES_BIT_##rule,
enum { RULES_DEVIATIONS(RULES_BIT) RULES_BITS };
enum { RULES_DEVIATIONS(RULES_MASK) RULES_CANONICAL = 0, RULES_REFERENCE = (1 << RULES_BITS) - 1 };

/* First policy plane of each kind of decision; see policy.c. */
struct policy_blocks {
    uint16_t place, ride, pay, window, line, part, region, line_pay, region_pay, buried_pay, forced;
};

struct rules {
    const struct board *board;
    uint8_t deviations; /* RULES_R075 and so on */
    uint8_t seats;
    uint8_t rings;     /* of each seat */
    uint8_t line_base; /* length from which the reference notices a line */
    uint8_t line_need; /* length that a line costs */
    uint8_t line_min;  /* length from which a line may be taken */
    uint8_t lps_rounds;
    uint16_t elim_win, terr_win;
    uint16_t pool; /* capacity of the ring pool of a state: the rings of all seats */
    struct policy_blocks policy;
};

enum { RULES_LPS_ROUNDS = 3 };

/* Whether the rules of a state (a struct view) depart from rule R.... */
#define DEVIATES(v, rule) (((v)->r->deviations & RULES_##rule) != 0)

#endif
