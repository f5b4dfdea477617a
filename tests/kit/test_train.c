/* SPDX-License-Identifier: MIT */
/*
 * test_train.c - the training engine: what it refuses, that it learns, and that a training that was
 * killed ends with the same weights as one that was not.
 *
 * Nets must not be used before a fork, so that each training runs in a child of its own.
 */
#include "tests/kit/toy_samples.h"
#include "tests/tap.h"

#include <rr/train.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAMPLES 400
#define STEPS 60

static char directory[512];
static char npz[600];

static void
test_rates(void)
{
    struct rr_fit_conf conf = {.steps = 111,
                               .warmup_steps = 10,
                               .schedule = RR_FIT_COSINE,
                               .learning_rate = 0.01,
                               .final_fraction = 0.1};

    is_near(rr_fit_rate(&conf, 0), 0.001, 1e-12, "warm-up begins low");
    is_near(rr_fit_rate(&conf, 9), 0.01, 1e-12, "and ends at the highest rate");
    is_near(rr_fit_rate(&conf, 60), 0.0055, 1e-9, "a cosine is half way in the middle");
    is_near(rr_fit_rate(&conf, 110), 0.001, 1e-12, "and ends at the final fraction");
    conf.schedule = RR_FIT_CONSTANT;
    is_near(rr_fit_rate(&conf, 110), 0.01, 1e-12, "a constant stays");
}

static void
refused(enum toy_fault fault, int code, const char *word, const char *what)
{
    char path[700];
    struct rr_samples *samples = NULL;
    struct rr_err err = RR_ERR_INIT;

    (void)snprintf(path, sizeof path, "%s/bad.npz", directory);
    if (!ok(toy_write(path, 20, fault, &err) == 0, "%s: file made", what)) {
        diag("%s", err.text);
        return;
    }
    is_int(rr_samples_open(path, &toy_io, TOY_LAYOUT, &samples, &err), code, what);
    ok(strstr(err.text, word) != NULL, "%s: told as \"%s\"", what, err.text);
    (void)unlink(path);
}

static void
test_refusals(void)
{
    struct rr_samples *samples = NULL;
    struct rr_err err = RR_ERR_INIT;

    refused(TOY_POLICY_NOT_LEGAL, RR_E_CORRUPT, "sample 19", "policy that is not legal");
    refused(TOY_POLICY_SUM, RR_E_CORRUPT, "policy adds up to", "policy that is no distribution");
    refused(TOY_VALUE_SUM, RR_E_CORRUPT, "values add up to", "values that do not add up");
    refused(TOY_NOT_FINITE, RR_E_CORRUPT, "scalar 1", "scalar that is not finite");
    refused(TOY_LEGAL_RANGE, RR_E_CORRUPT, "legal index -1", "legal index out of range");
    refused(TOY_NO_TRAINING, RR_E_EMPTY, "no samples", "nothing to train on");
    refused(TOY_NO_SPLIT_ARRAY, RR_E_CORRUPT, "\"split\"", "missing array");
    refused(TOY_OTHER_PLANES, RR_E_MISMATCH, "\"features\"", "other number of planes");

    is_int(rr_samples_open(npz, &toy_io, "toy/2/toy_2p", &samples, &err), RR_E_MISMATCH,
           "other layout");
    ok(strstr(err.text, "export them again") != NULL, "with advice");
    ok(rr_samples_open("/nonexistent.npz", &toy_io, TOY_LAYOUT, &samples, &err) < 0, "no file");
    if (is_int(rr_samples_open(npz, &toy_io, TOY_LAYOUT, &samples, &err), 0, "good file")) {
        is_int((int64_t)rr_samples_count(samples, RR_SPLIT_TRAIN), SAMPLES * 9 / 10,
               "training samples");
        is_int((int64_t)rr_samples_count(samples, RR_SPLIT_VALIDATION), SAMPLES / 10,
               "validation samples");
        rr_samples_close(samples);
    }
}

