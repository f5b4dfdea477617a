/* SPDX-License-Identifier: MIT */
/*
 * toy_samples.h - NPZ files of samples whose targets are easy to learn, for tests of training.
 *
 * The board is 4 x 4; exactly one cell of plane 0 is set, and the policy target is that cell. The
 * first scalar is +1 or -1, and says whether the seat to act wins.
 */
#ifndef TESTS_KIT_TOY_SAMPLES_H
#define TESTS_KIT_TOY_SAMPLES_H

#include <rr/net.h>
#include <rr/npz.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TOY_LAYOUT "toy/1/toy_2p"
#define TOY_CELLS 16
#define TOY_PLANES 3
#define TOY_SCALARS 2
#define TOY_POLICY (TOY_CELLS + 1)
#define TOY_EARLY 150 /* so many samples of TOY_EARLY_POLICIES have policy targets */

static const struct rr_net_io toy_io = {.height = 4,
                                        .width = 4,
                                        .planes = TOY_PLANES,
                                        .scalars = TOY_SCALARS,
                                        .policy_planes = 1,
                                        .policy_scalars = 1,
                                        .seats = 2};

/* What is wrong with the file. */
enum toy_fault {
    TOY_GOOD,
    TOY_POLICY_NOT_LEGAL,
    TOY_POLICY_SUM,
    TOY_VALUE_SUM,
    TOY_NOT_FINITE,
    TOY_LEGAL_RANGE,
    TOY_NO_TRAINING,
    TOY_NO_SPLIT_ARRAY,
    TOY_OTHER_PLANES,
    TOY_EMPTY_POLICIES, /* no fault: random games have no policy targets */
    TOY_EARLY_POLICIES, /* no fault: only the first samples have policy targets */
};

struct toy_row {
    uint8_t planes[TOY_CELLS * (TOY_PLANES + 1)];
    float scalars[TOY_SCALARS];
    float value[4];
    int32_t policy_idx;
    float policy_val;
    int32_t legal[TOY_POLICY];
    float weight;
    uint8_t split;
};

static inline struct toy_row
toy_row(uint32_t i, enum toy_fault fault, bool is_last, uint32_t planes)
{
    const uint32_t cell = (i * 7 + i / 16) % TOY_CELLS;
    const bool wins = (i * 5 / 3) % 2 == 0;
    struct toy_row row = {.weight = 1, .split = i % 10 == 0 ? 1 : 0};

    row.planes[cell * planes] = 255;
    for (uint32_t c = 0; c < TOY_CELLS; c++) {
        row.planes[c * planes + 1] = (uint8_t)(i * 31 + c * 17);
        row.planes[c * planes + 2] = 128;
    }
    row.scalars[0] = wins ? 1 : -1;
    row.scalars[1] = 0.25f;
    row.value[wins ? 0 : 1] = 1;
    row.policy_idx = (int32_t)cell;
    row.policy_val = 1;
    for (int32_t k = 0; k < TOY_POLICY; k++) {
        row.legal[k] = k;
    }
    if (is_last && fault == TOY_POLICY_NOT_LEGAL) {
        row.policy_idx = TOY_POLICY;
    } else if (is_last && fault == TOY_POLICY_SUM) {
        row.policy_val = 0.5f;
    } else if (is_last && fault == TOY_VALUE_SUM) {
        row.value[wins ? 1 : 0] = 0.5f;
    } else if (is_last && fault == TOY_NOT_FINITE) {
        memset(&row.scalars[1], 0xff, sizeof row.scalars[1]);
    } else if (is_last && fault == TOY_LEGAL_RANGE) {
        row.legal[3] = -1;
    } else if (fault == TOY_NO_TRAINING) {
        row.split = 1;
    }
    return row;
}

static inline int
toy_array(struct rr_npz_writer *w, const char *name, uint32_t type, uint32_t dims, uint64_t a,
          uint64_t b, uint64_t c, struct rr_err *err)
{
    const uint64_t shape[3] = {a, b, c};

    return rr_npz_array(w, name, type, dims, shape, err);
}

