/* SPDX-License-Identifier: MIT */
/*
 * test_npz_export.c - when an export is due, what is in it, what is measured, what is deleted.
 */
#include <rr/events.h>
#include <rr/npz.h>
#include <rr/test.h>

#include "plugins/npz_export/quality.h"
#include "plugins/npz_export/window.h"
#include "tests/loop/loop.h"
#include "tests/tap.h"

extern const struct rr_plugin rr_plugin;

static struct rr_test *t;
static uint64_t request;

static void
test_window(void)
{
    const struct window_conf conf = {.first_samples = 100,
                                     .min_new_samples = 300,
                                     .window_min = 1000,
                                     .window_max = 5000,
                                     .window_fraction = 0.5,
                                     .value_chance = 0.25};

    is_int((int64_t)window_shard_rows(&conf, 100, 20), 40, "targets, and a quarter of the rest");
    is_int((int64_t)window_rows(&conf, 0), 1000, "the window has a lower bound");
    is_int((int64_t)window_rows(&conf, 4000), 2000, "grows with what there is");
    is_int((int64_t)window_rows(&conf, 1000000), 5000, "and has an upper bound");
    ok(!window_due(&conf, 0, 99, 0) && window_due(&conf, 0, 100, 0), "the first export waits less");
    ok(!window_due(&conf, 1, 299, 0) && window_due(&conf, 1, 300, 0), "later ones wait more");
    ok(!window_due(&conf, 1, 300, window_retry(&conf, 1, 300)) &&
           window_due(&conf, 1, 451, window_retry(&conf, 1, 300)),
       "a blocked one waits for half as much again");
}

static void
test_quality(void)
{
    const float win[4] = {1.0f, 0.0f};
    const float draw[4] = {0.5f, 0.5f};
    struct quality q;
    struct quality_score good;
    struct quality_score bad;
    struct rr_err err = RR_ERR_INIT;
    double figure;

    (void)quality_init(&q, &err);
    for (uint32_t g = 0; g < 10; g++) {
        (void)quality_game(&q, win, 2, 30, 1, &err);
        for (uint32_t i = 0; i < 30; i++) {
            const uint64_t state = g * 100 + i;

            quality_row(&q, i, 30, &state, sizeof state);
        }
    }
    quality_finish(&q, 0.0, &good);
    quality_fini(&q);
    is_near(good.score, 1.0, 1e-9, "decisive, typical, balanced, diverse, searched games score 1");
    is_near(good.mean_length, 30.0, 1e-9, "mean length");

    (void)quality_init(&q, &err);
    for (uint32_t g = 0; g < 10; g++) {
        (void)quality_game(&q, draw, 2, 6, 0, &err);
        for (uint32_t i = 0; i < 2; i++) {
            const uint64_t state = 7;

            quality_row(&q, i, 6, &state, sizeof state);
        }
    }
    quality_finish(&q, 30.0, &bad);
    quality_fini(&q);
    is_near(bad.outcome, 0.3, 1e-9, "draws count 0.3");
    ok(bad.length == 0.0, "games five times shorter than typical count 0");
    ok(bad.phase == 0.0, "rows of one third only count 0");
    is_near(bad.diversity, 0.05, 1e-9, "one position twenty times counts a twentieth");
    is_near(bad.source, 0.5, 1e-9, "random games count a half");
    ok(bad.score < 0.2, "useless games are below every threshold");
    is_str(quality_lowest(&bad, &figure), "length", "the lowest part is named");
}

static int
feed(const char *name, uint32_t games, uint64_t generation)
{
    struct loop_shard shard;
    struct ev_data_sync_completed ev;

    if (loop_shard(name, 100 + request, games, generation, &shard) != 0) {
        return -1;
    }
    ev = (struct ev_data_sync_completed){.config = LOOP_CONFIG,
                                         .request = ++request,
                                         .shard_path = shard.path,
                                         .shard_sha256 = shard.sha256,
                                         .generation = generation,
                                         .files_synced = 1,
                                         .games_synced = games,
                                         .samples_synced = shard.samples};
    return rr_test_event(t, &rr_type_data_sync_completed, LOOP_CONFIG, &ev);
}

