/* SPDX-License-Identifier: MIT */
/*
 * sup.c - the table behind the state machine of a stage.
 *
 * Every cell is written down; one that is left out would be 0 and is caught by a test.
 */
#include "core/rrd/sup.h"

#include <stddef.h>

/* What happens to the wish. */
#define WANT_KEEP 0u
#define WANT_UP 1u
#define WANT_DOWN 2u

/* Next state "by the wish": up or down. */
#define BY_WISH(up) ((unsigned)(up) | 0x80u)

struct cell {
    uint8_t decided; /* 1 in every cell */
    uint8_t next;
    uint8_t want;
    uint16_t actions;
};

#define CELL(next, want, actions)                                                                  \
    {                                                                                              \
        1, next, want, actions                                                                     \
    }
/* Nothing happens: late news of a process that is gone, or a wish that is fulfilled already. */
#define IGNORE(state) CELL(state, WANT_KEEP, 0)
#define WISH(state, want) CELL(state, want, 0)

#define U SUP_DO_UNTIMER
#define GONE (SUP_DO_UNTIMER | SUP_DO_CLEAN | SUP_DO_TELL)
/* An exit while it should be running: growing delay. The T_BACKOFF is dropped when going down. */
#define DIED (GONE | SUP_DO_T_BACKOFF)

