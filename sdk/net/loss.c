/* SPDX-License-Identifier: MIT */
/*
 * loss.c - the losses of a policy and a value head, and their derivatives by the logits.
 *
 * Both are cross-entropies against a softmax; that of the policy is over the legal indices alone,
 * so that no logit of an illegal move is ever trained or counted.
 */
#include "sdk/net/loss.h"

#include <math.h>
#include <string.h>

static int
check_span(const struct rr_batch *b, const int64_t *off, uint32_t i, const char *what,
           struct rr_err *err)
{
    if (off[i] < 0 || off[i + 1] < off[i] || (i == 0 && off[0] != 0)) {
        return rr_err_set(err, RR_E_INPUT, "training batch: sample %u of %u: %s offsets %lld..%lld",
                          i, b->n, what, (long long)off[i], (long long)off[i + 1]);
    }
    return 0;
}

/* Mark the legal indices of sample i with its number, and look every target up. */
static int
check_policy(const struct loss_shape *s, const struct rr_batch *b, uint32_t i, uint32_t *marks,
             struct rr_err *err)
{
    int rc = check_span(b, b->legal_off, i, "legal", err);

    rc = rc ? rc : check_span(b, b->policy_off, i, "policy", err);
    for (int64_t k = rc ? INT64_MAX : b->legal_off[i]; k < b->legal_off[i + 1]; k++) {
        const int32_t at = b->legal_idx[k];

        if (at < 0 || (size_t)at >= s->policy || marks[at] == i + 1) {
            return rr_err_set(err, RR_E_INPUT,
                              "training batch: sample %u: legal index %d is out of range or twice",
                              i, at);
        }
        marks[at] = i + 1;
    }
    for (int64_t k = rc ? INT64_MAX : b->policy_off[i]; k < b->policy_off[i + 1]; k++) {
        const int32_t at = b->policy_idx[k];

        if (at < 0 || (size_t)at >= s->policy || marks[at] != i + 1) {
            return rr_err_set(err, RR_E_INPUT, "training batch: sample %u: target %d is not legal",
                              i, at);
        }
        if (!(b->policy_val[k] >= 0.0f && b->policy_val[k] <= 1.001f)) {
            return rr_err_set(err, RR_E_INPUT, "training batch: sample %u: target %g", i,
                              (double)b->policy_val[k]);
        }
    }
    return rc;
}

int
loss_check(const struct loss_shape *shape, const struct rr_batch *batch, uint32_t *marks,
           struct rr_err *err)
{
    int rc = 0;

    memset(marks, 0, shape->policy * sizeof *marks);
    for (uint32_t i = 0; i < batch->n && rc == 0; i++) {
        rc = check_policy(shape, batch, i, marks, err);
        for (size_t r = 0; r < shape->seats && rc == 0; r++) {
            const float share = batch->value[i * shape->seats + r];

            if (!(share >= 0.0f && share <= 1.001f)) {
                rc = rr_err_set(err, RR_E_INPUT, "training batch: sample %u: share %g", i,
                                (double)share);
            }
        }
        if (rc == 0 && batch->weight != NULL &&
            !(batch->weight[i] >= 0.0f && isfinite(batch->weight[i]))) {
            rc = rr_err_set(err, RR_E_INPUT, "training batch: sample %u: weight %g", i,
                            (double)batch->weight[i]);
        }
    }
    return rc;
}

static double
weight_of(const struct rr_batch *b, uint32_t i)
{
    return b->weight == NULL ? 1.0 : (double)b->weight[i];
}

static bool
has_policy(const struct rr_batch *b, uint32_t i)
{
    return b->policy_off[i + 1] > b->policy_off[i];
}

/* Cross-entropy of one sample; its gradient, times scale, where grad is not NULL. */
static double
policy_row(const struct rr_batch *b, uint32_t i, const float *z, float scale, float *grad,
           double *entropy)
{
    const int64_t begin = b->legal_off[i], end = b->legal_off[i + 1];
    double top = -INFINITY, sum = 0, log_sum, cross = 0, mass = 0;

    for (int64_t k = begin; k < end; k++) {
        top = fmax(top, (double)z[b->legal_idx[k]]);
    }
    for (int64_t k = begin; k < end; k++) {
        sum += exp((double)z[b->legal_idx[k]] - top);
    }
    log_sum = top + log(sum);
    for (int64_t k = b->policy_off[i]; k < b->policy_off[i + 1]; k++) {
        const double p = (double)b->policy_val[k];

        cross += p * (log_sum - (double)z[b->policy_idx[k]]);
        *entropy -= p > 0 ? p * log(p) : 0;
        mass += p;
    }
    for (int64_t k = begin; k < end && grad != NULL; k++) {
        const int32_t at = b->legal_idx[k];

        grad[at] = scale * (float)(mass * exp((double)z[at] - log_sum));
    }
    for (int64_t k = b->policy_off[i]; k < b->policy_off[i + 1] && grad != NULL; k++) {
        grad[b->policy_idx[k]] -= scale * b->policy_val[k];
    }
    return cross;
}

static double
value_row(const float *share, const float *z, size_t seats, float scale, float *grad)
{
    double top = -INFINITY, sum = 0, log_sum, cross = 0, mass = 0;

    for (size_t r = 0; r < seats; r++) {
        top = fmax(top, (double)z[r]);
    }
    for (size_t r = 0; r < seats; r++) {
        sum += exp((double)z[r] - top);
    }
    log_sum = top + log(sum);
    for (size_t r = 0; r < seats; r++) {
        cross += (double)share[r] * (log_sum - (double)z[r]);
        mass += (double)share[r];
    }
    for (size_t r = 0; r < seats && grad != NULL; r++) {
        grad[r] = scale * (float)(mass * exp((double)z[r] - log_sum) - (double)share[r]);
    }
    return cross;
}

void
loss_compute(const struct loss_shape *shape, const struct loss_conf *conf,
             const struct rr_batch *batch, const float *policy, const float *value,
             struct rr_loss *loss)
{
    const size_t seats = shape->seats;
    double policy_mass = 0, value_mass = 0;

    memset(loss, 0, sizeof *loss);
    for (uint32_t i = 0; i < batch->n; i++) {
        value_mass += weight_of(batch, i);
        policy_mass += has_policy(batch, i) ? weight_of(batch, i) : 0;
    }
    /* A batch without a target, or without weight, has no mean: its losses are 0. */
    policy_mass = policy_mass > 0 ? 1.0 / policy_mass : 0;
    value_mass = value_mass > 0 ? 1.0 / value_mass : 0;
    for (uint32_t i = 0; i < batch->n; i++) {
        const double wp = weight_of(batch, i) * policy_mass;
        const double wv = weight_of(batch, i) * value_mass;
        float *pg = conf->policy_grad == NULL ? NULL : conf->policy_grad + i * shape->policy;
        float *vg = conf->value_grad == NULL ? NULL : conf->value_grad + i * seats;
        double entropy = 0;

        if (pg != NULL) {
            memset(pg, 0, shape->policy * sizeof *pg);
        }
        if (has_policy(batch, i)) {
            loss->policy += wp * policy_row(batch, i, policy + i * shape->policy,
                                            (float)(conf->policy_weight * wp), pg, &entropy);
            loss->policy_entropy += wp * entropy;
        }
        loss->value += wv * value_row(batch->value + i * seats, value + i * seats, seats,
                                      (float)(conf->value_weight * wv), vg);
    }
    loss->total = conf->policy_weight * loss->policy + conf->value_weight * loss->value;
}
