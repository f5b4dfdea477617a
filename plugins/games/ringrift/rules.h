/* SPDX-License-Identifier: MIT */
/*
 * rules.h - the numbers of one variant, and where the executable reference departs from the
 * written specification.
 *
 * The recorded games were made by the reference, so this plugin plays as the reference plays. A
 * second rule set would be a second table of variants; these are the places that it would change:
 *
 *   R075  no territory phase before a forced elimination    turn.c       after_line_noop()
 *   R081  counts 2 and 3 only where one ring may stand      placement.c  place_legal()
 *   R112  a recovery slide searches its line twice          recovery.c   applied_run()
 *   R120  a line must also have the base length             rules.line_min
 *   R142  closed pockets need a marker somewhere            regions.c    regions_find()
 *   R145  fences of all colours, grown over 8 offsets       board.fence_dirs, regions.c
 */
#ifndef RINGRIFT_RULES_H
#define RINGRIFT_RULES_H

#include "board.h"

/* First policy plane of each kind of decision; see policy.c. */
struct policy_blocks {
    uint16_t place, ride, pay, window, line, part, region, line_pay, region_pay, buried_pay, forced;
};

struct rules {
    const struct board *board;
    uint8_t seats;
    uint8_t rings;     /* of each seat */
    uint8_t line_base; /* length from which the reference notices a line */
    uint8_t line_need; /* length that a line costs */
    uint8_t line_min;  /* the larger of both */
    uint8_t lps_rounds;
    uint16_t elim_win, terr_win;
    uint16_t pool; /* capacity of the ring pool of a state: the rings of all seats */
    struct policy_blocks policy;
};

enum { RULES_LPS_ROUNDS = 3 };

#endif
