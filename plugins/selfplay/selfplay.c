/* SPDX-License-Identifier: MIT */
/*
 * selfplay.c - the stage that plays games: SELFPLAY_REQUESTED -> a shard -> SELFPLAY_COMPLETE.
 *
 * Without a model (generation 0) it plays random moves, which costs almost nothing and gives the
 * first net its values. With a model all seats are the same searcher. A shard appears only
 * complete; a request that was interrupted is played again from its seed, to the same games.
 */
#include "models.h"

#include <rr/arena.h>
#include <rr/effect.h>
#include <rr/events.h>
#include <rr/gamekit.h>
#include <rr/plugin.h>
#include <rr/shard.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct rr_opt options[] = {
    {"simulations", RR_OPT_INT, 0, "32", "1..100000",
     "Simulations of a full search, which leaves a policy target."},
    {"fast_simulations", RR_OPT_INT, 0, "8", "0..100000",
     "Simulations of a fast search, which only chooses a move, without noise; 0: by the policy "
     "alone."},
    {"full_chance", RR_OPT_REAL, 0, "0.25", "0.01..1",
     "Share of the moves that are searched fully; 1 switches fast searches off."},
    {"bootstrap_simulations", RR_OPT_INT, 0, "0", "0..100000",
     "Simulations of the searches, without a net, that play generation 0; 0 for random moves."},
    {"considered", RR_OPT_INT, 0, "16", "2..1000",
     "Moves that compete at the root of a search (m of Gumbel AlphaZero)."},
    {"c_visit", RR_OPT_REAL, 0, "50", "0..1000",
     "Constant c_visit of the search: how far values outweigh the policy before many visits."},
    {"c_scale", RR_OPT_REAL, 0, "1", "0..100",
     "Constant c_scale of the search: weight of values against the policy's logits."},
    {"temperature", RR_OPT_REAL, 0, "1", "0.05..10",
     "Temperature of the first moves, which are drawn from the improved policy."},
    {"temperature_moves", RR_OPT_INT, 0, "12", "0..10000",
     "Decisions at the start of a game whose moves are drawn with temperature."},
    {"opening_moves", RR_OPT_INT, 0, "0", "0..1000",
     "Decisions at the start of a game that are played at random, for variety."},
    {"symmetries", RR_OPT_BOOL, 0, "yes", "",
     "Show each position to the net under a symmetry of the board drawn for it."},
    {"cache", RR_OPT_INT, 0, "16384", "0..10000000",
     "Evaluations that each thread keeps for positions that come again; 0 for none."},
    {"parallel_games", RR_OPT_INT, 0, "32", "1..4096",
     "Games that each thread plays at a time; the net's largest batch."},
    {"threads", RR_OPT_INT, 0, "0", "0..1024", "Threads; 0 for as many as there are processors."},
    RR_OPT_END};

static const struct rr_port consumes[] = {{&rr_type_selfplay_requested, 0, 0}, {0}};
static const struct rr_port produces[] = {{&rr_type_selfplay_complete, 0, 0}, {0}};

struct user {
    struct models models;
};

/* One request while it is handled. */
struct job {
    struct rr_ctx *ctx;
    struct ev_selfplay_requested ask;
    const struct rr_game *game;
    const struct rr_variant *variant;
    uint64_t seed; /* of the arena: of everything that tells this request from others */
    struct rr_shard_writer *writer;
    struct rr_arena_stats stats;
};

static void
show_progress(const struct job *job, const struct rr_arena_stats *stats)
{
    const double seconds = stats->seconds > 0.0 ? stats->seconds : 1e-9;
    char text[160];

    (void)snprintf(text, sizeof text,
                   "%s gen %" PRIu64 ": %" PRIu64 "/%" PRIu64 " games, %.1f games/s, %.1fk evals/s",
                   job->ask.config, job->ask.generation, stats->games, job->ask.games,
                   (double)stats->games / seconds,
                   (double)stats->search.evaluations / seconds / 1000.0);
    rr_progress(job->ctx, stats->games, job->ask.games, text);
}

static int
on_tick(void *user, const struct rr_arena_stats *stats)
{
    struct job *job = user;

    show_progress(job, stats);
    return rr_should_stop(job->ctx);
}

static int
on_game(void *user, const struct rr_arena_game *game, struct rr_err *err)
{
    struct job *job = user;

    return rr_shard_add(job->writer, game->record, err);
}

/* Simulations after the request's budget_scale, at least one when there were any. */
static uint32_t
scaled(int64_t simulations, double scale)
{
    const double value = round((double)simulations * scale);

    if (simulations == 0) {
        return 0;
    }
    return value < 1.0 ? 1 : value > 100000.0 ? 100000 : (uint32_t)value;
}

