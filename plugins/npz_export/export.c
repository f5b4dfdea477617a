/* SPDX-License-Identifier: MIT */
/*
 * export.c - one pass over the window: replay, encode, measure, write, judge.
 *
 * A file that was made by a run that died before its transaction was committed is taken as it is:
 * its meta member holds everything that the event has to say.
 */
#include "plugins/npz_export/export.h"

#include <rr/artifact.h>
#include <rr/digest.h>
#include <rr/effect.h>
#include <rr/state.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>

struct pass {
    struct rr_ctx *ctx;
    const struct export_job *job;
    const struct store_head *head;
    struct export_result *result;
    struct rows *rows;
    json_t *shards; /* sha256 of each one taken */
    uint64_t games_planned;
};

/* Walk back from the newest shard until the window is full; says also how many games that is and
 * whether a net played any. */
static int
plan(struct pass *pass, int *searched, struct rr_err *err)
{
    const struct store_head *head = pass->head;
    const uint64_t want = window_rows(&pass->job->window, head->rows_total);
    uint64_t rows = 0;
    uint64_t n = head->next;

    *searched = 0;
    while (n > head->first && rows < want) {
        struct store_shard shard;
        const int rc = store_shard_load(pass->ctx, pass->job->config, n - 1, &shard, err);

        if (rc != 0) {
            return rc;
        }
        rows += shard.rows;
        pass->games_planned += shard.games;
        *searched |= shard.generation > 0;
        store_shard_fini(&shard);
        n--;
    }
    pass->result->window_first = n;
    return 0;
}

static int
take_games(struct pass *pass, struct rr_shard_reader *reader, uint64_t generation,
           struct rr_err *err)
{
    struct rr_record record;
    char text[96];
    int rc;

    while ((rc = rr_shard_next(reader, &record, err)) == 0) {
        const struct rows_counts *counts = rows_counts(pass->rows);

        if (rr_should_stop(pass->ctx)) {
            return rr_err_set(err, RR_E_STOPPED, "stopped");
        }
        rc = rows_game(pass->rows, &record, generation, err);
        if (rc != 0) {
            return rc;
        }
        (void)snprintf(text, sizeof text, "%s: %" PRIu64 "/%" PRIu64 " games, %" PRIu64 " samples",
                       pass->job->config, counts->games, pass->games_planned, counts->rows);
        rr_progress(pass->ctx, counts->games, pass->games_planned, text);
    }
    return rc == RR_E_EMPTY ? 0 : rc;
}

static int
take_shard(struct pass *pass, uint64_t number, struct rr_err *err)
{
    const uint64_t rows_before = rows_counts(pass->rows)->rows;
    char path[RR_ARTIFACT_PATH_MAX];
    struct rr_shard_reader *reader = NULL;
    struct store_shard shard;
    int rc = store_shard_load(pass->ctx, pass->job->config, number, &shard, err);

    if (rc != 0 || shard.json == NULL) {
        return rc;
    }
    rc = rr_artifact_path(pass->ctx, shard.path, path, err);
    rc = rc != 0 ? rc : rr_shard_open(path, &reader, err);
    if (rc == RR_E_CORRUPT || rc == -ENOENT) {
        /* It was proved once and is gone now. The loop goes on without it, and says so. */
        rr_log(pass->ctx, RR_LOG_ERROR, "npz_export: shard of the window lost: %s", err->text);
        store_shard_fini(&shard);
        return 0;
    }
    rc = rc != 0 ? rc : take_games(pass, reader, shard.generation, err);
    if (rc == 0) {
        json_array_append_new(pass->shards, json_string(shard.sha256));
        if (number >= pass->head->exported) {
            pass->result->new_samples += rows_counts(pass->rows)->rows - rows_before;
        }
        if (shard.generation > pass->result->newest_generation) {
            pass->result->newest_generation = shard.generation;
        }
    }
    rr_shard_close(reader);
    store_shard_fini(&shard);
    return rc;
}

/* Everything that is known of the file, as JSON text; the caller frees it. */
static char *
make_meta(const struct pass *pass)
{
    const struct export_result *r = pass->result;
    const struct quality_score *q = &r->quality;
    const struct rr_variant *v = pass->job->variant;
    char *text = NULL;
    json_t *counts =
        json_pack("{s:I, s:I, s:I, s:I, s:I}", "games", (json_int_t)r->counts.games, "samples",
                  (json_int_t)r->counts.rows, "policy_samples", (json_int_t)r->counts.policy_rows,
                  "validation_samples", (json_int_t)r->counts.validation_rows, "new_samples",
                  (json_int_t)r->new_samples);
    json_t *quality = json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "score", q->score, "outcome",
                                q->outcome, "length", q->length, "phase", q->phase, "diversity",
                                q->diversity, "source", q->source, "mean_length", q->mean_length);
    json_t *meta = json_pack(
        "{s:i, s:s, s:s, s:i, s:I, s:I, s:I, s:o?, s:o?, s:O}", "version", RR_NPZ_VERSION, "config",
        pass->job->config, "layout", v->layout, "seats", (int)v->seats, "export_no",
        (json_int_t)(pass->head->exports + 1), "newest_generation",
        (json_int_t)r->newest_generation, "newest_game_ms", (json_int_t)r->counts.newest_ms,
        "counts", counts, "quality", quality, "shards", pass->shards);

    if (meta != NULL) {
        text = json_dumps(meta, JSON_COMPACT | JSON_REAL_PRECISION(17));
    }
    json_decref(meta);
    return text;
}

