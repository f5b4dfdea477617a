/* SPDX-License-Identifier: MIT */
/*
 * ring.c - three tiny stages that make loss and double application visible.
 *
 * Compiled three times (RING_NAME, RING_IN, RING_OUT; the source with RING_SOURCE, work with
 * RING_TELLS: it emits RING_TOLD before it is done, which only the key keeps single). Tokens go
 * round for ever, or for `laps` laps: source -> work -> sink -> source. Each stage keeps the last
 * lap of each token as a durable key, and makes one effect file per event:
 *
 *     DATA/ring/NAME/tTOKEN-lLAP-EVENTID
 *
 * A token that comes with any lap but the next one was lost or doubled somewhere: the event is
 * rejected, which buries it with the reason, and the line "ring violation" is logged. When a
 * limited ring stands still, each stage must have exactly one file for each token and lap, and the
 * events RING_* in the log must be tokens x laps of each type.
 */
#include <rr/effect.h>
#include <rr/plugin.h>

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/puppet/ring.h"
#include "tests/puppet/stage.h"

static const struct rr_opt options[] = {
#ifdef RING_SOURCE
    {"tokens", RR_OPT_INT, 0, "8", "1..1000", "Tokens that go round."},
    {"laps", RR_OPT_INT, 0, "0", "0..", "Laps of each token; 0 means without end."},
#endif
    {"work", RR_OPT_DURATION, 0, "0ms", "0ms..1min", "Time that each event takes."},
    {"effects", RR_OPT_BOOL, 0, "yes", "", "Whether to make a file for each event, and to tell."},
    RR_OPT_END,
};

static const struct rr_port consumes[] = {{&TYPE_OF(RING_IN), 0, 0}, {0}};
static const struct rr_port produces[] = {{&TYPE_OF(RING_OUT), 0, 0},
#ifdef RING_TELLS
                                          {&rr_type_ring_told, 0, 0},
#endif
                                          {0}};

/* As FAIL() of core/common/fail.h, for a plugin, which links nothing of ours. */
static void
fail_at(const char *name)
{
    static int passes;
    const char *wish = getenv("RR_FAIL");
    const char *flag = getenv("RR_FAIL_FLAG");
    const size_t n = strlen(name);

    if (wish != NULL && flag != NULL && strncmp(wish, name, n) == 0 && wish[n] == ':' &&
        ++passes == atoi(wish + n + 1) &&
        open(flag, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) >= 0) {
        (void)kill(getpid(), SIGKILL);
    }
}

static int
make_file(struct rr_ctx *ctx, const struct rr_event *event, const struct STRUCT_OF(RING_IN) * in,
          struct rr_err *err)
{
    struct rr_effect fx;
    char prefix[64];

    (void)snprintf(prefix, sizeof prefix, "t%" PRIu64 "-l%" PRIu64 "-", in->token, in->lap);
    int rc = rr_effect_begin(&fx, ctx, event, "ring/" TEXT_OF(RING_NAME), prefix, "", err);
    if (rc != 0 || fx.done) {
        return rc;
    }
    FILE *file = fopen(fx.temp, "w");
    if (file == NULL) {
        return rr_err_set(err, -errno, "cannot make %s: %s", fx.temp, strerror(errno));
    }
    (void)fprintf(file, "%" PRIu64 " %" PRIu64 "\n", in->token, in->lap);
    rc = fclose(file) == 0 ? rr_effect_commit(&fx, err) : rr_err_set(err, -errno, "fclose");
    rr_effect_abort(&fx);
    return rc;
}

/* Check that this is the token's next lap and note it. */
static int
advance(struct rr_ctx *ctx, const struct STRUCT_OF(RING_IN) * in, struct rr_err *err)
{
    char key[32];

    (void)snprintf(key, sizeof key, "t/%" PRIu64, in->token);
    const uint64_t passed = stage_number(ctx, key, err);
    if (err->code != 0) {
        return RR_RETRY;
    }
    if (in->lap != passed + 1) {
        rr_err_set(err, RR_E_INPUT,
                   "ring violation: token %" PRIu64 " comes with lap %" PRIu64 " after %" PRIu64,
                   in->token, in->lap, passed);
        rr_log(ctx, RR_LOG_ERROR, "%s", err->text);
        return RR_REJECT;
    }
    return stage_put_number(ctx, key, in->lap, err) == 0 ? RR_DONE : RR_RETRY;
}

static int
on_event(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err)
{
    struct STRUCT_OF(RING_IN) in;

    if (rr_decode(ctx, event, &TYPE_OF(RING_IN), &in, err) != 0) {
        return RR_REJECT;
    }
    const int rc = advance(ctx, &in, err);
    if (rc != RR_DONE) {
        return rc;
    }
    stage_work(ctx);
#ifdef RING_TELLS
    const struct ev_ring_told told = {.token = in.token, .lap = in.lap};
    char key[32];

    (void)snprintf(key, sizeof key, "%" PRIu64, event->id);
    if (rr_opt_int(ctx, "effects") != 0 &&
        rr_emit_now(ctx, &rr_type_ring_told, key, event->config, &told, err) != 0) {
        return RR_RETRY;
    }
#endif
    fail_at("effect.before");
    if (rr_opt_int(ctx, "effects") != 0 && make_file(ctx, event, &in, err) != 0) {
        return RR_RETRY;
    }
    fail_at("effect.after");
    struct STRUCT_OF(RING_OUT) out = {.token = in.token, .lap = in.lap};
#ifdef RING_SOURCE
    const int64_t laps = rr_opt_int(ctx, "laps");
    out.lap++;
    if (laps != 0 && out.lap > (uint64_t)laps) {
        return RR_DONE;
    }
#endif
    return rr_emit(ctx, &TYPE_OF(RING_OUT), NULL, event->config, &out, err) == 0 ? RR_DONE
                                                                                 : RR_RETRY;
}

#ifdef RING_SOURCE
/* Set the tokens going, once: the keys make a repetition harmless. */
static int
on_idle(struct rr_ctx *ctx, struct rr_err *err)
{
    const int64_t tokens = rr_opt_int(ctx, "tokens");

    if (rr_get(ctx, "started", err) != NULL) {
        rr_set_idle_ms(ctx, 0);
        return RR_DONE;
    }
    if (err->code != 0) {
        return RR_RETRY;
    }
    for (int64_t i = 1; i <= tokens; i++) {
        const struct STRUCT_OF(RING_OUT) out = {.token = (uint64_t)i, .lap = 1};
        char key[32];
        (void)snprintf(key, sizeof key, "token-%" PRId64, i);
        if (rr_emit(ctx, &TYPE_OF(RING_OUT), key, "", &out, err) != 0) {
            return RR_RETRY;
        }
    }
    return rr_put(ctx, "started", "yes", err) == 0 ? RR_DONE : RR_RETRY;
}

static int
on_init(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)err;
    rr_set_idle_ms(ctx, 20);
    return 0;
}

RR_PLUGIN(.name = TEXT_OF(RING_NAME), .version = "1.0", .summary = "sends tokens round a ring",
          .options = options, .consumes = consumes, .produces = produces, .init = on_init,
          .event = on_event, .idle = on_idle)
#else
RR_PLUGIN(.name = TEXT_OF(RING_NAME), .version = "1.0", .summary = "passes tokens of a ring on",
          .options = options, .consumes = consumes, .produces = produces, .event = on_event)
#endif