static void
set_player(struct job *job, const struct rr_net *net, struct rr_player *player)
{
    struct rr_ctx *ctx = job->ctx;

    const int64_t bootstrap = rr_opt_int(ctx, "bootstrap_simulations");
    if (net == NULL && bootstrap == 0) {
        rr_player_random(player);
        return;
    }
    const int64_t full = net != NULL ? rr_opt_int(ctx, "simulations") : bootstrap;
    rr_player_search(player, net, scaled(full, job->ask.budget_scale));
    if (net != NULL) {
        player->full_chance = (float)rr_opt_real(ctx, "full_chance");
        player->fast_simulations =
            scaled(rr_opt_int(ctx, "fast_simulations"), job->ask.budget_scale);
    }
    player->temperature = (float)rr_opt_real(ctx, "temperature");
    player->temperature_moves = (uint32_t)rr_opt_int(ctx, "temperature_moves");
    player->search.considered = (uint32_t)rr_opt_int(ctx, "considered");
    player->search.c_visit = (float)rr_opt_real(ctx, "c_visit");
    player->search.c_scale = (float)rr_opt_real(ctx, "c_scale");
    player->search.gumbel_scale = 1.0f;
    player->search.symmetries = rr_opt_int(ctx, "symmetries") != 0;
    player->search.cache_entries = (uint32_t)rr_opt_int(ctx, "cache");
}

static int
play_games(struct job *job, const struct rr_net *net, struct rr_err *err)
{
    struct rr_player player;

    set_player(job, net, &player);
    const struct rr_arena_conf conf = {
        .game = job->game,
        .variant = job->variant,
        .players = &player,
        .player_count = 1,
        .games = (uint32_t)job->ask.games,
        .seed = job->seed,
        .slots = (uint32_t)rr_opt_int(job->ctx, "parallel_games"),
        .threads = (uint32_t)rr_opt_int(job->ctx, "threads"),
        .opening_moves = (uint32_t)rr_opt_int(job->ctx, "opening_moves"),
        .game_done = on_game,
        .tick = on_tick,
        .user = job,
    };
    return rr_arena_run(&conf, &job->stats, err);
}

/* Refuse requests that cannot be meant. */
static int
check_request(const struct ev_selfplay_requested *ask, struct rr_err *err)
{
    const bool has_model = ask->model_path[0] != '\0';

    if (ask->games == 0 || ask->games > 1000000) {
        return rr_err_set(err, RR_E_INPUT, "request for %" PRIu64 " games: must be 1..1000000",
                          ask->games);
    }
    if (has_model != (ask->generation > 0) || has_model != (ask->model_sha256[0] != '\0')) {
        return rr_err_set(err, RR_E_INPUT,
                          "request for generation %" PRIu64
                          " with model \"%s\": a model comes with "
                          "its hash and a generation, no model with generation 0",
                          ask->generation, ask->model_path);
    }
    if (!(ask->budget_scale > 0.0)) {
        return rr_err_set(err, RR_E_INPUT, "request with budget_scale %g: must be above 0",
                          ask->budget_scale);
    }
    return 0;
}

/* The seed of a request's games: no two requests share one, even of equal seed fields. */
static int
make_seed(struct job *job, struct rr_err *err)
{
    char text[512];
    char hex[RR_SHA256_HEX];
    const int n = snprintf(text, sizeof text, "%.200s %" PRIu64 " %" PRIu64 " %.64s",
                           job->ask.config, job->ask.request, job->ask.seed, job->ask.model_sha256);
    const int rc = rr_sha256_memory(text, (size_t)n, hex, err);

    if (rc == 0) {
        hex[16] = '\0';
        job->seed = strtoull(hex, NULL, 16);
    }
    return rc;
}

/* Make the shard of a job at path. */
static int
make_shard(struct job *job, struct user *user, const char *path, struct rr_err *err)
{
    const struct rr_net *net = NULL;
    const bool has_model = job->ask.model_path[0] != '\0';
    const struct rr_shard_info info = {
        .config = job->ask.config,
        .layout = job->variant->layout,
        .model_id = has_model ? job->ask.model_sha256 : "none",
        .generation = job->ask.generation,
        .seed = job->seed,
    };
    int rc = 0;

    if (has_model) {
        rc = models_get(&user->models, job->ctx, job->ask.model_path, job->ask.model_sha256,
                        job->variant->layout, &net, err);
    }
    if (rc == 0) {
        rc = rr_shard_create(path, &info, &job->writer, err);
    }
    if (rc != 0) {
        return rc;
    }
    rc = play_games(job, net, err);
    if (rc != 0) {
        rr_shard_abandon(job->writer);
        return rc;
    }
    return rr_shard_finish(job->writer, err);
}

