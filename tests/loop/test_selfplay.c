/* SPDX-License-Identifier: MIT */
/*
 * test_selfplay.c - the self-play stage: shards, verification of models, repetition, stop.
 */
#include <rr/digest.h>
#include <rr/effect.h>
#include <rr/events.h>
#include <rr/gamekit.h>
#include <rr/net.h>
#include <rr/shard.h>
#include <rr/test.h>

#include "tests/tap.h"

#include <dirent.h>
#include <ftw.h>

extern const struct rr_plugin rr_plugin;

static char data_dir[4096];
static char plugin_path[4096];
static char model_sha256[RR_SHA256_HEX];

static const char model_name[] = "models/one.safetensors";

static int
remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

/* Regular files in data/games/connect4_2p, temporary ones included. */
static int
count_files(void)
{
    char dir[4200];
    int n = 0;

    (void)snprintf(dir, sizeof dir, "%s/games/connect4_2p", data_dir);
    DIR *d = opendir(dir);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    return n;
}

static struct rr_test *
new_stage(void)
{
    struct rr_test *t = rr_test_new(&rr_plugin);

    rr_test_fact(t, "data_dir", data_dir);
    rr_test_fact(t, "plugin_path", plugin_path);
    rr_test_opt(t, "simulations", "16");
    rr_test_opt(t, "fast_simulations", "6");
    rr_test_opt(t, "parallel_games", "4");
    rr_test_opt(t, "threads", "2");
    if (rr_test_check(t) != 0 || rr_test_init(t) != 0) {
        printf("Bail out! %s\n", t->err.text);
        exit(1);
    }
    return t;
}

static void
end_stage(struct rr_test *t)
{
    rr_test_fini(t);
    rr_test_free(t);
}

static struct ev_selfplay_requested
ask_random(uint64_t request)
{
    return (struct ev_selfplay_requested){.config = "connect4_2p",
                                          .request = request,
                                          .games = 20,
                                          .seed = 5,
                                          .model_path = "",
                                          .model_sha256 = "",
                                          .budget_scale = 1.0};
}

static struct ev_selfplay_requested
ask_model(uint64_t request)
{
    struct ev_selfplay_requested ask = ask_random(request);

    ask.games = 6;
    ask.model_path = model_name;
    ask.model_sha256 = model_sha256;
    ask.generation = 3;
    return ask;
}

/* A hash over the moves and targets of a shard, and whether every game verifies. */
struct contents {
    uint64_t digest, games, searched, fast, targets;
    bool verified;
};

static struct contents
read_shard(const char *name)
{
    struct contents c = {.digest = 1469598103934665603u, .verified = true};
    struct rr_err err = RR_ERR_INIT;
    const struct rr_game *game;
    const struct rr_variant *variant;
    struct rr_shard_reader *reader;
    struct rr_record record;
    char path[4300];

    (void)snprintf(path, sizeof path, "%s/%s", data_dir, name);
    if (rr_game_find(plugin_path, "connect4_2p", &game, &variant, &err) != 0 ||
        rr_shard_open(path, &reader, &err) != 0) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    while (rr_shard_next(reader, &record, &err) == 0) {
        c.games++;
        c.verified = c.verified && rr_record_verify(game, variant, &record, &err) == 0;
        for (uint32_t i = 0; i < record.plies; i++) {
            c.searched += record.ply[i].flags == RR_PLY_SEARCHED;
            c.fast += record.ply[i].flags == RR_PLY_FAST;
            c.targets += record.ply[i].targets > 0;
            c.digest = (c.digest ^ record.ply[i].move) * 1099511628211u;
        }
        for (size_t i = 0; i < sizeof record.id; i++) {
            c.digest = (c.digest ^ record.id[i]) * 1099511628211u;
        }
    }
    rr_shard_close(reader);
    return c;
}

