/* SPDX-License-Identifier: MIT */
/*
 * check.h - what the parts of the conformance test share.
 */
#ifndef RR_GAME_CHECK_H
#define RR_GAME_CHECK_H

#include <stdbool.h>

#include <rr/gamekit.h>

enum {
    CHECK_GUARD = 16,         /* entries behind a list of moves that must stay as they are */
    CHECK_SYMMETRIES_MAX = 64 /* bits of a word */
};

/* Shares that evaluate said and what became of it; [seat to act][seat]. */
struct opinion {
    double weight[RR_GAME_MAX_SEATS]; /* of this game */
    double said[RR_GAME_MAX_SEATS][RR_GAME_MAX_SEATS];
    double games[RR_GAME_MAX_SEATS]; /* sums over games: how many, */
    double x[RR_GAME_MAX_SEATS][RR_GAME_MAX_SEATS], xx[RR_GAME_MAX_SEATS][RR_GAME_MAX_SEATS];
    double r[RR_GAME_MAX_SEATS][RR_GAME_MAX_SEATS], rr[RR_GAME_MAX_SEATS][RR_GAME_MAX_SEATS];
    double xr[RR_GAME_MAX_SEATS][RR_GAME_MAX_SEATS];
};

struct checker {
    const struct rr_game *g;
    const struct rr_variant *v;
    uint64_t seed;
    uint32_t game, ply;
    void *state, *copy, *image, *next;
    rr_move *moves, *sorted, *image_moves; /* max_moves + CHECK_GUARD; sorted is by code */
    uint32_t count;
    uint8_t *planes[2];
    float *scalars[2];
    uint32_t *owner; /* per policy index: ply stamp of the last use */
    uint32_t stamp;
    char *text, *text2, *text3;
    uint8_t *images;   /* of the state, under each symmetry */
    uint64_t *product; /* [a * symmetries + b]: which symmetries a and then b may be, as bits */
    uint64_t *differs; /* [a]: which symmetries had another image than a, as bits */
    struct opinion opinion;
    struct rr_err *err;
};

#define BROKEN(ck, fmt, ...)                                                                       \
    rr_err_set((ck)->err, RR_E_PLUGIN, "%s game %u ply %u: " fmt, (ck)->v->name, (ck)->game,       \
               (ck)->ply, __VA_ARGS__)

/* Ask for the legal moves of a state. What lies behind the list must stay untouched. */
int check_listed(struct checker *ck, const void *state, rr_move *out, uint32_t *count);
/* For qsort and bsearch. */
int check_by_code(const void *a, const void *b);

/* check_text.c: texts of the position, of its moves, of a result, and the board for people. */
int check_state_text(struct checker *ck);
int check_move_texts(struct checker *ck);
int check_end_texts(struct checker *ck, const float *share);
int check_board_text(struct checker *ck);

/* check_symmetry.c: logits, in the position and in one of its images. */
int check_indices(struct checker *ck, const void *state, const rr_move *moves, const char *what);
int check_symmetry(struct checker *ck, uint32_t sym);
/* What only shows over all games: whether two symmetries are one. */
int check_symmetries_differ(struct checker *ck);

/* check_opinion.c: evaluate in the position, at the end of a game, and over all games. */
int check_evaluate(struct checker *ck);
void check_opinion_end(struct checker *ck, const float *share);
int check_opinions(struct checker *ck);

#endif
