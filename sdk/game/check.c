/* SPDX-License-Identifier: MIT */
/*
 * check.c - plays random games and holds a game to the promises of rr/game.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/game/check.h"

#define POISON_BYTES 65536

/* Fill the stack below with this byte, so that a game that reads what it has not written says one
 * thing after one byte and another after another. */
__attribute__((noinline)) static void
poison(uint8_t byte)
{
    uint8_t junk[POISON_BYTES];

    memset(junk, byte, sizeof junk);
    __asm__ volatile("" : : "r"(junk) : "memory");
}

int
check_by_code(const void *a, const void *b)
{
    const rr_move x = *(const rr_move *)a;
    const rr_move y = *(const rr_move *)b;

    return (x > y) - (x < y);
}

int
check_listed(struct checker *ck, const void *state, rr_move *out, uint32_t *count)
{
    memset(out + ck->v->max_moves, 0xff, CHECK_GUARD * sizeof *out);
    *count = ck->g->legal(ck->v, state, out);
    if (*count > ck->v->max_moves) {
        return BROKEN(ck, "%u legal moves, more than max_moves %u", *count, ck->v->max_moves);
    }
    for (uint32_t i = 0; i < CHECK_GUARD; i++) {
        if (out[ck->v->max_moves + i] != RR_MOVE_NONE) {
            return BROKEN(ck, "legal wrote beyond its list, at %u of max_moves %u",
                          ck->v->max_moves + i, ck->v->max_moves);
        }
    }
    return 0;
}

static int
check_list(struct checker *ck)
{
    const int32_t mover = ck->g->mover(ck->v, ck->state);

    if (mover < -1 || mover >= (int32_t)ck->v->seats) {
        return BROKEN(ck, "seat %d is to act, of %u", mover, ck->v->seats);
    }
    poison(0xa5);
    const int rc = check_listed(ck, ck->state, ck->moves, &ck->count);
    if (rc != 0) {
        return rc;
    }
    poison(0x5a);
    if ((ck->count == 0) != (mover == -1)) {
        return BROKEN(ck, "%u legal moves while mover says %d", ck->count, mover);
    }
    if (ck->g->legal(ck->v, ck->state, ck->sorted) != ck->count ||
        memcmp(ck->sorted, ck->moves, ck->count * sizeof *ck->moves) != 0) {
        return BROKEN(ck, "%s", "legal gives two lists for one state");
    }
    memcpy(ck->sorted, ck->moves, ck->count * sizeof *ck->moves);
    qsort(ck->sorted, ck->count, sizeof *ck->sorted, check_by_code);
    for (uint32_t i = 0; i < ck->count; i++) {
        if (ck->sorted[i] == RR_MOVE_NONE || (i > 0 && ck->sorted[i] == ck->sorted[i - 1])) {
            return BROKEN(ck, "move %016llx is listed twice or is RR_MOVE_NONE",
                          (unsigned long long)ck->sorted[i]);
        }
    }
    return 0;
}

static int
check_encoding(struct checker *ck)
{
    const size_t plane_bytes = (size_t)ck->v->height * ck->v->width * ck->v->planes;

    for (int i = 0; i < 2; i++) {
        memset(ck->planes[i], i == 0 ? 0x00 : 0xff, plane_bytes);
        memset(ck->scalars[i], i == 0 ? 0x00 : 0xff, ck->v->scalars * sizeof(float));
        ck->g->encode(ck->v, ck->state, ck->planes[i], ck->scalars[i]);
    }
    if (memcmp(ck->planes[0], ck->planes[1], plane_bytes) != 0) {
        return BROKEN(ck, "encode leaves some of the %u planes unwritten", ck->v->planes);
    }
    for (uint32_t i = 0; i < ck->v->scalars; i++) {
        const float x = ck->scalars[1][i];
        if (!(fabsf(x) <= 16) || memcmp(&x, &ck->scalars[0][i], sizeof x) != 0) {
            return BROKEN(ck, "scalar %u is %g: unwritten, not finite or far out of range", i,
                          (double)x);
        }
    }
    return 0;
}

static int
check_end(struct checker *ck)
{
    float share[RR_GAME_MAX_SEATS] = {0};
    float sum = 0;

    ck->g->result(ck->v, ck->state, share);
    for (uint32_t s = 0; s < ck->v->seats; s++) {
        if (!(share[s] >= 0)) {
            return BROKEN(ck, "result gives seat %u the share %g", s, (double)share[s]);
        }
        sum += share[s];
    }
    if (!(fabsf(sum - 1) < 1e-5F)) {
        return BROKEN(ck, "the shares of the result add up to %g", (double)sum);
    }
    check_opinion_end(ck, share);
    return check_end_texts(ck, share);
}

static int
check_ply(struct checker *ck)
{
    int rc = check_list(ck);

    if (rc == 0) {
        rc = check_state_text(ck);
    }
    if (rc == 0 && ck->count > 0) {
        rc = check_move_texts(ck);
    }
    if (rc == 0 && ck->count > 0) {
        rc = check_encoding(ck);
    }
    if (rc == 0) {
        rc = check_indices(ck, ck->state, ck->moves, "the");
    }
    if (rc == 0 && ck->count > 0 && ck->g->evaluate != NULL) {
        rc = check_evaluate(ck);
    }
    if (rc == 0 && ck->g->board_text != NULL) {
        rc = check_board_text(ck);
    }
    if (rc == 0 && ck->count > 0) {
        rc = check_symmetry(ck, ck->ply % ck->v->symmetries);
    }
    return rc == 0 && ck->count == 0 ? check_end(ck) : rc;
}

