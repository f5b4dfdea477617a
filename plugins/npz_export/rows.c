/* SPDX-License-Identifier: MIT */
/*
 * rows.c - replaying games and writing what the trainer reads. doc/npz-format.md tells the arrays.
 */
#include "plugins/npz_export/rows.h"

#include <rr/gamekit.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct rows {
    const struct rr_game *game;
    const struct rr_variant *v;
    struct rows_conf conf;
    struct rr_npz_writer *npz;
    struct rows_counts counts;
    struct quality quality;
    int64_t policy_at, legal_at; /* CSR offsets so far */
    void *state, *image;
    rr_move *legal;
    uint32_t *index; /* policy index of each legal move, under the row's symmetry */
    int32_t *idx;
    float *val;
    uint8_t *planes;
    float *scalars;
};

static uint64_t
mix(uint64_t a, uint64_t b)
{
    uint64_t seed = a ^ (b * 0xd1342543de82ef95u);

    return rr_game_random(&seed);
}

static double
unit(uint64_t random)
{
    return (double)(random >> 11) * 0x1p-53;
}

static int
declare(struct rows *r, struct rr_err *err)
{
    const struct rr_variant *v = r->v;
    const uint64_t cells[3] = {v->height, v->width, v->planes};
    const uint64_t scalars = v->scalars;
    const uint64_t seats = RR_GAME_MAX_SEATS;
    const uint64_t id = 16;
    const int64_t zero = 0;
    const struct {
        const char *name;
        uint32_t type, dims;
        const uint64_t *shape;
    } arrays[] = {
        {"features", RR_NPY_U8, 3, cells},    {"globals", RR_NPY_F32, 1, &scalars},
        {"value_rel", RR_NPY_F32, 1, &seats}, {"policy_off", RR_NPY_I64, 0, NULL},
        {"policy_idx", RR_NPY_I32, 0, NULL},  {"policy_val", RR_NPY_F32, 0, NULL},
        {"legal_off", RR_NPY_I64, 0, NULL},   {"legal_idx", RR_NPY_I32, 0, NULL},
        {"weight", RR_NPY_F32, 0, NULL},      {"game_id", RR_NPY_U8, 1, &id},
        {"ply", RR_NPY_I32, 0, NULL},         {"generation", RR_NPY_I64, 0, NULL},
        {"split", RR_NPY_U8, 0, NULL},        {"meta", RR_NPY_U8, 0, NULL},
    };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof arrays / sizeof arrays[0]; i++) {
        rc = rr_npz_array(r->npz, arrays[i].name, arrays[i].type, arrays[i].dims, arrays[i].shape,
                          err);
    }
    if (rc == 0) {
        rc = rr_npz_append(r->npz, "policy_off", &zero, 1, err);
    }
    return rc != 0 ? rc : rr_npz_append(r->npz, "legal_off", &zero, 1, err);
}

int
rows_create(const char *path, const struct rr_game *game, const struct rr_variant *variant,
            const struct rows_conf *conf, struct rows **rows, struct rr_err *err)
{
    struct rows *r = calloc(1, sizeof *r);
    int rc;

    if (r == NULL) {
        return rr_err_set(err, -ENOMEM, "out of memory");
    }
    *r = (struct rows){.game = game, .v = variant, .conf = *conf};
    r->state = malloc(variant->state_bytes);
    r->image = malloc(variant->state_bytes);
    r->legal = calloc(variant->max_moves, sizeof *r->legal);
    r->index = calloc(variant->max_moves, sizeof *r->index);
    r->idx = calloc(variant->max_moves, sizeof *r->idx);
    r->val = calloc(variant->max_moves, sizeof *r->val);
    r->planes = malloc((size_t)variant->height * variant->width * variant->planes + 1);
    r->scalars = calloc(variant->scalars + 1u, sizeof *r->scalars);
    rc = quality_init(&r->quality, err);
    if (rc == 0 && (r->state == NULL || r->image == NULL || r->legal == NULL || r->index == NULL ||
                    r->idx == NULL || r->val == NULL || r->planes == NULL || r->scalars == NULL)) {
        rc = rr_err_set(err, -ENOMEM, "out of memory");
    }
    if (rc == 0) {
        rc = rr_npz_create(path, &r->npz, err);
    }
    if (rc == 0) {
        rc = declare(r, err);
    }
    if (rc != 0) {
        rows_abandon(r);
        return rc;
    }
    *rows = r;
    return 0;
}

