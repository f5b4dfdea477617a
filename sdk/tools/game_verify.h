/* SPDX-License-Identifier: MIT */
/*
 * game_verify.h - holds a game's rules against recorded games and test vectors.
 */
#ifndef RR_TOOLS_GAME_VERIFY_H
#define RR_TOOLS_GAME_VERIFY_H

#include <stdint.h>

#include <rr/gamekit.h>

struct verify_count {
    const char *rules; /* what the variant's name has behind board and players: "" or "@NAME" */
    uint64_t files, games, plies, mismatches;
};

/*
 * Replay one file (records `RRG 1 ...` or `V ...`; its content tells which) and add to *count. The
 * first mismatch is printed in full on standard output, later ones are only counted; the rest of a
 * game that has a mismatch is passed over.
 *
 * Returns 0, also with mismatches, or a negative code when the file is unreadable or malformed.
 */
int verify_file(const struct rr_game *game, const char *file, struct verify_count *count,
                struct rr_err *err);

#endif
