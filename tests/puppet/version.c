/* SPDX-License-Identifier: MIT */
/*
 * version.c - a plugin that comes in versions: the words behind "FAULT=" and "TAG=" in the file
 * make the difference, and a test writes other ones over them.
 *
 * It takes FLOW_1 and keeps the number of the last one as the durable key "last". Whatever comes
 * lost, twice or out of order is counted by the key "wrong". From the third event of a process on
 * it has its fault; "once" rejects the third one only.
 */
#include <rr/plugin.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/puppet/flow.h"
#include "tests/puppet/stage.h"

enum { HEALTHY_EVENTS = 2, LEAK_BYTES = 48 << 20 };

/* Read byte by byte when it runs: the compiler must not know them. */
static const volatile char fault_mark[] = "FAULT=none    ";
static const volatile char tag_mark[] = "TAG=1 ";

static char fault[16], tag[8];

static const struct rr_opt options[] = {
    {"work", RR_OPT_DURATION, 0, "0ms", "0ms..10min", "Time that each event takes."},
    {"warm_up", RR_OPT_DURATION, 0, "0ms", "0ms..10min",
     "Time that the start of a bad version takes."},
    RR_OPT_END,
};
static const struct rr_port consumes[] = {{&rr_type_flow_1, 0, 0}, {0}};

/* The word behind the = of a mark. */
static void
read_mark(const volatile char *mark, char *out, size_t cap)
{
    size_t n = 0;

    while (*mark++ != '=') {
    }
    while (n + 1 < cap && mark[n] != ' ' && mark[n] != '\0') {
        out[n] = mark[n];
        n++;
    }
    out[n] = '\0';
}

static void
hang(void)
{
    for (;;) {
        (void)pause();
    }
}

static int
on_init(struct rr_ctx *ctx, struct rr_err *err)
{
    read_mark(fault_mark, fault, sizeof fault);
    read_mark(tag_mark, tag, sizeof tag);
    rr_note(ctx, "", "version %s", tag);
    if (strcmp(fault, "never") == 0) {
        hang();
    }
    if (strcmp(fault, "none") != 0) {
        (void)usleep((useconds_t)rr_opt_int(ctx, "warm_up") * 1000);
    }
    return strcmp(fault, "refuse") == 0 ? rr_err_set(err, RR_E_CONFIG, "this version refuses") : 0;
}

static int
have_fault(struct rr_err *err)
{
    static char *volatile lost;

    if (strcmp(fault, "crash") == 0) {
        (void)signal(SIGSEGV, SIG_DFL); /* a sanitizer makes an exit of it */
        (void)raise(SIGSEGV);
    } else if (strcmp(fault, "exit") == 0) {
        _exit(3);
    } else if (strcmp(fault, "hang") == 0) {
        hang();
    } else if (strcmp(fault, "leak") == 0) {
        lost = malloc(LEAK_BYTES);
        memset(lost, 1, LEAK_BYTES);
    }
    (void)rr_err_set(err, RR_E_INPUT, "a fault of this version");
    return strcmp(fault, "reject") == 0 || strcmp(fault, "once") == 0 ? RR_REJECT
           : strcmp(fault, "retry") == 0                              ? RR_RETRY
           : strcmp(fault, "fatal") == 0                              ? RR_FATAL
           : strcmp(fault, "lie") == 0                                ? 42
                                                                      : RR_DONE;
}

static int
on_event(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err)
{
    static unsigned n_events;
    struct ev_flow_1 in;

    if (rr_decode(ctx, event, &rr_type_flow_1, &in, err) != 0) {
        return RR_REJECT;
    }
    n_events++;
    if (n_events > HEALTHY_EVENTS &&
        (strcmp(fault, "once") != 0 || n_events == 1 + HEALTHY_EVENTS)) {
        const int rc = have_fault(err);

        if (rc != RR_DONE) {
            return rc;
        }
    }
    stage_work(ctx);
    if (in.number != stage_number(ctx, "last", err) + 1 &&
        stage_put_number(ctx, "wrong", stage_number(ctx, "wrong", err) + 1, err) != 0) {
        return RR_RETRY;
    }
    return stage_put_number(ctx, "last", in.number, err) == 0 ? RR_DONE : RR_RETRY;
}

RR_PLUGIN(.name = "version", .version = "1.0", .summary = "comes in versions", .options = options,
          .consumes = consumes, .init = on_init, .event = on_event)
