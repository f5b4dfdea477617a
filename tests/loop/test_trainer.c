/* SPDX-License-Identifier: MIT */
/*
 * test_trainer.c - the trainer stage: one answer to each request, whatever happens on the way.
 */
#include "tests/loop/samples.h"
#include "tests/tap.h"

#include <rr/events.h>
#include <rr/net.h>
#include <rr/test.h>

#include <dirent.h>
#include <errno.h>

extern const struct rr_plugin rr_plugin;

static char npz_sha256[RR_SHA256_HEX];
static uint64_t npz_samples;

static struct rr_test *
new_stage(void)
{
    struct rr_test *t = rr_test_new(&rr_plugin);

    rr_test_fact(t, "data_dir", loop_dir);
    rr_test_fact(t, "plugin_path", loop_plugins);
    rr_test_opt(t, "blocks", "1");
    rr_test_opt(t, "channels", "16");
    rr_test_opt(t, "head_channels", "8");
    rr_test_opt(t, "batch", "64");
    rr_test_opt(t, "min_steps", "10");
    rr_test_opt(t, "max_steps", "40");
    rr_test_opt(t, "threads", "1");
    rr_test_opt(t, "dtype", "f32");
    rr_test_opt(t, "checkpoint_steps", "5");
    if (rr_test_check(t) != 0) {
        printf("Bail out! %s\n", t->err.text);
        exit(1);
    }
    return t;
}

static struct ev_training_requested
ask(const char *job_id, uint64_t generation)
{
    return (struct ev_training_requested){.config = LOOP_CONFIG,
                                          .job_id = job_id,
                                          .generation = generation,
                                          .npz_path = "samples.npz",
                                          .npz_sha256 = npz_sha256,
                                          .sample_count = npz_samples,
                                          .new_samples = npz_samples,
                                          .init_model = "",
                                          .init_sha256 = ""};
}

static size_t
entries(const char *name)
{
    char path[400];
    size_t count = 0;
    struct dirent *entry;
    DIR *dir;

    (void)snprintf(path, sizeof path, "%s/%s", loop_dir, name);
    dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return count;
}

/* A request is answered by a model; a repetition after that says the same again. */
static void
test_answer(void)
{
    struct rr_test *t = new_stage();
    const struct ev_training_requested want = ask(LOOP_CONFIG "-g0001", 1);
    char sha256[RR_SHA256_HEX] = "";
    char path[600] = "";
    struct rr_net *net = NULL;
    struct rr_err err = RR_ERR_INIT;

    is_int(rr_test_event_again(t, &rr_type_training_requested, LOOP_CONFIG, &want, 77, 1), RR_DONE,
           "a request is done");
    is_int((int64_t)rr_test_count(t, "TRAINING_STARTED"), 1, "TRAINING_STARTED once");
    ok(rr_test_count(t, "TRAINING_PROGRESS") >= 1, "TRAINING_PROGRESS for each pass");
    is_int((int64_t)rr_test_count(t, "TRAINING_COMPLETED"), 1, "TRAINING_COMPLETED once");

    const struct ev_training_completed *out = rr_test_payload(t, "TRAINING_COMPLETED", 0);
    is_int((int64_t)out->steps, 40, "all steps, bounded by max_steps");
    is_int((int64_t)out->samples_trained, 40 * 64, "samples seen");
    is_str(out->model_path, "models/" LOOP_CONFIG "/g0001-000000000000004d.safetensors",
           "the file's name follows from the event");
    ok(out->final_loss > 0 && out->best_val_loss > 0 && out->val_value_loss > 0, "losses");
    ok(strstr(out->architecture, "1x16") != NULL, "architecture \"%s\"", out->architecture);
    (void)snprintf(path, sizeof path, "%s/%s", loop_dir, out->model_path);
    is_int(rr_sha256_file(path, sha256, NULL, &err), 0, "the file is there");
    is_str(out->model_sha256, sha256, "with the hash that was told");
    if (is_int(rr_model_load(path, "connect4/1/connect4_2p", &net, &err), 0, "it can be loaded")) {
        is_str(rr_model_meta(net, "generation"), "1", "it knows its generation");
        is_str(rr_model_meta(net, "parent"), "", "and that it has no parent");
        rr_net_free(net);
    }
    is_int((int64_t)entries("checkpoints/" LOOP_CONFIG), 0, "no checkpoints are left");
    ok(rr_test_note(t, LOOP_CONFIG) != NULL && strstr(rr_test_note(t, LOOP_CONFIG), "gen 1"),
       "note: %s", rr_test_note(t, LOOP_CONFIG));

    /* the worker died after the rename and before the commit: the event comes again */
    is_int(rr_test_event_again(t, &rr_type_training_requested, LOOP_CONFIG, &want, 77, 2), RR_DONE,
           "the same event again");
    is_int((int64_t)rr_test_count(t, "TRAINING_STARTED"), 1, "is not started again");
    const struct ev_training_completed *one = rr_test_payload(t, "TRAINING_COMPLETED", 0);
    const struct ev_training_completed *two = rr_test_payload(t, "TRAINING_COMPLETED", 1);
    ok(strcmp(one->model_sha256, two->model_sha256) == 0 && one->steps == two->steps &&
           fabs(one->final_loss - two->final_loss) < 1e-6,
       "and says the same");
    is_int((int64_t)entries("models/" LOOP_CONFIG), 1, "with one file");

    /* the next generation starts from it */
    struct ev_training_requested next = ask(LOOP_CONFIG "-g0002", 2);
    next.init_model = one->model_path;
    next.init_sha256 = one->model_sha256;
    next.new_samples = 64;
    is_int(rr_test_event(t, &rr_type_training_requested, LOOP_CONFIG, &next), RR_DONE,
           "a training from a model");
    const struct ev_training_completed *third = rr_test_payload(t, "TRAINING_COMPLETED", 2);
    is_int((int64_t)third->steps, 10, "few new samples: min_steps");
    ok(third->final_loss < one->final_loss + 0.05, "goes on where the first one ended (%.3f, %.3f)",
       third->final_loss, one->final_loss);
    rr_test_free(t);
}

