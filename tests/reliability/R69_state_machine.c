/* SPDX-License-Identifier: MIT */
/*
 * R69: the state machine of a stage: every state with every event, and long random walks that keep
 * four promises: never two processes of a stage; a stop always ends; ready means that there is a
 * process; failed means that there is a reason.
 */
#include "core/rrd/sup.h"
#include "tests/tap.h"

#define WALK_STEPS 1000000

/* What the walk believes about the world. */
struct world {
    struct sup sup;
    bool has_process;
    bool has_timer;
    bool has_reason; /* the last process ended for good */
    bool is_ok;
};

static unsigned
step(struct world *w, enum sup_event ev)
{
    const unsigned actions = sup_step(&w->sup, ev);
    const unsigned timers = SUP_DO_T_START | SUP_DO_T_STOP | SUP_DO_T_TERM | SUP_DO_T_BACKOFF;

    if ((actions & SUP_DO_UNTIMER) != 0) {
        w->has_timer = false;
    }
    if ((actions & SUP_DO_SPAWN) != 0) {
        w->is_ok = w->is_ok && !w->has_process; /* never two processes of a stage */
        w->has_process = true;
    }
    if ((actions & (SUP_DO_ASK | SUP_DO_TERM | SUP_DO_KILL)) != 0) {
        w->is_ok = w->is_ok && w->has_process; /* nobody else is signalled */
    }
    if ((actions & SUP_DO_CLEAN) != 0) {
        w->has_process = false;
    }
    if ((actions & timers) != 0) {
        w->is_ok = w->is_ok && !w->has_timer; /* the old one was taken away */
        w->has_timer = true;
    }
    w->is_ok = w->is_ok && w->has_process == sup_has_process(w->sup.state);
    /* states that only time ends have a timer; states that nothing ends have none */
    if (w->sup.state == SUP_BACKOFF || w->sup.state == SUP_STARTING ||
        w->sup.state == SUP_STOPPING || w->sup.state == SUP_TERMINATING) {
        w->is_ok = w->is_ok && w->has_timer;
    } else {
        w->is_ok = w->is_ok && !w->has_timer;
    }
    if (ev == SUP_EV_EXIT_FINAL) {
        w->has_reason = true;
    } else if ((actions & SUP_DO_SPAWN) != 0) {
        w->has_reason = false;
    }
    w->is_ok = w->is_ok && (w->sup.state != SUP_FAILED || w->has_reason);
    if (w->sup.state == SUP_DOWN) {
        w->is_ok = w->is_ok && !w->sup.is_wanted;
    }
    return actions;
}

/* Events that can happen in a world: a process that is not there does not exit. */
static bool
can_happen(const struct world *w, enum sup_event ev)
{
    switch (ev) {
    case SUP_EV_EXIT:
    case SUP_EV_EXIT_FINAL:
    case SUP_EV_READY:
    case SUP_EV_SICK:
        return w->has_process;
    case SUP_EV_SPAWN_FAIL:
        return false; /* comes right after a spawn only, see walk() */
    case SUP_EV_TIMER:
        return w->has_timer;
    default:
        return true;
    }
}

static uint32_t
next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void
test_every_cell(void)
{
    int moves = 0;

    for (int s = 0; s < SUP_STATES; s++) {
        for (int e = 0; e < SUP_EVENTS; e++) {
            struct sup sup = {(enum sup_state)s, true};

            /* a cell that nobody decided ends the program */
            (void)sup_step(&sup, (enum sup_event)e);
            moves += sup.state != (enum sup_state)s;
        }
        ok(sup_state_name((enum sup_state)s)[0] != '\0', "R69 all events in state %s are decided",
           sup_state_name((enum sup_state)s));
    }
    is_int(moves, 36, "R69 number of cells that change the state");
}

/* From wherever it is: stop, and let time pass and processes die when killed. */
static bool
stop_ends(struct world w)
{
    (void)step(&w, SUP_EV_STOP);
    for (int left = 10; left > 0 && w.is_ok; left--) {
        if (w.sup.state == SUP_DOWN) {
            return !w.has_process;
        }
        (void)step(&w, w.sup.state == SUP_KILLING ? SUP_EV_EXIT : SUP_EV_TIMER);
    }
    return false;
}

