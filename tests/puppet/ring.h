/* SPDX-License-Identifier: MIT */
/*
 * ring.h - events of the ring of test stages: source -> work -> sink -> source.
 */
#ifndef TESTS_RING_H
#define TESTS_RING_H

#include <rr/event.h>

#define RING_FIELDS(F, S)                                                                          \
    F(S, u64, token, "", "number of the token that goes round")                                    \
    F(S, u64, lap, "laps", "how often it has passed the source, this time included")

RR_EVENT_TYPE(ring_started, "RING_STARTED", 1, RING_FIELDS);
RR_EVENT_TYPE(ring_worked, "RING_WORKED", 1, RING_FIELDS);
RR_EVENT_TYPE(ring_told, "RING_TOLD", 1, RING_FIELDS);
RR_EVENT_TYPE(ring_sunk, "RING_SUNK", 1, RING_FIELDS);

#endif