static const struct cell table[SUP_STATES][SUP_EVENTS] =
    {
        [SUP_DOWN] =
            {
                [SUP_EV_START] = CELL(SUP_WAITING, WANT_UP, SUP_DO_TELL),
                [SUP_EV_STOP] = WISH(SUP_DOWN, WANT_DOWN),
                [SUP_EV_RESTART] = CELL(SUP_WAITING, WANT_UP, SUP_DO_TELL),
                [SUP_EV_DEPS] = IGNORE(SUP_DOWN),
                [SUP_EV_SPAWN_FAIL] = IGNORE(SUP_DOWN),
                [SUP_EV_READY] = IGNORE(SUP_DOWN),
                [SUP_EV_SICK] = IGNORE(SUP_DOWN),
                [SUP_EV_EXIT] = IGNORE(SUP_DOWN),
                [SUP_EV_EXIT_FINAL] = IGNORE(SUP_DOWN),
                [SUP_EV_TIMER] = IGNORE(SUP_DOWN),
                [SUP_EV_HURRY] = IGNORE(SUP_DOWN),
            },
        [SUP_WAITING] =
            {
                [SUP_EV_START] = WISH(SUP_WAITING, WANT_UP),
                [SUP_EV_STOP] = CELL(SUP_DOWN, WANT_DOWN, U | SUP_DO_TELL),
                [SUP_EV_RESTART] = WISH(SUP_WAITING, WANT_UP),
                [SUP_EV_DEPS] = CELL(SUP_STARTING, WANT_KEEP, U | SUP_DO_T_START | SUP_DO_SPAWN),
                [SUP_EV_SPAWN_FAIL] = IGNORE(SUP_WAITING),
                [SUP_EV_READY] = IGNORE(SUP_WAITING),
                [SUP_EV_SICK] = IGNORE(SUP_WAITING),
                [SUP_EV_EXIT] = IGNORE(SUP_WAITING),
                [SUP_EV_EXIT_FINAL] = IGNORE(SUP_WAITING),
                [SUP_EV_TIMER] = IGNORE(SUP_WAITING),
                [SUP_EV_HURRY] = IGNORE(SUP_WAITING),
            },
        [SUP_STARTING] =
            {
                [SUP_EV_START] = WISH(SUP_STARTING, WANT_UP),
                [SUP_EV_STOP] = CELL(SUP_STOPPING, WANT_DOWN, U | SUP_DO_ASK | SUP_DO_T_STOP),
                [SUP_EV_RESTART] = CELL(SUP_STOPPING, WANT_UP, U | SUP_DO_ASK | SUP_DO_T_STOP),
                [SUP_EV_DEPS] = IGNORE(SUP_STARTING),
                [SUP_EV_SPAWN_FAIL] = CELL(SUP_BACKOFF, WANT_KEEP, DIED),
                [SUP_EV_READY] = CELL(SUP_READY, WANT_KEEP, U | SUP_DO_TELL | SUP_DO_DISPATCH),
                [SUP_EV_SICK] = CELL(SUP_KILLING, WANT_KEEP, U | SUP_DO_KILL),
                [SUP_EV_EXIT] = CELL(SUP_BACKOFF, WANT_KEEP, DIED),
                [SUP_EV_EXIT_FINAL] = CELL(SUP_FAILED, WANT_KEEP, GONE),
                [SUP_EV_TIMER] = CELL(SUP_KILLING, WANT_KEEP, U | SUP_DO_KILL),
                [SUP_EV_HURRY] = IGNORE(SUP_STARTING),
            },
        [SUP_READY] =
            {
                [SUP_EV_START] = WISH(SUP_READY, WANT_UP),
                [SUP_EV_STOP] = CELL(SUP_STOPPING, WANT_DOWN, U | SUP_DO_ASK | SUP_DO_T_STOP),
                [SUP_EV_RESTART] = CELL(SUP_STOPPING, WANT_UP, U | SUP_DO_ASK | SUP_DO_T_STOP),
                [SUP_EV_DEPS] = IGNORE(SUP_READY),
                [SUP_EV_SPAWN_FAIL] = IGNORE(SUP_READY),
                [SUP_EV_READY] = IGNORE(SUP_READY),
                [SUP_EV_SICK] = CELL(SUP_KILLING, WANT_KEEP, U | SUP_DO_KILL | SUP_DO_TELL),
                [SUP_EV_EXIT] = CELL(SUP_BACKOFF, WANT_KEEP, DIED),
                [SUP_EV_EXIT_FINAL] = CELL(SUP_FAILED, WANT_KEEP, GONE),
                [SUP_EV_TIMER] = IGNORE(SUP_READY),
                [SUP_EV_HURRY] = IGNORE(SUP_READY),
            },
        [SUP_STOPPING] =
            {
                [SUP_EV_START] = WISH(SUP_STOPPING, WANT_UP),
                [SUP_EV_STOP] = WISH(SUP_STOPPING, WANT_DOWN),
                [SUP_EV_RESTART] = WISH(SUP_STOPPING, WANT_UP),
                [SUP_EV_DEPS] = IGNORE(SUP_STOPPING),
                [SUP_EV_SPAWN_FAIL] = IGNORE(SUP_STOPPING),
                [SUP_EV_READY] = IGNORE(SUP_STOPPING),
                [SUP_EV_SICK] = CELL(SUP_KILLING, WANT_KEEP, U | SUP_DO_KILL),
                [SUP_EV_EXIT] = CELL(BY_WISH(SUP_WAITING), WANT_KEEP, GONE),
                [SUP_EV_EXIT_FINAL] = CELL(SUP_FAILED, WANT_KEEP, GONE),
                [SUP_EV_TIMER] = CELL(SUP_TERMINATING, WANT_KEEP, U | SUP_DO_TERM | SUP_DO_T_TERM),
                [SUP_EV_HURRY] = CELL(SUP_TERMINATING, WANT_KEEP, U | SUP_DO_TERM | SUP_DO_T_TERM),
            },
        [SUP_TERMINATING] =
            {
                [SUP_EV_START] = WISH(SUP_TERMINATING, WANT_UP),
                [SUP_EV_STOP] = WISH(SUP_TERMINATING, WANT_DOWN),
                [SUP_EV_RESTART] = WISH(SUP_TERMINATING, WANT_UP),
                [SUP_EV_DEPS] = IGNORE(SUP_TERMINATING),
                [SUP_EV_SPAWN_FAIL] = IGNORE(SUP_TERMINATING),
                [SUP_EV_READY] = IGNORE(SUP_TERMINATING),
                [SUP_EV_SICK] = CELL(SUP_KILLING, WANT_KEEP, U | SUP_DO_KILL),
                [SUP_EV_EXIT] = CELL(BY_WISH(SUP_WAITING), WANT_KEEP, GONE),
                [SUP_EV_EXIT_FINAL] = CELL(SUP_FAILED, WANT_KEEP, GONE),
                [SUP_EV_TIMER] = CELL(SUP_KILLING, WANT_KEEP, U | SUP_DO_KILL),
                [SUP_EV_HURRY] = CELL(SUP_KILLING, WANT_KEEP, U | SUP_DO_KILL),
            },
        [SUP_KILLING] =
            {
                [SUP_EV_START] = WISH(SUP_KILLING, WANT_UP),
                [SUP_EV_STOP] = WISH(SUP_KILLING, WANT_DOWN),
                [SUP_EV_RESTART] = WISH(SUP_KILLING, WANT_UP),
                [SUP_EV_DEPS] = IGNORE(SUP_KILLING),
                [SUP_EV_SPAWN_FAIL] = IGNORE(SUP_KILLING),
                [SUP_EV_READY] = IGNORE(SUP_KILLING),
                [SUP_EV_SICK] = IGNORE(SUP_KILLING),
                [SUP_EV_EXIT] = CELL(BY_WISH(SUP_BACKOFF), WANT_KEEP, DIED),
                [SUP_EV_EXIT_FINAL] = CELL(SUP_FAILED, WANT_KEEP, GONE),
                [SUP_EV_TIMER] = IGNORE(SUP_KILLING),
                [SUP_EV_HURRY] = IGNORE(SUP_KILLING),
            },
        [SUP_BACKOFF] =
            {
                [SUP_EV_START] = CELL(SUP_WAITING, WANT_UP, U | SUP_DO_TELL),
                [SUP_EV_STOP] = CELL(SUP_DOWN, WANT_DOWN, U | SUP_DO_TELL),
                [SUP_EV_RESTART] = CELL(SUP_WAITING, WANT_UP, U | SUP_DO_TELL),
                [SUP_EV_DEPS] = IGNORE(SUP_BACKOFF),
                [SUP_EV_SPAWN_FAIL] = IGNORE(SUP_BACKOFF),
                [SUP_EV_READY] = IGNORE(SUP_BACKOFF),
                [SUP_EV_SICK] = IGNORE(SUP_BACKOFF),
                [SUP_EV_EXIT] = IGNORE(SUP_BACKOFF),
                [SUP_EV_EXIT_FINAL] = IGNORE(SUP_BACKOFF),
                [SUP_EV_TIMER] = CELL(SUP_WAITING, WANT_KEEP, U | SUP_DO_TELL),
                [SUP_EV_HURRY] = IGNORE(SUP_BACKOFF),
            },
        [SUP_FAILED] =
            {
                [SUP_EV_START] = CELL(SUP_WAITING, WANT_UP, SUP_DO_TELL),
                [SUP_EV_STOP] = CELL(SUP_DOWN, WANT_DOWN, SUP_DO_TELL),
                [SUP_EV_RESTART] = CELL(SUP_WAITING, WANT_UP, SUP_DO_TELL),
                [SUP_EV_DEPS] = IGNORE(SUP_FAILED),
                [SUP_EV_SPAWN_FAIL] = IGNORE(SUP_FAILED),
                [SUP_EV_READY] = IGNORE(SUP_FAILED),
                [SUP_EV_SICK] = IGNORE(SUP_FAILED),
                [SUP_EV_EXIT] = IGNORE(SUP_FAILED),
                [SUP_EV_EXIT_FINAL] = IGNORE(SUP_FAILED),
                [SUP_EV_TIMER] = IGNORE(SUP_FAILED),
                [SUP_EV_HURRY] = IGNORE(SUP_FAILED),
            },
};

