/* SPDX-License-Identifier: MIT */
/*
 * puppet.c - a plugin that does what its options and events tell it, mostly harm.
 *
 * Each act is a row of the table `acts`, or of `puppet_harms` in harm.c. An event carries one in
 * its field `act`; the options check_act, init_act, idle_act, drain_act and fini_act do it in the
 * other callbacks. A handler that survives its act adds one to the durable key "applied" and
 * answers with PUPPET_DONE.
 */
#include <rr/effect.h>
#include <rr/plugin.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/puppet/puppet.h"
#include "tests/puppet/stage.h"

static const struct rr_opt options[] = {
    {"text", RR_OPT_STRING, 0, "hello", "", "Text that comes back in the answer."},
    {"count", RR_OPT_INT, 0, "1", "0..1000", "Answers to each event."},
    {"ratio", RR_OPT_REAL, 0, "0.5", "0..1", "Number that comes back in the answer."},
    {"flag", RR_OPT_BOOL, 0, "no", "", "Flag that comes back in the answer."},
    {"wait", RR_OPT_DURATION, 0, "0ms", "0ms..10min", "Time that the act slow takes."},
    {"room", RR_OPT_SIZE, 0, "64MiB", "1B..4GiB", "Memory that the act leak takes."},
    {"mood", RR_OPT_CHOICE, 0, "calm", "calm|angry", "Nothing depends on it."},
    {"names", RR_OPT_LIST, 0, "a,b", "", "Nothing depends on it."},
    {"idle", RR_OPT_DURATION, 0, "0ms", "0ms..1h", "Interval of the idle callback, 0 for none."},
    {"check_act", RR_OPT_STRING, 0, "none", "", "What to do in check."},
    {"init_act", RR_OPT_STRING, 0, "none", "", "What to do in init."},
    {"idle_act", RR_OPT_STRING, 0, "none", "", "What to do in idle."},
    {"drain_act", RR_OPT_STRING, 0, "none", "", "What to do in drain."},
    {"fini_act", RR_OPT_STRING, 0, "none", "", "What to do in fini."},
    RR_OPT_END,
};

static const struct rr_event *event_in_hand;

static const struct rr_port consumes[] = {{&rr_type_puppet_poked, 0, 0}, {0}};
static const struct rr_port produces[] = {{&rr_type_puppet_done, 0, 0}, {0}};

/* Take time, report progress, heed a stop. */
ACT(slow)
{
    const struct timespec step = {.tv_nsec = 5000000};
    const uint64_t total = (uint64_t)rr_opt_int(ctx, "wait") / 5;

    for (uint64_t done = 0; done <= total; done++) {
        rr_progress(ctx, done, total, "slowly");
        if (rr_should_stop(ctx)) {
            rr_err_set(err, RR_E_STOPPED, "asked to stop at %" PRIu64, done);
            return RR_RETRY;
        }
        (void)nanosleep(&step, NULL);
    }
    return 0;
}

/* What this process may do, for tests to read in its log. */
ACT(whoami)
{
    struct rlimit files = {0};
    struct rlimit core = {0};
    const mode_t mask = umask(0);

    (void)umask(mask);
    (void)getrlimit(RLIMIT_NOFILE, &files);
    (void)getrlimit(RLIMIT_CORE, &core);
    rr_log(ctx, RR_LOG_INFO,
           "uid=%ld euid=%ld gid=%ld groups=%d new_privs=%s umask=%03o files=%lu core=%lu nice=%d",
           (long)getuid(), (long)geteuid(), (long)getgid(), getgroups(0, NULL),
           prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? "no" : "yes", (unsigned)mask,
           (unsigned long)files.rlim_max, (unsigned long)core.rlim_max,
           getpriority(PRIO_PROCESS, 0));
    return 0;
}

/* End with a result, and a reason where it has one. */
ACT(end_with)
{
    static const struct {
        int code;
        const char *text;
    } why[] = {
        [RR_RETRY] = {-EAGAIN, "told to retry"},
        [RR_REJECT] = {RR_E_INPUT, "told to reject"},
        [RR_FATAL] = {-EIO, "told to be fatal"},
    };

    if (with >= RR_RETRY && with <= RR_FATAL) {
        rr_err_set(err, why[with].code, "%s", why[with].text);
    }
    return (int)with;
}

