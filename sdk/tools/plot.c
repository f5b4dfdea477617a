/* SPDX-License-Identifier: MIT */
/*
 * plot.c - see plot.h.
 */
#include <math.h>
#include <stdio.h>

#include "sdk/tools/plot.h"

#define FONT "DejaVu Sans"
#define TICKS 6 /* about so many on an axis */

/* Pairs for up to four configurations, told apart also by people who see red and green alike. */
static const double palette[8][3] = {
    {0.12, 0.38, 0.71}, {0.90, 0.49, 0.13}, {0.10, 0.55, 0.45}, {0.56, 0.27, 0.68},
    {0.75, 0.22, 0.17}, {0.20, 0.60, 0.86}, {0.50, 0.36, 0.18}, {0.83, 0.33, 0.60},
};

static void
set_color(cairo_t *cr, size_t color, double alpha)
{
    const double *c = palette[color % 8];

    cairo_set_source_rgba(cr, c[0], c[1], c[2], alpha);
}

static void
set_grey(cairo_t *cr, double level)
{
    cairo_set_source_rgb(cr, level, level, level);
}

static double
to_x(const struct plot *p, double value)
{
    return p->x + p->width * (value - p->x_low) / (p->x_high - p->x_low);
}

static double
to_y(const struct plot *p, double value)
{
    return p->y + p->height * (1 - (value - p->y_low) / (p->y_high - p->y_low));
}

