/* SPDX-License-Identifier: MIT */
/*
 * puppet.h - acts and events of the plugin that does what it is told.
 */
#ifndef TESTS_PUPPET_H
#define TESTS_PUPPET_H

#include <rr/event.h>
#include <rr/plugin.h>

#include <setjmp.h>

struct puppet_act {
    const char *name; /* NULL ends a table */
    int (*run)(struct rr_ctx *, long with, struct rr_err *);
    long with; /* what several acts that do the same differ in */
};

/* The head of an act; few need all of it. */
#define ACT(name)                                                                                  \
    static int act_##name(struct rr_ctx *ctx __attribute__((unused)),                              \
                          long with __attribute__((unused)),                                       \
                          struct rr_err *err __attribute__((unused)))

extern const struct puppet_act puppet_harms[];
extern const struct puppet_act puppet_fouls[];

/* Set in init, which has returned long since when somebody jumps there. */
extern jmp_buf puppet_long_gone;

#define PUPPET_POKED_FIELDS(F, S)                                                                  \
    F(S, u64, number, "", "number of the poke; comes back in the answer")                          \
    F(S, str, act, "", "what to do, see puppet.c")                                                 \
    F(S, u64, times, "attempts", "act only while the attempt is at most this; 0 for always")

#define PUPPET_DONE_FIELDS(F, S)                                                                   \
    F(S, u64, number, "", "number of the poke")                                                    \
    F(S, u64, attempt, "", "attempt that was handled")                                             \
    F(S, i64, difference, "", "a negative number")                                                 \
    F(S, f64, ratio, "", "option ratio")                                                           \
    F(S, bool, flag, "", "option flag")                                                            \
    F(S, str, text, "", "option text")                                                             \
    F(S, json, more, "", "a JSON object")

/* Declared nowhere as produced: emitting it must be refused. */
#define PUPPET_SECRET_FIELDS(F, S) F(S, u64, number, "", "number")

RR_EVENT_TYPE_ALIAS(puppet_poked, "PUPPET_POKED", "PUPPET_PRODDED", 1, PUPPET_POKED_FIELDS);
RR_EVENT_TYPE(puppet_done, "PUPPET_DONE", 1, PUPPET_DONE_FIELDS);
RR_EVENT_TYPE(puppet_secret, "PUPPET_SECRET", 1, PUPPET_SECRET_FIELDS);

#endif
