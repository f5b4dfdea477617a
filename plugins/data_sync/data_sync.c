/* SPDX-License-Identifier: MIT */
/*
 * data_sync.c - nothing enters training that was not proved here.
 *
 * A shard is hashed, every checksum in it is checked, every game is replayed by the rules, and no
 * game is counted twice. A shard that fails is buried with the reason, where `rrctl queue` shows
 * it. Owns: the registry (registry.h). Does not: move or delete files.
 */
#include <rr/artifact.h>
#include <rr/events.h>
#include <rr/gamekit.h>
#include <rr/plugin.h>
#include <rr/shard.h>

#include "plugins/data_sync/registry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct rr_opt options[] = {
    {"dedup_shards", RR_OPT_INT, 0, "256", "1..4096",
     "newest shards of a configuration among which repeated games are looked for"},
    RR_OPT_END};

static const struct rr_port consumes[] = {{&rr_type_selfplay_complete, 0, 0}, {0}};
static const struct rr_port produces[] = {{&rr_type_data_sync_completed, 0, 0}, {0}};

static double
seconds_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* What is wrong with a shard for ever is rejected; what may be better later is tried again. */
static int
judge(int rc)
{
    return rc == RR_E_CORRUPT || rc == RR_E_MISMATCH || rc == RR_E_INPUT ? RR_REJECT : RR_RETRY;
}

/* The header of the shard and the event must tell the same story. */
static int
compare(const struct rr_shard_info *info, const struct ev_selfplay_complete *ev,
        const struct rr_variant *variant, struct rr_err *err)
{
    if (strcmp(info->config, ev->config) != 0 || strcmp(info->model_id, ev->model_id) != 0 ||
        info->generation != ev->generation) {
        return rr_err_set(err, RR_E_MISMATCH,
                          "%s holds games of %s by model %.12s, the event says %s by model %.12s",
                          ev->shard_path, info->config, info->model_id, ev->config, ev->model_id);
    }
    if (strcmp(info->layout, variant->layout) != 0) {
        return rr_err_set(err, RR_E_MISMATCH, "%s was written for layout %s, the game has %s now",
                          ev->shard_path, info->layout, variant->layout);
    }
    if (info->games != ev->games_completed || info->plies != ev->plies ||
        info->samples != ev->samples) {
        return rr_err_set(err, RR_E_MISMATCH,
                          "%s holds %" PRIu64 " games, %" PRIu64 " plies, %" PRIu64
                          " samples; the event says %" PRIu64 ", %" PRIu64 ", %" PRIu64,
                          ev->shard_path, info->games, info->plies, info->samples,
                          ev->games_completed, ev->plies, ev->samples);
    }
    if (info->games > REGISTRY_GAMES_MAX) {
        return rr_err_set(err, RR_E_INPUT,
                          "%s holds %" PRIu64 " games, one shard may hold %u: request fewer at a "
                          "time",
                          ev->shard_path, info->games, REGISTRY_GAMES_MAX);
    }
    return 0;
}

/* Replay every game; ids gets the first 8 bytes of each id. Returns 0, RR_E_STOPPED or an error. */
static int
replay_all(struct rr_ctx *ctx, struct rr_shard_reader *reader, const struct rr_game *game,
           const struct rr_variant *variant, uint64_t *ids, struct rr_err *err)
{
    const struct rr_shard_info *info = rr_shard_info(reader);
    struct rr_record record;
    uint64_t plies = 0;
    uint64_t samples = 0;
    uint64_t n = 0;
    int rc;

    while ((rc = rr_shard_next(reader, &record, err)) == 0) {
        char text[96];

        if (rr_should_stop(ctx)) {
            return rr_err_set(err, RR_E_STOPPED, "stopped");
        }
        if (n == info->games) {
            return rr_err_set(err, RR_E_CORRUPT, "the shard grew while it was read");
        }
        rc = rr_record_verify(game, variant, &record, err);
        if (rc != 0) {
            (void)rr_err_wrap(err, "game %" PRIu64, n);
            return rc;
        }
        memcpy(&ids[n++], record.id, sizeof ids[0]);
        plies += record.plies;
        for (uint32_t i = 0; i < record.plies; i++) {
            samples += (uint64_t)rr_ply_is_sample(&record.ply[i]);
        }
        (void)snprintf(text, sizeof text, "%s: %" PRIu64 "/%" PRIu64 " games replayed",
                       info->config, n, info->games);
        rr_progress(ctx, n, info->games, text);
    }
    if (rc != RR_E_EMPTY) {
        return rc;
    }
    if (plies != info->plies || samples != info->samples) {
        return rr_err_set(err, RR_E_CORRUPT,
                          "the counts in the trailer are not those of the games");
    }
    return 0;
}