static const struct ev_npz_export_complete *
export_event(size_t i)
{
    return rr_test_payload(t, "NPZ_EXPORT_COMPLETE", i);
}

static struct rr_npz *
open_export(size_t i)
{
    struct rr_err err = RR_ERR_INIT;
    struct rr_npz *npz = NULL;
    char path[700];

    (void)snprintf(path, sizeof path, "%s/%s", loop_dir, export_event(i)->npz_path);
    if (rr_npz_open(path, &npz, &err) != 0) {
        diag("%s", err.text);
    }
    return npz;
}

/* Find a row's position by replaying its game: the planes must be those of some symmetry, and the
 * value the outcome as the mover sees it. Connect Four has two symmetries. */
static int
row_is_true(const struct rr_npz *npz, uint64_t row, const struct rr_game *game,
            const struct rr_variant *v, const struct rr_record *record)
{
    const size_t cells = (size_t)v->height * v->width * v->planes;
    const uint8_t *features = (const uint8_t *)rr_npz_get(npz, "features")->data + row * cells;
    const float *value = (const float *)rr_npz_get(npz, "value_rel")->data + row * 4;
    const int32_t ply = ((const int32_t *)rr_npz_get(npz, "ply")->data)[row];
    const int64_t *legal_off = rr_npz_get(npz, "legal_off")->data;
    uint64_t state[64];
    uint64_t image[64];
    uint8_t planes[4096];
    float scalars[64];
    rr_move legal[64];
    int same = 0;
    int32_t mover;

    game->init(v, 0, state);
    for (int32_t i = 0; i < ply; i++) {
        game->apply(v, state, record->ply[i].move);
    }
    mover = game->mover(v, state);
    for (uint32_t sym = 0; sym < v->symmetries; sym++) {
        game->transform(v, sym, state, image);
        game->encode(v, image, planes, scalars);
        same |= memcmp(planes, features, cells) == 0;
    }
    return same && value[0] == record->share[mover] && value[1] == record->share[1 - mover] &&
           legal_off[row + 1] - legal_off[row] == (int64_t)game->legal(v, state, legal);
}

static void
test_rows(const char *shard)
{
    struct rr_npz *npz = open_export(0);
    const struct rr_game *game = NULL;
    const struct rr_variant *v = NULL;
    struct rr_shard_reader *reader = NULL;
    struct rr_record record;
    struct rr_err err = RR_ERR_INIT;
    const uint8_t *ids = rr_npz_get(npz, "game_id")->data;
    const uint64_t rows = rr_npz_get(npz, "features")->shape[0];
    uint64_t found = 0;
    uint64_t wrong = 0;
    char path[400];

    (void)rr_game_find(loop_plugins, LOOP_CONFIG, &game, &v, &err);
    (void)snprintf(path, sizeof path, "%s/games/%s", loop_dir, shard);
    (void)rr_shard_open(path, &reader, &err);
    while (rr_shard_next(reader, &record, &err) == 0) {
        for (uint64_t row = 0; row < rows; row++) {
            if (memcmp(ids + row * 16, record.id, 16) == 0) {
                found++;
                wrong += !row_is_true(npz, row, game, v, &record);
            }
        }
    }
    rr_shard_close(reader);
    rr_npz_close(npz);
    is_int((int64_t)found, (int64_t)rows, "every row belongs to a game of the shard");
    is_int((int64_t)wrong, 0, "each shows its position, legal moves and outcome for the mover");
}

