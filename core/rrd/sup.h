/* SPDX-License-Identifier: MIT */
/*
 * sup.h - the life of one stage as a state machine.
 *
 * Pure: sup_step() takes a state and an event and says what to do; sup_run.c does it. What the
 * operator wants (up or down) and what is (the state) are two things; an exit leads on by the wish.
 *
 *              START                deps ok, spawned           READY
 *     DOWN ------------> WAITING ----------------> STARTING ----------> READY
 *      ^ ^                 ^  ^                      |  |                 | |
 *      | |                 |  | delay over     died  |  | sick       sick | | STOP
 *      | |                 | BACKOFF <---------------+  +--> KILLING <----+ v
 *      | |                 |    ^                              |        STOPPING (asked)
 *      | |   restart       |    +------ exit, wanted up -------+            | limit
 *      | +-----------------+--- exit, wanted down -------------+            v
 *      |                                                       |        TERMINATING (TERM)
 *      |                                                       |            | limit
 *      |      exit 69 or 78                                    +-------- KILLING (KILL)
 *      +---- FAILED (START leaves it too)
 */
#ifndef RR_CORE_SUP_H
#define RR_CORE_SUP_H

#include <stdbool.h>
#include <stdint.h>

enum sup_state {
    SUP_DOWN,
    SUP_WAITING,  /* for what it depends on */
    SUP_STARTING, /* process runs, not ready yet */
    SUP_READY,
    SUP_STOPPING,    /* was asked to end */
    SUP_TERMINATING, /* got SIGTERM */
    SUP_KILLING,     /* got SIGKILL */
    SUP_BACKOFF,     /* died; comes back after a delay */
    SUP_FAILED,      /* ended with 69 or 78: starting again would not help */
    SUP_STATES
};

enum sup_event {
    SUP_EV_START,      /* the operator wants it up */
    SUP_EV_STOP,       /* the operator wants it down */
    SUP_EV_RESTART,    /* the operator wants a fresh process */
    SUP_EV_DEPS,       /* what it depends on is there */
    SUP_EV_SPAWN_FAIL, /* no process could be made */
    SUP_EV_READY,      /* the worker says so */
    SUP_EV_SICK,       /* no answer, no progress, broke the protocol, not ready in time */
    SUP_EV_EXIT,       /* the process is gone */
    SUP_EV_EXIT_FINAL, /* … with 69 or 78 */
    SUP_EV_TIMER,      /* the time of this state is over */
    SUP_EV_HURRY,      /* stop faster: the operator asked a second time */
    SUP_EVENTS
};

/* Actions, in the order in which they are carried out. */
#define SUP_DO_UNTIMER 0x001u /* the old state's timer is void */
#define SUP_DO_SPAWN 0x002u   /* start a worker; a failure comes back as SUP_EV_SPAWN_FAIL */
#define SUP_DO_ASK 0x004u     /* send STOP */
#define SUP_DO_TERM 0x008u
#define SUP_DO_KILL 0x010u      /* the whole group and session */
#define SUP_DO_CLEAN 0x020u     /* the process is gone: give its lease back, close, sweep */
#define SUP_DO_T_START 0x040u   /* timer: start limit */
#define SUP_DO_T_STOP 0x080u    /* timer: stop limit */
#define SUP_DO_T_TERM 0x100u    /* timer: TERM limit */
#define SUP_DO_T_BACKOFF 0x200u /* count the death; timer: growing delay */
#define SUP_DO_TELL 0x400u      /* others may depend on this: look at all waiting stages again */
#define SUP_DO_DISPATCH 0x800u  /* it may get events now */

struct sup {
    enum sup_state state;
    bool is_wanted;
};

/* Change s by an event; returns the actions. */
unsigned sup_step(struct sup *s, enum sup_event ev);

const char *sup_state_name(enum sup_state state);

/* A state that has a process. */
bool sup_has_process(enum sup_state state);

/* Delay in milliseconds before the start that follows death number n in a row: first_ms, doubling
 * up to max_ms, +- 20 % by a random number, so that stages that died together do not come back
 * together. */
uint32_t sup_delay_ms(unsigned n, uint32_t first_ms, uint32_t max_ms, uint32_t random);

/*
 * The breaker of a stage. It opens when so many workers in a row have died without having finished
 * an event or been ready for SUP_STABLE_MS. While it is open every new start is a trial, each after
 * the longest delay; the first that succeeds closes it. It never gives up.
 */
struct sup_breaker {
    unsigned deaths;    /* in a row; the delays grow with it */
    unsigned fruitless; /* of these, the last ones */
    bool is_open;
};

/* So long ready means that the trouble is over: delays begin anew. */
#define SUP_STABLE_MS 60000u

/* A worker died that had been ready for ready_ms; limit is the number that opens the breaker. */
void sup_breaker_died(struct sup_breaker *b, uint64_t ready_ms, unsigned limit);

/* A worker finished an event, or has been ready for long enough. */
void sup_breaker_worked(struct sup_breaker *b);

/* "closed", "open", or "trial" when the worker of an open one runs. */
const char *sup_breaker_name(const struct sup_breaker *b, enum sup_state state);

#endif
