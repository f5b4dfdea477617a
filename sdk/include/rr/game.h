/* SPDX-License-Identifier: MIT */
/*
 * rr/game.h - the game plugin ABI.
 *
 * A game is a shared object that exports one constant, `const struct rr_game rr_game`. It links
 * nothing of ours. Rules code does not allocate, lock, log or keep globals that change: every
 * function may be called from several threads at once, on different states.
 *
 * A state is plain memory of variant->state_bytes bytes, aligned to 8, copied with memcpy. Equal
 * positions are equal memory: no padding bytes, pointers or stale entries, because the kit hashes
 * and compares states as bytes.
 *
 * Seats are numbered from 0. Inputs and value vectors are seen from the seat to act: relative seat
 * r means absolute seat (mover + r) mod seats.
 *
 * ABI change log (rules in rr/plugin.h):
 *   1.0  first version
 *   1.1  rr_variant.flags, which was reserved and 0
 *   1.2  rr_game.evaluate and rr_game.board_text, which may be NULL
 */
#ifndef RR_GAME_H
#define RR_GAME_H

#include <stddef.h>
#include <stdint.h>

#define RR_GAME_MAGIC 0x52524741u /* "RRGA" */
#define RR_GAME_ABI_MAJOR 1
#define RR_GAME_ABI_MINOR 2
#define RR_GAME_SYMBOL "rr_game"

#define RR_GAME_MAX_SEATS 4
#define RR_GAME_TEXT_MAX 65536 /* no text of a state or a move is longer, NUL included */

/*
 * A move: an opaque code, meaningful only together with the state that it is legal in. Games choose
 * the coding; equal codes in one state are the same move. RR_MOVE_NONE is never a move.
 */
typedef uint64_t rr_move;
#define RR_MOVE_NONE UINT64_MAX

/* The rules break some of the symmetries in some positions: an image of a move may be
 * RR_MOVE_NONE, and what happens after it may differ. Without it a symmetry is exact. */
#define RR_VARIANT_NEAR_SYMMETRIC 1u

/* Levels of play by rule of thumb, 1 .. RR_GAME_LEVELS; see rr/opponent.h. */
#define RR_GAME_LEVELS 7

/* For board_text: colours and bold by the escape sequences that all terminals know. */
#define RR_BOARD_COLOUR 1u

/* One board and number of players of a game. The kit calls its name a configuration key. */
struct rr_variant {
    uint32_t size;    /* sizeof(struct rr_variant) as the game was compiled */
    uint32_t seats;   /* 2 .. RR_GAME_MAX_SEATS */
    const char *name; /* "hex8_2p"; unique over all games that are used together */
    const char *help;
    const char *layout; /* id of planes + policy map, with its version: "ringrift/1/hex8_2p" */
    uint32_t state_bytes;
    uint32_t max_moves;      /* upper bound of a legal list, over every reachable state */
    uint32_t max_plies;      /* upper bound of a game's length */
    uint32_t height, width;  /* of the planes; cell index = y * width + x */
    uint32_t planes;         /* input planes */
    uint32_t scalars;        /* input scalars */
    uint32_t policy_planes;  /* policy = policy_planes over height x width cells ... */
    uint32_t policy_scalars; /* ... followed by this many single logits */
    uint32_t symmetries;     /* elements of the symmetry group; number 0 is the identity */
    union {
        uint32_t flags; /* RR_VARIANT_* */
        uint32_t reserved;
    };
    const void *data; /* the game's own */
};

/* Number of policy logits. Index of plane p at cell c: c * policy_planes + p (NHWC, as the net
 * writes it); index of single logit s: height * width * policy_planes + s. */
static inline uint32_t
rr_variant_policy_size(const struct rr_variant *v)
{
    return v->height * v->width * v->policy_planes + v->policy_scalars;
}

struct rr_game {
    uint32_t magic; /* RR_GAME_MAGIC */
    uint32_t size;  /* sizeof(struct rr_game) as compiled */
    uint16_t abi_major, abi_minor;
    uint32_t flags; /* 0 */
    const char *name, *version, *summary;
    const struct rr_variant *const *variants; /* ends with NULL */
    const char *const *options;               /* names of the option bits of init; ends with NULL */

    /* Write the initial position. options: bit i switches options[i] on. */
    void (*init)(const struct rr_variant *v, uint64_t options, void *state);

    /* Seat to act, or -1 when the game is over. */
    int32_t (*mover)(const struct rr_variant *v, const void *state);

    /* Write the legal moves, without duplicates, in an order that depends on the state alone.
     * Returns how many: at least 1 unless the game is over, then 0. */
    uint32_t (*legal)(const struct rr_variant *v, const void *state, rr_move *out);

