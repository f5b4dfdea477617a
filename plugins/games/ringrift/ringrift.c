/* SPDX-License-Identifier: MIT */
/*
 * ringrift.c - the game descriptor: twelve variants by two rule sets, and the functions of
 * rr/game.h.
 */
#include <stdio.h>
#include <string.h>

#include "heuristic.h"
#include "policy.h"
#include "text.h"

/*
 * Numbers of the boards: cells, width, rings of a seat, base length of lines, directions, axes,
 * symmetries.
 */
enum { SQ8_CELLS = 64, SQ8_WIDTH = 8, SQ8_RINGS = 18, SQ8_BASE = 3, SQ8_AXES = 4, SQ8_SYMS = 8 };
enum { HX8_CELLS = 61, HX8_WIDTH = 9, HX8_RINGS = 18, HX8_BASE = 4, HX8_AXES = 3, HX8_SYMS = 12 };
enum { SQ19_CELLS = 361, SQ19_WIDTH = 19, SQ19_RINGS = 72, SQ19_BASE = 4, SQ19_AXES = 4 };
enum { SQ19_SYMS = 8 };
enum { HXG_CELLS = 469, HXG_WIDTH = 25, HXG_RINGS = 96, HXG_BASE = 4, HXG_AXES = 3 };
enum { HXG_SYMS = 12 };

/* R120: small boards with three or four players need three markers, all others four. */
#define LINE_NEED(B, n) (B##_CELLS < 100 && (n) > 2 ? 3 : 4)
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

/* By the specification, the part of a line that a slide collapses may lie on any axis, and anywhere
 * on the line; see policy.c. */
