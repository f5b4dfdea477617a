/* SPDX-License-Identifier: MIT */
/*
 * bench_search.c - speed of search and self-play.
 *
 *     bench_search VARIANT [--model FILE | --noop] [--simulations N] [--games N] [--slots N]
 *                  [--threads N] [--cache N] [--symmetries] [--plugins DIRS] [--json]
 *
 * Plays games between equal searchers and prints rates. Without --model and --noop there is no net:
 * priors are uniform, nothing is encoded. --noop encodes every leaf and answers with zeros, which
 * shows what everything but the net costs.
 */
#include <rr/arena.h>
#include <rr/gamekit.h>

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct args {
    const char *variant, *model, *plugins;
    bool noop, json, symmetries;
    uint32_t simulations, games, slots, threads, cache;
};

struct shape {
    uint32_t policy, seats;
};

static int
answer_zeros(void *user, uint32_t n, const uint8_t *planes, const float *scalars, float *policy,
             float *value, struct rr_err *err)
{
    const struct shape *shape = user;

    (void)planes;
    (void)scalars;
    (void)err;
    memset(policy, 0, (size_t)n * shape->policy * sizeof *policy);
    for (uint32_t i = 0; i < n * shape->seats; i++) {
        value[i] = 1.0f / (float)shape->seats;
    }
    return 0;
}

static int
parse(int argc, char **argv, struct args *args)
{
    static const struct option options[] = {
        {"model", required_argument, NULL, 'm'},
        {"noop", no_argument, NULL, 'n'},
        {"simulations", required_argument, NULL, 's'},
        {"games", required_argument, NULL, 'g'},
        {"slots", required_argument, NULL, 'l'},
        {"threads", required_argument, NULL, 't'},
        {"cache", required_argument, NULL, 'c'},
        {"symmetries", no_argument, NULL, 'y'},
        {"plugins", required_argument, NULL, 'p'},
        {"json", no_argument, NULL, 'j'},
        {0},
    };
    const char *plugins = getenv("RR_PLUGIN_PATH");

    *args = (struct args){.plugins = plugins != NULL ? plugins : "plugins",
                          .simulations = 32,
                          .games = 32,
                          .slots = 32,
                          .threads = 1};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        const uint32_t number = optarg != NULL ? (uint32_t)strtoul(optarg, NULL, 10) : 0;
        switch (c) {
        case 'm':
            args->model = optarg;
            break;
        case 'n':
            args->noop = true;
            break;
        case 's':
            args->simulations = number;
            break;
        case 'g':
            args->games = number;
            break;
        case 'l':
            args->slots = number;
            break;
        case 't':
            args->threads = number;
            break;
        case 'c':
            args->cache = number;
            break;
        case 'y':
            args->symmetries = true;
            break;
        case 'p':
            args->plugins = optarg;
            break;
        case 'j':
            args->json = true;
            break;
        default:
            return 2;
        }
    }
    if (optind + 1 != argc) {
        (void)fprintf(stderr, "usage: bench_search VARIANT [options]; see the top of its source\n");
        return 2;
    }
    args->variant = argv[optind];
    return 0;
}

int
main(int argc, char **argv)
{
    struct rr_err err = RR_ERR_INIT;
    struct args args;
    const struct rr_game *game;
    const struct rr_variant *variant;
    struct rr_net *net = NULL;
    struct rr_player player;
    struct rr_arena_stats stats;
    struct timespec cpu;

    if (parse(argc, argv, &args) != 0) {
        return 2;
    }
    if (rr_game_find(args.plugins, args.variant, &game, &variant, &err) != 0 ||
        (args.model != NULL && rr_model_load(args.model, variant->layout, &net, &err) != 0)) {
        (void)fprintf(stderr, "bench_search: %s\n", err.text);
        return 1;
    }
    struct shape shape = {rr_variant_policy_size(variant), variant->seats};
    rr_player_search(&player, net, args.simulations);
    player.search.gumbel_scale = 1.0f;
    player.search.symmetries = args.symmetries;
    player.search.cache_entries = args.cache;
    if (args.noop) {
        player.eval = answer_zeros;
        player.eval_user = &shape;
    }
    const struct rr_arena_conf conf = {.game = game,
                                       .variant = variant,
                                       .players = &player,
                                       .player_count = 1,
                                       .games = args.games,
                                       .seed = 1,
                                       .slots = args.slots,
                                       .threads = args.threads};
    const int rc = rr_arena_run(&conf, &stats, &err);
    rr_net_free(net);
    if (rc != 0) {
        (void)fprintf(stderr, "bench_search: %s\n", err.text);
        return 1;
    }
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    const double cpu_s = (double)cpu.tv_sec + 1e-9 * (double)cpu.tv_nsec;
    const double sims = (double)stats.search.simulations;
    const double evals = (double)stats.search.evaluations;
    /* Without an evaluator there are no batches. */
    const double batch = stats.search.batches > 0 ? evals / (double)stats.search.batches : 0.0;
    if (args.json) {
        printf("{\"bench\":\"search\",\"variant\":\"%s\",\"simulations\":%u,\"games\":%llu,"
               "\"plies\":%llu,\"seconds\":%.3f,\"cpu_seconds\":%.3f,\"simulations_per_s\":%.0f,"
               "\"evaluations_per_s\":%.0f,\"mean_batch\":%.1f,\"games_per_s\":%.3f}\n",
               args.variant, args.simulations, (unsigned long long)stats.games,
               (unsigned long long)stats.plies, stats.seconds, cpu_s, sims / stats.seconds,
               evals / stats.seconds, batch, (double)stats.games / stats.seconds);
    } else {
        printf("%s, %u simulations, %u threads x %u slots: %.2f s (%.2f s of CPU)\n", args.variant,
               args.simulations, args.threads, args.slots, stats.seconds, cpu_s);
        printf("  %.2f games/s, %.0f plies/s, %.0f simulations/s, %.0f evaluations/s\n",
               (double)stats.games / stats.seconds, (double)stats.plies / stats.seconds,
               sims / stats.seconds, evals / stats.seconds);
        printf("  %.2f us of CPU a simulation, mean batch %.1f, %.1f %% cache hits, "
               "%.1f %% finished games\n",
               1e6 * cpu_s / sims, batch, 100.0 * (double)stats.search.cache_hits / sims,
               100.0 * (double)stats.search.terminal_leaves / sims);
    }
    return 0;
}
