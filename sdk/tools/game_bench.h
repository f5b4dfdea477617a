/* SPDX-License-Identifier: MIT */
/*
 * game_bench.h - speed of a game's rules in random play, and how many lines of play there are.
 */
#ifndef RR_TOOLS_GAME_BENCH_H
#define RR_TOOLS_GAME_BENCH_H

#include <stdbool.h>

#include <rr/gamekit.h>

/* Play random games for so long, half of it with encoding, and print what was reached. */
int bench_run(const struct rr_game *game, const struct rr_variant *v, double seconds, bool json,
              struct rr_err *err);

enum { PERFT_DEPTH_MAX = 60 };

/* Count and print the lines of play of each length up to depth, from the first position. A game
 * that is over sooner has no longer lines. */
int perft_run(const struct rr_game *game, const struct rr_variant *v, uint32_t depth, bool json,
              struct rr_err *err);

#endif
