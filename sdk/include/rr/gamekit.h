/* SPDX-License-Identifier: MIT */
/*
 * rr/gamekit.h - games for programs: loading, finding, symmetries, conformance.
 *
 * A game that has been opened stays open until the process ends (dlclose is never used), so the
 * pointers that these functions return never become invalid. All functions may be called from
 * several threads.
 */
#ifndef RR_GAMEKIT_H
#define RR_GAMEKIT_H

#include <rr/err.h>
#include <rr/game.h>

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

/*
 * Open one game file and check it: a regular file, loadable, symbol present, magic, ABI version,
 * sizes, callbacks, variants. Opening the same file again gives the same game.
 *
 * Returns 0 or a negative code; each check has its own message.
 */
int rr_game_open(const char *file, const struct rr_game **game, struct rr_err *err);

/* The variant of that name, or NULL. */
const struct rr_variant *rr_game_variant(const struct rr_game *game, const char *name);

/*
 * Find a variant among the games in dirs, a list of folders separated by colons. In each folder DIR
 * the files DIR/games/NAME.so are looked at; DIR itself is for stages. Folders that do not exist
 * are passed over; files that are no games are errors.
 *
 * Returns 0; RR_E_INPUT when there is no such variant (the message names those that exist);
 * RR_E_PLUGIN when a file is refused or two games offer a variant of this name.
 */
int rr_game_find(const char *dirs, const char *variant_name, const struct rr_game **game,
                 const struct rr_variant **variant, struct rr_err *err);

/* Call fn for each game file in dirs, in the order of folders and names, until it returns other
 * than 0, which is then returned. */
typedef int (*rr_game_file_fn)(const char *file, const struct rr_game *game, void *user,
                               struct rr_err *err);
int rr_game_each(const char *dirs, rr_game_file_fn fn, void *user, struct rr_err *err);

/*
 * Image of a position with some of its legal moves under a symmetry: image takes state_bytes,
 * index[i] becomes the policy index of the image of moves[i].
 *
 * Returns 0, or RR_E_EMPTY when a move has no image (the rules break this symmetry here); then
 * use the position as it is.
 */
int rr_game_image(const struct rr_game *game, const struct rr_variant *v, uint32_t sym,
                  const void *state, const rr_move *moves, uint32_t count, void *image,
                  uint32_t *index);

/*
 * Play random games and check what rr-game(3) promises: lists without duplicates and within bounds,
 * texts that can be read back and mistyped ones that do no harm, one policy index for each move,
 * encodings that overwrite everything and stay in range, symmetries that map legal moves to legal
 * moves, can be undone and commute with moving, states that depend on nothing but the moves, shares
 * that add up to 1.
 *
 * Returns 0, or RR_E_PLUGIN with the first broken promise; position (RR_GAME_TEXT_MAX bytes, or
 * NULL) is then the text of the state where it was broken. Game i depends on seed and i alone.
 */
int rr_game_check(const struct rr_game *game, const struct rr_variant *v, uint32_t games,
                  uint64_t seed, char *position, struct rr_err *err);

/* Deterministic random numbers (splitmix64), the same on every machine. */
uint64_t rr_game_random(uint64_t *seed);

#pragma GCC visibility pop

#endif