static void
test_walk(void)
{
    struct world w = {.is_ok = true};
    uint32_t seed = 20260102;
    int starts = 0;

    for (int i = 0; i < WALK_STEPS && w.is_ok; i++) {
        const enum sup_event ev = (enum sup_event)(next_random(&seed) % SUP_EVENTS);

        if (!can_happen(&w, ev)) {
            continue;
        }
        if ((step(&w, ev) & SUP_DO_SPAWN) != 0) {
            starts++;
            if (next_random(&seed) % 10 == 0) {
                (void)step(&w, SUP_EV_SPAWN_FAIL);
            }
        }
        if (i % 100 == 0) {
            w.is_ok = w.is_ok && stop_ends(w);
        }
        if (!w.is_ok) {
            diag("broken in state %s after event %d, step %d", sup_state_name(w.sup.state), (int)ev,
                 i);
        }
    }
    ok(w.is_ok, "R69 a million random steps keep the invariants");
    ok(starts > 1000, "R69 the walk started processes (%d)", starts);
}

static void
test_story(void)
{
    struct sup s = {SUP_DOWN, false};

    (void)sup_step(&s, SUP_EV_START);
    (void)sup_step(&s, SUP_EV_DEPS);
    (void)sup_step(&s, SUP_EV_READY);
    is_int(s.state, SUP_READY, "R69 start, dependencies, ready");
    ok((sup_step(&s, SUP_EV_EXIT) & SUP_DO_T_BACKOFF) != 0 && s.state == SUP_BACKOFF,
       "R69 a death leads to a delay");
    (void)sup_step(&s, SUP_EV_TIMER);
    (void)sup_step(&s, SUP_EV_DEPS);
    (void)sup_step(&s, SUP_EV_EXIT_FINAL);
    is_int(s.state, SUP_FAILED, "R69 exit 69 or 78 is final");
    (void)sup_step(&s, SUP_EV_START);
    is_int(s.state, SUP_WAITING, "R69 but the operator may start it again");
    (void)sup_step(&s, SUP_EV_DEPS);
    (void)sup_step(&s, SUP_EV_READY);
    (void)sup_step(&s, SUP_EV_RESTART);
    is_int(s.state, SUP_STOPPING, "R69 restart stops first");
    (void)sup_step(&s, SUP_EV_EXIT);
    is_int(s.state, SUP_WAITING, "R69 and starts again without delay");
    (void)sup_step(&s, SUP_EV_DEPS);
    (void)sup_step(&s, SUP_EV_STOP);
    (void)sup_step(&s, SUP_EV_START);
    (void)sup_step(&s, SUP_EV_EXIT);
    is_int(s.state, SUP_WAITING, "R69 the last wish counts");
}

static void
test_delay(void)
{
    uint32_t last = 0;
    bool is_growing = true;

    ok(sup_delay_ms(1, 200, 30000, 0) == 160 && sup_delay_ms(1, 200, 30000, 80) == 240,
       "R69 the first delay is 200 ms +- 20 %%");
    for (unsigned n = 1; n < 8; n++) {
        const uint32_t delay = sup_delay_ms(n, 200, 30000, 0);

        is_growing = is_growing && delay > last;
        last = delay;
    }
    ok(is_growing, "R69 delays grow");
    is_int(sup_delay_ms(1000000, 200, 30000, 0), 24000, "R69 up to 30 s");
    is_int(sup_delay_ms(3, 1, 1, 7), 1, "R69 tiny delays work");
}

static void
test_breaker(void)
{
    struct sup_breaker b = {0};

    for (int i = 0; i < 2; i++) {
        sup_breaker_died(&b, 0, 3);
    }
    is_str(sup_breaker_name(&b, SUP_BACKOFF), "closed", "R69 two deaths of three keep it closed");
    sup_breaker_died(&b, SUP_STABLE_MS - 1, 3);
    is_str(sup_breaker_name(&b, SUP_BACKOFF), "open", "R69 the third opens it");
    is_str(sup_breaker_name(&b, SUP_READY), "trial", "R69 the next worker is a trial");
    sup_breaker_died(&b, 0, 3);
    is_str(sup_breaker_name(&b, SUP_BACKOFF), "open", "R69 that dies and leaves it open");
    sup_breaker_worked(&b);
    is_str(sup_breaker_name(&b, SUP_READY), "closed", "R69 or finishes an event and closes it");
    is_int(b.deaths, 4, "R69 an event finished does not begin the delays anew");
    sup_breaker_died(&b, SUP_STABLE_MS, 3);
    is_int(b.deaths, 1, "R69 a minute of being ready does");
}

int
main(void)
{
    test_every_cell();
    test_walk();
    test_breaker();
    test_story();
    test_delay();
    return tap_done();
}
