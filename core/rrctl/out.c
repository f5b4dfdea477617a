/* SPDX-License-Identifier: MIT */
/*
 * out.c - text for people: clipped lines, colours, bars, numbers; the terminal.
 */
#include "core/rrctl/out.h"

#include "core/common/mem.h"

#include <inttypes.h>
#include <langinfo.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX 2048
#define NUMBER_BYTES 32

/* The alternate screen is used because then a resize cannot leave halves of old lines behind, and
 * the scroll-back of the user stays as it was. */
#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"

static const char *const styles[] = {
    [OUT_PLAIN] = "",        [OUT_BOLD] = "\033[1m",    [OUT_DIM] = "\033[2m",
    [OUT_RED] = "\033[31m",  [OUT_YELLOW] = "\033[33m", [OUT_GREEN] = "\033[32m",
    [OUT_CYAN] = "\033[36m",
};

void
page_init(struct page *page)
{
    const char *no_color = getenv("NO_COLOR");
    struct winsize size;

    memset(page, 0, sizeof *page);
    page->has_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    page->has_color = screen_can_draw() && (no_color == NULL || no_color[0] == '\0');
    if (isatty(STDOUT_FILENO)) {
        const bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;

        page->columns = is_known ? size.ws_col : 80;
    }
}

void
page_free(struct page *page)
{
    free(page->text);
    memset(page, 0, sizeof *page);
}

static void
append(struct page *page, const char *bytes, size_t n)
{
    if (page->cap - page->used < n) {
        page->cap = mem_add(mem_mul(page->cap, 2), mem_add(n, 256));
        page->text = mem_resize(page->text, page->cap, 1);
    }
    if (n > 0) {
        memcpy(page->text + page->used, bytes, n);
        page->used += n;
    }
}

static void
append_str(struct page *page, const char *text)
{
    append(page, text, strlen(text));
}

/* Length of the UTF-8 character at s, 0 when it is broken or a control character. */
static size_t
char_bytes(const char *s)
{
    const unsigned char c = (unsigned char)s[0];
    const size_t n = c < 0x80 ? 1 : c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 ? 3 : 2;

    if (c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xc2) || c >= 0xf5) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    /* C1 control characters, U+0080 to U+009F: terminals may obey them. */
    return c == 0xc2 && (unsigned char)s[1] < 0xa0 ? 0 : n;
}

int
out_width(const char *text)
{
    int width = 0;

    while (*text != '\0') {
        const size_t n = char_bytes(text);
        text += n == 0 ? 1 : n;
        width++;
    }
    return width;
}

/* Append the characters of a text as far as the line goes. */
static void
put_clipped(struct page *page, const char *text)
{
    while (*text != '\0') {
        const size_t n = char_bytes(text);
        const size_t used = n == 0 ? 1 : n;

        if (page->columns > 0 && page->column + 1 >= page->columns && text[used] != '\0') {
            append_str(page, page->has_utf8 ? "…" : "~");
            page->column = page->columns;
            return;
        }
        if (n == 0 || (n > 1 && !page->has_utf8)) {
            append(page, "?", 1);
        } else {
            append(page, text, n);
        }
        page->column++;
        text += used;
    }
}

static bool
is_full(const struct page *page)
{
    return (page->columns > 0 && page->column >= page->columns) ||
           (page->lines_max > 0 && page->lines >= page->lines_max);
}