static void
test_random(void)
{
    struct rr_test *t = new_stage();
    const struct ev_selfplay_requested ask = ask_random(1);
    char sha256[RR_SHA256_HEX];
    char path[4300];
    struct rr_err err = RR_ERR_INIT;

    is_int(rr_test_event(t, &rr_type_selfplay_requested, ask.config, &ask), RR_DONE,
           "generation 0 is played");
    const struct ev_selfplay_complete *out = rr_test_payload(t, "SELFPLAY_COMPLETE", 0);
    const struct contents c = read_shard(out->shard_path);
    (void)snprintf(path, sizeof path, "%s/%s", data_dir, out->shard_path);
    ok(out->games_completed == 20 && c.games == 20 && c.verified && out->request == 1 &&
           strcmp(out->model_id, "none") == 0 && out->generation == 0,
       "its shard has 20 games that verify");
    ok(c.searched == 0 && c.fast == 0 && c.targets == 0, "of random moves without targets");
    ok(rr_sha256_file(path, sha256, NULL, &err) == 0 && strcmp(sha256, out->shard_sha256) == 0,
       "the event names its hash");

    const struct ev_selfplay_requested other = ask_random(2);
    (void)rr_test_event(t, &rr_type_selfplay_requested, other.config, &other);
    out = rr_test_payload(t, "SELFPLAY_COMPLETE", 1);
    ok(read_shard(out->shard_path).digest != c.digest,
       "another request has other games and ids, even with the same seed");
    end_stage(t);

    t = new_stage();
    rr_test_opt(t, "bootstrap_simulations", "8");
    (void)rr_test_event_again(t, &rr_type_selfplay_requested, ask.config, &ask, 500, 1);
    out = rr_test_payload(t, "SELFPLAY_COMPLETE", 0);
    ok(out->samples > 0 && read_shard(out->shard_path).targets > 0,
       "generation 0 may search without a net, and then leaves targets");
    end_stage(t);
}

static void
test_model(void)
{
    struct rr_test *t = new_stage();
    const struct ev_selfplay_requested ask = ask_model(7);

    is_int(rr_test_event_again(t, &rr_type_selfplay_requested, ask.config, &ask, 700, 1), RR_DONE,
           "games are played with a model");
    const struct ev_selfplay_complete *out = rr_test_payload(t, "SELFPLAY_COMPLETE", 0);
    const struct contents c = read_shard(out->shard_path);
    diag("%s: %" PRIu64 " full, %" PRIu64 " fast, %" PRIu64 " evaluations", out->shard_path,
         c.searched, c.fast, out->evaluations);
    ok(c.games == 6 && c.verified && c.searched > 0 && c.fast > 0 && c.targets == c.searched &&
           out->evaluations > 0 && out->generation == 3 && strcmp(out->model_id, model_sha256) == 0,
       "full searches leave targets; model and generation are named");
    ok(rr_test_note(t, "connect4_2p") != NULL, "the configuration's line in status is set");

    const int files = count_files();
    is_int(rr_test_event_again(t, &rr_type_selfplay_requested, ask.config, &ask, 700, 2), RR_DONE,
           "the same event again");
    const struct ev_selfplay_complete *again = rr_test_payload(t, "SELFPLAY_COMPLETE", 1);
    ok(count_files() == files && strcmp(again->shard_sha256, out->shard_sha256) == 0 &&
           again->games_completed == 6 && again->samples == out->samples,
       "finds its shard and announces it again");
    is_int(rr_test_event_again(t, &rr_type_selfplay_requested, ask.config, &ask, 701, 1), RR_DONE,
           "the same request in another event");
    out = rr_test_payload(t, "SELFPLAY_COMPLETE", 2);
    ok(read_shard(out->shard_path).digest == c.digest, "gives the same games");
    end_stage(t);
}

