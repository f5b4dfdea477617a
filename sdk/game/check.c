/* SPDX-License-Identifier: MIT */
/*
 * check.c - plays random games and holds a game to the promises of rr/game.h.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <rr/gamekit.h>

/* Reading a move back may cost as much as listing all of them, so only some are tried per ply. */
#define TEXTS_PER_PLY 6
#define WHY_MAX 160
#define POISON_BYTES 65536

struct checker {
    const struct rr_game *g;
    const struct rr_variant *v;
    uint64_t seed;
    uint32_t game, ply;
    void *state, *copy, *image, *next;
    rr_move *moves, *sorted, *image_moves;
    uint32_t count;
    uint8_t *planes[2];
    float *scalars[2];
    uint32_t *owner; /* per policy index: ply stamp of the last use */
    uint32_t stamp;
    char *text, *text2;
    struct rr_err *err;
};

#define BROKEN(ck, fmt, ...)                                                                       \
    rr_err_set((ck)->err, RR_E_PLUGIN, "%s game %u ply %u: " fmt, (ck)->v->name, (ck)->game,       \
               (ck)->ply, __VA_ARGS__)

/* Fill the stack below with this byte, so that a game that reads what it has not written says one
 * thing after one byte and another after another. */
__attribute__((noinline)) static void
poison(uint8_t byte)
{
    uint8_t junk[POISON_BYTES];

    memset(junk, byte, sizeof junk);
    __asm__ volatile("" : : "r"(junk) : "memory");
}

static int
by_code(const void *a, const void *b)
{
    const rr_move x = *(const rr_move *)a;
    const rr_move y = *(const rr_move *)b;

    return (x > y) - (x < y);
}

static int
check_list(struct checker *ck)
{
    const int32_t mover = ck->g->mover(ck->v, ck->state);

    if (mover < -1 || mover >= (int32_t)ck->v->seats) {
        return BROKEN(ck, "seat %d is to act, of %u", mover, ck->v->seats);
    }
    ck->moves[ck->v->max_moves] = RR_MOVE_NONE;
    poison(0xa5);
    ck->count = ck->g->legal(ck->v, ck->state, ck->moves);
    poison(0x5a);
    if (ck->count > ck->v->max_moves || ck->moves[ck->v->max_moves] != RR_MOVE_NONE) {
        return BROKEN(ck, "%u legal moves, more than max_moves %u", ck->count, ck->v->max_moves);
    }
    if ((ck->count == 0) != (mover == -1)) {
        return BROKEN(ck, "%u legal moves while mover says %d", ck->count, mover);
    }
    if (ck->g->legal(ck->v, ck->state, ck->sorted) != ck->count ||
        memcmp(ck->sorted, ck->moves, ck->count * sizeof *ck->moves) != 0) {
        return BROKEN(ck, "%s", "legal gives two lists for one state");
    }
    memcpy(ck->sorted, ck->moves, ck->count * sizeof *ck->moves);
    qsort(ck->sorted, ck->count, sizeof *ck->sorted, by_code);
    for (uint32_t i = 0; i < ck->count; i++) {
        if (ck->sorted[i] == RR_MOVE_NONE || (i > 0 && ck->sorted[i] == ck->sorted[i - 1])) {
            return BROKEN(ck, "move %016llx is listed twice or is RR_MOVE_NONE",
                          (unsigned long long)ck->sorted[i]);
        }
    }
    return 0;
}