static int stop_after;

static int
stop_soon(struct rr_ctx *ctx)
{
    (void)ctx;
    return stop_after-- <= 0;
}

/* A stop gives the event back, and the next attempt ends with the same weights. */
static void
test_stop(void)
{
    struct rr_test *t = new_stage();
    const struct ev_training_requested want = ask(LOOP_CONFIG "-g0001", 1);
    struct rr_host host = *t->ctx.host;
    const struct rr_host *calm = t->ctx.host;

    host.should_stop = stop_soon;
    t->ctx.host = &host;
    stop_after = 17;
    is_int(rr_test_event_again(t, &rr_type_training_requested, LOOP_CONFIG, &want, 501, 1),
           RR_RETRY, "a stop at step 17 gives the event back");
    is_int((int64_t)rr_test_count(t, "TRAINING_COMPLETED"), 0, "without an answer");
    ok(entries("checkpoints/" LOOP_CONFIG "/00000000000001f5") > 0, "and with a checkpoint");
    t->ctx.host = calm;
    is_int(rr_test_event_again(t, &rr_type_training_requested, LOOP_CONFIG, &want, 501, 1), RR_DONE,
           "the next attempt is done");
    is_int(rr_test_event_again(t, &rr_type_training_requested, LOOP_CONFIG, &want, 502, 1), RR_DONE,
           "as is a training that nobody stopped");
    const struct ev_training_completed *one = rr_test_payload(t, "TRAINING_COMPLETED", 0);
    const struct ev_training_completed *two = rr_test_payload(t, "TRAINING_COMPLETED", 1);
    ok(one->final_loss == two->final_loss && one->val_policy_loss == two->val_policy_loss,
       "both come to the same losses");
    rr_test_free(t);
}

static void
fails(struct rr_test *t, const struct ev_training_requested *want, const char *error_class,
      const char *word, const char *what)
{
    const size_t before = rr_test_count(t, "TRAINING_FAILED");

    is_int(rr_test_event(t, &rr_type_training_requested, LOOP_CONFIG, want), RR_DONE, what);
    if (!is_int((int64_t)rr_test_count(t, "TRAINING_FAILED"), (int64_t)before + 1,
                "is answered by TRAINING_FAILED")) {
        diag("%s", t->err.text);
        return;
    }
    const struct ev_training_failed *out = rr_test_payload(t, "TRAINING_FAILED", before);
    is_str(out->error_class, error_class, "with its class");
    ok(strstr(out->error, word) != NULL, "and the reason: %s", out->error);
}

