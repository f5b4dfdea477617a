/* SPDX-License-Identifier: MIT */
/*
 * models.c - the models that self-play uses, verified once and kept between events.
 */
#include "models.h"

#include <rr/artifact.h>

#include <string.h>

int
models_get(struct models *models, struct rr_ctx *ctx, const char *name, const char *sha256,
           const char *layout, const struct rr_net **net, struct rr_err *err)
{
    char path[RR_ARTIFACT_PATH_MAX];
    int oldest = 0;

    for (int i = 0; i < MODELS_KEPT; i++) {
        if (models->kept[i].net != NULL && strcmp(models->kept[i].sha256, sha256) == 0) {
            models->kept[i].used = ++models->clock;
            *net = models->kept[i].net;
            return 0;
        }
        oldest = models->kept[i].used < models->kept[oldest].used ? i : oldest;
    }
    int rc = rr_artifact_check(ctx, name, sha256, path, NULL, err);
    if (rc != 0) {
        return rc;
    }
    struct rr_net *loaded;
    rc = rr_model_load(path, layout, &loaded, err);
    if (rc != 0) {
        return rc;
    }
    rr_net_free(models->kept[oldest].net);
    models->kept[oldest].net = loaded;
    (void)snprintf(models->kept[oldest].sha256, sizeof models->kept[oldest].sha256, "%s", sha256);
    models->kept[oldest].used = ++models->clock;
    *net = loaded;
    return 0;
}

void
models_fini(struct models *models)
{
    for (int i = 0; i < MODELS_KEPT; i++) {
        rr_net_free(models->kept[i].net);
    }
    *models = (struct models){0};
}