static void
test_first_export(void)
{
    const struct ev_npz_export_complete *ev;
    struct rr_npz *npz;

    is_int(feed("a", 10, 0), RR_DONE, "a small shard is taken");
    is_int((int64_t)rr_test_count(t, NULL), 0, "too little for an export");
    is_int(feed("b", 200, 0), RR_DONE, "more random games");
    is_int((int64_t)rr_test_count(t, "NPZ_EXPORT_COMPLETE"), 1, "make an export due");
    ev = export_event(0);
    ok(ev->export_no == 1 && ev->game_count == 210 && ev->new_samples == ev->sample_count &&
           ev->newest_generation == 0 && ev->validation_count > 0 &&
           ev->validation_count < ev->sample_count / 3 && ev->quality_score > 0.5,
       "the event tells of it");
    npz = open_export(0);
    ok(npz != NULL && rr_npz_get(npz, "features")->shape[0] == ev->sample_count,
       "the file has so many rows");
    ok(rr_npz_get(npz, "policy_idx")->shape[0] == 0, "random games give no policy target");
    ok(((const float *)rr_npz_get(npz, "weight")->data)[0] == 1.0f,
       "alone, they weigh as much as any");
    rr_npz_close(npz);
}

static void
test_searched_export(void)
{
    const struct ev_npz_export_complete *ev;
    const int64_t *off;
    struct rr_npz *npz;
    uint64_t bad_sums = 0;

    is_int(feed("c", 40, 1), RR_DONE, "searched games");
    is_int((int64_t)rr_test_count(t, "NPZ_EXPORT_COMPLETE"), 2, "give the next export");
    ev = export_event(1);
    ok(ev->newest_generation == 1 && ev->new_samples < ev->sample_count, "with old games in it");
    npz = open_export(1);
    off = rr_npz_get(npz, "policy_off")->data;
    for (uint64_t i = 0; i < ev->sample_count; i++) {
        double sum = 0.0;

        for (int64_t k = off[i]; k < off[i + 1]; k++) {
            sum += (double)((const float *)rr_npz_get(npz, "policy_val")->data)[k];
        }
        bad_sums += off[i + 1] > off[i] && fabs(sum - 1.0) > 1e-3;
    }
    ok(off[ev->sample_count] > 0 && bad_sums == 0, "policy targets sum to 1");
    ok(((const float *)rr_npz_get(npz, "weight")->data)[0] < 1.0f, "random games weigh less now");
    rr_npz_close(npz);
}

static void
test_files(void)
{
    char path[700];
    struct stat st;

    for (uint32_t i = 0; i < 4; i++) {
        char name[8];

        (void)snprintf(name, sizeof name, "f%u", i);
        ok(feed(name, 40, 2 + i) == RR_DONE, "generation %u", 2 + i);
    }
    is_int((int64_t)rr_test_count(t, "NPZ_EXPORT_COMPLETE"), 6, "one export each");
    (void)snprintf(path, sizeof path, "%s/%s", loop_dir, export_event(2)->npz_path);
    ok(stat(path, &st) != 0, "files older than the newest three are deleted");
    (void)snprintf(path, sizeof path, "%s/%s", loop_dir, export_event(3)->npz_path);
    ok(stat(path, &st) == 0, "the third newest is kept");
    ok(rr_test_durable(t, "shard/" LOOP_CONFIG "/0") == NULL, "shards out of reach are forgotten");
    ok(rr_test_note(t, LOOP_CONFIG) != NULL, "a note tells of the export");
    diag("%s", rr_test_note(t, LOOP_CONFIG));
}

