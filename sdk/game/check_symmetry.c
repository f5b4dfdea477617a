/* SPDX-License-Identifier: MIT */
/*
 * check_symmetry.c - logits of moves, and symmetries: images of positions and moves, and that the
 * symmetries are a group.
 */
#include <stdlib.h>
#include <string.h>

#include "sdk/game/check.h"

int
check_indices(struct checker *ck, const void *state, const rr_move *moves, const char *what)
{
    const uint32_t size = rr_variant_policy_size(ck->v);

    ck->stamp++;
    for (uint32_t i = 0; i < ck->count; i++) {
        const uint32_t index = ck->g->policy_index(ck->v, state, moves[i]);
        if (index >= size) {
            return BROKEN(ck, "%s policy index %u, of %u", what, index, size);
        }
        if (ck->owner[index] == ck->stamp) {
            (void)ck->g->move_text(ck->v, state, moves[i], ck->text, RR_GAME_TEXT_MAX);
            return BROKEN(ck, "%s policy index %u of \"%.60s\" belongs to another move too", what,
                          index, ck->text);
        }
        ck->owner[index] = ck->stamp;
    }
    return 0;
}

static bool
is_near(const struct checker *ck)
{
    return (ck->v->flags & RR_VARIANT_NEAR_SYMMETRIC) != 0;
}

static uint8_t *
image_of(const struct checker *ck, uint32_t sym)
{
    return ck->images + (size_t)sym * ((ck->v->state_bytes + 7) & ~7U);
}

/* Under which symmetries the state has this image, as bits. */
static uint64_t
which(const struct checker *ck, const void *image)
{
    uint64_t bits = 0;

    for (uint32_t s = 0; s < ck->v->symmetries; s++) {
        const bool is_same = memcmp(image_of(ck, s), image, ck->v->state_bytes) == 0;
        bits |= (uint64_t)is_same << s;
    }
    return bits;
}

/* All images of the state. One symmetry after another must be a third, always the same one. */
static int
check_group(struct checker *ck, uint32_t a)
{
    const uint32_t symmetries = ck->v->symmetries;
    const uint32_t b = (uint32_t)(rr_game_random(&ck->seed) % symmetries);
    uint64_t *product = &ck->product[a * symmetries + b];

    for (uint32_t s = 0; s < symmetries; s++) {
        memset(image_of(ck, s), 0xa5, ck->v->state_bytes);
        ck->g->transform(ck->v, s, ck->state, image_of(ck, s));
    }
    if (memcmp(image_of(ck, 0), ck->state, ck->v->state_bytes) != 0) {
        return BROKEN(ck, "symmetry %u is not the identity", 0U);
    }
    ck->differs[a] |= ~which(ck, image_of(ck, a));
    memset(ck->copy, 0x5a, ck->v->state_bytes);
    ck->g->transform(ck->v, b, image_of(ck, a), ck->copy);
    *product &= which(ck, ck->copy);
    return *product != 0 ? 0
                         : BROKEN(ck, "symmetry %u and then %u is none of the %u symmetries", a, b,
                                  symmetries);
}

/* Some symmetry must lead back from the image to the state. */
static bool
can_return(struct checker *ck)
{
    for (uint32_t s = 0; s < ck->v->symmetries; s++) {
        ck->g->transform(ck->v, s, ck->image, ck->copy);
        if (memcmp(ck->copy, ck->state, ck->v->state_bytes) == 0) {
            return true;
        }
    }
    return false;
}

/* Moving and then transforming must be transforming and then moving. */
static int
check_commutes(struct checker *ck, uint32_t sym)
{
    const uint32_t i = (uint32_t)(rr_game_random(&ck->seed) % ck->count);

    memcpy(ck->next, ck->state, ck->v->state_bytes);
    ck->g->apply(ck->v, ck->next, ck->moves[i]);
    ck->g->transform(ck->v, sym, ck->next, ck->copy);
    ck->g->apply(ck->v, ck->image, ck->image_moves[i]);
    if (memcmp(ck->image, ck->copy, ck->v->state_bytes) != 0) {
        (void)ck->g->move_text(ck->v, ck->state, ck->moves[i], ck->text, RR_GAME_TEXT_MAX);
        return BROKEN(ck,
                      "\"%.60s\" and symmetry %u: moving and transforming is not transforming "
                      "and moving",
                      ck->text, sym);
    }
    return 0;
}

int
check_symmetry(struct checker *ck, uint32_t sym)
{
    int rc = check_group(ck, sym);

    if (rc != 0) {
        return rc;
    }
    memcpy(ck->image, image_of(ck, sym), ck->v->state_bytes);
    if (!can_return(ck)) {
        return BROKEN(ck, "no symmetry undoes symmetry %u", sym);
    }
    uint32_t n;
    rc = check_listed(ck, ck->image, ck->sorted, &n);
    if (rc != 0) {
        return rc;
    }
    qsort(ck->sorted, n, sizeof *ck->sorted, check_by_code);
    for (uint32_t i = 0; i < ck->count; i++) {
        ck->image_moves[i] = ck->g->transform_move(ck->v, sym, ck->state, ck->moves[i], ck->image);
        if (ck->image_moves[i] == RR_MOVE_NONE && is_near(ck)) {
            return 0; /* the rules break this symmetry here, and say so */
        }
        if (bsearch(&ck->image_moves[i], ck->sorted, n, sizeof *ck->sorted, check_by_code) ==
            NULL) {
            (void)ck->g->move_text(ck->v, ck->state, ck->moves[i], ck->text, RR_GAME_TEXT_MAX);
            return BROKEN(ck, "the image of \"%.60s\" under symmetry %u is not legal", ck->text,
                          sym);
        }
    }
    if (n != ck->count) {
        return BROKEN(ck, "%u legal moves, but %u in the image under symmetry %u", ck->count, n,
                      sym);
    }
    rc = check_indices(ck, ck->image, ck->image_moves, "image's");
    return rc != 0 || sym == 0 || is_near(ck) ? rc : check_commutes(ck, sym);
}

int
check_symmetries_differ(struct checker *ck)
{
    for (uint32_t a = 0; a < ck->v->symmetries; a++) {
        for (uint32_t b = 0; b < a; b++) {
            if ((ck->differs[a] >> b & 1) == 0 && (ck->differs[b] >> a & 1) == 0) {
                return BROKEN(ck, "over all games symmetries %u and %u are the same", b, a);
            }
        }
    }
    return 0;
}