static inline int
toy_declare(struct rr_npz_writer *w, enum toy_fault fault, uint32_t planes, struct rr_err *err)
{
    int rc = toy_array(w, "features", RR_NPY_U8, 3, 4, 4, planes, err);

    rc |= toy_array(w, "globals", RR_NPY_F32, 1, TOY_SCALARS, 0, 0, err);
    rc |= toy_array(w, "value_rel", RR_NPY_F32, 1, 4, 0, 0, err);
    rc |= toy_array(w, "policy_off", RR_NPY_I64, 0, 0, 0, 0, err);
    rc |= toy_array(w, "policy_idx", RR_NPY_I32, 0, 0, 0, 0, err);
    rc |= toy_array(w, "policy_val", RR_NPY_F32, 0, 0, 0, 0, err);
    rc |= toy_array(w, "legal_off", RR_NPY_I64, 0, 0, 0, 0, err);
    rc |= toy_array(w, "legal_idx", RR_NPY_I32, 0, 0, 0, 0, err);
    rc |= toy_array(w, "weight", RR_NPY_F32, 0, 0, 0, 0, err);
    if (fault != TOY_NO_SPLIT_ARRAY) {
        rc |= toy_array(w, "split", RR_NPY_U8, 0, 0, 0, 0, err);
    }
    rc |= toy_array(w, "meta", RR_NPY_U8, 0, 0, 0, 0, err);
    return rc;
}

/* Policy targets of the samples before sample i. */
static inline int64_t
toy_policies(enum toy_fault fault, uint32_t i)
{
    if (fault == TOY_EMPTY_POLICIES) {
        return 0;
    }
    return fault == TOY_EARLY_POLICIES && i > TOY_EARLY ? TOY_EARLY : i;
}

static inline int
toy_append(struct rr_npz_writer *w, const struct toy_row *row, enum toy_fault fault, uint32_t i,
           struct rr_err *err)
{
    const int64_t policy_off = toy_policies(fault, i);
    const int64_t legal_off = (int64_t)i * TOY_POLICY;
    int rc = rr_npz_append(w, "features", row->planes, 1, err);

    rc |= rr_npz_append(w, "globals", row->scalars, 1, err);
    rc |= rr_npz_append(w, "value_rel", row->value, 1, err);
    rc |= rr_npz_append(w, "policy_off", &policy_off, 1, err);
    if (toy_policies(fault, i + 1) > policy_off) {
        rc |= rr_npz_append(w, "policy_idx", &row->policy_idx, 1, err);
        rc |= rr_npz_append(w, "policy_val", &row->policy_val, 1, err);
    }
    rc |= rr_npz_append(w, "legal_off", &legal_off, 1, err);
    rc |= rr_npz_append(w, "legal_idx", row->legal, TOY_POLICY, err);
    rc |= rr_npz_append(w, "weight", &row->weight, 1, err);
    if (fault != TOY_NO_SPLIT_ARRAY) {
        rc |= rr_npz_append(w, "split", &row->split, 1, err);
    }
    return rc;
}

/* Write n samples, of which every tenth is for validation. Returns 0, or not. */
static inline int
toy_write(const char *path, uint32_t n, enum toy_fault fault, struct rr_err *err)
{
    const uint32_t planes = fault == TOY_OTHER_PLANES ? TOY_PLANES + 1 : TOY_PLANES;
    const char meta[] = "{\"version\":3,\"layout\":\"" TOY_LAYOUT "\"}";
    struct rr_npz_writer *w = NULL;
    int64_t policy_end;
    int64_t legal_end;
    int rc = rr_npz_create(path, &w, err);

    if (rc != 0) {
        return rc;
    }
    rc = toy_declare(w, fault, planes, err);
    for (uint32_t i = 0; i < n && rc == 0; i++) {
        const struct toy_row row = toy_row(i, fault, i + 1 == n, planes);
        rc = toy_append(w, &row, fault, i, err);
    }
    policy_end = toy_policies(fault, n);
    legal_end = (int64_t)n * TOY_POLICY;
    rc = rc != 0 ? rc : rr_npz_append(w, "policy_off", &policy_end, 1, err);
    rc = rc != 0 ? rc : rr_npz_append(w, "legal_off", &legal_end, 1, err);
    rc = rc != 0 ? rc : rr_npz_append(w, "meta", meta, sizeof meta - 1, err);
    if (rc != 0) {
        rr_npz_abandon(w);
        return rc;
    }
    return rr_npz_finish(w, err);
}

#endif
