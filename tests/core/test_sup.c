/* SPDX-License-Identifier: MIT */
/*
 * test_sup.c - the state machine of a stage: every state with every event, and long random walks.
 */
#include "core/rrd/sup.h"
#include "tests/tap.h"

#define WALK_STEPS 1000000

/* What the walk believes about the world. */
struct world {
    struct sup sup;
    bool has_process;
    bool has_timer;
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
        ok(sup_state_name((enum sup_state)s)[0] != '\0', "all events in state %s are decided",
           sup_state_name((enum sup_state)s));
    }
    is_int(moves, 36, "number of cells that change the state");
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
        if (!w.is_ok) {
            diag("broken in state %s after %s, step %d", sup_state_name(w.sup.state),
                 sup_event_name(ev), i);
        }
    }
    ok(w.is_ok, "a million random steps keep the invariants");
    ok(starts > 1000, "the walk started processes (%d)", starts);
}

/* From every state, stop followed by time and exit leads to DOWN or FAILED. */
static void
test_stop_always_ends(void)
{
    for (int s = 0; s < SUP_STATES; s++) {
        struct sup sup = {(enum sup_state)s, true};
        int left = 10;

        (void)sup_step(&sup, SUP_EV_STOP);
        while (sup.state != SUP_DOWN && sup.state != SUP_FAILED && left-- > 0) {
            (void)sup_step(&sup, sup.state == SUP_KILLING ? SUP_EV_EXIT : SUP_EV_TIMER);
        }
        is_int(sup.state, SUP_DOWN, sup_state_name((enum sup_state)s));
    }
}

static void
test_story(void)
{
    struct sup s = {SUP_DOWN, false};

    (void)sup_step(&s, SUP_EV_START);
    (void)sup_step(&s, SUP_EV_DEPS);
    (void)sup_step(&s, SUP_EV_READY);
    is_int(s.state, SUP_READY, "start, dependencies, ready");
    ok((sup_step(&s, SUP_EV_EXIT) & SUP_DO_T_BACKOFF) != 0 && s.state == SUP_BACKOFF,
       "a death leads to a delay");
    (void)sup_step(&s, SUP_EV_TIMER);
    (void)sup_step(&s, SUP_EV_DEPS);
    (void)sup_step(&s, SUP_EV_EXIT_FINAL);
    is_int(s.state, SUP_FAILED, "exit 69 or 78 is final");
    (void)sup_step(&s, SUP_EV_START);
    is_int(s.state, SUP_WAITING, "but the operator may start it again");
    (void)sup_step(&s, SUP_EV_DEPS);
    (void)sup_step(&s, SUP_EV_READY);
    (void)sup_step(&s, SUP_EV_RESTART);
    is_int(s.state, SUP_STOPPING, "restart stops first");
    (void)sup_step(&s, SUP_EV_EXIT);
    is_int(s.state, SUP_WAITING, "and starts again without delay");
    (void)sup_step(&s, SUP_EV_DEPS);
    (void)sup_step(&s, SUP_EV_STOP);
    (void)sup_step(&s, SUP_EV_START);
    (void)sup_step(&s, SUP_EV_EXIT);
    is_int(s.state, SUP_WAITING, "the last wish counts");
}

static void
test_delay(void)
{
    uint32_t last = 0;
    bool is_growing = true;

    ok(sup_delay_ms(1, 200, 30000, 0) == 160 && sup_delay_ms(1, 200, 30000, 80) == 240,
       "the first delay is 200 ms +- 20 %%");
    for (unsigned n = 1; n < 8; n++) {
        const uint32_t delay = sup_delay_ms(n, 200, 30000, 0);

        is_growing = is_growing && delay > last;
        last = delay;
    }
    ok(is_growing, "delays grow");
    is_int(sup_delay_ms(1000000, 200, 30000, 0), 24000, "up to 30 s");
    is_int(sup_delay_ms(3, 1, 1, 7), 1, "tiny delays work");
}

int
main(void)
{
    test_every_cell();
    test_walk();
    test_stop_always_ends();
    test_story();
    test_delay();
    return tap_done();
}
