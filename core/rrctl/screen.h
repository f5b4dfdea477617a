/* SPDX-License-Identifier: MIT */
/*
 * screen.h - the terminal while something is redrawn on it, and the signals that end that.
 */
#ifndef RR_CORE_RRCTL_SCREEN_H
#define RR_CORE_RRCTL_SCREEN_H

#include "core/rrctl/out.h"

#include <signal.h>
#include <stdbool.h>

/* How often SIGINT, SIGTERM or SIGHUP came. */
extern volatile sig_atomic_t screen_interrupts;

/* Count those signals from now on instead of dying of them. */
void screen_catch_signals(void);

/* Tell whether standard output can be redrawn. */
bool screen_can_draw(void);

/* Switch to the alternate screen, and back; leaving twice does nothing. */
void screen_enter(void);
void screen_leave(void);

/* Set up a page of the terminal's present size, and show it from the top. */
void screen_page(struct page *page);
void screen_show(struct page *page);

#endif
