/* SPDX-License-Identifier: MIT */
/*
 * session.h - one game in progress that can be taken back, saved and loaded, and read from files.
 */
#ifndef RR_SDK_SESSION_H
#define RR_SDK_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <rr/gamekit.h>
#include <rr/shard.h>

struct session {
    const struct rr_game *game;
    const struct rr_variant *variant;
    uint64_t options;
    bool is_custom;        /* the first position is not that of the rules */
    uint32_t plies, room;  /* moves made so far */
    unsigned char *states; /* [plies + 1], state_bytes each, rounded up to 8 */
    size_t state_bytes;
    rr_move *moves;  /* [plies] */
    rr_move *legal;  /* in the position as it is */
    uint32_t choice; /* how many; 0 when the game is over */
    int32_t mover;   /* seat, or -1 */
    char *text;      /* scratch, RR_GAME_TEXT_MAX */
};

/* Begin a game. options are the bits of rr_game.init. */
int session_open(struct session *s, const struct rr_game *game, const struct rr_variant *variant,
                 uint64_t options, struct rr_err *err);
void session_close(struct session *s);

/* The position before move number `ply`; plies is the one that it is now. */
const void *session_state(const struct session *s, uint32_t ply);

/* Forget the moves and begin again: at the first position, or at one that is given as text. */
int session_reset(struct session *s, const char *position, struct rr_err *err);

/* Play a legal move, or the text of one. */
int session_play(struct session *s, rr_move move, struct rr_err *err);
int session_play_text(struct session *s, const char *text, struct rr_err *err);

/* Go to where so many of the moves have been made: back, and forth again until the next move is
 * played, which forgets the rest. */
void session_seek(struct session *s, uint32_t plies);

/* Texts, in s->text until the next call: of a move that is legal at ply, of the position, of the
 * result, and the board for people (the position where the game has no board). */
const char *session_move_text(struct session *s, uint32_t ply, rr_move move);
const char *session_position(struct session *s, uint32_t ply);
const char *session_result(struct session *s);
const char *session_board(struct session *s, uint32_t ply, uint32_t flags);

/* Bit of an option by name, or 0. */
uint64_t session_option(const struct rr_game *game, const char *name);

/*
 * A saved game is text: "rr-game 1 VARIANT options=BITS", then "position TEXT" when it did not
 * begin at the first position, then a move on each line.
 */
int session_save(struct session *s, const char *path, struct rr_err *err);

/*
 * Read game `number` (from 0) of a file: a saved game, recorded games (.rrg, .rrg.gz), or a shard,
 * told apart by content. Opens the session; the variant is looked for in dirs. Every move is
 * checked. record, when not NULL, takes what a shard knows of the plies (borrowed from *reader,
 * which the caller closes; both NULL for other files).
 */
int session_read(struct session *s, const char *dirs, const char *path, uint64_t number,
                 struct rr_shard_reader **reader, struct rr_record *record, struct rr_err *err);

#endif