static void
rows_free(struct rows *r)
{
    quality_fini(&r->quality);
    free(r->state);
    free(r->image);
    free(r->legal);
    free(r->index);
    free(r->idx);
    free(r->val);
    free(r->planes);
    free(r->scalars);
    free(r);
}

/* One ply that becomes a row. r->state is the position, r->legal its moves. */
struct pick {
    const struct rr_record *record;
    uint32_t number; /* of the ply */
    uint32_t mover;
    uint32_t moves; /* legal ones */
    uint8_t split;
    int64_t generation;
    uint64_t random;
};

/* Encode the position under a symmetry and fill index. */
static void
encode(struct rows *r, uint32_t count, uint64_t random)
{
    const struct rr_game *game = r->game;
    const struct rr_variant *v = r->v;
    const uint32_t sym =
        r->conf.symmetries && v->symmetries > 1 ? (uint32_t)(random % v->symmetries) : 0;
    const void *shown = r->image;

    if (sym == 0 ||
        rr_game_image(game, v, sym, r->state, r->legal, count, r->image, r->index) != 0) {
        shown = r->state; /* the identity, or a symmetry that the rules break here */
        for (uint32_t i = 0; i < count; i++) {
            r->index[i] = game->policy_index(v, r->state, r->legal[i]);
        }
    }
    game->encode(v, shown, r->planes, r->scalars);
}

static int
add_legal(struct rows *r, uint32_t count, struct rr_err *err)
{
    int rc;

    for (uint32_t i = 0; i < count; i++) {
        r->idx[i] = (int32_t)r->index[i];
    }
    r->legal_at += count;
    rc = rr_npz_append(r->npz, "legal_idx", r->idx, count, err);
    return rc != 0 ? rc : rr_npz_append(r->npz, "legal_off", &r->legal_at, 1, err);
}

/* The policy target, its moves found in the legal list by walking along both. */
static int
add_policy(struct rows *r, const struct rr_ply *ply, uint32_t count, struct rr_err *err)
{
    const uint32_t targets = rr_ply_is_sample(ply) ? ply->targets : 0;
    uint32_t kept = 0;
    uint32_t at = 0;
    int rc;

    for (uint32_t t = 0; t < targets; t++) {
        uint32_t tried = 0;

        while (tried < count && r->legal[at] != ply->target_moves[t]) {
            at = at + 1 < count ? at + 1 : 0;
            tried++;
        }
        if (tried == count || kept == count) {
            return rr_err_set(err, RR_E_CORRUPT, "a policy target is not a legal move");
        }
        if (ply->target_probs[t] > 0.0f) {
            r->idx[kept] = (int32_t)r->index[at];
            r->val[kept++] = ply->target_probs[t];
        }
    }
    r->policy_at += kept;
    r->counts.policy_rows += kept > 0;
    rc = rr_npz_append(r->npz, "policy_idx", r->idx, kept, err);
    rc = rc != 0 ? rc : rr_npz_append(r->npz, "policy_val", r->val, kept, err);
    return rc != 0 ? rc : rr_npz_append(r->npz, "policy_off", &r->policy_at, 1, err);
}

/*
 * What the net is to say of this position: the game's outcome, mixed with what the search thought
 * where there was one, seen from the seat to act. Values of searches are made to sum to 1 before.
 */
static void
value_target(const struct rows *r, const struct rr_record *record, const struct rr_ply *ply,
             uint32_t mover, float out[RR_GAME_MAX_SEATS])
{
    const uint32_t seats = r->v->seats;
    double sum = 0.0;
    double q;

    for (uint32_t s = 0; s < seats; s++) {
        sum += (double)ply->value[s];
    }
    q = ply->flags != 0 && sum > 0.0 ? r->conf.q_blend : 0.0;
    memset(out, 0, RR_GAME_MAX_SEATS * sizeof *out);
    for (uint32_t i = 0; i < seats; i++) {
        const uint32_t s = (mover + i) % seats;
        const double searched = sum > 0.0 ? (double)ply->value[s] / sum : 0.0;

        out[i] = (float)((1.0 - q) * (double)record->share[s] + q * searched);
    }
}

