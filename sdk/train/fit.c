/* SPDX-License-Identifier: MIT */
/*
 * fit.c - one training job.
 *
 * Owns: the loop, the schedule, when to validate, to save and to stop.
 * Does not: compute (rr/net.h), or decide what a job is for.
 *
 * Samples come as one endless stream of shuffled passes, cut in batches: no sample is dropped at
 * the end of a pass, and the position in the stream is step * batch. A pass is closed by the first
 * step that reaches its end.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "train_int.h"

struct job {
    const struct rr_fit_conf *conf;
    const struct rr_samples *samples;
    struct rr_trainer *trainer;
    struct progress at;
    struct order order;
    struct samples_batch batch;
    uint64_t *picked;
    char identity[1024];
    uint64_t saved_step;
    uint64_t saved_ms;
};

static uint64_t
now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

double
rr_fit_rate(const struct rr_fit_conf *conf, uint64_t step)
{
    const double top = conf->learning_rate;

    if (step < conf->warmup_steps) {
        return top * (double)(step + 1) / (double)conf->warmup_steps;
    }
    if (conf->schedule == RR_FIT_CONSTANT || conf->steps <= conf->warmup_steps + 1) {
        return top;
    }

    const double part =
        (double)(step - conf->warmup_steps) / (double)(conf->steps - conf->warmup_steps - 1);
    const double low = top * conf->final_fraction;
    return low + (top - low) * 0.5 * (1 + cos(M_PI * fmin(part, 1)));
}

static void
add_loss(struct rr_loss *sum, const struct rr_loss *loss, double times)
{
    sum->total += times * loss->total;
    sum->policy += times * loss->policy;
    sum->value += times * loss->value;
    sum->policy_entropy += times * loss->policy_entropy;
    sum->grad_norm += times * loss->grad_norm;
}

static struct rr_loss
mean_loss(const struct rr_loss *sum, double count)
{
    struct rr_loss mean = {0};

    if (count > 0) {
        add_loss(&mean, sum, 1 / count);
    }
    return mean;
}

static struct rr_fit_report
report(const struct job *job)
{
    const struct progress *at = &job->at;

    return (struct rr_fit_report){
        .step = at->step,
        .steps = job->conf->steps,
        .epochs = at->epochs,
        .learning_rate = rr_fit_rate(job->conf, at->step > 0 ? at->step - 1 : 0),
        .train = at->epoch_steps > 0 ? mean_loss(&at->sum, (double)at->epoch_steps) : at->train,
        .val = at->val,
        .best_val = at->best_val,
        .has_val = rr_samples_count(job->samples, RR_SPLIT_VALIDATION) > 0,
    };
}

/* Everything that decides the result, as text. */
static int
make_identity(struct job *job, struct rr_err *err)
{
    const struct rr_fit_conf *c = job->conf;
    const struct rr_train_conf *t = &c->train;
    const int n = snprintf(
        job->identity, sizeof job->identity,
        "1 steps %" PRIu64 " seed %" PRIu64 " warmup %" PRIu64 " schedule %u rate %a final %a "
        "val %" PRIu64 " patience %u batch %u dtype %u threads %u decay %a beta %a %a epsilon %a "
        "clip %a weights %a %a samples %" PRIu64 " %" PRIu64 " of %s",
        c->steps, c->seed, c->warmup_steps, c->schedule, c->learning_rate, c->final_fraction,
        c->max_val_samples, c->patience, t->batch, t->dtype, t->threads, (double)t->weight_decay,
        (double)t->beta1, (double)t->beta2, (double)t->epsilon, (double)t->clip_norm,
        (double)t->policy_weight, (double)t->value_weight,
        rr_samples_count(job->samples, RR_SPLIT_TRAIN),
        rr_samples_count(job->samples, RR_SPLIT_VALIDATION),
        c->identity == NULL ? "" : c->identity);

    if (n < 0 || (size_t)n >= sizeof job->identity) {
        return rr_err_set(err, RR_E_INPUT, "identity of the job is too long");
    }
    return 0;
}

/*
 * Losses on the validation split. A batch's losses are means over its weights, those of the policy
 * over its samples that have a target: the means of all batches are put together by these masses,
 * so that batches of random games, which have no targets, do not make the policy look better.
 */
