/* SPDX-License-Identifier: MIT */
/*
 * record.c - proving a recorded game by replaying it with the game's own rules.
 */
#include <rr/shard.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Shares travel as f32 and may have been summed in another order. */
#define SHARE_TOLERANCE 1e-4f

static int
wrong(uint32_t ply, const char *what, struct rr_err *err)
{
    return rr_err_set(err, RR_E_CORRUPT, "ply %u: %s", ply, what);
}

/*
 * Find move among the legal ones, starting at *from and going round once. Targets are usually
 * written in the order of the legal list, which makes a whole ply one pass.
 */
static int
find_move(const rr_move *legal, uint32_t count, rr_move move, uint32_t *from)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t at = *from + i < count ? *from + i : *from + i - count;

        if (legal[at] == move) {
            *from = at + 1 < count ? at + 1 : 0;
            return (int)at;
        }
    }
    return -1;
}

/* Every target is a legal move, and none is there twice. seen has one byte per legal move. */
static int
check_targets(const struct rr_ply *ply, uint32_t number, const rr_move *legal, uint32_t count,
              uint8_t *seen, struct rr_err *err)
{
    uint32_t from = 0;

    memset(seen, 0, count);
    for (uint32_t t = 0; t < ply->targets; t++) {
        const int at = find_move(legal, count, ply->target_moves[t], &from);

        if (at < 0) {
            return wrong(number, "a target is not a legal move", err);
        }
        if (seen[at]) {
            return wrong(number, "a target is there twice", err);
        }
        seen[at] = 1;
    }
    return 0;
}

static int
replay(const struct rr_game *game, const struct rr_variant *v, const struct rr_record *record,
       void *state, rr_move *legal, uint8_t *seen, struct rr_err *err)
{
    float share[RR_GAME_MAX_SEATS] = {0};

    game->init(v, record->init_options, state);
    for (uint32_t i = 0; i < record->plies; i++) {
        const struct rr_ply *ply = &record->ply[i];
        uint32_t count;
        uint32_t from = 0;
        int rc;

        if (game->mover(v, state) < 0) {
            return wrong(i, "the game was over before", err);
        }
        count = game->legal(v, state, legal);
        if (find_move(legal, count, ply->move, &from) < 0) {
            return wrong(i, "the move is not legal", err);
        }
        rc = check_targets(ply, i, legal, count, seen, err);
        if (rc != 0) {
            return rc;
        }
        game->apply(v, state, ply->move);
    }
    if (game->mover(v, state) >= 0) {
        return wrong(record->plies, "the record ends, the game does not", err);
    }
    game->result(v, state, share);
    for (int s = 0; s < RR_GAME_MAX_SEATS; s++) {
        if (fabsf(share[s] - record->share[s]) > SHARE_TOLERANCE) {
            return rr_err_set(err, RR_E_CORRUPT,
                              "outcome of seat %d: the record says %g, the rules say %g", s,
                              (double)record->share[s], (double)share[s]);
        }
    }
    return 0;
}

int
rr_record_verify(const struct rr_game *game, const struct rr_variant *variant,
                 const struct rr_record *record, struct rr_err *err)
{
    void *state = malloc(variant->state_bytes);
    rr_move *legal = malloc(variant->max_moves * sizeof *legal);
    uint8_t *seen = malloc(variant->max_moves);
    int rc;

    if (state == NULL || legal == NULL || seen == NULL) {
        rc = rr_err_set(err, -ENOMEM, "out of memory for replaying a game");
    } else {
        rc = replay(game, variant, record, state, legal, seen, err);
    }
    free(state);
    free(legal);
    free(seen);
    return rc;
}