static int
check_move_texts(struct checker *ck)
{
    char why[WHY_MAX] = "";

    for (uint32_t i = 0; i < ck->count && i < TEXTS_PER_PLY; i++) {
        const rr_move m = ck->moves[rr_game_random(&ck->seed) % ck->count];
        rr_move back = RR_MOVE_NONE;
        const int32_t n = ck->g->move_text(ck->v, ck->state, m, ck->text, RR_GAME_TEXT_MAX);
        if (n <= 0 || (size_t)n != strlen(ck->text)) {
            return BROKEN(ck, "move_text of %016llx returns %d", (unsigned long long)m, n);
        }
        if (ck->g->move_text(ck->v, ck->state, m, ck->text2, (size_t)n) != -1) {
            return BROKEN(ck, "move_text of \"%.60s\" claims to fit without its NUL", ck->text);
        }
        if (ck->g->move_parse(ck->v, ck->state, ck->text, &back, why, sizeof why) != 0) {
            return BROKEN(ck, "move \"%.60s\" cannot be read back: %.80s", ck->text, why);
        }
        if (back != m) {
            return BROKEN(ck, "move \"%.60s\" is read back as another move", ck->text);
        }
    }
    if (ck->g->move_parse(ck->v, ck->state, "?", ck->sorted, why, sizeof why) != -1) {
        return BROKEN(ck, "move_parse accepts \"%s\"", "?");
    }
    return 0;
}

static bool
is_seen(struct checker *ck)
{
    const size_t plane_bytes = (size_t)ck->v->height * ck->v->width * ck->v->planes;

    ck->g->encode(ck->v, ck->state, ck->planes[0], ck->scalars[0]);
    ck->g->encode(ck->v, ck->copy, ck->planes[1], ck->scalars[1]);
    return memcmp(ck->planes[0], ck->planes[1], plane_bytes) != 0 ||
           memcmp(ck->scalars[0], ck->scalars[1], ck->v->scalars * sizeof(float)) != 0;
}

/*
 * Read a text that somebody has mistyped. It may be refused, with a reason; a state that is made of
 * it must be one that can be written and read back, and the net must see that it is another one.
 */
static int
check_bad_text(struct checker *ck, size_t n)
{
    char why[WHY_MAX] = "";
    const size_t at = (size_t)(rr_game_random(&ck->seed) % n);
    const uint64_t how = rr_game_random(&ck->seed);

    memcpy(ck->text2, ck->text, n + 1);
    switch (how % 5) {
    case 0:
        ck->text2[at] = '\0';
        break;
    case 1:
        memmove(ck->text2 + at, ck->text2 + at + 1, n - at);
        break;
    case 2: /* exchanged */
        ck->text2[at] = ck->text[(at + 1) % n];
        ck->text2[(at + 1) % n] = ck->text[at];
        break;
    case 3: /* by a character that stands elsewhere: more often right than any */
        ck->text2[at] = ck->text[how / 5 % n];
        break;
    default:
        ck->text2[at] = (char)(' ' + how / 5 % 95);
        break;
    }
    memset(ck->copy, 0xa5, ck->v->state_bytes);
    if (ck->g->state_parse(ck->v, ck->text2, ck->copy, why, sizeof why) != 0) {
        return why[0] != '\0'
                   ? 0
                   : BROKEN(ck, "state_parse refuses \"%.60s\" without a reason", ck->text2);
    }
    const int32_t back = ck->g->state_text(ck->v, ck->copy, ck->text2, RR_GAME_TEXT_MAX);
    memset(ck->next, 0x5a, ck->v->state_bytes);
    if (back <= 0 || ck->g->state_parse(ck->v, ck->text2, ck->next, why, sizeof why) != 0 ||
        memcmp(ck->copy, ck->next, ck->v->state_bytes) != 0) {
        return BROKEN(ck,
                      "state_parse makes something of a bad text that is written as \"%.80s\", "
                      "and that is not read back the same",
                      ck->text2);
    }
    if (ck->count > 0 && ck->g->mover(ck->v, ck->copy) >= 0 &&
        memcmp(ck->copy, ck->state, ck->v->state_bytes) != 0 && !is_seen(ck)) {
        return BROKEN(ck, "encode does not tell this position from \"%.120s\"", ck->text2);
    }
    return 0;
}

