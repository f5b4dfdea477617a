/* SPDX-License-Identifier: MIT */
/*
 * screen.c - the terminal while something is redrawn on it.
 *
 * The alternate screen is used because then a resize cannot leave halves of old lines behind, and
 * the scroll-back of the user stays as it was.
 */
#include "core/rrctl/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"

volatile sig_atomic_t screen_interrupts;
static volatile sig_atomic_t is_entered;

static void
count_interrupt(int sig)
{
    (void)sig;
    screen_interrupts = screen_interrupts + 1;
}

/* Only to end a poll(): the next page takes the new size. */
static void
note_resize(int sig)
{
    (void)sig;
}

void
screen_catch_signals(void)
{
    struct sigaction act = {.sa_handler = count_interrupt};

    (void)sigemptyset(&act.sa_mask);
    (void)sigaction(SIGINT, &act, NULL);
    (void)sigaction(SIGTERM, &act, NULL);
    (void)sigaction(SIGHUP, &act, NULL);
    act.sa_handler = note_resize;
    (void)sigaction(SIGWINCH, &act, NULL);
}

bool
screen_can_draw(void)
{
    const char *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

void
screen_enter(void)
{
    if (!is_entered) {
        is_entered = 1;
        (void)fputs(ENTER, stdout);
        (void)fflush(stdout);
        (void)atexit(screen_leave);
    }
}

void
screen_leave(void)
{
    if (is_entered) {
        is_entered = 0;
        (void)fputs(LEAVE, stdout);
        (void)fflush(stdout);
    }
}

void
screen_page(struct page *page)
{
    struct winsize size;

    page_init(page);
    page->lines_max =
        ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

void
screen_show(struct page *page)
{
    const char *end = page->text + page->used;

    (void)fputs("\033[H", stdout);
    for (const char *at = page->text, *newline; at < end; at = newline + 1) {
        newline = memchr(at, '\n', (size_t)(end - at));
        (void)fwrite(at, 1, (size_t)(newline - at), stdout);
        /* Erase what was behind each line. No newline after the last one, or a full screen would
         * scroll. */
        (void)fputs(newline == end - 1 ? "\033[K\033[J" : "\033[K\r\n", stdout);
    }
    page_free(page);
    (void)fflush(stdout);
}
