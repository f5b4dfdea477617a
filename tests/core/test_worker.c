/* SPDX-License-Identifier: MIT */
/*
 * test_worker.c - the worker process, with this program in the daemon's place and the puppet plugin
 * inside.
 */
#include <sys/resource.h>

#include "tests/core/rig.h"

#define LEASE 41

static char puppet[600];

static void
start(struct rig *rig, const char *options)
{
    rig_hello(rig, puppet);
    rig_config(rig, options);
    rig_expect_only(rig, WIRE_READY, 0);
}

static void
poke(struct rig *rig, uint64_t lease, const char *act, unsigned times, unsigned attempt)
{
    char text[600];
    (void)snprintf(text, sizeof text,
                   "{\"id\":1099511627777,\"attempt\":%u,\"time_ms\":1700000000000,"
                   "\"type\":\"PUPPET_POKED\",\"source\":\"operator\",\"config\":\"c1\","
                   "\"payload\":{\"number\":5,\"act\":\"%s\",\"times\":%u,\"extra\":1}}",
                   attempt, act, times);
    rig_send(rig, WIRE_EVENT, lease, text);
}

/* Answer the handler's question for the key "applied". */
static void
answer_get(struct rig *rig, uint64_t request, const char *value)
{
    json_t *get = rig_expect(rig, WIRE_GET, request);
    is_str(json_string_value(json_object_get(get, "key")), "applied", "it asks for its key");
    json_decref(get);
    rig_send(rig, WIRE_VALUE, request, value);
}

static void
stop(struct rig *rig, const char *what)
{
    rig_send(rig, WIRE_STOP, 0, "{}");
    rig_expect_only(rig, WIRE_DRAINED, 0);
    is_int(rig_status(rig), 0, what);
    rig_end(rig);
}

static void
test_happy_life(void)
{
    struct rig rig;
    rig_start(&rig, puppet);
    json_t *hello = rig_expect(&rig, WIRE_HELLO, 0);
    is_str(json_string_value(json_object_get(hello, "name")), "puppet", "HELLO says the name");
    is_int(json_integer_value(json_object_get(hello, "pid")), rig.pid, "and the pid");
    json_decref(hello);
    rig_config(&rig, "{\"text\":\"h\\u00e9\",\"count\":\"2\",\"ratio\":\"0.25\",\"flag\":\"yes\"}");
    rig_expect_only(&rig, WIRE_READY, 0);
    rig_send(&rig, WIRE_PING, 9, "{}");
    rig_expect_only(&rig, WIRE_PONG, 9);

    poke(&rig, LEASE, "none", 0, 2);
    answer_get(&rig, 1, "{\"value\":\"7\"}");
    json_t *done = rig_expect(&rig, WIRE_DONE, LEASE);
    char *text = json_dumps(done, JSON_COMPACT);
    is_str(text,
           "{\"emits\":[{\"type\":\"PUPPET_DONE\",\"version\":1,\"key\":null,\"config\":\"c1\","
           "\"payload\":{\"number\":5,\"attempt\":2,\"difference\":-1,\"ratio\":0.25,"
           "\"flag\":true,\"text\":\"h\xc3\xa9\",\"more\":{\"a\":[1,2,3]}}},"
           "{\"type\":\"PUPPET_DONE\",\"version\":1,\"key\":null,\"config\":\"c1\","
           "\"payload\":{\"number\":5,\"attempt\":2,\"difference\":-1,\"ratio\":0.25,"
           "\"flag\":true,\"text\":\"h\xc3\xa9\",\"more\":{\"a\":[1,2,3]}}}],"
           "\"puts\":{\"applied\":\"8\"}}",
           "DONE carries what the handler emitted and put");
    free(text);
    json_decref(done);
    rig_send(&rig, WIRE_ACK, LEASE, "{\"ok\":true}");

    poke(&rig, LEASE + 1, "print", 0, 1);
    json_t *log = rig_expect(&rig, WIRE_LOG, 0);
    is_str(json_string_value(json_object_get(log, "text")), "logged: h\xc3\xa9", "LOG line");
    is_str(json_string_value(json_object_get(log, "level")), "info", "LOG level");
    json_decref(log);
    json_t *note = rig_expect(&rig, WIRE_NOTE, 0);
    is_str(json_string_value(json_object_get(note, "text")), "noted: h\xc3\xa9", "NOTE");
    json_decref(note);
    answer_get(&rig, 2, "{\"value\":null}");
    rig_expect_only(&rig, WIRE_DONE, LEASE + 1);
    ok(strstr(rig_stderr(&rig), "printed to standard output\n") != NULL, "output reaches the pipe");
    rig_send(&rig, WIRE_ACK, LEASE + 1, "{\"ok\":false,\"code\":-1010,\"error\":\"not today\"}");
    stop(&rig, "it stops with status 0");
}