unsigned
sup_step(struct sup *s, enum sup_event ev)
{
    const struct cell *cell = &table[s->state][ev];
    unsigned actions = cell->actions;
    unsigned next = cell->next;

    if (cell->decided == 0) {
        __builtin_trap();
    }
    if (cell->want != WANT_KEEP) {
        s->is_wanted = cell->want == WANT_UP;
    }
    if ((next & 0x80u) != 0) {
        next = s->is_wanted ? next & 0x7fu : SUP_DOWN;
        if (next == SUP_DOWN) {
            actions &= ~SUP_DO_T_BACKOFF;
        }
    }
    s->state = (enum sup_state)next;
    return actions;
}

const char *
sup_state_name(enum sup_state state)
{
    static const char *const names[SUP_STATES] = {
        [SUP_DOWN] = "down",       [SUP_WAITING] = "waiting",   [SUP_STARTING] = "starting",
        [SUP_READY] = "ready",     [SUP_STOPPING] = "stopping", [SUP_TERMINATING] = "terminating",
        [SUP_KILLING] = "killing", [SUP_BACKOFF] = "backoff",   [SUP_FAILED] = "failed"};

    return names[state];
}

const char *
sup_event_name(enum sup_event ev)
{
    static const char *const names[SUP_EVENTS] = {[SUP_EV_START] = "start",
                                                  [SUP_EV_STOP] = "stop",
                                                  [SUP_EV_RESTART] = "restart",
                                                  [SUP_EV_DEPS] = "dependencies there",
                                                  [SUP_EV_SPAWN_FAIL] = "spawn failed",
                                                  [SUP_EV_READY] = "ready",
                                                  [SUP_EV_SICK] = "sick",
                                                  [SUP_EV_EXIT] = "exit",
                                                  [SUP_EV_EXIT_FINAL] = "final exit",
                                                  [SUP_EV_TIMER] = "timer",
                                                  [SUP_EV_HURRY] = "hurry"};

    return names[ev];
}

bool
sup_has_process(enum sup_state state)
{
    return state == SUP_STARTING || state == SUP_READY || state == SUP_STOPPING ||
           state == SUP_TERMINATING || state == SUP_KILLING;
}

uint32_t
sup_delay_ms(unsigned n, uint32_t first_ms, uint32_t max_ms, uint32_t random)
{
    uint64_t delay = first_ms;

    for (unsigned i = 1; i < n && delay < max_ms; i++) {
        delay *= 2;
    }
    if (delay > max_ms) {
        delay = max_ms;
    }
    return (uint32_t)(delay - delay / 5 + random % (2 * (delay / 5) + 1));
}

void
sup_breaker_died(struct sup_breaker *b, uint64_t ready_ms, unsigned limit)
{
    if (ready_ms >= SUP_STABLE_MS) {
        *b = (struct sup_breaker){0};
    }
    b->deaths++;
    b->fruitless++;
    b->is_open = b->is_open || b->fruitless >= limit;
}

void
sup_breaker_worked(struct sup_breaker *b)
{
    b->fruitless = 0;
    b->is_open = false;
}

const char *
sup_breaker_name(const struct sup_breaker *b, enum sup_state state)
{
    if (!b->is_open) {
        return "closed";
    }
    return state == SUP_STARTING || state == SUP_READY ? "trial" : "open";
}
