/* SPDX-License-Identifier: MIT */
/*
 * samples.c - the samples of an NPZ file, checked once, and batches picked from them.
 *
 * Owns: the opened file and the lists of sample numbers by split.
 * Does not: shuffle (order.c), or know what a net is beyond its shapes.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include <jansson.h>

#include <rr/npz.h>

#include "train_int.h"

#define VALUE_COLUMNS 4 /* of value_rel, for any number of seats */
#define SUM_ERROR 0.01  /* targets are stored with 16 bits and then scaled: far below this */

struct csr {
    const int64_t *off;
    const int32_t *idx;
    uint64_t entries;
};

struct rr_samples {
    struct rr_npz *npz;
    struct rr_net_io io;
    uint64_t total;
    size_t planes_bytes; /* of one sample */
    const uint8_t *planes;
    const float *scalars;
    const float *value;
    const float *weight;
    const uint8_t *split;
    struct csr policy;
    const float *policy_val;
    struct csr legal;
    uint64_t count[2];
    uint64_t *member[2]; /* numbers of the samples of each split */
};

/* An array of a type whose dimensions after the first are row[0 .. dims - 2]. */
static int
take(const struct rr_samples *s, const char *name, uint32_t type, uint32_t dims,
     const uint64_t *row, const struct rr_npy **array, struct rr_err *err)
{
    const struct rr_npy *found = rr_npz_get(s->npz, name);

    if (found == NULL) {
        return rr_err_set(err, RR_E_CORRUPT, "array \"%s\" is missing", name);
    }
    if (found->type != type || found->dims != dims) {
        return rr_err_set(err, RR_E_CORRUPT,
                          "array \"%s\" has type %u and %u dimensions, not %u and %u", name,
                          found->type, found->dims, type, dims);
    }
    for (uint32_t d = 1; d < dims; d++) {
        if (found->shape[d] != row[d - 1]) {
            return rr_err_set(err, RR_E_MISMATCH,
                              "array \"%s\": dimension %u is %" PRIu64 ", the net has %" PRIu64,
                              name, d, found->shape[d], row[d - 1]);
        }
    }
    *array = found;
    return 0;
}

/* One row for each sample. */
static int
take_rows(const struct rr_samples *s, const char *name, uint32_t type, uint32_t dims,
          const uint64_t *row, uint64_t rows, const void **data, struct rr_err *err)
{
    const struct rr_npy *array = NULL;
    const int rc = take(s, name, type, dims, row, &array, err);

    if (rc != 0) {
        return rc;
    }
    if (array->shape[0] != rows) {
        return rr_err_set(err, RR_E_CORRUPT, "array \"%s\" has %" PRIu64 " rows, not %" PRIu64,
                          name, array->shape[0], rows);
    }
    *data = array->data;
    return 0;
}

static int
take_csr(const struct rr_samples *s, const char *off_name, const char *idx_name, struct csr *csr,
         struct rr_err *err)
{
    const struct rr_npy *idx = NULL;
    const void *off = NULL;
    int rc = take_rows(s, off_name, RR_NPY_I64, 1, NULL, s->total + 1, &off, err);

    if (rc == 0) {
        rc = take(s, idx_name, RR_NPY_I32, 1, NULL, &idx, err);
    }
    if (rc != 0) {
        return rc;
    }
    csr->off = off;
    csr->idx = idx->data;
    csr->entries = idx->shape[0];
    if (csr->off[0] != 0 || csr->off[s->total] != (int64_t)csr->entries) {
        return rr_err_set(err, RR_E_CORRUPT, "array \"%s\" does not span \"%s\"", off_name,
                          idx_name);
    }
    for (uint64_t i = 0; i < s->total; i++) {
        if (csr->off[i] > csr->off[i + 1]) {
            return rr_err_set(err, RR_E_CORRUPT, "array \"%s\" falls at sample %" PRIu64, off_name,
                              i);
        }
    }
    return 0;
}

