/* SPDX-License-Identifier: MIT */
/*
 * models.h - the models that self-play uses, verified once and kept between events.
 */
#ifndef SELFPLAY_MODELS_H
#define SELFPLAY_MODELS_H

#include <rr/digest.h>
#include <rr/err.h>
#include <rr/host.h>
#include <rr/net.h>

#include <stdint.h>

/* Two configurations in turn find their nets again; more would only hold memory. */
#define MODELS_KEPT 2

struct models {
    struct {
        char sha256[RR_SHA256_HEX];
        struct rr_net *net;
        uint64_t used; /* clock of the last use */
    } kept[MODELS_KEPT];
    uint64_t clock;
};

/*
 * Get the model in the file that an event names, relative to the data directory, whose hash must be
 * sha256 and whose layout must be `layout`. The net is borrowed until the next call.
 *
 * Returns 0; RR_E_CORRUPT or RR_E_MISMATCH when it is another file or another layout than was
 * named; or what reading it gave. There is no other model to fall back on.
 */
int models_get(struct models *models, struct rr_ctx *ctx, const char *name, const char *sha256,
               const char *layout, const struct rr_net **net, struct rr_err *err);

void models_fini(struct models *models);

#endif