/* Check the file that the event names, from its hash to the last move. */
static int
verify(struct rr_ctx *ctx, const struct ev_selfplay_complete *ev, uint64_t *ids, struct rr_err *err)
{
    char path[RR_ARTIFACT_PATH_MAX];
    struct rr_shard_reader *reader = NULL;
    const struct rr_game *game = NULL;
    const struct rr_variant *variant = NULL;
    int rc = rr_game_find(rr_fact(ctx, "plugin_path"), ev->config, &game, &variant, err);

    if (rc == 0) {
        rc = rr_artifact_check(ctx, ev->shard_path, ev->shard_sha256, path, NULL, err);
    }
    if (rc == 0) {
        rc = rr_shard_open(path, &reader, err);
    }
    if (rc == 0) {
        rc = compare(rr_shard_info(reader), ev, variant, err);
    }
    if (rc == 0) {
        rc = replay_all(ctx, reader, game, variant, ids, err);
    }
    rr_shard_close(reader);
    return rc;
}

static int
report(struct rr_ctx *ctx, const struct ev_selfplay_complete *ev,
       const struct registry_total *total, int known, double started, struct rr_err *err)
{
    const struct ev_data_sync_completed out = {
        .config = ev->config,
        .request = ev->request,
        .shard_path = ev->shard_path,
        .shard_sha256 = ev->shard_sha256,
        .generation = ev->generation,
        .files_synced = known ? 0 : 1,
        .games_synced = known ? 0 : ev->games_completed,
        .samples_synced = known ? 0 : ev->samples,
        .bytes_transferred = ev->shard_bytes,
        .games_total = total->games,
        .samples_total = total->samples,
        .duration_seconds = seconds_now() - started,
    };

    rr_note(ctx, ev->config, "%" PRIu64 " games in %" PRIu64 " shards, %" PRIu64 " policy samples",
            total->games, total->shards, total->samples);
    return rr_emit(ctx, &rr_type_data_sync_completed, NULL, ev->config, &out, err);
}

static int
sync_shard(struct rr_ctx *ctx, const struct ev_selfplay_complete *ev, uint64_t *ids,
           struct rr_err *err)
{
    const uint64_t window = (uint64_t)rr_opt_int(ctx, "dedup_shards");
    const double started = seconds_now();
    const struct registry_shard shard = {.sha256 = ev->shard_sha256,
                                         .path = ev->shard_path,
                                         .games = ev->games_completed,
                                         .plies = ev->plies,
                                         .samples = ev->samples,
                                         .bytes = ev->shard_bytes,
                                         .ids = ids};
    struct registry_total total;
    char where[64] = "";
    uint64_t repeated = 0;
    int known = 0;
    int rc = verify(ctx, ev, ids, err);

    if (rc == 0) {
        rc = registry_load(ctx, ev->config, &total, err);
    }
    if (rc == 0) {
        rc = registry_find(ctx, ev->config, window, &total, &shard, &known, &repeated, where, err);
    }
    if (rc == 0 && repeated > 0) {
        rc = rr_err_set(err, RR_E_MISMATCH, "%s: %" PRIu64 " of its games are in %s already",
                        ev->shard_path, repeated, where);
    }
    if (rc == 0 && known) {
        rr_log(ctx, RR_LOG_WARN, "data_sync: shard known already path=%s", ev->shard_path);
    } else if (rc == 0) {
        rc = registry_add(ctx, ev->config, window, &total, &shard, err);
    }
    return rc != 0 ? rc : report(ctx, ev, &total, known, started, err);
}

static int
on_event(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err)
{
    struct ev_selfplay_complete ev;
    uint64_t *ids;
    int rc = rr_decode(ctx, event, &rr_type_selfplay_complete, &ev, err);

    if (rc != 0) {
        return RR_REJECT;
    }
    if (ev.games_completed == 0 || ev.games_completed > REGISTRY_GAMES_MAX) {
        (void)rr_err_set(err, RR_E_INPUT,
                         "a shard of %" PRIu64 " games: one must hold 1 to %u, set "
                         "games_per_request of the scheduler",
                         ev.games_completed, REGISTRY_GAMES_MAX);
        return RR_REJECT;
    }
    ids = calloc(ev.games_completed, sizeof *ids);
    if (ids == NULL) {
        (void)rr_err_set(err, -ENOMEM, "out of memory");
        return RR_RETRY;
    }
    rc = sync_shard(ctx, &ev, ids, err);
    free(ids);
    return rc == 0 ? RR_DONE : judge(rc);
}

RR_PLUGIN(.name = "data_sync", .version = "0.1.0",
          .summary = "verifies shards of games by replay, and registers each game once",
          .options = options, .consumes = consumes, .produces = produces, .event = on_event)
