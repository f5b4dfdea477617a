/* SPDX-License-Identifier: MIT */
/*
 * events.h - the events of the template plugin.
 *
 * Each list makes a C struct (struct ev_hello_asked) and a description of it (rr_type_hello_asked).
 */
#ifndef HELLO_EVENTS_H
#define HELLO_EVENTS_H

#include <rr/event.h>

#define HELLO_ASKED_FIELDS(F, S)                                                                   \
    F(S, str, who, "", "whom to greet")                                                            \
    F(S, u64, times, "", "how often")

#define HELLO_SAID_FIELDS(F, S)                                                                    \
    F(S, str, who, "", "who was greeted")                                                          \
    F(S, str, path, "", "file with the greetings, below the data directory")                       \
    F(S, u64, count, "", "greetings made so far, by all events")

RR_EVENT_TYPE(hello_asked, "HELLO_ASKED", 1, HELLO_ASKED_FIELDS);
RR_EVENT_TYPE(hello_said, "HELLO_SAID", 1, HELLO_SAID_FIELDS);

#endif