static void
test_refusals(void)
{
    struct rr_test *t = new_stage();
    struct ev_selfplay_requested ask = ask_model(8);
    char wrong[RR_SHA256_HEX];
    const int files = count_files();

    memcpy(wrong, model_sha256, sizeof wrong);
    wrong[0] = wrong[0] == '0' ? '1' : '0';
    ask.model_sha256 = wrong;
    is_int(rr_test_event(t, &rr_type_selfplay_requested, ask.config, &ask), RR_REJECT,
           "a model with another hash is refused");
    ask.model_sha256 = model_sha256;
    ask.model_path = "models/gone.safetensors";
    is_int(rr_test_event(t, &rr_type_selfplay_requested, ask.config, &ask), RR_RETRY,
           "for a missing model it is tried again later");
    ask.model_path = "../one.safetensors";
    is_int(rr_test_event(t, &rr_type_selfplay_requested, ask.config, &ask), RR_REJECT,
           "a path that leaves the data directory is refused");
    ask = ask_model(9);
    ask.config = "ringrift_9p";
    is_int(rr_test_event(t, &rr_type_selfplay_requested, ask.config, &ask), RR_REJECT,
           "an unknown configuration is refused");
    ask = ask_model(10);
    ask.generation = 0;
    is_int(rr_test_event(t, &rr_type_selfplay_requested, ask.config, &ask), RR_REJECT,
           "a model without a generation is refused");
    ask = ask_random(11);
    ask.games = 0;
    is_int(rr_test_event(t, &rr_type_selfplay_requested, ask.config, &ask), RR_REJECT,
           "no games are refused");
    ask = ask_random(12);
    ask.budget_scale = 0.0;
    is_int(rr_test_event(t, &rr_type_selfplay_requested, ask.config, &ask), RR_REJECT,
           "no budget is refused");
    ask = ask_model(13);
    ask.config = "hex8_2p";
    is_int(rr_test_event(t, &rr_type_selfplay_requested, ask.config, &ask), RR_REJECT,
           "a model of another layout is refused");

    t->stop = 1;
    ask = ask_random(14);
    ask.games = 1000000;
    is_int(rr_test_event(t, &rr_type_selfplay_requested, ask.config, &ask), RR_RETRY,
           "a stop ends the handler");
    is_int((int64_t)rr_test_count(t, NULL), 0, "nothing was emitted");
    is_int(count_files(), files, "and no file is left behind");
    rr_test_opt(t, "fast_simulations", "17");
    is_int(rr_test_check(t), RR_E_CONFIG, "a fast search that is the larger one is refused");
    end_stage(t);
}

/* A small net for the tests, saved as a model. */
static int
make_model(struct rr_err *err)
{
    const struct rr_game *game;
    const struct rr_variant *v;
    char *graph = NULL;
    struct rr_net *net = NULL;
    char path[4300];
    int rc = rr_game_find(plugin_path, "connect4_2p", &game, &v, err);

    if (rc != 0) {
        return rc;
    }
    const struct rr_tower tower = {
        .io = {v->height, v->width, v->planes, v->scalars, v->policy_planes, v->policy_scalars,
               v->seats},
        .channels = 8,
        .blocks = 1,
        .head_channels = 8,
    };
    const char *const meta[] = {"layout", v->layout, "config", v->name, "generation", "3", NULL};
    (void)snprintf(path, sizeof path, "%s/models", data_dir);
    (void)mkdir(path, 0777);
    (void)snprintf(path, sizeof path, "%s/%s", data_dir, model_name);
    rc = rr_tower_graph(&tower, &graph, err);
    if (rc == 0) {
        rc = rr_net_new(graph, 1, &net, err);
    }
    if (rc == 0) {
        rc = rr_model_save(net, meta, path, err);
    }
    if (rc == 0) {
        rc = rr_sha256_file(path, model_sha256, NULL, err);
    }
    free(graph);
    rr_net_free(net);
    return rc;
}

int
main(void)
{
    const char *build = getenv("RR_BUILDDIR");
    const char *tmp = getenv("TMPDIR");
    struct rr_err err = RR_ERR_INIT;

    (void)snprintf(data_dir, sizeof data_dir, "%s/selfplay-XXXXXX", tmp != NULL ? tmp : "/tmp");
    (void)snprintf(plugin_path, sizeof plugin_path, "%s/plugins", build != NULL ? build : ".");
    if (mkdtemp(data_dir) == NULL || make_model(&err) != 0) {
        printf("Bail out! cannot set up: %s\n", err.text);
        return 1;
    }
    test_random();
    test_model();
    test_refusals();
    (void)nftw(data_dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return tap_done();
}