static int
check_state_text(struct checker *ck)
{
    char why[WHY_MAX] = "";
    const int32_t n = ck->g->state_text(ck->v, ck->state, ck->text, RR_GAME_TEXT_MAX);

    if (n <= 0 || (size_t)n != strlen(ck->text)) {
        return BROKEN(ck, "state_text returns %d", n);
    }
    if (ck->g->state_text(ck->v, ck->state, ck->text2, (size_t)n) != -1) {
        return BROKEN(ck, "%s", "state_text claims to fit without its NUL");
    }
    memset(ck->copy, 0xa5, ck->v->state_bytes);
    if (ck->g->state_parse(ck->v, ck->text, ck->copy, why, sizeof why) != 0) {
        /* the text of a finished game need not say who won, so it may be refused */
        return ck->count == 0
                   ? 0
                   : BROKEN(ck, "state_parse refuses what state_text wrote: %.120s", why);
    }
    if (memcmp(ck->copy, ck->state, ck->v->state_bytes) != 0) {
        return BROKEN(ck, "state_parse(state_text) differs in memory for %.100s", ck->text);
    }
    int rc = 0;
    for (int i = 0; rc == 0 && i < TEXTS_PER_PLY; i++) {
        rc = check_bad_text(ck, (size_t)n);
    }
    return rc;
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

static bool
is_near(const struct checker *ck)
{
    return (ck->v->flags & RR_VARIANT_NEAR_SYMMETRIC) != 0;
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

static int
check_symmetry(struct checker *ck, uint32_t sym)
{
    memset(ck->image, 0xa5, ck->v->state_bytes);
    ck->g->transform(ck->v, sym, ck->state, ck->image);
    if (sym == 0 && memcmp(ck->image, ck->state, ck->v->state_bytes) != 0) {
        return BROKEN(ck, "symmetry %u is not the identity", sym);
    }
    if (!can_return(ck)) {
        return BROKEN(ck, "no symmetry undoes symmetry %u", sym);
    }
    const uint32_t n = ck->g->legal(ck->v, ck->image, ck->sorted);
    qsort(ck->sorted, n, sizeof *ck->sorted, by_code);
    for (uint32_t i = 0; i < ck->count; i++) {
        ck->image_moves[i] = ck->g->transform_move(ck->v, sym, ck->state, ck->moves[i], ck->image);
        if (ck->image_moves[i] == RR_MOVE_NONE && is_near(ck)) {
            return 0; /* the rules break this symmetry here, and say so */
        }
        if (bsearch(&ck->image_moves[i], ck->sorted, n, sizeof *ck->sorted, by_code) == NULL) {
            (void)ck->g->move_text(ck->v, ck->state, ck->moves[i], ck->text, RR_GAME_TEXT_MAX);
            return BROKEN(ck, "the image of \"%.60s\" under symmetry %u is not legal", ck->text,
                          sym);
        }
    }
    if (n != ck->count) {
        return BROKEN(ck, "%u legal moves, but %u in the image under symmetry %u", ck->count, n,
                      sym);
    }
    const int rc = check_indices(ck, ck->image, ck->image_moves, "image's");
    return rc != 0 || sym == 0 || is_near(ck) ? rc : check_commutes(ck, sym);
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
    const int32_t n = ck->g->result_text(ck->v, ck->state, ck->text, RR_GAME_TEXT_MAX);
    return n > 0 ? 0 : BROKEN(ck, "result_text returns %d", n);
}

/* The opinion of the rules of thumb, at each level. */
static int
check_evaluate(struct checker *ck)
{
    for (uint32_t level = 1; level <= RR_GAME_LEVELS; level++) {
        float share[2][RR_GAME_MAX_SEATS] = {{0}, {0}};
        float sum = 0;
        bool in_range = true;

        ck->g->evaluate(ck->v, ck->state, level, share[0]);
        ck->g->evaluate(ck->v, ck->state, level, share[1]);
        for (uint32_t s = 0; s < ck->v->seats; s++) {
            sum += share[0][s];
            in_range = in_range && share[0][s] >= 0.0F && share[0][s] <= 1.0F;
        }
        if (!in_range || !(sum > 0.999F && sum < 1.001F)) {
            return BROKEN(ck, "evaluate at level %u gave shares that are not 0 to 1 with sum 1",
                          level);
        }
        if (memcmp(share[0], share[1], sizeof share[0]) != 0) {
            return BROKEN(ck, "%s", "evaluate said two things of one state");
        }
    }
    return 0;
}

static int
check_board_text(struct checker *ck)
{
    const int32_t n = ck->g->board_text(ck->v, ck->state, 0, ck->text, RR_GAME_TEXT_MAX);

    if (n <= 0 || n >= RR_GAME_TEXT_MAX || ck->text[n] != '\0' || ck->text[n - 1] != '\n') {
        return BROKEN(ck, "board_text returned %d, or its text does not end with a line end", n);
    }
    for (int32_t i = 0; i < n; i++) {
        if ((unsigned char)ck->text[i] < ' ' && ck->text[i] != '\n') {
            return BROKEN(ck, "board_text without colour holds a control character at %d", i);
        }
    }
    if (ck->g->board_text(ck->v, ck->state, 0, ck->text2, (size_t)n) != -1) {
        return BROKEN(ck, "%s", "board_text did not notice that its text does not fit");
    }
    return 0;
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

static int
allocate(struct checker *ck)
{
    const struct rr_variant *v = ck->v;
    const size_t list = ((size_t)v->max_moves + 1) * sizeof(rr_move);
    const size_t plane_bytes = (size_t)v->height * v->width * v->planes;

    ck->state = malloc(v->state_bytes);
    ck->copy = malloc(v->state_bytes);
    ck->image = malloc(v->state_bytes);
    ck->next = malloc(v->state_bytes);
    ck->moves = malloc(list);
    ck->sorted = malloc(list);
    ck->image_moves = malloc(list);
    ck->planes[0] = malloc(plane_bytes);
    ck->planes[1] = malloc(plane_bytes);
    ck->scalars[0] = calloc((size_t)v->scalars + 1, sizeof(float));
    ck->scalars[1] = calloc((size_t)v->scalars + 1, sizeof(float));
    ck->owner = calloc(rr_variant_policy_size(v), sizeof *ck->owner);
    ck->text = malloc(RR_GAME_TEXT_MAX);
    ck->text2 = malloc(RR_GAME_TEXT_MAX);
    if (ck->state == NULL || ck->copy == NULL || ck->image == NULL || ck->moves == NULL ||
        ck->sorted == NULL || ck->image_moves == NULL || ck->planes[0] == NULL ||
        ck->planes[1] == NULL || ck->scalars[0] == NULL || ck->scalars[1] == NULL ||
        ck->owner == NULL || ck->text == NULL || ck->text2 == NULL) {
        return rr_err_set(ck->err, -ENOMEM, "%s: out of memory for the check", v->name);
    }
    return 0;
}

static void
release(struct checker *ck)
{
    free(ck->state);
    free(ck->copy);
    free(ck->image);
    free(ck->next);
    free(ck->moves);
    free(ck->sorted);
    free(ck->image_moves);
    free(ck->planes[0]);
    free(ck->planes[1]);
    free(ck->scalars[0]);
    free(ck->scalars[1]);
    free(ck->owner);
    free(ck->text);
    free(ck->text2);
}

int
rr_game_check(const struct rr_game *game, const struct rr_variant *v, uint32_t games, uint64_t seed,
              char *position, struct rr_err *err)
{
    struct checker ck = {.g = game, .v = v, .err = err};
    int rc = allocate(&ck);

    for (uint32_t i = 0; rc == 0 && i < games; i++) {
        ck.game = i;
        ck.seed = seed + i * UINT64_C(0x9e3779b97f4a7c15);
        rc = play(&ck);
    }
    if (rc == RR_E_PLUGIN && position != NULL &&
        game->state_text(v, ck.state, position, RR_GAME_TEXT_MAX) < 0) {
        position[0] = '\0';
    }
    release(&ck);
    return rc;
}