/* Acts that end in a frame. */
static void
test_results(void)
{
    static const struct {
        const char *act;
        uint16_t type;
        const char *error;
    } rows[] = {
        {"retry", WIRE_RETRY, "told to retry"},
        {"lie", WIRE_RETRY, "returned 42"},
        {"reject", WIRE_REJECT, "told to reject"},
        {"nan", WIRE_RETRY, "not finite"},
    };
    struct rig rig;
    start(&rig, "{}");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        poke(&rig, LEASE + i, rows[i].act, 0, 1);
        json_t *body = rig_expect(&rig, rows[i].type, LEASE + i);
        const char *error = json_string_value(json_object_get(body, "error"));
        if (!ok(error != NULL && strstr(error, rows[i].error) != NULL, "act %s gives %s",
                rows[i].act, wire_name(rows[i].type))) {
            diag("error: %s", error);
        }
        json_decref(body);
    }
    poke(&rig, 90, "undeclared", 0, 1);
    answer_get(&rig, 1, "{\"value\":null}");
    json_t *retry = rig_expect(&rig, WIRE_RETRY, 90);
    ok(strstr(json_string_value(json_object_get(retry, "error")), "PUPPET_SECRET") != NULL,
       "done after a refused emit is no success");
    ok(json_is_false(json_object_get(retry, "stop")), "and counts as an attempt");
    json_decref(retry);

    rig_send(&rig, WIRE_EVENT, 91,
             "{\"id\":1,\"attempt\":1,\"time_ms\":1,\"type\":\"OTHER\",\"source\":\"s\","
             "\"config\":\"\",\"payload\":{}}");
    rig_expect_only(&rig, WIRE_REJECT, 91);
    ok(1, "an event that the plugin does not consume is rejected");
    rig_send(&rig, WIRE_EVENT, 92,
             "{\"id\":1,\"attempt\":1,\"time_ms\":1,\"type\":\"PUPPET_PRODDED\",\"source\":\"s\","
             "\"config\":\"\",\"payload\":{\"number\":-1,\"act\":\"none\",\"times\":0}}");
    json_t *reject = rig_expect(&rig, WIRE_REJECT, 92);
    is_str(json_string_value(json_object_get(reject, "error")),
           "PUPPET_POKED.number: the value in the payload is not a u64",
           "the alias is known, a payload of another kind refused");
    json_decref(reject);
    stop(&rig, "all of it in one process");
}

