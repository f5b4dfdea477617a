/* SPDX-License-Identifier: MIT */
/*
 * team.h - plans that share the samples of a training batch, one for each thread.
 *
 * Threads meet only at the ends of the ways forward and back. (The library can split a single
 * convolution among threads as well, but then they meet thousands of times a step by spinning,
 * and a step takes a hundred times as long as soon as another program wants one of the cores.)
 */
#ifndef RR_NET_TEAM_H
#define RR_NET_TEAM_H

#include "sdk/net/plan.h"

struct team;

/* params must outlive the team; team_refresh() must follow every change of them. */
int team_new(const struct graph *graph, float *params, uint32_t batch, uint32_t dtype,
             uint32_t threads, struct team **team, struct rr_err *err);
void team_free(struct team *team);

const char *team_kind(const struct team *team);

/* Rows that arrays of logits and their gradients need: the batch, rounded up. Rows of gradients
 * beyond the batch must be 0. */
uint32_t team_rows(const struct team *team);

int team_refresh(struct team *team, struct rr_err *err);
int team_forward(struct team *team, uint32_t n, const uint8_t *planes, const float *scalars,
                 float *policy, float *value, struct rr_err *err);

/* After team_forward() of a whole batch; *grads is borrowed until the next call. */
int team_backward(struct team *team, const float *policy, const float *value, const float **grads,
                  struct rr_err *err);

#endif
