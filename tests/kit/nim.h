/* SPDX-License-Identifier: MIT */
/*
 * nim.h - a game of a page for tests of the kit: a pile of 9 stones, take 1 to 3, who takes the
 * last one wins. A move's code is 100 + stones. The stones lie in a row of 9 cells from the left.
 */
#ifndef TESTS_KIT_NIM_H
#define TESTS_KIT_NIM_H

#include <rr/game.h>

#include <stdint.h>
#include <string.h>

#define NIM_PILE 9

struct nim_state {
    uint32_t pile;
    uint32_t mover;
};

static const struct rr_variant nim_variant = {
    .size = sizeof(struct rr_variant),
    .seats = 2,
    .name = "nim_2p",
    .help = "for tests",
    .layout = "nim/1/nim_2p",
    .state_bytes = sizeof(struct nim_state),
    .max_moves = 3,
    .max_plies = NIM_PILE,
    .height = 1,
    .width = NIM_PILE,
    .planes = 1,
    .scalars = 1,
    .policy_planes = 0,
    .policy_scalars = 3,
    .symmetries = 1,
};

static inline void
nim_init(const struct rr_variant *v, uint64_t options, void *state)
{
    const struct nim_state start = {NIM_PILE, 0};

    (void)v;
    (void)options;
    memcpy(state, &start, sizeof start);
}

static inline struct nim_state
nim_get(const void *state)
{
    struct nim_state s;

    memcpy(&s, state, sizeof s);
    return s;
}

static inline int32_t
nim_mover(const struct rr_variant *v, const void *state)
{
    const struct nim_state s = nim_get(state);

    (void)v;
    return s.pile == 0 ? -1 : (int32_t)s.mover;
}

static inline uint32_t
nim_legal(const struct rr_variant *v, const void *state, rr_move *out)
{
    const struct nim_state s = nim_get(state);
    const uint32_t count = s.pile < 3 ? s.pile : 3;

    (void)v;
    for (uint32_t i = 0; i < count; i++) {
        out[i] = 101 + i;
    }
    return count;
}

static inline void
nim_apply(const struct rr_variant *v, void *state, rr_move move)
{
    struct nim_state s = nim_get(state);

    (void)v;
    s.pile -= (uint32_t)(move - 100);
    s.mover ^= 1;
    memcpy(state, &s, sizeof s);
}

static inline void
nim_result(const struct rr_variant *v, const void *state, float *share)
{
    const struct nim_state s = nim_get(state);

    (void)v;
    share[s.mover] = 0.0f; /* the other one took the last stone */
    share[s.mover ^ 1] = 1.0f;
}

static const struct rr_game nim_game = {
    .magic = RR_GAME_MAGIC,
    .size = sizeof(struct rr_game),
    .abi_major = RR_GAME_ABI_MAJOR,
    .name = "nim",
    .version = "1",
    .summary = "for tests",
    .init = nim_init,
    .mover = nim_mover,
    .legal = nim_legal,
    .apply = nim_apply,
    .result = nim_result,
};

#endif