/* Play one move on the state and on a copy: both must end up the same. */
static int
step(struct checker *ck)
{
    const rr_move m = ck->moves[rr_game_random(&ck->seed) % ck->count];

    memcpy(ck->copy, ck->state, ck->v->state_bytes);
    poison(0xa5);
    ck->g->apply(ck->v, ck->copy, m);
    poison(0x5a);
    ck->g->apply(ck->v, ck->state, m);
    if (memcmp(ck->copy, ck->state, ck->v->state_bytes) != 0) {
        return BROKEN(ck, "%s", "apply gave two results for one move of one state");
    }
    if (++ck->ply > ck->v->max_plies) {
        return BROKEN(ck, "the game goes on beyond max_plies %u", ck->v->max_plies);
    }
    return 0;
}

static int
play(struct checker *ck)
{
    memset(ck->state, 0xa5, ck->v->state_bytes);
    ck->g->init(ck->v, 0, ck->state);
    memset(ck->copy, 0x5a, ck->v->state_bytes);
    ck->g->init(ck->v, 0, ck->copy);
    ck->ply = 0;
    if (memcmp(ck->copy, ck->state, ck->v->state_bytes) != 0) {
        return BROKEN(ck, "%s", "init leaves some of the state unwritten");
    }
    for (;;) {
        int rc = check_ply(ck);
        if (rc != 0 || ck->count == 0) {
            return rc;
        }
        rc = step(ck);
        if (rc != 0) {
            return rc;
        }
    }
}

struct part {
    void *at; /* the address of the pointer */
    size_t bytes;
};

enum { PARTS = 18 };

static void
list_parts(struct checker *ck, struct part *parts)
{
    const struct rr_variant *v = ck->v;
    const size_t list = ((size_t)v->max_moves + CHECK_GUARD) * sizeof(rr_move);
    const size_t planes = (size_t)v->height * v->width * v->planes;
    const size_t scalars = ((size_t)v->scalars + 1) * sizeof(float);
    const size_t text = RR_GAME_TEXT_MAX + 2; /* mistyped, it may have grown by one */
    const size_t images = (size_t)v->symmetries * ((v->state_bytes + 7) & ~7U);
    const size_t bits = (size_t)v->symmetries * sizeof(uint64_t);
    const struct part all[PARTS] = {
        {&ck->state, v->state_bytes},
        {&ck->copy, v->state_bytes},
        {&ck->image, v->state_bytes},
        {&ck->next, v->state_bytes},
        {&ck->moves, list},
        {&ck->sorted, list},
        {&ck->image_moves, list},
        {&ck->planes[0], planes},
        {&ck->planes[1], planes},
        {&ck->scalars[0], scalars},
        {&ck->scalars[1], scalars},
        {&ck->owner, rr_variant_policy_size(v) * sizeof *ck->owner},
        {&ck->text, text},
        {&ck->text2, text},
        {&ck->text3, text},
        {&ck->images, images},
        {&ck->differs, bits},
        {&ck->product, bits * v->symmetries},
    };

    memcpy(parts, all, sizeof all);
}

static int
allocate(struct checker *ck)
{
    struct part parts[PARTS];

    if (ck->v->symmetries > CHECK_SYMMETRIES_MAX) {
        return rr_err_set(ck->err, RR_E_PLUGIN,
                          "%s has %u symmetries, more than the %d that a check can follow",
                          ck->v->name, ck->v->symmetries, CHECK_SYMMETRIES_MAX);
    }
    list_parts(ck, parts);
    for (int i = 0; i < PARTS; i++) {
        void *memory = calloc(1, parts[i].bytes);
        memcpy(parts[i].at, &memory, sizeof memory);
        if (memory == NULL) {
            return rr_err_set(ck->err, -ENOMEM, "%s: out of memory for the check", ck->v->name);
        }
    }
    memset(ck->product, 0xff, (size_t)ck->v->symmetries * ck->v->symmetries * sizeof *ck->product);
    return 0;
}

static void
release(struct checker *ck)
{
    struct part parts[PARTS];

    list_parts(ck, parts);
    for (int i = 0; i < PARTS; i++) {
        void *memory;
        memcpy(&memory, parts[i].at, sizeof memory);
        free(memory);
    }
}

int
rr_game_check(const struct rr_game *game, const struct rr_variant *v, uint32_t games, uint64_t seed,
              char *position, struct rr_err *err)
{
    struct checker ck = {.g = game, .v = v, .err = err};
    int rc = allocate(&ck);
    const bool is_ready = rc == 0;

    for (uint32_t i = 0; rc == 0 && i < games; i++) {
        ck.game = i;
        ck.seed = seed;
        ck.seed = rr_game_random(&ck.seed) + i;
        ck.seed = rr_game_random(&ck.seed); /* else one game's numbers would follow another's */
        rc = play(&ck);
    }
    if (rc == 0) {
        rc = check_symmetries_differ(&ck);
    }
    if (rc == 0) {
        rc = check_opinions(&ck);
    }
    if (rc == RR_E_PLUGIN && position != NULL &&
        (!is_ready || game->state_text(v, ck.state, position, RR_GAME_TEXT_MAX) < 0)) {
        position[0] = '\0';
    }
    release(&ck);
    return rc;
}