static int
check_layout(const struct rr_samples *s, const char *layout, struct rr_err *err)
{
    const struct rr_npy *meta = rr_npz_get(s->npz, "meta");
    json_error_t why;
    json_t *root;
    int rc = 0;

    if (meta == NULL || meta->type != RR_NPY_U8 || meta->dims != 1) {
        return rr_err_set(err, RR_E_CORRUPT, "array \"meta\" is missing");
    }
    root = json_loadb(meta->data, meta->bytes, JSON_REJECT_DUPLICATES, &why);
    if (root == NULL) {
        return rr_err_set(err, RR_E_CORRUPT, "array \"meta\": %s", why.text);
    }

    const char *found = json_string_value(json_object_get(root, "layout"));
    if (found == NULL) {
        rc = rr_err_set(err, RR_E_CORRUPT, "array \"meta\" names no layout");
    } else if (strcmp(found, layout) != 0) {
        rc = rr_err_set(err, RR_E_MISMATCH,
                        "samples have layout %.60s, the game has %.60s: export them again", found,
                        layout);
    }
    json_decref(root);
    return rc;
}

static int
take_all(struct rr_samples *s, struct rr_err *err)
{
    const uint64_t cell_row[] = {s->io.height, s->io.width, s->io.planes};
    const uint64_t scalar_row[] = {s->io.scalars};
    const uint64_t value_row[] = {VALUE_COLUMNS};
    const struct rr_npy *features = NULL;
    const void *data = NULL;
    int rc = take(s, "features", RR_NPY_U8, 4, cell_row, &features, err);

    if (rc != 0) {
        return rc;
    }
    s->total = features->shape[0];
    s->planes = features->data;
    s->planes_bytes = (size_t)s->io.height * s->io.width * s->io.planes;
    rc = take_rows(s, "globals", RR_NPY_F32, 2, scalar_row, s->total, &data, err);
    s->scalars = data;
    if (rc == 0) {
        rc = take_rows(s, "value_rel", RR_NPY_F32, 2, value_row, s->total, &data, err);
        s->value = data;
    }
    if (rc == 0) {
        rc = take_rows(s, "weight", RR_NPY_F32, 1, NULL, s->total, &data, err);
        s->weight = data;
    }
    if (rc == 0) {
        rc = take_rows(s, "split", RR_NPY_U8, 1, NULL, s->total, &data, err);
        s->split = data;
    }
    if (rc == 0) {
        rc = take_csr(s, "policy_off", "policy_idx", &s->policy, err);
    }
    if (rc == 0) {
        rc = take_rows(s, "policy_val", RR_NPY_F32, 1, NULL, s->policy.entries, &data, err);
        s->policy_val = data;
    }
    if (rc == 0) {
        rc = take_csr(s, "legal_off", "legal_idx", &s->legal, err);
    }
    return rc;
}

static int
check_numbers(const struct rr_samples *s, uint64_t i, struct rr_err *err)
{
    const float *value = s->value + i * VALUE_COLUMNS;
    double sum = 0;

    for (uint32_t k = 0; k < s->io.scalars; k++) {
        if (!isfinite(s->scalars[i * s->io.scalars + k])) {
            return rr_err_set(err, RR_E_CORRUPT, "sample %" PRIu64 ": scalar %u is not finite", i,
                              k);
        }
    }
    for (uint32_t k = 0; k < VALUE_COLUMNS; k++) {
        if (!(value[k] >= 0) || !(value[k] <= 1) || (k >= s->io.seats && value[k] > 0)) {
            return rr_err_set(err, RR_E_CORRUPT, "sample %" PRIu64 ": value of seat %u is %g", i, k,
                              (double)value[k]);
        }
        sum += (double)value[k];
    }
    if (fabs(sum - 1) > SUM_ERROR) {
        return rr_err_set(err, RR_E_CORRUPT, "sample %" PRIu64 ": values add up to %g, not 1", i,
                          sum);
    }
    if (!isfinite(s->weight[i]) || s->weight[i] < 0 || s->split[i] > RR_SPLIT_VALIDATION) {
        return rr_err_set(err, RR_E_CORRUPT, "sample %" PRIu64 ": weight %g, split %u", i,
                          (double)s->weight[i], s->split[i]);
    }
    return 0;
}

/* seen[index] = i + 1 marks what is legal in sample i. */
static int
check_policy(const struct rr_samples *s, uint64_t i, uint64_t *seen, uint64_t size,
             struct rr_err *err)
{
    double sum = 0;

