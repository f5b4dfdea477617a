/* SPDX-License-Identifier: MIT */
/*
 * npz_export.c - the newest games become one file that a trainer reads.
 *
 * Owns: the replay window of each configuration, and the NPZ files (it deletes old ones). Does not:
 * decide when to train (the scheduler does), nor prove games (data_sync did).
 */
#include <rr/artifact.h>
#include <rr/events.h>
#include <rr/plugin.h>
#include <rr/shard.h>

#include "plugins/npz_export/export.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Weight of the newest export in the typical length of games. */
#define LENGTH_MIX 0.5

static const struct rr_opt options[] = {
    {"first_samples", RR_OPT_INT, 0, "30000", "1..", "samples that the first export waits for"},
    {"min_new_samples", RR_OPT_INT, 0, "10000", "1..",
     "samples that no earlier export had, before the next one is made"},
    {"window_min", RR_OPT_INT, 0, "20000", "1..", "smallest window, in samples"},
    {"window_max", RR_OPT_INT, 0, "100000", "1..",
     "largest window, in samples: bounds the file and the trainer's memory"},
    {"window_fraction", RR_OPT_REAL, 0, "0.5", "0..1",
     "part of all samples ever made that the window holds, between window_min and window_max"},
    {"value_chance", RR_OPT_REAL, 0, "0.25", "0..1",
     "part of the plies without a policy target (random or fast moves) that become samples"},
    {"q_blend", RR_OPT_REAL, 0, "0.25", "0..1",
     "part of the search's root value in the value target; the rest is the game's outcome"},
    {"validation", RR_OPT_REAL, 0, "0.06", "0..0.5",
     "part of the games kept for validation, chosen by the hash of the game's id"},
    {"random_weight", RR_OPT_REAL, 0, "0.2", "0..1",
     "weight of samples of random games once the window has searched games too"},
    {"symmetries", RR_OPT_BOOL, 0, "yes", "", "show each sample under a random symmetry"},
    {"quality_threshold", RR_OPT_REAL, 0, "0.5", "0..1",
     "quality score below which no training data is released"},
    {"keep_files", RR_OPT_INT, 0, "3", "2..100",
     "newest NPZ files of a configuration that are kept; older ones are deleted"},
    RR_OPT_END};

static const struct rr_port consumes[] = {{&rr_type_data_sync_completed, 0, 0}, {0}};
static const struct rr_port produces[] = {
    {&rr_type_npz_export_complete, 0, 0}, {&rr_type_training_blocked_by_quality, 0, 0}, {0}};

static double
seconds_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void
read_options(struct rr_ctx *ctx, struct export_job *job)
{
    job->window = (struct window_conf){
        .first_samples = (uint64_t)rr_opt_int(ctx, "first_samples"),
        .min_new_samples = (uint64_t)rr_opt_int(ctx, "min_new_samples"),
        .window_min = (uint64_t)rr_opt_int(ctx, "window_min"),
        .window_max = (uint64_t)rr_opt_int(ctx, "window_max"),
        .window_fraction = rr_opt_real(ctx, "window_fraction"),
        .value_chance = rr_opt_real(ctx, "value_chance"),
    };
    job->rows = (struct rows_conf){
        .value_chance = rr_opt_real(ctx, "value_chance"),
        .q_blend = rr_opt_real(ctx, "q_blend"),
        .validation = rr_opt_real(ctx, "validation"),
        .random_weight = (float)rr_opt_real(ctx, "random_weight"),
        .symmetries = rr_opt_int(ctx, "symmetries") != 0,
    };
    job->quality_threshold = rr_opt_real(ctx, "quality_threshold");
}

static int
on_check(struct rr_ctx *ctx, struct rr_err *err)
{
    const int64_t low = rr_opt_int(ctx, "window_min");
    const int64_t high = rr_opt_int(ctx, "window_max");

    if (low > high) {
        return rr_err_set(err, RR_E_CONFIG,
                          "window_min (%" PRId64 ") is above window_max (%" PRId64 ")", low, high);
    }
    return 0;
}

/* Take the shard into the list of the configuration. */
static int
add_shard(struct rr_ctx *ctx, const struct ev_data_sync_completed *ev,
          const struct window_conf *conf, struct store_head *head, struct rr_err *err)
{
    char path[RR_ARTIFACT_PATH_MAX];
    struct rr_shard_reader *reader = NULL;
    struct store_shard shard = {.path = ev->shard_path,
                                .sha256 = ev->shard_sha256,
                                .generation = ev->generation,
                                .games = ev->games_synced};
    int rc = rr_artifact_path(ctx, ev->shard_path, path, err);

    rc = rc != 0 ? rc : rr_shard_open(path, &reader, err);
    if (rc != 0) {
        return rc;
    }
    shard.rows =
        window_shard_rows(conf, rr_shard_info(reader)->plies, rr_shard_info(reader)->samples);
    rr_shard_close(reader);
    rc = store_shard_save(ctx, ev->config, head->next, &shard, err);
    head->next++;
    head->rows_total += shard.rows;
    head->rows_new += shard.rows;
    return rc;
}

/* Delete files that are older than the newest `keep`. What an event names that is not handled yet
 * is among those: the scheduler has at most one export in training and one in waiting. */