/* More text than one answer of the control socket holds, after some of these. */
ACT(keys)
{
    static char text[20001];
    static int n;
    char name[32];
    int rc = 0;

    memset(text, 'x', sizeof text - 1);
    for (int i = 0; rc == 0 && i < 3; i++) {
        (void)snprintf(name, sizeof name, "key_%06d", n++);
        rc = rr_put(ctx, name, text, err);
    }
    return rc == 0 ? RR_DONE : RR_RETRY;
}

ACT(config)
{
    return rr_err_set(err, RR_E_CONFIG, "told to refuse the configuration");
}

ACT(close)
{
    (void)shutdown(3, SHUT_RDWR);
    (void)pause();
    return 0;
}

ACT(garbage)
{
    (void)send(3, "this is not a frame, whatever way one looks at it", 49, MSG_NOSIGNAL);
    return 0;
}

ACT(huge)
{
    char *frame = calloc(1, 150000);
    if (frame != NULL) {
        (void)send(3, frame, 150000, MSG_NOSIGNAL);
        free(frame);
    }
    return 0;
}

/* Write to every descriptor from this one on; nothing of the daemon's may be in reach. */
ACT(scribble)
{
    for (int fd = (int)with; fd < 256; fd++) {
        const ssize_t ignored = write(fd, "scribble", 8);
        (void)ignored;
    }
    return 0;
}

ACT(undeclared)
{
    const struct ev_puppet_secret secret = {.number = 1};
    struct rr_err ignored = RR_ERR_INIT;
    (void)rr_emit(ctx, &rr_type_puppet_secret, "secret", "", &secret, &ignored);
    return 0;
}

/* Make a large file, with a hole for its content, named by the event. */
ACT(big_file)
{
    struct rr_effect fx;

    if (rr_effect_begin(&fx, ctx, event_in_hand, "big", "big-", "", err) != 0) {
        return RR_RETRY;
    }
    if (!fx.done) {
        FILE *file = fopen(fx.temp, "w");

        if (file == NULL || ftruncate(fileno(file), (off_t)rr_opt_int(ctx, "room")) != 0 ||
            fclose(file) != 0 || rr_effect_commit(&fx, err) != 0) {
            return RR_RETRY;
        }
    }
    rr_effect_abort(&fx);
    return 0;
}

ACT(nan)
{
    const struct ev_puppet_done done = {.ratio = NAN, .text = "", .more = "null"};
    return rr_emit(ctx, &rr_type_puppet_done, "nan", "", &done, err) == 0 ? 0 : RR_RETRY;
}

ACT(print)
{
    (void)printf("printed to standard output\n");
    (void)fprintf(stderr, "printed to standard error\n");
    rr_log(ctx, RR_LOG_INFO, "logged: %s", rr_opt_str(ctx, "text"));
    rr_note(ctx, "", "noted: %s", rr_opt_str(ctx, "text"));
    return 0;
}

ACT(flood)
{
    for (int i = 0; i < 20000; i++) {
        rr_log(ctx, RR_LOG_WARN, "line %d of a flood", i);
    }
    return 0;
}

/* An answer that must outlive the death of its handler, and come once. */
ACT(tell_and_die)
{
    const struct ev_puppet_done done = {.text = "told before dying", .more = "null"};
    if (rr_emit_now(ctx, &rr_type_puppet_done, "last-words", "", &done, err) != 0) {
        return RR_RETRY;
    }
    (void)raise(SIGKILL);
    return 0;
}

/* The same, in idle: emitted with the handler, so it must come once however often idle runs. */
ACT(tell)
{
    const struct ev_puppet_done done = {.text = "told", .more = "null"};
    return rr_emit(ctx, &rr_type_puppet_done, "told", "", &done, err) == 0 ? 0 : RR_RETRY;
}

static void *
call_from_thread(void *arg)
{
    struct rr_err err = RR_ERR_INIT;
    (void)rr_put(arg, "key", "text", &err);
    return NULL;
}

ACT(thread)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, call_from_thread, ctx) == 0) {
        (void)pthread_join(thread, NULL);
    }
    return 0;
}

ACT(wrong_option)
{
    return (int)rr_opt_int(ctx, "not_there");
}