/* Acts that end the process, in the handler. */
static void
test_deaths(void)
{
    static const struct {
        const char *act;
        int status;
    } rows[] = {
        {"segv", -SIGSEGV},
        {"abort", -SIGABRT},
        {"exit0", 0},
        {"exit69", 69},
        {"close", -SIGKILL},
        {"thread", -SIGABRT},
        {"wrong_option", -SIGABRT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig rig;
        char what[80];
        start(&rig, "{}");
        poke(&rig, LEASE, rows[i].act, 0, 1);
        (void)snprintf(what, sizeof what, "act %s", rows[i].act);
        is_int(rig_status(&rig), rows[i].status, what);
        rig_end(&rig);
    }
    struct rig rig;
    start(&rig, "{}");
    poke(&rig, LEASE, "fatal", 0, 1);
    rig_expect_only(&rig, WIRE_FATAL, LEASE);
    is_int(rig_status(&rig), 1, "FATAL, then status 1");
    rig_end(&rig);
}

/* Ends before READY. */
static void
test_refused_start(void)
{
    static const struct {
        const char *options;
        int status;
        const char *what;
    } rows[] = {
        {"{\"check_act\":\"config\"}", 78, "check refuses"},
        {"{\"init_act\":\"config\"}", 78, "init finds the configuration wrong"},
        {"{\"init_act\":\"retry\"}", 1, "init fails"},
        {"{\"init_act\":\"segv\"}", -SIGSEGV, "init crashes"},
        {"{\"count\":\"many\"}", 78, "a value of another type"},
        {"{\"unknown\":\"1\"}", 78, "an unknown option"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig rig;
        rig_hello(&rig, puppet);
        rig_config(&rig, rows[i].options);
        is_int(rig_status(&rig), rows[i].status, rows[i].what);
        rig_end(&rig);
    }
    struct rig rig;
    rig_start(&rig, "/nowhere/x.so");
    is_int(rig_status(&rig), 69, "a plugin that is not there");
    ok(strstr(rig_stderr(&rig), "/nowhere/x.so: cannot open it") != NULL, "with its message");
    rig_end(&rig);
}

static void
test_stop(void)
{
    struct rig rig;

    start(&rig, "{\"wait\":\"10min\"}");
    poke(&rig, LEASE, "slow", 0, 1);
    rig_expect_only(&rig, WIRE_PROGRESS, 0);
    rig_send(&rig, WIRE_PING, 1, "{}");
    rig_expect_only(&rig, WIRE_PONG, 1);
    ok(1, "a busy worker answers a ping");
    rig_send(&rig, WIRE_STOP, 0, "{}");
    json_t *retry = rig_expect(&rig, WIRE_RETRY, LEASE);
    ok(json_is_true(json_object_get(retry, "stop")), "a handler that heeds a stop says so");
    json_decref(retry);
    rig_expect_only(&rig, WIRE_DRAINED, 0);
    is_int(rig_status(&rig), 0, "and the worker ends well");
    rig_end(&rig);

    start(&rig, "{\"drain_act\":\"tell\"}");
    rig_send(&rig, WIRE_STOP, 0, "{}");
    rig_expect_only(&rig, WIRE_DONE, 0);
    rig_send(&rig, WIRE_ACK, 0, "{\"ok\":true}");
    rig_expect_only(&rig, WIRE_DRAINED, 0);
    is_int(rig_status(&rig), 0, "what drain emits is committed");
    rig_end(&rig);

    rig_hello(&rig, puppet);
    rig_send(&rig, WIRE_STOP, 0, "{}");
    rig_expect_only(&rig, WIRE_DRAINED, 0);
    is_int(rig_status(&rig), 0, "a stop before the configuration");
    rig_end(&rig);

    start(&rig, "{}");
    poke(&rig, LEASE, "hang", 0, 1);
    (void)kill(rig.pid, SIGTERM);
    is_int(rig_status(&rig), -SIGTERM, "SIGTERM ends a worker that hangs");
    rig_end(&rig);
}

static void
test_idle(void)
{
    struct rig rig;
    start(&rig, "{\"idle\":\"1ms\",\"idle_act\":\"tell\"}");
    json_t *done = rig_expect(&rig, WIRE_DONE, 0);
    is_str(json_string_value(
               json_object_get(json_array_get(json_object_get(done, "emits"), 0), "key")),
           "told", "idle commits as lease 0, with a key");
    json_decref(done);
    poke(&rig, LEASE, "none", 0, 1);
    rig_send(&rig, WIRE_ACK, 0, "{\"ok\":true}");
    /* The event is not starved by an idle that is always due, and idle not by the event. */
    int events = 0;
    int idles = 0;
    while (events < 3 || idles < 3) {
        uint16_t type = 0;
        uint64_t id = 0;
        json_decref(rig_receive(&rig, &type, &id));
        if (type == WIRE_GET) {
            rig_send(&rig, WIRE_VALUE, id, "{\"value\":null}");
        } else if (type == WIRE_DONE) {
            rig_send(&rig, WIRE_ACK, id, "{\"ok\":true}");
            events += id == LEASE;
            idles += id == 0;
            if (id == LEASE) {
                poke(&rig, LEASE, "none", 0, 1);
            }
        }
    }
    ok(1, "events and idle take turns");
    rig_end(&rig);
    (void)waitpid(rig.pid, NULL, 0);

    start(&rig, "{\"idle\":\"1ms\",\"idle_act\":\"fatal\"}");
    rig_expect_only(&rig, WIRE_FATAL, 0);
    is_int(rig_status(&rig), 1, "idle may be fatal, too");
    rig_end(&rig);
}

static void
test_emit_now(void)
{
    struct rig rig;
    start(&rig, "{}");
    poke(&rig, LEASE, "tell_and_die", 0, 1);
    json_t *emit = rig_expect(&rig, WIRE_EMIT, 1);
    is_str(json_string_value(json_object_get(emit, "key")), "last-words", "EMIT goes out at once");
    json_decref(emit);
    rig_send(&rig, WIRE_RESULT, 1, "{\"ok\":false,\"code\":-1010,\"error\":\"no room\"}");
    json_t *retry = rig_expect(&rig, WIRE_RETRY, LEASE);
    is_str(json_string_value(json_object_get(retry, "error")), "rrd refused it: no room",
           "a refused EMIT is the handler's to deal with");
    json_decref(retry);
    stop(&rig, "it goes on");
}

/* A key that cannot be read is not a key that is not there. */
static void
test_get_fails(void)
{
    struct rig rig;
    start(&rig, "{}");
    poke(&rig, LEASE, "none", 0, 1);
    answer_get(&rig, 1, "{\"value\":null,\"code\":-5,\"error\":\"bad disk\"}");
    json_t *retry = rig_expect(&rig, WIRE_RETRY, LEASE);
    ok(strstr(json_string_value(json_object_get(retry, "error")), "bad disk") != NULL,
       "a key that cannot be read makes the handler fail");
    json_decref(retry);
    stop(&rig, "and nothing else");
}

/* The daemon dies: nothing may be left. */
static void
test_orphan(void)
{
    struct rig rig;
    start(&rig, "{}");
    poke(&rig, LEASE, "fork", 0, 1);
    answer_get(&rig, 1, "{\"value\":null}");
    rig_expect_only(&rig, WIRE_DONE, LEASE);
    rig_send(&rig, WIRE_ACK, LEASE, "{\"ok\":true}");
    poke(&rig, LEASE, "stubborn", 0, 1);
    close(rig.fd);
    int status = 0;
    is_int(waitpid(rig.pid, &status, 0), rig.pid, "a worker ends with the link");
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "by its own hand, whatever it does");
    int left = 0;
    for (int i = 0; i < RIG_LIMIT_MS && (left = kill(-rig.pid, 0) == 0); i++) {
        (void)poll(NULL, 0, 1); /* its child dies at the same time, but is reaped by init */
    }
    ok(!left, "and takes its children along");
    rig.fd = -1;
    rig_end(&rig);
}

static void
test_broken_daemon(void)
{
    static const struct {
        uint16_t type;
        const char *body;
        const char *what;
    } rows[] = {
        {WIRE_CONFIG, "{}", "CONFIG twice is stored once, its successor ends the link"},
        {WIRE_ACK, "not json", "a body that is no JSON"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig rig;
        start(&rig, "{}");
        rig_send(&rig, rows[i].type, 1, rows[i].body);
        rig_send_if_there(&rig, rows[i].type, 1, rows[i].body); /* one may have been enough */
        is_int(rig_status(&rig), -SIGKILL, rows[i].what);
        ok(strstr(rig_stderr(&rig), "link to rrd") != NULL, "with a message");
        rig_end(&rig);
    }
}

int
main(void)
{
    const struct rlimit no_core = {0};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)snprintf(puppet, sizeof puppet, "%s/tests/puppet/puppet.so", rig_build_dir());
    test_happy_life();
    test_results();
    test_deaths();
    test_refused_start();
    test_stop();
    test_idle();
    test_emit_now();
    test_get_fails();
    test_orphan();
    test_broken_daemon();
    return tap_done();
}