static int
validate(struct job *job, struct rr_err *err)
{
    const uint64_t all = rr_samples_count(job->samples, RR_SPLIT_VALIDATION);
    const uint64_t limit = job->conf->max_val_samples;
    const uint64_t count = limit > 0 && limit < all ? limit : all;
    struct rr_loss *val = &job->at.val;
    double policy_mass = 0;
    double value_mass = 0;

    *val = (struct rr_loss){0};
    for (uint64_t done = 0; done < count;) {
        const uint64_t left = count - done;
        const uint32_t n = left < job->batch.capacity ? (uint32_t)left : job->batch.capacity;
        struct rr_loss loss = {0};
        double policy;
        double value;
        int rc;

        for (uint32_t i = 0; i < n; i++) {
            /* evenly over the split: neighbours come from one game */
            job->picked[i] = (uint64_t)((unsigned __int128)(done + i) * all / count);
        }
        rc = samples_gather(job->samples, RR_SPLIT_VALIDATION, job->picked, n, &job->batch, err);
        if (rc == 0) {
            rc = rr_trainer_eval(job->trainer, &job->batch.batch, &loss, err);
        }
        if (rc != 0) {
            return rc;
        }
        samples_mass(&job->batch.batch, &policy, &value);
        val->policy += policy * loss.policy;
        val->policy_entropy += policy * loss.policy_entropy;
        val->value += value * loss.value;
        policy_mass += policy;
        value_mass += value;
        done += n;
    }
    val->policy /= policy_mass > 0 ? policy_mass : 1;
    val->policy_entropy /= policy_mass > 0 ? policy_mass : 1;
    val->value /= value_mass > 0 ? value_mass : 1;
    val->total = (double)job->conf->train.policy_weight * val->policy +
                 (double)job->conf->train.value_weight * val->value;
    return 0;
}

/* Close the running pass. *stop is set when the losses say that going on is of no use. */
static int
close_pass(struct job *job, bool *stop, struct rr_err *err)
{
    struct progress *at = &job->at;
    int rc;

    at->train = mean_loss(&at->sum, (double)at->epoch_steps);
    at->sum = (struct rr_loss){0};
    at->epoch_steps = 0;
    at->epochs++;
    rc = validate(job, err);
    if (rc != 0) {
        return rc;
    }
    if (rr_samples_count(job->samples, RR_SPLIT_VALIDATION) > 0) {
        if (at->epochs == 1 || at->val.total < at->best_val) {
            at->best_val = at->val.total;
            at->stale = 0;
        } else {
            at->stale++;
        }
        *stop = job->conf->patience > 0 && at->stale >= job->conf->patience;
    }
    if (job->conf->epoch_done != NULL) {
        const struct rr_fit_report now = report(job);
        rc = job->conf->epoch_done(job->conf->user, &now, err);
    }
    return rc;
}

static int
step_once(struct job *job, struct rr_err *err)
{
    const uint32_t n = job->conf->train.batch;
    const float rate = (float)rr_fit_rate(job->conf, job->at.step);
    struct rr_loss loss = {0};
    int rc;

    for (uint32_t i = 0; i < n; i++) {
        job->picked[i] = order_at(&job->order, job->at.step * n + i);
    }
    rc = samples_gather(job->samples, RR_SPLIT_TRAIN, job->picked, n, &job->batch, err);
    if (rc == 0) {
        rc = rr_trainer_step(job->trainer, &job->batch.batch, rate, &loss, err);
        if (rc == RR_E_CORRUPT) {
            rc = -EDOM; /* the samples were found good: it is the arithmetic that ran away */
            if (err != NULL) {
                err->code = rc;
            }
        }
    }
    if (rc != 0) {
        (void)rr_err_wrap(err, "step %" PRIu64, job->at.step + 1);
        return rc;
    }
    add_loss(&job->at.sum, &loss, 1);
    job->at.epoch_steps++;
    job->at.step++;
    return 0;
}

static int
save(struct job *job, struct rr_err *err)
{
    const struct rr_fit_conf *c = job->conf;
    int rc = 0;

    if (c->checkpoint_dir != NULL && job->saved_step != job->at.step) {
        rc = checkpoint_save(c->checkpoint_dir, c->checkpoint_keep < 1 ? 1 : c->checkpoint_keep,
                             job->identity, job->trainer, &job->at, err);
        job->saved_step = job->at.step;
        job->saved_ms = now_ms();
    }
    return rc;
}