/* A distance of ticks: 1, 2 or 5 times a power of ten. */
static double
tick_of(double range)
{
    const double rough = range / TICKS;
    const double power = pow(10, floor(log10(rough)));
    const double part = rough / power;

    return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

void
plot_range(struct plot *plot, double low, double high)
{
    const double spread = high - low > 1e-9 ? high - low : fmax(fabs(high), 1) * 0.1;
    const double tick = tick_of(spread * 1.1);

    plot->y_low = floor((low - 0.03 * spread) / tick) * tick;
    plot->y_high = ceil((high + 0.03 * spread) / tick) * tick;
}

void
plot_text(cairo_t *cr, double x, double y, double size, double align, bool is_bold,
          const char *text)
{
    cairo_text_extents_t box;

    cairo_select_font_face(cr, FONT, CAIRO_FONT_SLANT_NORMAL,
                           is_bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, size);
    cairo_text_extents(cr, text, &box);
    cairo_move_to(cr, x - align * box.x_advance, y);
    cairo_show_text(cr, text);
}

static void
number_text(char out[32], double value, double tick)
{
    const int digits = tick >= 1 ? 0 : (int)ceil(-log10(tick) - 1e-9);

    (void)snprintf(out, 32, "%.*f", digits, fabs(value) < tick * 1e-6 ? 0 : value);
}

static void
grid(const struct plot *p, bool has_numbers_below)
{
    const double y_tick = tick_of(p->y_high - p->y_low);
    const double x_tick = tick_of(p->x_high - p->x_low);
    char text[32];

    cairo_set_line_width(p->cr, 1);
    for (double v = ceil(p->y_low / y_tick - 1e-9) * y_tick; v <= p->y_high + y_tick * 1e-6;
         v += y_tick) {
        const double y = floor(to_y(p, v)) + 0.5;
        set_grey(p->cr, 0.89);
        cairo_move_to(p->cr, p->x, y);
        cairo_line_to(p->cr, p->x + p->width, y);
        cairo_stroke(p->cr);
        set_grey(p->cr, 0.3);
        number_text(text, v, y_tick);
        plot_text(p->cr, p->x - 8, y + 4.5, 13, 1, false, text);
    }
    for (double v = ceil(p->x_low / x_tick - 1e-9) * x_tick; v <= p->x_high + x_tick * 1e-6;
         v += x_tick) {
        const double x = floor(to_x(p, v)) + 0.5;
        set_grey(p->cr, 0.93);
        cairo_move_to(p->cr, x, p->y);
        cairo_line_to(p->cr, x, p->y + p->height);
        cairo_stroke(p->cr);
        if (has_numbers_below) {
            set_grey(p->cr, 0.3);
            number_text(text, v, x_tick);
            plot_text(p->cr, x, p->y + p->height + 20, 13, 0.5, false, text);
        }
    }
}

void
plot_axes(const struct plot *plot, const char *title, const char *y_title, const char *x_title)
{
    cairo_t *cr = plot->cr;

    grid(plot, x_title != NULL);
    set_grey(cr, 0.45);
    cairo_set_line_width(cr, 1);
    cairo_rectangle(cr, floor(plot->x) + 0.5, floor(plot->y) + 0.5, floor(plot->width),
                    floor(plot->height));
    cairo_stroke(cr);
    set_grey(cr, 0.1);
    plot_text(cr, plot->x, plot->y - 10, 15, 0, true, title);
    set_grey(cr, 0.3);
    if (x_title != NULL) {
        plot_text(cr, plot->x + plot->width / 2, plot->y + plot->height + 42, 14, 0.5, false,
                  x_title);
    }
    cairo_save(cr);
    cairo_translate(cr, plot->x - 58, plot->y + plot->height / 2);
    cairo_rotate(cr, -M_PI / 2);
    plot_text(cr, 0, 0, 14, 0.5, false, y_title);
    cairo_restore(cr);
}

void
plot_level(const struct plot *plot, double y, const char *text)
{
    const double dots[] = {2, 4};
    const double at = floor(to_y(plot, y)) + 0.5;

    set_grey(plot->cr, 0.45);
    cairo_set_line_width(plot->cr, 1.4);
    cairo_set_dash(plot->cr, dots, 2, 0);
    cairo_move_to(plot->cr, plot->x, at);
    cairo_line_to(plot->cr, plot->x + plot->width, at);
    cairo_stroke(plot->cr);
    cairo_set_dash(plot->cr, NULL, 0, 0);
    plot_text(plot->cr, plot->x + 6, at + 14, 12, 0, false, text);
}

void
plot_mark(const struct plot *plot, const struct plot_point *point, size_t color)
{
    cairo_t *cr = plot->cr;
    const double x = to_x(plot, point->x);
    const double y = to_y(plot, point->y);

    cairo_new_path(cr);
    switch (point->mark) {
    case PLOT_SQUARE:
        cairo_rectangle(cr, x - 4.5, y - 4.5, 9, 9);
        break;
    case PLOT_DIAMOND:
        cairo_move_to(cr, x, y - 9);
        cairo_line_to(cr, x + 8, y);
        cairo_line_to(cr, x, y + 9);
        cairo_line_to(cr, x - 8, y);
        cairo_close_path(cr);
        break;
    default:
        cairo_arc(cr, x, y, 5, 0, 2 * M_PI);
        break;
    }
    if (point->mark == PLOT_RING) {
        cairo_set_source_rgb(cr, 1, 1, 1);
    } else {
        set_color(cr, color, 1);
    }
    cairo_fill_preserve(cr);
    set_color(cr, color, 1);
    cairo_set_line_width(cr, 1.8);
    cairo_stroke(cr);
}

static void
bar(const struct plot *plot, const struct plot_point *point, size_t color)
{
    cairo_t *cr = plot->cr;
    const double x = to_x(plot, point->x);
    const double low = to_y(plot, fmax(point->low, plot->y_low));
    const double high = to_y(plot, fmin(point->high, plot->y_high));

    if (!(point->high > point->low)) {
        return;
    }
    set_color(cr, color, 0.55);
    cairo_set_line_width(cr, 1.5);
    cairo_move_to(cr, x, low);
    cairo_line_to(cr, x, high);
    cairo_move_to(cr, x - 4, low);
    cairo_line_to(cr, x + 4, low);
    cairo_move_to(cr, x - 4, high);
    cairo_line_to(cr, x + 4, high);
    cairo_stroke(cr);
}

void
plot_series(const struct plot *plot, const struct plot_point *points, size_t count, size_t color,
            bool is_dashed)
{
    const double dashes[] = {6, 4};
    cairo_t *cr = plot->cr;

    set_color(cr, color, 0.85);
    cairo_set_line_width(cr, 2);
    cairo_set_dash(cr, dashes, is_dashed ? 2 : 0, 0);
    for (size_t i = 0; i < count; i++) {
        (i == 0 ? cairo_move_to : cairo_line_to)(cr, to_x(plot, points[i].x),
                                                 to_y(plot, points[i].y));
    }
    cairo_stroke(cr);
    cairo_set_dash(cr, NULL, 0, 0);
    for (size_t i = 0; i < count; i++) {
        bar(plot, &points[i], color);
    }
    for (size_t i = 0; i < count; i++) {
        plot_mark(plot, &points[i], color);
    }
}

void
plot_word(const struct plot *plot, double x, double y, const char *text)
{
    set_grey(plot->cr, 0.25);
    plot_text(plot->cr, to_x(plot, x) + 7, to_y(plot, y) - 7, 11, 0, false, text);
}

void
plot_add_legend(struct plot *plot, const char *text, size_t color, enum plot_mark mark,
                bool is_dashed)
{
    if (plot->legends < PLOT_LEGEND_MAX) {
        const size_t i = plot->legends++;
        (void)snprintf(plot->legend[i].text, sizeof plot->legend[i].text, "%s", text);
        plot->legend[i].color = color;
        plot->legend[i].mark = mark;
        plot->legend[i].is_dashed = is_dashed;
    }
}

void
plot_legend(const struct plot *plot)
{
    const double left = plot->x + plot->width + 18;

    for (size_t i = 0; i < plot->legends; i++) {
        const double dashes[] = {6, 4};
        const double y = plot->y + 12 + 24 * (double)i;
        struct plot at = *plot; /* marks are placed by value: here a value is a pixel */
        const struct plot_point point = {.x = left + 16, .y = -y, .mark = plot->legend[i].mark};

        if (plot->legend[i].mark != PLOT_DIAMOND) {
            set_color(plot->cr, plot->legend[i].color, 0.85);
            cairo_set_line_width(plot->cr, 2);
            cairo_set_dash(plot->cr, dashes, plot->legend[i].is_dashed ? 2 : 0, 0);
            cairo_move_to(plot->cr, left, y);
            cairo_line_to(plot->cr, left + 32, y);
            cairo_stroke(plot->cr);
            cairo_set_dash(plot->cr, NULL, 0, 0);
        }
        at.x = 0;
        at.y = 0;
        at.width = at.height = 1;
        at.x_low = 0;
        at.x_high = 1;
        at.y_low = -1;
        at.y_high = 0;
        plot_mark(&at, &point, plot->legend[i].color);
        set_grey(plot->cr, 0.2);
        plot_text(plot->cr, left + 42, y + 4.5, 13, 0, false, plot->legend[i].text);
    }
}
