/* SPDX-License-Identifier: MIT */
/*
 * sup.c - the table behind the state machine of a stage.
 *
 * Every state with every event is in one row; one that were in none would end the program, and a
 * test tries them all.
 */
#include "core/rrd/sup.h"

#include <stddef.h>

/* Sets of states and of events. */
#define S(state) (1u << SUP_##state)
#define E(event) (1u << SUP_EV_##event)
#define ALIVE (S(STARTING) | S(READY))
#define ENDING (S(STOPPING) | S(TERMINATING) | S(KILLING))
#define RESTING (S(DOWN) | S(BACKOFF) | S(FAILED))
#define ANY ((1u << SUP_STATES) - 1)

/* The state stays what it is. */
#define STAY SUP_STATES

#define U SUP_DO_UNTIMER
#define GONE (SUP_DO_UNTIMER | SUP_DO_CLEAN | SUP_DO_TELL)
/* An exit while it should be running: growing delay. */
#define DIED (GONE | SUP_DO_T_BACKOFF)

enum want { KEEP, UP, DOWN }; /* what happens to the wish */

static const struct row {
    unsigned states, events;
    enum sup_state next;
    enum want want;
    unsigned actions;
} table[] = {
    /* wishes of the operator */
    {RESTING, E(START) | E(RESTART), SUP_WAITING, UP, U | SUP_DO_TELL},
    {S(WAITING) | ENDING, E(START) | E(RESTART), STAY, UP, 0},
    {ALIVE, E(START), STAY, UP, 0},
    {ALIVE, E(RESTART), SUP_STOPPING, UP, U | SUP_DO_ASK | SUP_DO_T_STOP},
    {ALIVE, E(STOP), SUP_STOPPING, DOWN, U | SUP_DO_ASK | SUP_DO_T_STOP},
    {S(WAITING) | S(BACKOFF) | S(FAILED), E(STOP), SUP_DOWN, DOWN, U | SUP_DO_TELL},
    {S(DOWN) | ENDING, E(STOP), STAY, DOWN, 0},

    /* on the way up */
    {S(BACKOFF), E(TIMER), SUP_WAITING, KEEP, U | SUP_DO_TELL},
    {S(WAITING), E(DEPS), SUP_STARTING, KEEP, U | SUP_DO_T_START | SUP_DO_SPAWN},
    {S(STARTING), E(READY), SUP_READY, KEEP, U | SUP_DO_TELL | SUP_DO_DISPATCH},

    /* on the way down, each step harder than the one before */
    {S(STOPPING), E(TIMER) | E(HURRY), SUP_TERMINATING, KEEP, U | SUP_DO_TERM | SUP_DO_T_TERM},
    {S(TERMINATING), E(TIMER) | E(HURRY) | E(SICK), SUP_KILLING, KEEP, U | SUP_DO_KILL},
    {S(STARTING), E(TIMER) | E(SICK), SUP_KILLING, KEEP, U | SUP_DO_KILL},
    {S(STOPPING), E(SICK), SUP_KILLING, KEEP, U | SUP_DO_KILL},
    {S(READY), E(SICK), SUP_KILLING, KEEP, U | SUP_DO_KILL | SUP_DO_TELL},

    /* ends */
    {S(STARTING), E(SPAWN_FAIL) | E(EXIT), SUP_BACKOFF, KEEP, DIED},
    {S(READY) | S(KILLING), E(EXIT), SUP_BACKOFF, KEEP, DIED},
    {S(STOPPING) | S(TERMINATING), E(EXIT), SUP_WAITING, KEEP, GONE},
    {ALIVE | ENDING, E(EXIT_FINAL), SUP_FAILED, KEEP, GONE},

    /* nothing happens: late news of a process that is gone, or what is true already */
    {RESTING | S(WAITING), E(EXIT) | E(EXIT_FINAL) | E(READY) | E(SICK), STAY, KEEP, 0},
    {S(READY) | ENDING, E(READY), STAY, KEEP, 0},
    {S(KILLING), E(SICK) | E(TIMER) | E(HURRY), STAY, KEEP, 0},
    {S(READY) | S(WAITING) | S(DOWN) | S(FAILED), E(TIMER), STAY, KEEP, 0},
    {ALIVE | S(WAITING) | RESTING, E(HURRY), STAY, KEEP, 0},
    {ANY & ~S(WAITING), E(DEPS), STAY, KEEP, 0},
    {ANY & ~S(STARTING), E(SPAWN_FAIL), STAY, KEEP, 0},
};

unsigned
sup_step(struct sup *s, enum sup_event ev)
{
    const struct row *row = table;
    const struct row *end = table + sizeof table / sizeof table[0];

    while (row < end && ((row->states >> s->state & 1) == 0 || (row->events >> ev & 1) == 0)) {
        row++;
    }
    if (row == end) {
        __builtin_trap();
    }
    if (row->want != KEEP) {
        s->is_wanted = row->want == UP;
    }
    if (row->next == STAY) {
        return row->actions;
    }
    /* Nothing comes back that nobody wants. */
    if (!s->is_wanted && (row->next == SUP_BACKOFF || row->next == SUP_WAITING)) {
        s->state = SUP_DOWN;
        return row->actions & ~SUP_DO_T_BACKOFF;
    }
    s->state = row->next;
    return row->actions;
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

bool
sup_has_process(enum sup_state state)
{
    return ((ALIVE | ENDING) >> state & 1) != 0;
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
