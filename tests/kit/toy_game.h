/* SPDX-License-Identifier: MIT */
/*
 * toy_game.h - noughts and crosses as a game, small enough to be solved in full by a test.
 *
 * "toy_2p" is the usual game. "toy_3p" is the same board with three seats that move in turn, where
 * a line wins for its owner; a full board is shared equally.
 */
#ifndef TESTS_KIT_TOY_GAME_H
#define TESTS_KIT_TOY_GAME_H

#include <rr/err.h>
#include <rr/game.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct toy_state {
    uint16_t cells[4]; /* bits of each seat */
    uint8_t mover;
    uint8_t reserved[7];
};

static inline bool
toy_has_line(uint16_t bits)
{
    static const uint16_t lines[8] = {0007, 0070, 0700, 0111, 0222, 0444, 0421, 0124};

    for (int i = 0; i < 8; i++) {
        if ((bits & lines[i]) == lines[i]) {
            return true;
        }
    }
    return false;
}

static inline uint16_t
toy_taken(const struct toy_state *s)
{
    return (uint16_t)(s->cells[0] | s->cells[1] | s->cells[2] | s->cells[3]);
}

static inline int32_t
toy_winner(const struct rr_variant *v, const struct toy_state *s)
{
    for (uint32_t i = 0; i < v->seats; i++) {
        if (toy_has_line(s->cells[i])) {
            return (int32_t)i;
        }
    }
    return -1;
}

static inline void
toy_init(const struct rr_variant *v, uint64_t options, void *state)
{
    (void)v;
    (void)options;
    memset(state, 0, sizeof(struct toy_state));
}

static inline int32_t
toy_mover(const struct rr_variant *v, const void *state)
{
    const struct toy_state *s = state;

    return toy_winner(v, s) >= 0 || toy_taken(s) == 0777 ? -1 : s->mover;
}

static inline uint32_t
toy_legal(const struct rr_variant *v, const void *state, rr_move *out)
{
    const struct toy_state *s = state;
    uint32_t n = 0;

    if (toy_mover(v, state) < 0) {
        return 0;
    }
    for (uint32_t c = 0; c < 9; c++) {
        if (((toy_taken(s) >> c) & 1) == 0) {
            out[n++] = c;
        }
    }
    return n;
}

static inline void
toy_apply(const struct rr_variant *v, void *state, rr_move move)
{
    struct toy_state *s = state;

    s->cells[s->mover] = (uint16_t)(s->cells[s->mover] | (1u << move));
    s->mover = (uint8_t)((s->mover + 1u) % v->seats);
}

static inline void
toy_result(const struct rr_variant *v, const void *state, float *share)
{
    const int32_t winner = toy_winner(v, state);

    for (uint32_t i = 0; i < v->seats; i++) {
        share[i] = winner < 0 ? 1.0f / (float)v->seats : (float)(winner == (int32_t)i);
    }
}

static inline void
toy_encode(const struct rr_variant *v, const void *state, uint8_t *planes, float *scalars)
{
    const struct toy_state *s = state;

    (void)scalars;
    for (uint32_t c = 0; c < 9; c++) {
        for (uint32_t r = 0; r < v->seats; r++) {
            const uint16_t bits = s->cells[(s->mover + r) % v->seats];
            planes[c * v->planes + r] = (bits >> c) & 1 ? 255 : 0;
        }
    }
}

static inline uint32_t
toy_policy_index(const struct rr_variant *v, const void *state, rr_move move)
{
    (void)v;
    (void)state;
    return (uint32_t)move;
}

/* Symmetry 1: mirror left and right. */
static inline uint32_t
toy_image_cell(uint32_t sym, uint32_t cell)
{
    return sym == 0 ? cell : cell / 3 * 3 + (2 - cell % 3);
}

static inline void
toy_transform(const struct rr_variant *v, uint32_t sym, const void *state, void *image)
{
    const struct toy_state *s = state;
    struct toy_state *out = image;

    memset(out, 0, sizeof *out);
    out->mover = s->mover;
    for (uint32_t i = 0; i < v->seats; i++) {
        for (uint32_t c = 0; c < 9; c++) {
            if ((s->cells[i] >> c) & 1) {
                out->cells[i] = (uint16_t)(out->cells[i] | (1u << toy_image_cell(sym, c)));
            }
        }
    }
}