static void
test_failures(void)
{
    struct rr_test *t = new_stage();
    struct ev_training_requested want = ask("bad-1", 1);

    want.npz_sha256 = "0000000000000000000000000000000000000000000000000000000000000000";
    fails(t, &want, "data", "samples.npz", "samples with another hash");
    want = ask("bad-2", 1);
    want.npz_path = "missing.npz";
    fails(t, &want, "data", "missing.npz", "samples that are not there");
    want = ask("bad-3", 1);
    want.init_model = "samples.npz";
    want.init_sha256 = npz_sha256;
    fails(t, &want, "data", "samples.npz", "a start model that is none");
    want = ask("bad-4", 1);
    want.config = "nosuch_2p";
    fails(t, &want, "data", "nosuch_2p", "a configuration that no game has");
    want = ask("bad-5", 1);
    is_int(rr_test_event_again(t, &rr_type_training_requested, LOOP_CONFIG, &want, 900, 4), RR_DONE,
           "a request whose attempts all died");
    const struct ev_training_failed *out =
        rr_test_payload(t, "TRAINING_FAILED", rr_test_count(t, "TRAINING_FAILED") - 1);
    is_str(out->error_class, "internal", "fails as internal");
    ok(out->retryable == 1, "and may be asked for again");
    is_int((int64_t)rr_test_count(t, "TRAINING_COMPLETED"), 0, "none of them made a model");
    rr_test_free(t);
}

/* A model of another layout is refused, unless the option says to start fresh. */
static void
test_mismatch(void)
{
    static const struct rr_tower tower = {
        .io = {.height = 6, .width = 7, .planes = 2, .scalars = 1, .policy_planes = 1, .seats = 2},
        .channels = 8,
        .blocks = 1,
        .head_channels = 8};
    const char *const meta[] = {"layout", "connect4/0/connect4_2p", NULL};
    struct rr_test *t = new_stage();
    struct ev_training_requested want = ask("old-1", 3);
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *net = NULL;
    char sha256[RR_SHA256_HEX] = "";
    char path[400];
    char *graph = NULL;

    (void)snprintf(path, sizeof path, "%s/old.safetensors", loop_dir);
    ok(rr_tower_graph(&tower, &graph, &err) == 0 && rr_net_new(graph, 1, &net, &err) == 0 &&
           rr_model_save(net, meta, path, &err) == 0 &&
           rr_sha256_file(path, sha256, NULL, &err) == 0,
       "a model of an older layout");
    free(graph);
    rr_net_free(net);
    want.init_model = "old.safetensors";
    want.init_sha256 = sha256;
    fails(t, &want, "mismatch", "layout", "a start from it");
    rr_test_opt(t, "on_mismatch", "fresh");
    want.job_id = "old-2";
    is_int(rr_test_event(t, &rr_type_training_requested, LOOP_CONFIG, &want), RR_DONE,
           "with on_mismatch = fresh");
    is_int((int64_t)rr_test_count(t, "TRAINING_COMPLETED"), 1, "it starts from fresh weights");
    rr_test_free(t);
}

static void
test_options(void)
{
    struct rr_test *t = new_stage();

    rr_test_opt(t, "min_steps", "41");
    is_int(rr_test_check(t), RR_E_CONFIG, "min_steps above max_steps is refused");
    ok(strstr(t->err.text, "41") != NULL, "in words: %s", t->err.text);
    rr_test_free(t);
}

int
main(void)
{
    struct rr_err err = RR_ERR_INIT;

    if (loop_begin() != 0) {
        return 1;
    }
    if (!is_int(samples_write("samples.npz", 30, npz_sha256, &npz_samples, &err), 0,
                "samples of random games")) {
        diag("%s", err.text);
    }
    test_answer();
    test_stop();
    test_failures();
    test_mismatch();
    test_options();
    is_int(loop_end(), 0, "nothing is left behind");
    return tap_done();
}