static int
add_row(struct rows *r, const struct pick *pick, struct rr_err *err)
{
    const struct rr_record *record = pick->record;
    const struct rr_ply *ply = &record->ply[pick->number];
    const int32_t number = (int32_t)pick->number;
    const float weight = pick->generation == 0 ? r->conf.random_weight : 1.0f;
    float value[RR_GAME_MAX_SEATS];
    struct rr_npz_writer *npz = r->npz;
    int rc;

    encode(r, pick->moves, pick->random);
    quality_row(&r->quality, pick->number, record->plies, r->state, r->v->state_bytes);
    value_target(r, record, ply, pick->mover, value);
    rc = rr_npz_append(npz, "features", r->planes, 1, err);
    rc = rc != 0 ? rc : rr_npz_append(npz, "globals", r->scalars, 1, err);
    rc = rc != 0 ? rc : rr_npz_append(npz, "value_rel", value, 1, err);
    rc = rc != 0 ? rc : add_legal(r, pick->moves, err);
    rc = rc != 0 ? rc : add_policy(r, ply, pick->moves, err);
    rc = rc != 0 ? rc : rr_npz_append(npz, "weight", &weight, 1, err);
    rc = rc != 0 ? rc : rr_npz_append(npz, "game_id", record->id, 1, err);
    rc = rc != 0 ? rc : rr_npz_append(npz, "ply", &number, 1, err);
    rc = rc != 0 ? rc : rr_npz_append(npz, "generation", &pick->generation, 1, err);
    rc = rc != 0 ? rc : rr_npz_append(npz, "split", &pick->split, 1, err);
    r->counts.rows++;
    r->counts.validation_rows += pick->split;
    return rc;
}

int
rows_game(struct rows *r, const struct rr_record *record, uint64_t generation, struct rr_err *err)
{
    const struct rr_game *game = r->game;
    const struct rr_variant *v = r->v;
    struct pick pick = {.record = record, .generation = (int64_t)generation};
    uint64_t id[2];
    int rc;

    memcpy(id, record->id, sizeof id);
    pick.split = unit(mix(id[0], id[1])) < r->conf.validation; /* the same in every export */
    rc = quality_game(&r->quality, record->share, v->seats, record->plies, generation > 0, err);
    game->init(v, record->init_options, r->state);
    for (uint32_t i = 0; rc == 0 && i < record->plies; i++) {
        const uint64_t random = mix(mix(id[0], r->conf.salt), i);
        const int32_t mover = game->mover(v, r->state);

        if (mover < 0) {
            return rr_err_set(err, RR_E_CORRUPT, "ply %u: the game was over before", i);
        }
        if (rr_ply_is_sample(&record->ply[i]) || unit(random) < r->conf.value_chance) {
            pick.number = i;
            pick.mover = (uint32_t)mover;
            pick.moves = game->legal(v, r->state, r->legal);
            pick.random = mix(random, 1);
            rc = add_row(r, &pick, err);
        }
        game->apply(v, r->state, record->ply[i].move);
    }
    r->counts.games++;
    if (record->finished_ms > r->counts.newest_ms) {
        r->counts.newest_ms = record->finished_ms;
    }
    return rc;
}

const struct rows_counts *
rows_counts(const struct rows *r)
{
    return &r->counts;
}

const struct quality *
rows_quality(const struct rows *r)
{
    return &r->quality;
}

int
rows_finish(struct rows *r, const char *meta, struct rr_err *err)
{
    int rc = rr_npz_append(r->npz, "meta", meta, strlen(meta), err);

    if (rc != 0) {
        rows_abandon(r);
        return rc;
    }
    rc = rr_npz_finish(r->npz, err);
    rows_free(r);
    return rc;
}

void
rows_abandon(struct rows *r)
{
    if (r != NULL) {
        rr_npz_abandon(r->npz);
        rows_free(r);
    }
}