    /* Play a legal move in place. */
    void (*apply)(const struct rr_variant *v, void *state, rr_move move);

    /* Share of the win of each seat, absolute seats, sum 1: the winner 1, a tie is split. Only
     * called when the game is over. */
    void (*result)(const struct rr_variant *v, const void *state, float *share);

    /* Text forms. *_text return the length written (without NUL), or -1 when cap is too small;
     * *_parse return 0, or -1 with a reason in why. move_parse accepts only legal moves. */
    int32_t (*state_text)(const struct rr_variant *v, const void *state, char *out, size_t cap);
    int32_t (*state_parse)(const struct rr_variant *v, const char *text, void *state, char *why,
                           size_t why_cap);
    int32_t (*move_text)(const struct rr_variant *v, const void *state, rr_move move, char *out,
                         size_t cap);
    int32_t (*move_parse)(const struct rr_variant *v, const void *state, const char *text,
                          rr_move *move, char *why, size_t why_cap);

    /* The constants of a variant and the outcome of a finished game as `key=value` words, the way
     * recorded games state them; for comparison and for people. */
    int32_t (*variant_text)(const struct rr_variant *v, char *out, size_t cap);
    int32_t (*result_text)(const struct rr_variant *v, const void *state, char *out, size_t cap);

    /*
     * What the net sees. planes: uint8 [height][width][planes], 255 stands for 1.0; every byte is
     * written. scalars: float [scalars], about in -1 .. 1. Everything that later legality or the
     * outcome depends on is in there, seen from the seat to act.
     */
    void (*encode)(const struct rr_variant *v, const void *state, uint8_t *planes, float *scalars);

    /* Policy index of a legal move. No two legal moves of a state share an index. */
    uint32_t (*policy_index)(const struct rr_variant *v, const void *state, rr_move move);

    /* Write the image of a state under symmetry sym. */
    void (*transform)(const struct rr_variant *v, uint32_t sym, const void *state, void *image);

    /* Image of a legal move of state, as a move of the image state; RR_MOVE_NONE when it is not
     * legal there (RR_VARIANT_NEAR_SYMMETRIC), in which case the caller keeps the original. */
    rr_move (*transform_move)(const struct rr_variant *v, uint32_t sym, const void *state,
                              rr_move move, const void *image);

    /* From here on members may be NULL, and are when the game was compiled before they came. */

    /*
     * What a position is worth by rules of thumb, without search: share of the win of each seat,
     * absolute seats, sum 1. Only called while somebody is to act. level: 1 .. RR_GAME_LEVELS, for
     * games that weigh things differently at different levels; levels also differ by how often they
     * play at random, which is not the game's business.
     */
    void (*evaluate)(const struct rr_variant *v, const void *state, uint32_t level, float *share);

    /* The position for people: lines that end with '\n', 80 columns where the board allows it, what
     * is in hand and what counts beside or below the board. flags: RR_BOARD_*. Returns as
     * state_text does. */
    int32_t (*board_text)(const struct rr_variant *v, const void *state, uint32_t flags, char *out,
                          size_t cap);
    /* new members are added here only */
};

/* Define the constant of a game whose functions have the names of the members; what may be NULL or
 * is no function is given: RR_GAME(.name = "othello", ..., .evaluate = evaluate). */
#define RR_GAME(...)                                                                               \
    __attribute__((visibility("default"))) extern const struct rr_game rr_game;                    \
    const struct rr_game rr_game = {.magic = RR_GAME_MAGIC,                                        \
                                    .size = sizeof(struct rr_game),                                \
                                    .abi_major = RR_GAME_ABI_MAJOR,                                \
                                    .abi_minor = RR_GAME_ABI_MINOR,                                \
                                    .init = init,                                                  \
                                    .mover = mover,                                                \
                                    .legal = legal,                                                \
                                    .apply = apply,                                                \
                                    .result = result,                                              \
                                    .state_text = state_text,                                      \
                                    .state_parse = state_parse,                                    \
                                    .move_text = move_text,                                        \
                                    .move_parse = move_parse,                                      \
                                    .variant_text = variant_text,                                  \
                                    .result_text = result_text,                                    \
                                    .encode = encode,                                              \
                                    .policy_index = policy_index,                                  \
                                    .transform = transform,                                        \
                                    .transform_move = transform_move,                              \
                                    __VA_ARGS__};

/* What snprintf returned, as the callbacks for texts return it. */
static inline int32_t
rr_text_length(int written, size_t cap)
{
    return written < 0 || (size_t)written >= cap ? -1 : written;
}

#endif