static inline rr_move
toy_transform_move(const struct rr_variant *v, uint32_t sym, const void *state, rr_move move,
                   const void *image)
{
    (void)v;
    (void)state;
    (void)image;
    return toy_image_cell(sym, (uint32_t)move);
}

#define TOY_VARIANT(variant_name, seat_count)                                                      \
    {                                                                                              \
        .size = sizeof(struct rr_variant), .seats = seat_count, .name = variant_name,              \
        .layout = "toy/1/" variant_name, .state_bytes = sizeof(struct toy_state), .max_moves = 9,  \
        .max_plies = 9, .height = 3, .width = 3, .planes = seat_count, .policy_planes = 1,         \
        .symmetries = 2,                                                                           \
    }

static const struct rr_variant toy_2p = TOY_VARIANT("toy_2p", 2);
static const struct rr_variant toy_3p = TOY_VARIANT("toy_3p", 3);
static const struct rr_variant *const toy_variants[] = {&toy_2p, &toy_3p, NULL};

/* Texts are left out: nothing that is tested with this game writes or reads any. */
static const struct rr_game toy_game = {
    .magic = RR_GAME_MAGIC,
    .size = sizeof(struct rr_game),
    .abi_major = RR_GAME_ABI_MAJOR,
    .abi_minor = RR_GAME_ABI_MINOR,
    .name = "toy",
    .version = "1",
    .variants = toy_variants,
    .init = toy_init,
    .mover = toy_mover,
    .legal = toy_legal,
    .apply = toy_apply,
    .result = toy_result,
    .encode = toy_encode,
    .policy_index = toy_policy_index,
    .transform = toy_transform,
    .transform_move = toy_transform_move,
};

/* A position from moves in order. */
static inline void
toy_position(const struct rr_variant *v, const char *moves, struct toy_state *state)
{
    toy_init(v, 0, state);
    for (; *moves != '\0'; moves++) {
        toy_apply(v, state, (rr_move)(*moves - '0'));
    }
}

/* Exact value for the seat to act of a two-player position: 0, 0.5 or 1. */
static inline float
toy_solve(const struct toy_state *s)
{
    rr_move moves[9];
    float best = 0.0f;
    const uint32_t n = toy_legal(&toy_2p, s, moves);

    if (n == 0) {
        float share[2];
        toy_result(&toy_2p, s, share);
        return share[s->mover];
    }
    for (uint32_t i = 0; i < n && best < 1.0f; i++) {
        struct toy_state next = *s;
        toy_apply(&toy_2p, &next, moves[i]);
        const float value = 1.0f - toy_solve(&next);
        best = value > best ? value : best;
    }
    return best;
}

/*
 * An evaluator that is a fixed function of the planes: varied, not sensible, and the same for a
 * position whatever its batch. It suits both variants.
 */
static inline int
toy_eval_planes(uint32_t planes_per_cell, uint32_t seats, uint32_t n, const uint8_t *planes,
                float *policy, float *value)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *p = planes + (size_t)i * 9 * planes_per_cell;
        uint64_t h = 1469598103934665603u;
        float total = 0.0f;
        for (uint32_t k = 0; k < 9 * planes_per_cell; k++) {
            h = (h ^ p[k]) * 1099511628211u;
        }
        for (uint32_t k = 0; k < 9; k++) {
            policy[i * 9 + k] = (float)((h >> (k * 5)) & 31) / 16.0f;
        }
        for (uint32_t k = 0; k < seats; k++) {
            value[i * seats + k] = 0.2f + (float)((h >> (45 + k * 5)) & 31) / 31.0f;
            total += value[i * seats + k];
        }
        for (uint32_t k = 0; k < seats; k++) {
            value[i * seats + k] /= total;
        }
    }
    return 0;
}

static inline int
toy_eval_2p(void *user, uint32_t n, const uint8_t *planes, const float *scalars, float *policy,
            float *value, struct rr_err *err)
{
    (void)user;
    (void)scalars;
    (void)err;
    return toy_eval_planes(2, 2, n, planes, policy, value);
}

static inline int
toy_eval_3p(void *user, uint32_t n, const uint8_t *planes, const float *scalars, float *policy,
            float *value, struct rr_err *err)
{
    (void)user;
    (void)scalars;
    (void)err;
    return toy_eval_planes(3, 3, n, planes, policy, value);
}

#endif
