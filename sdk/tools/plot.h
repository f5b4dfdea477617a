/* SPDX-License-Identifier: MIT */
/*
 * plot.h - axes, points and legends of a chart, on cairo.
 */
#ifndef RR_TOOLS_PLOT_H
#define RR_TOOLS_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include <cairo.h>

#define PLOT_LEGEND_MAX 16

enum plot_mark { PLOT_DISC, PLOT_RING, PLOT_SQUARE, PLOT_DIAMOND };

/* One chart in a rectangle of the page. */
struct plot {
    cairo_t *cr;
    double x, y, width, height; /* of the area between the axes */
    double x_low, x_high, y_low, y_high;
    struct {
        char text[96];
        size_t color;
        enum plot_mark mark;
        bool is_dashed;
    } legend[PLOT_LEGEND_MAX];
    size_t legends;
};

struct plot_point {
    double x, y;
    double low, high; /* of the bar; equal to y for none */
    enum plot_mark mark;
};

/* Widen the range of y to round numbers around low .. high. */
void plot_range(struct plot *plot, double low, double high);
/* Frame, grid, numbers and titles; x_title NULL: no numbers below. */
void plot_axes(const struct plot *plot, const char *title, const char *y_title,
               const char *x_title);
/* A dotted horizontal line with a word at its beginning. */
void plot_level(const struct plot *plot, double y, const char *text);
/* A series of points joined by lines; color is a number from 0 on. */
void plot_series(const struct plot *plot, const struct plot_point *points, size_t count,
                 size_t color, bool is_dashed);
void plot_mark(const struct plot *plot, const struct plot_point *point, size_t color);
/* A small word above a point. */
void plot_word(const struct plot *plot, double x, double y, const char *text);
void plot_add_legend(struct plot *plot, const char *text, size_t color, enum plot_mark mark,
                     bool is_dashed);
/* Draw the legend to the right of the chart. */
void plot_legend(const struct plot *plot);
/* Text at a place: align 0 left, 0.5 centred, 1 right. */
void plot_text(cairo_t *cr, double x, double y, double size, double align, bool is_bold,
               const char *text);

#endif