static void
drop_old_files(struct rr_ctx *ctx, struct store_head *head, size_t keep)
{
    char path[RR_ARTIFACT_PATH_MAX];
    struct rr_err ignored = RR_ERR_INIT;

    while (json_array_size(head->files) > keep) {
        const char *name = json_string_value(json_array_get(head->files, 0));

        if (name != NULL && rr_artifact_path(ctx, name, path, &ignored) == 0 && unlink(path) != 0 &&
            errno != ENOENT) {
            rr_log(ctx, RR_LOG_WARN, "npz_export: cannot delete %s: %s", name, strerror(errno));
        }
        (void)json_array_remove(head->files, 0);
    }
}

static int
report_blocked(struct rr_ctx *ctx, const struct export_job *job, struct store_head *head,
               const struct export_result *result, struct rr_err *err)
{
    double figure = 0.0;
    const char *part = quality_lowest(&result->quality, &figure);
    char reason[160];
    const struct ev_training_blocked_by_quality out = {
        .config = job->config,
        .quality_score = result->quality.score,
        .threshold = job->quality_threshold,
        .game_count = result->counts.games,
        .recommendation = "more self-play; look at the games of the newest model",
        .reason = reason};

    (void)snprintf(reason, sizeof reason,
                   "score %.3f is below %.3f; lowest part: %s %.2f (outcome %.2f, length %.2f, "
                   "phase %.2f, diversity %.2f, source %.2f)",
                   result->quality.score, job->quality_threshold, part, figure,
                   result->quality.outcome, result->quality.length, result->quality.phase,
                   result->quality.diversity, result->quality.source);
    head->retry_rows = window_retry(&job->window, head->exports, head->rows_new);
    rr_note(ctx, job->config, "blocked: %s", reason);
    return rr_emit(ctx, &rr_type_training_blocked_by_quality, NULL, job->config, &out, err);
}

static int
report_export(struct rr_ctx *ctx, const struct export_job *job, struct store_head *head,
              const struct export_result *result, double seconds, struct rr_err *err)
{
    const struct rows_counts *counts = &result->counts;
    const struct ev_npz_export_complete out = {.config = job->config,
                                               .export_no = head->exports + 1,
                                               .npz_path = result->path,
                                               .npz_sha256 = result->sha256,
                                               .game_count = counts->games,
                                               .sample_count = counts->rows,
                                               .validation_count = counts->validation_rows,
                                               .new_samples = result->new_samples,
                                               .newest_generation = result->newest_generation,
                                               .newest_game_ms = counts->newest_ms,
                                               .encoder_version = job->variant->layout,
                                               .quality_score = result->quality.score,
                                               .duration_seconds = seconds};
    const double typical =
        head->typical_length > 0.0 ? head->typical_length : result->quality.mean_length;

    head->exports++;
    head->exported = head->next;
    head->rows_new = 0;
    head->retry_rows = 0;
    head->typical_length = typical + LENGTH_MIX * (result->quality.mean_length - typical);
    if (json_array_append_new(head->files, json_string(result->path)) != 0) {
        return rr_err_set(err, -ENOMEM, "out of memory");
    }
    drop_old_files(ctx, head, (size_t)rr_opt_int(ctx, "keep_files"));
    rr_note(ctx, job->config,
            "export %" PRIu64 ": %" PRIu64 " samples (%" PRIu64 " new) of %" PRIu64
            " games, quality %.2f, %.0f samples/s",
            out.export_no, counts->rows, result->new_samples, counts->games, result->quality.score,
            (double)counts->rows / (seconds > 1e-3 ? seconds : 1e-3));
    return rr_emit(ctx, &rr_type_npz_export_complete, NULL, job->config, &out, err);
}

static int
export_window(struct rr_ctx *ctx, struct export_job *job, struct store_head *head,
              struct rr_err *err)
{
    const double started = seconds_now();
    struct export_result result;
    int rc = rr_game_find(rr_fact(ctx, "plugin_path"), job->config, &job->game, &job->variant, err);

    rc = rc != 0 ? rc : export_run(ctx, job, head, &result, err);
    if (rc != 0) {
        return rc;
    }
    /* Shards before this window are never needed again: windows only move forward. */
    rc = store_forget(ctx, job->config, head, result.window_first, err);
    if (rc == 0 && result.blocked) {
        return report_blocked(ctx, job, head, &result, err);
    }
    return rc != 0 ? rc : report_export(ctx, job, head, &result, seconds_now() - started, err);
}

static int
on_event(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err)
{
    struct ev_data_sync_completed ev;
    struct export_job job = {.event = event};
    struct store_head head = {0};
    int rc = rr_decode(ctx, event, &rr_type_data_sync_completed, &ev, err);

    if (rc != 0) {
        return RR_REJECT;
    }
    if (ev.files_synced == 0) {
        return RR_DONE; /* a shard that is in the list already */
    }
    job.config = ev.config;
    read_options(ctx, &job);
    rc = store_load(ctx, ev.config, &head, err);
    rc = rc != 0 ? rc : add_shard(ctx, &ev, &job.window, &head, err);
    if (rc == 0 && window_due(&job.window, head.exports, head.rows_new, head.retry_rows)) {
        rc = export_window(ctx, &job, &head, err);
    }
    rc = rc != 0 ? rc : store_save(ctx, ev.config, &head, err);
    store_head_fini(&head);
    return rc == 0 ? RR_DONE : rc == RR_E_INPUT ? RR_REJECT : RR_RETRY;
}

RR_PLUGIN(.name = "npz_export", .version = "0.1.0",
          .summary =
              "samples the newest games into NPZ files for training, and judges their quality",
          .options = options, .consumes = consumes, .produces = produces, .check = on_check,
          .event = on_event)