void
page_put(struct page *page, enum out_style style, const char *fmt, ...)
{
    const bool is_end = fmt[0] != '\0' && fmt[strlen(fmt) - 1] == '\n';
    const bool is_styled = page->has_color && style != OUT_PLAIN;
    char text[TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (is_end) {
        text[strlen(text) - 1] = '\0';
    }
    if (!is_full(page) && text[0] != '\0') {
        append_str(page, is_styled ? styles[style] : "");
        put_clipped(page, text);
        append_str(page, is_styled ? "\033[0m" : "");
    }
    if (is_end) {
        page_end(page);
    }
}

void
page_tab(struct page *page, int column)
{
    do {
        if (is_full(page)) {
            return;
        }
        append(page, " ", 1);
        page->column++;
    } while (page->column < column);
}

void
page_bar(struct page *page, int cells, double fraction)
{
    static const char *const eighths[] = {"░", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    const double inside = fraction < 0 || isnan(fraction) ? 0 : fraction > 1 ? 1 : fraction;
    const int filled = (int)(inside * cells * 8);

    for (int i = 0; i < cells; i++) {
        const int left = filled - 8 * i;
        const int part = left < 0 ? 0 : left > 8 ? 8 : left;

        page_put(page, part > 0 ? OUT_CYAN : OUT_DIM, "%s",
                 page->has_utf8 ? eighths[part]
                 : part == 8    ? "#"
                                : ".");
    }
}

void
page_end(struct page *page)
{
    if (page->lines_max == 0 || page->lines < page->lines_max) {
        /* Blanks at the end of a line only get in the way of copying it. */
        while (page->used > 0 && page->text[page->used - 1] == ' ') {
            page->used--;
        }
        append(page, "\n", 1);
        page->lines++;
    }
    page->column = 0;
}

int
page_print(struct page *page)
{
    if (page->used > 0) {
        (void)fwrite(page->text, 1, page->used, stdout);
    }
    page_free(page);
    return fflush(stdout) == EOF ? -1 : 0;
}

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

/* Where the next number is written. */
static char *
next_text(void)
{
    static char texts[OUT_TEXTS][NUMBER_BYTES];
    static unsigned next;

    return texts[next++ % OUT_TEXTS];
}

const char *
out_clock(int64_t ms)
{
    const int64_t s = ms < 0 ? 0 : ms / 1000;
    char *text = next_text();

    if (s >= 86400) {
        (void)snprintf(text, NUMBER_BYTES, "%" PRId64 "d %" PRId64 ":%02" PRId64, s / 86400,
                       s / 3600 % 24, s / 60 % 60);
    } else if (s >= 3600) {
        (void)snprintf(text, NUMBER_BYTES, "%" PRId64 ":%02" PRId64 ":%02" PRId64, s / 3600,
                       s / 60 % 60, s % 60);
    } else {
        (void)snprintf(text, NUMBER_BYTES, "%" PRId64 ":%02" PRId64, s / 60, s % 60);
    }
    return text;
}

const char *
out_count(double number)
{
    char *text = next_text();

    if (number >= 1e9) {
        (void)snprintf(text, NUMBER_BYTES, "%.3gG", number / 1e9);
    } else if (number >= 1e6) {
        (void)snprintf(text, NUMBER_BYTES, "%.3gM", number / 1e6);
    } else if (number >= 1e4) {
        (void)snprintf(text, NUMBER_BYTES, "%.3gk", number / 1e3);
    } else {
        (void)snprintf(text, NUMBER_BYTES, "%.0f", number);
    }
    return text;
}

const char *
out_rate(double per_second)
{
    char *text = next_text();

    if (per_second >= 100) {
        (void)snprintf(text, NUMBER_BYTES, "%s/s", out_count(per_second));
    } else if (per_second >= 0.095) {
        (void)snprintf(text, NUMBER_BYTES, "%.*f/s", per_second >= 9.95 ? 0 : 1, per_second);
    } else {
        (void)snprintf(text, NUMBER_BYTES, "%.2g/min", per_second * 60);
    }
    return text;
}

const char *
out_date_time(int64_t time_ms)
{
    const time_t seconds = (time_t)(time_ms / 1000);
    char *text = next_text();
    struct tm tm;

    if (localtime_r(&seconds, &tm) == NULL ||
        strftime(text, NUMBER_BYTES, "%Y-%m-%d %H:%M:%S", &tm) == 0) {
        (void)snprintf(text, NUMBER_BYTES, "?");
    }
    return text;
}

const char *
out_time(int64_t time_ms)
{
    const char *text = out_date_time(time_ms);
    const char *blank = strchr(text, ' ');

    return blank == NULL ? text : blank + 1;
}
