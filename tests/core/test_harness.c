/* SPDX-License-Identifier: MIT */
/*
 * test_harness.c - rr/test.h and rr/effect.h, tried on the puppet plugin.
 */
#include "tests/puppet/puppet.c"

#include <rr/effect.h>
#include <rr/test.h>

#include "tests/tap.h"

static int
poke(struct rr_test *t, const char *what)
{
    const struct ev_puppet_poked ask = {.number = 3, .act = what, .times = 0};
    return rr_test_event(t, &rr_type_puppet_poked, "c1", &ask);
}

static void
test_handlers(void)
{
    struct rr_test *t = rr_test_new(&rr_plugin);
    t->quiet = 1;
    rr_test_opt(t, "ratio", "0.25");
    rr_test_opt(t, "wait", "1s");
    is_int(rr_opt_int(&t->ctx, "wait"), 1000, "durations are in milliseconds");
    is_int(rr_opt_int(&t->ctx, "room"), 64 << 20, "sizes in bytes, defaults filled in");
    is_int(rr_test_check(t), 0, "check");
    is_int(rr_test_init(t), 0, "init");

    is_int(poke(t, "none"), RR_DONE, "an event is handled");
    is_int((int64_t)rr_test_count(t, "PUPPET_DONE"), 1, "its emit counts");
    const struct ev_puppet_done *done = rr_test_payload(t, "PUPPET_DONE", 0);
    ok(done->number == 3 && done->ratio == 0.25 && done->difference == -1, "numbers arrive");
    is_str(done->text, "hello", "texts arrive");
    is_str(rr_test_emitted(t, NULL, 0)->config, "c1", "so does the configuration");
    is_str(rr_test_durable(t, "applied"), "1", "its put is durable");

    is_int(poke(t, "retry"), RR_RETRY, "a retry");
    is_str(t->err.text, "told to retry", "with its reason");
    is_int(poke(t, "undeclared"), RR_RETRY, "a refused emit cannot be ignored");
    is_int(poke(t, "nan"), RR_RETRY, "what is not finite is refused");
    is_int((int64_t)rr_test_count(t, NULL), 1, "nothing of these counts");
    is_str(rr_test_durable(t, "applied"), "1", "nor do their puts");

    t->stop = 1;
    is_int(poke(t, "slow"), RR_RETRY, "a stop is heeded");
    t->stop = 0;
    rr_test_set_durable(t, "applied", "41");
    is_int(poke(t, "print"), RR_DONE, "durable keys can be prepared");
    is_str(rr_test_durable(t, "applied"), "42", "and are read");
    is_str(rr_test_note(t, ""), "noted: hello", "notes are kept");
    is_int(t->logs[RR_LOG_INFO], 1, "log lines are counted");

    rr_test_opt(t, "idle_act", "tell");
    is_int(rr_test_idle(t), RR_DONE, "idle");
    is_int(rr_test_idle(t), RR_DONE, "idle again");
    is_int(t->dropped, 1, "the same key is dropped the second time");
    is_int(rr_test_drain(t), 0, "drain");
    rr_test_fini(t);
    rr_test_free(t);
}

static int
write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    return file != NULL && fputs(text, file) >= 0 && fclose(file) == 0 ? 0 : -1;
}

static void
test_effects(void)
{
    char dir[300];
    char command[400];
    const char *tmp = getenv("TMPDIR");
    struct rr_effect fx;
    struct rr_err err = RR_ERR_INIT;
    const struct rr_event event = {.size = sizeof event, .id = 0xabc, .attempt = 1};

    (void)snprintf(dir, sizeof dir, "%s/effect-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    ok(mkdtemp(dir) != NULL, "(a directory)");
    struct rr_test *t = rr_test_new(&rr_plugin);
    is_int(rr_effect_begin(&fx, &t->ctx, &event, "d", "x-", ".bin", &err), RR_E_INPUT,
           "no data directory, no effect");
    rr_test_fact(t, "data_dir", dir);

    is_int(rr_effect_begin(&fx, &t->ctx, &event, "games/c1", "shard-", ".bin", &err), 0, "begin");
    is_int(fx.done, 0, "nothing is done yet");
    is_str(fx.name, "games/c1/shard-0000000000000abc.bin", "the name follows from the event");
    is_int(write_text(fx.temp, "half"), 0, "(a run that dies half-way)");
    is_int(rr_effect_begin(&fx, &t->ctx, &event, "games/c1", "shard-", ".bin", &err), 0,
           "begin again");
    ok(!fx.done && access(fx.temp, F_OK) != 0, "what was left behind is gone");
    is_int(write_text(fx.temp, "whole"), 0, "(a run that does not)");
    is_int(rr_effect_commit(&fx, &err), 0, "commit");
    ok(access(fx.path, R_OK) == 0 && access(fx.temp, F_OK) != 0, "the file has its name");
    is_int(rr_effect_begin(&fx, &t->ctx, &event, "games/c1", "shard-", ".bin", &err), 0,
           "a third run");
    is_int(fx.done, 1, "finds it done");
    rr_effect_abort(&fx);
    ok(access(fx.path, R_OK) == 0, "and cannot abort it any more");

    is_int(rr_effect_begin(&fx, &t->ctx, NULL, "daily", "2026-01-02", ".txt", &err), 0,
           "an effect without an event");
    is_str(fx.name, "daily/2026-01-02.txt", "has the caller's name");
    is_int(write_text(fx.temp, "x"), 0, "(write it)");
    rr_effect_abort(&fx);
    ok(access(fx.temp, F_OK) != 0, "abort removes the temporary file");
    ok(rr_effect_commit(&fx, &err) < 0 && strstr(err.text, "sync") != NULL,
       "commit of a file that was not made fails");
    rr_test_free(t);
    (void)snprintf(command, sizeof command, "rm -rf -- '%s'", dir);
    is_int(system(command), 0, "(clean up)");
}

int
main(void)
{
    test_handlers();
    test_effects();
    return tap_done();
}