/* The other way round, from a file that is there already. */
static int
read_meta(const char *path, struct export_result *r, struct rr_err *err)
{
    struct rr_npz *npz = NULL;
    const struct rr_npy *array;
    const json_t *counts;
    const json_t *quality;
    json_t *meta;
    int rc = rr_npz_open(path, &npz, err);

    if (rc != 0) {
        return rc;
    }
    array = rr_npz_get(npz, "meta");
    meta = array == NULL ? NULL : json_loadb(array->data, array->bytes, 0, NULL);
    rr_npz_close(npz);
    if (meta == NULL) {
        return rr_err_set(err, RR_E_CORRUPT, "%s: no meta in it", path);
    }
    counts = json_object_get(meta, "counts");
    quality = json_object_get(meta, "quality");
    r->newest_generation = rr_state_u64(meta, "newest_generation");
    r->new_samples = rr_state_u64(counts, "new_samples");
    r->counts = (struct rows_counts){.games = rr_state_u64(counts, "games"),
                                     .rows = rr_state_u64(counts, "samples"),
                                     .policy_rows = rr_state_u64(counts, "policy_samples"),
                                     .validation_rows = rr_state_u64(counts, "validation_samples"),
                                     .newest_ms = rr_state_u64(meta, "newest_game_ms")};
    r->quality = (struct quality_score){.score = rr_state_f64(quality, "score"),
                                        .mean_length = rr_state_f64(quality, "mean_length")};
    json_decref(meta);
    return 0;
}

/* A run that was killed inside the archive library leaves a file whose name begins with a dot. This
 * stage is the only writer of the folder, so none of them is in use. */
static void
sweep(const char *dir)
{
    DIR *folder = opendir(dir);
    const struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.' && strstr(entry->d_name, ".npz.tmp") != NULL) {
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
}

/* Write the file at temp and judge it. */
static int
write_file(struct pass *pass, const char *temp, struct rr_err *err)
{
    const struct export_job *job = pass->job;
    struct export_result *r = pass->result;
    struct rows_conf conf = job->rows;
    char *meta;
    int searched;
    int rc = plan(pass, &searched, err);

    conf.salt = pass->head->exports;
    conf.random_weight = searched ? conf.random_weight : 1.0f;
    if (rc == 0) {
        rc = rows_create(temp, job->game, job->variant, &conf, &pass->rows, err);
    }
    for (uint64_t n = r->window_first; rc == 0 && n < pass->head->next; n++) {
        rc = take_shard(pass, n, err);
    }
    if (rc != 0) {
        rows_abandon(pass->rows);
        return rc;
    }
    r->counts = *rows_counts(pass->rows);
    quality_finish(rows_quality(pass->rows), pass->head->typical_length, &r->quality);
    if (r->quality.score < job->quality_threshold || r->counts.rows == 0) {
        r->blocked = 1;
        rows_abandon(pass->rows);
        return 0;
    }
    meta = make_meta(pass);
    if (meta == NULL) {
        rows_abandon(pass->rows);
        return rr_err_set(err, -ENOMEM, "out of memory");
    }
    rc = rows_finish(pass->rows, meta, err);
    free(meta);
    return rc;
}

int
export_run(struct rr_ctx *ctx, const struct export_job *job, const struct store_head *head,
           struct export_result *result, struct rr_err *err)
{
    struct pass pass = {.ctx = ctx, .job = job, .head = head, .result = result};
    struct rr_effect fx;
    char dir[256];
    char prefix[32];
    int ignored;
    int rc;

    *result = (struct export_result){0};
    (void)snprintf(dir, sizeof dir, "npz/%s", job->config);
    (void)snprintf(prefix, sizeof prefix, "%06" PRIu64 "-", head->exports + 1);
    rc = rr_effect_begin(&fx, ctx, job->event, dir, prefix, ".npz", err);
    if (rc != 0) {
        return rc;
    }
    sweep(fx.dir);
    pass.shards = json_array();
    if (fx.done) {
        rc = plan(&pass, &ignored, err);
        rc = rc != 0 ? rc : read_meta(fx.path, result, err);
    } else {
        rc = write_file(&pass, fx.temp, err);
        if (rc == 0 && !result->blocked) {
            rc = rr_effect_commit(&fx, err);
        }
        if (rc != 0) {
            rr_effect_abort(&fx);
        }
    }
    if (rc == 0 && !result->blocked) {
        rc = rr_sha256_file(fx.path, result->sha256, NULL, err);
        (void)snprintf(result->path, sizeof result->path, "%s", fx.name);
    }
    json_decref(pass.shards);
    return rc;
}
