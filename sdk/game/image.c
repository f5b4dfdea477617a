/* SPDX-License-Identifier: MIT */
/*
 * image.c - symmetric images of positions, and the random numbers of checks and benches.
 */
#include <rr/gamekit.h>

int
rr_game_image(const struct rr_game *game, const struct rr_variant *v, uint32_t sym,
              const void *state, const rr_move *moves, uint32_t count, void *image, uint32_t *index)
{
    game->transform(v, sym, state, image);
    for (uint32_t i = 0; i < count; i++) {
        const rr_move m = game->transform_move(v, sym, state, moves[i], image);
        if (m == RR_MOVE_NONE) {
            return RR_E_EMPTY;
        }
        index[i] = game->policy_index(v, image, m);
    }
    return 0;
}

uint64_t
rr_game_random(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}