    for (int64_t k = s->legal.off[i]; k < s->legal.off[i + 1]; k++) {
        const int32_t index = s->legal.idx[k];
        if (index < 0 || (uint64_t)index >= size || seen[index] == i + 1) {
            return rr_err_set(err, RR_E_CORRUPT,
                              "sample %" PRIu64 ": legal index %d is outside 0 .. %" PRIu64
                              " or there twice",
                              i, index, size - 1);
        }
        seen[index] = i + 1;
    }
    for (int64_t k = s->policy.off[i]; k < s->policy.off[i + 1]; k++) {
        const int32_t index = s->policy.idx[k];
        if (index < 0 || (uint64_t)index >= size || seen[index] != i + 1) {
            return rr_err_set(err, RR_E_CORRUPT, "sample %" PRIu64 ": policy index %d is not legal",
                              i, index);
        }
        if (!(s->policy_val[k] >= 0)) {
            return rr_err_set(err, RR_E_CORRUPT, "sample %" PRIu64 ": policy value %g", i,
                              (double)s->policy_val[k]);
        }
        sum += (double)s->policy_val[k];
    }
    if (s->policy.off[i] < s->policy.off[i + 1] && !(fabs(sum - 1) <= SUM_ERROR)) {
        return rr_err_set(err, RR_E_CORRUPT, "sample %" PRIu64 ": policy adds up to %g, not 1", i,
                          sum);
    }
    return 0;
}

static int
check_samples(const struct rr_samples *s, struct rr_err *err)
{
    const uint64_t size =
        (uint64_t)s->io.height * s->io.width * s->io.policy_planes + s->io.policy_scalars;
    uint64_t *seen = calloc(size, sizeof *seen);
    int rc = 0;

    if (seen == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory to check %" PRIu64 " policy indices", size);
    }
    for (uint64_t i = 0; i < s->total && rc == 0; i++) {
        rc = check_numbers(s, i, err);
        if (rc == 0) {
            rc = check_policy(s, i, seen, size, err);
        }
    }
    free(seen);
    return rc;
}

static int
make_splits(struct rr_samples *s, struct rr_err *err)
{
    for (int split = 0; split < 2; split++) {
        s->member[split] = calloc(s->total + 1, sizeof *s->member[split]);
        if (s->member[split] == NULL) {
            return rr_err_set(err, -ENOMEM, "no memory for %" PRIu64 " samples", s->total);
        }
    }
    for (uint64_t i = 0; i < s->total; i++) {
        const uint8_t split = s->split[i];
        s->member[split][s->count[split]++] = i;
    }
    if (s->count[RR_SPLIT_TRAIN] == 0) {
        return rr_err_set(err, RR_E_EMPTY, "there are no samples to train on");
    }
    return 0;
}

int
rr_samples_open(const char *path, const struct rr_net_io *io, const char *layout,
                struct rr_samples **samples, struct rr_err *err)
{
    struct rr_samples *s = calloc(1, sizeof *s);
    int rc;

    if (s == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory to read %s", path);
    }
    s->io = *io;
    rc = rr_npz_open(path, &s->npz, err);
    if (rc != 0) {
        free(s);
        return rc;
    }
    rc = check_layout(s, layout, err);
    if (rc == 0) {
        rc = take_all(s, err);
    }
    if (rc == 0) {
        rc = check_samples(s, err);
    }
    if (rc == 0) {
        rc = make_splits(s, err);
    }
    if (rc != 0) {
        (void)rr_err_wrap(err, "%s", path);
        rr_samples_close(s);
        return rc;
    }
    *samples = s;
    return 0;
}

void
rr_samples_close(struct rr_samples *samples)
{
    if (samples == NULL) {
        return;
    }
    free(samples->member[0]);
    free(samples->member[1]);
    rr_npz_close(samples->npz);
    free(samples);
}

uint64_t
rr_samples_count(const struct rr_samples *samples, uint32_t split)
{
    return samples->count[split];
}

int
samples_batch_init(struct samples_batch *batch, const struct rr_samples *samples, uint32_t capacity,
                   struct rr_err *err)
{
    const size_t n = capacity;

    *batch = (struct samples_batch){.capacity = capacity};
    batch->planes = calloc(n, samples->planes_bytes);
    batch->scalars = calloc(n * samples->io.scalars + 1, sizeof(float));
    batch->value = calloc(n * samples->io.seats, sizeof(float));
    batch->weight = calloc(n, sizeof(float));
    batch->policy_off = calloc(n + 1, sizeof(int64_t));
    batch->legal_off = calloc(n + 1, sizeof(int64_t));
    if (batch->planes == NULL || batch->scalars == NULL || batch->value == NULL ||
        batch->weight == NULL || batch->policy_off == NULL || batch->legal_off == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory for a batch of %u samples", capacity);
    }
    return 0;
}