/* The process dies after the file is there and before the commit: the event comes again. */
static void
test_repeat(void)
{
    const size_t before = rr_test_count(t, "NPZ_EXPORT_COMPLETE");
    struct loop_shard shard;
    struct ev_data_sync_completed ev;
    char head[4096];
    char *sha256;

    (void)snprintf(head, sizeof head, "%s", rr_test_durable(t, "head/" LOOP_CONFIG));
    (void)loop_shard("r", 4711, 40, 7, &shard);
    ev = (struct ev_data_sync_completed){.config = LOOP_CONFIG,
                                         .shard_path = shard.path,
                                         .shard_sha256 = shard.sha256,
                                         .generation = 7,
                                         .files_synced = 1,
                                         .games_synced = 40};
    is_int(rr_test_event_again(t, &rr_type_data_sync_completed, LOOP_CONFIG, &ev, 99999, 1),
           RR_DONE, "an export");
    sha256 = strdup(export_event(before)->npz_sha256);
    rr_test_set_durable(t, "head/" LOOP_CONFIG, head); /* its transaction is lost */
    is_int(rr_test_event_again(t, &rr_type_data_sync_completed, LOOP_CONFIG, &ev, 99999, 2),
           RR_DONE, "and once more");
    ok(strcmp(export_event(before + 1)->npz_sha256, sha256) == 0 &&
           export_event(before + 1)->export_no == export_event(before)->export_no &&
           export_event(before + 1)->sample_count == export_event(before)->sample_count &&
           export_event(before + 1)->new_samples == export_event(before)->new_samples &&
           export_event(before + 1)->quality_score == export_event(before)->quality_score,
       "tells the same of the same file");
    free(sha256);
}

static void
test_blocked(void)
{
    const struct ev_training_blocked_by_quality *ev;
    const size_t before = rr_test_count(t, "NPZ_EXPORT_COMPLETE");

    rr_test_opt(t, "quality_threshold", "0.999");
    is_int(feed("q", 40, 8), RR_DONE, "with a threshold that nothing reaches");
    is_int((int64_t)rr_test_count(t, "NPZ_EXPORT_COMPLETE"), (int64_t)before,
           "nothing is released");
    is_int((int64_t)rr_test_count(t, "TRAINING_BLOCKED_BY_QUALITY"), 1, "the block is told");
    ev = rr_test_payload(t, "TRAINING_BLOCKED_BY_QUALITY", 0);
    ok(ev->threshold == 0.999 && ev->quality_score < 0.999 && strstr(ev->reason, "lowest") != NULL,
       "with the figures");
    is_int(feed("s", 2, 8), RR_DONE, "a little more");
    is_int((int64_t)rr_test_count(t, "TRAINING_BLOCKED_BY_QUALITY"), 1, "is not judged at once");
    rr_test_opt(t, "quality_threshold", "0.5");
    is_int(feed("u", 40, 8), RR_DONE, "enough more, and a threshold within reach");
    is_int((int64_t)rr_test_count(t, "NPZ_EXPORT_COMPLETE"), (int64_t)before + 1, "give an export");
}

int
main(void)
{
    test_window();
    test_quality();
    if (loop_begin() != 0) {
        return 99;
    }
    t = rr_test_new(&rr_plugin);
    t->quiet = 1;
    rr_test_fact(t, "data_dir", loop_dir);
    rr_test_fact(t, "plugin_path", loop_plugins);
    rr_test_opt(t, "first_samples", "500");
    rr_test_opt(t, "min_new_samples", "500");
    rr_test_opt(t, "window_min", "2000");
    rr_test_opt(t, "window_max", "3000");
    rr_test_opt(t, "q_blend", "0");
    is_int(rr_test_check(t), 0, "the options are good");
    test_first_export();
    {
        /* One shard alone, so that all rows can be looked up in it. */
        struct rr_test *main_test = t;

        t = rr_test_new(&rr_plugin);
        t->quiet = 1;
        rr_test_fact(t, "data_dir", loop_dir);
        rr_test_fact(t, "plugin_path", loop_plugins);
        rr_test_opt(t, "first_samples", "100");
        rr_test_opt(t, "q_blend", "0");
        t->next_id += 1000;
        ok(feed("one", 20, 1) == RR_DONE && rr_test_count(t, NULL) == 1, "an export of one shard");
        test_rows("one");
        rr_test_free(t);
        t = main_test;
    }
    test_searched_export();
    test_files();
    test_repeat();
    test_blocked();
    rr_test_opt(t, "window_min", "5000");
    is_int(rr_test_check(t), RR_E_CONFIG, "a window upside down is refused");
    rr_test_free(t);
    (void)loop_end();
    return tap_done();
}