static bool
is_save_due(const struct job *job)
{
    const struct rr_fit_conf *c = job->conf;

    return (c->checkpoint_steps > 0 && job->at.step - job->saved_step >= c->checkpoint_steps) ||
           (c->checkpoint_ms > 0 && now_ms() - job->saved_ms >= c->checkpoint_ms);
}

static int
loop(struct job *job, bool *early, struct rr_err *err)
{
    const struct rr_fit_conf *c = job->conf;
    const uint64_t train = rr_samples_count(job->samples, RR_SPLIT_TRAIN);
    int rc = 0;

    /* the condition of a stop is part of the state that a checkpoint restores */
    *early = c->patience > 0 && job->at.stale >= c->patience;
    while (rc == 0 && !*early && job->at.step < c->steps) {
        rc = step_once(job, err);
        if (rc != 0) {
            break;
        }

        const uint64_t seen = job->at.step * c->train.batch;
        if (seen / train > (seen - c->train.batch) / train) {
            rc = close_pass(job, early, err);
        }
        if (rc == 0 && c->step_done != NULL) {
            const struct rr_fit_report now = report(job);
            if (c->step_done(c->user, &now) != 0) {
                rc = save(job, err);
                return rc != 0 ? rc
                               : rr_err_set(err, RR_E_STOPPED, "stopped at step %" PRIu64,
                                            job->at.step);
            }
        }
        if (rc == 0 && is_save_due(job)) {
            rc = save(job, err);
        }
    }
    if (rc == 0 && job->at.epoch_steps > 0) {
        bool unused = false;
        rc = close_pass(job, &unused, err);
    }
    return rc;
}

static int
start_trainer(struct job *job, const struct rr_net *start, struct rr_err *err)
{
    const struct rr_fit_conf *c = job->conf;
    bool damaged = false;
    int rc;

    if (c->checkpoint_dir != NULL && mkdir(c->checkpoint_dir, 0777) != 0 && errno != EEXIST) {
        return rr_err_set(err, -errno, "%s: %s", c->checkpoint_dir, strerror(errno));
    }
    do {
        rr_trainer_free(job->trainer);
        job->trainer = NULL;
        rc = rr_trainer_new(start, &c->train, &job->trainer, err);
        if (rc == 0 && c->checkpoint_dir != NULL) {
            rc = checkpoint_restore(c->checkpoint_dir, job->identity, job->trainer, &job->at,
                                    &damaged, c->say, c->user, err);
        }
    } while (rc >= 0 && damaged);
    job->saved_step = job->at.step;
    job->saved_ms = now_ms();
    return rc < 0 ? rc : 0;
}

static int
prepare(struct job *job, const struct rr_net *start, struct rr_err *err)
{
    const struct rr_fit_conf *c = job->conf;
    int rc;

    if (c->steps == 0 || c->train.batch == 0 || !(c->learning_rate > 0)) {
        return rr_err_set(err, RR_E_INPUT, "%" PRIu64 " steps of %u samples at learning rate %g",
                          c->steps, c->train.batch, c->learning_rate);
    }
    job->picked = calloc(c->train.batch, sizeof *job->picked);
    if (job->picked == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory for a batch of %u samples", c->train.batch);
    }
    rc = make_identity(job, err);
    if (rc == 0) {
        rc = order_init(&job->order, c->seed, rr_samples_count(job->samples, RR_SPLIT_TRAIN), err);
    }
    if (rc == 0) {
        rc = samples_batch_init(&job->batch, job->samples, c->train.batch, err);
    }
    if (rc == 0) {
        rc = start_trainer(job, start, err);
    }
    return rc;
}

int
rr_fit(const struct rr_net *start, const struct rr_samples *samples, const struct rr_fit_conf *conf,
       struct rr_net **net, struct rr_fit_result *result, struct rr_err *err)
{
    struct job job = {.conf = conf, .samples = samples};
    int rc = prepare(&job, start, err);

    *result = (struct rr_fit_result){.resumed_step = job.at.step};
    if (rc == 0) {
        rc = loop(&job, &result->early_stopped, err);
    }
    if (rc == 0) {
        result->last = report(&job);
        result->samples = job.at.step * conf->train.batch;
        rc = rr_trainer_net(job.trainer, net, err);
    }
    rr_trainer_free(job.trainer);
    order_fini(&job.order);
    samples_batch_fini(&job.batch);
    free(job.picked);
    return rc;
}