#define WINDOW_PLANES(B, n, dev)                                                                   \
    (B##_AXES * ((dev)&RULES_R112 ? LINE_NEED(B, n) : B##_AXES * (B##_WIDTH - LINE_NEED(B, n) + 1)))

/* Policy blocks, one after the other. */
#define AT_RIDE 3
#define AT_PAY(B) (AT_RIDE + 2 * B##_AXES * (B##_WIDTH - 1))
#define AT_WINDOW(B) (AT_PAY(B) + B##_AXES * B##_RINGS)
#define AT_LINE(B, n, dev) (AT_WINDOW(B) + WINDOW_PLANES(B, n, dev))
#define AT_PART(B, n, dev) (AT_LINE(B, n, dev) + B##_AXES)
#define AT_REGION(B, n, dev) (AT_PART(B, n, dev) + B##_AXES)
#define AT_SPENT(B, n, dev) (AT_REGION(B, n, dev) + REGION_PLAIN + 1)
#define POLICY_PLANES(B, n, dev) (AT_SPENT(B, n, dev) + 4)

/*
 * Bounds. A list is longest, in theory, when a player chooses a recovery slide: each slide with
 * each payer (at most his rings), or with a part of a line (at most as many as there are policy
 * planes for parts), and SR. Slides are pairs of
 * neighbours of which one is a marker of his and the other is not. A triangle of a hex board has at
 * most two such pairs, which makes at most 6 r r + 3 r on a board of radius r; a square of four
 * cells has at most four, which makes 3 w w + 2 w with w = width - 1. Placements (3 per cell) and
 * rides (his rings times the cells in sight of one) stay below that.
 *
 * The progress measure markers + 2 * collapsed + eliminated grows in every round by at least one,
 * and in every move that is not a placement, skip or no-op, of which a turn has up to 6.
 */
#define RADIUS(B) ((B##_WIDTH - 1) / 2)
#define SLIDES(B)                                                                                  \
    (B##_AXES == 3 ? 6 * RADIUS(B) * RADIUS(B) + 3 * RADIUS(B)                                     \
                   : 3 * (B##_WIDTH - 1) * (B##_WIDTH - 1) + 2 * (B##_WIDTH - 1))
#define MAX_PARTS(B, n, dev) ((dev)&RULES_R112 ? 4 : WINDOW_PLANES(B, n, dev) / B##_AXES)
#define MAX_MOVES(B, n, dev) (SLIDES(B) * (B##_RINGS + MAX_PARTS(B, n, dev)) + 1)
#define PROGRESS(B, n) (2 * B##_CELLS + (n)*B##_RINGS)
#define MAX_PLIES(B, n) ((6 * (n) + 1) * PROGRESS(B, n))

/* One variant under one rule set. R061: elimination needs rings * (n + 1) / 3, R062: territory
 * cells / n + 1. */
#define VARIANT(id, set, how, bd, B, n, dev)                                                       \
    static const struct rules rules_##id = {                                                       \
        .board = &board_##bd,                                                                      \
        .deviations = (dev),                                                                       \
        .seats = (n),                                                                              \
        .rings = B##_RINGS,                                                                        \
        .line_base = B##_BASE,                                                                     \
        .line_need = LINE_NEED(B, n),                                                              \
        .line_min = (dev)&RULES_R120 ? MAX_OF(B##_BASE, LINE_NEED(B, n)) : LINE_NEED(B, n),        \
        .lps_rounds = RULES_LPS_ROUNDS,                                                            \
        .elim_win = B##_RINGS * ((n) + 1) / 3,                                                     \
        .terr_win = B##_CELLS / (n) + 1,                                                           \
        .pool = (n)*B##_RINGS,                                                                     \
        .policy = {.place = 0,                                                                     \
                   .ride = AT_RIDE,                                                                \
                   .pay = AT_PAY(B),                                                               \
                   .window = AT_WINDOW(B),                                                         \
                   .line = AT_LINE(B, n, dev),                                                     \
                   .part = AT_PART(B, n, dev),                                                     \
                   .region = AT_REGION(B, n, dev),                                                 \
                   .line_pay = AT_SPENT(B, n, dev),                                                \
                   .region_pay = AT_SPENT(B, n, dev) + 1,                                          \
                   .buried_pay = AT_SPENT(B, n, dev) + 2,                                          \
                   .forced = AT_SPENT(B, n, dev) + 3},                                             \
    };                                                                                             \
    static const struct rr_variant variant_##id = {                                                \
        .size = sizeof(struct rr_variant),                                                         \
        .seats = (n),                                                                              \
        .name = #bd "_" #n "p" set,                                                                \
        .help = "RingRift on " #bd " for " #n " players, " how,                                    \
        .layout = "ringrift/2/" #bd "_" #n "p" set,                                                \
        .state_bytes = STATE_BYTES(B##_CELLS, (n)*B##_RINGS),                                      \
        .max_moves = MAX_MOVES(B, n, dev),                                                         \
        .max_plies = MAX_PLIES(B, n),                                                              \
        .height = B##_WIDTH,                                                                       \
        .width = B##_WIDTH,                                                                        \
        .planes = ENCODE_PLANES(n),                                                                \
        .scalars = ENCODE_SCALARS(n),                                                              \
        .policy_planes = POLICY_PLANES(B, n, dev),                                                 \
        .policy_scalars = POLICY_SCALARS,                                                          \
        .flags = (dev) & (RULES_R112 | RULES_R145) ? RR_VARIANT_NEAR_SYMMETRIC : 0,                \
        .symmetries = B##_SYMS,                                                                    \
        .data = &rules_##id,                                                                       \
    }

/* Both rule sets of a board and number of players. The reference has the plain name. */
#define BOTH(id, bd, B, n)                                                                         \
    VARIANT(id, "", "reference rules", bd, B, n, RULES_REFERENCE);                                 \
    VARIANT(id##_canonical, "@canonical", "rules as written", bd, B, n, RULES_CANONICAL)

BOTH(hex8_2p, hex8, HX8, 2);
BOTH(hex8_3p, hex8, HX8, 3);
BOTH(hex8_4p, hex8, HX8, 4);
BOTH(square8_2p, square8, SQ8, 2);
BOTH(square8_3p, square8, SQ8, 3);
BOTH(square8_4p, square8, SQ8, 4);
BOTH(square19_2p, square19, SQ19, 2);
BOTH(square19_3p, square19, SQ19, 3);
BOTH(square19_4p, square19, SQ19, 4);
BOTH(hexagonal_2p, hexagonal, HXG, 2);
BOTH(hexagonal_3p, hexagonal, HXG, 3);
BOTH(hexagonal_4p, hexagonal, HXG, 4);

static const struct rr_variant *const variants[] = {
    &variant_hex8_2p,
    &variant_hex8_3p,
    &variant_hex8_4p,
    &variant_square8_2p,
    &variant_square8_3p,
    &variant_square8_4p,
    &variant_square19_2p,
    &variant_square19_3p,
    &variant_square19_4p,
    &variant_hexagonal_2p,
    &variant_hexagonal_3p,
    &variant_hexagonal_4p,
    &variant_hex8_2p_canonical,
    &variant_hex8_3p_canonical,
    &variant_hex8_4p_canonical,
    &variant_square8_2p_canonical,
    &variant_square8_3p_canonical,
    &variant_square8_4p_canonical,
    &variant_square19_2p_canonical,
    &variant_square19_3p_canonical,
    &variant_square19_4p_canonical,
    &variant_hexagonal_2p_canonical,
    &variant_hexagonal_3p_canonical,
    &variant_hexagonal_4p_canonical,
    NULL,
};

static const char *const options[] = {"swap", NULL};

static int32_t
mover(const struct rr_variant *variant, const void *state)
{
    struct view v;

    view_of(&v, variant, state);
    return v.h->phase == PH_OV ? -1 : v.h->cur;
}

void
sink_compare(struct sink *s, rr_move m)
{
    char buf[2048];
    struct text t = {.out = buf, .cap = sizeof buf};

    if (s->want == m) {
        s->found = true;
    } else if (s->want_text != NULL && !s->found) {
        text_move(&t, s->v, m);
        if (text_end(&t) >= 0 && strcmp(buf, s->want_text) == 0) {
            s->want = m;
            s->found = true;
        }
    }
}

static uint32_t
legal(const struct rr_variant *variant, const void *state, rr_move *out)
{
    struct view v;
    struct sink s = {.v = &v, .out = out, .want = RR_MOVE_NONE};

    view_of(&v, variant, state);
    turn_legal(&v, &s);
    return s.count;
}

static void
apply(const struct rr_variant *variant, void *state, rr_move move)
{
    struct pos p;

    pos_of(&p, variant, state);
    turn_apply(&p, move);
}

static void
result(const struct rr_variant *variant, const void *state, float *share)
{
    struct view v;

    view_of(&v, variant, state);
    for (uint8_t s = 0; s < variant->seats; s++) {
        share[s] = v.h->winner == s + 1 ? 1.0F : 0.0F;
    }
}

static int32_t
state_text(const struct rr_variant *variant, const void *state, char *out, size_t cap)
{
    struct view v;

    view_of(&v, variant, state);
    return text_state(&v, out, cap);
}

static int32_t
move_text(const struct rr_variant *variant, const void *state, rr_move move, char *out, size_t cap)
{
    struct view v;
    struct text t = {.out = out, .cap = cap};

    view_of(&v, variant, state);
    text_move(&t, &v, move);
    return text_end(&t);
}

/* A text is legal when it is the text of a legal move: there is no second reading of the notation
 * that could disagree with the first. */
static int32_t
move_parse(const struct rr_variant *variant, const void *state, const char *text, rr_move *move,
           char *why, size_t why_cap)
{
    struct view v;
    struct sink s = {.v = &v, .want = RR_MOVE_NONE, .want_text = text};

    view_of(&v, variant, state);
    turn_legal(&v, &s);
    if (!s.found) {
        (void)snprintf(why, why_cap, "\"%.80s\" is not one of the %u legal moves in phase %s", text,
                       s.count, text_phase(v.h->phase));
        return -1;
    }
    *move = s.want;
    return 0;
}

static int32_t
variant_text(const struct rr_variant *variant, char *out, size_t cap)
{
    return text_variant(variant->data, out, cap);
}

static int32_t
result_text(const struct rr_variant *variant, const void *state, char *out, size_t cap)
{
    struct view v;

    view_of(&v, variant, state);
    return text_result(&v, out, cap);
}

static void
encode(const struct rr_variant *variant, const void *state, uint8_t *planes, float *scalars)
{
    struct view v;

    view_of(&v, variant, state);
    encode_state(variant, &v, planes, scalars);
}

static uint32_t
index_of(const struct rr_variant *variant, const void *state, rr_move move)
{
    struct view v;

    view_of(&v, variant, state);
    return policy_index(variant, &v, move);
}

static rr_move
transform_move(const struct rr_variant *variant, uint32_t sym, const void *state, rr_move move,
               const void *image)
{
    struct view v;
    struct view iv;

    view_of(&v, variant, state);
    view_of(&iv, variant, image);
    return symmetry_move(&v, sym, move, &iv);
}

__attribute__((visibility("default"))) extern const struct rr_game rr_game;

const struct rr_game rr_game = {
    .magic = RR_GAME_MAGIC,
    .size = sizeof(struct rr_game),
    .abi_major = RR_GAME_ABI_MAJOR,
    .abi_minor = RR_GAME_ABI_MINOR,
    .name = "ringrift",
    .version = "1.0",
    .summary = "RingRift on four boards for two to four players, as its reference engine plays it, "
               "and @canonical as it is written",
    .variants = variants,
    .options = options,
    .init = state_init,
    .mover = mover,
    .legal = legal,
    .apply = apply,
    .result = result,
    .state_text = state_text,
    .state_parse = parse_state,
    .move_text = move_text,
    .move_parse = move_parse,
    .variant_text = variant_text,
    .result_text = result_text,
    .encode = encode,
    .policy_index = index_of,
    .transform = symmetry_state,
    .transform_move = transform_move,
    .evaluate = heuristic_evaluate,
    .board_text = board_text,
};