static const struct puppet_act acts[] = {
    {"whoami", act_whoami, 0},
    {"slow", act_slow, 0},
    {"lie", act_end_with, 42},
    {"retry", act_end_with, RR_RETRY},
    {"reject", act_end_with, RR_REJECT},
    {"fatal", act_end_with, RR_FATAL},
    {"keys", act_keys, 0},
    {"config", act_config, 0},
    {"close", act_close, 0},
    {"garbage", act_garbage, 0},
    {"huge", act_huge, 0},
    {"scribble", act_scribble, 4}, /* all but the link */
    {"scribble_all", act_scribble, 0},
    {"undeclared", act_undeclared, 0},
    {"big_file", act_big_file, 0},
    {"nan", act_nan, 0},
    {"print", act_print, 0},
    {"flood", act_flood, 0},
    {"tell_and_die", act_tell_and_die, 0},
    {"tell", act_tell, 0},
    {"thread", act_thread, 0},
    {"wrong_option", act_wrong_option, 0},
    {0},
};

static int
act(struct rr_ctx *ctx, const char *name, struct rr_err *err)
{
    if (strcmp(name, "none") == 0) {
        return 0;
    }
    const struct puppet_act *const tables[] = {acts, puppet_harms, puppet_fouls};

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (const struct puppet_act *a = tables[i]; a->name != NULL; a++) {
            if (strcmp(a->name, name) == 0) {
                (void)fprintf(stderr, "about to %s\n", name);
                return a->run(ctx, a->with, err);
            }
        }
    }
    return rr_err_set(err, RR_E_CONFIG, "no act is called \"%s\"", name);
}

static int
on_check(struct rr_ctx *ctx, struct rr_err *err)
{
    return act(ctx, rr_opt_str(ctx, "check_act"), err);
}

static int
on_init(struct rr_ctx *ctx, struct rr_err *err)
{
    if (setjmp(puppet_long_gone) != 0) {
        return RR_E_INPUT; /* of an init that was over */
    }
    rr_set_idle_ms(ctx, (uint32_t)rr_opt_int(ctx, "idle"));
    return act(ctx, rr_opt_str(ctx, "init_act"), err);
}

static int
answer(struct rr_ctx *ctx, const struct rr_event *event, const struct ev_puppet_poked *poke,
       struct rr_err *err)
{
    struct ev_puppet_done done = {
        .number = poke->number,
        .attempt = event->attempt,
        .difference = -1,
        .ratio = rr_opt_real(ctx, "ratio"),
        .flag = (uint64_t)rr_opt_int(ctx, "flag"),
        .text = rr_opt_str(ctx, "text"),
        .more = "{\"a\":[1,2,3]}",
    };
    for (int64_t i = rr_opt_int(ctx, "count"); i > 0; i--) {
        const int rc = rr_emit(ctx, &rr_type_puppet_done, NULL, event->config, &done, err);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int
on_event(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err)
{
    struct ev_puppet_poked poke;

    if (rr_decode(ctx, event, &rr_type_puppet_poked, &poke, err) != 0) {
        return RR_REJECT;
    }
    event_in_hand = event;
    if (poke.times == 0 || event->attempt <= poke.times) {
        const int rc = act(ctx, poke.act, err);
        if (rc != 0) {
            return rc == RR_E_CONFIG ? RR_REJECT : rc;
        }
    }
    const uint64_t applied = stage_number(ctx, "applied", err);
    if (err->code != 0 || stage_put_number(ctx, "applied", applied + 1, err) != 0 ||
        answer(ctx, event, &poke, err) != 0) {
        return RR_RETRY;
    }
    return RR_DONE;
}

static int
on_idle(struct rr_ctx *ctx, struct rr_err *err)
{
    return act(ctx, rr_opt_str(ctx, "idle_act"), err);
}

static int
on_drain(struct rr_ctx *ctx, struct rr_err *err)
{
    return act(ctx, rr_opt_str(ctx, "drain_act"), err);
}

static void
on_fini(struct rr_ctx *ctx)
{
    struct rr_err ignored = RR_ERR_INIT;
    (void)act(ctx, rr_opt_str(ctx, "fini_act"), &ignored);
}

RR_PLUGIN(.name = "puppet", .version = "1.0", .summary = "does what it is told", .options = options,
          .consumes = consumes, .produces = produces, .check = on_check, .init = on_init,
          .event = on_event, .idle = on_idle, .drain = on_drain, .fini = on_fini)
