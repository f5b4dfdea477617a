/* SPDX-License-Identifier: MIT */
/*
 * game_bench.h - speed of a game's rules in random play.
 */
#ifndef RR_TOOLS_GAME_BENCH_H
#define RR_TOOLS_GAME_BENCH_H

#include <stdbool.h>

#include <rr/gamekit.h>

/* Play random games for so long, half of it with encoding, and print what was reached. */
int bench_run(const struct rr_game *game, const struct rr_variant *v, double seconds, bool json,
              struct rr_err *err);

#endif