/* What a child does. */
struct plan {
    const char *name; /* of its checkpoint directory and its model */
    const char *npz;
    uint64_t kill_at; /* step after which it kills itself; 0: never */
    uint64_t stop_at; /* step after which it is asked to stop; 0: never */
    uint64_t seed;
    uint32_t patience;
    bool is_still;               /* one step of next to no size */
    uint64_t epochs;             /* told so far */
    double first_loss;           /* mean loss of the first pass */
    struct rr_fit_result result; /* filled */
};

static int
on_step(void *user, const struct rr_fit_report *report)
{
    const struct plan *plan = user;

    if (plan->kill_at == report->step) {
        (void)kill(getpid(), SIGKILL);
    }
    return plan->stop_at == report->step;
}

static int
on_epoch(void *user, const struct rr_fit_report *report, struct rr_err *err)
{
    struct plan *plan = user;

    (void)err;
    if (plan->epochs++ == 0) {
        plan->first_loss = report->train.total;
    }
    return 0;
}

static void
on_say(void *user, const char *text)
{
    (void)user;
    fprintf(stderr, "# %s\n", text);
}

static int
train(struct plan *plan, struct rr_err *err)
{
    const struct rr_tower tower = {
        .io = toy_io, .channels = 16, .blocks = 1, .pool_every = 1, .head_channels = 8};
    char checkpoints[700];
    char model[700];
    struct rr_fit_conf conf = {
        .train = {.batch = 32,
                  .dtype = RR_DTYPE_F32,
                  .threads = 1,
                  .weight_decay = 1e-4f,
                  .beta1 = 0.9f,
                  .beta2 = 0.999f,
                  .epsilon = 1e-8f,
                  .clip_norm = 1,
                  .policy_weight = 1,
                  .value_weight = 1},
        .seed = plan->seed,
        .steps = plan->is_still ? 1 : STEPS,
        .warmup_steps = 5,
        .schedule = RR_FIT_COSINE,
        .learning_rate = plan->is_still ? 1e-9 : 0.01,
        .final_fraction = 0.1,
        .patience = plan->patience,
        .checkpoint_dir = checkpoints,
        .checkpoint_steps = 10,
        .checkpoint_keep = 2,
        .identity = "test",
        .epoch_done = on_epoch,
        .step_done = on_step,
        .say = on_say,
        .user = plan,
    };
    const char *const meta[] = {"layout", TOY_LAYOUT, NULL};
    struct rr_samples *samples = NULL;
    struct rr_net *start = NULL;
    struct rr_net *net = NULL;
    char *graph = NULL;
    int rc = rr_tower_graph(&tower, &graph, err);

    (void)snprintf(checkpoints, sizeof checkpoints, "%s/%s", directory, plan->name);
    (void)snprintf(model, sizeof model, "%s/%s.safetensors", directory, plan->name);
    rc = rc != 0 ? rc : rr_net_new(graph, 7, &start, err);
    rc = rc != 0 ? rc : rr_samples_open(plan->npz, &toy_io, TOY_LAYOUT, &samples, err);
    rc = rc != 0 ? rc : rr_fit(start, samples, &conf, &net, &plan->result, err);
    rc = rc != 0 ? rc : rr_model_save(net, meta, model, err);
    free(graph);
    rr_samples_close(samples);
    rr_net_free(start);
    rr_net_free(net);
    return rc;
}

