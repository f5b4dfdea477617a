/* SPDX-License-Identifier: MIT */
/*
 * flow.h - events of a chain of test stages, each of which passes on what it gets.
 */
#ifndef TESTS_FLOW_H
#define TESTS_FLOW_H

#include <rr/event.h>

#define FLOW_FIELDS(F, S)                                                                          \
    F(S, u64, number, "", "1, 2, ... as the source counts")                                        \
    F(S, u64, time_us, "", "monotonic clock when the source made it")                              \
    F(S, str, filler, "", "text of the length that was asked for")

RR_EVENT_TYPE(flow_1, "FLOW_1", 1, FLOW_FIELDS);
RR_EVENT_TYPE(flow_2, "FLOW_2", 1, FLOW_FIELDS);
RR_EVENT_TYPE(flow_3, "FLOW_3", 1, FLOW_FIELDS);
RR_EVENT_TYPE(flow_4, "FLOW_4", 1, FLOW_FIELDS);
RR_EVENT_TYPE(flow_5, "FLOW_5", 1, FLOW_FIELDS);

#endif