/* Announce the finished shard, with what its reader counts in it. */
static int
announce(struct job *job, const struct rr_effect *fx, struct rr_err *err)
{
    struct rr_shard_reader *reader;
    char sha256[RR_SHA256_HEX];
    uint64_t bytes = 0;
    int rc = rr_sha256_file(fx->path, sha256, &bytes, err);

    if (rc != 0) {
        return rc;
    }
    rc = rr_shard_open(fx->path, &reader, err);
    if (rc != 0) {
        return rc;
    }
    const struct rr_shard_info *info = rr_shard_info(reader);
    const double seconds = job->stats.seconds;
    const struct ev_selfplay_complete out = {
        .config = job->ask.config,
        .request = job->ask.request,
        .games_completed = info->games,
        .plies = info->plies,
        .samples = info->samples,
        .shard_path = fx->name,
        .shard_sha256 = sha256,
        .shard_bytes = bytes,
        .model_id = info->model_id,
        .generation = info->generation,
        .evaluations = job->stats.search.evaluations,
        .duration_seconds = seconds,
        .games_per_second = seconds > 0.0 ? (double)info->games / seconds : 0.0,
    };
    rc = rr_emit(job->ctx, &rr_type_selfplay_complete, NULL, job->ask.config, &out, err);
    if (rc == 0 && seconds > 0.0) {
        rr_note(job->ctx, job->ask.config,
                "gen %" PRIu64 ": %" PRIu64 " games in %.1f s, %.1f games/s, %.1fk evals/s",
                out.generation, out.games_completed, seconds, out.games_per_second,
                (double)out.evaluations / seconds / 1000.0);
    }
    rr_shard_close(reader);
    return rc;
}

/* What becomes of the event: errors that a later try cannot mend bury it. */
static int
verdict(int rc)
{
    if (rc == 0) {
        return RR_DONE;
    }
    return rc == RR_E_INPUT || rc == RR_E_MISMATCH || rc == RR_E_CORRUPT ? RR_REJECT : RR_RETRY;
}

static int
on_event(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err)
{
    struct job job = {.ctx = ctx};
    struct rr_effect fx;
    char dir[256];
    char prefix[64];
    int rc = rr_decode(ctx, event, &rr_type_selfplay_requested, &job.ask, err);

    if (rc == 0) {
        rc = check_request(&job.ask, err);
    }
    if (rc == 0) {
        rc =
            rr_game_find(rr_fact(ctx, "plugin_path"), job.ask.config, &job.game, &job.variant, err);
    }
    if (rc == 0) {
        rc = make_seed(&job, err);
    }
    if (rc != 0) {
        return verdict(rc);
    }
    (void)snprintf(dir, sizeof dir, "games/%.200s", job.variant->name);
    (void)snprintf(prefix, sizeof prefix, "g%04" PRIu64 "-", job.ask.generation);
    rc = rr_effect_begin(&fx, ctx, event, dir, prefix, ".rrs", err);
    if (rc != 0) {
        return RR_RETRY;
    }
    if (!fx.done) {
        rc = make_shard(&job, ctx->user, fx.temp, err);
        if (rc == 0) {
            rc = rr_effect_commit(&fx, err);
        }
        if (rc != 0) {
            rr_effect_abort(&fx);
            return verdict(rc);
        }
    }
    return verdict(announce(&job, &fx, err));
}

static int
on_check(struct rr_ctx *ctx, struct rr_err *err)
{
    if (rr_opt_int(ctx, "fast_simulations") > rr_opt_int(ctx, "simulations") &&
        rr_opt_real(ctx, "full_chance") < 1.0) {
        return rr_err_set(err, RR_E_CONFIG,
                          "fast_simulations = %" PRId64 " is more than simulations = %" PRId64
                          ": a fast search is the smaller one",
                          rr_opt_int(ctx, "fast_simulations"), rr_opt_int(ctx, "simulations"));
    }
    return 0;
}

static int
on_init(struct rr_ctx *ctx, struct rr_err *err)
{
    ctx->user = calloc(1, sizeof(struct user));
    return ctx->user != NULL ? 0 : rr_err_set(err, -ENOMEM, "selfplay: out of memory");
}

static void
on_fini(struct rr_ctx *ctx)
{
    struct user *user = ctx->user;

    if (user != NULL) {
        models_fini(&user->models);
        free(user);
        ctx->user = NULL;
    }
}

RR_PLUGIN(.name = "selfplay", .version = "1.0", .summary = "plays games with the champion's net",
          .options = options, .consumes = consumes, .produces = produces, .check = on_check,
          .init = on_init, .event = on_event, .fini = on_fini)