/* Train in a child; *plan comes back through a pipe. Returns the wait status, or -1. */
static int
child(struct plan *plan)
{
    int ends[2];
    int status = -1;
    pid_t pid;

    fflush(stdout);
    if (pipe(ends) != 0 || (pid = fork()) < 0) {
        return -1;
    }
    if (pid == 0) {
        struct rr_err err = RR_ERR_INIT;
        const int rc = train(plan, &err);

        if (rc != 0) {
            fprintf(stderr, "# %s: %s\n", plan->name, err.text);
        }
        const bool sent = write(ends[1], plan, sizeof *plan) == (ssize_t)sizeof *plan;
        exit(rc == 0 && sent ? 0 : rc == RR_E_STOPPED ? 3 : 1);
    }
    (void)close(ends[1]);
    struct plan back;
    if (read(ends[0], &back, sizeof back) == (ssize_t)sizeof back) {
        const char *name = plan->name;
        const char *data = plan->npz;
        *plan = back;
        plan->name = name;
        plan->npz = data;
    }
    (void)close(ends[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

static int
exit_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static size_t
read_file(const char *name, char **bytes)
{
    char path[700];
    struct stat info = {0};
    size_t got = 0;
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s.safetensors", directory, name);
    *bytes = NULL;
    file = fopen(path, "rb");
    if (file != NULL && fstat(fileno(file), &info) == 0) {
        *bytes = malloc((size_t)info.st_size + 1);
        got = *bytes == NULL ? 0 : fread(*bytes, 1, (size_t)info.st_size, file);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return got;
}

static void
is_same_model(const char *a, const char *b, bool same, const char *what)
{
    char *one;
    char *two;
    const size_t one_bytes = read_file(a, &one);
    const size_t two_bytes = read_file(b, &two);
    const bool equal = one_bytes > 0 && one_bytes == two_bytes && memcmp(one, two, one_bytes) == 0;

    ok(one_bytes > 0 && two_bytes > 0 && equal == same, "%s", what);
    free(one);
    free(two);
}

static size_t
checkpoints_of(const char *name)
{
    char path[700];
    size_t count = 0;
    struct dirent *entry;
    DIR *handle;

    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    handle = opendir(path);
    while (handle != NULL && (entry = readdir(handle)) != NULL) {
        count += strncmp(entry->d_name, "step-", 5) == 0;
    }
    if (handle != NULL) {
        (void)closedir(handle);
    }
    return count;
}

static void
test_resume(void)
{
    struct plan whole = {.name = "whole", .npz = npz, .seed = 1};
    struct plan killed = {.name = "killed", .npz = npz, .seed = 1, .kill_at = 37};
    struct plan again = {.name = "killed", .npz = npz, .seed = 1, .stop_at = 52};
    struct plan last = {.name = "killed", .npz = npz, .seed = 1};
    struct plan other = {.name = "other", .npz = npz, .seed = 2};

    is_int(exit_of(child(&whole)), 0, "an uninterrupted training");
    is_int((int64_t)whole.result.last.step, STEPS, "makes all steps");
    is_int((int64_t)whole.result.samples, STEPS * 32, "and sees so many samples");
    is_int((int64_t)whole.result.last.epochs, 6, "in five passes and a part");
    is_int((int64_t)whole.epochs, 6, "each of which is told");
    diag("loss %.4f -> %.4f, validation %.4f (policy %.4f, value %.4f)", whole.first_loss,
         whole.result.last.train.total, whole.result.last.val.total, whole.result.last.val.policy,
         whole.result.last.val.value);
    ok(whole.result.last.train.total < 0.5 * whole.first_loss, "the loss falls by half");
    ok(whole.result.last.val.total < 0.5 * whole.first_loss, "also on samples not trained on");

    const int status = child(&killed);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "a training killed at step 37");
    is_int((int64_t)checkpoints_of("killed"), 2, "leaves its newest two checkpoints");
    is_int(exit_of(child(&again)), 3, "goes on, and is asked to stop at step 52");
    is_int(exit_of(child(&last)), 0, "goes on again, and ends");
    is_int((int64_t)last.result.resumed_step, 52, "from where it stopped");
    is_same_model("whole", "killed", true, "the weights are the same bit for bit");
    ok(last.result.last.train.total == whole.result.last.train.total &&
           last.result.last.val.total == whole.result.last.val.total &&
           last.result.last.best_val == whole.result.last.best_val,
       "and so are the losses told");
    is_int(exit_of(child(&other)), 0, "a training with another seed");
    is_same_model("whole", "other", false, "has other weights");
}

static void
test_damage(void)
{
    struct plan killed = {.name = "damaged", .npz = npz, .seed = 1, .kill_at = 37};
    struct plan last = {.name = "damaged", .npz = npz, .seed = 1};
    struct plan changed = {.name = "damaged", .npz = npz, .seed = 3, .kill_at = 1};
    char path[700];

    (void)child(&killed);
    (void)snprintf(path, sizeof path, "%s/damaged/step-0000000030.safetensors", directory);
    ok(truncate(path, 500) == 0, "the newest checkpoint is cut short");
    is_int(exit_of(child(&last)), 0, "the training goes on all the same");
    is_int((int64_t)last.result.resumed_step, 20, "from the checkpoint before");
    is_same_model("whole", "damaged", true, "and comes to the same weights");

    const int status = child(&changed);
    ok(WIFSIGNALED(status), "a training with other settings begins at its first step");
}

static void
test_empty_policies(void)
{
    char path[700];
    struct plan plan = {.name = "random", .npz = path, .seed = 1};
    struct rr_err err = RR_ERR_INIT;

    (void)snprintf(path, sizeof path, "%s/random.npz", directory);
    is_int(toy_write(path, 100, TOY_EMPTY_POLICIES, &err), 0, "samples of random games");
    is_int(exit_of(child(&plan)), 0, "can be trained on");
    ok(plan.result.last.train.policy == 0, "their policy loss is 0");
    ok(plan.result.last.train.value < 0.3, "and their values are learnt (%.3f)",
       plan.result.last.train.value);
}

/* Batches without policy targets must not count in the policy's mean. */
static void
test_validation_mean(void)
{
    char path[700];
    struct plan plan = {.name = "still", .npz = path, .seed = 1, .is_still = true};
    struct rr_err err = RR_ERR_INIT;

    (void)snprintf(path, sizeof path, "%s/early.npz", directory);
    is_int(toy_write(path, SAMPLES, TOY_EARLY_POLICIES, &err), 0, "samples with few policies");
    is_int(exit_of(child(&plan)), 0, "are trained on");
    is_near(plan.result.last.val.policy, log(TOY_POLICY), 0.2,
            "an untrained policy is about uniform over the samples that have a target");
    is_near(plan.result.last.val.total, plan.result.last.val.policy + plan.result.last.val.value,
            1e-9, "the total is their weighted sum");
}

static void
test_forget(void)
{
    char path[700];
    struct rr_err err = RR_ERR_INIT;
    struct stat info;

    (void)snprintf(path, sizeof path, "%s/killed", directory);
    is_int(rr_fit_forget(path, &err), 0, "checkpoints are removed");
    ok(stat(path, &info) != 0 && errno == ENOENT, "with their directory");
    is_int(rr_fit_forget(path, &err), 0, "removing them again is fine");
}

static void
clean(void)
{
    static const char *const job[] = {"whole", "killed", "other", "damaged", "random", "still"};
    static const char *const file[] = {"good.npz", "random.npz", "early.npz"};
    char path[700];
    struct rr_err err = RR_ERR_INIT;

    for (size_t i = 0; i < sizeof job / sizeof job[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", directory, job[i]);
        (void)rr_fit_forget(path, &err);
        (void)snprintf(path, sizeof path, "%s/%s.safetensors", directory, job[i]);
        (void)unlink(path);
    }
    for (size_t i = 0; i < sizeof file / sizeof file[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", directory, file[i]);
        (void)unlink(path);
    }
    ok(rmdir(directory) == 0, "nothing is left behind");
}

int
main(void)
{
    const char *base = getenv("TMPDIR");
    struct rr_err err = RR_ERR_INIT;

    (void)snprintf(directory, sizeof directory, "%.400s/rr-train-XXXXXX",
                   base == NULL ? "/tmp" : base);
    if (mkdtemp(directory) == NULL) {
        return 1;
    }
    (void)snprintf(npz, sizeof npz, "%s/good.npz", directory);
    if (!ok(toy_write(npz, SAMPLES, TOY_GOOD, &err) == 0, "samples made")) {
        diag("%s", err.text);
    }
    test_rates();
    test_refusals();
    test_resume();
    test_damage();
    test_empty_policies();
    test_validation_mean();
    test_forget();
    clean();
    return tap_done();
}