void
samples_batch_fini(struct samples_batch *batch)
{
    free(batch->planes);
    free(batch->scalars);
    free(batch->value);
    free(batch->weight);
    free(batch->policy_off);
    free(batch->legal_off);
    free(batch->policy_idx);
    free(batch->policy_val);
    free(batch->legal_idx);
    *batch = (struct samples_batch){0};
}

static int
reserve(struct samples_batch *batch, size_t policy, size_t legal, struct rr_err *err)
{
    if (policy > batch->policy_capacity || batch->policy_idx == NULL) {
        const size_t capacity = 2 * policy + 1;
        free(batch->policy_idx);
        free(batch->policy_val);
        batch->policy_idx = calloc(capacity, sizeof(int32_t));
        batch->policy_val = calloc(capacity, sizeof(float));
        batch->policy_capacity = capacity;
    }
    if (legal > batch->legal_capacity || batch->legal_idx == NULL) {
        const size_t capacity = 2 * legal + 1;
        free(batch->legal_idx);
        batch->legal_idx = calloc(capacity, sizeof(int32_t));
        batch->legal_capacity = capacity;
    }
    if (batch->policy_idx == NULL || batch->policy_val == NULL || batch->legal_idx == NULL) {
        batch->policy_capacity = 0;
        batch->legal_capacity = 0;
        return rr_err_set(err, -ENOMEM, "no memory for %zu moves of a batch", policy + legal);
    }
    return 0;
}

static size_t
row_length(const struct csr *csr, uint64_t i)
{
    return (size_t)(csr->off[i + 1] - csr->off[i]);
}

/* An array without entries may have no memory at all. */
static void
copy(void *to, const void *from, size_t bytes)
{
    if (bytes > 0) {
        memcpy(to, from, bytes);
    }
}

static void
copy_sample(const struct rr_samples *s, uint64_t i, uint32_t row, struct samples_batch *batch)
{
    const size_t policy = row_length(&s->policy, i);
    const size_t legal = row_length(&s->legal, i);
    const int64_t policy_at = batch->policy_off[row];
    const int64_t legal_at = batch->legal_off[row];
    const size_t scalars = s->io.scalars;
    const size_t seats = s->io.seats;

    copy(batch->planes + row * s->planes_bytes, s->planes + i * s->planes_bytes, s->planes_bytes);
    copy(batch->scalars + row * scalars, s->scalars + i * scalars, scalars * sizeof(float));
    copy(batch->value + row * seats, s->value + i * VALUE_COLUMNS, seats * sizeof(float));
    batch->weight[row] = s->weight[i];
    copy(batch->policy_idx + policy_at, s->policy.idx + s->policy.off[i], policy * sizeof(int32_t));
    copy(batch->policy_val + policy_at, s->policy_val + s->policy.off[i], policy * sizeof(float));
    copy(batch->legal_idx + legal_at, s->legal.idx + s->legal.off[i], legal * sizeof(int32_t));
    batch->policy_off[row + 1] = policy_at + (int64_t)policy;
    batch->legal_off[row + 1] = legal_at + (int64_t)legal;
}

int
samples_gather(const struct rr_samples *samples, uint32_t split, const uint64_t *picked, uint32_t n,
               struct samples_batch *batch, struct rr_err *err)
{
    size_t policy = 0;
    size_t legal = 0;
    int rc;

    for (uint32_t row = 0; row < n; row++) {
        const uint64_t i = samples->member[split][picked[row]];
        policy += row_length(&samples->policy, i);
        legal += row_length(&samples->legal, i);
    }
    rc = reserve(batch, policy, legal, err);
    if (rc != 0) {
        return rc;
    }
    for (uint32_t row = 0; row < n; row++) {
        copy_sample(samples, samples->member[split][picked[row]], row, batch);
    }
    batch->batch = (struct rr_batch){
        .n = n,
        .planes = batch->planes,
        .scalars = batch->scalars,
        .policy_off = batch->policy_off,
        .policy_idx = batch->policy_idx,
        .policy_val = batch->policy_val,
        .legal_off = batch->legal_off,
        .legal_idx = batch->legal_idx,
        .value = batch->value,
        .weight = batch->weight,
    };
    return 0;
}

void
samples_mass(const struct rr_batch *batch, double *policy, double *value)
{
    *policy = 0;
    *value = 0;
    for (uint32_t i = 0; i < batch->n; i++) {
        const double weight = batch->weight == NULL ? 1 : (double)batch->weight[i];
        *value += weight;
        *policy += batch->policy_off[i + 1] > batch->policy_off[i] ? weight : 0;
    }
}
