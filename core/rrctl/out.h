/* SPDX-License-Identifier: MIT */
/*
 * out.h - text for people: lines that are clipped to the terminal, colours, bars, numbers; the
 * terminal when it is redrawn.
 *
 * A page is text that is built first and written in one go, so that a redrawn screen does not
 * flicker. What comes from outside (texts of plugins) cannot send control sequences through it.
 */
#ifndef RR_CORE_RRCTL_OUT_H
#define RR_CORE_RRCTL_OUT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum out_style { OUT_PLAIN, OUT_BOLD, OUT_DIM, OUT_RED, OUT_YELLOW, OUT_GREEN, OUT_CYAN };

struct page {
    char *text;
    size_t used, cap;
    int columns;    /* lines are clipped to this width; 0: never */
    int column;     /* where the next character of the current line goes */
    int lines;      /* ended so far */
    int lines_max;  /* further lines are dropped; 0: never */
    bool has_color; /* may use colours */
    bool has_utf8;  /* may use bars and ellipses beyond ASCII */
};

/* Fit a page to standard output: its width when it is a terminal, colours unless NO_COLOR is set.
 */
void page_init(struct page *page);
void page_free(struct page *page);

/* Append text to the current line. Control bytes and broken UTF-8 come out as '?'; but a newline at
 * the end of fmt ends the line. */
__attribute__((format(printf, 3, 4))) void page_put(struct page *page, enum out_style style,
                                                    const char *fmt, ...);

/* Append blanks up to a column; at least one when the line is there already. */
void page_tab(struct page *page, int column);

/* Append a bar of so many cells; fraction is 0 to 1. */
void page_bar(struct page *page, int cells, double fraction);

/* End the line. */
void page_end(struct page *page);

/* Print everything and free the page. Returns 0 or -1. */
int page_print(struct page *page);

/* Columns that a text takes. */
int out_width(const char *text);

/* The terminal while something is redrawn on it, and the signals that end that: */

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

/* Numbers in few characters. Such a text lasts until OUT_TEXTS further ones have been made. */
#define OUT_TEXTS 8

/* A duration as a clock reads it: "0:07", "12:34", "3:04:05", "2d 3:04". */
const char *out_clock(int64_t ms);

/* A number: "7", "1234", "12.3k", "4.56M". */
const char *out_count(double number);

/* A rate: "0.6/min", "4.5/s", "120/s". */
const char *out_rate(double per_second);

/* A point in time in the local zone, "12:34:56", or with the date in front "2026-01-02 12:34:56".
 */
const char *out_time(int64_t time_ms);
const char *out_date_time(int64_t time_ms);

#endif
