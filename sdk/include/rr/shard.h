/* SPDX-License-Identifier: MIT */
/*
 * rr/shard.h - shards: immutable files of finished games.
 *
 * A shard holds games of one configuration: every move, and for the plies that were searched the
 * policy target and the root value. Positions are not stored; replaying the moves gives them, and
 * proves them. Format: doc/shard-format.md. A shard is written to a temporary name and renamed when
 * complete; a reader checks every checksum.
 */
#ifndef RR_SHARD_H
#define RR_SHARD_H

#include <rr/err.h>
#include <rr/game.h>

#include <stddef.h>
#include <stdint.h>

#define RR_PLY_SEARCHED 1u /* has a policy target */
#define RR_PLY_FAST 2u     /* searched with the reduced budget: no policy target for training */

/* One move of a game. A ply whose flags are 0 was not searched (a forced or a random move):
 * targets, value, net_value and simulations are zero then. */
struct rr_ply {
    rr_move move;
    uint32_t flags;
    uint32_t targets; /* entries of target_* for this ply, 0 when not searched */
    const rr_move *target_moves;
    const float *target_probs;      /* sum 1; kept with 16 bits each, relative to the largest */
    float value[RR_GAME_MAX_SEATS]; /* root value in shares of the win, 0 .. 1, absolute seats */
    float net_value;                /* evaluator's own value for the seat to act, 0 .. 1 */
    uint32_t simulations;
};

struct rr_record {
    uint8_t id[16]; /* unique: from the shard's seed and the game's number */
    uint64_t seed;
    uint64_t init_options;
    uint64_t finished_ms;           /* UTC */
    float share[RR_GAME_MAX_SEATS]; /* outcome, absolute seats */
    uint32_t plies;
    const struct rr_ply *ply;
};

struct rr_shard_info {
    const char *config;   /* variant name */
    const char *layout;   /* of planes and policy map when written */
    const char *model_id; /* sha256 of the weights, or "none" */
    uint64_t generation;  /* of that model; 0 for none */
    uint64_t seed;
    uint64_t games, plies, samples; /* filled by the reader; samples = plies with a target */
};

/* Whether a ply counts as a policy sample: searched with the full budget, with a target. */
static inline int
rr_ply_is_sample(const struct rr_ply *ply)
{
    return (ply->flags & RR_PLY_SEARCHED) != 0 && (ply->flags & RR_PLY_FAST) == 0 &&
           ply->targets > 0;
}

struct rr_shard_writer;
struct rr_shard_reader;

#pragma GCC visibility push(default)

int rr_shard_create(const char *path, const struct rr_shard_info *info,
                    struct rr_shard_writer **writer, struct rr_err *err);
int rr_shard_add(struct rr_shard_writer *writer, const struct rr_record *game, struct rr_err *err);
/* Write the trailer and sync the file; the caller renames. Frees the writer, also on failure. */
int rr_shard_finish(struct rr_shard_writer *writer, struct rr_err *err);
/* Free the writer and remove what it wrote. */
void rr_shard_abandon(struct rr_shard_writer *writer);

/* Open and verify header, trailer and checksums: one pass over the file. RR_E_CORRUPT when anything
 * is missing, changed or added; RR_E_MISMATCH for another version. Memory is bounded by one game.
 */
int rr_shard_open(const char *path, struct rr_shard_reader **reader, struct rr_err *err);
const struct rr_shard_info *rr_shard_info(const struct rr_shard_reader *reader);
/* Next game, borrowed until the next call; RR_E_EMPTY after the last. */
int rr_shard_next(struct rr_shard_reader *reader, struct rr_record *game, struct rr_err *err);
void rr_shard_close(struct rr_shard_reader *reader);

/* Replay a game from its first position through legal moves only, to its end, and compare the
 * outcome; targets must be legal moves too, each once. RR_E_CORRUPT says which ply is wrong. */
int rr_record_verify(const struct rr_game *game, const struct rr_variant *variant,
                     const struct rr_record *record, struct rr_err *err);

#pragma GCC visibility pop

#endif
