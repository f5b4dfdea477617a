/* SPDX-License-Identifier: MIT */
/*
 * view.h - a daemon's status, as its control socket tells it, laid out for people.
 */
#ifndef RR_CORE_RRCTL_VIEW_H
#define RR_CORE_RRCTL_VIEW_H

#include "core/rrctl/out.h"

#include <jansson.h>

/* One line: version, directory, state, pid, uptime. */
void view_head(struct page *page, const json_t *status);

/* One line per stage: name, state, queue, what it does or why it does nothing. */
void view_stages(struct page *page, const json_t *status);

/* The stages' notes, grouped by configuration key. */
void view_notes(struct page *page, const json_t *status);

/* One line: slots in use and events by type. */
void view_totals(struct page *page, const json_t *status);

/* One event on the rest of the line: time, type, configuration, payload as key=value words. Brief:
 * without the id, and without long texts such as paths and hashes. */
void view_event(struct page *page, const json_t *event, bool is_brief);

/* What a stage's worker takes, its breaker, and the newest of its deaths, newest first; each with
 * its last lines unless it is one only. */
void view_worker(struct page *page, const json_t *stage);
void view_deaths(struct page *page, const json_t *deaths, size_t most);

/* "selfplay 62 %, trainer backoff": what each stage does, in few words on the rest of the line. */
void view_brief(struct page *page, const json_t *status);

#endif
